"""Files what a report calls for as proposals of opsmith's own, and lets them lapse with it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from opsmith.access import caller
from opsmith.domain.alerts import AlertLevel
from opsmith.domain.audit import Outcome
from opsmith.domain.proposals import Proposal, ProposalStatus
from opsmith.errors import Conflict
from opsmith_mcp.reasons import Reason, reason_of, with_reason, without_reason

if TYPE_CHECKING:
    from opsmith_mcp.guard import Guard

_SETTLED = (ProposalStatus.DONE, ProposalStatus.REJECTED)


class Filing:
    """Proposes changes that nobody asked for; a person confirms each, or none.

    Args:
        guard: Where proposals wait.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def file(self, tool: str, arguments: Mapping[str, Any], reason: Reason) -> Proposal | None:
        """Propose a change because of a report, once.

        What waits because of an earlier version goes on waiting while it says the same; where what
        it would do has changed, it lapses and the new one takes its place. What a person has
        decided at that level, or what this version proposed before, is not proposed again.

        Returns:
            What waits, or was decided; None where nothing would change, or the alert is over.

        Raises:
            NotFound: No such tool, device or order.
            BadInput: The arguments are not the tool's.
        """
        guard = self._guard
        with guard.writing():
            change = guard.preview(tool, arguments)
            if change.text is None or change.device_id is None or guard.is_over(reason.trace_id):
                return None
            who = caller().name
            for one in guard.proposals.about(change.device_id, who):
                if one.tool != tool or one.arguments != change.arguments:
                    continue
                basis = reason_of(one)
                if basis is None or basis[0] != reason.trace_id:
                    continue
                waits = one.status is ProposalStatus.PENDING and one.expires_at > guard.now()
                if basis[1] >= reason.version or (one.status in _SETTLED and _same(basis, reason)):
                    return one
                if not waits:
                    continue
                if without_reason(one.shown) == change.text and _same(basis, reason):
                    return one
                self._end(one, "a newer version of the report takes its place")
            shown = with_reason(change.text, reason)
            needs, now = change.needs.name.lower(), guard.now()
            made = guard.proposals.add(
                tool, change.arguments, shown, change.device_id, needs, who, now
            )
            self._note(made, "proposed")
        return made

    def withdraw(
        self, device_id: str, trace_id: str, keep: Collection[str] = (), *, superseded: bool = False
    ) -> list[Proposal]:
        """End what waits because of an alert that has cleared, or of a report that was superseded.

        Args:
            device_id: Of the alert.
            trace_id: The alert.
            keep: Numbers of what goes on waiting.
            superseded: All that waits, else what does not outlive the alert: `Guard.outlives`.
        """
        why = f"alert {trace_id} has cleared"
        if superseded:
            why = f"the newest report on {trace_id} calls for it no more"
        ended = list[Proposal]()
        with self._guard.writing():
            for one in self._guard.proposals.about(device_id, caller().name):
                basis = reason_of(one)
                if one.status is not ProposalStatus.PENDING or one.proposal_id in keep:
                    continue
                if not superseded and self._guard.outlives(one):
                    continue
                if basis is None or basis[0] != trace_id or one.expires_at <= self._guard.now():
                    continue
                ended.append(self._end(one, why))
        return ended

    def _end(self, proposal: Proposal, why: str) -> Proposal:
        try:
            ended = self._guard.proposals.decide(
                proposal.proposal_id,
                ProposalStatus.LAPSED,
                caller().name,
                self._guard.now(),
                why,
            )
        except Conflict:
            # A person was first.
            return proposal
        self._note(ended, "failed", why)
        return ended

    def _note(self, proposal: Proposal, outcome: Outcome, why: str = "") -> None:
        detail = f"{proposal.proposal_id} of {proposal.proposed_by}" + (f": {why}" if why else "")
        arguments = json.dumps(proposal.arguments, ensure_ascii=False, sort_keys=True)
        guard = self._guard
        guard.audit.append(caller(), proposal.tool, arguments, outcome, guard.now(), detail)


def _same(basis: tuple[str, int, AlertLevel], reason: Reason) -> bool:
    return basis[2] <= reason.level
