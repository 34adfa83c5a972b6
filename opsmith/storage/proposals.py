"""Queries of what waits for a person, and of answers kept for calls that come again."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from opsmith.domain.proposals import Proposal, ProposalStatus
from opsmith.errors import Conflict, NotFound
from opsmith.storage.database import Database, mapping
from opsmith.storage.scope import in_factories
from opsmith.storage.tables import kept_answer
from opsmith.storage.tables import proposal as table

LASTS = timedelta(hours=12)
"""A proposal waits so long: over the next shift change, not over the next day."""

AT_ONCE = 200
"""Proposals for one device that are looked at: more than a week of any shift's."""

KEPT = timedelta(days=7)
"""An answer is kept so long for a call that comes again."""


class ProposalStore:
    """Proposals, by their number."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        tool: str,
        arguments: dict[str, Any],
        shown: str,
        device_id: str | None,
        needs: str,
        by: str,
        now: datetime,
    ) -> Proposal:
        """Make one, or give back the one that says the same and waits still."""
        with self._database.write() as connection:
            same = (
                select(table)
                .where(
                    table.c.tool == tool,
                    table.c.status == ProposalStatus.PENDING,
                    table.c.proposed_by == by,
                    table.c.expires_at > now,
                )
                .order_by(table.c.proposal_id)
            )
            for row in connection.execute(same):
                if row.arguments == arguments and row.shown == shown:
                    return Proposal.model_validate(mapping(row))
            day = f"PR-{now:%Y%m%d}-"
            count, last = connection.execute(
                select(func.count(), func.max(table.c.proposal_id)).where(
                    table.c.proposal_id.startswith(day)
                )
            ).one()
            number = max(count, int(last.removeprefix(day)) if last else 0) + 1
            made = Proposal(
                proposal_id=f"{day}{number:04d}",
                tool=tool,
                arguments=arguments,
                shown=shown,
                device_id=device_id,
                needs=needs,
                proposed_by=by,
                proposed_at=now,
                expires_at=now + LASTS,
            )
            connection.execute(insert(table).values(**dict(made)))
        return made

    def get(self, proposal_id: str, now: datetime) -> Proposal:
        """One by its number, expired where its time is over. Raises `NotFound`."""
        with self._database.read() as connection:
            row = connection.execute(
                select(table).where(table.c.proposal_id == proposal_id.strip().upper())
            ).one_or_none()
        if row is None:
            raise NotFound(f"No proposal {proposal_id!r}; list_proposals names those that wait")
        return _as_of(Proposal.model_validate(mapping(row)), now)

    def find(
        self,
        now: datetime,
        status: ProposalStatus | None = ProposalStatus.PENDING,
        factories: Sequence[str] | frozenset[str] | None = None,
        limit: int = 100,
    ) -> list[Proposal]:
        """Proposals, the newest first; those of one status, and of devices in the factories."""
        query = select(table).order_by(table.c.proposal_id.desc()).limit(limit)
        if status in (ProposalStatus.PENDING, ProposalStatus.EXPIRED):
            # An expired one is PENDING in its row until somebody asks.
            query = query.where(
                table.c.status == ProposalStatus.PENDING,
                table.c.expires_at > now
                if status is ProposalStatus.PENDING
                else table.c.expires_at <= now,
            )
        elif status is not None:
            query = query.where(table.c.status == status)
        if factories is not None:
            query = query.where(in_factories(table.c.device_id, factories))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [_as_of(Proposal.model_validate(mapping(row)), now) for row in rows]

    def about(self, device_id: str, by: str) -> list[Proposal]:
        """All that somebody ever proposed for a device, the newest first, `AT_ONCE` at most.

        The status is that of the row: one that nobody looked at since its time was over is
        PENDING.
        """
        query = (
            select(table)
            .where(table.c.device_id == device_id, table.c.proposed_by == by)
            .order_by(table.c.proposed_at.desc(), table.c.proposal_id.desc())
            .limit(AT_ONCE)
        )
        with self._database.read() as connection:
            return [Proposal.model_validate(mapping(row)) for row in connection.execute(query)]

    def decide(
        self, proposal_id: str, status: ProposalStatus, by: str, now: datetime, outcome: str
    ) -> Proposal:
        """End one that waits; of many who try, one does. Raises `Conflict`, `NotFound`."""
        with self._database.write() as connection:
            ended = connection.execute(
                update(table)
                .where(
                    table.c.proposal_id == proposal_id,
                    table.c.status == ProposalStatus.PENDING,
                    table.c.expires_at > now,
                )
                .values(status=status, decided_by=by, decided_at=now, outcome=outcome)
            )
            if ended.rowcount != 1:
                there = self.get(proposal_id, now)
                who = f" by {there.decided_by}" if there.decided_by else ""
                raise Conflict(f"{proposal_id} waits no longer: it is {there.status}{who}")
        return self.get(proposal_id, now)


def _as_of(proposal: Proposal, now: datetime) -> Proposal:
    if proposal.status is ProposalStatus.PENDING and proposal.expires_at <= now:
        return proposal.model_copy(update={"status": ProposalStatus.EXPIRED})
    return proposal


class KeptAnswers:
    """What calls with an idempotency key were answered."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, caller: str, key: str, tool: str, arguments: dict[str, Any]) -> Any | None:
        """The answer, JSON, or None. Raises `Conflict` where the key was for another call."""
        with self._database.read() as connection:
            row = connection.execute(
                select(kept_answer).where(
                    kept_answer.c.caller == caller, kept_answer.c.idempotency_key == key
                )
            ).one_or_none()
        if row is None:
            return None
        if (row.tool, row.arguments) != (tool, _digest(arguments)):
            raise Conflict(f"The idempotency key {key!r} was used for another call; take a new one")
        return row.answer

    def keep(
        self, caller: str, key: str, tool: str, arguments: dict[str, Any], answer: Any, at: datetime
    ) -> None:
        """Keep an answer; what is older than `KEPT` goes."""
        with self._database.write() as connection:
            connection.execute(delete(kept_answer).where(kept_answer.c.at < at - KEPT))
            connection.execute(
                insert(kept_answer).values(
                    caller=caller,
                    idempotency_key=key,
                    tool=tool,
                    arguments=_digest(arguments),
                    answer=answer,
                    at=at,
                )
            )


def _digest(arguments: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(arguments, sort_keys=True).encode()).hexdigest()
