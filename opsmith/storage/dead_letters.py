"""Queries of the dead letters: messages that could not be used, with the reason."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import ConfigDict
from sqlalchemy import ColumnElement, Select, func, insert, select, update

from opsmith.domain.base import Model, Moment
from opsmith.domain.events import DEAD
from opsmith.storage.database import Database, mapping
from opsmith.storage.outbox import announce_all
from opsmith.storage.tables import dead_letter as table
from opsmith.storage.tables import outbox

KEPT = 64_000
"""Bytes of a message that are kept; what is longer is hostile or broken anyway."""

_AT_ONCE = 500
"""Letters in one transaction."""

LONGEST_KEY = 64
"""Of a message; what has a longer source came from a file, and goes in by that again."""


class DeadLetter(Model):
    """One message that could not be used."""

    model_config = ConfigDict(frozen=True, ser_json_bytes="base64", val_json_bytes="base64")

    digest: str
    topic: str
    reason: str
    source: str
    value: bytes
    created_at: Moment
    redriven_at: Moment | None = None
    """When it was put back to be tried again; None: it was not, or it failed once more."""

    @property
    def is_whole(self) -> bool:
        """It is kept as it came, so that it can be tried again as the same message."""
        return len(self.value) < KEPT and len(self.source) <= LONGEST_KEY


class Letter(NamedTuple):
    """A message that is to be kept."""

    value: bytes
    reason: str
    source: str
    """Its key, or the place in a file that it came from."""


class LetterFilter(Model):
    """Which dead letters are meant; None: all."""

    reason: str | None = None
    """Looked for in the reason, in any case; so with `source`."""
    source: str | None = None
    since: Moment | None = None
    until: Moment | None = None
    redriven: bool | None = None
    digests: tuple[str, ...] | None = None


ALL = LetterFilter()


class DeadLetterStore:
    """Dead letters, each once however often it comes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, topic: str, letters: Sequence[Letter], now: datetime) -> int:
        """Keep messages with their reasons; how many were not there already.

        They go in some hundreds at a time: of an outage the same messages are kept again.
        """
        by_digest = {_digest(topic, letter): letter for letter in letters}
        new = 0
        digests = list(by_digest)
        for start in range(0, len(digests), _AT_ONCE):
            part = digests[start : start + _AT_ONCE]
            new += self._add(topic, {digest: by_digest[digest] for digest in part}, now)
        return new

    def _add(self, topic: str, letters: Mapping[str, Letter], now: datetime) -> int:
        with self._database.write() as connection:
            query = select(table.c.digest, table.c.redriven_at).where(table.c.digest.in_(letters))
            known = {digest: redriven for digest, redriven in connection.execute(query)}
            for digest, redriven_at in known.items():
                if redriven_at is not None:
                    # It was tried again, and is as dead as before.
                    again = {"reason": letters[digest].reason[:300], "redriven_at": None}
                    one = table.c.digest == digest
                    connection.execute(update(table).where(one).values(again))
            made = [
                DeadLetter(
                    digest=digest,
                    topic=topic,
                    reason=letter.reason[:300],
                    source=letter.source[:200],
                    value=letter.value[:KEPT],
                    created_at=now,
                )
                for digest, letter in letters.items()
                if digest not in known
            ]
            if made:
                connection.execute(insert(table), [dict(letter) for letter in made])
                announce_all(connection, DEAD, [(one.source[:64], one) for one in made])
        return len(made)

    def count(self, which: LetterFilter = ALL) -> int:
        """How many there are."""
        query = select(func.count()).select_from(table).where(*_conditions(which))
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()

    def newest(
        self, limit: int = 100, which: LetterFilter = ALL, offset: int = 0
    ) -> list[DeadLetter]:
        """The newest first."""
        query = select(table).where(*_conditions(which))
        query = query.order_by(table.c.created_at.desc(), table.c.digest)
        return self._letters(query.limit(limit).offset(offset))

    def reasons(self, which: LetterFilter = ALL, limit: int = 1000) -> list[tuple[str, int]]:
        """How many there are of each reason, the most first."""
        many = func.count()
        query = select(table.c.reason, many).where(*_conditions(which)).group_by(table.c.reason)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(many.desc(), table.c.reason).limit(limit))
            return [(row[0], row[1]) for row in rows]

    def oldest(self, limit: int, which: LetterFilter) -> list[DeadLetter]:
        """The oldest first: the order in which they are tried again."""
        query = select(table).where(*_conditions(which))
        return self._letters(query.order_by(table.c.created_at, table.c.digest).limit(limit))

    def redrive(self, letters: Sequence[DeadLetter], now: datetime) -> int:
        """Put letters back onto their topic, by way of the outbox, and mark them; how many.

        Of two at the same time one does it. One that fails again is the same letter again.
        """
        count = 0
        with self._database.write() as connection:
            for letter in letters:
                assert letter.is_whole
                mark = update(table).where(table.c.digest == letter.digest).values(redriven_at=now)
                stands = table.c.redriven_at.is_(None)
                if letter.redriven_at is not None:
                    stands = table.c.redriven_at == letter.redriven_at
                if connection.execute(mark.where(stands)).rowcount:
                    message = {"topic": letter.topic, "key": letter.source, "value": letter.value}
                    connection.execute(insert(outbox), message)
                    count += 1
        return count

    def _letters(self, query: Select[*tuple[Any, ...]]) -> list[DeadLetter]:
        with self._database.read() as connection:
            return [DeadLetter.model_validate(mapping(row)) for row in connection.execute(query)]


def _digest(topic: str, letter: Letter) -> str:
    parts = (topic.encode(), letter.source.encode(), letter.value)
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _conditions(which: LetterFilter) -> Collection[ColumnElement[bool]]:
    found = list[ColumnElement[bool]]()
    for column, text in ((table.c.reason, which.reason), (table.c.source, which.source)):
        if text:
            found.append(column.icontains(text, autoescape=True))
    if which.since is not None:
        found.append(table.c.created_at >= which.since)
    if which.until is not None:
        found.append(table.c.created_at < which.until)
    if which.redriven is not None:
        is_not = table.c.redriven_at.is_(None)
        found.append(~is_not if which.redriven else is_not)
    if which.digests is not None:
        found.append(table.c.digest.in_(which.digests))
    return found
