"""What an LLM writes of a diagnosis, and how code makes a `Diagnosis` of it."""

from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, Field

from opsmith.domain.base import Language, Moment
from opsmith.domain.diagnoses import Claim, Diagnosis, Hypothesis, Severity, TimelineEntry
from opsmith.domain.events import AlertEvent
from opsmith_agents.evidence import EvidenceLedger
from opsmith_agents.llm_scope import OTHER_DEVICE, Others, Windows

_NOTHING = (None, "", "not_established", "unknown", "none", "null")
"""How LLMs say that the cause is not established."""

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
        description=(
            "entry_id of the knowledge entry, one of the hypotheses that you call supported; "
            "null: cause not established."
        )
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
    not_checked: list[str] = Field(
        default=[], max_length=6, description="What would matter and could not be looked at."
    )

    def texts(self) -> Iterator[str]:
        """All that is written for people."""
        yield from (self.cause, self.immediate_action, self.lasting_action, self.confirm_by)
        yield from (one.text for one in (*self.claims, *self.timeline))
        yield from self.not_checked
        for one in self.hypotheses:
            yield from (*one.speaks_for, *one.speaks_against, one.separating_test or "")


def diagnosis_of(
    draft: DraftDiagnosis,
    event: AlertEvent,
    ledger: EvidenceLedger,
    language: Language,
    made_by: str = "",
    path: str = "",
    rules: Diagnosis | None = None,
) -> Diagnosis:
    """Make a diagnosis of a draft, with the evidence as the ledger has it.

    Names and categories of failure modes are left to `opsmith_agents.check`, which takes them from
    the evidence. What the cause and the actions say of other devices is cut here, and claims that
    need it are given their window.

    Args:
        draft: What the LLM wrote.
        event: The alert that it is about.
        ledger: What was looked at.
        language: Of the draft.
        made_by: Name of the LLM.
        path: Why it was this one, and how it came to it.
        rules: What the rules said of it.
    """
    known = {one.evidence_id: one for one in ledger.evidence}
    windows = Windows(event, rules)
    others = Others(known.values(), event.alert.device_id)
    # An order has the cause for its text, and the actions for its first steps.
    told = {
        name: others.without(getattr(draft, name))
        for name in ("cause", "immediate_action", "lasting_action", "confirm_by")
    }
    is_cut = any(others.named_in(getattr(draft, name)) for name in told)
    return Diagnosis(
        trace_id=event.alert.trace_id,
        device_id=event.alert.device_id,
        failure_mode=None if draft.failure_mode in _NOTHING else draft.failure_mode,
        severity=draft.severity,
        confidence=draft.confidence,
        cause=told["cause"],
        hypotheses=tuple(
            Hypothesis(
                failure_mode=one.failure_mode,
                name=one.failure_mode,
                fault_category="unknown",
                probability=one.probability,
                standing=one.standing,
                speaks_for=tuple(one.speaks_for),
                speaks_against=tuple(one.speaks_against),
                evidence=tuple(one.evidence),
                separating_test=one.separating_test,
            )
            for one in draft.hypotheses
            if one.failure_mode not in _NOTHING
        ),
        claims=tuple(
            Claim(
                text=windows.told(
                    one.text, [known[each] for each in one.evidence if each in known], language
                ),
                kind=one.kind,
                evidence=tuple(one.evidence),
            )
            for one in draft.claims
        ),
        evidence=ledger.evidence,
        timeline=tuple(
            TimelineEntry(at=one.at, text=one.text, evidence=tuple(one.evidence))
            for one in draft.timeline
        ),
        coverage=ledger.coverage().model_copy(update={"not_checked": tuple(draft.not_checked)}),
        immediate_action=told["immediate_action"],
        lasting_action=told["lasting_action"],
        confirm_by=told["confirm_by"],
        removed=(OTHER_DEVICE[language],) if is_cut else (),
        language=language,
        made_by=made_by,
        path=path,
    )
