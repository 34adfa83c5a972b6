"""A trend: the readings as a line with its gaps, limits, normal band and alerts."""

from datetime import datetime, tzinfo

from opsmith.domain.base import Language
from opsmith_agents.charts import AlertMark, TrendChart, broken
from opsmith_agents.reply_words import channel, quantity, unit_sign, word
from opsmith_chat import chart_look as look
from opsmith_chat.chart_words import CHART_WORDS

_LINE = 16
"""Pixels of a line above the plot, where alerts are named."""


def draw_trend(chart: TrendChart, language: Language, zone: tzinfo) -> look.Piece:
    """Draw a channel over time; see `opsmith_chat.chart.draw`."""
    words, unit = CHART_WORDS[language], unit_sign(chart.unit)
    local = [_local(time, zone) for time in chart.times]
    times, values = zip(*broken(local, chart.values), strict=True)
    start, end = local[0], local[-1]
    data: list[look.Piece] = []
    notes: list[look.Piece] = []
    if chart.normal_low is not None and chart.normal_high is not None:
        low, high = chart.normal_low, chart.normal_high
        name = words.normal.format(low=quantity(low, None), high=quantity(high, chart.unit))
        data.append(look.band([start, end], [low, low], [high, high], look.NORMAL, name))
    data.append(
        {
            "x": times,
            "y": values,
            "mode": "lines+markers",
            "line": {"color": look.LINE, "width": 2},
            "marker": {"size": 3},
            "name": words.readings,
            "hovertemplate": f"%{{x|%Y-%m-%d %H:%M:%S}}<br>%{{y:.4g}} {unit}<extra></extra>",
        }
    )
    for limit, text in (
        (chart.limit_low, words.limit_low),
        (chart.limit_high, words.limit_high),
    ):
        if limit is not None:
            data.append(look.limit_line(start, end, limit))
            said = text.format(value=quantity(limit, chart.unit))
            notes.append(look.limit_note(limit, said))
    shapes: list[look.Piece] = []
    in_sight = [one for one in chart.alerts if start <= _local(one.onset, zone) <= end]
    for place, mark in enumerate(in_sight):
        at = _local(mark.onset, zone)
        shapes.append(_onset_line(at))
        notes.append(_onset_note(mark, at, place, language, late=at - start > (end - start) / 2))
    name = look.escaped(channel(language, chart.channel))
    title = f"{look.escaped(chart.device_id)} · {name}"
    return look.figure(
        data,
        title,
        {"title": {"text": str(zone)}, "tickformatstops": look.TICKS},
        {"title": {"text": f"{name}, {look.escaped(unit)}" if unit else name}},
        annotations=notes,
        shapes=shapes,
        height=360 + _LINE * len(in_sight),
        margin=look.MARGIN | {"t": look.MARGIN["t"] + _LINE * len(in_sight)},
        showlegend=chart.normal_low is not None,
    )


def _local(time: datetime, zone: tzinfo) -> datetime:
    return time.astimezone(zone).replace(tzinfo=None)


def _onset_line(at: datetime) -> look.Piece:
    return {
        "type": "line",
        "x0": at,
        "x1": at,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": look.MARK, "width": 1.5, "dash": "dot"},
    }


def _onset_note(
    mark: AlertMark, at: datetime, place: int, language: Language, *, late: bool
) -> look.Piece:
    kind = word(language, mark.alert_type)
    text = CHART_WORDS[language].alert.format(level=mark.alert_level, kind=kind)
    return {
        "x": at,
        "xanchor": "right" if late else "left",
        "yref": "paper",
        "y": 1,
        "yshift": _LINE * place,
        "yanchor": "bottom",
        "text": look.escaped(f"▲ {text} {at:%H:%M}"),
        "showarrow": False,
        "font": {"color": look.MARK, "size": 12},
    }
