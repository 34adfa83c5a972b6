"""A forecast: the readings before, the median ahead with its interval, and the limits."""

from datetime import datetime, tzinfo

from opsmith.domain.base import Language
from opsmith_agents.charts import ForecastChart, LimitAhead, broken
from opsmith_agents.reply_words import channel, quantity, unit_sign
from opsmith_chat import chart_look as look
from opsmith_chat.chart_words import CHART_WORDS


def draw_forecast(chart: ForecastChart, language: Language, zone: tzinfo) -> look.Piece:
    """Draw where a channel is heading; see `opsmith_chat.chart.draw`."""
    words, unit = CHART_WORDS[language], unit_sign(chart.unit)
    ahead = [_local(time, zone) for time in chart.ahead]
    past = [_local(time, zone) for time in chart.times]
    hover = f"%{{x|%Y-%m-%d %H:%M:%S}}<br>%{{y:.4g}} {unit}<extra></extra>"
    data: list[look.Piece] = [
        look.band(ahead, chart.low, chart.high, look.AHEAD_BAND, words.interval)
    ]
    if past:
        times, values = zip(*broken(past, chart.values), strict=True)
        data.append(
            {
                "x": times,
                "y": values,
                "mode": "lines",
                "line": {"color": look.LINE, "width": 2},
                "name": words.readings,
                "hovertemplate": hover,
            }
        )
    data.append(
        {
            "x": ahead,
            "y": chart.median,
            "mode": "lines+markers",
            "line": {"color": look.AHEAD, "width": 2, "dash": "dot"},
            "marker": {"size": 4, "symbol": "diamond"},
            "name": words.forecast,
            "hovertemplate": hover,
        }
    )
    notes: list[look.Piece] = []
    start, end = (past or ahead)[0], ahead[-1]
    for one in chart.limits:
        data.append(look.limit_line(start, end, one.limit))
        notes.append(look.limit_note(one.limit, _said(one, chart.unit, language)))
    name = look.escaped(channel(language, chart.channel))
    return look.figure(
        data,
        f"{look.escaped(chart.device_id)} · {name} · {words.forecast}",
        {"title": {"text": str(zone)}, "tickformatstops": look.TICKS},
        {"title": {"text": f"{name}, {look.escaped(unit)}" if unit else name}},
        annotations=notes,
    )


def _said(one: LimitAhead, unit: str | None, language: Language) -> str:
    words, value = CHART_WORDS[language], quantity(one.limit, unit)
    if one.hours is None:
        return words.limit.format(value=value)
    low, high = (
        words.open_end if hours is None else f"{hours:.1f}"
        for hours in (one.hours_low, one.hours_high)
    )
    return words.passed_in.format(value=value, hours=f"{one.hours:.1f}", low=low, high=high)


def _local(time: datetime, zone: tzinfo) -> datetime:
    return time.astimezone(zone).replace(tzinfo=None)
