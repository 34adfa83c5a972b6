"""Charts of an answer that are rows: a comparison, what goes together, what most alerts are of."""

from collections.abc import Iterator, Sequence
from datetime import tzinfo

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from opsmith_agents.charts import (
    ComparisonChart,
    CorrelationChart,
    PairBar,
    ParetoChart,
    RangeRow,
)
from opsmith_agents.replies_studies import group_name, key_name
from opsmith_tui.answer_words import CHART
from opsmith_tui.figures import channel_name, plain, quantity, unit
from opsmith_tui.wording import Wording

LABEL, LEAST = 30, 20
"""Columns of a row's name at most; of its line at least."""


def comparison_rows(
    chart: ComparisonChart, words: Wording, zone: tzinfo, width: int
) -> Iterator[Text]:
    """One channel side by side, each row from its lowest to its highest."""
    name, sign = channel_name(chart.channel, words), unit(chart.unit)
    if chart.of != "devices":
        name = f"{plain(chart.rows[0].device_id)} · {name}"
    yield Text(f"{name}, {sign}" if sign else name, "bold")
    known = [
        one
        for row in chart.rows
        for one in (row.low, row.level, row.high, row.last, row.limit_low, row.limit_high)
        if one is not None
    ]
    low, high = min(known), max(known)
    scale = (low, high) if high > low else (low - 0.5, high + 0.5)
    labels = [_label(row, words, zone) for row in chart.rows]
    figures = [quantity(row.level, chart.unit) for row in chart.rows]
    limits = any(row.limit_low is not None or row.limit_high is not None for row in chart.rows)
    lasts = any(row.last is not None for row in chart.rows)
    line = _room(labels, figures, width)
    lines = [_range(row, scale, line) for row in chart.rows]
    yield from _rows(labels, lines, figures)
    told = [f"● {words(CHART, chart.level)}", f"─ {words(CHART, 'span')}"]
    if lasts:
        told.append(f"◇ {words(CHART, 'last')}")
    if limits:
        told.append(f"┃ {words(CHART, 'limit', value='').strip()}")
    yield Text("  ".join(told))


def correlation_rows(chart: CorrelationChart, words: Wording, width: int) -> Iterator[Text]:
    """What goes together, from -1 to 1, each with its interval."""
    yield Text(plain(chart.device_id), "bold").append(f" · {words(CHART, 'correlation')}")
    labels = [_pair(one, words) for one in chart.pairs]
    figures = [
        f"r = {one.pearson:.2f}" + ("" if one.certain else f" ({words(CHART, 'uncertain')})")
        for one in chart.pairs
    ]
    line = _room(labels, figures, width)
    lines = list[str]()
    for one in chart.pairs:
        signs = _line(one.low, one.high, (-1.0, 1.0), line)
        signs[_place(0.0, (-1.0, 1.0), line)] = "┼"
        signs[_place(one.pearson, (-1.0, 1.0), line)] = "●"
        lines.append("".join(signs))
    yield from _rows(labels, lines, figures)


def pareto_rows(chart: ParetoChart, words: Wording, width: int) -> Iterator[Text]:
    """What most alerts are of, with what the first few make together."""
    what = group_name(chart.by, words.language)
    yield Text(words(CHART, "alerts_by", what=what.casefold()), "bold")
    counts = [one.count for one in chart.bars]
    labels = [plain(key_name(chart.by, one.key, words.language)) for one in chart.bars]
    if rest := chart.total - sum(counts):
        labels.append(words(CHART, "rest"))
        counts.append(rest)
    whole = max(chart.total, 1)
    figures = [
        f"{count}  Σ {sum(counts[: place + 1]) / whole:.0%}" for place, count in enumerate(counts)
    ]
    line, most = _room(labels, figures, width), max(counts, default=1) or 1
    lines = [("█" * max(1, round(line * count / most))).ljust(line) for count in counts]
    yield from _rows(labels, lines, figures)


def _rows(labels: Sequence[str], lines: Sequence[str], figures: Sequence[str]) -> Iterator[Text]:
    wide = _wide(labels)
    for label, line, figure in zip(labels, lines, figures, strict=True):
        text = Text(f"{set_cell_size(label, wide)} ", no_wrap=True, overflow="ellipsis")
        yield text.append(line, "bright_blue").append(f" {figure}")


def _wide(labels: Sequence[str]) -> int:
    return min(LABEL, max((cell_len(label) for label in labels), default=0))


def _room(labels: Sequence[str], figures: Sequence[str], width: int) -> int:
    """Columns that are left for the lines."""
    taken = _wide(labels) + max((cell_len(one) for one in figures), default=0) + 2
    return max(LEAST, width - taken)


def _range(row: RangeRow, scale: tuple[float, float], line: int) -> str:
    signs = _line(row.low, row.high, scale, line)
    for value, sign in (
        (row.limit_low, "┃"), (row.limit_high, "┃"), (row.last, "◇"), (row.level, "●"),
    ):  # fmt: skip
        if value is not None:
            signs[_place(value, scale, line)] = sign
    return "".join(signs)


def _line(
    low: float | None, high: float | None, scale: tuple[float, float], line: int
) -> list[str]:
    signs = [" "] * line
    if low is not None and high is not None:
        first, last = _place(low, scale, line), _place(high, scale, line)
        signs[first : last + 1] = "─" * (last + 1 - first)
    return signs


def _place(value: float, scale: tuple[float, float], line: int) -> int:
    share = (value - scale[0]) / (scale[1] - scale[0])
    return round(min(max(share, 0.0), 1.0) * (line - 1))


def _pair(one: PairBar, words: Wording) -> str:
    return f"{channel_name(one.channel, words)} – {channel_name(one.other, words)}"


def _label(row: RangeRow, words: Wording, zone: tzinfo) -> str:
    if row.window is not None:
        return words(CHART, "up_to", at=f"{row.window.end.astimezone(zone):%m-%d %H:%M}")
    return plain(row.device_id) or words(CHART, "peers")
