"""The learned normal of one device: how far one reading leaves it, over all channels together.

Two questions are asked of every reading: has the level of a channel moved against its own slow
baseline (two time scales, each channel alone and all together), and is the reading unlike what the
last one foretold (ridge vector autoregression). Every statistic is computed before the reading is
learnt (`learning`), so its own past is an honest sample of the healthy device: limits are set from
it, which corrects for the number of channels and for autocorrelation without a table.

Sources: level against a slow baseline, as EWMA and MEWMA charts: Roberts (1959), Technometrics
1(3), 239-250; Lowry et al. (1992), Technometrics 34(1), 46-53. Residuals of a vector
autoregression: Luetkepohl (2005), New Introduction to Multiple Time Series Analysis, ch. 2;
Hotelling's T2. Cube root of a chi-square is near normal: Wilson and Hilferty (1931).
"""

from math import log, sqrt
from typing import Any

import numpy as np

from opsmith.compiled import lean
from opsmith_detectors.machine import MET, Numbers, Records
from opsmith_detectors.packed import quadratic

(VALUE, FAST, SLOW, SUDDEN, PAST, RESIDUAL, OFF_FAST, OFF_SLOW, SURPRISE, RATIO, FOLLOW, JUDGED,
 SCRATCH, SCRATCH_2, FAST_ROOT, SLOW_ROOT, FAST_SPREAD, SLOW_SPREAD,
 RESIDUAL_SPREAD) = range(19)  # fmt: skip
"""Rows of the working array, shape (`ROWS`, c): the value relative to its origin; the levels after
it; the value, and the last one, less the baseline; what was unforeseen; shifts of the levels in
their standard deviations; the residual in its own; how far each channel is from its usual shift (0)
to its limit (1); the gain at which the baseline follows, which is not judged then; 1 where a value
arrived that is believed; the shifts' statistics, and the standard deviations, for `learning`."""
ROWS = 19

SCORE, WORST, TOGETHER, SURPRISED, SMOOTH, UNFORESEEN = range(6)
"""Of the outcome, shape (6,): the score; the statistic that it comes from (2 c and more: of all
channels together); cube roots of both T2; the smoothed T2 of the residual; its own score."""

FAST_GAIN, SLOW_GAIN = 1 - 0.5 ** (1 / 5), 1 - 0.5 ** (1 / 25)
"""Half-lives of 5 and 25 readings: sudden shifts and small ones."""
GRACE = 60
"""Readings of a device in which nothing is scored."""
LIMIT = 6.0
"""Standard deviations of a statistic's own past at which the score is 1, before the correction for
the number of statistics."""
CAP = 7.0
"""Standard deviations of a channel's level that are an anomaly whatever the past was."""
YOUNG = 90.0
"""Readings learnt at which every limit is three times as wide: 1 + x + x^2, where x is this by the
readings learnt, as the far quantiles of Student's t widen with few independent readings."""
UNSETTLED = 40.0
"""Readings after an event for which the same holds, less the first 20."""
KNOWN = 40
"""Readings learnt of a channel before it is judged."""
_BEARABLE = 2.0
"""Standard deviations of the fast level by which the slow one may go beyond it."""
_FAREST = 8.0
"""Standard deviations that a residual counts for at most."""
FLOOR = 0.25
"""A level shift's spread is at least this part of what independent readings would give."""
LEAST_ROOM = 0.1
_THIRD = 0x2A9F7893782DA1CE
"""Two thirds of the exponent's bias of a float64, in its place."""


@lean
def cube_root(x: float) -> float:
    """The cube root of a number that is not negative, to 12 digits, in a third of `cbrt`'s time.

    A third of the exponent, then two steps of Halley's: each triples the digits.

    >>> cube_root(0.0), round(cube_root(27.0), 9)
    (0.0, 3.0)
    """
    if x < 1e-60:
        return 0.0
    if x > 1e300:
        return 1e100
    bits: Any = np.float64(x).view(np.int64)
    root: Any = np.int64(bits // 3 + _THIRD).view(np.float64)
    for _ in range(2):
        cubed = root * root * root
        root = root * (cubed + 2 * x) / (2 * cubed + x)
    return root


@lean
def triangle(c: int) -> int:
    """Numbers of a symmetric matrix of size c."""
    return c * (c + 1) // 2


@lean
def resolution(channel: Any) -> float:
    """Variance below which a change means nothing: a coarse channel has to move visibly."""
    step = 0.0 if channel.step > 1e30 else channel.step
    level = 1e-4 * (channel.origin + channel.mean)
    return level * level + step * step / 4 + 1e-12


@lean
def spread_of_fast(channel: Any) -> float:
    """Standard deviation of the fast level's shift."""
    least = (FLOOR * FLOOR * channel.noise + resolution(channel)) * FAST_GAIN
    return sqrt(max(channel.fast_variance, least))


@lean
def spread_of_slow(channel: Any) -> float:
    """Standard deviation of the slow level's shift."""
    least = (FLOOR * FLOOR * channel.noise + resolution(channel)) * SLOW_GAIN
    return sqrt(max(channel.slow_variance, least))


@lean
def spread_of_residual(channel: Any) -> float:
    """Standard deviation of the residual."""
    return sqrt(max(channel.residual_variance, 1e-4 * channel.noise + resolution(channel)))


def limit_of(limit: float, statistics: int) -> float:
    """Standard deviations of a tail that so many statistics share, to first order.

    Bonferroni's correction of a normal distribution's tail; `limit` is that of one alone.
    """
    return sqrt(limit * limit + 2 * log(statistics + 1.0))


@lean
def take(
    machine: Any, channels: Records, r: int, c: int, x: Numbers, believed: Numbers, work: Numbers
) -> None:
    """Set one reading out in `work`: values, levels, distances from the baseline.

    Args:
        machine: The device.
        channels: Shape (N, c), of `CHANNEL`.
        r: The device's row.
        c: Its channels.
        x: Shape (c,), each in its channel's unit; NaN where none arrived.
        believed: Shape (c,), 0 where the value is to be believed: a sensor's verdict.
        work: Shape (`ROWS`, c), written; `FOLLOW` is 0.
    """
    n = machine.seen
    fast_gain = max(FAST_GAIN, 1 / (n + 1.0))
    slow_gain = max(SLOW_GAIN, 1 / (n + 1.0))
    for j in range(c):
        channel = channels[r, j]
        work[FOLLOW, j] = 0.0
        if not (x[j] == x[j] and believed[j] == 0):
            work[VALUE, j], work[JUDGED, j] = channel.fast, 0.0
            work[FAST, j], work[SLOW, j] = channel.fast, channel.slow
        else:
            if channel.marks & MET == 0:
                channel.marks |= MET
                channel.origin, channel.step = x[j], np.inf
            # As it is kept, or an equal value would seem to differ.
            value = np.float32(x[j] - channel.origin)
            if machine.level_led == 0 or channel.heard + channel.now == 0:
                channel.fast = channel.slow = channel.last = value
                if channel.heard == 0:
                    channel.mean = value
            change = abs(value - channel.last)
            if 0 < change < channel.step:
                channel.step = change
            work[VALUE, j], work[JUDGED, j] = value, 1.0
            work[FAST, j] = channel.fast + fast_gain * (value - channel.fast)
            work[SLOW, j] = channel.slow + slow_gain * (value - channel.slow)
        work[SUDDEN, j] = work[VALUE, j] - channel.mean
        work[PAST, j] = channel.last - channel.mean
    machine.level_led = 1


@lean
def score(
    machine: Any,
    channels: Records,
    matrices: Numbers,
    inverses: Numbers,
    r: int,
    c: int,
    limit: float,
    work: Numbers,
    out: Numbers,
) -> None:
    """Score the reading that `take` set out, before it is learnt.

    Args:
        machine: The device.
        channels: Shape (N, c), of `CHANNEL`.
        matrices: Shape (N, `matrix_numbers(c)`): what the channels have to do with each other.
        inverses: Shape (N, 2 triangles), of `int16`.
        r: The device's row.
        c: Its channels.
        limit: Standard deviations at which the score is 1, as of `limit_of`.
        work: As of `take`; written.
        out: Shape (6,), written: `SCORE` and so on.
    """
    out[SCORE], out[WORST], out[TOGETHER], out[SURPRISED], out[UNFORESEEN] = 0.0, -1.0, 0, 0, 0
    out[SMOOTH] = machine.surprise
    _foretell(channels, matrices, r, c, work)
    if machine.fitted == 0:
        for j in range(c):
            work[RATIO, j] = 0.0
        return
    few = YOUNG / max(machine.learnt, 1)
    young = 1 + few + few * few
    if machine.since_event > 0:
        young += UNSETTLED / (machine.since_event + 20.0)
    far = limit * young
    cap = cube_root((CAP * young) ** 2)
    scored = machine.seen >= GRACE and machine.judged > 0
    worst, which = _each(channels, r, c, far, cap, scored, work)
    t = triangle(c)
    squares = quadratic(inverses[r], t, work[SURPRISE], c) * machine.residual_unit
    smooth = machine.surprise + FAST_GAIN * (squares - machine.surprise)
    squares = quadratic(inverses[r], 0, work[OFF_SLOW], c) * machine.shift_unit
    out[SMOOTH] = smooth
    out[TOGETHER], out[SURPRISED] = cube_root(max(squares, 0.0)), cube_root(max(smooth, 0.0))
    if scored:
        room = max(far * machine.together_spread, LEAST_ROOM)
        ratio = (out[TOGETHER] - machine.together_usual) / room
        if ratio > worst:
            worst, which = ratio, 2 * c
        room = max(far * machine.surprise_spread, LEAST_ROOM)
        out[UNFORESEEN] = (out[SURPRISED] - machine.surprise_usual) / room
        if out[UNFORESEEN] > worst:
            worst, which = out[UNFORESEEN], 2 * c + 1
    out[SCORE], out[WORST] = worst, which


@lean
def _foretell(channels: Records, matrices: Numbers, r: int, c: int, work: Numbers) -> None:
    """What the last reading did not foretell, by the autoregression."""
    for j in range(c):
        work[RESIDUAL, j] = work[SUDDEN, j]
    at = 3 * triangle(c) + c * c
    for i in range(c):
        past = work[PAST, i]
        for t in range(c):
            work[RESIDUAL, t] -= past * matrices[r, at + t]
        at += c
    for j in range(c):
        spread = spread_of_residual(channels[r, j])
        work[RESIDUAL_SPREAD, j] = spread
        work[SURPRISE, j] = min(max(work[RESIDUAL, j] / spread, -_FAREST), _FAREST)


@lean
def _each(
    channels: Records, r: int, c: int, far: float, cap: float, scored: bool, work: Numbers
) -> tuple[float, int]:
    """Score each channel alone; the greatest, and which statistic it is."""
    worst, which = 0.0, -1
    for j in range(c):
        channel = channels[r, j]
        work[RATIO, j] = 0.0
        fast_spread, slow_spread = spread_of_fast(channel), spread_of_slow(channel)
        work[FAST_SPREAD, j], work[SLOW_SPREAD, j] = fast_spread, slow_spread
        if work[JUDGED, j] == 0 or work[FOLLOW, j] > 0 or channel.heard < KNOWN:
            work[OFF_FAST, j] = work[OFF_SLOW, j] = work[SURPRISE, j] = 0.0
            work[FAST_ROOT, j] = work[SLOW_ROOT, j] = 0.0
            continue
        fast, slow = work[FAST, j] - channel.mean, work[SLOW, j] - channel.mean
        # A slow level claims no more than the fast one can still bear out: it forgets a big
        # deviation that is over only in many readings.
        bound = abs(fast) + _BEARABLE * fast_spread
        slow = min(max(slow, -bound), bound)
        fast, slow = fast / fast_spread, slow / slow_spread
        fast_root, slow_root = cube_root(fast * fast), cube_root(slow * slow)
        work[OFF_FAST, j], work[OFF_SLOW, j] = fast, slow
        work[FAST_ROOT, j], work[SLOW_ROOT, j] = fast_root, slow_root
        if not scored or channel.fast_spread == 0:
            continue
        room = min(far * channel.fast_spread, cap - channel.fast_usual)
        ratio = (fast_root - channel.fast_usual) / max(room, LEAST_ROOM)
        if ratio > worst:
            worst, which = ratio, j
        room = min(far * channel.slow_spread, cap - channel.slow_usual)
        slow_ratio = (slow_root - channel.slow_usual) / max(room, LEAST_ROOM)
        if slow_ratio > worst:
            worst, which = slow_ratio, c + j
        work[RATIO, j] = max(ratio, slow_ratio)
    return worst, which
