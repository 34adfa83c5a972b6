"""Two or more sensors of the same thing: the one that leaves the others drifts.

Channels of one kind are taken for twins only where their distance hardly varies beside their common
level, so two accelerometers at the two ends of a shaft are none.
"""

from typing import Any

import numpy as np

from opsmith.compiled import lean
from opsmith.domain.readings import FloatArray
from opsmith_detectors.sensor_record import IS_DRIFTING, Records

_KNOWN = 500
"""Readings from which their distance is known."""
_APART = 6.0
"""Standard deviations of their usual distance by which two have parted."""
_TWIN = 0.05
"""Part of the variance of the level that the variance of the distance may have, in twins."""


@lean
def move_apart(sensors: Records, r: int, j: int, x: FloatArray) -> bool:
    """Follow the distance to the peer; whether they have parted, or had."""
    s = sensors[r, j]
    distance = np.float32(x[j] - x[s.peer - 1])
    if distance == distance:
        if s.seen == 0:
            s.apart = distance
        s.apart += np.float32(0.05) * (distance - s.apart)
    return s.marks & IS_DRIFTING != 0 or _has_parted(s)


@lean
def judge_drift(sensors: Records, r: int, c: int, j: int) -> None:
    """Set or take back that it drifts: it left both neighbours in its ring, or it alone moved."""
    s = sensors[r, j]
    after = s.peer - 1
    before = after
    for k in range(c):
        if sensors[r, k].peer - 1 == j:
            before = k
    if s.marks & IS_DRIFTING:
        if (s.apart - s.apart_mean) ** 2 < _APART**2 / 4 * s.apart_var:
            s.marks &= ~IS_DRIFTING
        return
    if not (_has_parted(s) and _has_parted(sensors[r, before])):
        return
    if before != after:
        s.marks |= IS_DRIFTING
        return
    # Of two alone the one whose level is what it always was is right, if that can be told: they
    # have parted by more than their levels usually vary.
    moved, others = abs(s.level - s.usual), sensors[r, after]
    gap = abs(s.apart - s.apart_mean)
    if (
        others.marks & IS_DRIFTING == 0
        and gap * gap > 9 * s.spread
        and moved > 0.7 * gap
        and abs(others.level - others.usual) < 0.3 * gap
    ):
        s.marks |= IS_DRIFTING


@lean
def learn_distance(s: Any) -> None:
    """Make its level, and its distance to its peer, a habit."""
    if s.seen <= 1:
        s.usual, s.apart_mean = s.level, s.apart
    rate = np.float32(1.0) / np.float32(s.seen + 1)
    off, moved = s.level - s.usual, s.apart - s.apart_mean
    if s.seen >= _KNOWN and moved * moved > 9 * s.apart_var > 0:
        return
    s.usual += rate * off
    s.spread += rate * (off * off - s.spread)
    s.apart_mean += rate * moved
    s.apart_var += rate * (moved * moved - s.apart_var)


@lean
def _has_parted(s: Any) -> bool:
    """Whether its distance to a twin is not what it was, by as much as both usually vary."""
    moved = (s.apart - s.apart_mean) ** 2
    return (
        s.seen >= _KNOWN
        and s.apart_var < _TWIN * s.spread
        and moved > _APART**2 * s.apart_var
        and moved > s.spread
    )
