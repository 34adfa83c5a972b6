"""A job that one process of all does at a time: who has its lease does it, others stand by."""

import contextlib
import hashlib
import os
from pathlib import Path
from threading import Lock
from typing import IO, Protocol

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from opsmith.errors import BadInput
from opsmith.storage.database import Database
from opsmith.storage.engines import open_engine, parsed
from opsmith.storage.failures import translated

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no advisory locks of this kind
    fcntl = None

SILENCE = 60
"""Seconds after which a MySQL server takes the lease from a holder that it does not hear of: who
holds one calls `still_held` far more often than that."""
_ANSWER = 5
"""Seconds that the server has to answer: a lease of which nobody knows is none."""


class _Hold(Protocol):
    """What keeps a lease."""

    def stands(self) -> bool:
        """Whether it is kept still."""
        ...

    def let_go(self) -> None:
        """Keep it no longer."""
        ...


class Lease:
    """The right to do a job, until it is released, the process ends, or the server goes away.

    It is bound to a connection of its own (MySQL) or to an open file beside the tables (SQLite):
    when its holder is killed it is free at once.

    Args:
        database: All that open the same tables share the lease.
        name: Of the job; at most 20 letters, digits, `-` and `_`.
    """

    def __init__(self, database: Database, name: str) -> None:
        assert 0 < len(name) <= 20 and name.replace("-", "").replace("_", "").isalnum()
        self.name = name
        self._database = database
        self._hold: _Hold | None = None
        self._lock = Lock()

    def acquire(self) -> bool:
        """Take it if nobody has it, without waiting; whether it is held now.

        Raises:
            Unavailable: The server does not answer.
        """
        with self._lock:
            if self._stands():
                return True
            made = parsed(self._database.url)
            if made.get_backend_name() == "mysql":
                self._hold = _on_server(self._database, self.name)
            else:
                self._hold = _beside(made.database or ":memory:", self.name)
            return self._hold is not None

    def still_held(self) -> bool:
        """Whether it is held, as the server or the file system knows now."""
        with self._lock:
            return self._stands()

    def release(self) -> None:
        """Give it up, if it is held."""
        with self._lock:
            if self._hold is not None:
                self._hold.let_go()
                self._hold = None

    def _stands(self) -> bool:
        if self._hold is not None and not self._hold.stands():
            self._hold.let_go()
            self._hold = None
        return self._hold is not None


class _OnServer:
    def __init__(self, connection: Connection, lock: str) -> None:
        self._connection, self._lock = connection, {"name": lock}

    def stands(self) -> bool:
        mine = text("select is_used_lock(:name) = connection_id()")
        try:
            return self._connection.execute(mine, self._lock).scalar() == 1
        except (SQLAlchemyError, OSError):
            return False

    def let_go(self) -> None:
        # The lock goes with the connection.
        with contextlib.suppress(SQLAlchemyError, OSError):
            self._connection.close()
        self._connection.engine.dispose()


def _on_server(database: Database, name: str) -> _OnServer | None:
    url = database.url
    schema = (parsed(url).database or "").encode()
    lock = f"opsmith.{name}.{hashlib.sha256(schema).hexdigest()[:32]}"
    with database.read() as connection:
        # Those who wait look often; a connection to itself costs only who has a chance.
        if not connection.execute(text("select is_free_lock(:name)"), {"name": lock}).scalar():
            return None
    engine = open_engine(url, alone=_ANSWER)
    with translated(url):
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        hold = _OnServer(connection, lock)
        try:
            connection.execute(text(f"set session wait_timeout = {SILENCE}"))
            taken = connection.execute(text("select get_lock(:name, 0)"), {"name": lock}).scalar()
        except BaseException:
            hold.let_go()
            raise
    if taken == 1:
        return hold
    hold.let_go()
    return None


class _Beside:
    def __init__(self, path: Path, file: IO[str]) -> None:
        self._path, self._file = path, file

    def stands(self) -> bool:
        # Whoever removed the file has made room for another one.
        try:
            return os.path.samestat(os.fstat(self._file.fileno()), self._path.stat())
        except OSError:
            return False

    def let_go(self) -> None:
        self._file.close()


class _Alone:
    """Tables in memory are of this process alone."""

    def stands(self) -> bool:
        return True

    def let_go(self) -> None:
        """Nothing is kept."""


def _beside(database: str, name: str) -> _Beside | _Alone | None:
    if database == ":memory:":
        return _Alone()
    path = Path(f"{database}.{name}.lock")
    try:
        file = path.open("a")
    except OSError as error:
        raise BadInput(f"Cannot open {path}: {error.strerror}; check its rights") from error
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return None
    return _Beside(path, file)
