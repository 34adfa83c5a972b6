"""Engines of the two kinds of databases, set so that both read and write alike."""

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from opsmith.errors import BadInput
from opsmith.storage.columns import json_text
from opsmith.storage.fits import check_what_is_written

CONNECT = 5
"""Seconds that a server has to take a connection."""
ANSWER = 25
"""Seconds that a server has to answer a statement; one that hangs is given up then."""
TURN = 15
"""Seconds that a writer waits for the one before it; less than `ANSWER`."""
LONG = 3600
"""Seconds for a statement of a long job, such as a change of the schema."""
HANGING = 10
"""Seconds after which a server takes a connection back that says nothing: of a process that hangs
in the middle of a write, whose lock every other writer waits for."""
_OLDEST = 600
"""Seconds after which a connection is made anew: what stands between may have cut it."""

_SESSION = (
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO', "
    f"time_zone = '+00:00', innodb_lock_wait_timeout = {TURN}"
)
"""What does not fit is refused, never cut; groups are strict; zero is a number like others."""


def parsed(url: str) -> URL:
    """The URL, with the driver that we use for MySQL."""
    try:
        made = make_url(url)
    except (ArgumentError, ValueError) as error:
        # Before the @ there may be a password.
        told = url.rpartition("@")[2]
        raise BadInput(f"No database URL: {told!r}; such as sqlite:///path/opsmith.db") from error
    if made.drivername in ("mysql", "mariadb", "mariadb+pymysql"):
        return made.set(drivername="mysql+pymysql")
    return made


def shown(url: str) -> str:
    """Where the tables are, without who reads them: a file, or host:port/database."""
    made = parsed(url)
    if made.get_backend_name() == "sqlite":
        return made.render_as_string(hide_password=True)
    return f"{made.host or 'localhost'}:{made.port or 3306}/{made.database or ''}"


def open_engine(url: str, *, alone: int | None = None) -> Engine:
    """An engine for `sqlite:///...` or `mysql+pymysql://...`.

    Args:
        url: SQLAlchemy's URL.
        alone: For a job that has a connection to itself, and on a server so many seconds for
            each statement.

    Raises:
        BadInput: Neither of the two, or a folder that cannot be made.
    """
    made = parsed(url)
    match made.get_backend_name():
        case "sqlite":
            engine = _sqlite(made)
        case "mysql" if made.get_driver_name() == "pymysql":
            engine = _mysql(made, alone)
        case _:
            raise BadInput(
                f"No tables are kept in {made.drivername}; OPSMITH_DATABASE_URL takes "
                "sqlite:///path/opsmith.db or mysql+pymysql://user:password@host/opsmith"
            )
    check_what_is_written(engine)
    return engine


def _mysql(url: URL, alone: int | None) -> Engine:
    if not url.database:
        raise BadInput(
            f"OPSMITH_DATABASE_URL names no database on {url.host}; such as "
            "mysql+pymysql://user:password@host/opsmith"
        )
    wait = ANSWER if alone is None else alone
    own: dict[str, Any] = {
        "charset": "utf8mb4",
        "connect_timeout": CONNECT,
        "read_timeout": wait,
        "write_timeout": wait,
        "init_command": _SESSION,
    }
    pool: dict[str, Any] = {"poolclass": NullPool}
    if alone is None:
        own["init_command"] += f", wait_timeout = {HANGING}"
        pool = {
            "pool_size": 10,
            "max_overflow": 30,
            "pool_timeout": ANSWER,
            "pool_recycle": _OLDEST,
            "pool_pre_ping": True,
            "pool_use_lifo": True,
        }
    engine = create_engine(
        url,
        isolation_level="REPEATABLE READ",
        json_serializer=json_text,
        hide_parameters=True,
        connect_args={name: value for name, value in own.items() if name not in url.query},
        **pool,
    )

    def connect(_: Dialect, __: ConnectionPoolEntry, args: Any, named: Any) -> Any:
        # Only a plant with MySQL has its driver.
        from opsmith.storage.mysql_connection import MysqlConnection

        return MysqlConnection(*args, **named)

    event.listen(engine, "do_connect", connect)
    return engine


def _sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(
                f"Cannot make the folder of {url.database}: {error.strerror}; "
                "set OPSMITH_DATA_DIR to a folder that you may write"
            ) from error
    engine = create_engine(
        url,
        connect_args={"timeout": 30, "check_same_thread": False},
        json_serializer=json_text,
        hide_parameters=True,
    )

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
