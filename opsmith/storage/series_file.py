"""The file under the embedded series store: one SQLite database, for threads and processes."""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from opsmith.errors import BadInput, Unavailable

_APPLICATION = 0x4F50534D
"""`OPSM`: tells our files from other SQLite databases."""
_VERSION = 2

_JOURNAL = """
CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    blob BLOB NOT NULL
);
CREATE TABLE state (
    writes INTEGER NOT NULL
);
INSERT INTO state VALUES (0)
"""
"""What version 2 added."""

_SCHEMA = """
CREATE TABLE sensor_raw (
    id INTEGER PRIMARY KEY,
    device_id TEXT NOT NULL,
    t_first INTEGER NOT NULL,
    t_last INTEGER NOT NULL,
    n INTEGER NOT NULL,
    live INTEGER NOT NULL,
    blob BLOB NOT NULL
);
CREATE INDEX sensor_raw_device ON sensor_raw (device_id, t_last);
CREATE TABLE sensor_tail (
    device_id TEXT PRIMARY KEY,
    sealed INTEGER NOT NULL,
    expired INTEGER NOT NULL,
    blob BLOB
);
CREATE TABLE extent (
    device_id TEXT PRIMARY KEY,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    count INTEGER NOT NULL
);
CREATE TABLE sensor_agg_1m (
    device_id TEXT NOT NULL,
    hour INTEGER NOT NULL,
    n INTEGER NOT NULL,
    live INTEGER NOT NULL,
    blob BLOB NOT NULL,
    PRIMARY KEY (device_id, hour)
);
CREATE TABLE anomaly_events (
    trace_id TEXT NOT NULL,
    time INTEGER NOT NULL,
    change TEXT NOT NULL,
    device_id TEXT NOT NULL,
    alert_type TEXT NOT NULL,
    level TEXT NOT NULL,
    score REAL NOT NULL,
    PRIMARY KEY (trace_id, time, change)
);
CREATE INDEX anomaly_events_device ON anomaly_events (device_id, time);
"""

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class SeriesFile:
    """Lends connections, one to a caller at a time, and turns SQLite's errors into ours.

    A transaction that was committed survives the death of the process. A power cut may take the
    last of them, but leaves the file whole (WAL, synchronous=NORMAL).

    Args:
        path: Made, with its folder, where it does not exist.
        patience: Seconds to wait for another writer.

    Raises:
        BadInput: It cannot be opened, or is something else.
        Unavailable: It is locked for longer than `patience`.
    """

    def __init__(self, path: Path, patience: float) -> None:
        self._path = path
        self._patience = patience
        self._idle: deque[sqlite3.Connection] = deque()
        self._turn = threading.Lock()
        self._closed = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"Cannot make the folder of {path}: {error.strerror}") from error
        with self._translated():
            self._prepare()

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """A snapshot of the file: what others write meanwhile is not seen."""
        with self._translated(), self._lent() as db:
            db.execute("BEGIN")
            try:
                yield db
            finally:
                db.execute("ROLLBACK")

    @contextmanager
    def writing(self, committed: Callable[[], None] | None = None) -> Generator[sqlite3.Connection]:
        """A transaction that nobody else writes in; committed at the end, all or none.

        Args:
            committed: Called when it has come through, before the next one begins.
        """
        # In turn within the process: SQLite itself lets waiting writers starve.
        if not self._turn.acquire(timeout=self._patience):
            raise self._locked()
        try:
            with self._translated(), self._lent() as db:
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield db
                    db.execute("COMMIT")
                    if committed:
                        committed()
                finally:
                    if db.in_transaction:
                        db.execute("ROLLBACK")
        finally:
            self._turn.release()

    def close(self) -> None:
        """Close all connections; one that is lent, as soon as it comes back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _lent(self) -> Generator[sqlite3.Connection]:
        if self._closed:
            raise Unavailable(f"{self._path} is closed")
        try:
            db = self._idle.pop()
        except IndexError:
            db = self._connect()
        try:
            yield db
        finally:
            self._idle.append(db)
            if self._closed:
                self.close()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            self._path, timeout=self._patience, isolation_level=None, check_same_thread=False
        )
        try:
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute("PRAGMA cache_size=-16000")
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _prepare(self) -> None:
        with closing(self._connect()) as db:
            if self._is_new(db):
                self._switch_to_wal(db)
                db.execute("BEGIN IMMEDIATE")
                # Another process may have been faster.
                if self._is_new(db):
                    for statement in (_SCHEMA + _JOURNAL).split(";"):
                        db.execute(statement)
                    db.execute(f"PRAGMA application_id={_APPLICATION}")
                    db.execute(f"PRAGMA user_version={_VERSION}")
                db.execute("COMMIT")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version == 1:
                version = self._upgrade(db)
            if version != _VERSION:
                raise BadInput(
                    f"{self._path} was written by another version of opsmith (format {version}, "
                    f"this one reads {_VERSION}); use that version, or another data folder"
                )

    def _upgrade(self, db: sqlite3.Connection) -> int:
        db.execute("BEGIN IMMEDIATE")
        # Another process may have been faster.
        if db.execute("PRAGMA user_version").fetchone()[0] == 1:
            for statement in _JOURNAL.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version={_VERSION}")
        db.execute("COMMIT")
        return _VERSION

    def _is_new(self, db: sqlite3.Connection) -> bool:
        application = db.execute("PRAGMA application_id").fetchone()[0]
        if application == _APPLICATION:
            return False
        if application or db.execute("SELECT 1 FROM sqlite_schema").fetchone():
            raise self._foreign()
        return True

    def _switch_to_wal(self, db: sqlite3.Connection) -> None:
        # SQLite does not wait its timeout here when two processes make the file at once.
        end = time.monotonic() + self._patience
        while True:
            try:
                db.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode not in _BUSY or time.monotonic() > end:
                    raise
                time.sleep(0.01)

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            code = error.sqlite_errorcode & 0xFF
            if code in _BUSY:
                raise self._locked() from error
            if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                raise Unavailable(f"Cannot use {self._path} now: {error}") from error
            raise BadInput(
                f"Cannot use {self._path}: {error}; check that it is a file in a folder that "
                "opsmith may write to"
            ) from error
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                raise self._foreign() from error
            raise
        except msgspec.DecodeError as error:
            raise self._foreign() from error

    def _locked(self) -> Unavailable:
        return Unavailable(f"{self._path} is locked by another writer for {self._patience:g} s")

    def _foreign(self) -> BadInput:
        return BadInput(
            f"{self._path} is no series database, or is damaged; move it away or restore a copy"
        )
