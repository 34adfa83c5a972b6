"""Queries of the maintenance knowledge."""

from collections.abc import Sequence
from datetime import datetime
from threading import Lock
from typing import Any

from sqlalchemy import delete, func, insert, select

from opsmith.domain.knowledge import KnowledgeEntry
from opsmith.storage.database import Database
from opsmith.storage.tables import maintenance_kb as table

_VERSION = select(func.count(), func.max(table.c.created_at))
"""Tells whether entries came in: a changed entry's rows are written anew."""
_ALL = select(table.c.entry_id, table.c.entry).order_by(table.c.entry_id)


class KnowledgeStore:
    """The plant's knowledge entries; a row for each entry and language."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read: tuple[tuple[int, datetime | None], tuple[KnowledgeEntry, ...]] | None = None
        self._lock = Lock()

    def add(self, entries: Sequence[KnowledgeEntry], now: datetime) -> int:
        """Store entries that are not there yet; how many were new. Others stay as they are."""
        new = 0
        with self._database.write() as connection:
            known = set(connection.execute(select(table.c.entry_id)).scalars())
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
            count, newest = connection.execute(_VERSION).one()
            if self._read is None or self._read[0] != (count, newest):
                found = {row.entry_id: row.entry for row in connection.execute(_ALL)}
                entries = tuple(KnowledgeEntry.model_validate(entry) for entry in found.values())
                self._read = ((count, newest), entries)
            return self._read[1]


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
