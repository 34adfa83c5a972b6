"""Queries of the maintenance knowledge."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from opsmith.domain.knowledge import KnowledgeEntry
from opsmith.domain.learning import EntryState
from opsmith.storage.database import Database
from opsmith.storage.tables import kb_version
from opsmith.storage.tables import maintenance_kb as table

_VERSION = select(
    select(func.max(table.c.created_at)).scalar_subquery(),
    select(func.count())
    .select_from(kb_version)
    .where(kb_version.c.state == EntryState.RETIRED)
    .scalar_subquery(),
)
"""Tells whether entries came in, see `moment_after`, or went. It is asked with every search, and
answered by indexes alone: to count 10,000 entries takes a server longer than to find in them."""
_ALL = select(table.c.entry_id, table.c.entry).order_by(table.c.entry_id)


class KnowledgeStore:
    """The plant's knowledge entries; a row for each entry and language."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read: tuple[tuple[datetime | None, int], tuple[KnowledgeEntry, ...]] | None = None
        self._lock = Lock()

    def add(self, entries: Sequence[KnowledgeEntry], now: datetime) -> int:
        """Store entries that are not there yet; how many were new. Others stay as they are."""
        new = 0
        with self._database.write() as connection:
            known = set(connection.execute(select(table.c.entry_id)).scalars())
            now = moment_after(connection, now)
            for entry in entries:
                if entry.entry_id in known:
                    continue
                new += 1
                connection.execute(insert(table), entry_rows(entry, now))
        return new

    def put(self, entries: Sequence[KnowledgeEntry], now: datetime) -> tuple[int, int]:
        """Store entries of different ids, and replace those that are there and say otherwise.

        Returns:
            How many were new, and how many others changed; the same again gives (0, 0).
        """
        new = changed = 0
        there = {entry.entry_id: entry for entry in self.all()}
        with self._database.write() as connection:
            now = moment_after(connection, now)
            for entry in entries:
                before = there.get(entry.entry_id)
                if before == entry:
                    continue
                if before is not None:
                    changed += 1
                    connection.execute(delete(table).where(table.c.entry_id == entry.entry_id))
                new += before is None
                connection.execute(insert(table), entry_rows(entry, now))
        return new, changed

    def all(self) -> tuple[KnowledgeEntry, ...]:
        """Every entry, by id; the same tuple as long as none came in, from any process."""
        with self._lock, self._database.read() as connection:
            newest, retired = connection.execute(_VERSION).one()
            if self._read is None or self._read[0] != (newest, retired):
                found = {row.entry_id: row.entry for row in connection.execute(_ALL)}
                entries = tuple(KnowledgeEntry.model_validate(entry) for entry in found.values())
                self._read = ((newest, retired), entries)
            return self._read[1]


def moment_after(connection: Connection, now: datetime) -> datetime:
    """When an entry that comes in now is noted to: later than any, whatever the clock says."""
    newest = connection.execute(select(func.max(table.c.created_at))).scalar()
    return now if newest is None or now > newest else newest + timedelta(microseconds=1)


def entry_rows(entry: KnowledgeEntry, now: datetime) -> list[dict[str, Any]]:
    """The rows of an entry, one a language."""
    return [
        {
            "entry_id": entry.entry_id,
            "lang": language,
            "device_type": ",".join(entry.device_types)[:64],
            "fault_pattern": prose.fault_pattern,
            "symptoms": prose.symptoms,
            "root_cause": prose.root_cause,
            "solution": prose.solution,
            "prevention": prose.prevention,
            "source": entry.source,
            "entry": entry.model_dump(mode="json"),
            "created_at": now,
        }
        for language, prose in entry.text.items()
    ]
