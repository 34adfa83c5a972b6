"""Versions of knowledge entries: drafted, reviewed, kept, and put back."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from opsmith.domain.knowledge import KnowledgeEntry
from opsmith.domain.learning import DraftEvidence, EntryState, EntryVersion
from opsmith.errors import BadInput, Conflict, NotFound
from opsmith.storage.database import Database, mapping
from opsmith.storage.knowledge import KnowledgeStore, entry_rows, moment_after
from opsmith.storage.tables import kb_version as table
from opsmith.storage.tables import maintenance_kb

BEFORE = "opsmith"
"""Who is noted for a version that was there before anybody changed it."""


class EntryVersions:
    """Every version of the entries that were ever changed here; only what is ACCEPTED holds.

    An entry as it came with opsmith or an import is noted as version 1 once it is changed.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._entries = KnowledgeStore(database)

    def draft(
        self, entry: KnowledgeEntry, evidence: Sequence[DraftEvidence], by: str, now: datetime
    ) -> EntryVersion:
        """Keep a candidate, which waits for a reviewer; it takes the place of an earlier draft.

        Raises:
            Conflict: An entry of that id holds already.
        """
        with self._database.write() as connection:
            if self._holding(connection, entry.entry_id) is not None:
                raise Conflict(f"{entry.entry_id!r} is an entry already")
            _end(connection, entry.entry_id, EntryState.CANDIDATE, EntryState.RETIRED)
            return _add(connection, entry, EntryState.CANDIDATE, by, now, evidence=tuple(evidence))

    def find(
        self, entry_id: str | None = None, state: EntryState | None = None, limit: int = 1000
    ) -> list[EntryVersion]:
        """Versions, the newest of each entry first."""
        query = select(table).order_by(table.c.entry_id, table.c.version.desc()).limit(limit)
        if entry_id is not None:
            query = query.where(table.c.entry_id == entry_id)
        if state is not None:
            query = query.where(table.c.state == state)
        with self._database.read() as connection:
            return [_version(row) for row in connection.execute(query)]

    def candidate(self, entry_id: str) -> EntryVersion:
        """The candidate of that id. Raises `NotFound`."""
        found = self.find(entry_id, EntryState.CANDIDATE)
        if not found:
            raise NotFound(f"No candidate {entry_id!r}; `opsmith kb review` lists those that wait")
        return found[0]

    def accept(
        self,
        entry_id: str,
        by: str,
        now: datetime,
        reason: str,
        edit: Callable[[KnowledgeEntry], KnowledgeEntry] | None = None,
    ) -> EntryVersion:
        """Let a candidate hold from now on, edited where the reviewer says so. Raises `NotFound`.

        Raises:
            BadInput: The edit is of another entry.
        """
        with self._database.write() as connection:
            draft = self.candidate(entry_id)
            entry = edit(draft.entry) if edit else draft.entry
            if entry.entry_id != entry_id:
                raise BadInput(f"The edit is of {entry.entry_id!r}, not of {entry_id!r}")
            if entry == draft.entry:
                _review(connection, draft, EntryState.ACCEPTED, by, now, reason)
                made = draft.model_copy(
                    update={
                        "state": EntryState.ACCEPTED,
                        "reviewed_by": by,
                        "reviewed_at": now,
                        "reason": reason,
                    }
                )
            else:
                _review(connection, draft, EntryState.RETIRED, by, now, f"edited: {reason}")
                made = _add(connection, entry, EntryState.ACCEPTED, by, now, reason, draft.evidence)
            _hold(connection, entry, now)
        return made

    def reject(self, entry_id: str, by: str, now: datetime, reason: str) -> EntryVersion:
        """End a candidate; it is kept, with the reason. Raises `NotFound`."""
        with self._database.write() as connection:
            draft = self.candidate(entry_id)
            _review(connection, draft, EntryState.REJECTED, by, now, reason)
        return self.find(entry_id)[0]

    def put(
        self, entries: Sequence[KnowledgeEntry], by: str, now: datetime, reason: str
    ) -> tuple[int, int]:
        """Store entries that a person brings; what changes is kept as it was.

        Returns:
            How many were new, and how many others changed; the same again gives (0, 0).
        """
        new = changed = 0
        with self._database.write() as connection:
            there = {one.entry_id: one for one in self._entries.all()}
            for entry in entries:
                before = there.get(entry.entry_id)
                if before == entry:
                    continue
                new, changed = new + (before is None), changed + (before is not None)
                self._replace(connection, before, entry, by, now, reason)
        return new, changed

    def bring(self, packaged: Sequence[KnowledgeEntry], now: datetime) -> tuple[int, int]:
        """Store what opsmith brings: new entries, and newer texts of those nobody changed here.

        What a person changed, retired or put back stays; `behind` names it. A text that held
        before is not brought again, so that an older opsmith on the same tables undoes nothing.

        Returns:
            How many were new, and how many others changed.
        """
        there = {one.entry_id: one for one in self._entries.all()}
        if all(there.get(one.entry_id) == one for one in packaged):
            return 0, 0
        new = changed = 0
        with self._database.write() as connection:
            there = {one.entry_id: one for one in self._entries.all()}
            kept = self._kept(connection)
            for entry in packaged:
                before, versions = there.get(entry.entry_id), kept.get(entry.entry_id, ())
                if before is None and not any(map(_was_reviewed, versions)):
                    new += 1
                    _hold(connection, entry, now)
                elif before not in (None, entry) and _as_brought(entry, versions):
                    changed += 1
                    why = "newer text of opsmith"
                    self._replace(connection, before, entry, BEFORE, now, why)
        return new, changed

    def behind(self, packaged: Sequence[KnowledgeEntry]) -> tuple[str, ...]:
        """Entries that were changed here, of which opsmith has a text that never held here."""
        there = {one.entry_id: one for one in self._entries.all()}
        with self._database.read() as connection:
            kept = self._kept(connection)
        return tuple(
            one.entry_id
            for one in packaged
            if there.get(one.entry_id, one) != one
            and all(version.entry != one for version in kept.get(one.entry_id, ()))
        )

    def retire(self, entry_id: str, by: str, now: datetime, reason: str) -> EntryVersion:
        """Let an entry hold no longer; it is kept. Raises `NotFound`."""
        with self._database.write() as connection:
            before = self._holding(connection, entry_id)
            if before is None:
                raise NotFound(f"No knowledge entry {entry_id!r}")
            self._noted(connection, before, now)
            (standing,) = self.find(entry_id, EntryState.ACCEPTED)
            _review(connection, standing, EntryState.RETIRED, by, now, reason)
            _drop(connection, entry_id)
        return self.find(entry_id)[0]

    def restore(
        self, entry_id: str, version: int, by: str, now: datetime, reason: str
    ) -> EntryVersion:
        """Roll back: an earlier version holds again, as a new one.

        Raises:
            NotFound: No such version.
            Conflict: Nobody ever accepted it.
        """
        with self._database.write() as connection:
            found = [one for one in self.find(entry_id) if one.version == version]
            if not found:
                raise NotFound(f"No version {version} of {entry_id!r}")
            if found[0].state in (EntryState.CANDIDATE, EntryState.REJECTED):
                raise Conflict(f"Version {version} of {entry_id!r} is {found[0].state}: review it")
            if found[0].reviewed_by is None:
                raise Conflict(f"Version {version} of {entry_id!r} is a draft nobody ever accepted")
            before = self._holding(connection, entry_id)
            if before == found[0].entry:
                raise Conflict(f"{entry_id!r} is as version {version} has it already")
            why = f"back to version {version}: {reason}"
            return self._replace(connection, before, found[0].entry, by, now, why)

    def _replace(
        self,
        connection: Connection,
        before: KnowledgeEntry | None,
        after: KnowledgeEntry,
        by: str,
        now: datetime,
        reason: str,
    ) -> EntryVersion:
        if before is not None:
            self._noted(connection, before, now)
        for state in (EntryState.ACCEPTED, EntryState.CANDIDATE):
            _end(connection, after.entry_id, state, EntryState.RETIRED)
        _hold(connection, after, now)
        return _add(connection, after, EntryState.ACCEPTED, by, now, reason)

    def _noted(self, connection: Connection, entry: KnowledgeEntry, now: datetime) -> None:
        """Keep an entry as it came, where nobody has changed it yet."""
        held = select(table.c.version).where(
            table.c.entry_id == entry.entry_id, table.c.state == EntryState.ACCEPTED
        )
        if connection.execute(held).first() is None:
            _add(connection, entry, EntryState.ACCEPTED, BEFORE, now, "as it came")

    @staticmethod
    def _kept(connection: Connection) -> dict[str, list[EntryVersion]]:
        kept = dict[str, list[EntryVersion]]()
        for row in connection.execute(select(table).order_by(table.c.entry_id, table.c.version)):
            kept.setdefault(row.entry_id, []).append(_version(row))
        return kept

    @staticmethod
    def _holding(connection: Connection, entry_id: str) -> KnowledgeEntry | None:
        rows = select(maintenance_kb.c.entry).where(maintenance_kb.c.entry_id == entry_id)
        row = connection.execute(rows).first()
        return KnowledgeEntry.model_validate(row.entry) if row else None


def _was_reviewed(one: EntryVersion) -> bool:
    """Whether it held once, or a person refused it."""
    return one.state is not EntryState.CANDIDATE


def _as_brought(packaged: KnowledgeEntry, versions: Sequence[EntryVersion]) -> bool:
    """Whether no person changed the entry, and this text of it never held."""
    return all(
        one.proposed_by == BEFORE and one.entry != packaged
        for one in versions
        if one.state is not EntryState.CANDIDATE
    )


def _hold(connection: Connection, entry: KnowledgeEntry, now: datetime) -> None:
    _drop(connection, entry.entry_id)
    connection.execute(insert(maintenance_kb), entry_rows(entry, moment_after(connection, now)))


def _drop(connection: Connection, entry_id: str) -> None:
    connection.execute(delete(maintenance_kb).where(maintenance_kb.c.entry_id == entry_id))


def _add(
    connection: Connection,
    entry: KnowledgeEntry,
    state: EntryState,
    by: str,
    now: datetime,
    reason: str = "",
    evidence: tuple[DraftEvidence, ...] = (),
) -> EntryVersion:
    last = select(func.max(table.c.version)).where(table.c.entry_id == entry.entry_id)
    is_reviewed = state is not EntryState.CANDIDATE
    made = EntryVersion(
        entry_id=entry.entry_id,
        version=(connection.execute(last).scalar() or 0) + 1,
        state=state,
        entry=entry,
        evidence=evidence,
        proposed_by=by,
        proposed_at=now,
        reviewed_by=by if is_reviewed else None,
        reviewed_at=now if is_reviewed else None,
        reason=reason,
    )
    row = dict(made) | {
        "entry": entry.model_dump(mode="json"),
        "evidence": [one.model_dump(mode="json") for one in evidence],
    }
    connection.execute(insert(table), row)
    return made


def _review(
    connection: Connection,
    one: EntryVersion,
    state: EntryState,
    by: str,
    now: datetime,
    reason: str,
) -> None:
    connection.execute(
        update(table)
        .where(table.c.entry_id == one.entry_id, table.c.version == one.version)
        .values(state=state, reviewed_by=by, reviewed_at=now, reason=reason)
    )


def _end(connection: Connection, entry_id: str, state: EntryState, then: EntryState) -> None:
    connection.execute(
        update(table).where(table.c.entry_id == entry_id, table.c.state == state).values(state=then)
    )


def _version(row: Any) -> EntryVersion:
    return EntryVersion.model_validate(mapping(row))
