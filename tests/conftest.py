import os
from pathlib import Path

import pytest


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
