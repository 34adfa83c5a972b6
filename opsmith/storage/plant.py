"""Facts about the plant as a whole."""

from sqlalchemy import delete, insert, select

from opsmith.storage.database import Database
from opsmith.storage.tables import plant


class PlantFacts:
    """Named facts, such as `clock`: `wall` where the plant is live, `newest` where recorded."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> str | None:
        """The fact, or None."""
        with self._database.read() as connection:
            return connection.execute(
                select(plant.c.value).where(plant.c.name == name)
            ).scalar_one_or_none()

    def set(self, name: str, value: str) -> None:
        """State the fact anew."""
        with self._database.write() as connection:
            connection.execute(delete(plant).where(plant.c.name == name))
            connection.execute(insert(plant).values(name=name, value=value))
