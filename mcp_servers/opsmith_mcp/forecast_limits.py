"""When a device's channels pass their limits: by a line where there is a trend, else the mixture.

A certain trend of the last day is carried on; else one of the last 12 days, hour by hour; else
the mixture of methods, which knows days and their peaks; else the level stays within what it did.
"""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from opsmith.domain.base import Window
from opsmith.domain.devices import Device, Limits
from opsmith.domain.forecasts import Chances, TimeToLimit
from opsmith.domain.readings import FloatArray
from opsmith.domain.units import unit_of
from opsmith.ports import SeriesStore
from opsmith_detectors.forecast_compete import Forecast
from opsmith_detectors.forecast_crossing import WITHIN_HOURS, TimeToCrossing, crossings
from opsmith_mcp.figures import figure
from opsmith_mcp.forecast_cache import ForecastCache, Outlook
from opsmith_mcp.forecast_history import History, begin_of, running_only, since
from opsmith_mcp.forecast_views import HORIZON_HOURS
from opsmith_mcp.trend import LEAST, Line, draw_line
from opsmith_mcp.windows import back, whole_minutes

DAY = 1440
HOURS_BACK = 12 * 24
"""Hourly means that slow trends and the mixture rest on."""
HOURS_LEAST = 48
LONGER = (7 * DAY, 60 * DAY)
"""Minutes looked back where sampling is too slow for a day to tell."""
QUIET = timedelta(minutes=10)
"""For so long the line of a channel that stays where it was does for an alert."""
LATELY = 3
"""Hours without a value, after which hourly means say nothing of now."""
_SLOW = 36.0
"""Hours that a trend among hourly means has to hold for."""
_AHEAD = np.geomspace(1 / 60, HORIZON_HOURS, 400)
_TENTH, _MEDIAN, _NINE_TENTHS = 0.1, 0.5, 0.9
_MONTH = WITHIN_HOURS[-1] / HORIZON_HOURS


@dataclass(frozen=True, slots=True)
class LimitOutlook:
    """What is said of one channel and the limit that it passes first."""

    forecast: TimeToLimit
    reason: str
    trend: float = 0.0
    """Part of the way to the limit that a certain trend goes within the horizon, 0 to 1."""

    @property
    def in_a_week(self) -> float:
        """Probability of passing within the horizon."""
        return self.forecast.chances.within_7d or 0.0


@dataclass(frozen=True, slots=True)
class DeviceOutlook:
    """What is said of all rated channels of a device."""

    told: tuple[LimitOutlook, ...]
    """The first to pass its limit first."""
    silent: tuple[str, ...]
    """Of channels without a forecast: why."""
    minutes: History
    """The last day, without stops."""
    window: Window
    at_rest: bool
    """Whether it stands still now."""
    mixed: bool
    """Whether the mixture was there to be asked."""


@dataclass(frozen=True, slots=True)
class HourView:
    """What the hourly means of some days say; it holds until the next hour."""

    outlook: Outlook
    slow: dict[str, Line | None]
    """Certain trends that the last day is too short to show."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """The line of a quiet channel, and what its values may do without drawing it anew."""

    line: Line
    end: datetime
    readings: int


def look_ahead(
    series: SeriesStore, cache: ForecastCache, device: Device, as_of: datetime, *, quick: bool
) -> DeviceOutlook:
    """Look ahead for every rated channel.

    Args:
        series: The readings.
        cache: What is known already.
        device: Whose.
        as_of: Nothing later is looked at.
        quick: Ask only what is known or cheap.

    Raises:
        Unavailable: The readings cannot be reached.
    """
    rated = dict(sorted(device.rated().items()))
    minutes = since(
        cache.histories.steps(series, device.device_id, as_of, 60, DAY), device.baseline_at
    )
    names = tuple(rated)
    key = ("look", device.device_id, device.baseline_at, tuple(rated.items()), quick)
    known: DeviceOutlook | None = cache.recent(key, minutes.end, timedelta(0))
    if known is not None:
        return known
    window, end = Window(start=begin_of(minutes), end=minutes.end), minutes.end
    if minutes.there.sum() < LEAST:
        minutes, window = _longer(series, device, as_of)
    ran, resting = running_only(minutes)
    hours = _by_the_hour(series, cache, device, names, as_of, quick)
    told: list[LimitOutlook] = []
    silent: list[str] = []
    for name, limits in rated.items():
        drawn = _drawn(cache, (device.device_id, device.baseline_at, name), ran, name, quick)
        if drawn is None:
            count = int(np.isfinite(ran.column(name)).sum())
            silent.append(
                f"{name}: {count} minutes with readings; {LEAST} are needed for a forecast."
            )
        else:
            one = _of_channel(name, limits, drawn, hours, as_of)
            told += [one] if one is not None else []
            silent += [f"{name}: no rated limit."] if one is None else []
    told.sort(key=_soonest)
    there = np.flatnonzero(minutes.there)
    still = bool(len(there)) and bool(resting[there[-5:]].all())
    found = DeviceOutlook(tuple(told), tuple(silent), ran, window, still, hours is not None)
    cache.keep(key, end, found)
    return found


def _longer(series: SeriesStore, device: Device, as_of: datetime) -> tuple[History, Window]:
    """The shortest of the longer histories that has enough minutes, without gaps."""
    window = back(as_of, LONGER[0])
    read = whole_minutes(series, device.device_id, window)
    if len(read.minutes) < LEAST:
        window = back(as_of, LONGER[1])
        read = whole_minutes(series, device.device_id, window)
    count = round((window.end - window.start) / timedelta(minutes=1))
    values = np.full((count, len(read.channels)), np.nan)
    if len(read.minutes):
        first = np.datetime64(window.start.replace(tzinfo=None), "us")
        place = (read.minutes - first) // np.timedelta64(1, "m")
        values[np.clip(place.astype(np.int64), 0, count - 1)] = read.mean
    return since(History(60, window.end, read.channels, values), device.baseline_at), window


def _by_the_hour(
    series: SeriesStore,
    cache: ForecastCache,
    device: Device,
    rated: tuple[str, ...],
    as_of: datetime,
    quick: bool,
) -> HourView | None:
    """The mixture and the slow trends of hourly means; None: too few, or not so quickly."""
    if not rated or (quick and not cache.histories.has(device.device_id, as_of, 3600, HOURS_BACK)):
        return None
    found = cache.histories.steps(series, device.device_id, as_of, 3600, HOURS_BACK)
    key = ("hours", device.device_id, device.baseline_at, rated)
    known: HourView | None = cache.recent(key, found.end, timedelta(0))
    if known is not None:
        return known
    found, _ = running_only(since(found, device.baseline_at))
    there = found.there
    if there.sum() < HOURS_LEAST or not there[-LATELY:].any():
        return None
    # What was before the first value is no gap: it would be filled.
    short = replace(found, values=found.values[int(there.argmax()) :])
    outlook = cache.outlook(device.device_id, short, rated, int(HORIZON_HOURS), only_known=quick)
    if outlook is None:
        return None
    view = HourView(outlook, {name: _slow_line(short.column(name)) for name in rated})
    cache.keep(key, found.end, view)
    return view


def _slow_line(values: FloatArray) -> Line | None:
    there = np.flatnonzero(np.isfinite(values))
    if len(there) < HOURS_LEAST:
        return None
    line = draw_line((there - there[0]).astype(np.float64), values[there])
    return line if line is not None and line.is_certain and line.hours >= _SLOW else None


def _drawn(
    cache: ForecastCache, key: tuple[Any, ...], minutes: History, channel: str, quick: bool
) -> _Drawn | None:
    """The line through a channel's last day; None: too few minutes.

    Where an alert waits, that of some minutes ago does for a channel without a trend that has
    stayed where it was.
    """
    values = minutes.column(channel)
    if quick:
        known: _Drawn | None = cache.recent(("line", *key), minutes.end, QUIET)
        if known is not None and not known.line.is_certain:
            new = values[-max(2, round((minutes.end - known.end) / timedelta(minutes=1))) :]
            new = new[np.isfinite(new)]
            away = np.abs(new - known.line.level)
            if len(new) and float(away.max()) <= 4 * known.line.level_error:
                return known
    there = np.flatnonzero(np.isfinite(values))
    line = draw_line((there - there[0]) / 60.0, values[there]) if len(there) else None
    if line is None:
        return None
    found = _Drawn(line, minutes.end, len(there))
    cache.keep(("line", *key), minutes.end, found)
    return found


def _of_channel(
    channel: str, limits: Limits, drawn: _Drawn, hours: HourView | None, as_of: datetime
) -> LimitOutlook | None:
    """What is said of a channel's limits; None: it has none."""
    slow = None if hours is None or drawn.line.is_certain else hours.slow.get(channel)
    mixed = hours.outlook if hours is not None else None
    looks = [
        _towards(channel, drawn.line, slow, mixed, limit, upward, drawn.readings, as_of)
        for limit, upward in ((limits.high, True), (limits.low, False))
        if limit is not None
    ]
    return max(looks, key=lambda one: one.in_a_week, default=None)


def limit_outlook(
    series: SeriesStore,
    cache: ForecastCache,
    device: Device,
    channel: str,
    limit: float,
    upward: bool,
    mixed: Outlook,
    as_of: datetime,
) -> LimitOutlook:
    """When one channel passes any limit; by the mixture where the last day shows no trend."""
    steps = cache.histories.steps(series, device.device_id, as_of, 60, DAY)
    minutes, _ = running_only(since(steps, device.baseline_at))
    values = minutes.column(channel)
    there = np.flatnonzero(np.isfinite(values))
    line = draw_line((there - there[0]) / 60.0, values[there]) if len(there) else None
    if line is None:
        level = float(mixed.told.median[0, 0])
        line = Line(level, float(mixed.told.size[0, 0]), 0.0, math.inf, 0.0, 0.0)
    return _towards(channel, line, None, mixed, limit, upward, len(there), as_of)


def _towards(
    channel: str,
    line: Line,
    slow: Line | None,
    mixed: Outlook | None,
    limit: float,
    upward: bool,
    readings: int,
    as_of: datetime,
) -> LimitOutlook:
    unit = unit_of(channel)
    beyond = line.level >= limit if upward else line.level <= limit
    by, used = "line", line
    if not line.is_certain and slow is not None and (slow.slope > 0) is upward:
        # The level is that of the last day, which is the surer one.
        used = replace(slow, level=line.level, level_error=max(line.level_error, slow.level_error))
    heading = used.is_certain and (used.slope > 0) is upward
    chances = np.maximum.accumulate(used.passes_by(limit, _AHEAD, upward))
    within = [_chance(chances, each) for each in WITHIN_HOURS[:-1]]
    if beyond:
        low = median = high = 0.0
        within = [1.0] * len(within)
        text = "is beyond it now"
    elif heading:
        low, median, high = (_when(chances, part) for part in (_TENTH, _MEDIAN, _NINE_TENTHS))
        text = _in_words(low, median, high)
    else:
        low = median = high = None
        text = "no trend towards it can be told from none"
        told = None if used.is_certain else _by_mixture(mixed, channel, limit, upward, as_of)
        if told is not None:
            by = "mixture"
            low, median, high = told.low, told.median, told.high
            within = [
                own if known is None else known
                for known, own in zip(told.within, within, strict=False)
            ]
            if median is not None:
                text = _in_words(low, median, high)
    month = 1 - (1 - within[-1]) ** _MONTH
    shown = f" {unit}" if unit else ""
    names = ("within_1h", "within_8h", "within_24h", "within_7d")
    rounded = {name: round(each, 4) for name, each in zip(names, within, strict=True)}
    away = (limit - used.level) * (1 if upward else -1)
    pace = abs(used.slope) * HORIZON_HOURS if heading else 0.0
    return LimitOutlook(
        forecast=TimeToLimit(
            channel=channel,
            unit=unit,
            now=figure(line.level) or 0.0,
            limit=limit,
            slope_per_hour=figure(used.slope) or 0.0,
            hours=_hundredths(median),
            hours_low=_hundredths(low),
            hours_high=_hundredths(high),
            readings=readings,
            chances=Chances(**rounded, within_30d=round(month, 4)),
            by=by,
        ),
        reason=f"{channel}: {line.level:.3g}{shown}, {used.slope:+.2g}{shown} per hour over "
        f"{used.hours:.1f} h, limit {limit:g}{shown}: {text}.",
        trend=1.0 if away <= 0 else float(min(1.0, pace / away)),
    )


def _by_mixture(
    mixed: Outlook | None, channel: str, limit: float, upward: bool, as_of: datetime
) -> TimeToCrossing | None:
    """When the mixture crosses, in hours from `as_of`."""
    if mixed is None or channel not in mixed.channels:
        return None
    c = mixed.channels.index(channel)
    told, tested = mixed.told, mixed.tested
    if not tested.enough[c] or np.isnan(told.median[c]).any():
        return None
    key = (channel, limit, upward)
    found = mixed.crossings.get(key)
    if found is None:
        one = Forecast(told.median[c : c + 1], told.size[c : c + 1], told.bounds[c : c + 1])
        found = crossings(one, np.array([limit]), upward, mixed.step / 3600)[0]
        mixed.crossings[key] = found
    gone = (as_of - mixed.end) / timedelta(hours=1)
    # The hour that has begun is part of the first step.
    parts = [None if x is None else max(0.0, x - gone) for x in (found.median, found.low)]
    high = None if found.high is None else max(0.0, found.high - gone)
    return replace(found, median=parts[0], low=parts[1], high=high)


def _when(chances: FloatArray, part: float) -> float | None:
    """Hours after which a limit is passed with that probability; None: not before the horizon."""
    place = int(np.searchsorted(chances, part))
    if place == 0:
        return 0.0
    if place == len(chances):
        return None
    before, after = chances[place - 1], chances[place]
    share = (part - before) / (after - before)
    return float(_AHEAD[place - 1] + share * (_AHEAD[place] - _AHEAD[place - 1]))


def _hundredths(hours: float | None) -> float | None:
    return None if hours is None else figure(round(hours, 2))


def _chance(chances: FloatArray, hours: float) -> float:
    return float(np.interp(hours, _AHEAD, chances))


def _in_words(low: float | None, median: float | None, high: float | None) -> str:
    if median is None:
        early = "" if low is None else f", though perhaps in {low:.1f} h"
        return f"not before {HORIZON_HOURS:.0f} h{early}"
    end = "open" if high is None else f"{high:.1f} h"
    return f"passed in {median:.1f} h (80 % interval {low or 0:.1f} h to {end})"


def _soonest(one: LimitOutlook) -> tuple[float, float]:
    hours = one.forecast.hours
    return (HORIZON_HOURS if hours is None else hours, -one.in_a_week)
