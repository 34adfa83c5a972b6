"""What an LLM writes of a diagnosis, and how code makes a `Diagnosis` of it."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, cast

from pydantic import BaseModel, Field

from opsmith.domain.base import Language, Moment
from opsmith.domain.diagnoses import (
    Claim,
    Coverage,
    Diagnosis,
    Evidence,
    Hypothesis,
    Severity,
    TimelineEntry,
)
from opsmith.domain.events import AlertEvent

Cited = Field(description="Ids of the evidence it rests on, such as E2.")


class DraftClaim(BaseModel):
    """One sentence."""

    text: str = Field(description="One sentence. Numbers exactly as the evidence has them.")
    kind: Literal["fact", "hypothesis"] = Field(
        description="fact: it stands in the evidence; hypothesis: it is inferred."
    )
    evidence: list[str] = Cited


class DraftHypothesis(BaseModel):
    """One failure mode that could explain the alert."""

    failure_mode: str = Field(description="entry_id of a knowledge entry that a tool returned.")
    probability: float = Field(ge=0, le=1)
    standing: Literal["supported", "refuted", "untested"]
    speaks_for: list[str] = []
    speaks_against: list[str] = []
    evidence: list[str] = Cited
    separating_test: str | None = Field(
        default=None, description="The check that tells it from its look-alikes."
    )


class DraftEvent(BaseModel):
    """Something that happened."""

    at: Moment
    text: str
    evidence: list[str] = Cited


class DraftDiagnosis(BaseModel):
    """The diagnosis of one alert."""

    failure_mode: str | None = Field(
        description="entry_id of the knowledge entry; null: cause not established."
    )
    severity: Severity = Field(description="How bad the consequence is.")
    confidence: float = Field(ge=0, le=1, description="That the cause is the right one.")
    cause: str = Field(max_length=600, description="The conclusion in one or two sentences.")
    claims: list[DraftClaim] = Field(description="What the conclusion rests on, one by one.")
    hypotheses: list[DraftHypothesis] = Field(
        default=[], description="The candidates, refuted ones too, the likeliest first."
    )
    timeline: list[DraftEvent] = []
    immediate_action: str = Field(default="", max_length=500, description="What to do now, safely.")
    lasting_action: str = Field(default="", max_length=500, description="What mends it for good.")
    confirm_by: str = Field(default="", max_length=500, description="The check that settles it.")

    def citations(self) -> set[str]:
        """Every evidence id that is cited anywhere."""
        parts = (*self.claims, *self.hypotheses, *self.timeline)
        return {cited for part in parts for cited in part.evidence}


def diagnosis_of(
    draft: DraftDiagnosis,
    event: AlertEvent,
    evidence: Sequence[Evidence],
    coverage: Coverage,
    language: Language,
    made_by: str,
    path: str,
    tokens_used: int,
) -> Diagnosis:
    """Make a diagnosis of a draft: names and categories come from the evidence, not from the LLM.

    A failure mode that no tool returned is no failure mode of this plant's knowledge: it is cut,
    and `removed` says so.
    """
    known = dict(_modes(evidence))
    removed = [
        f"Failure mode {name!r}: no tool returned such a knowledge entry"
        for name in dict.fromkeys(
            [draft.failure_mode or "", *(one.failure_mode for one in draft.hypotheses)]
        )
        if name and name != "not_established" and name not in known
    ]
    mode = draft.failure_mode if draft.failure_mode in known else None
    return Diagnosis(
        trace_id=event.alert.trace_id,
        device_id=event.alert.device_id,
        failure_mode=mode,
        fault_category=known[mode][1] if mode is not None else "unknown",
        severity=draft.severity,
        confidence=draft.confidence,
        cause=draft.cause,
        hypotheses=tuple(
            Hypothesis(
                failure_mode=one.failure_mode,
                name=known[one.failure_mode][0],
                fault_category=known[one.failure_mode][1],
                probability=one.probability,
                standing=one.standing,
                speaks_for=tuple(one.speaks_for),
                speaks_against=tuple(one.speaks_against),
                evidence=tuple(one.evidence),
                separating_test=one.separating_test,
            )
            for one in draft.hypotheses
            if one.failure_mode in known
        ),
        claims=tuple(
            Claim(text=one.text, kind=one.kind, evidence=tuple(one.evidence))
            for one in draft.claims
        ),
        evidence=tuple(evidence),
        timeline=tuple(
            TimelineEntry(at=one.at, text=one.text, evidence=tuple(one.evidence))
            for one in draft.timeline
        ),
        coverage=coverage,
        immediate_action=draft.immediate_action,
        lasting_action=draft.lasting_action,
        confirm_by=draft.confirm_by,
        removed=tuple(removed),
        language=language,
        made_by=made_by,
        path=path,
        tokens_used=tokens_used,
    )


def _modes(evidence: Sequence[Evidence]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Every knowledge entry in the evidence: its id, then its name and category."""
    stack: list[Any] = [one.result for one in evidence]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            fields = cast(dict[str, Any], value)
            entry_id = fields.get("entry_id")
            if isinstance(entry_id, str) and entry_id != "not_established":
                name = fields.get("name") or entry_id
                yield entry_id, (str(name), str(fields.get("category") or "unknown"))
            stack.extend(fields.values())
        elif isinstance(value, list):
            stack.extend(cast(list[Any], value))
