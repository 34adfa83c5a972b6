"""What the relational database says of itself: its migration, its size, its rows."""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, select, text

from opsmith.storage.database import HEAD, Database
from opsmith.storage.tables import metadata


@dataclass(frozen=True, slots=True)
class DatabaseHealth:
    """One look at the database."""

    migration: str
    is_newest: bool
    """Its migration is that of this code."""
    size_bytes: int | None
    """None where the server does not say."""
    rows: dict[str, int]
    """By table."""


def health_of(database: Database) -> DatabaseHealth:
    """Look at the database. Raises `Unavailable`."""
    with database.read() as connection:
        migration = connection.execute(text("select version_num from alembic_version")).scalar()
        rows = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }
        size = _size(connection, connection.engine)
    return DatabaseHealth(str(migration), migration == HEAD, size, dict(sorted(rows.items())))


def _size(connection: Connection, engine: Engine) -> int | None:
    if engine.dialect.name == "sqlite":
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(pages) * int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())
    if engine.dialect.name == "mysql":
        query = (
            "select sum(data_length + index_length) from information_schema.tables "
            "where table_schema = database()"
        )
        size = connection.execute(text(query)).scalar()
        return None if size is None else int(size)
    return None
