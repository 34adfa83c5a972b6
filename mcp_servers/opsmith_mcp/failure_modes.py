"""Failure modes and symptoms, in words: what a class can have, what shows how, and back."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from opsmith.domain.alerts import Direction, Kind
from opsmith.domain.base import Language, Model, State, ToolResult
from opsmith.domain.changes import ChannelChange
from opsmith.domain.knowledge import Category, KnowledgeEntry, Sign
from opsmith.domain.names import near
from opsmith.errors import NotFound
from opsmith.storage.knowledge import KnowledgeStore
from opsmith_kb.classes import applies_to, device_class
from opsmith_kb.matrix import Ranked, rank, test_of
from opsmith_mcp.arguments import Cursor
from opsmith_mcp.pages import page_of
from opsmith_mcp.wording import described, untested_channel

Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW"]
DeviceType = Annotated[str, Field(max_length=64, description="Such as pump; `*` for all.")]
EntryId = Annotated[str, Field(min_length=1, max_length=64)]

_MODES = 8
_LOOK_FOR = 5
_ALSO = 8
_CLEAR = 10.0
"""Standard deviations of a change that somebody saw: clear, but not violent."""
_UNREST = ("variance", "oscillation")


class ModeRow(Model):
    """One failure mode in a list."""

    entry_id: str
    name: str
    iso_code: str = Field(description="ISO 14224 failure mode, such as VIB.")
    category: Category
    severity: Severity
    channels: tuple[str, ...] = Field(description="That show it, the most telling first.")
    hours: float = Field(description="Planned labour hours of the remedy.")
    lockout: bool


class ModeList(ToolResult):
    """Failure modes of a device class, by id."""

    device_type: str
    total: int
    modes: tuple[ModeRow, ...]
    next_cursor: str | None = None


class Symptom(Model):
    """What one channel does."""

    channel: str = Field(min_length=1, max_length=64, description="Such as vibration.")
    direction: Direction = Field(description="`none`: it stays as it was, or only its kind tells.")
    kind: Kind = "unknown"


class ModeFound(Model):
    """A failure mode, as far as what was described speaks of it."""

    entry_id: str
    name: str
    category: Category
    severity: Severity
    probability: float = Field(ge=0, le=1, description="From what was described alone.")
    standing: Literal["supported", "refuted", "untested"]
    explains: tuple[str, ...] = Field(description="Channels, the most telling first.")
    contradicted: tuple[str, ...] = Field(description="Channels that speak against it.")
    unexplained: tuple[str, ...] = Field(description="Channels it would not move.")
    look_for: tuple[str, ...] = Field(description="How else it would show.")
    separating_test: str | None = Field(description="What tells it from its look-alikes.")
    learned: float = Field(default=0.0, description="Log odds that closed orders added, -1 to 1.")


class ModesFound(ToolResult):
    """Failure modes that could show so, the likeliest first."""

    device_type: str
    none_probability: float = Field(ge=0, le=1, description="That it is none of these.")
    considered: int
    found: tuple[ModeFound, ...]


class SymptomView(Model):
    """How a failure mode shows in one channel."""

    channel: str
    direction: Direction | Literal["any"]
    kinds: tuple[Kind, ...] = Field(description="Empty: any.")
    says: str
    weight: float = Field(description="Log odds that seeing it adds.")
    why: str
    also_in: tuple[str, ...] = Field(description="Other failure modes that show so too.")


class ModeSymptoms(ToolResult):
    """How a failure mode shows, the most telling channel first."""

    entry_id: str
    name: str
    text: str
    symptoms: tuple[SymptomView, ...]
    confirm_by: str


class FailureModes:
    """The tools between failure modes and symptoms."""

    def __init__(self, entries: KnowledgeStore) -> None:
        self._entries = entries

    def list_failure_modes(
        self,
        device_type: DeviceType,
        category: Category | None = None,
        language: Language = "en",
        cursor: Cursor = None,
    ) -> ModeList:
        """List the failure modes that a device class can have."""
        class_ = device_class(device_type)
        entries = [
            one for one in self._of_class(class_) if category is None or one.category == category
        ]
        page = page_of(entries, 25, cursor, "category")
        note = page.note
        if not entries:
            note = "The knowledge has no entry for this class; `*` lists all."
        return ModeList(
            state=page.state,
            note=note,
            device_type=class_ or "*",
            total=len(entries),
            modes=tuple(_row(one, language) for one in page.rows),
            next_cursor=page.next_cursor,
        )

    def find_failure_modes(
        self,
        device_type: DeviceType,
        symptoms: Annotated[tuple[Symptom, ...], Field(min_length=1, max_length=12)],
        language: Language = "en",
    ) -> ModesFound:
        """Find the failure modes that symptoms somebody described could come from.

        Of a device with readings use `match_failure_modes`, which measures the symptoms.
        """
        class_ = device_class(device_type)
        entries, learned = self._weighed(class_)
        # The class is settled here; `rank` would guess an unknown one by the channels.
        ranked = rank([_change(one) for one in symptoms], class_ or "*", entries)
        modes = [one for one in ranked if one.entry is not None and one.standing == "supported"]
        none = next(one for one in ranked if one.entry is None)
        known = {sign.channel for entry in entries for sign in entry.signs}
        strange = sorted({one.channel for one in symptoms} - known)
        notes = list[str]()
        if not modes:
            notes.append("No failure mode of this class shows so; search_maintenance_kb by words.")
        if strange:
            named = ", ".join(sorted(one for one in known if not one.startswith(("@", "*"))))
            notes.append(f"The knowledge does not speak of {', '.join(strange)}, but of {named}.")
        return ModesFound(
            state=State.OK if modes else State.EMPTY,
            note=" ".join(notes) or None,
            device_type=class_ or "*",
            none_probability=round(none.probability, 4),
            considered=len(ranked) - 1,
            found=tuple(
                _found(one, one.entry, language, learned.get(one.entry_id, 0.0))
                for one in modes[:_MODES]
                if one.entry
            ),
        )

    def show_symptoms(self, entry_id: EntryId, language: Language = "en") -> ModeSymptoms:
        """Show how a failure mode shows in each channel, and what else shows so."""
        entry = self._entry(entry_id)
        text = entry.text[language]
        others = [
            one
            for one in self._entries.all()
            if one.entry_id != entry.entry_id
            and any(applies_to(one, class_) for class_ in entry.device_types)
        ]
        signs = sorted(entry.signs, key=lambda sign: -sign.weight)
        return ModeSymptoms(
            state=State.OK if signs else State.EMPTY,
            note=None if signs else "No channel shows it; `text` says what people see.",
            entry_id=entry.entry_id,
            name=text.name,
            text=text.symptoms,
            symptoms=tuple(_symptom(sign, others, language) for sign in signs),
            confirm_by=text.confirm_by,
        )

    def _weighed(self, class_: str) -> tuple[Sequence[KnowledgeEntry], Mapping[str, float]]:
        """The entries of a class, and what was learned of them and is in their priors."""
        return self._of_class(class_), {}

    def _of_class(self, class_: str) -> list[KnowledgeEntry]:
        entries = self._entries.all()
        if class_ in ("", "*"):
            return list(entries)
        return [one for one in entries if applies_to(one, class_)]

    def _entry(self, entry_id: str) -> KnowledgeEntry:
        """One entry. Raises `NotFound`."""
        entries = {entry.entry_id: entry for entry in self._entries.all()}
        entry = entries.get(entry_id.strip().lower())
        if entry is None:
            hint = near(entry_id, entries) or "; search_maintenance_kb finds them"
            raise NotFound(f"No knowledge entry {entry_id!r}{hint}")
        return entry


def _row(entry: KnowledgeEntry, language: Language) -> ModeRow:
    telling = sorted(entry.signs, key=lambda sign: -sign.weight)
    return ModeRow(
        entry_id=entry.entry_id,
        name=entry.text[language].name,
        iso_code=entry.iso_code,
        category=entry.category,
        severity=entry.severity,
        channels=tuple(
            dict.fromkeys(s.channel for s in telling if s.weight > 0 and s.direction != "none")
        ),
        hours=entry.hours,
        lockout=entry.lockout,
    )


def _change(symptom: Symptom) -> ChannelChange:
    """What was described as if it had been measured; its size is not known."""
    moved = symptom.direction != "none"
    sign = {"up": 1, "down": -1, "none": 0}[symptom.direction]
    return ChannelChange(
        channel=symptom.channel.strip().lower(),
        before=None,
        now=0.0,
        sigmas=sign * _CLEAR,
        spread_ratio=5.0 if symptom.kind in _UNREST else 1.0,
        direction=symptom.direction,
        kind=symptom.kind,
        significant=moved or symptom.kind != "unknown",
        missing_share=0.0,
    )


def _found(one: Ranked, entry: KnowledgeEntry, language: Language, learned: float) -> ModeFound:
    text = entry.text[language]
    return ModeFound(
        entry_id=one.entry_id,
        name=text.name,
        category=entry.category,
        severity=entry.severity,
        probability=round(one.probability, 4),
        standing=one.standing,
        explains=tuple(dict.fromkeys(f.sign.channel for f in one.speaks_for)),
        contradicted=tuple(dict.fromkeys(f.sign.channel for f in one.speaks_against)),
        unexplained=tuple(change.channel for change in one.unexplained),
        look_for=tuple(
            untested_channel(sign, language)
            for sign in sorted(one.untested, key=lambda sign: -sign.weight)
            if sign.weight > 0
        )[:_LOOK_FOR],
        separating_test=test_of(one, language),
        learned=learned,
    )


def _symptom(sign: Sign, others: Sequence[KnowledgeEntry], language: Language) -> SymptomView:
    also = (one.entry_id for one in others if any(_alike(sign, other) for other in one.signs))
    return SymptomView(
        channel=sign.channel,
        direction=sign.direction,
        kinds=sign.kinds,
        says=described(sign, language),
        weight=sign.weight,
        why=sign.note,
        also_in=tuple(also)[:_ALSO],
    )


def _alike(sign: Sign, other: Sign) -> bool:
    """Whether seeing the one may be seeing the other."""
    return (
        sign.channel == other.channel
        and other.weight > 0
        and (sign.direction == other.direction or "any" in (sign.direction, other.direction))
        and (not sign.kinds or not other.kinds or not set(sign.kinds).isdisjoint(other.kinds))
    )
