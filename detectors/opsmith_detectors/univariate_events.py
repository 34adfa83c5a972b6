"""One event of a channel, told once: when it began, what it turns out to be, when it is over.

While it goes on, and for a day after its onset (60 readings at least, 288 at most, as of five
minutes), only what is `_GREATER` times as surprising is told anew. While it goes on the tails learn
nothing from it, for a tenth as long as the device is known and 1,000 readings at most; after that
the new normal is taken over, and the event ends.
"""

from typing import Any

from opsmith.compiled import lean
from opsmith_detectors.tails import FROZEN, LEARN, TAKE_OVER

NOTHING, STEP, RAMP, SPIKE, VARIANCE, STUCK = range(6)
KINDS = ("unknown", "step", "ramp", "spike", "variance", "flat")
"""Kinds of change, by their codes."""
_DAY_S = 86_400.0
_SAME_EVENT, _SAME_EVENT_MOST = 60, 288
_GREATER = 2.0
_CLEAR = 0.8
"""Score below which an event is over, if it lasts for `_OFF_DELAY` readings."""
_OFF_DELAY = 10
_GUARDED, _GUARDED_PART = 1000, 10
"""Readings for which an event is kept out of the tails, or a part of those seen, if that is less:
what is hardly known is not worth guarding."""
_BRIEF = 3
"""Readings after which what began as a spike is a step, or variance if it goes both ways."""

FIELDS: list[Any] = [
    ("hold", "i4"),
    ("stands", "i4"),
    ("quiet", "i4"),
    ("hits", "i4"),
    ("side", "i4"),
    ("peak", "f4"),
    ("kind", "u1"),
]
"""`hold`: readings for which the last event is not told again; `stands`: readings for which it has
gone on, 0 if it is over; `quiet`: of them, since it was last seen; `hits`, `side`: of them, those
that were off alone, and those above less those below; `peak`, `kind`: its greatest score told and
its kind."""


@lean
def how_to_learn(s: Any) -> int:
    """What the tails may learn of the next reading."""
    if s.stands == 0:
        return LEARN
    return FROZEN if s.stands < min(_GUARDED, s.seen // _GUARDED_PART) else TAKE_OVER


@lean
def tell(s: Any, score: float, kind: int, interval: float) -> float:
    """Keep the event; the score as it is to be told: 0 for an event that is told already."""
    if s.stands > 0:
        s.stands += 1
        s.quiet = s.quiet + 1 if score < _CLEAR else 0
        if s.quiet >= _OFF_DELAY:
            s.stands = 0
    if s.hold > 0:
        s.hold -= 1
    told = s.hold > 0 or s.stands > 0
    if score < 1:
        return 0.0 if told else score
    if told and score <= _GREATER * s.peak:
        return 0.0
    s.hold = int(min(max(_DAY_S / interval, _SAME_EVENT), _SAME_EVENT_MOST))
    s.stands = max(int(s.stands), 1)
    s.quiet = 0
    s.peak = score
    s.kind = kind
    s.hits = s.side = 0
    return score


@lean
def know_better(s: Any, is_stuck: bool) -> None:
    """What began as a spike may turn out to be something else."""
    if s.stands == 0:
        return
    if is_stuck:
        # A stuck value is soon far off its time of the day as well; that is not what is wrong.
        s.kind = STUCK
    elif s.stands > _BRIEF and s.quiet == 0 and (s.kind == SPIKE or s.kind == STEP):
        s.kind = VARIANCE if s.hits >= _BRIEF and 2 * abs(s.side) <= s.hits else STEP
