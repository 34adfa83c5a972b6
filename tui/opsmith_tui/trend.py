"""The trend of one channel, with its limits and the alert's onset."""

from dataclasses import dataclass
from datetime import datetime

from textual_plotext import PlotextPlot
from textual_plotext.plot import Plot

TICKS = 5


@dataclass(frozen=True, slots=True)
class Ahead:
    """Where a channel is heading; all in its unit."""

    times: tuple[datetime, ...]
    """Shape (m,), after those of the readings."""
    median: tuple[float, ...]
    low: tuple[float, ...]
    """Of the 80 % interval."""
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """What is drawn."""

    times: tuple[datetime, ...]
    """Shape (n,), oldest first."""
    values: tuple[float | None, ...]
    """Shape (n,), in the channel's unit; None leaves a gap."""
    limits: tuple[float, ...] = ()
    """In the channel's unit."""
    onsets: tuple[datetime, ...] = ()
    band: tuple[float, float] | None = None
    """What is usual, in the channel's unit."""
    ahead: Ahead | None = None


class TrendPlot(PlotextPlot):
    """Shows a `Trend`."""

    def show(self, trend: Trend | None) -> None:
        """Draw a trend, or nothing."""
        self.plt.clear_data()
        self.plt.clear_figure()
        self.refresh()
        if trend is not None and trend.times:
            draw(self.plt, trend)


def draw(plot: Plot, trend: Trend) -> None:
    """Draw a trend that has a time: limits dashed, what is usual dotted, onsets upright.

    Where the channel is heading stands as crosses, between the dots of its interval.
    """
    ahead = trend.ahead
    whole = (*trend.times, *(ahead.times if ahead else ()))
    start, last = whole[0], whole[-1]
    end = (last - start).total_seconds() or 1.0

    def places(times: tuple[datetime, ...]) -> list[float]:
        return [(time - start).total_seconds() for time in times]

    for limit in trend.limits:
        plot.plot([0.0, end], [limit, limit], marker="-", color="red+")
    for edge in trend.band or ():
        plot.plot([0.0, end], [edge, edge], marker="·", color="green+")
    for onset in places(trend.onsets):
        if 0 <= onset <= end:
            plot.vline(onset, "magenta+")
    for xs, ys in _runs(places(trend.times), trend.values):
        plot.plot(xs, ys, marker="braille", color="blue+")
    if ahead is not None:
        for edge in (ahead.low, ahead.high):
            plot.plot(places(ahead.times), edge, marker="·", color="magenta+")
        plot.plot(places(ahead.times), ahead.median, marker="+", color="magenta+")
    ticks = [end * tick / (TICKS - 1) for tick in range(TICKS)]
    form = "%H:%M" if end < 86400 else "%m-%d %H:%M"
    plot.xticks(ticks, [(start + (last - start) * (x / end)).strftime(form) for x in ticks])
    plot.xlim(0.0, end)


def _runs(
    at: list[float], values: tuple[float | None, ...]
) -> list[tuple[list[float], list[float]]]:
    """The stretches without a gap, so that no line is drawn where nothing was read."""
    runs: list[tuple[list[float], list[float]]] = []
    open_run = False
    for x, y in zip(at, values, strict=True):
        if y is None:
            open_run = False
            continue
        if not open_run:
            runs.append(([], []))
            open_run = True
        runs[-1][0].append(x)
        runs[-1][1].append(y)
    return runs
