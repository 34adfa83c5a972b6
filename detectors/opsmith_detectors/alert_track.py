"""When a deviation becomes an alert, and when the alert ends: one event, from raise to clear.

The state of one type of alert of one device is a record of plain numbers; a reading that says
nothing about a type that is at rest costs a few nanoseconds. After ISA-18.2: raise and clear limits
lie apart (`score >= 1` and the caller's `cleared`), N of M readings raise it (on-delay), a number
of them in a row below the clear limit ends it (off-delay).

Delays are written for one reading a second. Slow series need fewer readings: theirs follow less
closely on each other, so each is evidence of its own, and waiting for many costs hours.

| usual interval | divided by | 6 of 10 is | 3 of 5 is | off after 30 is |
|----------------|------------|------------|-----------|-----------------|
| unknown, < 60 s | 1         | 6 of 10    | 3 of 5    | 30 readings     |
| 1 to 10 min    | 2          | 4 of 6     | 2 of 3    | 15              |
| 10 to 60 min   | 4          | 2 of 3     | 1 of 2    | 8               |
| 1 h and more   | 8          | 1 of 2     | 1 of 1    | 4               |

Series of more than two readings a second have to deviate for 1 s without a break, and to be quiet
for 3 s, besides.

A deviation that returns within 5 min of its clearing, or 10 usual intervals, whichever is longer,
is the same event: its count goes on. It *flaps* if it is raised three times in 60 s (chattering
after ISA-18.2) or more than three times in an hour, or in 60 usual intervals: that is told once,
and from then on only a higher level, until it has neither come nor gone for half as long.
How soon to respond is said in `alert_levels`.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from opsmith.compiled import compiled
from opsmith.domain.alerts import AlertType
from opsmith_detectors.alert_levels import ALERT_TYPES, level_of

Records = npt.NDArray[Any]

TRACK = np.dtype(
    [
        ("first_seen", "i8"),
        ("last_seen", "i8"),
        ("onset", "i8"),
        ("turned", "i8"),
        ("score", "f4"),
        ("count", "i4"),
        ("hits", "u2"),
        ("stood", "u2"),
        ("gap", "u2"),
        ("gap_before", "u2"),
        ("raises", "u2"),
        ("standing", "u1"),
        ("flapping", "u1"),
        ("level", "u1"),
        ("below", "u1"),
    ],
    align=True,
)
"""One type of alert of one device; all zero: never raised.

Times are microseconds since 1970, 0 for none. `turned`: when it last was raised or cleared; `hits`:
one bit a reading, the newest lowest; `stood`, `gap` and `gap_before`: seconds for which it stood
last, and between its last three raises; `level`: place in `LEVELS`.
"""

NOTHING, RAISED, UPDATED, CLEARED = range(4)
"""What `advance` decides; the last three are to be announced."""

_SECOND = 1_000_000
_RULES: dict[AlertType, tuple[int, int, int]] = {
    "composite": (6, 10, 6),
    "sensor_fault": (1, 1, 10),
    "device_reported": (1, 1, 5),
    "no_data": (1, 1, 1),
    "drift": (1, 1, 1),
    "composite_rule": (1, 1, 10),
}
_RATED = (3, 5, 30)
RULES = np.array([_RULES.get(kind, _RATED) for kind in ALERT_TYPES], dtype=np.int64)
"""Shape (T, 3): readings needed, among how many, and below the clear limit to end it.

A drift is judged once a day, a rule and a silence have delays of their own.
"""
_COMPOSITE = ALERT_TYPES.index("composite")
_LEAST_OFF = 5
"""Readings that end an alert of the learned normal at least: what swings is calm between."""
_SAME_EVENT = 5 * 60 * _SECOND
_SAME_EVENT_INTERVALS = 10
_DAY = 24 * 3600 * _SECOND
_HASTY = _SECOND // 2
_HASTY_ON, _HASTY_OFF = _SECOND, 3 * _SECOND
_CHATTER_S = 60
_FLAP_S, _FLAP_INTERVALS, _FLAP_MOST_S = 3600, 60, 12 * 3600
LONG_S = 0xFFFF
"""Seconds, of a gap that is longer than can be kept."""


@compiled
def shrink_of(interval_us: int) -> int:
    """What numbers of readings are divided by, by the table above."""
    if interval_us < 60 * _SECOND:
        return 1
    if interval_us < 600 * _SECOND:
        return 2
    return 4 if interval_us < 3600 * _SECOND else 8


@compiled
def _flap_seconds(interval_us: int) -> int:
    return min(max(_FLAP_S, _FLAP_INTERVALS * (interval_us // _SECOND)), _FLAP_MOST_S)


@compiled
def _seconds(passed_us: int) -> int:
    return min(max(passed_us // _SECOND, 0), LONG_S)


@compiled
def advance(
    tracks: Records,
    r: int,
    kind: int,
    time_us: int,
    interval_us: int,
    score: float,
    cleared: bool,
    at_once: bool,
    beyond: float,
    flag: int,
    criticality: int,
) -> int:
    """Take one reading into account, for one type of alert of one device.

    Args:
        tracks: Shape (N, T), of `TRACK`.
        r: The device's row.
        kind: Place of the type in `ALERT_TYPES`.
        time_us: Of the reading, microseconds since 1970, UTC.
        interval_us: The device's usual interval; 0 while it is unknown.
        score: 1 is the raise limit; NaN says nothing.
        cleared: Below the clear limit.
        at_once: So far beyond that no on-delay is kept.
        beyond: Of a rated limit: how far beyond, as part of the span; else 0.
        flag: Of a sensor: 1 if a rated limit depends on it; of a rule: its level, 0 to 3.
        criticality: Of the device, 1 to 3.

    Returns:
        `NOTHING`, `RAISED`, `UPDATED` or `CLEARED`.
    """
    track = tracks[r, kind]
    if track.standing == 0 and track.hits == 0 and track.flapping == 0 and not score >= 0.5:
        track.onset = 0
        return NOTHING
    if track.standing == 0:
        return _not_standing(
            track, kind, time_us, interval_us, score, at_once, beyond, flag, criticality
        )
    return _standing(track, kind, time_us, interval_us, score, cleared, beyond, flag, criticality)


@compiled
def _standing(
    track: Any,
    kind: int,
    time_us: int,
    interval_us: int,
    score: float,
    cleared: bool,
    beyond: float,
    flag: int,
    criticality: int,
) -> int:
    below = min(track.below + 1, 255) if cleared else 0
    track.below = below
    shrink = shrink_of(interval_us)
    off = (RULES[kind, 2] + shrink - 1) // shrink
    if kind == _COMPOSITE:
        off = max(off, _LEAST_OFF)
    hasty = 0 < interval_us < _HASTY and off > 1
    if below >= off and not (hasty and time_us - track.last_seen < _HASTY_OFF):
        track.stood = _seconds(time_us - track.turned)
        track.standing, track.below, track.hits = 0, 0, 0
        track.turned, track.onset = time_us, 0
        return NOTHING if track.flapping != 0 else CLEARED
    if not score >= 1:
        return NOTHING
    level = _count(track, kind, time_us, score, beyond, shrink, flag, criticality)
    rose = level < track.level
    if rose:
        track.level = level
    if track.flapping != 0:
        if time_us - track.turned < _flap_seconds(interval_us) // 2 * _SECOND:
            return UPDATED if rose else NOTHING
        # It has come to stay.
        track.flapping, track.gap, track.gap_before = 0, LONG_S, LONG_S
        return UPDATED
    # A count that is a power of two is announced: each time it has doubled.
    return UPDATED if rose or track.count & (track.count - 1) == 0 else NOTHING


@compiled
def _not_standing(
    track: Any,
    kind: int,
    time_us: int,
    interval_us: int,
    score: float,
    at_once: bool,
    beyond: float,
    flag: int,
    criticality: int,
) -> int:
    shrink = shrink_of(interval_us)
    among = (RULES[kind, 1] + shrink - 1) // shrink
    needed = (RULES[kind, 0] + shrink - 1) // shrink
    hit = score >= 1
    hits = ((int(track.hits) << 1) | (1 if hit else 0)) & ((1 << among) - 1)
    if not score >= 0.5:
        track.onset = 0
    elif track.onset == 0:
        track.onset = time_us
    counted, rest = 0, hits
    while rest:
        rest &= rest - 1
        counted += 1
    hasty = 0 < interval_us < _HASTY and needed > 1
    if hasty and (track.onset == 0 or time_us - track.onset < _HASTY_ON):
        counted = 0
    if not (counted >= needed or (hit and at_once)):
        track.hits = hits
        quiet_us = _flap_seconds(interval_us) // 2 * _SECOND
        if track.flapping != 0 and time_us - track.turned >= quiet_us:
            track.flapping, track.gap, track.gap_before = 0, LONG_S, LONG_S
            return CLEARED
        return NOTHING
    return _raise(track, kind, time_us, interval_us, score, beyond, flag, criticality)


@compiled
def _raise(
    track: Any,
    kind: int,
    time_us: int,
    interval_us: int,
    score: float,
    beyond: float,
    flag: int,
    criticality: int,
) -> int:
    same_us = max(_SAME_EVENT, min(_SAME_EVENT_INTERVALS * interval_us, _DAY))
    ever = track.first_seen != 0
    same = ever and (track.flapping != 0 or time_us - track.turned < same_us)
    since = min(_seconds(time_us - track.turned) + int(track.stood), LONG_S) if ever else LONG_S
    gap = int(track.gap) if ever else LONG_S
    gap_before = int(track.gap_before) if ever else LONG_S
    often = since + gap <= _CHATTER_S or since + gap + gap_before <= _flap_seconds(interval_us)
    track.gap, track.gap_before = since, gap
    if track.onset == 0:
        track.onset = time_us
    if not same:
        track.first_seen, track.raises, track.count = time_us, 0, 0
        track.score, track.level = 0.0, 3
    track.standing, track.below, track.hits, track.turned = 1, 0, 0, time_us
    track.raises = min(int(track.raises) + 1, 0xFFFF)
    level = _count(track, kind, time_us, score, beyond, shrink_of(interval_us), flag, criticality)
    rose = level < track.level
    if rose:
        track.level = level
    if track.flapping != 0:
        return UPDATED if rose else NOTHING
    track.flapping = 1 if often else 0
    return UPDATED if same else RAISED


@compiled
def _count(
    track: Any,
    kind: int,
    time_us: int,
    score: float,
    beyond: float,
    shrink: int,
    flag: int,
    criticality: int,
) -> int:
    """Count a deviating reading; the level it has by itself."""
    track.count += 1
    track.last_seen = time_us
    # Compared as it is stored, or an equal score would seem to be less.
    own = np.float32(score)
    greatest = own >= track.score
    if greatest:
        track.score = own
    return level_of(kind, score, beyond, greatest, track.count, shrink, flag, criticality)


@compiled
def stands(tracks: Records, r: int) -> bool:
    """Whether any alert of the device stands."""
    for kind in range(tracks.shape[1]):  # noqa: SIM110 - numba compiles no generators
        if tracks[r, kind].standing != 0:
            return True
    return False
