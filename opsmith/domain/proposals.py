"""Proposals: changes to the plant that wait for a person, exactly as they were shown to him."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from opsmith.domain.base import Model, Moment, ToolResult


class ProposalStatus(StrEnum):
    """Where a proposal stands."""

    PENDING = "PENDING"
    DONE = "DONE"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    LAPSED = "LAPSED"
    """What it was about has changed since; it has to be proposed anew."""


class Proposal(Model):
    """One change that waits, or waited, for a person."""

    proposal_id: str = Field(description="Such as PR-20260228-001.")
    tool: str
    arguments: dict[str, Any]
    shown: str = Field(description="What exactly will happen; written by code.")
    device_id: str | None = None
    needs: str = Field(description="Least role of who confirms it.")
    proposed_by: str
    proposed_at: Moment
    expires_at: Moment
    status: ProposalStatus = ProposalStatus.PENDING
    decided_by: str | None = None
    decided_at: Moment | None = None
    outcome: str | None = Field(default=None, description="What came of it.")


class ChangeResult(ToolResult):
    """What a tool answers that may have to wait for a person."""

    proposal: Proposal | None = Field(
        default=None, description="It waits for a person: nothing is changed yet."
    )
