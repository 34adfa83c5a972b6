"""Sensor faults as their own verdict: each channel is judged against its own habits.

Stuck and silent: if a healthy channel repeats its last value with probability p, a run of n repeats
has probability p^n (geometric law), so a coarse or rarely sent channel is given the long runs it
is used to, and a lively one few. What many channels do at once is the machine, a stop or the
collector, never their sensors. A verdict takes nothing from the rated limits: they judge the value.
"""

from math import log
from typing import Any

import numpy as np

from opsmith.compiled import lean
from opsmith.domain.readings import FloatArray, Quality, QualityArray
from opsmith_detectors.sensor_habits import learn
from opsmith_detectors.sensor_leaps import judge_leap
from opsmith_detectors.sensor_peers import judge_drift, move_apart
from opsmith_detectors.sensor_record import (
    DRIFT,
    DROPOUT,
    HABIT,
    IMPLAUSIBLE,
    IN_OTHER_UNIT,
    IS_ALONE,
    IS_DOUBTED,
    IS_IMPLAUSIBLE,
    IS_SILENT,
    IS_SPIKING,
    IS_STUCK,
    KINDS,
    LASTING,
    LEAP,
    MOST,
    OK,
    SENSOR,
    SPIKING,
    STIR,
    STUCK,
    SUSPECT,
    UNIT,
    Records,
    Verdicts,
    fresh,
    peers,
)

__all__ = [
    "DRIFT",
    "DROPOUT",
    "IMPLAUSIBLE",
    "KINDS",
    "OK",
    "SENSOR",
    "SPIKING",
    "STUCK",
    "SUSPECT",
    "UNIT",
    "fresh",
    "judge",
    "learn",
    "peers",
]

_CHANCE = log(1e-9)
"""Probability at which a run is no chance any more: one in thirty years at a reading a second."""
_DOUBT_RUN, _LEAST_RUN, _LEAST_GAP = 6, 20, 5
"""Repeats that are doubted at the earliest, and that are stuck; readings lost that are silence."""
_LONGER = 4
"""Times the longest run of its past."""
_STEPS = 30
"""Changes of a channel before its mean step is known."""
_ZEROS = 3
"""Zeros in a row from which a channel has fallen silent."""
_NEVER = 1e-3
"""Share of zeros below which a channel never is 0."""
_ABSENT_SHARE = 19
"""In 127ths: 15 % of the last 32 readings or so are lost (five in a row)."""
_UNCERTAIN = int(Quality.UNCERTAIN)


@lean
def judge(
    sensors: Records,
    r: int,
    c: int,
    x: FloatArray,
    quality: QualityArray,
    moving: bool,
    verdict: Verdicts,
) -> bool:
    """Judge the sensors of one device at one reading; `learn` follows.

    Args:
        sensors: Shape (n, c), of `SENSOR`.
        r: The device's row.
        c: Its channels.
        x: Shape (c,), each in its channel's unit; NaN where bad or absent.
        quality: Shape (c,), of `Quality`.
        moving: The machine runs: its channels have reason to move.
        verdict: Shape (c,), written: `OK` and so on.

    Returns:
        Whether any channel is not `OK`.

    >>> sensors, verdict = fresh(("current", "flow"))[None], np.zeros(2, np.uint8)
    >>> for i in range(200):
    ...     x = np.array([i % 7, i % 11 if i < 150 else 4.0])
    ...     doubt = judge(sensors, 0, 2, x, np.zeros(2, np.uint8), True, verdict)
    ...     learn(sensors, 0, 2, x, True, verdict)
    >>> doubt, verdict.tolist() == [OK, STUCK]
    (True, True)
    """
    changed = stirred = leapt = lost = heard = 0
    notable = False
    for j in range(c):
        s = sensors[r, j]
        verdict[j] = OK
        v = np.float32(x[j])
        if v != v:
            notable |= s.seen > 0
            lost += 2 * s.gaps < s.seen
            continue
        heard += 1
        step = abs(v - s.last)
        if step == 0:
            notable |= _repeat(s)
        else:
            changed += 1
            if s.run > 0:
                _end_run(s)
            stirred += step > STIR * s.grain
            if step > LEAP * s.grain and s.seen >= HABIT:
                # Where no change is known it can still have fallen to 0.
                notable = True
                if s.seen - s.repeats - s.gaps >= _STEPS:
                    leapt += 1
                    verdict[j] = SUSPECT
        if s.busy | quality[j] or (s.peer > 0 and move_apart(sensors, r, j, x)):
            notable = True
    return notable and _look_closer(
        sensors, r, c, x, quality, moving, verdict, changed, stirred, leapt, lost, heard
    )


@lean
def _look_closer(
    sensors: Records,
    r: int,
    c: int,
    x: FloatArray,
    quality: QualityArray,
    moving: bool,
    verdict: Verdicts,
    changed: int,
    stirred: int,
    leapt: int,
    lost: int,
    heard: int,
) -> bool:
    """Judge each channel, where there is something to judge."""
    frozen = 0
    for j in range(c):
        frozen += _is_frozen(sensors[r, j])
    may_be_stuck = moving and frozen <= max(1, c // 2) and (changed > 0 or c == 1)
    may_be_lost = moving and lost <= max(1, c // 2)
    doubt = False
    for j in range(c):
        s = sensors[r, j]
        v = np.float32(x[j])
        doubted = False
        if v == v:
            leaps = verdict[j] == SUSPECT
            doubted = _judge_value(
                s, v, quality[j], moving, leaps, leapt - leaps, stirred - leaps, heard
            )
            if s.run == 0:
                s.marks &= ~IS_STUCK
            elif may_be_stuck and _is_frozen(s):
                # Until it is surely stuck it does not speak for the machine either.
                if s.run >= _LEAST_RUN:
                    s.marks |= IS_STUCK
                doubted |= c > 1
            if s.peer > 0 and moving:
                judge_drift(sensors, r, c, j)
        elif s.seen > 0:
            _judge_absence(s, may_be_lost)
        s.busy = s.marks | s.lost | s.strange | s.count | s.gap != 0
        verdict[j] = _verdict_of(s.marks, doubted)
        doubt |= verdict[j] != OK
    return doubt


@lean
def _verdict_of(marks: int, doubted: bool) -> int:
    """The gravest that holds."""
    if marks & LASTING == 0:
        return SUSPECT if doubted else OK
    if marks & IS_SILENT:
        return DROPOUT
    if marks & IS_IMPLAUSIBLE:
        return IMPLAUSIBLE
    if marks & IN_OTHER_UNIT:
        return UNIT
    if marks & IS_STUCK:
        return STUCK
    return SPIKING if marks & IS_SPIKING else DRIFT


@lean
def _judge_value(
    s: Any,
    v: Any,
    mark: int,
    moving: bool,
    leaps: bool,
    others_leap: int,
    others_stir: int,
    heard: int,
) -> bool:
    """Judge a value that arrived; whether it is to be doubted."""
    uncertain = mark == _UNCERTAIN
    if uncertain or s.strange > 0:
        _judge_strangeness(s, uncertain)
    if s.lost > 0:
        s.lost -= (s.lost + 31) >> 5
    if s.gap > 0:
        if s.gap > s.longest_gap:
            s.longest_gap = _habit(s.gap, s.longest_gap, s.marks & IS_SILENT != 0)
        s.gap = 0
    if v == 0 and s.seen >= HABIT and (s.count < 0 or s.zeros < _NEVER * s.seen):
        return _judge_zero(s, v, moving, others_leap) or uncertain
    if s.unit == 0:
        s.count = 0
    if s.lost < _ABSENT_SHARE // 4:
        s.marks &= ~IS_SILENT
    if moving:
        return judge_leap(s, v, leaps, others_leap, others_stir, heard) or uncertain
    s.marks &= ~(IS_DOUBTED | IS_ALONE)
    if s.marks & IN_OTHER_UNIT == 0:
        s.unit = s.count = 0
    return uncertain


@lean
def _judge_strangeness(s: Any, uncertain: bool) -> None:
    """Follow the share of values beyond the plausible: 60 % sets, 30 % takes back."""
    if uncertain:
        s.strange += ((127 - s.strange) * 77 + 255) >> 8
    else:
        s.strange -= (s.strange * 77 + 255) >> 8
    if s.strange > 76:
        s.marks |= IS_IMPLAUSIBLE
    elif s.strange < 38:
        s.marks &= ~IS_IMPLAUSIBLE


@lean
def _judge_zero(s: Any, v: Any, moving: bool, others_leap: int) -> bool:
    """Judge an exact 0 of a channel that never is: its loop is broken, or it truly fell."""
    s.unit = 0
    s.marks &= ~(IS_DOUBTED | IS_ALONE | IN_OTHER_UNIT)
    if s.marks & IS_SILENT == 0 and (not moving or others_leap > 0):
        # Others fell with it, or fell a little later: the machine.
        s.count = -1
    elif s.count == 0:
        s.count = 1 if abs(v - s.last) > LEAP * s.grain else -1
    elif 0 < s.count < _ZEROS:
        s.count += 1
    if s.count >= _ZEROS:
        s.marks |= IS_SILENT
    return s.count > 0


@lean
def _judge_absence(s: Any, may_be_lost: bool) -> None:
    """Judge a channel that did not arrive."""
    s.marks &= ~(IS_DOUBTED | IS_ALONE)
    if s.gap < MOST:
        s.gap += 1
    if not may_be_lost or s.seen < HABIT:
        return
    s.lost += (127 - s.lost + 31) >> 5
    usual = (s.gaps + 1) / (s.seen + 2)
    is_long = s.gap > max(_LEAST_GAP, _LONGER * s.longest_gap) and s.gap * log(usual) < _CHANCE
    # Of the share in some 63 readings (an exponential mean's worth), 6 standard deviations.
    beyond = 127 * 6 * np.sqrt(usual * (1 - usual) / 63)
    if is_long or s.lost >= 127 * usual + max(_ABSENT_SHARE, beyond):
        s.marks |= IS_SILENT


@lean
def _repeat(s: Any) -> bool:
    """Count a repeat; whether there are more than ever."""
    if s.run < MOST:
        s.run += 1
    return s.run >= _DOUBT_RUN and s.run > _LONGER * s.longest


@lean
def _end_run(s: Any) -> None:
    """A run that is over becomes a habit; one that goes on would excuse itself."""
    if s.run > s.longest:
        s.longest = _habit(s.run, s.longest, s.marks & IS_STUCK != 0)
    s.run = 0


@lean
def _is_frozen(s: Any) -> bool:
    """Whether it repeats itself for longer than chance or its past would have it."""
    if s.run < _DOUBT_RUN or s.seen < HABIT or s.run <= _LONGER * s.longest or s.count < 0:
        return False
    usual = (s.repeats + 1) / (s.seen + 2)
    return s.run * log(usual) < _CHANCE


@lean
def _habit(run: int, longest: int, was_fault: bool) -> int:
    """The longest run that is over; one that was a fault lengthens it by twice at most."""
    return min(run, max(2 * longest, _LEAST_GAP)) if was_fault else run
