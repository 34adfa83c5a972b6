"""The event log: what was announced lately, in its order, for those who follow the plant.

The relay writes an announcement down here when the bus has it, and nobody else does. So the
numbers grow in the order in which followers read them, and a follower that says the last number it
saw gets all that came after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import msgspec
from sqlalchemy import Connection, delete, func, insert, select

from opsmith.domain.events import FOLLOWED
from opsmith.storage.database import Database
from opsmith.storage.plant import PlantFacts
from opsmith.storage.tables import event_log as table

KEPT = timedelta(hours=24)
"""How long; who was away for longer begins anew."""

_LONGEST = 2000
"""Characters of a text; who needs more of it asks the tools."""
_EXPIRED = "events_expired"


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """Something that was announced."""

    number: int
    """Greater than that of all before it."""
    topic: str
    device_id: str
    value: bytes
    """A JSON object: the event without what is long; see `brief`."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the log reaches over."""

    newest: int
    """The last number that was given; 0: none was."""
    forgotten: int
    """Up to this number events may have been dropped."""


class EventLog:
    """What was announced within `KEPT`. Every method raises `Unavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def after(self, number: int, limit: int = 500) -> list[LoggedEvent]:
        """The first events after that number, in their order."""
        query = select(table).where(table.c.id > number).order_by(table.c.id).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [LoggedEvent(row.id, row.topic, row.device_id, bytes(row.value)) for row in rows]

    def bounds(self) -> Bounds:
        """What it reaches over now."""
        # In this order: what expires meanwhile makes it reach less far, never further.
        forgotten = int(PlantFacts(self._database).get(_EXPIRED) or 0)
        with self._database.read() as connection:
            newest = connection.execute(select(func.max(table.c.id))).scalar_one()
        return Bounds(max(newest or 0, forgotten), forgotten)

    def expire(self, before: datetime) -> int:
        """Drop what was announced before that; how much it was."""
        old = table.c.logged_at < before
        with self._database.read() as connection:
            last = connection.execute(select(func.max(table.c.id)).where(old)).scalar_one()
        if last is None:
            return 0
        PlantFacts(self._database).set(_EXPIRED, str(last))
        with self._database.write() as connection:
            return connection.execute(delete(table).where(table.c.id <= last)).rowcount


def write_down(
    connection: Connection, announced: Sequence[tuple[int, str, str, bytes]], now: datetime
) -> None:
    """Enter announcements in the caller's transaction: number, topic, device, value of each.

    What nobody follows, such as dead letters that are tried again, is left out.
    """
    rows = [
        {
            "id": number,
            "topic": topic,
            "device_id": device_id,
            "value": brief(value),
            "logged_at": now,
        }
        for number, topic, device_id, value in announced
        if topic in FOLLOWED
    ]
    if rows:
        connection.execute(insert(table), rows)


def brief(value: bytes) -> bytes:
    """An event without its lists and objects but the one that it is about, and with short texts.

    >>> brief(b'{"change": "raised", "alert": {"trace_id": "a", "raw_payload": {"x": 1}}}')
    b'{"change":"raised","alert":{"trace_id":"a"}}'
    """
    fields: dict[str, Any] = msgspec.json.decode(value)
    return msgspec.json.encode(
        {
            name: _plain(cast("dict[str, Any]", inner)) if isinstance(inner, dict) else inner
            for name, inner in fields.items()
        }
    )


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value[:_LONGEST] if isinstance(value, str) else value
        for name, value in fields.items()
        if not isinstance(value, dict | list)
    }
