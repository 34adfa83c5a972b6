import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from databases import MariadbTables
from servers import Influx, Kafka, Mariadb, Redis, Server

from opsmith.compiled import is_first_use

S = TypeVar("S", bound=Server)


def _running(server: S) -> Iterator[S]:
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session", autouse=True)
def machine_code(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Make the machine code before the tests: no deadline of theirs counts it."""
    if is_first_use():
        subprocess.run(
            [sys.executable, "-m", "opsmith.app.cli", "demo", "--json"],
            env={**os.environ, "OPSMITH_DATA_DIR": str(tmp_path_factory.mktemp("first"))},
            check=True,
            capture_output=True,
            timeout=900,
        )


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A broker for all tests; one that kills it makes its own."""
    yield from _running(Kafka(tmp_path_factory.mktemp("servers") / "kafka"))


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mariadb]:
    """A database server for all tests; each makes its own database."""
    yield from _running(Mariadb(tmp_path_factory.mktemp("servers") / "mariadb"))


@pytest.fixture(scope="session")
def mariadb_tables(mariadb: Mariadb) -> Iterator[MariadbTables]:
    """Our tables in MariaDB, for one test after the other."""
    tables = MariadbTables(mariadb)
    yield tables
    tables.close()


@pytest.fixture(params=["sqlite", "mariadb"])
def tables_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Empty tables, of each kind of database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'opsmith.db'}"
    tables: MariadbTables = request.getfixturevalue("mariadb_tables")
    return tables.emptied()


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A Redis for all tests; each takes keys or numbers of its own."""
    yield from _running(Redis(tmp_path_factory.mktemp("servers") / "redis"))


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    """An InfluxDB for all tests; each makes its own database."""
    yield from _running(Influx(tmp_path_factory.mktemp("servers") / "influx"))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Public recordings, which are no part of the repository."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("OPSMITH_SHARED_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no recordings at {folder}; set OPSMITH_SHARED_DATA to a folder that has them")
    return folder
