"""When the deviation that an alert stands for is over: the channels that carry it have come back.

At the raise, and soon after, the channels that deviate are noted with how far they have gone; they
are what the alert is about. The event is over when they are back within a quarter of that, or
within 60 % of it on a clear way back: what is left is new, and is followed and learnt; else a
channel that wandered meanwhile would let no alert end. Temperatures lag behind everything and come
back last, if at all: they carry an event only where nothing else does, and it is over when they
have clearly turned.
"""

from typing import Any

from opsmith.compiled import lean
from opsmith_detectors.coupled import (
    FAST,
    FOLLOW,
    RATIO,
    SCORE,
    SLOW,
    UNFORESEEN,
    spread_of_fast,
)
from opsmith_detectors.learning import COMMISSIONED, FAR_OFF
from opsmith_detectors.machine import HELD, THERMAL, Numbers, Records

_NOTED = 0.75
"""Score from which a channel deviates, ..."""
_PART = 0.5
"""... and part of the greatest one, to carry the event."""
_JOINING = 60
"""Readings of an event in which a temperature may come to carry it."""
_BACK, _ON_ITS_WAY, _TURNED = 0.25, 0.6, 0.75
"""Parts of the reach within which a channel is back; so if it is clearly coming back; so a
temperature."""
_WAY = 0.2
"""Part of the reach by which the fast level is nearer than the slow one, on the way back."""
_NEAR = 2.0
"""Standard deviations of the fast level within which a channel is back at any rate."""
_SHARE = 0.25
"""Part of the greatest reach, in standard deviations, below which a channel carries nothing."""
SETTLING = 60
"""Readings in which a channel that came back is followed."""
_SETTLING_GAIN = 1 / 6
_LONG = 60
"""Readings for which a channel deviates before the end of an event takes its level over."""


@lean
def age(channels: Records, r: int, c: int, work: Numbers) -> None:
    """Count the readings for which each channel deviates, after scoring."""
    for j in range(c):
        channel = channels[r, j]
        if work[RATIO, j] < _NOTED:
            channel.age = 0
        elif channel.age < 255:
            channel.age += 1


@lean
def settle(channels: Records, r: int, c: int, work: Numbers) -> None:
    """Follow what came back lately, before scoring."""
    for j in range(c):
        channel = channels[r, j]
        if channel.settling > 0:
            channel.settling -= 1
            work[FOLLOW, j] = _SETTLING_GAIN


@lean
def begin(machine: Any, channels: Records, r: int, c: int, work: Numbers, out: Numbers) -> None:
    """An alert was raised at this reading."""
    machine.event = 0
    known = machine.seen >= COMMISSIONED or out[SCORE] >= FAR_OFF
    for j in range(c):
        channel = channels[r, j]
        channel.marks &= ~HELD
        if known and work[RATIO, j] >= max(_NOTED, _PART * out[SCORE]):
            channel.marks |= HELD
            channel.reach = work[FAST, j] - channel.mean


@lean
def go_on(
    machine: Any,
    channels: Records,
    traits: Records,
    r: int,
    c: int,
    work: Numbers,
    out: Numbers,
) -> int:
    """Whether the event goes on at this reading.

    Returns:
        1 if it goes on, 0 if what carried it is back, -1 if nothing carries it: the score tells.
    """
    machine.event += 1
    greatest = _join(machine, channels, traits, r, c, work, out)
    carried = quickly = stands = False
    for j in range(c):
        channel = channels[r, j]
        if channel.marks & HELD:
            carried = True
            if traits[r, j].nature & THERMAL == 0 and _carries(channel, greatest):
                quickly = True
    for j in range(c):
        channel = channels[r, j]
        thermal = traits[r, j].nature & THERMAL != 0
        if channel.marks & HELD and not (thermal and quickly) and _carries(channel, greatest):
            stands |= _is_out(channel, j, thermal, work)
    if not carried:
        return -1
    return 1 if stands or out[UNFORESEEN] >= 1 else 0


@lean
def _join(
    machine: Any,
    channels: Records,
    traits: Records,
    r: int,
    c: int,
    work: Numbers,
    out: Numbers,
) -> float:
    """Note who carries the event by now, and how far it went; the greatest reach, in spreads."""
    known = machine.seen >= COMMISSIONED
    least = max(_NOTED, _PART * out[SCORE])
    greatest = 0.0
    for j in range(c):
        channel = channels[r, j]
        if channel.marks & HELD == 0 and known and channel.settling == 0:
            late = machine.event > _JOINING
            if work[RATIO, j] >= least and not (
                late and (traits[r, j].nature & THERMAL or work[RATIO, j] < 1)
            ):
                channel.marks |= HELD
                channel.reach = work[FAST, j] - channel.mean
        if channel.marks & HELD:
            slow = work[SLOW, j] - channel.mean
            if abs(slow) > abs(channel.reach) and slow * channel.reach > 0:
                channel.reach = slow
            greatest = max(greatest, abs(channel.reach) / spread_of_fast(channel))
    return greatest


@lean
def _carries(channel: Any, greatest: float) -> bool:
    return abs(channel.reach) >= _SHARE * greatest * spread_of_fast(channel)


@lean
def _is_out(channel: Any, j: int, thermal: bool, work: Numbers) -> bool:
    """Whether a channel that carries the event is still out, or out on the other side."""
    off, slow = work[FAST, j] - channel.mean, work[SLOW, j] - channel.mean
    reach = abs(channel.reach)
    part = _TURNED if thermal else _BACK
    if abs(slow) - abs(off) > _WAY * reach:
        part = max(part, _ON_ITS_WAY)
    if off * channel.reach < 0:
        return work[RATIO, j] >= 1
    return abs(off) >= max(part * reach, _NEAR * spread_of_fast(channel))


@lean
def end(machine: Any, channels: Records, r: int, c: int, work: Numbers) -> None:
    """The alert was cleared at this reading: take over what it left."""
    machine.since_event = 1
    machine.spoilt = 1
    for j in range(c):
        channel = channels[r, j]
        if channel.marks & HELD or channel.age >= _LONG:
            channel.mean = work[FAST, j]
            channel.settling, channel.age = SETTLING, 0
        channel.marks &= ~HELD
