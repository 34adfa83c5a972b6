"""Queries of the dead letters: messages that could not be used, with the reason."""

import hashlib
from datetime import datetime

from pydantic import ConfigDict
from sqlalchemy import func, insert, select

from opsmith.domain.base import Model, Moment
from opsmith.domain.events import DEAD
from opsmith.storage.database import Database, mapping
from opsmith.storage.outbox import announce
from opsmith.storage.tables import dead_letter as table

KEPT = 64_000
"""Bytes of a message that are kept; what is longer is hostile or broken anyway."""


class DeadLetter(Model):
    """One message that could not be used."""

    model_config = ConfigDict(frozen=True, ser_json_bytes="base64", val_json_bytes="base64")

    digest: str
    topic: str
    reason: str
    source: str
    value: bytes
    created_at: Moment


class DeadLetterStore:
    """Dead letters, each once however often it comes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, topic: str, value: bytes, reason: str, source: str, now: datetime) -> bool:
        """Keep a message with its reason; False where it is there already."""
        digest = hashlib.sha256(b"\0".join((topic.encode(), source.encode(), value))).hexdigest()
        with self._database.write() as connection:
            if connection.execute(select(table.c.digest).where(table.c.digest == digest)).first():
                return False
            letter = DeadLetter(
                digest=digest,
                topic=topic,
                reason=reason[:300],
                source=source[:200],
                value=value[:KEPT],
                created_at=now,
            )
            connection.execute(insert(table).values(**dict(letter)))
            announce(connection, DEAD, source[:64], letter)
        return True

    def count(self) -> int:
        """How many there are."""
        with self._database.read() as connection:
            return connection.execute(select(func.count()).select_from(table)).scalar_one()

    def newest(self, limit: int = 100) -> list[DeadLetter]:
        """The newest first."""
        query = select(table).order_by(table.c.created_at.desc(), table.c.digest).limit(limit)
        with self._database.read() as connection:
            return [DeadLetter.model_validate(mapping(row)) for row in connection.execute(query)]
