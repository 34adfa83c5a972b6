"""What closed orders teach: outcomes of diagnoses, learned priors, versions of entries."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from opsmith.domain.base import Model, Moment
from opsmith.domain.knowledge import KnowledgeEntry

Verdict = Literal["right", "partly", "wrong", "unknown"]
"""How a diagnosis compares with what was found."""

NOTHING = "none"
"""Stands for a failure mode where the device had no fault."""
OTHER = "other"
"""Stands for a failure mode where it was one that the knowledge does not have."""


class EntryState(StrEnum):
    """Where a version of a knowledge entry stands."""

    CANDIDATE = "CANDIDATE"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    RETIRED = "RETIRED"


class DraftEvidence(Model):
    """A closed order that speaks for a candidate."""

    order_no: str
    device_id: str
    trace_id: str | None = None
    found: str
    done: str = ""
    by: str
    at: Moment


class EntryVersion(Model):
    """One version of a knowledge entry, and what became of it."""

    entry_id: str
    version: int = Field(ge=1)
    state: EntryState
    entry: KnowledgeEntry
    evidence: tuple[DraftEvidence, ...] = ()
    proposed_by: str
    proposed_at: Moment
    reviewed_by: str | None = None
    reviewed_at: Moment | None = None
    reason: str = ""


class OrderOutcome(Model):
    """The diagnosis of a closed order, held against what was found."""

    order_no: str
    trace_id: str | None = None
    device_id: str
    device_type: str = Field(description="Class that the knowledge has.")
    diagnosed: str | None = Field(description="Failure mode reported; None: not established.")
    also: tuple[str, ...] = ()
    made_by: str = Field(default="", description="Who diagnosed; empty: there was no report.")
    found: str | None = Field(description="Entry, `none` or `other`; None: nobody can tell.")
    told: Literal["id", "words", "nothing"] = Field(description="How it is known.")
    words: str = Field(default="", description="What was found, as the technician wrote it.")
    verdict: Verdict
    ranked: dict[str, float] = Field(
        default_factory=dict[str, float],
        description="Probability of each mode by the readings, without what was learned.",
    )
    by: str
    at: Moment


class LearnedPrior(Model):
    """What the outcomes of a device class add to the prior of one failure mode."""

    device_type: str
    entry_id: str
    offset: float = Field(ge=-1, le=1, description="Log odds added to the entry's prior.")
    found: float = Field(ge=0, description="Orders in which it was found, weighted.")
    expected: float = Field(ge=0, description="In so many the readings alone expected it.")
    orders: int = Field(ge=0, description="Orders of the class that were counted.")
    updated_at: Moment
