"""The relational database: opened, migrated, and lent out one transaction at a time."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, Row, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from opsmith.errors import BadInput, Unavailable

HEAD = "0004"
"""The newest migration; a database that says so is not looked at further."""


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

    Raises:
        BadInput: The URL is unusable, or what lies there is no database of ours.
        Unavailable: The server does not answer.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._writing = ContextVar[Connection | None](f"writing {id(self)}", default=None)
        self._seen = ContextVar[_Snapshot | None](f"seen {id(self)}", default=None)
        try:
            self._engine = _engine(url)
            self._migrate()
        except (ArgumentError, NoSuchModuleError) as error:
            raise BadInput(
                f"No database URL: {url!r}; such as sqlite:///path/opsmith.db"
            ) from error
        except ImportError as error:
            raise BadInput(f"No driver for {_shown(url)}: {error}; install it with pip") from error
        except OperationalError as error:
            if url.startswith("sqlite"):
                raise BadInput(
                    f"Cannot open the database {_shown(url)} ({error.orig}); "
                    "check the path and its rights, or set OPSMITH_DATA_DIR"
                ) from error
            raise Unavailable(f"The database at {_shown(url)} does not answer") from error
        except DatabaseError as error:
            raise BadInput(
                f"{_shown(url)} is no opsmith database ({error.orig}); "
                "move it away or set OPSMITH_DATA_DIR"
            ) from error

    @contextmanager
    def read(self) -> Generator[Connection]:
        """A transaction that only reads; inside one that writes it sees what that has written."""
        outer, seen = self._writing.get(), self._seen.get()
        if outer is None and seen is not None:
            outer = seen.connection
        if outer is not None:
            yield outer
            return
        with self._translated(), self._engine.connect() as connection:
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
    def write(self) -> Generator[Connection]:
        """A transaction that writes: committed as a whole where the block ends, else undone.

        One inside another is part of it: what several stores write stands or falls together.
        """
        outer = self._writing.get()
        if outer is not None:
            yield outer
            return
        if self._seen.get() is not None:
            raise RuntimeError("A snapshot is for reading alone")
        with self._translated(), self._engine.connect() as connection:
            connection = connection.execution_options(opsmith_write=True)
            with connection.begin():
                token = self._writing.set(connection)
                try:
                    yield connection
                finally:
                    self._writing.reset(token)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except OperationalError as error:
            raise Unavailable(f"The database at {_shown(self.url)}: {error.orig}") from error

    def _migrate(self) -> None:
        with self._engine.connect() as connection:
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

        with self._engine.connect() as connection:
            connection = connection.execution_options(opsmith_write=True)
            with connection.begin():
                upgrade(connection)


def mapping(row: Row[Any]) -> dict[str, Any]:
    """A row by column names."""
    return {str(name): value for name, value in row._mapping.items()}  # pyright: ignore[reportPrivateUsage]  documented name


def _shown(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True, isolation_level="READ COMMITTED")
    if parsed.database and parsed.database != ":memory:":
        try:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(
                f"Cannot make the folder of {parsed.database}: {error.strerror}; "
                "set OPSMITH_DATA_DIR to a folder that you may write"
            ) from error
    engine = create_engine(parsed, connect_args={"timeout": 30, "check_same_thread": False})

    def prepare(connection: Any, record: ConnectionPoolEntry) -> None:
        # The driver's own transaction handling is off: it would begin too late for us.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    def begin(connection: Connection) -> None:
        # A writer takes its lock at the start, so what it read is still true when it writes.
        writes = connection.get_execution_options().get("opsmith_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine
