import os
import subprocess
import sys
from pathlib import Path

import pytest

from opsmith.compiled import is_first_use


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
