"""Alembic migrations, run by themselves when a database is opened."""

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text

from opsmith.errors import BadInput, Unavailable
from opsmith.storage.tables import metadata

PATIENCE = 300
"""Seconds that a worker waits for another one that changes the schema."""


def config() -> Config:
    """Where Alembic finds the migrations."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return made


def upgrade(connection: Connection) -> None:
    """Bring the database to the newest schema.

    On MySQL, which commits each change of the schema by itself, one does it at a time, and what an
    interrupted run left is gone on with.

    Raises:
        BadInput: The database is of a newer opsmith, or of something else.
        Unavailable: Another one has changed the schema for longer than `PATIENCE`.
    """
    made = config()
    made.attributes["connection"] = connection
    try:
        if connection.dialect.name == "mysql":
            with _alone(connection):
                _refuse_foreign_tables(connection)
                command.upgrade(made, "head")
                connection.commit()
        else:
            with connection.begin():
                command.upgrade(made, "head")
    except CommandError as error:
        raise BadInput(
            f"The tables are of a newer opsmith, or not of opsmith ({error}); "
            "install that, or set OPSMITH_DATABASE_URL to another database"
        ) from error


@contextmanager
def _alone(connection: Connection) -> Generator[None]:
    """Keep other workers from changing the schema; the server frees it if this one dies."""
    schema = connection.execute(text("select database()")).scalar_one()
    lock = {"name": "opsmith.schema." + hashlib.sha256(schema.encode()).hexdigest()[:32]}
    wait = text("select get_lock(:name, :seconds)")
    if connection.execute(wait, lock | {"seconds": PATIENCE}).scalar() != 1:
        raise Unavailable(f"Another opsmith has been changing the tables for {PATIENCE} s")
    try:
        yield
    finally:
        if not connection.invalidated:
            connection.execute(text("select release_lock(:name)"), lock)


def _refuse_foreign_tables(connection: Connection) -> None:
    # The read began before the lock was there: what another worker has made would be unseen.
    connection.commit()
    there = set(inspect(connection).get_table_names())
    ours = sorted(there & set(metadata.tables))
    if ours and "alembic_version" not in there:
        raise BadInput(
            f"The database holds tables of something else ({', '.join(ours[:5])}); "
            "set OPSMITH_DATABASE_URL to an empty one"
        )
