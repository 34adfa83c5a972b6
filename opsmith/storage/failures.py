"""What a database's errors mean: it is away, it is set up wrongly, or what it got is unusable."""

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    DBAPIError,
    InterfaceError,
    OperationalError,
    StatementError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from opsmith.errors import BadInput, OpsmithError, Unavailable
from opsmith.storage.engines import parsed, shown

_REFUSED = frozenset({1044, 1045, 1130, 1142, 1143, 1227, 1251, 1698, 2059, 3118, 4151})
"""MySQL's codes: this user may not, or the server cannot check who he is."""
_NO_DATABASE = frozenset({1049})
_TOO_BIG = frozenset({1153})


def _said(error: BaseException) -> str:
    """The driver's own words, on one line."""
    parts = error.args
    text = parts[1] if len(parts) > 1 and isinstance(parts[0], int) else str(error)
    return " ".join(str(text).split())


def _code(error: DBAPIError) -> int:
    parts = error.orig.args if error.orig is not None else ()
    return parts[0] if parts and isinstance(parts[0], int) else 0


def _of_driver(error: DBAPIError, where: str) -> OpsmithError | None:
    """What an error of the driver is to us; None: a fault of ours."""
    assert error.orig is not None
    text = _said(error.orig)
    if _code(error) in _TOO_BIG:
        return BadInput(f"The database at {where}: {text}; raise its max_allowed_packet to 64M")
    if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
        return Unavailable(f"The database at {where}: {text}")
    if isinstance(error, DataError):
        return BadInput(f"The database at {where} cannot keep this: {text}")
    return None


@contextmanager
def unusable_refused(url: str) -> Generator[None]:
    """Tell of a value that a column cannot hold as `BadInput`."""
    try:
        yield
    except DataError as error:
        told = _of_driver(error, shown(url))
        assert told is not None
        raise told from error


@contextmanager
def translated(url: str) -> Generator[None]:
    """Tell of a database in use that is away as `Unavailable`, of unusable values as `BadInput`."""
    try:
        yield
    except DBAPIError as error:
        told = _of_driver(error, shown(url))
        if told is None:
            raise
        raise told from error
    except StatementError as error:
        if not isinstance(error.orig, ValueError):
            raise
        raise BadInput(f"The database cannot keep this: {_said(error.orig)}") from error
    except PoolTimeout as error:
        raise Unavailable(f"The database at {shown(url)}: {_said(error)}") from error


@contextmanager
def opening(url: str) -> Generator[None]:
    """Tell what is wrong with a database that is opened, and the way out."""
    try:
        yield
    except ImportError as error:
        raise BadInput(
            f"No driver for {shown(url)}: {error}; pip install 'opsmith[servers]'"
        ) from error
    except DatabaseError as error:
        if url.startswith("sqlite"):
            raise _of_file(error, url) from error
        raise _of_server(error, url) from error
    except (RuntimeError, TypeError, OSError) as error:
        # What pymysql says of options that it does not know, and of keys that it cannot use.
        raise BadInput(f"OPSMITH_DATABASE_URL, {shown(url)}: {_said(error)}") from error


def _of_file(error: DatabaseError, url: str) -> OpsmithError:
    if isinstance(error, OperationalError):
        return BadInput(
            f"Cannot open the database {shown(url)} ({error.orig}); "
            "check the path and its rights, or set OPSMITH_DATA_DIR"
        )
    return BadInput(
        f"{shown(url)} is no opsmith database ({error.orig}); move it away or set OPSMITH_DATA_DIR"
    )


def _of_server(error: DatabaseError, url: str) -> OpsmithError:
    assert error.orig is not None
    made, where, code = parsed(url), shown(url), _code(error)
    if code in _NO_DATABASE:
        return BadInput(
            f"There is no database at {where}; on that server: CREATE DATABASE `{made.database}`"
        )
    if code in _REFUSED:
        return BadInput(
            f"The database at {where} refuses the user {made.username!r}: {_said(error.orig)}; "
            f"check OPSMITH_DATABASE_URL, or GRANT ALL ON `{made.database}`.* to him"
        )
    return _of_driver(error, where) or BadInput(f"The tables at {where}: {_said(error.orig)}")
