"""How much the knowledge has, by device class."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from opsmith.domain.knowledge import KnowledgeEntry
from opsmith_kb.classes import CLASSES, applies_to


@dataclass(frozen=True, slots=True)
class ClassCount:
    """What the knowledge has for one device class."""

    class_: str
    own: int
    """Entries that name the class."""
    all: int
    """Entries that hold for it: its own and those of any rotor, without those of any device."""
    en: int
    """Own entries with a text in English."""
    zh: int
    signs: int
    """Of the entries that hold for it."""
    told: int
    """Own entries that some test tells from a look-alike."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the knowledge has."""

    entries: int
    signs: int
    channels: int
    told: int
    """Entries that some test tells from a look-alike."""
    classes: tuple[ClassCount, ...]

    def as_json(self) -> dict[str, Any]:
        """The same, for machines."""
        rows = [asdict(row) for row in self.classes]
        named = [{"class": row.pop("class_"), **row} for row in rows]
        return {**asdict(self), "classes": named}


def statistics(entries: Sequence[KnowledgeEntry]) -> Statistics:
    """Count entries, their languages, signs and tests, by class."""
    told = {entry.entry_id for entry in entries if entry.separable_from}
    told |= {other for entry in entries for other in entry.separable_from}
    signs = [sign for entry in entries for sign in entry.signs]
    return Statistics(
        entries=len(entries),
        signs=len(signs),
        channels=len({sign.channel for sign in signs if sign.channel[0] not in "*@"}),
        told=sum(entry.entry_id in told for entry in entries),
        classes=tuple(_count(class_, entries, told) for class_ in sorted(CLASSES)),
    )


def _count(class_: str, entries: Sequence[KnowledgeEntry], told: set[str]) -> ClassCount:
    held = [one for one in entries if "*" not in one.device_types and applies_to(one, class_)]
    own = [entry for entry in held if class_ in entry.device_types]
    return ClassCount(
        class_=class_,
        own=len(own),
        all=len(held),
        en=sum("en" in entry.text for entry in own),
        zh=sum("zh" in entry.text for entry in own),
        signs=sum(len(entry.signs) for entry in held),
        told=sum(entry.entry_id in told for entry in own),
    )
