"""When a forecast crosses a limit: how likely by when; it may be "not before the horizon"."""

from dataclasses import dataclass

import numpy as np

from opsmith.domain.readings import FloatArray
from opsmith_detectors.forecast_compete import PARTS, Forecast

WITHIN_HOURS = (1.0, 8.0, 24.0, 168.0, 720.0)
"""1 h, a shift, a day, a week, a month."""


@dataclass(frozen=True, slots=True)
class TimeToCrossing:
    """When one device crosses one limit, in hours from now; None: not before the horizon."""

    median: float | None
    low: float | None
    """By then with probability 0.1."""
    high: float | None
    """By then with probability 0.9."""
    within: tuple[float | None, ...]
    """Probability of crossing within each of `WITHIN_HOURS`; None: beyond the horizon."""
    horizon_hours: float


def chance_beyond(told: Forecast, limit: FloatArray, upward: bool) -> FloatArray:
    """Probability that the value lies beyond a limit, step by step.

    Args:
        told: Of d devices over h steps.
        limit: Shape (d,), in the unit of the forecast.
        upward: Whether above the limit is beyond.

    Returns:
        Shape (d, h), 0 to 1; NaN where nothing was told.
    """
    away = (limit[:, None] - told.median) * (1.0 if upward else -1.0)
    reach = np.abs(away) / np.maximum(told.size, 1e-300)
    outside = np.stack([_outside(*each) for each in zip(reach, told.bounds, strict=True)])
    return np.where(np.isnan(away), np.nan, np.where(away > 0, outside / 2, 1 - outside / 2))


def _outside(reach: FloatArray, bounds: FloatArray) -> FloatArray:
    """Share of the errors, in units of their size, beyond `reach`; the tail falls exponentially."""
    at = np.maximum.accumulate(bounds) + 1e-12 * np.arange(len(bounds))
    inside: FloatArray = np.interp(reach, np.append(0.0, at), np.append(0.0, PARTS))
    last, before = at[-1], at[list(PARTS).index(0.9)]
    rest = 1 - PARTS[-1]
    scale = max((last - before) / np.log(0.1 / rest), 0.2 * last, 1e-12)
    return np.where(reach > last, rest * np.exp(-(reach - last) / scale), 1 - inside)


def crossings(
    told: Forecast,
    limit: FloatArray,
    upward: bool,
    step_hours: float,
    now: FloatArray | None = None,
) -> list[TimeToCrossing]:
    """When each device crosses its limit.

    A limit that was likely crossed at some step stays crossed: the probability by a step is the
    highest up to it. Short peaks between steps are not seen: give smoothed values.

    Args:
        told: Of d devices over h steps.
        limit: Shape (d,), in the unit of the forecast; NaN: none.
        upward: Whether above the limit is beyond.
        step_hours: Hours of a step.
        now: Shape (d,): the levels now; beyond the limit already is time 0.
    """
    chances = np.maximum.accumulate(np.nan_to_num(chance_beyond(told, limit, upward)), axis=1)
    hours: FloatArray = np.arange(1, chances.shape[1] + 1, dtype=np.float64) * step_hours
    out: list[TimeToCrossing] = []
    for row, each in enumerate(chances):
        level = np.nan if now is None else now[row]
        if np.isfinite(level) and (level >= limit[row] if upward else level <= limit[row]):
            each = np.ones(len(each))
        out.append(
            _one(each, hours, bool(np.isnan(limit[row]) or np.isnan(told.median[row]).all()))
        )
    return out


def _one(chances: FloatArray, hours: FloatArray, is_unknown: bool) -> TimeToCrossing:
    horizon = float(hours[-1])
    if is_unknown:
        return TimeToCrossing(None, None, None, (None,) * len(WITHIN_HOURS), horizon)
    start = 1.0 if chances[0] == 1 else 0.0
    within = tuple(
        float(np.interp(each, np.append(0.0, hours), np.append(start, chances)))
        if each <= horizon * (1 + 1e-9)
        else None
        for each in WITHIN_HOURS
    )
    low, median, high = (_when(chances, hours, part) for part in (0.1, 0.5, 0.9))
    return TimeToCrossing(median, low, high, within, horizon)


def _when(chances: FloatArray, hours: FloatArray, part: float) -> float | None:
    place = int(np.searchsorted(chances, part))
    if place == len(chances):
        return None
    if place == 0:
        return 0.0 if chances[0] == 1 else float(hours[0] * part / chances[0])
    share = (part - chances[place - 1]) / (chances[place] - chances[place - 1])
    return float(hours[place - 1] + share * (hours[place] - hours[place - 1]))
