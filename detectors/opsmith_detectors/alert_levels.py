"""How soon to respond to an alert: one table of consequence, deviation, persistence, criticality.

| consequence          | deviation, persistence             | 1: stops the plant | 2  | 3: spare |
|----------------------|------------------------------------|--------------------|----|----------|
| rated limit passed   | beyond it                          | P1                 | P2 | P2       |
|                      | 5 % of the span, or 60 readings    | P1                 | P1 | P2       |
|                      | 10 % of the span, and still rising | P0                 | P0 | P1       |
|                      | 20 % of the span                   | P0                 | P0 | P0       |
| the device says it   | any                                | P2                 | P2 | P2       |
| protection blind     | no data; sensor with a rated limit | P2                 | P2 | P3       |
| learned normal left  | beyond the limit                   | P2                 | P3 | P3       |
|                      | twice the limit, or 30 readings    | P2                 | P2 | P3       |
| it creeps; a sensor  | any                                | P3                 | P3 | P3       |
| operator's rule met  | any                                | as the rule says   |    |          |

P0: respond within minutes; P1: this shift; P2: this week; P3: at the next planned stop (ISA-18.2:
priority by the consequence and by the time there is to respond). Without a rated limit an alert is
at most P2, but for a rule, which is as much the operator's word as a limit. 20 % beyond a rated
limit endangers people, and a spare does not help them. The span is that between the rated limits
of a channel, or the one limit's distance from zero. The numbers of readings shrink for slow series
as the delays do (`alert_track.readings_of`).
"""

from typing import get_args

import numpy as np

from opsmith.compiled import compiled
from opsmith.domain.alerts import AlertLevel, AlertType

ALERT_TYPES: tuple[AlertType, ...] = tuple(
    each for each in get_args(AlertType) if each != "imported"
)
"""Those that are judged here, in the order in which tracks are kept: a type's place is its
`kind`."""
LEVELS = tuple(AlertLevel)
"""A level's place is its number in arrays: 0 is P0."""
CRITICALITIES = 3

RATED, REPORTED, BLIND, LEARNED, CREEPING, RULE = range(6)

OVER = (0.05, 0.10, 0.20)
"""Parts of the span at which a rated limit's deviation is one grade worse; 0.10 only if rising."""
_STAYS_RATED, _STAYS_LEARNED, _RISING = 60, 30, 10
"""Readings after which a deviation has lasted, and after which it can be said to rise."""
_TWICE = 2.0

_CONSEQUENCE: dict[AlertType, int] = {
    "composite": LEARNED,
    "sensor_fault": CREEPING,
    "no_data": BLIND,
    "device_reported": REPORTED,
    "drift": CREEPING,
    "composite_rule": RULE,
}
CONSEQUENCE = np.array([_CONSEQUENCE.get(kind, RATED) for kind in ALERT_TYPES], dtype=np.int64)
"""Shape (T,), of each type of alert; a sensor with a rated limit is `BLIND`."""

TABLE = np.array(
    [
        # By criticality 1, 2, 3; in each, by grade from a slight deviation to the worst.
        [[1, 1, 0, 0], [2, 1, 0, 0], [2, 2, 1, 0]],
        [[2, 2, 2, 2], [2, 2, 2, 2], [2, 2, 2, 2]],
        [[2, 2, 2, 2], [2, 2, 2, 2], [3, 3, 3, 3]],
        [[2, 2, 2, 2], [3, 2, 2, 2], [3, 3, 3, 3]],
        [[3, 3, 3, 3], [3, 3, 3, 3], [3, 3, 3, 3]],
    ],
    dtype=np.int64,
)
"""Shape (5, 3, 4): the level by consequence, criticality less 1, and grade; as the table above."""

_SENSOR = ALERT_TYPES.index("sensor_fault")


@compiled
def level_of(
    kind: int,
    score: float,
    beyond: float,
    greatest: bool,
    count: int,
    shrink: int,
    flag: int,
    criticality: int,
) -> int:
    """How soon to respond, by the table above.

    Args:
        kind: Place of the type in `ALERT_TYPES`.
        score: Of this reading; 1 is the limit.
        beyond: Of a rated limit: how far beyond, as part of the span; else 0.
        greatest: No reading of this event scored more.
        count: Readings that deviated in this event, this one among them.
        shrink: What numbers of readings are divided by.
        flag: Of a sensor: 1 if a rated limit depends on it; of a rule: its level.
        criticality: 1 stops the plant, 2, 3 has a spare.

    Returns:
        Place of the level in `LEVELS`.

    >>> LEVELS[level_of(ALERT_TYPES.index("over_temp"), 1.06, 0.06, True, 1, 1, 0, 2)].value
    'P1'
    """
    consequence = CONSEQUENCE[kind]
    if consequence == RULE:
        return min(max(flag, 0), 3)
    grade = 0
    if consequence == RATED:
        rising = greatest and count * shrink >= _RISING
        if beyond >= OVER[2]:
            grade = 3
        elif beyond >= OVER[1] and rising:
            grade = 2
        elif beyond >= OVER[0] or count * shrink >= _STAYS_RATED:
            grade = 1
    elif consequence == LEARNED:
        grade = 1 if score >= _TWICE or count * shrink >= _STAYS_LEARNED else 0
    elif kind == _SENSOR and flag != 0:
        consequence = BLIND
    return TABLE[consequence, min(max(criticality, 1), CRITICALITIES) - 1, grade]
