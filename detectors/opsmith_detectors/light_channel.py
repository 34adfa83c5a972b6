"""One channel on the light path: how it is met, followed, doubted and learnt."""

from math import sqrt
from typing import Any

import numpy as np

from opsmith.compiled import lean
from opsmith_detectors.coupled import FAST_GAIN, GRACE, YOUNG
from opsmith_detectors.light_record import ENOUGH, KNOWN

MEMORY, VARIANCE_MEMORY = 300, 1000
"""Readings, time constants of the slow level and of the variance."""
LEAK = 1 / 6000
"""Gain at which even a standing deviation is taken over in the end."""
CALM = 0.25
"""Square of the score below which a reading is learnt in full."""
_FARTHEST = 0.9
"""Part of the way to the limit that one reading can take a level: one spike alone is no event."""
LEAST_RUN, LONGER = 30, 4
"""Repeats in a row from which a channel may be stuck; times the longest run of its past."""
_LOST, LOST_MANY, LOST_USUAL = 8, 160, 80
"""What a missing value counts for, where each that came counts 1 against it: a ninth missing is
borne, and 20 in a row are many; unless half of that was usual in the first `_HABIT` readings."""
_HABIT = 400
_ZERO, ZEROS = 64, 150
"""What one exact zero counts for, and from what on they are no chance: three of 40 readings."""

_HEARD = np.arange(KNOWN + 1)
_FEW = np.where(_HEARD < KNOWN, YOUNG / np.maximum(_HEARD, 1), 0.0)
GAINS = np.column_stack(
    [
        np.maximum(FAST_GAIN, 1 / (_HEARD + 1)),
        np.maximum(1 / MEMORY, 1 / (_HEARD + 1)),
        np.where(_HEARD < 10, 0.0, np.maximum(1 / VARIANCE_MEMORY, 1 / np.maximum(_HEARD - 9, 1))),
        np.where(_HEARD < GRACE, 0.0, (1 + _FEW + _FEW**2) ** -2),
    ]
)
"""By readings learnt: gains of both levels and of the variance, and by what part the square of a
distance counts: not at all in the grace, and less than in full while the channel is young."""


@lean
def meet(channel: Any, x: float) -> None:
    """Begin with its first value."""
    channel.origin = channel.last = x
    channel.last = channel.mean = channel.fast = np.float32(x - channel.origin)
    channel.variance = 1e-12
    channel.run = 0


@lean
def miss(channel: Any) -> bool:
    """No value came; whether that is unusual."""
    if channel.heard < GRACE:
        return False
    lost: Any = min(np.int64(channel.lost) + _LOST, 255)
    channel.lost = lost
    if channel.heard < _HABIT:
        channel.usual_lost = max(channel.usual_lost, lost)
    return lost >= LOST_MANY


@lean
def turn(channel: Any, change: float) -> bool:
    """The value is another one; whether there is more to ask."""
    if channel.step == 0 or change < channel.step:
        channel.step = change
    if channel.changes < ENOUGH:
        channel.changes += 1
    if channel.run > channel.longest:
        channel.longest = channel.run
    channel.run = 0
    if channel.lost != 0:
        channel.lost -= 1
    if channel.zeros != 0:
        channel.zeros -= 1
    return channel.zeros >= ZEROS or channel.lost >= LOST_MANY


@lean
def deviate(channel: Any, x: float, away: float, unit: float) -> float:
    """Follow a level that deviates, by a bounded step; the square of its score.

    Args:
        channel: Of one device.
        x: The value, in its unit.
        away: Where the newest level goes, less the slow one.
        unit: Square of the distance at which the score is 1.
    """
    before = channel.fast - channel.mean
    most = _FARTHEST * sqrt(unit)
    if abs(away - before) > most:
        if x == 0:
            # A level that falls to 0 at once is a lost signal, or a machine that stops.
            channel.zeros = min(np.int64(channel.zeros) + _ZERO, 255)
            return before * before / unit
        away = before + (most if away > before else -most)
    channel.fast = channel.mean + away
    return away * away / unit


@lean
def learn_little(channel: Any, ratio: float) -> None:
    """Learn a reading that is not calm: half of it, and next to nothing of what deviates."""
    away = channel.fast - channel.mean
    if ratio >= 1:
        channel.mean += LEAK * away
        return
    heard = np.int64(channel.heard)
    channel.mean += 0.5 * GAINS[heard, 1] * away
    channel.variance += GAINS[heard, 2] * (away * away - channel.variance)
    channel.heard = min(heard + 1, KNOWN)
