"""Migrations on MySQL, where each statement stands by itself: they can be gone on with."""

from typing import Any

from alembic.ddl.mysql import MySQLImpl
from sqlalchemy import Table
from sqlalchemy.engine import CursorResult, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.ddl import DDLElement

_THERE = frozenset({1050, 1060, 1061})
"""Codes: the table, the column, the index is there already."""


def collation(dialect: Dialect) -> str:
    """The one that compares as SQLite does: case, accents and trailing blanks count."""
    is_mariadb: bool = getattr(dialect, "is_mariadb", False)
    return "utf8mb4_nopad_bin" if is_mariadb else "utf8mb4_0900_bin"


class Resumable(MySQLImpl):
    """Alembic's way to change a MySQL; what an interrupted run has made is taken as made.

    That it is ours is known before: see `opsmith.storage.migrations.upgrade`.
    """

    __dialect__ = "mysql"

    def create_table(self, table: Table, **kw: Any) -> None:
        """Make a table in which keys are equal where they are in SQLite."""
        options = {"charset": "utf8mb4", "collate": collation(self.dialect), "engine": "InnoDB"}
        for name, value in options.items():
            table.kwargs[f"mysql_{name}"] = value
        super().create_table(table, **kw)

    def _exec(self, construct: Any, *args: Any, **kw: Any) -> CursorResult[Any] | None:
        try:
            return super()._exec(construct, *args, **kw)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  untyped there
        except DBAPIError as error:
            code = error.orig.args[0] if error.orig is not None and error.orig.args else None
            if isinstance(construct, DDLElement) and code in _THERE:
                return None
            raise
