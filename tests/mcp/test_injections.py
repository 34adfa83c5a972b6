"""Strings that somebody would want to be more than text, through every text argument."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hostile_strings import STRINGS, TOUCHED, strings
from http_plant import add_factory, arguments_for, stores_in
from sqlalchemy import func, select

from opsmith.access import Caller, Role
from opsmith.storage.tables import metadata
from opsmith_mcp.client import call_by_name, connect
from opsmith_mcp.groups import EVERY, plant_server
from opsmith_mcp.stores import Stores

pytestmark = pytest.mark.anyio

COUNT = int(os.environ.get("OPSMITH_TEST_INJECTIONS", "2000"))


async def test_strings_through_every_text_argument_are_text_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    with stores_in(tmp_path) as stores:
        here = add_factory(stores, "F001", "PUMP_01", "Feed pump", "Grease the coupling")
        tables = _tables(stores)
        # No person: what changes a machine waits, and nothing else is to have changed it.
        async with connect(plant_server(stores, EVERY, Caller("bob", Role.ADMIN))) as client:
            fields = [
                (tool, name)
                for tool in await client.list_tools()
                for name, schema in tool.inputSchema["properties"].items()
                if _is_text(schema)
            ]
            assert len(fields) > 50
            masked: set[str] = set()
            for number, text in enumerate(strings(COUNT)):
                # The last comes first: each field has other strings in each round.
                tool, field = fields[(number + number // len(fields)) % len(fields)]
                arguments = {**arguments_for(tool, here), field: text}
                result = await client.call_tool_mcp(tool.name, arguments)
                said = "".join(part.text for part in result.content if part.type == "text")
                if result.isError and ": " not in said[:16]:
                    masked.add(f"{tool.name}({field}={text!r}): {said}")
        assert not masked
        assert _tables(stores).keys() == tables.keys()
        assert all(count >= tables[name] for name, count in _tables(stores).items()), (
            "rows are gone"
        )
        assert stores.audit.broken_at() is None
        assert stores.devices.get("PUMP_01").status == "RUNNING"
        assert stores.orders.get(here.order_no).status == "OPEN"
    assert not [path for path in tmp_path.iterdir() if TOUCHED in path.name]


async def test_a_comment_comes_back_as_it_was_written_or_is_refused(tmp_path: Path) -> None:
    with stores_in(tmp_path) as stores:
        here = add_factory(stores, "F001", "PUMP_01", "Feed pump", "Grease the coupling")
        who, kept = Caller("bob", Role.OPERATOR), 0
        async with connect(plant_server(stores, ("alert_history",), who)) as client:
            for text in STRINGS:
                arguments = {"trace_id": here.trace_id, "text": text}
                if not (await client.call_tool_mcp("comment_alert", arguments)).isError:
                    shown = await call_by_name(client, "get_alert", {"trace_id": here.trace_id})
                    assert json.dumps(text.strip())[1:-1] in json.dumps(shown), text
                    kept += 1
        assert kept > len(STRINGS) / 2


def _tables(stores: Stores) -> dict[str, int]:
    with stores.database.read() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }


def _is_text(schema: dict[str, Any]) -> bool:
    kinds = [schema, *schema.get("anyOf", ())]
    return any(
        kind.get("type") == "string" and "enum" not in kind and "format" not in kind
        for kind in kinds
    )
