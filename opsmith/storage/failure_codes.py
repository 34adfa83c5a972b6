"""Queries of the codes by which a plant classes its failures."""

from collections.abc import Sequence

from sqlalchemy import and_, func, insert, select, update

from opsmith.domain.work_orders import FailureCode
from opsmith.storage.database import Database, mapping
from opsmith.storage.tables import failure_code as table


class FailureCodeStore:
    """The plant's failure codes; a code may mean something else on another class of device."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, codes: Sequence[FailureCode]) -> tuple[int, int]:
        """Write codes, and change those that are there and say something else.

        Returns:
            How many were new, and how many changed; the same again gives (0, 0).
        """
        new = changed = 0
        with self._database.write() as connection:
            there = {
                (row.code, row.device_type): FailureCode.model_validate(mapping(row))
                for row in connection.execute(select(table))
            }
            for code in codes:
                key = (code.code, code.device_type)
                before = there.get(key)
                if before is None:
                    connection.execute(insert(table), dict(code))
                    new += 1
                elif before != code:
                    is_it = and_(table.c.code == key[0], table.c.device_type == key[1])
                    connection.execute(update(table).where(is_it).values(**dict(code)))
                    changed += 1
                there[key] = code
        return new, changed

    def list(self, device_type: str | None = None) -> list[FailureCode]:
        """Codes by name; those that hold for a class of device, those for any among them."""
        query = select(table).order_by(table.c.code, table.c.device_type)
        if device_type is not None:
            query = query.where(table.c.device_type.in_((device_type, "*")))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [FailureCode.model_validate(mapping(row)) for row in rows]

    def find(self, code: str, device_type: str | None = None) -> FailureCode | None:
        """One code in any case: as it holds for the class, else for any, else the first."""
        query = select(table).where(func.lower(table.c.code) == code.strip().lower())
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(table.c.device_type)).all()
        if not rows:
            return None
        ranks = {device_type: 0, "*": 1}
        best = min(rows, key=lambda row: ranks.get(row.device_type, 2))
        return FailureCode.model_validate(mapping(best))
