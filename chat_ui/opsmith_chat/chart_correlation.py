"""A correlation: a bar for each pair of channels, with its interval, the strongest on top."""

from datetime import tzinfo

from opsmith.domain.base import Language
from opsmith_agents.charts import CorrelationChart, PairBar
from opsmith_agents.reply_words import channel
from opsmith_chat import chart_look as look
from opsmith_chat.chart_words import CHART_WORDS

_ROW = 56
"""Pixels."""


def draw_correlation(chart: CorrelationChart, language: Language, zone: tzinfo) -> look.Piece:
    """Draw what goes together; see `opsmith_chat.chart.draw`."""
    words = CHART_WORDS[language]
    order = [_name(one, language) for one in chart.pairs]
    data: list[look.Piece] = []
    for certain, name, pattern in (
        (True, words.certain, ""),
        (False, words.uncertain, "/"),
    ):
        some = [one for one in chart.pairs if one.certain is certain]
        if some:
            data.append(_bars(some, language, name, pattern))
    return look.figure(
        data,
        look.escaped(chart.device_id),
        {
            "title": {"text": look.escaped(words.correlation)},
            "range": [-1.05, 1.05],
            "dtick": 0.5,
            "zeroline": True,
            "zerolinecolor": look.INK,
        },
        {"categoryorder": "array", "categoryarray": order[::-1]},
        height=180 + _ROW * len(order),
        showlegend=True,
        bargap=0.45,
        legend={"orientation": "h", "yanchor": "top", "y": -1.0 / len(order) - 0.1, "x": 0},
    )


def _bars(some: list[PairBar], language: Language, name: str, pattern: str) -> look.Piece:
    return {
        "type": "bar",
        "orientation": "h",
        "x": [one.pearson for one in some],
        "y": [_name(one, language) for one in some],
        "name": name,
        "marker": {"color": look.LINE, "pattern": {"shape": pattern, "bgcolor": look.CLEAR}},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [0 if one.high is None else one.high - one.pearson for one in some],
            "arrayminus": [0 if one.low is None else one.pearson - one.low for one in some],
            "color": look.INK,
        },
        "hovertemplate": "%{y}<br>r = %{x:.2f}<extra>%{fullData.name}</extra>",
    }


def _name(one: PairBar, language: Language) -> str:
    both = [look.escaped(channel(language, name)) for name in (one.channel, one.other)]
    return "<br>".join([*both, f"r = {one.pearson:.2f}"])
