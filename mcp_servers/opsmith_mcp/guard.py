"""What stands between a caller and the plant's records: confirmation, once and no more, audit."""

import functools
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, NamedTuple, cast, get_type_hints

import anyio.to_thread
from fastmcp.server.dependencies import get_context
from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python
from sqlalchemy.exc import IntegrityError

from opsmith.access import Caller, Role, caller
from opsmith.clock import wall_clock
from opsmith.domain.audit import Outcome
from opsmith.domain.proposals import ChangeResult, Proposal, ProposalStatus
from opsmith.errors import BadInput, Conflict, Denied, NotFound, OpsmithError
from opsmith.storage.alerts import AlertStore
from opsmith.storage.audit import AuditLog
from opsmith.storage.database import Database
from opsmith.storage.proposals import KeptAnswers, ProposalStore
from opsmith_mcp.calling import taken_by
from opsmith_mcp.elicit import ask
from opsmith_mcp.marks import Mark, Shown, marked_tools
from opsmith_mcp.reasons import reason_of, without_reason

Tool = Callable[..., Any]

IdempotencyKey = Annotated[
    str | None,
    Field(min_length=1, max_length=64, description="The same key again changes nothing again."),
]


@dataclass(frozen=True, slots=True)
class _Change:
    """A tool that a person confirms."""

    method: Tool
    show: Callable[..., Shown]
    mark: Mark


class Preview(NamedTuple):
    """What a tool's call would change, and who may confirm it."""

    arguments: dict[str, Any]
    """JSON values."""
    text: str | None
    """As in `Shown`."""
    device_id: str | None
    needs: Role


class Guard:
    """Runs the tools that write.

    Args:
        database: Where everything that they write is.
        clock: The time of people: proposals and audit go by it, whatever the plant goes by.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] = wall_clock) -> None:
        self.audit = AuditLog(database)
        self.proposals = ProposalStore(database)
        self._answers = KeptAnswers(database)
        self._alerts = AlertStore(database)
        self._database = database
        self._clock = clock
        self._changes: dict[str, _Change] = {}

    def know(self, groups: Iterable[object]) -> None:
        """Learn which tools there are whose changes may be confirmed here."""
        for group in groups:
            for method, mark in marked_tools(group):
                if mark.confirms is not None:
                    change = _Change(method, getattr(group, mark.shows), mark)
                    self._changes[method.__name__] = change

    def published(self, method: Tool, mark: Mark) -> Tool:
        """The method as it is called from outside."""
        if mark.audited or not mark.writes:
            return method
        if mark.confirms is not None:
            return self._proposing(self._changes[method.__name__])
        return self._at_once(method, mark)

    def preview(self, name: str, arguments: Mapping[str, Any]) -> Preview:
        """What a change would do that waits for a person; nothing is done or proposed.

        Raises:
            NotFound: No such tool, or nothing that it would change.
            BadInput: The arguments are not the tool's.
        """
        change = self._changes.get(name)
        if change is None or change.mark.confirms is None:
            raise NotFound(f"No tool {name!r} that a person confirms")
        try:
            given = taken_by(change.method).validate_python(dict(arguments))
        except ValidationError as error:
            raise BadInput(f"{name} does not take these: {error.errors()[0]['msg']}") from error
        shown = change.show(**given)
        told: dict[str, Any] = to_jsonable_python(dict(arguments))
        return Preview(told, shown.text, shown.device_id, change.mark.confirms)

    def writing(self) -> AbstractContextManager[Any]:
        """One transaction around what is looked at and what is written."""
        return self._database.write()

    def is_over(self, trace_id: str) -> bool:
        """Whether an alert has cleared."""
        alert = self._alerts.find_one(trace_id)
        return alert is not None and alert.cleared_at is not None

    def outlives(self, proposal: Proposal) -> bool:
        """Whether a proposal stands though the alert that it was filed for has cleared."""
        return proposal.tool == "close_work_order" or reason_of(proposal) is None

    def now(self) -> datetime:
        """The time of people."""
        return self._clock()

    def refused(self, who: Caller, action: str, arguments: object, why: str) -> None:
        """Note that a call that writes was refused."""
        self.audit.append(who, action, _json(arguments), "refused", self.now(), why)

    async def confirm(self, proposal_id: str) -> Proposal:
        """Do what was proposed, exactly as it was shown, once.

        Raises:
            NotFound: No such proposal.
            Denied: The caller's role is too low, or it is his own and nobody else looked at it.
            Conflict: It waits no longer, or the plant has changed since it was shown.
        """
        who, proposal = caller(), self.proposals.get(proposal_id, self.now())
        needs = Role[proposal.needs.upper()]
        if not who.may(needs):
            role = who.role.name.lower()
            raise Denied(f"{proposal.proposal_id} needs the role {proposal.needs}; you are {role}")
        if proposal.status is not ProposalStatus.PENDING:
            return proposal
        if who.role is not Role.SYSTEM and not who.is_person:
            answer = await ask(_context(), proposal.shown)
            if answer is False:
                await self._in_thread(self._note, who, proposal, "declined")
                raise Conflict(f"The person declined; {proposal.proposal_id} waits still")
            if answer is None and proposal.proposed_by == who.name:
                raise Denied(
                    f"{proposal.proposal_id} is your own: another person confirms it, or you in a "
                    "client that can ask you, in the console, or with `opsmith proposals confirm`"
                )
        return cast(Proposal, await self._in_thread(self._replay, who, proposal))

    def reject(self, proposal_id: str, reason: str) -> Proposal:
        """End a proposal without doing it. Raises as `confirm`."""
        who, proposal = caller(), self.proposals.get(proposal_id, self.now())
        if not who.may(Role[proposal.needs.upper()]) and proposal.proposed_by != who.name:
            raise Denied(f"{proposal.proposal_id} needs the role {proposal.needs}")
        with self._database.write():
            ended = self.proposals.decide(
                proposal.proposal_id, ProposalStatus.REJECTED, who.name, self.now(), reason
            )
            self._note(who, ended, "declined")
        return ended

    def _replay(self, who: Caller, proposal: Proposal) -> Proposal:
        change = self._changes.get(proposal.tool)
        if change is None:
            raise Conflict(f"{proposal.tool} is not there any more; reject {proposal.proposal_id}")
        arguments = taken_by(change.method).validate_python(proposal.arguments)
        try:
            with self._database.write():
                # Whoever is first takes it; what follows is undone with it if it fails.
                done = self.proposals.decide(
                    proposal.proposal_id, ProposalStatus.DONE, who.name, self.now(), "done"
                )
                text = change.show(**arguments).text
                if text not in (proposal.shown, without_reason(proposal.shown)):
                    raise _Lapsed
                reason = reason_of(proposal)
                if reason and not self.outlives(proposal) and self.is_over(reason[0]):
                    raise _Lapsed
                change.method(**arguments)
                self._note(who, done, "confirmed")
                return done
        except _Lapsed:
            why = "what it was about has changed since it was shown; propose it anew"
            with self._database.write():
                self.proposals.decide(
                    proposal.proposal_id, ProposalStatus.LAPSED, who.name, self.now(), why
                )
                self._note(who, proposal, "failed", why)
            raise Conflict(f"{proposal.proposal_id} was not done: {why}") from None
        except OpsmithError as error:
            self._note(who, proposal, "failed", str(error))
            raise

    def _note(self, who: Caller, proposal: Proposal, outcome: Outcome, why: str = "") -> None:
        detail = f"{proposal.proposal_id} of {proposal.proposed_by}" + (f": {why}" if why else "")
        arguments = _json(proposal.arguments)
        self.audit.append(who, proposal.tool, arguments, outcome, self.now(), detail)

    def _at_once(self, method: Tool, mark: Mark) -> Tool:
        @functools.wraps(method)
        def tool(idempotency_key: str | None = None, **arguments: Any) -> Any:
            return self._run(method, arguments, "done", idempotency_key)

        signature = inspect.signature(method)
        hints = get_type_hints(method, include_extras=True)
        if not mark.idempotent:
            hints["idempotency_key"] = IdempotencyKey
            last = inspect.Parameter(
                "idempotency_key",
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=IdempotencyKey,
            )
            signature = signature.replace(parameters=[*signature.parameters.values(), last])
        setattr(tool, "__signature__", signature)  # noqa: B010  what inspect reads
        tool.__annotations__ = hints
        return tool

    def _proposing(self, change: _Change) -> Tool:
        method, confirms = change.method, change.mark.confirms
        assert confirms is not None

        @functools.wraps(method)
        async def tool(**arguments: Any) -> Any:
            who = caller()
            shown: Shown = await self._in_thread(functools.partial(change.show, **arguments))
            if shown.text is None:
                return shown.view
            if who.role is Role.SYSTEM or (who.is_person and who.may(confirms)):
                return await self._in_thread(self._run, method, arguments, "done")
            answer = await ask(_context(), shown.text) if who.may(confirms) else None
            if answer:
                return await self._in_thread(self._confirmed, change, arguments, shown.text)
            if answer is False:
                await self._in_thread(self._declined, who, method, arguments)
                return _with_note(shown.view, "The person declined: nothing was changed.")
            return await self._in_thread(self._propose, who, method, arguments, shown, confirms)

        tool.__annotations__ = get_type_hints(method, include_extras=True)
        return tool

    def _confirmed(self, change: _Change, arguments: dict[str, Any], seen: str) -> Any:
        """Do what the person saw; he took his time, and it has to be that still."""

        @functools.wraps(change.method)
        def unchanged(**given: Any) -> Any:
            if change.show(**given).text != seen:
                raise Conflict("It has changed while you looked; nothing was done: ask again")
            return change.method(**given)

        return self._run(unchanged, arguments, "confirmed")

    def _declined(self, who: Caller, method: Tool, arguments: dict[str, Any]) -> None:
        self.audit.append(who, method.__name__, _json(arguments), "declined", self.now())

    def _propose(
        self,
        who: Caller,
        method: Tool,
        arguments: dict[str, Any],
        shown: Shown,
        confirms: Role,
    ) -> ChangeResult:
        needs = confirms.name.lower()
        given: dict[str, Any] = to_jsonable_python(arguments)
        assert shown.text is not None
        with self._database.write():
            proposal = self.proposals.add(
                method.__name__, given, shown.text, shown.device_id, needs, who.name, self.now()
            )
            self._note(who, proposal, "proposed")
        note = (
            f"Nothing is changed yet: {proposal.proposal_id} waits for a person with the role "
            f"{needs}, who confirms it by confirm_proposal, in the console, or with "
            f"`opsmith proposals confirm {proposal.proposal_id}`."
        )
        return _with_note(shown.view, note).model_copy(update={"proposal": proposal})

    def _run(
        self, method: Tool, arguments: dict[str, Any], outcome: Outcome, key: str | None = None
    ) -> Any:
        """Call it in one transaction with its audit row, and once where a key was given."""
        who, name = caller(), method.__name__
        given: dict[str, Any] = to_jsonable_python(arguments)
        for attempt in (1, 2):
            try:
                with self._database.write():
                    if key is not None:
                        kept = self._answers.find(who.name, key, name, given)
                        if kept is not None:
                            return _answer_type(method).validate_python(kept)
                    value = method(**arguments)
                    if key is not None:
                        answer = to_jsonable_python(value)
                        self._answers.keep(who.name, key, name, given, answer, self.now())
                    self.audit.append(who, name, _json(given), outcome, self.now())
                return value
            except IntegrityError:
                # Another process was first with the same key, or the same row of the audit log.
                if attempt == 2:
                    raise
            except OpsmithError as error:
                self.audit.append(who, name, _json(given), "failed", self.now(), str(error))
                raise
        raise AssertionError("unreachable")

    @staticmethod
    async def _in_thread(function: Callable[..., Any], *args: Any) -> Any:
        return await anyio.to_thread.run_sync(functools.partial(function, *args))


class _Lapsed(Exception):
    """What was shown is no longer what would happen."""


@functools.cache
def _answer_type(method: Tool) -> TypeAdapter[Any]:
    return TypeAdapter(get_type_hints(method)["return"])


def _with_note(view: ChangeResult, note: str) -> ChangeResult:
    return view.model_copy(update={"note": note if view.note is None else f"{note} {view.note}"})


def _json(value: object) -> str:
    return json.dumps(to_jsonable_python(value), ensure_ascii=False, sort_keys=True)


def _context() -> Any | None:
    try:
        return get_context()
    except RuntimeError:
        return None
