"""The operating state of a device: stopped, starting, running; from its status and its signals."""

from typing import Any

from opsmith.compiled import lean
from opsmith_detectors.machine import (
    MOTION,
    RUNNING,
    STARTING,
    STOPPED,
    TURNING,
    Numbers,
    Records,
)

SAYS_NOTHING, SAYS_STOPPED, SAYS_STARTING, SAYS_FAULT = range(4)
"""What a device's status word says."""
_WORDS = {
    SAYS_STOPPED: frozenset(
        {"STOPPED", "STOP", "OFF", "IDLE", "STANDBY", "SHUTDOWN", "DOWN", "停机", "停止", "待机"}
    ),
    SAYS_STARTING: frozenset({"STARTING", "STARTUP", "START", "启动", "启动中"}),
    SAYS_FAULT: frozenset({"ANOMALY", "FAULT", "ALARM", "ERROR", "TRIP", "故障", "异常", "报警"}),
}

_AT_REST, _IN_MOTION = 0.15, 0.40
"""Parts of the running level."""
_KNOWN = 30
_MEMORY = 300.0
_LEAP = 3.0
"""Times the running level."""
_STARTING_LASTS = 60
"""Readings for which a start-up lasts at most."""


def said(word: str) -> int:
    """What a status word says; `running` or `NORMAL` say nothing: collectors send them for ever.

    >>> said(" trip ") == SAYS_FAULT, said("NORMAL") == SAYS_NOTHING
    (True, True)
    """
    word = word.strip().upper()
    return next((what for what, words in _WORDS.items() if word in words), SAYS_NOTHING)


@lean
def infer(
    machine: Any, channels: Records, traits: Records, r: int, c: int, x: Numbers, word: int
) -> int:
    """The state at one reading; what shows motion falls together when a machine stops.

    Args:
        machine: The device.
        channels: Shape (N, c), of `CHANNEL`.
        traits: Shape (N, c), of `TRAITS`.
        r: The device's row.
        c: Its channels.
        x: Shape (c,), each in its channel's unit; NaN where none arrived.
        word: What its status says, as of `said`.
    """
    if word == SAYS_STOPPED:
        machine.state, machine.starting = STOPPED, 0
        return STOPPED
    count = low = high = leaps = turning = turning_low = turning_leap = 0
    for j in range(c):
        flags, channel = traits[r, j].nature, channels[r, j]
        if flags & MOTION == 0 or x[j] != x[j] or channel.moved < _KNOWN or channel.motion <= 0:
            continue
        part = abs(x[j]) / channel.motion
        count += 1
        low += part < _AT_REST
        high += part > _IN_MOTION
        leaps += part > _LEAP
        if flags & TURNING:
            turning += 1
            turning_low += part < _AT_REST
            turning_leap += part > _LEAP
    enough = count >= 2 or turning > 0
    resting = enough and turning_low == turning and 2 * low > count
    moving = 2 * high > count or not enough
    leaping = count >= 2 and turning_leap == turning and 2 * leaps > count
    _turn(machine, resting, moving, leaping or word == SAYS_STARTING)
    if machine.state != STOPPED:
        _learn(channels, traits, r, c, x, leaping)
    return machine.state


@lean
def _turn(machine: Any, resting: bool, moving: bool, starting: bool) -> None:
    """Go from one state to the next."""
    if resting or (machine.state == STOPPED and not moving):
        machine.state = STOPPED
    elif starting or machine.state == STOPPED:
        if machine.state != STARTING:
            machine.starting = _STARTING_LASTS
        machine.state = STARTING
    if machine.state == STARTING:
        if machine.starting <= 1:
            machine.starting, machine.state = 0, RUNNING
        else:
            machine.starting -= 1


@lean
def _learn(channels: Records, traits: Records, r: int, c: int, x: Numbers, leaping: bool) -> None:
    for j in range(c):
        if traits[r, j].nature & MOTION == 0 or x[j] != x[j]:
            continue
        channel = channels[r, j]
        if leaping:
            # What was thought running was standing still: learn the level anew.
            channel.moved = 0
        rate = max(1 / (channel.moved + 1.0), 1 / _MEMORY) if channel.moved < 255 else 1 / _MEMORY
        channel.motion += rate * (abs(x[j]) - channel.motion)
        if channel.moved < 255:
            channel.moved += 1
