"""What all charts look like: legible on the light page and on the dark one, on a phone too."""

import html
from collections.abc import Sequence
from datetime import datetime
from typing import Any

Piece = dict[str, Any]
"""A figure or a part of one, in Plotly's own words, but for times, which are as they are."""

INK = "#808080"
LINE = "#2f7ed8"
LIMIT = "#d64545"
NORMAL = "rgba(46,160,67,0.18)"
AHEAD = "#b26be8"
AHEAD_BAND = "rgba(178,107,232,0.22)"
MARK = "#d9822b"
GRID = "rgba(128,128,128,0.25)"
CLEAR = "rgba(0,0,0,0)"

TICKS = [
    {"dtickrange": [None, 60_000], "value": "%H:%M:%S\n%Y-%m-%d"},
    {"dtickrange": [60_000, 86_400_000], "value": "%H:%M\n%Y-%m-%d"},
    {"dtickrange": [86_400_000, None], "value": "%m-%d\n%Y"},
]
"""Milliseconds between ticks, and how a tick is then written: in digits, for every language."""
AXIS: Piece = {"gridcolor": GRID, "zeroline": False, "automargin": True}

MARGIN = {"l": 50, "r": 16, "t": 44, "b": 50}


def figure(
    data: Sequence[Piece], title: str, xaxis: Piece, yaxis: Piece, height: int = 360, **more: Any
) -> Piece:
    """A figure of these traces.

    Args:
        data: The traces.
        title: Escaped already, as all texts are: Plotly reads them as HTML.
        xaxis: What it has beside what all have.
        yaxis: The same.
        height: Pixels.
        **more: Of the layout.
    """
    layout = {
        "title": {
            "text": title,
            "font": {"size": 14},
            "x": 0,
            "xref": "paper",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"t": 12},
        },
        "xaxis": AXIS | xaxis,
        "yaxis": AXIS | yaxis,
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"color": INK},
        "margin": MARGIN,
        "height": height,
        "autosize": True,
        "legend": {"orientation": "h", "yanchor": "top", "y": -0.28, "x": 0},
        "hoverlabel": {"namelength": -1},
        **more,
    }
    return {"data": list(data), "layout": layout}


def escaped(text: str) -> str:
    """A text as Plotly shows it as it is; Markdown's backslashes are no part of it."""
    return html.escape(text.replace("\\", ""))


def limit_line(start: datetime, end: datetime, limit: float) -> Piece:
    """A limit as a line: a shape would not widen the axis, and out of sight it warns nobody."""
    return {
        "x": [start, end],
        "y": [limit, limit],
        "mode": "lines",
        "line": {"color": LIMIT, "width": 1.5, "dash": "dash"},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def limit_note(limit: float, text: str) -> Piece:
    """What is written at a limit's line."""
    return {
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "y": limit,
        "yanchor": "bottom",
        "text": escaped(text),
        "showarrow": False,
        "font": {"color": LIMIT, "size": 12},
    }


def band(
    times: Sequence[datetime], low: Sequence[float], high: Sequence[float], color: str, name: str
) -> Piece:
    """The area between two lines."""
    return {
        "x": [*times, *reversed(times)],
        "y": [*high, *reversed(low)],
        "mode": "lines",
        "fill": "toself",
        "fillcolor": color,
        "line": {"width": 0},
        "hoverinfo": "skip",
        "name": escaped(name),
        "showlegend": True,
    }
