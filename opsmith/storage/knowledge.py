"""Queries of the maintenance knowledge."""

from collections.abc import Sequence
from datetime import datetime
from threading import Lock

from sqlalchemy import func, insert, select

from opsmith.domain.knowledge import KnowledgeEntry
from opsmith.storage.database import Database
from opsmith.storage.tables import maintenance_kb as table

_VERSION = select(func.count(), func.max(table.c.created_at))
"""Tells whether entries came in: rows are added, never changed in place."""
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
                for lang, prose in entry.text.items():
                    connection.execute(
                        insert(table).values(
                            entry_id=entry.entry_id,
                            lang=lang,
                            device_type=",".join(entry.device_types)[:64],
                            fault_pattern=prose.fault_pattern,
                            symptoms=prose.symptoms,
                            root_cause=prose.root_cause,
                            solution=prose.solution,
                            prevention=prose.prevention,
                            source=entry.source,
                            entry=entry.model_dump(mode="json"),
                            created_at=now,
                        )
                    )
        return new

    def all(self) -> tuple[KnowledgeEntry, ...]:
        """Every entry, by id; the same tuple as long as none came in, from any process."""
        with self._lock, self._database.read() as connection:
            count, newest = connection.execute(_VERSION).one()
            if self._read is None or self._read[0] != (count, newest):
                found = {row.entry_id: row.entry for row in connection.execute(_ALL)}
                entries = tuple(KnowledgeEntry.model_validate(entry) for entry in found.values())
                self._read = ((count, newest), entries)
            return self._read[1]
