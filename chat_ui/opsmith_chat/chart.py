"""A trend as a Plotly figure: the readings as a line with its gaps, the limits as lines."""

import html
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any

from plotly import graph_objects as go  # pyright: ignore[reportMissingTypeStubs]  It has none.

from opsmith.domain.base import Language
from opsmith_agents.answers import Chart
from opsmith_agents.reply_words import channel, quantity, unit_sign
from opsmith_chat.wording import WORDS

GAP = 6
"""Mean spacings without a reading after which the line is broken: nothing is known there."""

_INK = "#808080"  # Legible on the light page and on the dark one.
_LINE = "#2f7ed8"
_LIMIT = "#d64545"
_TICKS = [
    {"dtickrange": [None, 60_000], "value": "%H:%M:%S\n%Y-%m-%d"},
    {"dtickrange": [60_000, 86_400_000], "value": "%H:%M\n%Y-%m-%d"},
    {"dtickrange": [86_400_000, None], "value": "%m-%d\n%Y"},
]
"""Milliseconds between ticks, and how a tick is then written: in digits, for every language."""


def draw(chart: Chart, language: Language, zone: tzinfo) -> go.Figure:
    """Draw a channel over time, with its limits in view.

    Args:
        chart: At least one point.
        language: Of the words in it.
        zone: Of the times along it.
    """
    unit = unit_sign(chart.unit)
    local = [time.astimezone(zone).replace(tzinfo=None) for time in chart.times]
    times, values = zip(*_broken(local, chart.values), strict=True)
    lines: list[dict[str, Any]] = [
        {
            "x": times,
            "y": values,
            "mode": "lines+markers",
            "line": {"color": _LINE, "width": 2},
            "marker": {"size": 3},
            "hovertemplate": f"%{{x|%Y-%m-%d %H:%M:%S}}<br>%{{y:.4g}} {unit}<extra></extra>",
        }
    ]
    notes: list[dict[str, Any]] = []
    words = WORDS[language]
    for limit, text in (
        (chart.limit_low, words.limit_low),
        (chart.limit_high, words.limit_high),
    ):
        if limit is not None:
            lines.append(_limit_line(local, limit))
            notes.append(_limit_note(limit, text.format(value=quantity(limit, chart.unit))))
    # Plotly reads texts as HTML.
    name = html.escape(channel(language, chart.channel))
    axis = {"gridcolor": "rgba(128,128,128,0.25)", "zeroline": False, "automargin": True}
    layout = {
        "title": {"text": f"{html.escape(chart.device_id)} · {name}", "font": {"size": 15}},
        "xaxis": {**axis, "title": {"text": str(zone)}, "tickformatstops": _TICKS},
        "yaxis": {**axis, "title": {"text": f"{name}, {html.escape(unit)}" if unit else name}},
        "annotations": notes,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": _INK},
        "margin": {"l": 60, "r": 20, "t": 50, "b": 50},
        "height": 340,
        "showlegend": False,
    }
    return go.Figure({"data": lines, "layout": layout})


def _limit_line(times: list[datetime], limit: float) -> dict[str, Any]:
    # A shape would not widen the axis, and a limit out of sight warns nobody.
    return {
        "x": [times[0], times[-1]],
        "y": [limit, limit],
        "mode": "lines",
        "line": {"color": _LIMIT, "width": 1.5, "dash": "dash"},
        "hoverinfo": "skip",
    }


def _limit_note(limit: float, text: str) -> dict[str, Any]:
    return {
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "y": limit,
        "yanchor": "bottom",
        "text": html.escape(text),
        "showarrow": False,
        "font": {"color": _LIMIT, "size": 12},
    }


def _broken(
    times: list[datetime], values: tuple[float, ...]
) -> Iterator[tuple[datetime, float | None]]:
    """The points, with an empty one in each gap."""
    spacing = (times[-1] - times[0]) / max(len(times) - 1, 1)
    yield times[0], values[0]
    for (before, now), value in zip(pairwise(times), values[1:], strict=True):
        if spacing > timedelta(0) and now - before > GAP * spacing:
            yield before + (now - before) / 2, None
        yield now, value
