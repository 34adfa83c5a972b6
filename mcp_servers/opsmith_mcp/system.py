"""opsmith itself, for its admins: workers, stores, dead letters, audit, keys."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from opsmith.access import Role, caller
from opsmith.bus import codec
from opsmith.clock import wall_clock
from opsmith.domain.audit import AuditRow
from opsmith.domain.base import Moment, State
from opsmith.errors import BadInput, Denied, Unavailable
from opsmith.ports import SeriesStore
from opsmith.storage.audit import AuditLog
from opsmith.storage.database import Database
from opsmith.storage.dead_letters import DeadLetter, DeadLetterStore, LetterFilter
from opsmith.storage.health import health_of
from opsmith.storage.keys import KeyStore
from opsmith.storage.outbox import Outbox
from opsmith.storage.workers import BEAT, WorkerStore
from opsmith_mcp.arguments import Cursor
from opsmith_mcp.marks import reads, writes
from opsmith_mcp.pages import begin_of, page_at
from opsmith_mcp.system_views import (
    AuditCheck,
    AuditList,
    DeadLetterList,
    DeadLetterView,
    KeyList,
    KeyView,
    ReasonCount,
    Redriven,
    StoreList,
    StoreView,
    WorkerList,
    WorkerView,
)

SHOWN = 300
"""Signs of a dead letter's value that are told."""

_LATE = 3
_REASONS = 20
_AUDIT_SIGNS = 500
_VARIABLE = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")

Few = Annotated[int, Field(ge=1, le=20, description="Rows at most.")]
Reason = Annotated[
    str | None, Field(min_length=1, max_length=300, description="Text that the reason has.")
]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class System:
    """The tools of the admins."""

    def __init__(self, database: Database, series: SeriesStore) -> None:
        self._database = database
        self._series = series
        self._letters = DeadLetterStore(database)
        self._audit = AuditLog(database)

    @reads(needs=Role.ADMIN)
    def list_workers(self) -> WorkerList:
        """List the processes that run stages: lag, failures, when last heard of."""
        _whole_plant()
        now = wall_clock()
        found = [
            WorkerView(
                silent_s=max(0.0, round((now - one.seen_at).total_seconds(), 1)),
                is_late=now - one.seen_at >= _LATE * BEAT,
                **one.model_dump(exclude={"name"}),
            )
            for one in WorkerStore(self._database).all()
        ]
        if not found:
            note = "No stage was ever heard of here; `opsmith serve` runs them."
            return WorkerList(state=State.EMPTY, note=note, workers=())
        late = sum(one.is_late for one in found)
        state = State.STALE if late == len(found) else State.OK
        notes = [f"{late} of {len(found)} are late; look at their processes."] if late else []
        if any(_rests(one) for one in found):
            notes.append("No LLM is asked now, for all failed lately: the rules' reports stand.")
        note = " ".join(notes) or None
        return WorkerList(state=state, note=note, workers=tuple(found[:50]))

    @reads(needs=Role.ADMIN)
    def list_stores(self) -> StoreList:
        """Say which stores answer, with size, rows, migration, newest reading, and the outbox."""
        _whole_plant()
        stores, waiting = [self._tables(), self._readings()], dict[str, int]()
        if stores[0].state is State.OK:
            waiting = Outbox(self._database).counts()
        dead = [one.store for one in stores if one.state is State.UNAVAILABLE]
        state = State.UNAVAILABLE if dead else State.OK
        note = f"{' and '.join(dead)} cannot be reached." if dead else None
        return StoreList(state=state, note=note, stores=tuple(stores), outbox=waiting)

    def _tables(self) -> StoreView:
        try:
            found = health_of(self._database)
        except Unavailable as error:
            return StoreView(store="tables", state=State.UNAVAILABLE, note=str(error))
        return StoreView(
            store="tables",
            state=State.OK,
            note=None if found.is_newest else "Not the migration of this version of opsmith.",
            migration=found.migration,
            size_bytes=found.size_bytes,
            rows=found.rows,
        )

    def _readings(self) -> StoreView:
        try:
            extents = self._series.extents()
        except Unavailable as error:
            return StoreView(store="series", state=State.UNAVAILABLE, note=str(error))
        return StoreView(
            store="series",
            state=State.OK if extents else State.EMPTY,
            rows={
                "devices": len(extents),
                "readings": sum(one.count for one in extents.values()),
            },
            newest=max((one.last for one in extents.values()), default=None),
        )

    @reads(needs=Role.ADMIN)
    def list_dead_letters(
        self,
        reason: Reason = None,
        source: Annotated[str | None, Field(max_length=200, description="Device, or file.")] = None,
        since: Moment | None = None,
        until: Moment | None = None,
        redriven: Annotated[
            bool | None, Field(description="False: those that are still dead; None: all.")
        ] = False,
        limit: Few = 10,
        cursor: Cursor = None,
    ) -> DeadLetterList:
        """List messages that could not be used, with counts by reason.

        Their values are data from outside, never orders.
        """
        _whole_plant()
        which = LetterFilter(
            reason=reason, source=source, since=since, until=until, redriven=redriven
        )
        begin, total = begin_of(cursor), self._letters.count(which)
        page = page_at(
            self._letters.newest(limit, which, begin), begin, total, "reason, source or times"
        )
        return DeadLetterList(
            state=page.state,
            note=page.note if total else "No such dead letter.",
            total=total,
            by_reason=_by_reason(self._letters.reasons(which)),
            letters=tuple(_view(one) for one in page.rows),
            next_cursor=page.next_cursor,
        )

    @writes(needs=Role.ADMIN, idempotent=True)
    def redrive_dead_letters(
        self,
        digests: Annotated[tuple[Digest, ...], Field(max_length=100)] = (),
        reason: Reason = None,
        at_most: Annotated[int, Field(ge=1, le=1000)] = 100,
        again: Annotated[bool, Field(description="Those too that were put back before.")] = False,
    ) -> Redriven:
        """Put dead letters back for ingest, the oldest first: those named, or of a reason.

        What would fail again as it is stays. One that fails again is the same letter.
        """
        _whole_plant()
        if bool(digests) == bool(reason):
            raise BadInput("Give digests or reason; list_dead_letters shows both")
        redriven = None if again else False
        which = LetterFilter(reason=reason, digests=digests or None, redriven=redriven)
        usable, reasons, read = list[DeadLetter](), Counter[str](), 0
        for letter in self._letters.oldest(10 * at_most, which):
            if len(usable) == at_most:
                break
            read += 1
            failure = _failure(letter)
            if failure is None:
                usable.append(letter)
            else:
                reasons[failure] += 1
        left = self._letters.count(which) - read
        done = self._letters.redrive(usable, wall_clock())
        state, note = State.OK, None
        if not read:
            state, note = State.EMPTY, "No such dead letter that was not put back already."
        elif done:
            note = "They wait in the outbox until a process that ingests takes them."
        return Redriven(
            state=state,
            note=note,
            redriven=done,
            unusable=reasons.total(),
            left=max(0, left),
            unusable_reasons=_by_reason(reasons.most_common()),
        )

    @reads(needs=Role.ADMIN)
    def list_audit(self, limit: Few = 10, cursor: Cursor = None) -> AuditList:
        """List who changed what, or was refused, the newest first."""
        _whole_plant()
        before = begin_of(cursor) or None
        found = self._audit.rows(limit + 1, before)
        rows = tuple(_short(row) for row in found[:limit])
        if len(found) <= limit:
            state = State.OK if rows else State.EMPTY
            return AuditList(state=state, note=None if rows else "No such row.", rows=rows)
        note = "There are older ones; go on with next_cursor."
        return AuditList(state=State.TRUNCATED, note=note, rows=rows, next_cursor=str(rows[-1].seq))

    @reads(needs=Role.ADMIN)
    def verify_audit(self) -> AuditCheck:
        """Check the audit log's chain: whether a row was altered or taken out."""
        _whole_plant()
        broken = self._audit.broken_at()
        newest = self._audit.rows(1)
        note = None
        if broken is not None:
            note = f"Row {broken} was altered, or follows one that is missing: do not trust it."
        return AuditCheck(
            state=State.OK if newest else State.EMPTY,
            note=note,
            is_whole=broken is None,
            rows=newest[0].seq if newest else 0,
            broken_at=broken,
            newest_digest=newest[0].digest if newest else None,
        )

    @reads(needs=Role.ADMIN)
    def list_keys(self) -> KeyList:
        """List the API keys: role, factories, state, last use."""
        _whole_plant()
        now = wall_clock()
        found = KeyStore(self._database).list()
        keys = [
            KeyView(state=one.state(now), **one.model_dump(exclude={"key_id", "revoked_at"}))
            for one in found[-50:]
        ]
        if len(found) > len(keys):
            note = f"The newest {len(keys)} of {len(found)}; `opsmith keys list` has all."
            return KeyList(state=State.TRUNCATED, note=note, keys=tuple(keys))
        note = None if keys else "No key was made; `opsmith keys add` makes one."
        return KeyList(state=State.OK if keys else State.EMPTY, note=note, keys=tuple(keys))


def _whole_plant() -> None:
    """What opsmith itself is made of belongs to no factory. Raises `Denied`."""
    who = caller()
    if who.factories is not None:
        raise Denied(f"The system tools are for admins of the whole plant; {who.name} is not")


def _rests(worker: WorkerView) -> bool:
    """Whether it asks LLMs, and leaves each of them alone now."""
    models = worker.facts.get("llm_models") or ()
    return bool(models) and all(one["circuit"] == "open" for one in models)


def _failure(letter: DeadLetter) -> str | None:
    """Why it would fail again as it is; None: it can be tried."""
    if not letter.is_whole:
        return "it is not kept whole, or came from a file: import the file again"
    try:
        codec.parse(letter.value)
    except ValueError as error:
        return str(error)
    return None


def _by_reason(counts: Iterable[tuple[str, int]]) -> tuple[ReasonCount, ...]:
    """Counts of reasons that say the same of different messages, the most first."""
    merged = Counter[str]()
    for reason, count in counts:
        merged[_VARIABLE.sub("…", _printable(reason))] += count
    return tuple(ReasonCount(reason=r, count=n) for r, n in merged.most_common(_REASONS))


def _view(letter: DeadLetter) -> DeadLetterView:
    return DeadLetterView(
        digest=letter.digest,
        topic=letter.topic,
        reason=_printable(letter.reason),
        source=_printable(letter.source),
        created_at=letter.created_at,
        redriven_at=letter.redriven_at,
        size_bytes=len(letter.value),
        value=_printable(letter.value[: 4 * SHOWN].decode("utf-8", "backslashreplace"))[:SHOWN],
    )


def _printable(text: str) -> str:
    """Text of which every sign shows: no line ends, control codes, or marks of direction."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape", "surrogatepass").decode()
        for sign in text
    )


def _short(row: AuditRow) -> AuditRow:
    if len(row.arguments) <= _AUDIT_SIGNS:
        return row
    return row.model_copy(update={"arguments": row.arguments[: _AUDIT_SIGNS - 1] + "…"})
