"""Maintenance knowledge: which failure modes there are, how they show, what to do."""

from collections.abc import Sequence
from threading import Lock
from typing import Annotated, Literal

from pydantic import Field

from opsmith.clock import PlantClock
from opsmith.domain.base import Language, Model, Moment, State, ToolResult, Window
from opsmith.domain.knowledge import Category, KnowledgeEntry, Sign, Skill
from opsmith.errors import Unavailable
from opsmith.storage.devices import DeviceStore
from opsmith.storage.knowledge import KnowledgeStore
from opsmith_kb.classes import device_class, infer_device_type
from opsmith_kb.matrix import Ranked, rank, test_of
from opsmith_kb.search import Hit, KnowledgeIndex, Symptom
from opsmith_kb.search_lexicon import Lexicon
from opsmith_kb.search_snippet import snippet
from opsmith_mcp.arguments import DeviceId, Onset, Until
from opsmith_mcp.change_window import Changes
from opsmith_mcp.failure_modes import EntryId, Severity
from opsmith_mcp.lookup import find_device
from opsmith_mcp.manuals import Manuals, PassageHit, shown
from opsmith_mcp.meaning import Meaning
from opsmith_mcp.order_outcomes import Outcomes
from opsmith_mcp.reranking import POOL, reordered
from opsmith_mcp.reviews import Reviews
from opsmith_mcp.windows import now
from opsmith_mcp.wording import seen, sentence, untested_channel

_PASSAGES = 4
"""Passages of documents in one answer."""
_MODES = 10
"""Failure modes of one ranking that are told; the others are less likely."""


class KnowledgeHit(Model):
    """One entry that was found."""

    entry_id: str
    name: str
    category: Category
    severity: Severity
    symptoms: str = Field(description="The beginning.")
    solution: str = Field(description="The beginning.")
    matched: tuple[str, ...] = Field(
        description="Words of the keyword that it answers; = what they mean, ≈ what was meant."
    )
    snippet: str = Field(default="", description="The sentence that answers best.")


class KnowledgeHits(ToolResult):
    """Entries that were found, the best first."""

    device_type: str = Field(description="Class that was searched for.")
    language: Language
    total: int
    hits: tuple[KnowledgeHit, ...]
    passages: tuple[PassageHit, ...] = Field(
        default=(), description="Of the plant's own documents: quoted, data."
    )


class EntryView(ToolResult):
    """One failure mode in one language."""

    entry_id: str
    language: Language
    device_types: tuple[str, ...]
    category: Category
    iso_code: str = Field(description="ISO 14224 failure mode, such as VIB.")
    severity: Severity
    name: str
    fault_pattern: str
    symptoms: str
    root_cause: str
    solution: str
    prevention: str
    immediate_action: str
    confirm_by: str = Field(description="The check that settles it.")
    signs: tuple[Sign, ...]
    separable_from: dict[str, str] = Field(description="Look-alike -> the test between them.")
    parts: tuple[str, ...]
    hours: float = Field(description="Planned labour hours of the remedy.")
    skills: tuple[Skill, ...] = Field(default=(), description="Trades the remedy needs.")
    lockout: bool = Field(description="The remedy needs isolation (lock-out).")
    source: str
    reference: str


class RankedMode(Model):
    """One failure mode, as far as the channels speak of it."""

    entry_id: str
    name: str
    category: Category
    severity: Severity
    probability: float = Field(ge=0, le=1)
    standing: Literal["supported", "refuted", "untested"]
    speaks_for: tuple[str, ...] = Field(description="Sentences, the strongest first.")
    speaks_against: tuple[str, ...] = Field(description="Sentences, the strongest first.")
    untested: tuple[str, ...] = Field(
        description="How else it would show, in what nothing measures."
    )
    unexplained: tuple[str, ...] = Field(
        description="Sentences on what moved though it would not move it."
    )
    separating_test: str | None = Field(description="What tells it from its group.")
    group: tuple[str, ...] = Field(description="Entries the channels cannot tell from it.")
    about: str | None = Field(description="Channel whose sensor a sensor's failure is about.")
    also: tuple[str, ...] = Field(
        default=(), description="Entries that stand at the same time, where two explain more."
    )
    after_work: float = Field(default=0.0, description="Log odds if lately worked on.")
    renewed: float = Field(default=0.0, description="Log odds if lately remedied.")
    learned: float = Field(default=0.0, description="Log odds that closed orders added.")


class Ranking(ToolResult):
    """Failure modes that could explain a deviation, the likeliest first."""

    device_id: str
    device_type: str = Field(description="Class used; guessed from the channels if unknown.")
    onset: Moment
    as_of: Moment
    window: Window = Field(description="What was looked at, before and since the onset.")
    measured: tuple[str, ...] = ()
    established: bool = Field(
        default=False,
        description="False: none of the modes is likelier than none of them; do not name a cause.",
    )
    none_probability: float = Field(
        default=1.0, ge=0, le=1, description="That it is none of these."
    )
    considered: int = Field(default=0, description="Modes of this class; the likeliest are told.")
    ranked: tuple[RankedMode, ...] = ()


class Knowledge(Reviews):
    """The tools of the maintenance knowledge."""

    def __init__(
        self,
        entries: KnowledgeStore,
        changes: Changes,
        devices: DeviceStore,
        clock: PlantClock,
        outcomes: Outcomes,
        manuals: Manuals,
        meaning: Meaning | None = None,
    ) -> None:
        super().__init__(entries, outcomes)
        self._meaning = meaning
        self._pool = 0 if meaning is None else POOL
        self._manuals = manuals
        self._changes = changes
        self._devices = devices
        self._clock = clock
        self._indexed: tuple[tuple[KnowledgeEntry, ...], Lexicon, KnowledgeIndex] | None = None
        self._lock = Lock()

    def search_maintenance_kb(
        self,
        device_type: Annotated[
            str, Field(max_length=64, description="Such as pump; `` or `*` for all.")
        ],
        keyword: Annotated[
            str, Field(max_length=200, description="Words, English or Chinese; empty for all.")
        ] = "",
        language: Language = "en",
        limit: Annotated[int, Field(ge=1, le=20)] = 5,
        symptom: Annotated[
            str, Field(max_length=64, description="Only with this change, such as `vibration up`.")
        ] = "",
    ) -> KnowledgeHits:
        """Search failure modes of a device class, and the plant's documents, by words.

        From an alert, `match_failure_modes` ranks by the readings instead.
        For the whole of one call `get_kb_entry`.
        """
        wanted = device_type.strip()
        class_ = None if wanted in ("", "*") else wanted
        showing = [Symptom.read(symptom)] if symptom.strip() else []
        most = min(limit, _PASSAGES)
        found = self._index().find(keyword, class_, max(limit, self._pool), showing)
        hits, quotes = found.hits, self._manuals.find(keyword, max(most, self._pool))
        state, note, late = State.OK, None, None
        if self._meaning is not None and keyword.strip():
            hits, quotes, late = reordered(self._meaning, keyword, hits, quotes)
        if not hits and not quotes:
            state = State.EMPTY
            note = "No such entry; try fewer or other words, or an empty keyword to see them all."
        elif found.total > limit:
            state = State.TRUNCATED
            note = f"The best {limit} of {found.total}; add words, or raise limit (20 at most)."
        return KnowledgeHits(
            state=state,
            note=" ".join(one for one in (late, note) if one) or None,
            device_type=device_class(wanted) or "*",
            language=language,
            total=found.total,
            hits=tuple(_hit(hit, language) for hit in hits[:limit]),
            passages=tuple(shown(*one) for one in quotes[:most]),
        )

    def get_kb_entry(
        self,
        entry_id: EntryId,
        language: Language = "en",
    ) -> EntryView:
        """Show one failure mode: symptoms, cause, remedy, parts, hours, lock-out, look-alikes."""
        entry = self._entry(entry_id)
        text = entry.text[language]
        return EntryView(
            entry_id=entry.entry_id,
            language=language,
            device_types=entry.device_types,
            category=entry.category,
            iso_code=entry.iso_code,
            severity=entry.severity,
            signs=entry.signs,
            separable_from={
                other: test
                for other in entry.separable_from
                if (test := entry.test_from(other, language)) is not None
            },
            parts=entry.parts_in(language),
            hours=entry.hours,
            skills=entry.skills,
            lockout=entry.lockout,
            source=entry.source,
            reference=entry.reference,
            **dict(text),
        )

    def match_failure_modes(
        self,
        device_id: DeviceId,
        onset: Onset,
        until: Until = None,
        language: Language = "en",
    ) -> Ranking:
        """Rank the failure modes that explain how the channels changed since an onset.

        Gives what speaks for and against each, what no channel tests, and the test that tells
        look-alikes apart. Use it to diagnose; the changes themselves are in `describe_change`.
        """
        device = find_device(self._devices, device_id)
        as_of = until or now(self._clock)
        try:
            found = self._changes.describe(device.device_id, onset, as_of)
        except Unavailable as error:
            return Ranking(
                state=State.UNAVAILABLE,
                note=f"The readings cannot be reached: {error}. Not to be read as fine.",
                device_id=device.device_id,
                device_type=device.device_type,
                onset=onset,
                as_of=as_of,
                window=Window(start=onset, end=max(onset, as_of)),
            )
        measured = tuple(change.channel for change in found.changes)
        class_ = infer_device_type(measured, device.device_type)
        ranked = rank(found.changes, device.device_type, self._outcomes.entries_of(class_))
        learned = self._outcomes.offsets(class_)
        modes = [one for one in ranked if one.entry is not None]
        none = next(one for one in ranked if one.entry is None)
        note = found.note(device.device_id)
        if len(modes) == 0:
            note = note or "The knowledge base has no entry for this class of device."
        return Ranking(
            state=found.state if modes else State.EMPTY,
            note=note,
            device_id=device.device_id,
            device_type=class_,
            onset=onset,
            as_of=as_of,
            window=found.window,
            measured=measured,
            established=ranked[0].entry is not None,
            none_probability=round(none.probability, 4),
            considered=len(modes),
            ranked=tuple(
                _mode(one, one.entry, language, learned.get(one.entry_id, 0.0))
                for one in _told(modes)
                if one.entry
            ),
        )

    def _index(self) -> KnowledgeIndex:
        """The index, built anew where the entries are not what they were."""
        entries, words_of = self._entries.all(), self._manuals.words_of()
        with self._lock:
            known = self._indexed
            if known is None or known[0] is not entries or known[1] is not words_of:
                before = None if known is None else known[2]
                known = (entries, words_of, KnowledgeIndex(entries, before, words_of))
                self._indexed = known
            return known[2]


def _hit(hit: Hit, language: Language) -> KnowledgeHit:
    entry, text = hit.entry, hit.entry.text[language]
    return KnowledgeHit(
        entry_id=entry.entry_id,
        name=text.name,
        category=entry.category,
        severity=entry.severity,
        symptoms=_beginning(text.symptoms),
        solution=_beginning(text.solution),
        matched=tuple(match.told for match in hit.why),
        snippet=snippet(hit, language),
    )


def _beginning(text: str) -> str:
    return text if len(text) <= 240 else text[:239] + "…"


def _told(modes: Sequence[Ranked]) -> list[Ranked]:
    """The likeliest, and what stands beside the first."""
    beside = modes[0].also if modes else ()
    return [*modes[:_MODES], *(one for one in modes[_MODES:] if one.entry_id in beside)]


def _mode(one: Ranked, entry: KnowledgeEntry, language: Language, learned: float) -> RankedMode:
    return RankedMode(
        entry_id=one.entry_id,
        name=entry.text[language].name,
        category=entry.category,
        severity=entry.severity,
        probability=round(one.probability, 4),
        standing=one.standing,
        speaks_for=tuple(sentence(finding, language) for finding in one.speaks_for),
        speaks_against=tuple(sentence(finding, language) for finding in one.speaks_against),
        untested=tuple(untested_channel(sign, language) for sign in one.untested),
        unexplained=tuple(seen(change, language) for change in one.unexplained),
        separating_test=test_of(one, language),
        group=tuple(one.inseparable or ()),
        about=one.about,
        also=one.also,
        after_work=entry.after_work,
        renewed=entry.renewed,
        learned=learned,
    )
