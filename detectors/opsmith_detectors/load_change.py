"""What moves a healthy machine: start-ups and changes of load blank the learned detectors a while.

A change of load is quick, moves what bears the load within a band of its usual level, does not
shake the machine, and is soon over: flow and current go the same way (affinity laws: both grow with
the demand), and then they stand. What goes on growing was a fault: the excuse is withdrawn, and
the levels are judged against those of before. A fault that looks like a change of load in every
channel and stands, such as a valve that somebody closes a little, cannot be told from one.
"""

from math import sqrt
from typing import Any

from opsmith.compiled import lean
from opsmith_detectors.coupled import FAST, FOLLOW, JUDGED, SCORE, SLOW, VALUE, spread_of_fast
from opsmith_detectors.machine import (
    DRIVEN,
    FLOW,
    RUNNING,
    SHAKING,
    SPEED,
    THERMAL,
    Numbers,
    Records,
)

_GAIN = 1 / 12
"""At which the levels follow a change of load while the detectors are blanked."""
_SECOND = 1_000_000
WARMING_US = 40 * 60 * _SECOND
"""Plant time for which temperatures lag behind a start-up or a change of load."""
_SETTLING_US, _SETTLING_READINGS = 150 * _SECOND, 15
"""Plant time and readings, both of them, after which a change of load is over."""
_STANDING_US, _STANDING_READINGS = 120 * _SECOND, 20
"""The same, after that, for which it has to stand."""
_PAUSE = 60
"""Readings after a change of load was decided on in which no other is believed."""
_SHAKEN = 0.3
"""Part of its level by which vibration may rise with the load."""
_LEAST = 0.01
"""Part of its level by which a driven channel moves at least, if the load does."""
_NOTICED = 3.0
"""Standard deviations of its noise by which a channel has left its slower level."""
_QUICK = 0.6
"""Part of the whole change that the slower level has not followed yet: it began lately."""
_LEAP = 0.03
"""Part of its level by which a driven channel leaps, if the load changes once more."""
_AGAIN = 3
"""Changes of load that may follow on each other."""
_SUSPECT = 0.7
"""Score from which a change of load is asked for."""
_GROWN = 0.5
"""Part of a change of load by which it may still grow when it should stand."""

_NONE, _GOING_ON, _OVER = range(3)


@lean
def stop(machine: Any, time_us: int) -> None:
    """It stands, or starts, at this reading: what it bears afterwards is not known."""
    machine.excuse = _NONE
    machine.warm_from = time_us
    machine.fresh_start = 1
    machine.pause = 0


@lean
def warm_up(machine: Any, traits: Records, r: int, c: int, time_us: int, work: Numbers) -> None:
    """Follow what lags behind a start-up or a change of load, before scoring."""
    if machine.warm_from == 0:
        return
    if time_us - machine.warm_from >= WARMING_US:
        machine.warm_from = 0
        return
    for j in range(c):
        if traits[r, j].nature & THERMAL:
            work[FOLLOW, j] = max(work[FOLLOW, j], _GAIN)


@lean
def excuse(
    machine: Any,
    channels: Records,
    traits: Records,
    r: int,
    c: int,
    time_us: int,
    stands: bool,
    work: Numbers,
    out: Numbers,
) -> bool:
    """Whether a running device's reading is not to be judged, after scoring; sets `FOLLOW`.

    Args:
        machine: The device.
        channels: Shape (N, c), of `CHANNEL`; baselines may be set back.
        traits: Shape (N, c), of `TRAITS`.
        r: The device's row.
        c: Its channels.
        time_us: Of the reading, microseconds since 1970.
        stands: An alert of the learned detectors stands: it is not excused any more.
        work: As of `coupled`.
        out: As of `coupled`.
    """
    if machine.state != RUNNING:
        stop(machine, time_us)
        return True
    if machine.fresh_start != 0:
        _begin(machine, channels, r, c, time_us)
        machine.fresh_start, machine.after_start = 0, 1
    elif (
        machine.excuse == _NONE
        and machine.pause == 0
        and not stands
        and out[SCORE] >= _SUSPECT
        and _is_load(channels, traits, r, c, work)
    ):
        _begin(machine, channels, r, c, time_us)
    if machine.pause > 0:
        machine.pause -= 1
    if machine.excuse == _NONE:
        return False
    for j in range(c):
        if not _is_far(channels[r, j], traits[r, j], channels[r, j].before, work[FAST, j]):
            work[FOLLOW, j] = max(work[FOLLOW, j], _GAIN)
    _watch(machine, channels, traits, r, c, time_us, work)
    return True


@lean
def _begin(machine: Any, channels: Records, r: int, c: int, time_us: int) -> None:
    machine.excuse, machine.excuse_since = _GOING_ON, time_us
    machine.excuse_readings = machine.excuse_again = machine.after_start = 0
    for j in range(c):
        channels[r, j].before = channels[r, j].mean


@lean
def _is_far(channel: Any, trait: Any, mean: float, level: float) -> bool:
    """Whether a channel is further from its baseline than a load would bring it."""
    change = (level - mean) / max(abs(channel.origin + mean), 1e-9)
    return abs(change) > trait.band or (trait.nature & SHAKING != 0 and change > _SHAKEN)


@lean
def _is_load(channels: Records, traits: Records, r: int, c: int, work: Numbers) -> bool:
    """Whether what deviates looks like a change of load that began lately."""
    borne = False
    way = foremost = 0.0
    hot = False
    for j in range(c):
        channel, trait = channels[r, j], traits[r, j]
        off = abs(work[FAST, j] - channel.mean) / spread_of_fast(channel)
        if off > foremost:
            foremost, hot = off, trait.nature & THERMAL != 0
        value = (work[VALUE, j] + channel.last) / 2
        jump = value - work[SLOW, j]
        if work[JUDGED, j] == 0 or abs(jump) <= _NOTICED * sqrt(channel.noise):
            continue
        if _is_far(channel, trait, channel.mean, work[FAST, j]):
            return False
        change = jump / max(abs(channel.origin + channel.mean), 1e-9)
        bears = trait.nature & DRIVEN != 0 and abs(change) > _LEAST
        borne |= bears and abs(jump) > _QUICK * abs(value - channel.mean)
        if trait.nature & FLOW != 0 or (bears and trait.nature & SPEED == 0):
            sign = 1.0 if change > 0 else -1.0
            if way != 0 and way != sign:
                return False
            way = sign
    return borne and not hot


@lean
def _watch(
    machine: Any, channels: Records, traits: Records, r: int, c: int, time_us: int, work: Numbers
) -> None:
    """See whether the change is over, and then whether it stands."""
    machine.excuse_readings = min(machine.excuse_readings + 1, 30_000)
    if (
        machine.excuse == _OVER
        and machine.excuse_again < _AGAIN
        and _leaps(channels, traits, r, c, work)
    ):
        machine.excuse, machine.excuse_since = _GOING_ON, time_us
        machine.excuse_readings = 0
        machine.excuse_again += 1
        for j in range(c):
            channel = channels[r, j]
            if _is_far(channel, traits[r, j], channel.before, work[FAST, j]):
                channel.before = channel.mean
            else:
                channel.before = work[FAST, j]
    if machine.excuse == _GOING_ON:
        long = time_us - machine.excuse_since >= _SETTLING_US
        if long and machine.excuse_readings >= _SETTLING_READINGS:
            machine.excuse, machine.excuse_over, machine.excuse_readings = _OVER, time_us, 0
            for j in range(c):
                channels[r, j].reach = work[FAST, j]
        return
    if time_us - machine.excuse_over < _STANDING_US:
        return
    if machine.excuse_readings < _STANDING_READINGS:
        return
    _decide(machine, channels, traits, r, c, work)


@lean
def _leaps(channels: Records, traits: Records, r: int, c: int, work: Numbers) -> bool:
    for j in range(c):
        channel = channels[r, j]
        leap = abs(work[VALUE, j] - work[FAST, j]) * 1.15
        if traits[r, j].nature & DRIVEN and leap > _LEAP * abs(channel.origin + channel.mean):
            return True
    return False


@lean
def _decide(
    machine: Any, channels: Records, traits: Records, r: int, c: int, work: Numbers
) -> None:
    """Take the change over if it stands, else back."""
    grew = False
    for j in range(c):
        channel = channels[r, j]
        # A load brings no channel that far: it is not one, in the other channels either.
        grew |= _is_far(channel, traits[r, j], channel.before, work[FAST, j])
        change = channel.reach - channel.before
        grown = (work[FAST, j] - channel.reach) * (1.0 if change > 0 else -1.0)
        judged = traits[r, j].nature & (DRIVEN | FLOW | SHAKING) != 0
        noticed = abs(change) > _NOTICED * spread_of_fast(channel)
        grew |= judged and noticed and grown > _GROWN * abs(change)
    taken_back = grew and machine.after_start == 0
    for j in range(c):
        channel = channels[r, j]
        if taken_back:
            channel.mean = channel.before
        elif not _is_far(channel, traits[r, j], channel.before, work[FAST, j]):
            channel.mean = work[FAST, j]
    # What goes on is no change of load either, step by step as it may look.
    if taken_back or machine.after_start == 0:
        machine.pause = _PAUSE
    if not taken_back:
        machine.warm_from = machine.excuse_since
    machine.excuse = _NONE
