"""Reviews: what the plant's knowledge has learned, and what waits to be let into it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, WithJsonSchema

from opsmith.access import Role, caller
from opsmith.clock import wall_clock
from opsmith.domain.base import Language, Model, Moment, State, ToolResult
from opsmith.domain.knowledge import KnowledgeEntry
from opsmith.domain.learning import (
    DraftEvidence,
    EntryState,
    EntryVersion,
    OrderOutcome,
    Verdict,
)
from opsmith.domain.names import near
from opsmith.domain.proposals import ChangeResult
from opsmith.errors import BadInput, NotFound
from opsmith.storage.knowledge import KnowledgeStore
from opsmith_kb.classes import applies_to
from opsmith_kb.learn import Learned, explained
from opsmith_mcp.failure_modes import FailureModes
from opsmith_mcp.marks import Shown, changes
from opsmith_mcp.order_outcomes import Outcomes
from opsmith_mcp.whole_entry import WholeEntry, whole_of

Decision = Literal["accept", "reject", "retire", "restore"]

_WAITING = 8
_ROWS = 25
_ORDERS = 10
_EDITABLE = frozenset(KnowledgeEntry.model_fields) - {"entry_id", "created_at"}


class Candidate(Model):
    """An entry that waits for a reviewer."""

    entry_id: str
    name: str
    device_types: tuple[str, ...]
    root_cause: str
    solution: str
    proposed_by: str
    proposed_at: Moment
    evidence: tuple[DraftEvidence, ...] = Field(description="The newest three.")


class ModeScore(Model):
    """How diagnoses of one failure mode did on one class."""

    device_type: str
    failure_mode: str = Field(description="As diagnosed; `not_established`: none was named.")
    right: int
    partly: int
    wrong: int
    unknown: int
    found: int = Field(description="Orders that found it, whatever was diagnosed.")


class PriorLearned(Model):
    """What closed orders changed of one prior, and why."""

    device_type: str
    entry_id: str
    log_odds: float = Field(description="Added to the entry's prior, -1 to 1.")
    why: str


class Scored(Model):
    """The diagnosis of one closed order."""

    order_no: str
    diagnosed: str | None
    found: str | None
    verdict: Verdict
    by: str


class LearningView(ToolResult):
    """What was learned from closed orders, and what waits for a reviewer."""

    candidates_total: int
    candidates: tuple[Candidate, ...]
    outcomes: dict[str, int] = Field(description="Closed orders by verdict.")
    scores: tuple[ModeScore, ...] = Field(description="Most orders first.")
    learned: tuple[PriorLearned, ...] = Field(description="The largest first.")
    orders: tuple[Scored, ...] = Field(description="The newest first.")
    whole: WholeEntry | None = Field(default=None, description="The entry asked for, alone.")


class ReviewView(ChangeResult):
    """Where an entry stands after a review."""

    entry_id: str
    version: int
    entry_state: EntryState
    reviewed_by: str | None = None
    versions: int = Field(description="That are kept.")


class Reviews(FailureModes):
    """The tools by which knowledge grows."""

    def __init__(self, entries: KnowledgeStore, outcomes: Outcomes) -> None:
        super().__init__(entries)
        self._outcomes = outcomes

    def _weighed(self, class_: str) -> tuple[Sequence[KnowledgeEntry], Mapping[str, float]]:
        entries = self._outcomes.entries_of(class_)
        mine = [one for one in entries if class_ in ("", "*") or applies_to(one, class_)]
        return mine, self._outcomes.offsets(class_)

    def show_learning(
        self,
        language: Language = "en",
        entry_id: Annotated[
            str, Field(max_length=64, description="One entry whole, with its versions.")
        ] = "",
    ) -> LearningView:
        """Show how diagnoses of closed orders did, priors learned, entries that wait for review."""
        waiting = self._outcomes.versions.find(state=EntryState.CANDIDATE)
        if entry_id.strip():
            return self._whole(entry_id.strip().lower(), waiting)
        outcomes = self._outcomes.store.find()
        learned = [
            one for class_ in self._outcomes.store.learned().values() for one in class_.values()
        ]
        learned.sort(key=lambda one: (-abs(one.offset), one.device_type, one.entry_id))
        cut = len(waiting) > _WAITING or len(learned) > _ROWS
        scores = scores_of(outcomes)
        return LearningView(
            state=State.TRUNCATED
            if cut or len(scores) > _ROWS
            else State.OK
            if outcomes or waiting
            else State.EMPTY,
            note="`opsmith kb learning` and `opsmith kb review` list all."
            if cut or len(scores) > _ROWS
            else None
            if outcomes or waiting
            else "No order was closed with what was found, and nothing waits.",
            candidates_total=len(waiting),
            candidates=tuple(_candidate(one, language) for one in waiting[:_WAITING]),
            outcomes=dict(Counter(one.verdict for one in outcomes)),
            scores=tuple(scores[:_ROWS]),
            learned=tuple(
                PriorLearned(
                    device_type=one.device_type,
                    entry_id=one.entry_id,
                    log_odds=one.offset,
                    why=explained(
                        Learned(one.offset, one.found, one.expected), one.orders, language
                    ),
                )
                for one in learned[:_ROWS]
            ),
            orders=tuple(
                Scored(
                    order_no=one.order_no,
                    diagnosed=one.diagnosed,
                    found=one.found,
                    verdict=one.verdict,
                    by=one.by,
                )
                for one in outcomes[: -_ORDERS - 1 : -1]
            ),
        )

    def _whole(self, wanted: str, waiting: Sequence[EntryVersion]) -> LearningView:
        """One entry that waits, or was ever reviewed here. Raises `NotFound`."""
        kept = self._outcomes.versions.find(wanted)
        if not kept:
            hint = near(wanted, [one.entry_id for one in waiting])
            unchanged = any(one.entry_id == wanted for one in self._entries.all())
            told = "; it was never changed here: get_kb_entry shows it" if unchanged else hint
            raise NotFound(f"No version of {wanted!r}{told}")
        whole = whole_of(kept)
        shown, total = len(whole.evidence), whole.evidence_total
        return LearningView(
            state=State.TRUNCATED if shown < total else State.OK,
            note=f"The newest {shown} of {total} orders; `opsmith kb review {wanted}` shows all."
            if shown < total
            else None,
            candidates_total=len(waiting),
            candidates=(),
            outcomes={},
            scores=(),
            learned=(),
            orders=(),
            whole=whole,
        )

    @changes(needs=Role.OPERATOR, confirms=Role.ENGINEER, shows="_show_review_knowledge")
    def review_knowledge(
        self,
        entry_id: Annotated[str, Field(min_length=1, max_length=64)],
        decision: Decision,
        reason: Annotated[str, Field(min_length=1, max_length=500)],
        edit: Annotated[
            dict[str, Any] | None,
            WithJsonSchema({"type": "object", "description": "Fields that accept changes."}),
        ] = None,
        version: Annotated[
            Annotated[int, Field(ge=1)] | None,
            WithJsonSchema({"type": "integer", "description": "To restore."}),
        ] = None,
    ) -> ReviewView:
        """Accept or reject a candidate entry, retire an entry, or restore a version of one."""
        made = self._decide(entry_id.strip().lower(), decision, reason, edit, version)
        return self._view(made)

    def _show_review_knowledge(
        self,
        entry_id: str,
        decision: Decision,
        reason: str,
        edit: dict[str, Any] | None = None,
        version: int | None = None,
    ) -> Shown:
        wanted = entry_id.strip().lower()
        versions = self._outcomes.versions
        if decision in ("accept", "reject"):
            one = versions.candidate(wanted)
            entry = edited(one.entry, edit) if edit else one.entry
        elif decision == "retire":
            entry = self._entry(wanted)
            one = None
        else:
            one = next((v for v in versions.find(wanted) if v.version == version), None)
            if one is None:
                raise NotFound(f"No version {version} of {wanted!r}")
            entry = one.entry
        text = entry.text["en"]
        told = [
            f"{decision} {wanted}" + (f" version {version}" if version else ""),
            f"name: {_line(text.name)}",
            f"for: {', '.join(entry.device_types)}",
            f"cause: {_line(text.root_cause)}",
            f"solution: {_line(text.solution)}",
            *(f"{name}: {_line(str(value))}" for name, value in (edit or {}).items()),
            f"because: {_line(reason)}",
        ]
        return Shown("\n".join(told), self._standing(wanted, one))

    def _decide(
        self,
        entry_id: str,
        decision: Decision,
        reason: str,
        edit: dict[str, Any] | None,
        version: int | None,
    ) -> EntryVersion:
        versions, by, now = self._outcomes.versions, caller().name[:100], wall_clock()
        if edit and decision != "accept":
            raise BadInput("edit goes with accept alone")
        match decision:
            case "accept":
                return versions.accept(
                    entry_id, by, now, reason, lambda entry: edited(entry, edit or {})
                )
            case "reject":
                return versions.reject(entry_id, by, now, reason)
            case "retire":
                return versions.retire(entry_id, by, now, reason)
            case "restore":
                if version is None:
                    raise BadInput("restore needs the version")
                return versions.restore(entry_id, version, by, now, reason)

    def _view(self, one: EntryVersion) -> ReviewView:
        return ReviewView(
            entry_id=one.entry_id,
            version=one.version,
            entry_state=one.state,
            reviewed_by=one.reviewed_by,
            versions=len(self._outcomes.versions.find(one.entry_id)),
        )

    def _standing(self, entry_id: str, one: EntryVersion | None) -> ReviewView:
        kept = self._outcomes.versions.find(entry_id)
        one = one or (kept[0] if kept else None)
        if one is not None:
            return self._view(one)
        # As it came, and never changed since.
        return ReviewView(
            entry_id=entry_id, version=1, entry_state=EntryState.ACCEPTED, versions=len(kept)
        )


def edited(entry: KnowledgeEntry, edit: dict[str, Any]) -> KnowledgeEntry:
    """An entry with some fields as the reviewer has them; of `text` those of a language.

    Raises:
        BadInput: No such field, or a value that it cannot have.
    """
    if lost := sorted(set(edit) - _EDITABLE):
        raise BadInput(f"edit: no field {lost[0]!r}; there are {', '.join(sorted(_EDITABLE))}")
    whole = entry.model_dump(mode="json")
    text = edit.get("text")
    if isinstance(text, dict):
        for language, prose in dict[str, Any](text).items():  # pyright: ignore[reportUnknownArgumentType]  JSON
            whole["text"][language] = whole["text"].get(language, {}) | prose
    elif text is not None:
        raise BadInput("edit.text: give {en: {name: ...}, zh: {...}}")
    whole |= {name: value for name, value in edit.items() if name != "text"}
    try:
        return KnowledgeEntry.model_validate(whole)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"edit.{place}: {first['msg']}") from error


def scores_of(outcomes: Sequence[OrderOutcome]) -> list[ModeScore]:
    """How the diagnoses of each failure mode did, most orders first."""
    verdicts = defaultdict[tuple[str, str], Counter[str]](Counter)
    found = Counter[tuple[str, str]]()
    for one in outcomes:
        if one.made_by:
            verdicts[one.device_type, one.diagnosed or "not_established"][one.verdict] += 1
        if one.found:
            found[one.device_type, one.found] += 1
    rows = [
        ModeScore(
            device_type=key[0],
            failure_mode=key[1],
            right=verdicts[key]["right"],
            partly=verdicts[key]["partly"],
            wrong=verdicts[key]["wrong"],
            unknown=verdicts[key]["unknown"],
            found=found[key],
        )
        for key in {*verdicts, *found}
    ]
    return sorted(
        rows,
        key=lambda row: (
            -(row.right + row.partly + row.wrong + row.unknown), row.device_type, row.failure_mode
        ),
    )  # fmt: skip


def _candidate(one: EntryVersion, language: Language) -> Candidate:
    text = one.entry.text[language]
    return Candidate(
        entry_id=one.entry_id,
        name=text.name,
        device_types=one.entry.device_types,
        root_cause=text.root_cause[:300],
        solution=text.solution[:300],
        proposed_by=one.proposed_by,
        proposed_at=one.proposed_at,
        evidence=tuple(
            each.model_copy(update={"found": each.found[:200], "done": each.done[:200]})
            for each in one.evidence[-3:]
        ),
    )


def _line(text: str) -> str:
    """In one line: text from outside cannot look like a line of ours."""
    return " ".join(text.split())
