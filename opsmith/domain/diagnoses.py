"""Diagnoses: what is wrong, on what evidence, and what was not checked."""

from typing import Any, Literal

from pydantic import Field

from opsmith.domain.base import Language, Model, Moment, State, Window
from opsmith.domain.work_orders import Plan

Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW"]


class Evidence(Model):
    """One tool result that claims rest on."""

    evidence_id: str = Field(pattern=r"^E\d+$")
    tool: str
    arguments: dict[str, Any]
    state: State
    note: str | None = None
    window: Window | None = None
    digest: str = Field(description="SHA-256 of the result as canonical JSON.")
    result: dict[str, Any]


class Claim(Model):
    """One sentence of a report."""

    text: str
    kind: Literal["fact", "hypothesis"]
    evidence: tuple[str, ...] = Field(description="Ids of the evidence it rests on.")


class Hypothesis(Model):
    """One failure mode that could explain the alert."""

    failure_mode: str = Field(description="Id of the knowledge entry.")
    name: str
    fault_category: str
    probability: float = Field(ge=0, le=1)
    standing: Literal["supported", "refuted", "untested"]
    speaks_for: tuple[str, ...] = ()
    speaks_against: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    separating_test: str | None = Field(
        default=None, description="What tells it from those that the channels cannot separate."
    )


class TimelineEntry(Model):
    """Something that happened, and how we know."""

    at: Moment
    text: str
    evidence: tuple[str, ...]


class Coverage(Model):
    """What was looked at, and what could not be."""

    checked: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    unavailable: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = Field(
        default=(), description="In sentences: what would matter and no tool could show."
    )


class Diagnosis(Model):
    """The typed report of a diagnostician, rules or LLM."""

    trace_id: str
    device_id: str
    failure_mode: str | None = Field(description="Knowledge entry; None: cause not established.")
    also: tuple[str, ...] = Field(
        default=(), description="Further failure modes that stand at the same time."
    )
    fault_category: str = "unknown"
    severity: Severity
    confidence: float = Field(ge=0, le=1, description="Capped by the coverage.")
    cause: str = Field(description="The conclusion in one or two sentences.")
    hypotheses: tuple[Hypothesis, ...] = ()
    claims: tuple[Claim, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    coverage: Coverage = Coverage()
    immediate_action: str = ""
    lasting_action: str = ""
    confirm_by: str = ""
    removed: tuple[str, ...] = Field(default=(), description="What the check cut, and why.")
    language: Language = "en"
    made_by: str = Field(description="Name of the LLM, or `rules`.")
    grouped: int = Field(
        default=0, ge=0, description="Alerts grouped under this one that it speaks for."
    )
    path: str = Field(default="", description="Why this one wrote it, such as why rules stood in.")
    tokens_used: int = Field(default=0, ge=0)
    input_tokens: int = Field(default=0, ge=0, description="Those of `tokens_used` that it read.")
    output_tokens: int = Field(default=0, ge=0, description="Those that it wrote.")
    cost: float = Field(
        default=0.0, ge=0, description="In the currency of OPSMITH_LLM_PRICE_IN; 0: unknown."
    )


class ProposedChange(Model):
    """A tool's call that waits for a person; code filed it, no model."""

    tool: Literal["update_device_status", "start_work_order", "close_work_order"]
    arguments: dict[str, Any] = Field(description="Without the order's number: it comes later.")
    text: str = Field(description="What it is, for the report.")


class Decision(Model):
    """What to do about a diagnosis."""

    create_order: bool
    reason: str
    plan: Plan | None = None
    proposals: tuple[str, ...] = Field(default=(), description="What waits for a person.")
    changes: tuple[ProposedChange, ...] = Field(
        default=(), description="Those of them that are filed, to be confirmed once."
    )
    waiting: str = Field(default="", description="What happens if nothing is done.")
    claims: tuple[Claim, ...] = Field(default=(), description="What the plan rests on.")
    evidence: tuple[Evidence, ...] = Field(
        default=(), description="What was looked at for it, beside that of the diagnosis."
    )
    removed: tuple[str, ...] = Field(default=(), description="What the check cut.")
    made_by: str
    tokens_used: int = Field(default=0, ge=0)
    input_tokens: int = Field(default=0, ge=0, description="Those of `tokens_used` that it read.")
    output_tokens: int = Field(default=0, ge=0, description="Those that it wrote.")
    cost: float = Field(
        default=0.0, ge=0, description="In the currency of OPSMITH_LLM_PRICE_IN; 0: unknown."
    )


class DiagnosisReport(Model):
    """One stored version of a report: rules' first, an LLM's may supersede it."""

    trace_id: str
    version: int = Field(ge=1)
    device_id: str
    diagnosis_text: str
    decision_text: str
    failure_mode: str | None
    fault_category: str
    severity: Severity
    recommended_action: str = Field(max_length=500)
    llm_model: str = Field(description="Name of the LLM, or `rules`.")
    tokens_used: int = Field(default=0, ge=0)
    latency_ms: float = Field(default=0.0, ge=0)
    as_of: Moment | None = Field(
        default=None, description="Plant time up to which its author looked; the store sets it."
    )
    created_at: Moment
    diagnosis: Diagnosis
    decision: Decision
