"""A failure mode as a book draws it: what its own signs would make of the channels."""

from opsmith.domain.alerts import Direction, Kind
from opsmith.domain.changes import ChannelChange
from opsmith.domain.knowledge import KnowledgeEntry
from opsmith.domain.units import unit_of
from opsmith_kb.channels import USUAL

_LEVEL = 50.0
_CLEAR = 10.0
_WEAK = 0.5
"""Signs below do not show in every case; a textbook leaves them out."""


def textbook_changes(entry: KnowledgeEntry, class_: str) -> list[ChannelChange]:
    """The channels of a class as the entry's telling signs ask for; the others stand still."""
    moved: dict[str, tuple[Direction, Kind, float]] = {}
    for sign in sorted(entry.signs, key=lambda sign: sign.weight):
        if sign.direction == "none" or sign.weight < _WEAK or "/" in sign.channel:
            continue
        way, kind, size = moved.get(sign.channel, ("none", "step", 0.0))
        if sign.direction != "any":
            way = sign.direction
        size = max(size, 1.2 * (sign.at_least or 0.05))
        least = 5.0 if unit_of(sign.channel) == "Cel" else 0.3
        size = max(size, least) if sign.at_most is None else min(size, 0.9 * sign.at_most)
        kind = sign.kinds[0] if sign.kinds else kind
        if way == "none" and kind in ("step", "ramp"):
            way = "up"
        moved[sign.channel] = (way, kind, size)
    if moved.pop("@load", None):
        moved |= {name: ("up", "step", 0.1) for name in ("speed", "flow", "current")}
    channels = sorted({*USUAL[class_], *(name for name in moved if name[0] not in "*@")})
    return [_change(name, *moved.get(name, ("none", "unknown", 0.0))) for name in channels]


def _change(channel: str, direction: Direction, kind: Kind, size: float) -> ChannelChange:
    moved = kind != "unknown"
    sign = {"up": 1, "down": -1, "none": 0}[direction] * moved
    step = size if unit_of(channel) == "Cel" else size * _LEVEL
    return ChannelChange(
        channel=channel,
        unit=unit_of(channel),
        before=_LEVEL,
        now=_LEVEL + sign * step,
        sigmas=_CLEAR * sign,
        spread_ratio=10.0 if kind in ("variance", "oscillation") else 1.0,
        direction=direction,
        kind=kind,
        significant=moved,
        missing_share=0.0,
    )
