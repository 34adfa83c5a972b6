"""The audit log: every write and every refused one, in a chain that shows what was altered."""

import json
from pathlib import Path

import pytest
from http_plant import add_factory, stores_in
from sqlalchemy import delete, update

from opsmith.access import Caller, Role
from opsmith.storage.tables import audit_log
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server

from .test_keys import opsmith

pytestmark = pytest.mark.anyio


async def written(folder: Path) -> int:
    """Five calls that write, two of them refused; the number of rows."""
    with stores_in(folder) as stores:
        here = add_factory(stores, "F001", "PUMP_01", "Feed pump", "Grease the coupling")
        for who, calls in (
            (Caller("ann", Role.VIEWER), 1),
            (Caller("bob", Role.OPERATOR, frozenset({"F002"})), 1),
            (Caller("eve", Role.OPERATOR), 3),
        ):
            async with connect(plant_server(stores, ("alert_history",), lambda who=who: who)) as c:
                for number in range(calls):
                    arguments = {"trace_id": here.trace_id, "text": f"Looked at it, {number}"}
                    await c.call_tool_mcp("comment_alert", arguments)
        return len(stores.audit.rows())


async def test_each_write_and_each_refused_one_is_there_and_the_chain_is_whole(
    tmp_path: Path,
) -> None:
    assert await written(tmp_path) == 5
    rows = json.loads(opsmith(tmp_path, "audit", "list", "--json").stdout)["rows"]
    assert [(row["caller"], row["outcome"]) for row in rows] == [
        ("ann", "refused"),
        ("bob", "failed"),
        ("eve", "done"),
        ("eve", "done"),
        ("eve", "done"),
    ]
    ran = opsmith(tmp_path, "audit", "verify", "--json")
    told = json.loads(ran.stdout)
    assert ran.returncode == 0
    assert told == {
        "whole": True, "broken_at": None, "rows": 5, "digest": rows[-1]["digest"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("column", "value"),
    [("caller", "nobody"), ("outcome", "done"), ("arguments", "{}"), ("detail", "x"),
     ("digest", "0" * 64), ("previous", "f" * 64)],
)  # fmt: skip
async def test_a_row_that_was_altered_is_named(column: str, value: str, tmp_path: Path) -> None:
    await written(tmp_path)
    with stores_in(tmp_path) as stores, stores.database.write() as connection:
        connection.execute(update(audit_log).where(audit_log.c.seq == 2).values({column: value}))
        assert stores.audit.broken_at() == 2
    if column == "caller":
        ran = opsmith(tmp_path, "audit", "verify")
        assert ran.returncode == 1 and "Row 2 " in ran.stdout


async def test_rows_cut_off_at_the_end_are_missed_by_a_digest_kept_elsewhere(
    tmp_path: Path,
) -> None:
    await written(tmp_path)
    digest = opsmith(tmp_path, "audit", "verify").stdout.split()[-1]
    with stores_in(tmp_path) as stores, stores.database.write() as connection:
        connection.execute(delete(audit_log).where(audit_log.c.seq == 5))
        assert stores.audit.broken_at() is None
    ran = opsmith(tmp_path, "audit", "verify", "--digest", digest)
    assert ran.returncode == 2 and digest in ran.stderr
