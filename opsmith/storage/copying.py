"""All tables out of a database and into another of either kind, in the very same values."""

import hashlib
import sqlite3
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    Engine,
    LargeBinary,
    TableClause,
    Text,
    column,
    create_engine,
    func,
    select,
    table,
)

from opsmith.errors import BadInput
from opsmith.storage.columns import Utc
from opsmith.storage.database import Database, take_turn
from opsmith.storage.engines import LONG, open_engine
from opsmith.storage.failures import translated
from opsmith.storage.tables import metadata, write_lock

COPIED = tuple(each for each in metadata.sorted_tables if each is not write_lock)
"""In this order no row is before one that it names."""
_AT_ONCE = 500
_BIG_AT_ONCE = 20
"""Rows that are in memory at a time; the second of tables with bytes in them."""

Progress = Callable[[int, int], None]
"""Told how many rows are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied of a table."""

    rows: int
    digest: str
    """SHA-256 of all values, by key: equal for equal tables in any kind of database."""


def _plain(name: str) -> TableClause:
    """The table without our readings of its values: JSON as its text, times as they are kept."""
    made = list[Any]()
    for each in metadata.tables[name].columns:
        kind: Any = each.type
        if isinstance(kind, JSON):
            kind = Text()
        elif isinstance(kind, Utc):
            kind = DateTime()
        made.append(column(each.name, kind))
    return table(name, *made)


_PLAIN = {each.name: _plain(each.name) for each in COPIED}
_KEYS = {each.name: [key.name for key in each.primary_key.columns] for each in COPIED}
_SIZES = {
    each.name: _BIG_AT_ONCE
    if any(isinstance(one.type, LargeBinary) for one in each.columns)
    else _AT_ONCE
    for each in COPIED
}


def counts(connection: Connection) -> dict[str, int]:
    """Rows by table."""
    return {
        each.name: connection.execute(select(func.count()).select_from(each)).scalar_one()
        for each in COPIED
    }


def _batches(connection: Connection, name: str) -> Iterator[list[Any]]:
    plain = _PLAIN[name]
    query = select(plain).order_by(*(plain.c[key] for key in _KEYS[name]))
    streamed = connection.execution_options(yield_per=_SIZES[name]).execute(query)
    for rows in streamed.partitions():
        yield list(rows)


def copy(
    source: Connection, target: Connection, progress: Progress = lambda done, total: None
) -> dict[str, Copied]:
    """Copy every row; the target's tables are empty, and its transaction stays open.

    Raises:
        BadInput: A value that the target cannot hold.
    """
    total, done = sum(counts(source).values()), 0
    copied = dict[str, Copied]()
    where = target.engine.url.render_as_string(hide_password=False)
    for name, plain in _PLAIN.items():
        digest, rows = hashlib.sha256(), 0
        for batch in _batches(source, name):
            for row in batch:
                digest.update(repr(tuple(row)).encode())
            with translated(where):
                target.execute(plain.insert(), [dict(row._mapping) for row in batch])
            rows += len(batch)
            progress(done + rows, total)
        done += rows
        copied[name] = Copied(rows, digest.hexdigest())
    return copied


def looked_at(connection: Connection) -> dict[str, Copied]:
    """Count and digest what is there."""
    found = dict[str, Copied]()
    for name in _PLAIN:
        digest, rows = hashlib.sha256(), 0
        for batch in _batches(connection, name):
            for row in batch:
                digest.update(repr(tuple(row)).encode())
            rows += len(batch)
        found[name] = Copied(rows, digest.hexdigest())
    return found


@contextmanager
def stood_still(database: Database, meanwhile: Callable[[], None]) -> Generator[Connection]:
    """A connection that reads one state of the tables, whatever is written after it.

    Args:
        database: Of a plant that may run.
        meanwhile: Done while nobody writes and that state is the newest: what it looks at belongs
            to it. Writers wait for it, so it is short.
    """
    engine = open_engine(database.url, alone=LONG)
    try:
        with translated(database.url), engine.connect() as connection:
            with database.write():
                # The first read says which state all others are of.
                connection.execute(select(write_lock.c.id)).all()
                meanwhile()
            yield connection
    finally:
        engine.dispose()


@contextmanager
def replaced(database: Database, *, even_if_filled: bool) -> Generator[Connection]:
    """A transaction in which all tables are empty; undone as a whole where the block fails.

    Raises:
        BadInput: There are rows, and they are not to be replaced.
    """
    engine = open_engine(database.url, alone=LONG)
    try:
        with translated(database.url), engine.connect() as connection:
            connection = connection.execution_options(opsmith_write="in turn")
            with connection.begin():
                if connection.dialect.name == "mysql":
                    take_turn(connection)
                filled = [name for name, rows in counts(connection).items() if rows]
                if filled and not even_if_filled:
                    raise BadInput(
                        f"The tables are not empty ({', '.join(filled[:5])}); "
                        "restore with --replace to lose what is there"
                    )
                for each in reversed(COPIED):
                    connection.execute(each.delete())
                yield connection
    finally:
        engine.dispose()


@contextmanager
def file_to_fill(path: Path) -> Generator[Connection]:
    """A new SQLite file with our tables in it; whole when the block ends."""
    Database(f"sqlite:///{path}").close()
    engine = open_engine(f"sqlite:///{path}", alone=LONG)
    try:
        with engine.connect() as connection:
            connection = connection.execution_options(opsmith_write="in turn")
            with connection.begin():
                yield connection
    finally:
        engine.dispose()
    # One file, without the two that a running database has beside it.
    lone = sqlite3.connect(path)
    lone.execute("PRAGMA journal_mode=DELETE")
    lone.close()


@contextmanager
def file_to_read(path: Path) -> Generator[Connection]:
    """The tables of a SQLite file, which is not changed by it."""

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)

    engine: Engine = create_engine("sqlite://", creator=connect)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def differing(found: Mapping[str, Copied], told: Mapping[str, Copied]) -> list[str]:
    """The tables of which two copies say something else."""
    return sorted(name for name in _PLAIN if found.get(name) != told.get(name))
