"""Keys from the command line to the call: made once, shown once, ended at once."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from fastmcp import Client
from fastmcp.client.elicitation import ElicitResult
from fastmcp.client.transports import StdioTransport
from http_plant import BY, NOW, add_factory, stores_in

from opsmith.access import Role
from opsmith.errors import BadInput, Conflict, NotFound
from opsmith.storage.database import Database
from opsmith.storage.keys import USED, KeyStore
from opsmith_mcp.client import call_by_name, connect

pytestmark = pytest.mark.anyio


def opsmith(
    folder: Path, *arguments: str, typed: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "opsmith.app.cli", *arguments],
        env={**os.environ, "OPSMITH_DATA_DIR": str(folder), "COLUMNS": "200", **environment},
        input=typed,
        capture_output=True,
        text=True,
        timeout=180,
    )


def over_stdio(folder: Path, *groups: str, **environment: str) -> StdioTransport:
    return StdioTransport(
        sys.executable,
        ["-m", "opsmith.app.cli", "mcp", *groups],
        env={**os.environ, "OPSMITH_DATA_DIR": str(folder), **environment},
        keep_alive=False,
    )


def test_a_key_is_shown_once_kept_as_a_digest_and_opens_until_it_is_revoked(
    tmp_path: Path,
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'opsmith.db'}")
    now = NOW
    keys = KeyStore(database, lambda: now)
    made, key = keys.add("bob", Role.OPERATOR, ("F001",), NOW + timedelta(days=1), by=BY)
    other = keys.add("ann", Role.VIEWER, by=BY)[1]
    assert key != other and len(key) == len("opsk_") + 8 + 1 + 43
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert key[14:].encode() not in raw and made.key_id.encode() in raw
    who = keys.find(key)
    assert who is not None
    assert (who.name, who.role, who.factories) == ("bob", Role.OPERATOR, {"F001"})
    assert (who.via, who.is_person, who.key_id) == ("http", False, made.key_id)
    now += USED / 2
    keys.find(key)
    assert keys.list()[0].last_used_at == NOW
    now += USED
    keys.find(key)
    assert keys.list()[0].last_used_at == now
    now = NOW + timedelta(days=1)
    assert keys.find(key) is None
    assert keys.find(other) is not None
    keys.revoke("ann", by=BY)
    assert keys.find(other) is None
    assert [one.state(now) for one in keys.list()] == ["expired", "revoked"]
    with pytest.raises(Conflict):
        keys.add("ann", Role.ADMIN, by=BY)
    with pytest.raises(NotFound):
        keys.revoke("nobody", by=BY)
    for name in ("", " x", "x\n", "a" * 101, "local", "OPSMITH"):
        with pytest.raises(BadInput):
            keys.add(name, Role.VIEWER, by=BY)
    database.close()


async def test_a_key_made_at_the_command_gives_its_holder_his_role_over_stdio(
    tmp_path: Path,
) -> None:
    with stores_in(tmp_path) as stores:
        here = add_factory(stores, "F001", "PUMP_01", "Feed pump", "Grease the coupling")
        add_factory(stores, "F002", "ZULU_77", "Quarry blower", "Swap the gasket")
    made = opsmith(tmp_path, "keys", "add", "bob", "--role", "operator", "--factory", "F001")
    assert made.returncode == 0, made.stderr
    key = made.stdout.strip()
    listed = json.loads(opsmith(tmp_path, "keys", "list", "--json").stdout)
    assert [(one["name"], one["state"]) for one in listed["keys"]] == [("bob", "active")]
    assert key not in json.dumps(listed)
    async with connect(over_stdio(tmp_path, OPSMITH_API_KEY=key)) as client:
        names = {tool.name for tool in await client.list_tools()}
        assert "acknowledge_alert" in names and "list_keys" not in names
        devices = await call_by_name(client, "list_devices", {})
        assert [one["device_id"] for one in devices["devices"]] == ["PUMP_01"]
        await call_by_name(client, "acknowledge_alert", {"trace_id": here.trace_id})
        opsmith(tmp_path, "keys", "revoke", "bob")
        after = await client.call_tool_mcp("list_devices", {})
        assert after.isError and "revoked" in str(after.content)
    refused = opsmith(tmp_path, "mcp", OPSMITH_API_KEY=key)
    assert refused.returncode == 2 and "OPSMITH_API_KEY" in refused.stderr
    rows = json.loads(opsmith(tmp_path, "audit", "list", "--json").stdout)["rows"]
    assert [(row["action"], row["outcome"]) for row in rows] == [
        ("keys add", "done"),
        ("acknowledge_alert", "done"),
        ("keys revoke", "done"),
    ]
    assert key[14:] not in json.dumps(rows)


@pytest.mark.parametrize(
    ("says", "status"), [("accept", "STOPPED"), ("decline", "RUNNING"), ("cancel", "RUNNING")]
)
async def test_a_person_is_asked_over_stdio_and_what_he_says_holds(
    says: str, status: str, tmp_path: Path
) -> None:
    async def person(message: str, *rest: object) -> ElicitResult[dict[str, bool]]:
        content = {"confirm": True} if says == "accept" else None
        return ElicitResult.model_validate({"action": says, "content": content})

    with stores_in(tmp_path) as stores:
        add_factory(stores, "F001", "PUMP_01", "Feed pump", "Grease the coupling")
    transport = over_stdio(tmp_path, "device_registry", OPSMITH_ALLOW_WRITES="true")
    with anyio.fail_after(120):
        async with Client(transport, elicitation_handler=person) as client:
            change = {"device_id": "PUMP_01", "status": "STOPPED"}
            await call_by_name(client, "update_device_status", change)
    with stores_in(tmp_path) as stores:
        assert stores.devices.get("PUMP_01").status == status


async def test_what_was_proposed_over_stdio_is_confirmed_at_the_command(tmp_path: Path) -> None:
    with stores_in(tmp_path) as stores:
        add_factory(stores, "F001", "PUMP_01", "Feed pump", "Grease the coupling")
    transport = over_stdio(tmp_path, "device_registry", OPSMITH_ALLOW_WRITES="true")
    async with connect(transport) as client:
        change = {"device_id": "PUMP_01", "status": "STOPPED"}
        view = await call_by_name(client, "update_device_status", change)
    number = view["proposal"]["proposal_id"]
    left = opsmith(tmp_path, "proposals", "confirm", number, typed="n\n")
    assert left.returncode == 1 and "STOPPED" in left.stdout
    waits = json.loads(opsmith(tmp_path, "proposals", "list", "--json").stdout)["proposals"]
    assert [one["proposal_id"] for one in waits] == [number]
    done = opsmith(tmp_path, "proposals", "confirm", number, typed="y\n")
    assert done.returncode == 0, done.stderr
    with stores_in(tmp_path) as stores:
        assert stores.devices.get("PUMP_01").status == "STOPPED"
        (row,) = (row for row in stores.audit.rows() if row.outcome == "confirmed")
        assert row.via == "command"
    again = opsmith(tmp_path, "proposals", "reject", number)
    assert again.returncode == 2 and number in again.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("keys", "add", "x", "--role", "system"), "No role 'system'"),
        (("keys", "revoke", "x"), "No key 'x'"),
        (("mcp", "--http", "nowhere"), "No address: 'nowhere'"),
        (("mcp", "--http", "0.0.0.0:0"), "opsmith keys add"),
        (("mcp", "nothing"), "No group of tools 'nothing'"),
        (("proposals", "show", "PR-1"), "No proposal 'PR-1'"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    ran = opsmith(tmp_path, *arguments)
    assert ran.returncode == 2, ran.stderr
    assert says in ran.stderr and len(ran.stderr.strip().splitlines()) == 1
