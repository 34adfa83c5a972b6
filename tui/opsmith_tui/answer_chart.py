"""The chart of an answer, drawn in signs: for the console and for `opsmith ask`."""

from collections.abc import Iterator
from datetime import tzinfo

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text
from textual_plotext.plot import Plot

from opsmith_agents.charts import (
    Chart,
    ComparisonChart,
    CorrelationChart,
    ForecastChart,
    LimitAhead,
    TrendChart,
    broken,
)
from opsmith_tui.answer_rows import comparison_rows, correlation_rows, pareto_rows
from opsmith_tui.answer_words import CHART
from opsmith_tui.figures import channel_name, number, plain, quantity, unit
from opsmith_tui.trend import Ahead, Trend, draw
from opsmith_tui.wording import TYPES, Wording

HEIGHT = 13
"""Lines of a plot with its axis."""
WIDEST = 110


class AnswerChart:
    """Draws itself as wide as there is room, once for each width.

    Args:
        chart: Its numbers are drawn as they are.
        words: The language.
        zone: Of the times along it.
    """

    def __init__(self, chart: Chart, words: Wording, zone: tzinfo) -> None:
        self._chart = chart
        self._words = words
        self._zone = zone
        self._drawn: tuple[int, RenderableType] | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The chart as Rich prints it."""
        width = min(options.max_width, WIDEST)
        if self._drawn is None or self._drawn[0] != width:
            self._drawn = (width, Group(*self._parts(width)))
        yield self._drawn[1]

    def _parts(self, width: int) -> Iterator[RenderableType]:
        chart, words = self._chart, self._words
        match chart:
            case TrendChart():
                yield self._title(chart)
                yield _plotted(self._trend(chart), width)
                yield from self._told(chart)
            case ForecastChart():
                yield self._title(chart).append(f" · {words(CHART, 'forecast')}")
                yield _plotted(self._forecast(chart), width)
                yield Text(
                    f"⠒ {words(CHART, 'readings')}  + {words(CHART, 'forecast')}  "
                    f"· {words(CHART, 'interval')}"
                )
                for one in chart.limits:
                    yield Text(f"- {self._ahead(one, chart.unit)}")
            case ComparisonChart():
                yield from comparison_rows(chart, words, self._zone, width)
            case CorrelationChart():
                yield from correlation_rows(chart, words, width)
            case _:
                yield from pareto_rows(chart, words, width)

    def _title(self, chart: TrendChart | ForecastChart) -> Text:
        name, sign = channel_name(chart.channel, self._words), unit(chart.unit)
        title = f"{plain(chart.device_id)} · {name}"
        return Text(f"{title}, {sign}" if sign else title, "bold")

    def _trend(self, chart: TrendChart) -> Trend:
        times, values = zip(*broken(chart.times, chart.values), strict=True)
        limits = (chart.limit_low, chart.limit_high)
        low, high = chart.normal_low, chart.normal_high
        return Trend(
            tuple(time.astimezone(self._zone) for time in times),
            values,
            tuple(one for one in limits if one is not None),
            tuple(one.onset for one in chart.alerts),
            None if low is None or high is None else (low, high),
        )

    def _told(self, chart: TrendChart) -> Iterator[Text]:
        """What the signs in a trend mean, and which alerts stand in it."""
        words = self._words
        told = [f"⠒ {words(CHART, 'readings')}"]
        if chart.normal_low is not None and chart.normal_high is not None:
            low, high = number(chart.normal_low), quantity(chart.normal_high, chart.unit)
            told.append(f"· {words(CHART, 'normal', low=low, high=high)}")
        for limit in (chart.limit_low, chart.limit_high):
            if limit is not None:
                told.append(f"- {words(CHART, 'limit', value=quantity(limit, chart.unit))}")
        yield Text("  ".join(told))
        for one in chart.alerts:
            if one.onset >= chart.times[0]:
                at = one.onset.astimezone(self._zone)
                kind = words(TYPES, one.alert_type) if one.alert_type in TYPES else one.alert_type
                yield Text(f"│ {plain(one.alert_level)} {plain(kind)} {at:%m-%d %H:%M}")

    def _forecast(self, chart: ForecastChart) -> Trend:
        pairs = list(broken(chart.times, chart.values)) if chart.times else []
        return Trend(
            tuple(time.astimezone(self._zone) for time, _ in pairs),
            tuple(value for _, value in pairs),
            tuple(one.limit for one in chart.limits),
            ahead=Ahead(
                tuple(time.astimezone(self._zone) for time in chart.ahead),
                chart.median,
                chart.low,
                chart.high,
            ),
        )

    def _ahead(self, one: LimitAhead, code: str | None) -> str:
        words, value = self._words, quantity(one.limit, code)
        if one.hours is None:
            return words(CHART, "limit", value=value)
        low, high = (
            words(CHART, "open_end") if hours is None else f"{hours:.1f}"
            for hours in (one.hours_low, one.hours_high)
        )
        return words(CHART, "passed_in", value=value, hours=f"{one.hours:.1f}", low=low, high=high)


def _plotted(trend: Trend, width: int) -> Text:
    plot = Plot()
    # In the colours of the terminal, light or dark.
    plot.theme("clear")
    draw(plot, trend)
    plot.plotsize(width, HEIGHT)
    return Text.from_ansi(plot.build().rstrip("\n"), no_wrap=True)
