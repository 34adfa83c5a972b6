"""One cell of the fault x symptom matrix, held against how the channels changed.

A sign's channel is a measurement (`vibration` stands for `vibration2` too) or one of
`*`     exactly one channel has one of the sign's kinds: the trouble is that channel's alone;
`@all`  at least two channels, and more than half of all, have one of the sign's kinds;
`@twin` of several channels of one measurement one moved and the others did not (vibration is no
        such measurement: each bearing has its own);
`@load` speed, flow, current, power and pressure moved together as another load would move them;
`@lone` one channel moved alone whose quantity always drags others along, see `_FOLLOW`;
`a/b`   what a is per b, such as `current/speed`: how tightly the two are coupled.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from opsmith.domain.alerts import Kind
from opsmith.domain.changes import ChannelChange
from opsmith.domain.knowledge import Sign
from opsmith_kb.fits import (
    LEVEL_KINDS,
    UNREST,
    against,
    exceeds,
    falls_short,
    fit,
    has_kind,
    size_of,
    strength,
    suits,
    weight_of,
)

INSTRUMENT_KINDS: frozenset[Kind] = frozenset({"flat", "dropout", "implausible", "unit", "clock"})
"""What a machine cannot do to a reading: the channel says nothing of the machine then."""
_LOAD = ("speed", "current", "power", "flow", "pressure")
_FOLLOW: Mapping[str, tuple[str, ...]] = {
    "speed": ("flow", "power", "vibration", "current", "pressure"),
    "current": ("temperature", "power", "speed", "flow", "pressure", "vibration"),
    "power": ("current", "temperature", "speed", "flow", "pressure"),
    "voltage": ("current", "speed", "power"),
}
"""What cannot stay as it was when a quantity changes: affinity laws, losses, slip."""
_DRAGS: Mapping[str, float] = {"speed": 0.1}
_DRAGS_ELSE = 0.06
"""Share of a quantity whose change drags others along; a speed may also make up for thin air."""
_TWIN_STILL = 0.5
"""Part of a sign's weight that is left where another sensor of the same stood still."""
_CREEPING = 0.7
"""Part of the weight of another load that is left where nothing moved at once."""
_HELD = 0.03
"""Share within which a controller holds a pressure."""
_RATIO = 0.04
"""Least change of what one measurement is per another that is more than their scatter."""
UNEXPLAINED = 0.6
"""Log odds that a failure mode loses for a change that it does not explain, see `weight_of`."""
LITTLE, _SURE = 2.0, 5.0
"""Sureness of a change that is not significant by itself: below the first it counts as none."""
_LARGE, _HALF = 0.15, 0.5
"""Share of its level by which a channel is off: what other loads do, and what no past explains."""
_HALF_SEEN = 0.7
"""The most of a sign's weight that such a change can bring."""


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

    @cached_property
    def moved(self) -> Mapping[str, ChannelChange]:
        """The strongest change of each measurement that the machine, not its sensor, moved."""
        found: dict[str, ChannelChange] = {}
        for name, group in self.by_measurement.items():
            moved = [c for c in group if c.significant and c.kind not in INSTRUMENT_KINDS]
            if moved:
                found[name] = max(moved, key=strength)
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
            case "@lone":
                return self._lone(sign)
            case channel if "/" in channel:
                return self._coupling(sign)
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
            if len(moved) == 1 and has_kind(moved[0], sign):
                return Finding(sign, moved[0], sign.weight)
        return self._refuted(sign)

    def _load(self, sign: Sign) -> Finding | None:
        moved = self.moved
        there = [name for name in _LOAD if name in self.by_measurement]
        if "speed" not in there and not {"flow", "current", "pressure"} <= {*there}:
            return None
        together = {name: moved[name] for name in there if name in moved}
        pressure = together.get("pressure")
        if "speed" in together and pressure is not None and (size_of(pressure) or 1.0) < _HELD:
            # A controlled pressure droops a little against the load that it is held by.
            del together["pressure"]
        ways = {change.direction for change in together.values()}
        driven = "speed" in together and len(together) >= 2
        as_driven = "speed" not in there and {"flow", "current", "pressure"} <= together.keys()
        calm = not any(change.kind in UNREST for change in together.values())
        if (driven or as_driven) and len(ways) == 1 and "none" not in ways and calm:
            # People and programs change a load at once; what creeps may be a fault that eats it.
            sudden = not sign.kinds or any(one.kind in sign.kinds for one in together.values())
            weight = sign.weight if sudden else _CREEPING * sign.weight
            return Finding(sign, max(together.values(), key=strength), weight)
        return self._refuted(sign)

    def _lone(self, sign: Sign) -> Finding | None:
        moved = self.moved
        if not any(name in self.by_measurement for name in _FOLLOW):
            return None
        for name, change in moved.items():
            follow = [n for n in _FOLLOW.get(name, ()) if n in self.by_measurement]
            size = size_of(change)
            large = (
                size is not None
                and size >= _DRAGS.get(name, _DRAGS_ELSE)
                and has_kind(change, sign)
            )
            if len(follow) >= 2 and large and not any(n in moved for n in follow):
                return Finding(sign, change, sign.weight)
        return self._refuted(sign)

    def _coupling(self, sign: Sign) -> Finding | None:
        first, _, second = sign.channel.partition("/")
        top, bottom = self._level_of(first), self._level_of(second)
        if top is None or bottom is None:
            return None
        (over, above), (under, below) = top, bottom
        if not (over.significant or under.significant):
            return Finding(sign, over, -against(sign))
        change = above / below - 1
        size = max(_RATIO if sign.at_least is None else sign.at_least, 0.0)
        if abs(change) < size:
            return Finding(sign, over, sign.weight if sign.direction == "none" else -against(sign))
        if sign.direction in ("any", "up" if change > 0 else "down"):
            return Finding(sign, over if over.significant else under, sign.weight)
        if sign.direction == "none":
            return Finding(sign, over, -against(sign))
        return Finding(sign, over, -abs(sign.weight))

    def _level_of(self, name: str) -> tuple[ChannelChange, float] | None:
        """The strongest change of a measurement, and its level now as a share of that before."""
        group = [
            c
            for c in self.by_measurement.get(name, [])
            if c.kind not in INSTRUMENT_KINDS and c.now is not None and c.before
        ]
        if not group:
            return None
        change = max(group, key=strength)
        assert change.now is not None and change.before
        share = change.now / change.before
        return (change, share) if share > 0.05 else None

    def _measured(self, sign: Sign) -> Finding | None:
        group = self.by_measurement.get(sign.channel, [])
        sound = [c for c in group if c.kind not in INSTRUMENT_KINDS and c.now is not None]
        if not sound:
            return None
        moved = [c for c in sound if c.significant and (c.kind != "spike" or "spike" in sign.kinds)]
        if not moved:
            return _half_seen(sign, max(sound, key=lambda c: abs(c.sureness)))
        strongest = max(sound, key=strength)
        if sign.direction == "none":
            return Finding(sign, strongest, -against(sign) * weight_of(strongest))
        too_much = [c for c in moved if exceeds(sign, c)]
        if too_much:
            worst = max(too_much, key=strength)
            return Finding(sign, worst, -UNEXPLAINED * weight_of(worst))
        sized = [c for c in moved if not falls_short(sign, c)]
        if not sized and any(sign.direction in ("any", c.direction) for c in moved):
            return Finding(sign, strongest, 0.0)
        fits = [(fit(sign, c), c) for c in sized]
        best, change = max(fits, key=lambda fit: (fit[0], strength(fit[1])), default=(0.0, None))
        if best > 0:
            alone = len(moved) < len(sound) and not sign.channel.startswith("vibration")
            best *= _TWIN_STILL if alone else 1.0
            return Finding(sign, change, best * sign.weight)
        wrong_way = [c for c in moved if sign.direction != "any" and c.direction != "none"]
        if wrong_way and not any(c.direction == sign.direction for c in wrong_way):
            worst = max(wrong_way, key=strength)
            return Finding(sign, worst, -max(abs(sign.weight), UNEXPLAINED * weight_of(worst)))
        return Finding(sign, strongest, -against(sign))

    def _refuted(self, sign: Sign) -> Finding:
        some = max(self.changes, key=strength, default=None)
        return Finding(sign, some, -against(sign))


def _half_seen(sign: Sign, change: ChannelChange) -> Finding:
    """Judge a sign by a change of level that its channel's past might explain, though hardly."""
    share = (abs(change.sureness) - LITTLE) / (_SURE - LITTLE)
    if change.unit != "Cel":
        # The past may hold the fault's own beginning; what is gone by half has not stood still.
        share = max(share, ((size_of(change) or 0.0) - _LARGE) / (_HALF - _LARGE))
    share = min(max(share, 0.0), _HALF_SEEN)
    still = -(1 - share) * against(sign)
    if sign.direction == "none":
        return Finding(sign, change, (1 - share) * sign.weight - share * against(sign))
    if share == 0 or falls_short(sign, change) or exceeds(sign, change):
        return Finding(sign, change, still)
    rose = change.sigmas > 0 if abs(change.sureness) < LITTLE else change.sureness > 0
    if sign.direction in ("any", "up" if rose else "down"):
        fits = not sign.kinds or not LEVEL_KINDS.isdisjoint(sign.kinds)
        return Finding(sign, change, still + share * fits * suits(sign, change) * sign.weight)
    return Finding(sign, change, still - share * abs(sign.weight))
