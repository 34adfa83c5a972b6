"""One knowledge entry whole, for its reviewer: all fields, its evidence, its versions."""

from collections.abc import Sequence

from pydantic import Field

from opsmith.domain.base import Model, Moment
from opsmith.domain.knowledge import KnowledgeEntry
from opsmith.domain.learning import DraftEvidence, EntryState, EntryVersion
from opsmith_mcp.pages import fitting

_EVIDENCE = 9_000
"""Characters of the evidence of one entry: what an answer has room for beside its text."""
_VERSIONS = 20


class VersionRow(Model):
    """One version of an entry that is kept."""

    version: int
    entry_state: EntryState
    proposed_by: str
    reviewed_by: str | None
    at: Moment = Field(description="Of the review, else of the proposal.")
    reason: str


class WholeEntry(Model):
    """The newest version of an entry, nothing of its text cut."""

    entry: KnowledgeEntry = Field(description="In both languages.")
    version: int
    entry_state: EntryState
    proposed_by: str
    proposed_at: Moment
    evidence_total: int
    evidence: tuple[DraftEvidence, ...] = Field(description="Closed orders, the newest first.")
    versions: tuple[VersionRow, ...] = Field(description="The newest first.")


def whole_of(kept: Sequence[EntryVersion]) -> WholeEntry:
    """The first of an entry's versions whole, and the newest of all as rows.

    Args:
        kept: All versions of one entry, the newest first; at least one.
    """
    newest = kept[0]
    return WholeEntry(
        entry=newest.entry,
        version=newest.version,
        entry_state=newest.state,
        proposed_by=newest.proposed_by,
        proposed_at=newest.proposed_at,
        evidence_total=len(newest.evidence),
        evidence=tuple(fitting(newest.evidence[::-1], _EVIDENCE)),
        versions=tuple(_row(one) for one in kept[:_VERSIONS]),
    )


def _row(one: EntryVersion) -> VersionRow:
    return VersionRow(
        version=one.version,
        entry_state=one.state,
        proposed_by=one.proposed_by,
        reviewed_by=one.reviewed_by,
        at=one.reviewed_at or one.proposed_at,
        reason=one.reason,
    )
