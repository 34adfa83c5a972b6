"""Two failure modes at once: where they explain together what neither explains alone."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from opsmith_kb.fits import weight_of
from opsmith_kb.signs import UNEXPLAINED, Finding, measurement_name

if TYPE_CHECKING:
    from opsmith_kb.matrix import Ranked

_TWICE = 2.0
"""Log odds that a second fault costs where no single one explains the same changes."""
_SENSOR = 1.5
"""Log odds that it costs where one of them is an instrument's: those fail by themselves."""
_MARGIN = 0.7
"""Log odds by which two must explain more than the better of them alone."""
_NEAR = 1.5
"""Log odds within which a single failure mode is a rival of two at once."""
_CLEAR = 10.0
"""Standard deviations of a change that no one takes for chance."""
_OWN = 0.7
"""Log odds that each must gain from a change that the other does not explain."""
_SEVERITIES = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
_FIRST = 4
"""Failure modes that a second one is looked for to."""


def best_pair(judged: Sequence["Ranked"]) -> tuple["Ranked", "Ranked", float] | None:
    """The two that explain together far more than the likeliest does alone.

    Args:
        judged: Each failure mode, in any order.

    Returns:
        Which is named first, the other, and the log odds of both together; None: one will do.
    """
    ranked = sorted(judged, key=lambda one: -one.log_odds)
    if not ranked:
        return None
    found: tuple[Ranked, Ranked, float] | None = None
    least = ranked[0].log_odds + _MARGIN
    gains = {one.entry_id: _by_measurement(one) for one in ranked}
    near = [one for one in ranked if one.log_odds >= ranked[0].log_odds - _NEAR]
    strong = [one for one in ranked if _explained(gains[one.entry_id])]
    for first in [one for one in strong if one.standing == "supported"][:_FIRST]:
        mine = gains[first.entry_id]
        for other in strong:
            theirs = gains[other.entry_id]
            if other is first or _alike(first, other):
                continue
            if not (_explained(theirs) - _touched(mine) and _explained(mine) - _touched(theirs)):
                continue
            both = _explained(mine) | _explained(theirs)
            if any(both <= _touched(gains[one.entry_id]) for one in near):
                # One cause for all of it is by far the commoner case.
                continue
            joint = _joint(first, mine, other, theirs)
            if joint > least:
                found, least = (*_ordered(first, other), joint), joint
    return found


def _ordered(one: "Ranked", other: "Ranked") -> tuple["Ranked", "Ranked"]:
    """What is worse first; but an instrument's fault before what hardly shows on the machine."""
    first, second = (one, other) if _weight(one) >= _weight(other) else (other, one)
    if _is_sensor(second) and not _is_sensor(first) and _clearness(first) < _CLEAR:
        return second, first
    return first, second


def _is_sensor(one: "Ranked") -> bool:
    return one.entry is not None and one.entry.category == "sensor"


def _clearness(one: "Ranked") -> float:
    """The largest change that a mode explains, in standard deviations."""
    seen = (f.change for f in one.speaks_for if f.sign.direction != "none")
    return max((abs(c.sigmas) for c in seen if c is not None and c.significant), default=0.0)


def _weight(one: "Ranked") -> tuple[int, float]:
    """What is worse is named first, and of the same severity what is likelier."""
    assert one.entry is not None
    return _SEVERITIES.index(one.entry.severity), one.log_odds


def _by_measurement(one: "Ranked") -> dict[str, tuple[float, bool]]:
    """What a mode gains or loses by each measurement, and whether that changed for sure."""
    sums: defaultdict[str, float] = defaultdict(float)
    sure: dict[str, bool] = {}
    for finding in (*one.speaks_for, *one.speaks_against):
        key = _key(finding)
        sums[key] += finding.effect
        told = finding.change is not None and finding.change.significant
        sure[key] = sure.get(key, False) or told and finding.effect > 0
    return {key: (value, sure[key]) for key, value in sums.items()}


def _key(finding: Finding) -> str:
    if finding.sign.direction != "none" and finding.change is not None:
        return measurement_name(finding.change.channel)
    return finding.sign.channel


def _explained(gains: Mapping[str, tuple[float, bool]]) -> frozenset[str]:
    return frozenset(key for key, (gain, sure) in gains.items() if sure and gain >= _OWN)


def _touched(gains: Mapping[str, tuple[float, bool]]) -> frozenset[str]:
    return frozenset(key for key, (gain, sure) in gains.items() if sure and gain > 0.25)


def _alike(one: "Ranked", other: "Ranked") -> bool:
    assert one.entry is not None and other.entry is not None
    return (
        other.entry_id in one.entry.separable_from
        or one.entry_id in other.entry.separable_from
        or one.entry.category == other.entry.category
    )


def _joint(
    one: "Ranked",
    mine: Mapping[str, tuple[float, bool]],
    other: "Ranked",
    theirs: Mapping[str, tuple[float, bool]],
) -> float:
    assert one.entry is not None and other.entry is not None
    sensor = "sensor" in (one.entry.category, other.entry.category)
    pairs = [
        (mine.get(key, (0.0, False))[0], theirs.get(key, (0.0, False))[0])
        for key in {**mine, **theirs}
    ]
    left = [change for change in one.unexplained if change in other.unexplained]
    # Summed exactly: two pairs that explain as much do so in whichever order they are looked at.
    return math.fsum(
        (
            one.entry.prior,
            other.entry.prior,
            -(_SENSOR if sensor else _TWICE),
            # What one of them does the other need not leave alone.
            *(max(a, b) if max(a, b) > 0 else a + b for a, b in pairs),
            *(-UNEXPLAINED * weight_of(change) for change in left),
        )
    )
