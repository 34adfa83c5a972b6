"""The official conformance suite of the protocol, against our server stack."""

import re
from pathlib import Path

import anyio.to_thread
import pytest

from opsmith.app.web import address_of, listening, serving
from opsmith.storage.database import Database
from opsmith.storage.keys import KeyStore
from opsmith_mcp.http import HttpServers
from opsmith_mcp.origins import Names

from .conformance.fixture import conformance_server
from .conformance.tools import run, tool

pytestmark = pytest.mark.anyio


async def test_every_active_scenario_of_the_official_suite_passes(tmp_path: Path) -> None:
    command = tool("conformance")
    database = Database(f"sqlite:///{tmp_path / 'opsmith.db'}")
    servers = HttpServers(
        {"/mcp": conformance_server()}, KeyStore(database), Names(), is_local=True
    )
    with listening("127.0.0.1", 0, "test") as listener:
        url = f"http://{address_of(listener)}/mcp"
        async with serving(servers, listener), servers.running():
            done = await anyio.to_thread.run_sync(
                run, [*command, "server", "--url", url, "-o", str(tmp_path)], 240
            )
    database.close()
    told = f"{done.stdout}\n{done.stderr}"
    total = re.search(r"Total: (\d+) passed, (\d+) failed", told)
    assert total is not None and done.returncode == 0, told[-3000:]
    assert int(total[2]) == 0 and int(total[1]) >= 40, told[-3000:]
