"""Backup and restore: the tables of any database as one portable file, with what lies beside it."""

import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

from pydantic import Field, ValidationError
from sqlalchemy import Connection

from opsmith.app.data import make_folder, open_tables
from opsmith.app.lock import writing
from opsmith.clock import wall_clock
from opsmith.domain.base import Model, Moment
from opsmith.errors import BadInput, Unavailable
from opsmith.settings import Settings
from opsmith.storage import copying
from opsmith.storage.database import HEAD, Database
from opsmith.storage.workers import WorkerStore

MANIFEST = "manifest.json"
TABLES, SERIES, JOURNAL = "tables.db", "series.db", "bus.db"
FOLDERS = ("models", "conversations")
"""Of the data folder, taken as they are."""

_FORMAT = 1
_ALIVE = timedelta(seconds=30)
"""A worker that was heard of within it is taken to run."""
_PAGES = 2000
_CHUNK = 1 << 20

Share = Callable[[float], None]
"""Told how much of the whole is done, 0 to 1."""


class TableCopy(Model):
    """One table in a backup."""

    rows: int
    digest: str


class FileCopy(Model):
    """One file in a backup."""

    bytes: int
    sha256: str


class Manifest(Model):
    """What a backup holds. It is written last: a folder without it is no backup."""

    format: int = _FORMAT
    made_by: str = Field(description="Version of opsmith.")
    taken_at: Moment
    schema_version: str
    source: str = Field(description="Kind of database: sqlite or mysql.")
    tables: dict[str, TableCopy]
    files: dict[str, FileCopy]
    elsewhere: tuple[str, ...] = Field(description="What is not in it, and how to save that.")


def back_up(settings: Settings, folder: Path, share: Share = lambda done: None) -> Manifest:
    """Save the plant into a folder while it runs.

    The tables are of one moment, and the bus's journal is of the same. The readings are of a moment
    after it: what the journal gives again, they have already.

    Args:
        settings: Of the plant.
        folder: New or empty.
        share: Told how far it is.

    Raises:
        BadInput: The folder is in use, or cannot be written.
        Unavailable: The server of the tables does not answer.
    """
    series = None if settings.influx_url else settings.series_path
    journal = None if settings.kafka_servers else settings.journal_path
    with open_tables(settings) as database, _told(folder):
        _make_empty(folder)

        def meanwhile() -> None:
            if journal is not None and journal.exists():
                _copy_sqlite(journal, folder / JOURNAL, lambda done: None)

        with copying.stood_still(database, meanwhile) as source:
            taken_at, kind = wall_clock(), source.dialect.name
            with copying.file_to_fill(folder / TABLES) as target:
                tables = copying.copy(
                    source, target, lambda done, total: share(done / max(total, 1) / 2)
                )
        if series is not None and series.exists():
            _copy_sqlite(series, folder / SERIES, lambda done: share(0.5 + done / 2))
        for name in FOLDERS:
            if (settings.data_dir / name).is_dir():
                shutil.copytree(settings.data_dir / name, folder / name)
        manifest = Manifest(
            made_by=version("opsmith"),
            taken_at=taken_at,
            schema_version=HEAD,
            source=kind,
            tables={
                name: TableCopy(rows=each.rows, digest=each.digest) for name, each in tables.items()
            },
            files={str(path.relative_to(folder)): _file(path) for path in _files(folder)},
            elsewhere=tuple(_elsewhere(settings)),
        )
        making = folder / f".{MANIFEST}"
        with making.open("w", encoding="utf-8") as file:
            file.write(manifest.model_dump_json(indent=1))
            file.flush()
            os.fsync(file.fileno())
        making.replace(folder / MANIFEST)
    share(1.0)
    return manifest


def restore(
    settings: Settings, folder: Path, *, replace: bool = False, share: Share = lambda done: None
) -> Manifest:
    """Put a backup into the tables and the data folder that are set, of whatever kind.

    All of it is checked before anything is written, and the tables are written as a whole.

    Args:
        settings: Of the plant that is to be.
        folder: A backup.
        replace: Lose what is there.
        share: Told how far it is.

    Raises:
        BadInput: The backup is damaged or newer, a worker runs, or there is something that is not
            to be replaced.
        Unavailable: The server of the tables does not answer.
    """
    manifest = _checked(folder, lambda done: share(done / 4))
    make_folder(settings)
    with ExitStack() as stack:
        stack.enter_context(_told(settings.data_dir))
        stack.enter_context(writing(settings.data_dir))
        database = stack.enter_context(open_tables(settings))
        _refuse_running(database)
        placed = _to_place(settings, folder, manifest)
        taken = [path for _, path in placed if _is_filled(path)]
        if taken and not replace:
            raise BadInput(f"{taken[0]} is there; restore with --replace to lose what is there")
        scratch = Path(
            stack.enter_context(tempfile.TemporaryDirectory(dir=settings.data_dir, prefix=".new-"))
        )
        staged = [(_stage(source, scratch), path) for source, path in placed]
        source = stack.enter_context(_source(folder, manifest, scratch))
        _fill(database, source, manifest, share, replace=replace)
        for new, path in staged:
            _swap(new, path)
    share(1.0)
    return manifest


def _fill(
    database: Database, source: Connection, manifest: Manifest, share: Share, *, replace: bool
) -> None:
    with copying.replaced(database, even_if_filled=replace) as target:
        given = copying.copy(
            source, target, lambda done, total: share(0.25 + done / max(total, 1) / 2)
        )
        kept = copying.looked_at(target)
        wrong = copying.differing(given, kept)
        if manifest.schema_version == HEAD:
            told = {
                name: copying.Copied(each.rows, each.digest)
                for name, each in manifest.tables.items()
            }
            wrong += copying.differing(given, told)
        if wrong:
            raise BadInput(
                f"The table {wrong[0]} came out otherwise than it was backed up; nothing is changed"
            )


def _checked(folder: Path, share: Share) -> Manifest:
    path = folder / MANIFEST
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadInput(
            f"No backup at {folder}: {error.strerror} ({MANIFEST}); a backup that was not finished "
            "has none"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput(f"{path} is damaged or of a newer opsmith: {first['msg']}") from error
    if manifest.format != _FORMAT or manifest.schema_version > HEAD:
        raise BadInput(
            f"{folder} was made by opsmith {manifest.made_by}, which is newer; restore with that"
        )
    total = sum(each.bytes for each in manifest.files.values()) or 1
    done = 0
    for name, told in manifest.files.items():
        file = folder / name
        if not file.resolve().is_relative_to(folder.resolve()):
            raise BadInput(f"{path} names a file outside of it: {name}")
        if not file.is_file() or _file(file) != told:
            raise BadInput(
                f"{file} is damaged or missing: it is not what was backed up; nothing is changed"
            )
        done += told.bytes
        share(done / total)
    if TABLES not in manifest.files:
        raise BadInput(f"{path} names no {TABLES}")
    return manifest


@contextmanager
def _source(folder: Path, manifest: Manifest, scratch: Path) -> Generator[Connection]:
    """The tables of the backup, brought to the newest schema beside it where they are older."""
    path = folder / TABLES
    if manifest.schema_version != HEAD:
        path = Path(shutil.copy(path, scratch / TABLES))
        Database(f"sqlite:///{path}").close()
        with closing(sqlite3.connect(path)) as lone:
            lone.execute("PRAGMA journal_mode=DELETE")
    with copying.file_to_read(path) as connection:
        yield connection


def _to_place(settings: Settings, folder: Path, manifest: Manifest) -> list[tuple[Path, Path]]:
    """What of the backup goes where in the data folder."""
    wanted = [(folder / name, settings.data_dir / name) for name in FOLDERS]
    if not settings.influx_url:
        wanted.append((folder / SERIES, settings.series_path))
    if not settings.kafka_servers:
        wanted.append((folder / JOURNAL, settings.journal_path))
    held = {Path(name).parts[0] for name in manifest.files}
    return [(source, path) for source, path in wanted if source.name in held]


def _is_filled(path: Path) -> bool:
    return any(path.iterdir()) if path.is_dir() else path.exists()


def _stage(source: Path, scratch: Path) -> Path:
    if source.is_dir():
        return Path(shutil.copytree(source, scratch / source.name))
    return Path(shutil.copy(source, scratch / source.name))


def _swap(new: Path, path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    new.replace(path)


def _refuse_running(database: Database) -> None:
    now = wall_clock()
    running = [one for one in WorkerStore(database).all() if abs(now - one.seen_at) < _ALIVE]
    if running:
        one = running[0]
        raise BadInput(
            f"{len(running)} workers run on these tables ({one.stage} on {one.host}, process "
            f"{one.pid}); stop them, and wait {_ALIVE.seconds} s where one was killed"
        )


def _copy_sqlite(source: Path, target: Path, share: Share) -> None:
    """A consistent copy of a SQLite file that others may write to."""
    with (
        closing(sqlite3.connect(source, timeout=30)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        # Held, what is read stays of one state: else each write would begin the copy anew.
        old.execute("BEGIN")
        old.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        old.backup(
            new, pages=_PAGES, progress=lambda _, left, total: share(1 - left / max(total, 1))
        )
        new.execute("PRAGMA journal_mode=DELETE")


def _file(path: Path) -> FileCopy:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return FileCopy(bytes=size, sha256=digest.hexdigest())


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _make_empty(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise BadInput(f"{folder} is not empty; name a new folder for each backup")


def _elsewhere(settings: Settings) -> Iterator[str]:
    if settings.influx_url:
        yield (
            f"Readings are in InfluxDB: `influx backup FOLDER` (2.x) or `influxd backup -portable "
            f"-db {settings.influx_bucket} FOLDER` (1.8)"
        )
    if settings.kafka_servers:
        yield (
            "Topics and places are in Kafka: after a restore, `kafka-consumer-groups.sh "
            "--reset-offsets --to-datetime TIME --all-topics --execute --group GROUP` with the "
            "time of the backup; what is worked on again changes nothing"
        )


@contextmanager
def _told(folder: Path) -> Generator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            raise Unavailable(f"{folder}: {said}") from error
        raise BadInput(f"{folder}: {said}; check its rights and the space left") from error
