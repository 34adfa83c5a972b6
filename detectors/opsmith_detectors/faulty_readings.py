"""What is wrong with the readings themselves: missing, impossible, stuck, in another unit."""

from dataclasses import dataclass

import numpy as np

from opsmith.domain.alerts import Direction, Kind
from opsmith.domain.readings import FloatArray, TimeArray
from opsmith.domain.units import alternatives, measurement_of
from opsmith_detectors.robust import Past, detrended_spread, longest_run, median

_ENOUGH = 24
"""Readings from which on it tells how many are missing between them."""
_UNIT = 5
"""Readings in another unit that make it one."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a channel does since an onset."""

    kind: Kind = "unknown"
    direction: Direction = "none"
    significant: bool = False
    onset: int | None = None
    """Index among the channel's own readings since the guard; None: at the onset."""


def missing_between(times: TimeArray) -> float:
    """Share of the readings that should stand between the first and the last and do not.

    >>> there = [s for s in range(40) if s % 10 not in (3, 7)]
    >>> round(missing_between(np.array(there).astype("datetime64[s]")), 2)
    0.2
    """
    if len(times) < _ENOUGH:
        return 0.0
    apart = np.diff(times).astype(np.int64)
    usual = int(np.sort(apart)[len(apart) // 4])
    # One long silence is an outage that is over; a bad path loses readings again and again.
    if usual <= 0 or int((apart > 1.5 * usual).sum()) < 3:
        return 0.0
    return max(0.0, 1.0 - len(times) / (int(apart.sum()) / usual + 1))


def sensor_verdict(
    channel: str,
    before: FloatArray,
    since: FloatArray,
    missing: float,
    missed: float,
    past: Past | None,
) -> Verdict | None:
    """What is wrong with the readings themselves, or None."""
    if missing > 2 * missed + 0.15:
        return Verdict("dropout", significant=True)
    known = measurement_of(channel)
    if known is not None and len(since):
        low, high = float((since < known.low).mean()), float((since > known.high).mean())
        usual = float(((before < known.low) | (before > known.high)).mean()) if len(before) else 0.0
        # What was out of range all along (a unit, an offset) did not change at the onset.
        if low + high >= max(0.2, 2 * usual + 0.1):
            return Verdict("implausible", "up" if high > low else "down", significant=True)
    if past is None or len(since) < 5:
        return None
    if _is_other_unit(channel, since, past):
        return Verdict("unit", _way(float(since[-1]), past), significant=True)
    run_before, _ = longest_run(before)
    _, run = longest_run(since)
    # A channel that never stood still before does not do so now; one that often did, may.
    if run >= max(10, 4 * run_before):
        return Verdict("flat", _way(since[-1], past), significant=True)
    far = np.abs(since - past.level) > 15 * past.noise
    edges = np.flatnonzero(np.diff(np.r_[0, far.astype(np.int8), 0]))
    lengths = edges[1::2] - edges[::2]
    values = np.unique(since[far])
    fixed = len(values) == 1 and values[0] not in before
    if len(lengths) >= 3 and lengths.max() <= 5 and fixed and _is_back(since[~far], past):
        return Verdict("dropout", _way(float(since[far][0]), past), significant=True)
    return None


def _is_other_unit(channel: str, since: FloatArray, past: Past) -> bool:
    """Whether it shows, from one reading to the next, what another unit of it would show."""
    far = np.abs(since - past.level) > 15 * past.noise
    near_ones = np.flatnonzero(~far)
    first = int(near_ones[-1]) + 1 if len(near_ones) else 0
    count = len(since) - first
    # It stays so to the end; what went before may be another story of the same channel.
    if count < _UNIT or (first and float(far[:first].mean()) > 0.1):
        return False
    shown = median(since[first:])
    for factor, offset in alternatives(channel):
        there = past.level * factor + offset
        near = 0.03 * abs(there) + 4 * past.noise * factor
        if near < 0.25 * abs(there - past.level) and abs(shown - there) <= near:
            # The same quantity goes on: no reading on the way, and its noise is scaled as well.
            scaled = float(detrended_spread(since[first:]))
            steady = bool((np.abs(since[first:] - there) <= 2 * near).mean() >= 0.95)
            return steady and scaled <= 3 * past.spread * factor + 0.005 * abs(there)
    return False


def _is_back(rest: FloatArray, past: Past) -> bool:
    return len(rest) > 0 and float(np.median(np.abs(rest - past.level))) < 3 * past.noise


def _way(value: float, past: Past) -> Direction:
    if abs(value - past.level) < 2 * past.noise:
        return "none"
    return "up" if value > past.level else "down"
