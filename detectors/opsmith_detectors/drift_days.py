"""The verdict at a day's end: is a channel far from its frozen level, and has it crept there?"""

from math import exp, sqrt
from typing import Any

import numpy as np

from opsmith.compiled import compiled

DAYS = 12
"""Daily means that a trend is asked of."""
LIMIT = 4.5
"""Sigmas that a channel has to be off its frozen level.

Bounded wander with a spread of one sigma moves between two days by 1.4 sigmas (sqrt 2), and by 4.5
in one of 700 pairs of days. A ramp of 0.5 sigma a day is there on its ninth day.
"""
UNREST = 7.0
"""Times its own unrest (`unrest`) that a channel has to be off its level besides, likewise."""
CLEAR = 0.7
"""Part of the limit below which a drift is over."""
TREND = 3.6
"""Standard normal deviate of Mann and Kendall's test: nine days without one step back, or 54 of
the 66 pairs of twelve days; 1 in 6,000 by chance, if days are independent."""
STEP = 0.25
"""Sigmas that one unit of the kept daily means is."""
LEAST_BLOCKS, LEAST_READINGS = 6, 60
"""24 hours of running, and readings of a channel, that are frozen at least."""
BLOCKS = 6
"""A day has: two to a shift of eight hours."""

DRIFT = np.dtype(
    [
        ("origin", "f4"),
        ("level", "f4"),
        ("spread", "f4"),
        ("day", "f4"),
        ("sum", "f4"),
        ("squares", "f4"),
        ("tied", "f4"),
        ("n", "i4"),
        ("means", "i1", (DAYS,)),
        ("usual", "u1"),
        ("covered", "u1"),
        ("days", "u1"),
        ("phase", "u1"),
    ],
    align=True,
)
"""One channel of one device; all zero: nothing known.

`origin`: what sums are taken from, in the channel's unit; all else is relative to it. `level`: the
frozen daily mean; `spread`: sigma (while learning: the sum of its logarithms, blockwise); `day`:
the sum of this day's block means; `sum`, `squares`, `tied`, `n`: of this block's readings, the
squares and the products with time only while learning; `means`: the last days' distances from
`level`, in `STEP` sigmas, the newest first (while learning: days, and readings of a block);
`usual` and `covered`: one bit a block, of the frozen days and of this day; `days`: blocks learnt,
then daily means kept; `phase`: as below.
"""
SEEKING, LEARNING, JUDGING, DRIFTING = range(4)
"""Phases: looking for an origin, freezing, comparing, found to drift."""


@compiled
def is_whole(drift: Any) -> bool:
    """Whether the day ran in the blocks of the frozen ones."""
    return drift.covered == drift.usual and drift.covered != 0


@compiled
def _day_mean(drift: Any) -> float:
    blocks = 0
    for k in range(BLOCKS):
        blocks += (drift.covered >> k) & 1
    return drift.day / max(blocks, 1)


@compiled
def distance(drift: Any) -> float:
    """Of this day's mean from the frozen level, in sigmas."""
    return (_day_mean(drift) - drift.level) / drift.spread


@compiled
def freeze(drift: Any) -> None:
    """Add a day to the frozen level; enough of them, and it is frozen."""
    if drift.covered == 0:
        return
    if drift.usual != drift.covered:
        # Of two days that ran at different hours, the one that ran longer is usual.
        # After a week, those of today are.
        if drift.usual & drift.covered == drift.covered and drift.days < 7 * BLOCKS:
            return
        drift.usual, drift.means[0], drift.level = drift.covered, 0, 0.0
    drift.means[0] += 1
    drift.level += (_day_mean(drift) - drift.level) / drift.means[0]
    if drift.days < LEAST_BLOCKS or drift.days * drift.means[1] < LEAST_READINGS:
        drift.means[0] = min(drift.means[0], 100)
        return
    drift.spread = exp(drift.spread / drift.days / 2)
    drift.phase, drift.days = JUDGING, 1
    drift.means[:] = 0


@compiled
def judge(drift: Any) -> None:
    """Keep the day's distance, and see whether the channel drifts."""
    unit = distance(drift) / STEP
    for k in range(DAYS - 1, 0, -1):
        drift.means[k] = drift.means[k - 1]
    drift.means[0] = int(round(min(max(unit, -127.0), 127.0)))
    drift.days = min(drift.days + 1, DAYS)
    far = size(drift)
    if drift.phase == DRIFTING:
        if far < CLEAR:
            drift.phase = JUDGING
    elif far >= 1 and _trend(drift) >= TREND:
        drift.phase = DRIFTING


@compiled
def size(drift: Any) -> float:
    """How far the channel is from its frozen level; 1 is the limit."""
    return STEP * abs(float(drift.means[0])) / max(LIMIT, UNREST * unrest(drift))


@compiled
def unrest(drift: Any) -> float:
    """Of the kept days in sigmas: how they scatter about their line, or the changes about theirs.

    The greater of the two: slow wander shows in the first, quick wander in the second.
    """
    n = int(drift.days)
    if n < 4:
        return 0.0
    total = squares = tied = changes = 0.0
    for k in range(n):
        value, at = STEP * float(drift.means[k]), k - (n - 1) / 2
        total += value
        squares += value * value
        tied += value * at
        if k > 0:
            change = value - STEP * float(drift.means[k - 1])
            changes += change * change
    ties = n * (n * n - 1) / 12
    rest = max(squares - total * total / n - tied * tied / ties, 0.0)
    change = STEP * (float(drift.means[0]) - float(drift.means[n - 1])) / (n - 1)
    changes = max(changes - (n - 1) * change * change, 0.0)
    return sqrt(max(rest, changes) / (n - 2))


@compiled
def _trend(drift: Any) -> float:
    """Standard normal deviate of the trend of the kept days, positive away from the level."""
    n = int(drift.days)
    rises = 0
    for k in range(n):
        for i in range(k + 1, n):
            if drift.means[k] > drift.means[i]:
                rises += 1
            elif drift.means[k] < drift.means[i]:
                rises -= 1
    away = rises if drift.means[0] > 0 else -rises
    return (away - 1) / sqrt(n * (n - 1) * (2 * n + 5) / 18.0)
