"""Rows written over those with the same key: one statement, which waits for no other key."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
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
    if connection.dialect.name == "mysql":
        on_mysql = mysql.insert(table)
        news = {name: on_mysql.inserted[name] for name in changing}
        connection.execute(on_mysql.on_duplicate_key_update(news), list(rows))
        return
    on_sqlite = sqlite.insert(table)
    news = {name: on_sqlite.excluded[name] for name in changing}
    keys = list(table.primary_key.columns)
    connection.execute(on_sqlite.on_conflict_do_update(keys, set_=news), list(rows))
