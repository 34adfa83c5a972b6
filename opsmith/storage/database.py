"""The relational database: opened, migrated, and lent out one transaction at a time."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, Row, inspect, text

from opsmith.errors import BadInput
from opsmith.health import Outages
from opsmith.measured import Measuring
from opsmith.storage.engines import LONG, open_engine
from opsmith.storage.failures import opening, translated, unusable_refused

HEAD = "0012"
"""The newest migration; a database that says so is not looked at further."""


_OLDEST_MYSQL = (8, 0, 17)
"""The first with a collation that tells trailing blanks apart."""
_OLDEST_MARIADB = (10, 5)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """A state of the tables that is being read, and what was read of it more than once."""

    connection: Connection
    known: dict[tuple[object, ...], object]


class Database:
    """SQLite or MySQL behind one engine.

    Args:
        url: SQLAlchemy URL, such as `sqlite:///opsmith.db`.
        outages: Notes whether it answers; None: nobody asks.

    Raises:
        BadInput: The URL is unusable, or what lies there is no database of ours.
        Unavailable: The server does not answer.
    """

    def __init__(self, url: str, outages: Outages | None = None) -> None:
        self.url = url
        self._outages = outages or Outages()
        self._writing = ContextVar[Connection | None](f"writing {id(self)}", default=None)
        self._seen = ContextVar[_Snapshot | None](f"seen {id(self)}", default=None)
        with opening(url):
            self._engine = open_engine(url)
            try:
                self._migrate()
            except BaseException:
                self._engine.dispose()
                raise

    @property
    def engine(self) -> Engine:
        """What the connections come from; for what needs one of its own."""
        return self._engine

    @contextmanager
    def read(self) -> Generator[Connection]:
        """A transaction that only reads; inside one that writes it sees what that has written."""
        outer, seen = self._writing.get(), self._seen.get()
        if outer is None and seen is not None:
            outer = seen.connection
        if outer is not None:
            yield outer
            return
        with (
            Measuring("tables", "read", self._outages),
            translated(self.url),
            self._engine.connect() as connection,
        ):
            yield connection

    @contextmanager
    def snapshot(self) -> Generator[None]:
        """All that is read within the block, in this thread, is read of one state, and quicker."""
        with self.read() as connection:
            token = self._seen.set(_Snapshot(connection, {}))
            try:
                yield
            finally:
                self._seen.reset(token)

    def once(self, key: tuple[object, ...], read: Callable[[], T]) -> T:
        """What `read` gives; within a snapshot it is read once for each key."""
        seen = self._seen.get()
        if seen is None:
            return read()
        if key not in seen.known:
            seen.known[key] = read()
        return cast(T, seen.known[key])

    @contextmanager
    def write(self, *, apart: bool = False) -> Generator[Connection]:
        """A transaction that writes: committed as a whole where the block ends, else undone.

        Writers take turns: each sees what those before it have written. One inside another is part
        of it: what several stores write stands or falls together.

        Args:
            apart: Out of turn, where the database can: for rows that no other process writes, and
                that are written without regard to any other row.

        Raises:
            BadInput: A value that a column cannot hold.
            Unavailable: The server does not answer, or other writers took too long; nothing is
                written, or (where it went away during the commit) all of it.
        """
        outer = self._writing.get()
        if outer is not None:
            if not apart and outer.get_execution_options().get("opsmith_write") == "apart":
                raise RuntimeError("A write in turn is no part of one that is apart")
            with unusable_refused(self.url):
                yield outer
            return
        if self._seen.get() is not None:
            raise RuntimeError("A snapshot is for reading alone")
        with (
            Measuring("tables", "write", self._outages),
            translated(self.url),
            self._engine.connect() as connection,
        ):
            how = "apart" if apart else "in turn"
            connection = connection.execution_options(opsmith_write=how)
            with connection.begin():
                if not apart and connection.dialect.name == "mysql":
                    take_turn(connection)
                token = self._writing.set(connection)
                try:
                    yield connection
                finally:
                    self._writing.reset(token)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _migrate(self) -> None:
        with self._engine.connect() as connection:
            _refuse_old_server(connection)
            known = inspect(connection).has_table("alembic_version")
            version = (
                connection.execute(text("select version_num from alembic_version")).scalar()
                if known
                else None
            )
        if version == HEAD:
            return
        # Alembic takes a quarter of a second to import, and is needed only here.
        from opsmith.storage.migrations import upgrade

        engine = open_engine(self.url, alone=LONG)
        try:
            with engine.connect() as connection:
                upgrade(connection.execution_options(opsmith_write="in turn"))
        finally:
            engine.dispose()


def mapping(row: Row[Any]) -> dict[str, Any]:
    """A row by column names."""
    return {str(name): value for name, value in row._mapping.items()}  # pyright: ignore[reportPrivateUsage]  documented name


def take_turn(connection: Connection) -> None:
    """Wait, on MySQL, until no other writes in turn, and keep others waiting. Raises `BadInput`."""
    # A row is locked, not read: the first read after it is of what the last writer has left.
    lock = text("select id from write_lock where id = 1 for update")
    if connection.execute(lock).first() is None:
        raise BadInput(
            "The table write_lock has lost its row; on the server: "
            "INSERT INTO write_lock VALUES (1)"
        )


def _refuse_old_server(connection: Connection) -> None:
    if connection.dialect.name != "mysql":
        return
    version = connection.dialect.server_version_info or ()
    is_mariadb = getattr(connection.dialect, "is_mariadb", False)
    if version < (_OLDEST_MARIADB if is_mariadb else _OLDEST_MYSQL):
        name = "MariaDB" if is_mariadb else "MySQL"
        told = ".".join(str(part) for part in version)
        raise BadInput(f"{name} {told} is too old; MySQL 8.0.17 or MariaDB 10.5, or newer")
