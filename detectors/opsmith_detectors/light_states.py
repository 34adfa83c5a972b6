"""Stops, starts and changes of load on the light path: only where something deviates."""

from typing import Any

import numpy as np

from opsmith.compiled import lean
from opsmith_detectors.light_record import LightScratch
from opsmith_detectors.machine import (
    DRIVEN,
    FLOW,
    MOTION,
    RUNNING,
    SHAKING,
    SPEED,
    STARTING,
    STOPPED,
    THERMAL,
    TURNING,
    Numbers,
    Records,
)
from opsmith_detectors.running import SAYS_STARTING, SAYS_STOPPED

_SECOND = 1_000_000
SETTLES, SETTLES_READINGS = 150 * _SECOND, 15
"""Time, and readings, for which a machine's levels settle after a start or a change of load."""
WARMS = 40 * 60 * _SECOND
"""Time for which temperatures may follow it."""
_AGAIN = 15 * 60 * _SECOND
"""Time after which another change of load is believed: what goes on growing is a fault."""
_CALM = 0.25
_FOLLOW, _WARM = 0.3, 1 / 20
"""Gains at which levels follow while they settle, and temperatures while they may lag."""
_KNOWN = 30
_AT_REST, _IN_MOTION, _LEAP = 0.15, 0.40, 3.0
"""Parts of the running level."""
_SHAKES = 1.3
"""Times its level to which vibration may go with the load."""


@lean
def turn(
    machine: Any,
    channels: Records,
    traits: Records,
    r: int,
    c: int,
    time_us: int,
    x: Numbers,
    standing: bool,
    scratch: LightScratch,
) -> None:
    """Whether a running machine that deviates stops, starts or bears another load.

    Args:
        machine: The device.
        channels: Shape (N, c), of `LIGHT_CHANNEL`.
        traits: Shape (N, c), of `TRAITS`.
        r: The device's row.
        c: Its channels.
        time_us: Of the reading.
        x: Shape (c,), each in its channel's unit; NaN where none arrived.
        standing: An alert of the learned normal stands: no change of load is believed.
        scratch: Its ratios are those of the reading; a temperature that may lag loses its own.
    """
    count, low, _, leaps, turning_low, turning_leap = _parts(channels, traits, r, c, x)
    if count > 0 and turning_low and 2 * low > count:
        machine.state = STOPPED
        return
    if count > 1 and turning_leap and 2 * leaps > count:
        # What was thought running was standing still: learn it anew.
        for j in range(c):
            channels[r, j].heard = 0
        _begin(machine, channels, r, c, time_us, x)
        return
    fresh = machine.warm == 0 or time_us >= machine.warm - WARMS + _AGAIN
    if not standing and fresh and _bears_another_load(channels, traits, r, c, x, scratch):
        _begin(machine, channels, r, c, time_us, x)
        return
    if time_us < machine.warm:
        for j in range(c):
            channel: Any = channels[r, j]
            if traits[r, j].nature & THERMAL != 0 and scratch.ratio[j] >= _CALM:
                channel.mean += _WARM * (channel.fast - channel.mean)
                scratch.ratio[j] = 0.0


@lean
def rest(
    machine: Any,
    channels: Records,
    traits: Records,
    r: int,
    c: int,
    time_us: int,
    x: Numbers,
    word: int,
) -> None:
    """Follow a machine that stands, starts or settles; nothing is judged of it."""
    if word == SAYS_STOPPED:
        machine.state = STOPPED
        return
    count, low, high, _, turning_low, _ = _parts(channels, traits, r, c, x)
    if machine.state == STOPPED:
        if (count == 0 or 2 * high > count) or word == SAYS_STARTING:
            _begin(machine, channels, r, c, time_us, x)
        return
    if count > 0 and turning_low and 2 * low > count:
        machine.state = STOPPED
        return
    if machine.state == RUNNING:
        # It says that it starts.
        _begin(machine, channels, r, c, time_us, x)
        return
    for j in range(c):
        channel: Any = channels[r, j]
        if x[j] == x[j] and channel.heard > 0:
            value = x[j] - channel.origin
            channel.fast += _FOLLOW * (value - channel.fast)
            channel.mean, channel.last = channel.fast, value
            channel.run = 0
    machine.left = np.int64(machine.left) - 1 if machine.left > 0 else 0
    if machine.left == 0 and time_us >= machine.until:
        machine.state = RUNNING


@lean
def _begin(machine: Any, channels: Records, r: int, c: int, time_us: int, x: Numbers) -> None:
    machine.state, machine.left = STARTING, SETTLES_READINGS
    machine.until, machine.warm = time_us + SETTLES, time_us + WARMS
    for j in range(c):
        channel: Any = channels[r, j]
        channel.zeros = 0
        if x[j] == x[j] and channel.heard > 0:
            channel.fast = channel.mean = channel.last = x[j] - channel.origin


@lean
def _parts(
    channels: Records, traits: Records, r: int, c: int, x: Numbers
) -> tuple[int, int, int, int, bool, bool]:
    """Of what shows motion: how many; at rest, in motion, far above; all that turns at rest, above.

    None where it is too little to tell.
    """
    count = low = high = leaps = turning = turning_low = turning_leap = 0
    for j in range(c):
        nature, channel = traits[r, j].nature, channels[r, j]
        level = channel.origin + channel.mean
        if nature & MOTION == 0 or x[j] != x[j] or channel.heard < _KNOWN or level <= 0:
            continue
        part = abs(x[j]) / level
        count += 1
        low += part < _AT_REST
        high += part > _IN_MOTION
        leaps += part > _LEAP
        if nature & TURNING:
            turning += 1
            turning_low += part < _AT_REST
            turning_leap += part > _LEAP
    if count < 2 and turning == 0:
        return 0, 0, 0, 0, False, False
    return count, low, high, leaps, turning_low == turning, turning_leap == turning


@lean
def _bears_another_load(
    channels: Records, traits: Records, r: int, c: int, x: Numbers, scratch: LightScratch
) -> bool:
    """Whether what bears the load has changed within its band, and nothing speaks against it."""
    way = 0.0
    for j in range(c):
        trait, channel = traits[r, j], channels[r, j]
        if trait.nature & DRIVEN == 0 or scratch.ratio[j] < _CALM:
            continue
        level = channel.origin + channel.mean
        if abs(x[j] - level) > trait.band * abs(level):
            return False
        if trait.nature & SPEED == 0 or way == 0:
            way = x[j] - level
    if way == 0:
        return False
    for j in range(c):
        nature, channel = traits[r, j].nature, channels[r, j]
        if scratch.ratio[j] < _CALM:
            continue
        level = channel.origin + channel.mean
        if nature & FLOW != 0 and (x[j] - level) * way < 0:
            return False
        if nature & SHAKING != 0 and x[j] > _SHAKES * level:
            return False
    return True
