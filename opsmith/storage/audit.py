"""Queries of the audit log: append to the chain, read it, check it."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import insert, select

from opsmith.access import Caller
from opsmith.domain.audit import GENESIS, AuditRow, Outcome, digest_of
from opsmith.storage.database import Database, mapping
from opsmith.storage.tables import audit_log as table

_LAST = select(table.c.seq, table.c.digest).order_by(table.c.seq.desc()).limit(1).with_for_update()
_INSERT = insert(table)

LONGEST = 4000
"""Characters of arguments that a row keeps."""


class AuditLog:
    """The chain of who changed what: each row's digest covers the row before it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(
        self,
        who: Caller,
        action: str,
        arguments: str,
        outcome: Outcome,
        at: datetime,
        detail: str = "",
    ) -> AuditRow:
        """Write the next row; inside a transaction it stands or falls with what it tells of.

        Args:
            who: The caller.
            action: Tool or command.
            arguments: JSON text; what is beyond `LONGEST` is cut.
            outcome: What came of it.
            at: When.
            detail: Why, at most 500 characters.
        """
        with self._database.write() as connection:
            last = connection.execute(_LAST).one_or_none()
            row = AuditRow(
                seq=last.seq + 1 if last else 1,
                at=at,
                caller=who.name[:100],
                role=who.role.name.lower(),
                via=who.via,
                action=action[:64],
                arguments=arguments[:LONGEST],
                outcome=outcome,
                detail=detail[:500],
                previous=last.digest if last else GENESIS,
                digest="",
            )
            row = row.model_copy(update={"digest": digest_of(row)})
            connection.execute(_INSERT, dict(row))
        return row

    def rows(self, limit: int = 100, before: int | None = None) -> list[AuditRow]:
        """The newest rows, those with a smaller `seq` than `before` where it is given."""
        query = select(table).order_by(table.c.seq.desc()).limit(limit)
        if before is not None:
            query = query.where(table.c.seq < before)
        with self._database.read() as connection:
            found = connection.execute(query).all()
        return [AuditRow.model_validate(mapping(row)) for row in found]

    def all(self) -> Iterator[AuditRow]:
        """Every row, the first first."""
        with self._database.read() as connection:
            for row in connection.execute(select(table).order_by(table.c.seq)):
                yield AuditRow.model_validate(mapping(row))

    def broken_at(self) -> int | None:
        """The `seq` of the first row that was altered, or that follows a missing one; else None.

        Rows cut off at the end leave no trace here: keep the newest digest elsewhere to see it.
        """
        previous, expected = GENESIS, 1
        for row in self.all():
            if row.seq != expected or row.previous != previous or row.digest != digest_of(row):
                return row.seq
            previous, expected = row.digest, row.seq + 1
        return None
