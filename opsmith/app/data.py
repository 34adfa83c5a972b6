"""The data folder and its tables alone, for commands that need no more of the plant."""

import contextlib
from collections.abc import Generator

from opsmith.errors import BadInput
from opsmith.health import Outages
from opsmith.settings import Settings
from opsmith.storage.database import Database


def make_folder(settings: Settings) -> None:
    """Make the data folder where it is not there. Raises `BadInput`."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"Cannot make the data folder {settings.data_dir}: {error.strerror}; "
            "set OPSMITH_DATA_DIR to a folder that you may write"
        ) from error


@contextlib.contextmanager
def open_tables(settings: Settings, outages: Outages | None = None) -> Generator[Database]:
    """Open the tables, and close them at the end; `outages` notes whether they answer.

    Raises:
        BadInput: The data folder or the URL cannot be used.
        Unavailable: A server does not answer.
    """
    make_folder(settings)
    database = Database(settings.tables_url, outages)
    try:
        yield database
    finally:
        database.close()
