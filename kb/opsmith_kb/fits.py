"""How large a change is, and how well it fits a sign."""

import math

from opsmith.domain.alerts import Kind
from opsmith.domain.changes import ChannelChange
from opsmith.domain.knowledge import Sign

LEVEL_KINDS: frozenset[Kind] = frozenset({"step", "ramp"})
"""What a new level looks like."""
_UNFIT = 0.4
"""Part of a sign's weight that is left where direction fits, but kind does not."""
UNREST: frozenset[Kind] = frozenset({"variance", "oscillation"})
"""What a level that does not rest looks like."""


def against(sign: Sign) -> float:
    """Log odds that a sign takes away where its channel did not move."""
    if sign.weight < 0:
        return 0.0
    return sign.weight if sign.against is None else sign.against


def weight_of(change: ChannelChange) -> float:
    """How much a change weighs that should not be there: 1 up to 5 sigmas, 3 from 80 on."""
    return min(3.0, 1.0 + max(0.0, math.log2(max(abs(change.sigmas), 1.0) / 5)) / 2)


def strength(change: ChannelChange) -> float:
    """By which the changes of one measurement are compared."""
    return abs(change.sigmas) + 1000.0 * change.significant


def has_kind(change: ChannelChange, sign: Sign) -> bool:
    """Whether a change is of one of the sign's kinds."""
    if not sign.kinds or change.kind in sign.kinds:
        return True
    if change.kind == "unknown":
        return not LEVEL_KINDS.isdisjoint(sign.kinds)
    # The noise of a level that doubles may double with it without being unrest.
    grown = abs(change.now / change.before) if change.before and change.now is not None else 1.0
    restless = change.spread_ratio >= 3 * max(1.0, grown)
    return restless and not UNREST.isdisjoint(sign.kinds)


def size_of(change: ChannelChange) -> float | None:
    """K of a temperature, else the share of the level before; None where that says nothing."""
    if change.before is None or change.now is None:
        return None
    delta = abs(change.now - change.before)
    if change.unit == "Cel":
        return delta
    # A gauge that reads about zero has no level to take a share of.
    noise = delta / abs(change.sigmas) if change.sigmas else 0.0
    return delta / abs(change.before) if abs(change.before) > 3 * noise else None


def fit(sign: Sign, change: ChannelChange) -> float:
    """How well a change that is there fits the sign, 0 to 1."""
    if sign.direction not in ("any", change.direction):
        return 0.0
    if has_kind(change, sign):
        return suits(sign, change)
    return 0.0 if LEVEL_KINDS.isdisjoint(sign.kinds) else _UNFIT * suits(sign, change)


def suits(sign: Sign, change: ChannelChange) -> float:
    """Less than 1 near the least change that counts, and beyond half of the greatest."""
    size = size_of(change)
    if size is None:
        return 1.0
    low = 1.0 if sign.at_least is None else min(1.0, 0.5 * size / sign.at_least)
    high = 1.0 if sign.at_most is None else min(1.0, max(0.2, 2.0 - 2.0 * size / sign.at_most))
    return low * high


def falls_short(sign: Sign, change: ChannelChange) -> bool:
    """Whether a change is less than the sign asks for."""
    size = size_of(change)
    return size is not None and sign.at_least is not None and size < sign.at_least


def exceeds(sign: Sign, change: ChannelChange) -> bool:
    """Whether a change is more than the sign can make."""
    size = size_of(change)
    return size is not None and sign.at_most is not None and size > sign.at_most
