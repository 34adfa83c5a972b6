"""When a deviation becomes an alert, and when the alert ends: one event, from raise to clear.

Pure: a `Track` and what was observed give the next `Track` and, seldom, a change to announce.

| alert                               | level                                                     |
|-------------------------------------|-----------------------------------------------------------|
| rated limit passed                  | P0: 20 % of the span beyond, or 10 % and still rising     |
|                                     | P1: 5 % beyond, or 60 readings beyond; else P2            |
| the device says so itself, no data  | P2                                                        |
| learned normal left (`composite`)   | P2: twice the limit, or 30 readings; else P3              |
| sensor fault                        | P2 on a channel with a rated limit, else P3               |

A level only rises within an event. The span is that between the rated limits of a channel, or the
one limit's distance from zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from opsmith.domain.alerts import AlertChange, AlertLevel, AlertType, Deviation
from opsmith.domain.moments import to_moment

SAME_EVENT = np.timedelta64(5 * 60, "s")
"""A deviation that returns within this time of its clearing is the same event."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How readings become an alert of one type."""

    needed: int = 3
    """Deviating readings among the last `among` that raise it (on-delay)."""
    among: int = 5
    off_delay: int = 15
    """Readings in a row below the clear limit that end it."""


RULES: dict[AlertType, Rule] = {
    "composite": Rule(needed=8, among=12, off_delay=10),
    "sensor_fault": Rule(needed=1, among=1, off_delay=10),
    "device_reported": Rule(needed=1, among=1, off_delay=5),
    "no_data": Rule(needed=1, among=1, off_delay=1),
}
RATED = Rule(needed=3, among=5, off_delay=30)
"""Of every type that a rated limit raises."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What one reading says about one type of alert."""

    score: float
    """1 is the raise limit."""
    cleared: bool
    """Below the clear limit, which lies below the raise limit (deadband)."""
    at_once: bool = False
    """So far beyond that no on-delay is kept."""
    beyond: float | None = None
    """Of a rated limit: how far beyond, as part of the span; None: there is no rated limit."""
    protects: bool = False
    """Of a sensor: a rated limit depends on it."""


QUIET = Observed(score=0.0, cleared=True)


@dataclass(frozen=True, slots=True)
class Track:
    """One type of alert of one device, from before it is raised until it is over."""

    alert_type: AlertType
    hits: tuple[bool, ...] = ()
    below: int = 0
    standing: bool = False
    level: AlertLevel = AlertLevel.P3
    first_seen: np.datetime64 | None = None
    last_seen: np.datetime64 | None = None
    onset: np.datetime64 | None = None
    cleared_at: np.datetime64 | None = None
    count: int = 0
    announced: int = 0
    score: float = 0.0
    beyond: float = 0.0
    deviations: tuple[Deviation, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Advance:
    """What became of a track, and whether to say so."""

    track: Track
    change: Literal["raised", "updated", "cleared"] | None = None


def advance(track: Track, seen: Observed, time: np.datetime64) -> Advance:
    """Take one reading into account.

    Args:
        track: As the reading before left it.
        seen: What the reading says.
        time: Of the reading, UTC.
    """
    if not track.standing and seen.score < 0.5 and True not in track.hits:
        return Advance(track if track.onset is None else replace(track, onset=None))
    rule = RULES.get(track.alert_type, RATED)
    hit = seen.score >= 1
    if not track.standing:
        return _not_standing(track, seen, time, rule, hit)
    below = 0 if not seen.cleared else track.below + 1
    if below >= rule.off_delay:
        over = replace(track, standing=False, below=0, hits=(), cleared_at=time, onset=None)
        return Advance(over, "cleared")
    if not hit:
        return Advance(replace(track, below=below))
    grown = _counted(track, seen, time)
    level = min(track.level, level_of(grown, seen))
    grown = replace(grown, below=below, level=level)
    if level < track.level or grown.count >= 2 * track.announced:
        return Advance(replace(grown, announced=grown.count), "updated")
    return Advance(grown)


def _not_standing(
    track: Track, seen: Observed, time: np.datetime64, rule: Rule, hit: bool
) -> Advance:
    hits = (*track.hits, hit)[-rule.among :]
    onset = track.onset if seen.score >= 0.5 and track.onset is not None else None
    if seen.score >= 0.5 and onset is None:
        onset = time
    if not (sum(hits) >= rule.needed or (hit and seen.at_once)):
        return Advance(replace(track, hits=hits, onset=onset))
    known = track.cleared_at is not None and time - track.cleared_at < SAME_EVENT
    start = track if known else Track(track.alert_type, onset=onset)
    begun = replace(
        start, standing=True, below=0, hits=(), cleared_at=None, onset=start.onset or onset or time
    )
    if not known:
        begun = replace(begun, first_seen=time)
    begun = _counted(begun, seen, time)
    level = level_of(begun, seen)
    begun = replace(begun, level=min(level, start.level) if known else level, announced=begun.count)
    return Advance(begun, "updated" if known else "raised")


def _counted(track: Track, seen: Observed, time: np.datetime64) -> Track:
    return replace(
        track,
        count=track.count + 1,
        last_seen=time,
        score=max(track.score, seen.score),
        beyond=max(track.beyond, seen.beyond or 0.0),
    )


def level_of(track: Track, seen: Observed) -> AlertLevel:
    """How soon to respond, by the table above; `track` has the reading counted already."""
    match track.alert_type:
        case "composite" | "drift":
            return AlertLevel.P2 if seen.score >= 2 or track.count >= 30 else AlertLevel.P3
        case "sensor_fault":
            return AlertLevel.P2 if seen.protects else AlertLevel.P3
        case "device_reported" | "no_data":
            return AlertLevel.P2
        case _:
            beyond = seen.beyond or 0.0
            rising = track.count >= 10 and beyond >= track.beyond
            if beyond >= 0.20 or (beyond >= 0.10 and rising):
                return AlertLevel.P0
            return AlertLevel.P1 if beyond >= 0.05 or track.count >= 60 else AlertLevel.P2


def describe(
    track: Track,
    change: Literal["raised", "updated", "cleared"],
    deviations: Sequence[Deviation],
) -> AlertChange:
    """The change as others see it."""
    assert track.first_seen is not None and track.last_seen is not None
    return AlertChange(
        change=change,
        alert_type=track.alert_type,
        alert_level=track.level,
        first_seen=to_moment(track.first_seen),
        last_seen=to_moment(track.last_seen),
        onset=to_moment(track.onset if track.onset is not None else track.first_seen),
        count=track.count,
        score=track.score,
        deviations=tuple(deviations),
    )
