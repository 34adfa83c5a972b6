"""The trend of one channel, with its limits and the alert's onset."""

from dataclasses import dataclass
from datetime import datetime

from textual_plotext import PlotextPlot

TICKS = 5


@dataclass(frozen=True, slots=True)
class Trend:
    """What is drawn."""

    times: tuple[datetime, ...]
    """Shape (n,), oldest first."""
    values: tuple[float | None, ...]
    """Shape (n,), in the channel's unit; None leaves a gap."""
    limits: tuple[float, ...] = ()
    """In the channel's unit."""
    onset: datetime | None = None
    band: tuple[float, float] | None = None
    """What is usual, in the channel's unit."""


class TrendPlot(PlotextPlot):
    """Draws a `Trend`; limits are dashed, what is usual is dotted, the onset stands upright."""

    def show(self, trend: Trend | None) -> None:
        """Draw a trend, or nothing."""
        plot = self.plt
        plot.clear_data()
        plot.clear_figure()
        self.refresh()
        if trend is None or not trend.times:
            return
        start = trend.times[0]
        at = [(time - start).total_seconds() for time in trend.times]
        end = at[-1] or 1.0
        for limit in trend.limits:
            plot.plot([0.0, end], [limit, limit], marker="-", color="red+")
        for edge in trend.band or ():
            plot.plot([0.0, end], [edge, edge], marker="·", color="green+")
        if trend.onset is not None and 0 <= (trend.onset - start).total_seconds() <= end:
            plot.vline((trend.onset - start).total_seconds(), "orange+")
        for xs, ys in _runs(at, trend.values):
            plot.plot(xs, ys, marker="braille", color="blue+")
        places = [end * tick / (TICKS - 1) for tick in range(TICKS)]
        form = "%H:%M" if end < 86400 else "%m-%d %H:%M"
        plot.xticks(
            places, [(start + (trend.times[-1] - start) * (x / end)).strftime(form) for x in places]
        )
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
