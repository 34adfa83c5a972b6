"""What waits for a person: list it, confirm it, reject it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, WithJsonSchema

from opsmith.access import Role, scope
from opsmith.domain.base import State, ToolResult
from opsmith.domain.proposals import Proposal, ProposalStatus
from opsmith.errors import NotFound
from opsmith_mcp.filing import Filing
from opsmith_mcp.lookup import find_device
from opsmith_mcp.marks import confirming, reads, system_only
from opsmith_mcp.reasons import Reason

if TYPE_CHECKING:
    from opsmith.storage.devices import DeviceStore
    from opsmith_mcp.guard import Guard

ProposalId = Annotated[str, Field(max_length=24, description="Such as PR-20260228-0001.")]

_MOST = 20


class ProposalList(ToolResult):
    """Proposals, the newest first."""

    proposals: tuple[Proposal, ...]


class ProposalView(ToolResult):
    """One proposal."""

    proposal: Proposal


class FiledProposal(ToolResult):
    """What waits because of a report."""

    proposal: Proposal | None = Field(
        description="What waits, or was decided already; None: nothing is to change."
    )


class Proposals:
    """The tools of what waits for a person."""

    def __init__(self, guard: Guard, devices: DeviceStore) -> None:
        self._guard = guard
        self._devices = devices
        self._filing = Filing(guard)

    @reads(needs=Role.OPERATOR)
    def list_proposals(
        self, status: ProposalStatus | None = ProposalStatus.PENDING
    ) -> ProposalList:
        """List the changes that wait for a person, with exactly what each would do."""
        found = self._guard.proposals.find(self._guard.now(), status, scope(), _MOST + 1)
        state, note = State.OK, None
        if not found:
            state, note = State.EMPTY, "Nothing waits."
        elif len(found) > _MOST:
            state, note = State.TRUNCATED, f"The newest {_MOST}; confirm or reject some."
        return ProposalList(state=state, note=note, proposals=tuple(found[:_MOST]))

    @confirming
    async def confirm_proposal(self, proposal_id: ProposalId) -> ProposalView:
        """Do what was proposed, exactly as it was shown, once; for a person with the role."""
        self._look(proposal_id)
        return ProposalView(proposal=await self._guard.confirm(proposal_id))

    @confirming
    async def reject_proposal(
        self, proposal_id: ProposalId, reason: Annotated[str, Field(max_length=300)] = ""
    ) -> ProposalView:
        """End a proposal without doing it, for a person with the role or who made it."""
        self._look(proposal_id)
        return ProposalView(proposal=self._guard.reject(proposal_id, reason))

    @system_only(idempotent=True)
    def propose_change(
        self,
        tool: Annotated[str, Field(max_length=64)],
        arguments: dict[str, Any],
        reason: Annotated[Reason, WithJsonSchema({"type": "object"})],
    ) -> FiledProposal:
        """File a change that a report calls for, for a person to confirm; once for each report."""
        proposal = self._filing.file(tool, arguments, reason)
        state = State.EMPTY if proposal is None else State.OK
        note = "Nothing is to change, or the alert is over." if proposal is None else None
        return FiledProposal(state=state, note=note, proposal=proposal)

    @system_only(idempotent=True)
    def withdraw_proposals(
        self,
        device_id: Annotated[str, Field(max_length=64)],
        trace_id: Annotated[str, Field(max_length=64)],
        superseded: Annotated[bool, Field(description="Its report was, not the alert.")] = False,
        keep: Annotated[tuple[ProposalId, ...], Field(max_length=20)] = (),
    ) -> ProposalList:
        """End what waits because of an alert that has cleared, or of a superseded report on it."""
        device = find_device(self._devices, device_id)
        ended = self._filing.withdraw(device.device_id, trace_id, keep, superseded=superseded)
        return ProposalList(state=State.OK, note=None, proposals=tuple(ended[:_MOST]))

    def _look(self, proposal_id: str) -> None:
        """Nothing of another factory is there. Raises `NotFound`."""
        proposal, factories = self._guard.proposals.get(proposal_id, self._guard.now()), scope()
        if factories is None:
            return
        device = self._devices.find(proposal.device_id) if proposal.device_id else None
        if device is None or device.factory_id not in factories:
            raise NotFound(f"No proposal {proposal_id!r}; list_proposals names those that wait")
