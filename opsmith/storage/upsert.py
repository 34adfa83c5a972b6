"""Rows written over those with the same key: one statement, which waits for no other key."""

import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import mysql, sqlite


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    changing: Collection[str],
) -> None:
    """Write rows; of one that is there only some columns are written anew.

    Deleting a key that is not there, to write it then, locks the keys around it in MySQL: two
    that do so beside each other stop each other.

    Args:
        connection: In a transaction that writes.
        table: Whose primary key says which row is meant.
        rows: Each with every column that it needs.
        changing: Columns that are written anew.
    """
    if not rows:
        return
    statement = _statement(connection.dialect.name, table, tuple(changing))
    connection.execute(statement, list(rows))


@functools.cache
def _statement(dialect: str, table: Table, changing: tuple[str, ...]) -> Insert:
    """Made once: making it takes longer than writing a row."""
    if dialect == "mysql":
        on_mysql = mysql.insert(table)
        news = {name: on_mysql.inserted[name] for name in changing}
        return on_mysql.on_duplicate_key_update(news)
    on_sqlite = sqlite.insert(table)
    news = {name: on_sqlite.excluded[name] for name in changing}
    return on_sqlite.on_conflict_do_update(list(table.primary_key.columns), set_=news)
