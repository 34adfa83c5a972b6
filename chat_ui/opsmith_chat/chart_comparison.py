"""A comparison: one row for each device or window, from its lowest to its highest."""

from datetime import tzinfo

from opsmith.domain.base import Language
from opsmith_agents.charts import ComparisonChart, RangeRow
from opsmith_agents.reply_words import channel, unit_sign
from opsmith_chat import chart_look as look
from opsmith_chat.chart_words import CHART_WORDS

_ROW = 46
"""Pixels."""


def draw_comparison(chart: ComparisonChart, language: Language, zone: tzinfo) -> look.Piece:
    """Draw one channel side by side; see `opsmith_chat.chart.draw`."""
    words, unit = CHART_WORDS[language], unit_sign(chart.unit)
    names = [_name(chart, place, language, zone) for place in range(len(chart.rows))]
    level = words.mean if chart.level == "mean" else words.median
    hover = f"%{{y}}<br>%{{x:.4g}} {unit}<extra>%{{fullData.name}}</extra>"
    spans: list[float | None] = []
    rows: list[str | None] = []
    for name, row in zip(names, chart.rows, strict=True):
        if row.low is not None and row.high is not None:
            spans += [row.low, row.high, None]
            rows += [name, name, None]
    data: list[look.Piece] = []
    if spans:
        data.append(
            {
                "x": spans,
                "y": rows,
                "mode": "lines+markers",
                "line": {"color": look.LINE, "width": 5},
                "marker": {"symbol": "line-ns-open", "size": 12, "color": look.LINE},
                "opacity": 0.55,
                "name": words.span,
                "hovertemplate": hover,
            }
        )
    data.append(_points(names, [row.level for row in chart.rows], "circle", look.LINE, level))
    for values, symbol, color, name in (
        ([row.last for row in chart.rows], "diamond-open", look.AHEAD, words.last),
        (
            [row.limit_low for row in chart.rows],
            "line-ns-open",
            look.LIMIT,
            _limit(words.limit_low),
        ),
        (
            [row.limit_high for row in chart.rows],
            "line-ns-open",
            look.LIMIT,
            _limit(words.limit_high),
        ),
    ):
        if any(value is not None for value in values):
            data.append(_points(names, values, symbol, color, name))
    for one in data:
        one["hovertemplate"] = hover
    name = look.escaped(channel(language, chart.channel))
    return look.figure(
        data,
        name if chart.of == "devices" else f"{look.escaped(chart.rows[0].device_id)} · {name}",
        {"title": {"text": f"{name}, {look.escaped(unit)}" if unit else name}},
        {"categoryorder": "array", "categoryarray": names[::-1]},
        height=190 + _ROW * len(names),
        legend={"orientation": "h", "yanchor": "top", "y": -0.9 / len(names) - 0.12, "x": 0},
    )


def _points(
    names: list[str], values: list[float] | list[float | None], symbol: str, color: str, name: str
) -> look.Piece:
    return {
        "x": values,
        "y": names,
        "mode": "markers",
        "marker": {
            "symbol": symbol,
            "size": 22 if symbol.startswith("line") else 11,
            "color": color,
            "line": {"width": 3 if symbol.startswith("line") else 2, "color": color},
        },
        "name": name,
    }


def _limit(text: str) -> str:
    return text.format(value="").strip()


def _name(chart: ComparisonChart, place: int, language: Language, zone: tzinfo) -> str:
    row: RangeRow = chart.rows[place]
    words = CHART_WORDS[language]
    if row.window is not None:
        at = f"{row.window.end.astimezone(zone):%m-%d %H:%M}"
        said = f"{words.then if place else words.now}<br>{words.up_to.format(at=at)}"
        return said
    return look.escaped(row.device_id or words.peers)
