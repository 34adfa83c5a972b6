"""Forecasting: where a device's channels are heading, and when they pass a rated limit."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from pydantic import Field

from opsmith.clock import PlantClock
from opsmith.domain.base import Moment, State, ToolResult, Window
from opsmith.domain.devices import Device, DeviceStatus, Limits
from opsmith.domain.forecasts import TimeToLimit
from opsmith.domain.readings import Aggregates, FloatArray
from opsmith.domain.units import unit_of
from opsmith.errors import Unavailable
from opsmith.ports import SeriesStore
from opsmith.storage.devices import DeviceStore
from opsmith_mcp.arguments import DeviceId, Until
from opsmith_mcp.figures import figure
from opsmith_mcp.lookup import find_device
from opsmith_mcp.series_view import Source
from opsmith_mcp.trend import LEAST, Line, draw_line
from opsmith_mcp.windows import Freshness, back, freshness, now, whole_minutes

HORIZON_HOURS = 168.0

METHOD = (
    "robust straight line (Theil-Sen) through one-minute means of the longest recent stretch that "
    "is straight; interval from the spread of the residuals and the error of the slope"
)

_HISTORIES = (1440, 7 * 1440, 60 * 1440)
"""Minutes looked back; further only where sampling is too slow for the shorter."""
_AHEAD = np.geomspace(1 / 60, HORIZON_HOURS, 400)
_TENTH, _MEDIAN, _NINE_TENTHS = 0.1, 0.5, 0.9


class FailureForecast(ToolResult):
    """When a device's channels pass their rated limits, if they go on as they do."""

    device_id: str
    as_of: Moment
    window: Window = Field(description="History that was looked at.")
    horizon_hours: float = Field(
        default=HORIZON_HOURS, description="It does not look further ahead."
    )
    channels: tuple[TimeToLimit, ...] = Field(
        default=(), description="The first to pass its limit first; hours from the last reading."
    )
    probability_24h: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Of passing a rated limit within 24 h: of the likeliest channel.",
    )
    probability_7d: float | None = Field(
        default=None, ge=0, le=1, description="Likewise within 7 days."
    )
    health: float | None = Field(
        default=None, ge=0, le=100, description="100 x (1 - probability_7d); None: not known."
    )
    method: str = METHOD
    source: Source = Field(default="1m", description="What it rests on: one-minute means.")
    minutes: int = Field(default=0, description="Minutes of `window` that had readings.")
    reasons: tuple[str, ...] = Field(
        default=(), description="What it says of each channel, in words."
    )


@dataclass(frozen=True, slots=True)
class _Outlook:
    """What the line says of one channel and one of its limits."""

    forecast: TimeToLimit
    in_a_day: float
    in_a_week: float
    reason: str


class Forecasting:
    """The forecasting tools."""

    def __init__(self, series: SeriesStore, devices: DeviceStore, clock: PlantClock) -> None:
        self._series = series
        self._devices = devices
        self._clock = clock

    def predict_failure(self, device_id: DeviceId, until: Until = None) -> FailureForecast:
        """Forecast when each rated channel of a device passes its limit, with an 80 % interval.

        Use it to choose a due date. No time for a channel means: not before the horizon. It
        sees trends only, no sudden failures.
        """
        device = find_device(self._devices, device_id)
        as_of = until or now(self._clock)
        window = back(as_of, _HISTORIES[0])
        try:
            fresh = freshness(self._series, device.device_id, as_of)
            window, minutes = self._history(device.device_id, as_of)
        except Unavailable as error:
            return FailureForecast(
                state=State.UNAVAILABLE,
                note=f"The readings cannot be reached: {error}. Not to be read as fine.",
                device_id=device.device_id,
                as_of=as_of,
                window=window,
            )
        rated = device.rated()
        found = [_outlook(minutes, name, rated[name]) for name in sorted(rated)]
        told = sorted((one for one in found if isinstance(one, _Outlook)), key=_soonest)
        in_a_week = max((one.in_a_week for one in told), default=None)
        return FailureForecast(
            state=fresh.state(has_any=bool(told)),
            note=_note(device, fresh, bool(told)),
            device_id=device.device_id,
            as_of=as_of,
            window=window,
            minutes=len(minutes.minutes),
            channels=tuple(one.forecast for one in told),
            probability_24h=max((one.in_a_day for one in told), default=None),
            probability_7d=in_a_week,
            health=None if in_a_week is None else round(100 * (1 - in_a_week), 1),
            reasons=(
                *(one.reason for one in told),
                *(one for one in found if isinstance(one, str)),
                *_standing_reason(device),
            ),
        )

    def _history(self, device_id: str, as_of: datetime) -> tuple[Window, Aggregates]:
        """The shortest history with enough minutes, else the longest."""
        *shorter, longest = (back(as_of, length) for length in _HISTORIES)
        for window in shorter:
            minutes = whole_minutes(self._series, device_id, window)
            if len(minutes.minutes) >= LEAST:
                return window, minutes
        return longest, whole_minutes(self._series, device_id, longest)


def _outlook(minutes: Aggregates, channel: str, limits: Limits) -> _Outlook | str:
    """What the line says of a channel's limits, or why nothing can be said."""
    column = minutes.channels.index(channel) if channel in minutes.channels else None
    there = minutes.count[:, column] > 0 if column is not None else np.zeros(0, dtype=np.bool_)
    if column is None or there.sum() < LEAST:
        return (
            f"{channel}: {int(there.sum())} minutes with readings; "
            f"{LEAST} are needed for a forecast."
        )
    times = minutes.minutes[there]
    hours = (times - times[:1]) / np.timedelta64(1, "h")
    line = draw_line(hours, minutes.mean[there, column])
    assert line is not None
    readings = int((hours >= hours[-1] - line.hours).sum())
    both = [(limits.high, True), (limits.low, False)]
    looks = [
        _towards(channel, line, limit, upward, readings)
        for limit, upward in both
        if limit is not None
    ]
    if not looks:
        return f"{channel}: no rated limit."
    return max(looks, key=lambda one: one.in_a_week)


def _towards(channel: str, line: Line, limit: float, upward: bool, readings: int) -> _Outlook:
    unit = unit_of(channel)
    beyond = line.level >= limit if upward else line.level <= limit
    chances = _chances(line, limit, upward)
    heading = line.is_certain and (line.slope > 0) is upward
    if beyond:
        low = median = high = 0.0
        text = "is beyond it now"
    elif heading:
        low, median, high = (_when(chances, part) for part in (_TENTH, _MEDIAN, _NINE_TENTHS))
        text = _in_words(low, median, high)
    else:
        low = median = high = None
        text = "no trend towards it can be told from none"
    shown = f" {unit}" if unit else ""
    return _Outlook(
        forecast=TimeToLimit(
            channel=channel,
            unit=unit,
            now=figure(line.level) or 0.0,
            limit=limit,
            slope_per_hour=figure(line.slope) or 0.0,
            hours=median,
            hours_low=low,
            hours_high=high,
            readings=readings,
        ),
        in_a_day=1.0 if beyond else _chance(chances, 24.0),
        in_a_week=1.0 if beyond else _chance(chances, HORIZON_HOURS),
        reason=f"{channel}: {line.level:.3g}{shown}, {line.slope:+.2g}{shown} per hour over "
        f"{line.hours:.1f} h, limit {limit:g}{shown}: {text}.",
    )


def _chances(line: Line, limit: float, upward: bool) -> FloatArray:
    """Probability of having passed the limit after each of `_AHEAD`."""
    return np.maximum.accumulate(line.passes_by(limit, _AHEAD, upward))


def _when(chances: FloatArray, part: float) -> float | None:
    """Hours after which a limit is passed with that probability; None: not before the horizon."""
    place = int(np.searchsorted(chances, part))
    if place == 0:
        return 0.0
    if place == len(chances):
        return None
    before, after = chances[place - 1], chances[place]
    share = (part - before) / (after - before)
    hours = _AHEAD[place - 1] + share * (_AHEAD[place] - _AHEAD[place - 1])
    return figure(round(float(hours), 2))


def _chance(chances: FloatArray, hours: float) -> float:
    return round(float(np.interp(hours, _AHEAD, chances)), 4)


def _in_words(low: float | None, median: float | None, high: float | None) -> str:
    if median is None:
        early = "" if low is None else f", though perhaps in {low:.1f} h"
        return f"not before {HORIZON_HOURS:.0f} h{early}"
    end = "open" if high is None else f"{high:.1f} h"
    return f"passed in {median:.1f} h (80 % interval {low or 0:.1f} h to {end})"


def _soonest(one: _Outlook) -> tuple[float, float]:
    hours = one.forecast.hours
    return (HORIZON_HOURS if hours is None else hours, -one.in_a_week)


def _note(device: Device, fresh: Freshness, has_any: bool) -> str | None:
    if has_any:
        return fresh.note(device.device_id, has_any=True)
    if not device.rated():
        return f"{device.device_id} has no rated limit registered: nothing to forecast against."
    if fresh.last is None:
        return fresh.note(device.device_id, has_any=False)
    return "Too few readings for a forecast; see the reasons."


def _standing_reason(device: Device) -> tuple[str, ...]:
    if device.status is DeviceStatus.RUNNING:
        return ()
    return (f"The device is {device.status}: what it reads now may not go on when it runs.",)
