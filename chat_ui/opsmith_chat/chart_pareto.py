"""A Pareto chart: what most alerts are of, and how much the first few make together."""

from datetime import tzinfo

from opsmith.domain.base import Language
from opsmith_agents.charts import ParetoChart
from opsmith_agents.replies_studies import group_name, key_name
from opsmith_chat import chart_look as look
from opsmith_chat.chart_words import CHART_WORDS


def draw_pareto(chart: ParetoChart, language: Language, zone: tzinfo) -> look.Piece:
    """Draw counts and their running share; see `opsmith_chat.chart.draw`."""
    words = CHART_WORDS[language]
    names = [look.escaped(key_name(chart.by, one.key, language)) for one in chart.bars]
    counts = [one.count for one in chart.bars]
    if rest := chart.total - sum(counts):
        names.append(words.rest)
        counts.append(rest)
    shares = [100 * sum(counts[: n + 1]) / chart.total for n in range(len(counts))]
    bars: look.Piece = {
        "type": "bar",
        "x": names,
        "y": counts,
        "text": [str(one) for one in counts],
        "textposition": "outside",
        "cliponaxis": False,
        "name": words.alerts,
        "marker": {"color": look.LINE},
        "hovertemplate": "%{x}<br>%{y}<extra></extra>",
    }
    line: look.Piece = {
        "x": names,
        "y": shares,
        "yaxis": "y2",
        "mode": "lines+markers",
        "line": {"color": look.MARK, "width": 2, "dash": "dot"},
        "marker": {"size": 7, "symbol": "diamond"},
        "name": words.together.format(total=chart.total),
        "hovertemplate": "%{x}<br>%{y:.1f} %<extra></extra>",
    }
    what = group_name(chart.by, language)
    shown = what.lower() if language == "en" else what
    start, end = (at.astimezone(zone) for at in (chart.window.start, chart.window.end))
    return look.figure(
        [bars, line],
        look.escaped(words.alerts_by.format(what=shown)),
        {"type": "category", "title": {"text": f"{start:%Y-%m-%d} – {end:%Y-%m-%d %H:%M} {zone}"}},
        {"title": {"text": words.alerts}, "rangemode": "tozero"},
        height=400,
        yaxis2={
            **look.AXIS,
            "overlaying": "y",
            "side": "right",
            "range": [0, 105],
            "ticksuffix": " %",
            "showgrid": False,
        },
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
        margin={"l": 50, "r": 16, "t": 80, "b": 50},
    )
