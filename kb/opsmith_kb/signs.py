"""One cell of the fault x symptom matrix, held against how the channels changed.

A sign's channel is a measurement (`vibration` stands for `vibration2` too) or one of
`*`     exactly one channel has one of the sign's kinds: the trouble is that channel's alone;
`@all`  at least two channels, and more than half of all, have one of the sign's kinds;
`@twin` of several channels of one measurement one moved and the others did not (vibration is no
        such measurement: each bearing has its own);
`@load` speed, flow, current, power and pressure moved together as another load would move them.
"""

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opsmith.domain.alerts import Kind
from opsmith.domain.changes import ChannelChange
from opsmith.domain.knowledge import Sign

INSTRUMENT_KINDS: frozenset[Kind] = frozenset({"flat", "dropout", "implausible"})
"""What a machine cannot do to a reading: the channel says nothing of the machine then."""
_LEVEL_KINDS: frozenset[Kind] = frozenset({"step", "ramp"})
_UNREST: frozenset[Kind] = frozenset({"variance", "oscillation"})
_LOAD = ("speed", "current", "power", "flow", "pressure")
UNEXPLAINED = 0.6
"""Log odds that a failure mode loses for a change that it does not explain, see `weight_of`."""
_UNFIT = 0.4
"""Part of a sign's weight that is left where direction fits, but kind does not."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A sign, and what the channels say of it."""

    sign: Sign
    change: ChannelChange | None
    """The change that decided it; None where no channel measures the sign."""
    effect: float
    """Log odds added; negative: it speaks against; 0: it is there, but too small to say."""


def measurement_name(channel: str) -> str:
    """The channel without the number that tells it from others of its kind.

    >>> measurement_name("vibration2"), measurement_name("bearing_temperature_1")
    ('vibration', 'bearing_temperature')
    """
    return re.sub(r"_?\d+$", "", channel) or channel


class Symptoms:
    """The changes of one device's channels, by measurement."""

    def __init__(self, changes: Sequence[ChannelChange]) -> None:
        self.changes = tuple(changes)
        groups: defaultdict[str, list[ChannelChange]] = defaultdict(list)
        for change in changes:
            groups[measurement_name(change.channel)].append(change)
        self.by_measurement: Mapping[str, list[ChannelChange]] = groups

    @property
    def any_significant(self) -> bool:
        """Whether any channel changed at all."""
        return any(change.significant for change in self.changes)

    def moved(self) -> dict[str, ChannelChange]:
        """The strongest change of each measurement that the machine, not its sensor, moved."""
        found: dict[str, ChannelChange] = {}
        for name, group in self.by_measurement.items():
            moved = [c for c in group if c.significant and c.kind not in INSTRUMENT_KINDS]
            if moved:
                found[name] = max(moved, key=_strength)
        return found

    def find(self, sign: Sign) -> Finding | None:
        """Judge one sign; None where nothing measures it."""
        match sign.channel:
            case "*":
                return self._alone(sign)
            case "@all":
                return self._everywhere(sign)
            case "@twin":
                return self._twin(sign)
            case "@load":
                return self._load(sign)
            case _:
                return self._measured(sign)

    def _alone(self, sign: Sign) -> Finding:
        odd = [c for c in self.changes if c.significant and c.kind in sign.kinds]
        return Finding(sign, odd[0], sign.weight) if len(odd) == 1 else self._refuted(sign)

    def _everywhere(self, sign: Sign) -> Finding:
        odd = [c for c in self.changes if c.significant and c.kind in sign.kinds]
        if len(odd) >= 2 and len(odd) > len(self.changes) / 2:
            return Finding(sign, odd[0], sign.weight)
        return self._refuted(sign)

    def _twin(self, sign: Sign) -> Finding | None:
        several = [
            group
            for name, group in self.by_measurement.items()
            if len(group) > 1 and not name.startswith("vibration")
        ]
        if not several:
            return None
        for group in several:
            moved = [c for c in group if c.significant]
            if len(moved) == 1 and _has_kind(moved[0], sign):
                return Finding(sign, moved[0], sign.weight)
        return self._refuted(sign)

    def _load(self, sign: Sign) -> Finding | None:
        moved = self.moved()
        there = {name for name in _LOAD if name in self.by_measurement}
        if "speed" not in there and not {"flow", "current", "pressure"} <= there:
            return None
        together = {name: moved[name] for name in there if name in moved}
        ways = {change.direction for change in together.values()}
        driven = "speed" in together and len(together) >= 2
        as_driven = "speed" not in there and {"flow", "current", "pressure"} <= together.keys()
        calm = not any(change.kind in _UNREST for change in together.values())
        if (driven or as_driven) and len(ways) == 1 and "none" not in ways and calm:
            return Finding(sign, max(together.values(), key=_strength), sign.weight)
        return self._refuted(sign)

    def _measured(self, sign: Sign) -> Finding | None:
        group = self.by_measurement.get(sign.channel, [])
        sound = [c for c in group if c.kind not in INSTRUMENT_KINDS and c.now is not None]
        if not sound:
            return None
        strongest = max(sound, key=_strength)
        moved = [c for c in sound if c.significant and (c.kind != "spike" or "spike" in sign.kinds)]
        if sign.direction == "none":
            effect = -_against(sign) * weight_of(strongest) if moved else sign.weight
            return Finding(sign, strongest, effect)
        too_much = [c for c in moved if _exceeds(sign, c)]
        if too_much:
            worst = max(too_much, key=_strength)
            return Finding(sign, worst, -UNEXPLAINED * weight_of(worst))
        sized = [c for c in moved if not _falls_short(sign, c)]
        if moved and not sized and any(sign.direction in ("any", c.direction) for c in moved):
            return Finding(sign, strongest, 0.0)
        fits = [(_fit(sign, c), c) for c in sized]
        best, change = max(fits, key=lambda fit: (fit[0], _strength(fit[1])), default=(0.0, None))
        if best > 0:
            return Finding(sign, change, best * sign.weight)
        wrong_way = [c for c in moved if sign.direction != "any" and c.direction != "none"]
        if wrong_way and not any(c.direction == sign.direction for c in wrong_way):
            return Finding(sign, max(wrong_way, key=_strength), -abs(sign.weight))
        return Finding(sign, strongest, -_against(sign))

    def _refuted(self, sign: Sign) -> Finding:
        some = max(self.changes, key=_strength, default=None)
        return Finding(sign, some, -_against(sign))


def _against(sign: Sign) -> float:
    if sign.weight < 0:
        return 0.0
    return sign.weight if sign.against is None else sign.against


def weight_of(change: ChannelChange) -> float:
    """How much a change weighs that should not be there: 1 up to 5 sigmas, 3 from 80 on."""
    return min(3.0, 1.0 + max(0.0, math.log2(max(abs(change.sigmas), 1.0) / 5)) / 2)


def _strength(change: ChannelChange) -> float:
    return abs(change.sigmas) + 1000.0 * change.significant


def _has_kind(change: ChannelChange, sign: Sign) -> bool:
    if not sign.kinds or change.kind in sign.kinds:
        return True
    if change.kind == "unknown":
        return not _LEVEL_KINDS.isdisjoint(sign.kinds)
    # The noise of a level that doubles may double with it without being unrest.
    grown = abs(change.now / change.before) if change.before and change.now is not None else 1.0
    restless = change.spread_ratio >= 3 * max(1.0, grown)
    return restless and not _UNREST.isdisjoint(sign.kinds)


def _size(change: ChannelChange) -> float | None:
    """K of a temperature, else the share of the level before; None where that says nothing."""
    if change.before is None or change.now is None:
        return None
    delta = abs(change.now - change.before)
    if change.unit == "Cel":
        return delta
    return delta / abs(change.before) if change.before else None


def _fit(sign: Sign, change: ChannelChange) -> float:
    """How well a change that is there fits the sign, 0 to 1."""
    if sign.direction not in ("any", change.direction):
        return 0.0
    if _has_kind(change, sign):
        return 1.0
    return 0.0 if _LEVEL_KINDS.isdisjoint(sign.kinds) else _UNFIT


def _falls_short(sign: Sign, change: ChannelChange) -> bool:
    size = _size(change)
    return size is not None and sign.at_least is not None and size < sign.at_least


def _exceeds(sign: Sign, change: ChannelChange) -> bool:
    size = _size(change)
    return size is not None and sign.at_most is not None and size > sign.at_most
