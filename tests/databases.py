"""A MariaDB with our tables in it, made once and emptied for each test: making them takes 1 s."""

from pathlib import Path

from servers import Mariadb
from sqlalchemy import create_engine, text

from opsmith.storage.copying import copy, file_to_read, replaced
from opsmith.storage.database import Database
from opsmith.storage.tables import metadata, write_lock


class MariadbTables:
    """One migrated database."""

    def __init__(self, server: Mariadb) -> None:
        self._url = server.make("emptied")
        Database(self._url).close()
        self._engine = create_engine(self._url)

    def emptied(self) -> str:
        """The URL of the tables, with nothing in them."""
        with self._engine.begin() as connection:
            connection.execute(text("SET SESSION foreign_key_checks = 0"))
            for table in metadata.tables.values():
                if table is not write_lock:
                    connection.execute(table.delete())
        return self._url

    def filled(self, path: Path) -> str:
        """The URL of the tables, with what a SQLite file has in them."""
        database = Database(self._url)
        with replaced(database, even_if_filled=True) as target, file_to_read(path) as source:
            copy(source, target)
        database.close()
        return self._url

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()
