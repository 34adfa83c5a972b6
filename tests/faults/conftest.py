from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import Kafka


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A Kafka whose topics belong to one test after the other."""
    server = Kafka(tmp_path_factory.mktemp("faults") / "kafka")
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the workers keep their compiled modules: only the first has to compile them."""
    return tmp_path_factory.mktemp("modules")
