"""The outbox: what a stage announces stands in the database with the work it is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import Connection, delete, func, insert, select

from opsmith.storage.database import Database
from opsmith.storage.event_log import write_down
from opsmith.storage.tables import outbox

_INSERT = insert(outbox)


@dataclass(frozen=True, slots=True)
class Announcement:
    """One message that waits to be published."""

    id: int
    topic: str
    key: str
    value: bytes


def announce(connection: Connection, topic: str, key: str, event: BaseModel) -> None:
    """Write an announcement into the caller's transaction."""
    value = event.model_dump_json().encode()
    connection.execute(_INSERT, {"topic": topic, "key": key, "value": value})


def announce_all(
    connection: Connection, topic: str, events: Sequence[tuple[str, BaseModel]]
) -> None:
    """Write announcements, each with its key, into the caller's transaction."""
    connection.execute(
        _INSERT,
        [
            {"topic": topic, "key": key, "value": event.model_dump_json().encode()}
            for key, event in events
        ],
    )


class Outbox:
    """Announcements that were committed and not yet published."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def waiting(self, limit: int = 500) -> list[Announcement]:
        """The oldest announcements, in the order they were made."""
        query = select(outbox).order_by(outbox.c.id).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [Announcement(row.id, row.topic, row.key, bytes(row.value)) for row in rows]

    def counts(self) -> dict[str, int]:
        """How many announcements wait, by topic."""
        query = select(outbox.c.topic, func.count()).group_by(outbox.c.topic)
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query.order_by(outbox.c.topic))}

    def published(self, items: Sequence[Announcement], now: datetime) -> None:
        """Take out announcements that the bus has; what is followed goes to the event log."""
        with self._database.write() as connection:
            gone = outbox.c.id.in_([item.id for item in items])
            connection.execute(delete(outbox).where(gone))
            write_down(
                connection, [(item.id, item.topic, item.key, item.value) for item in items], now
            )
