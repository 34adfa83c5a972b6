"""The MCP Inspector lists and calls every tool, over stdio and over HTTP."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from callers import ENGINEER
from reports import report_on

from opsmith.access import SYSTEM, Caller, Role
from opsmith.app.bootstrap import open_plant
from opsmith.app.mcp_http import http_servers
from opsmith.app.web import address_of, listening, serving
from opsmith.domain.events import RAW
from opsmith.settings import Settings
from opsmith.storage.dead_letters import DeadLetterStore, Letter
from opsmith.storage.keys import KeyStore
from opsmith.storage.plant import PlantFacts
from opsmith_mcp.client import call_by_name, connect
from opsmith_mcp.groups import EVERY, plant_server

from .conformance.tools import run, tool
from .conftest import NOW, ONSET, Plant

pytestmark = pytest.mark.anyio

Arguments = dict[str, dict[str, Any]]
PATIENCE = 120
OFFICE = Caller("office", Role.OPERATOR, via="http")
"""No person at a screen: what it changes is proposed."""

NO_JOB = {"get_job"}
"""What can only say that there is no such thing: no call of these takes longer."""


@dataclass(frozen=True)
class Known:
    """What the calls are about."""

    folder: Path
    token: str
    arguments: Arguments


async def known_plant(plant: Plant, folder: Path) -> Known:
    """A plant with an alert, a report, orders, proposals and a dead letter."""
    stores = plant.stores
    alert, other = plant.raise_alert(40), plant.raise_alert(200)
    stores.reports.record(report_on(alert), NOW)
    PlantFacts(stores.database).set("clock", "newest")
    DeadLetterStore(stores.database).add(RAW, [Letter(b"{", "no JSON object", "PUMP_01")], NOW)
    _, token = KeyStore(stores.database).add("inspector", Role.ADMIN, by=SYSTEM)
    orders = list[str]()
    async with connect(plant_server(stores, caller=ENGINEER)) as client:
        for device in ("PUMP_01", "PUMP_02", "MOTOR_01"):
            new = {"device_id": device, "priority": "P2", "description": "Look at the bearing."}
            made = await call_by_name(client, "create_work_order", new)
            orders.append(made["order"]["order_no"])
    proposals = list[str]()
    async with connect(plant_server(stores, caller=OFFICE)) as client:
        for status in ("STOPPED", "MAINTENANCE"):
            change = {"device_id": "COMP_01", "status": status}
            proposed = await call_by_name(client, "update_device_status", change)
            proposals.append(proposed["proposal"]["proposal_id"])
    return Known(folder, token, arguments_of(alert.trace_id, other.trace_id, orders, proposals))


def arguments_of(alert: str, other: str, orders: list[str], proposals: list[str]) -> Arguments:
    """What each tool is called with. A tool that is not here fails the test."""
    pump, onset = {"device_id": "PUMP_01"}, ONSET.isoformat()
    new = {"priority": "P3", "description": "Grease it."}
    symptom = {"channel": "vibration", "direction": "up"}
    return {
        "list_devices": {"text": "pump"},
        "query_device_status": pump,
        "show_plant_tree": {},
        "update_device_status": pump | {"status": "STOPPED"},
        "renew_baseline": pump | {"since": onset},
        "check_data_quality": pump,
        "compare_windows": pump,
        "compare_with_peers": pump,
        "correlate_channels": pump,
        "count_readings": pump,
        "describe_change": pump | {"onset": onset},
        "fetch_telemetry_data": pump,
        "latest_values": pump,
        "read_series": pump | {"channel": "vibration"},
        "find_failure_modes": {"device_type": "pump", "symptoms": [symptom]},
        "get_kb_entry": {"entry_id": "bearing_wear", "language": "zh"},
        "list_failure_modes": {"device_type": "水泵"},
        "match_failure_modes": pump | {"onset": onset},
        "search_maintenance_kb": {"device_type": "*", "keyword": "轴承"},
        "show_symptoms": {"entry_id": "bearing_wear"},
        "show_learning": {},
        "review_knowledge": {
            "entry_id": "bearing_wear",
            "decision": "retire",
            "reason": "We have none.",
        },
        "acknowledge_alert": {"trace_id": alert},
        "assess_alert_system": {},
        "comment_alert": {"trace_id": alert, "text": "Heard it too."},
        "count_alerts": {},
        "find_coinciding_alerts": {},
        "find_what_followed": {},
        "get_alert": {"trace_id": alert},
        "get_alert_history": pump,
        "get_report": {"trace_id": alert},
        "list_alerts": {},
        "shelve_alert": {"trace_id": other, "minutes": 30},
        "predict_failure": pump,
        "forecast_channel": pump | {"channel": "vibration", "hours": 1},
        "list_health": {},
        "bundle_work_orders": {},
        "close_work_order": {
            "order_no": orders[0],
            "outcome": "CANCELLED",
            "closing_notes": "Twice.",
        },
        "create_work_order": {"device_id": "COMP-01", **new},
        "get_work_order": {"order_no": orders[0]},
        "list_work_orders": {},
        "similar_work_orders": {"order_no": orders[0]},
        "start_work_order": {"order_no": orders[1]},
        "update_work_order": {"order_no": orders[2], "assigned_to": "Wang"},
        "work_order_calendar": {},
        "work_order_kpis": {},
        "work_order_statistics": {},
        "confirm_proposal": {"proposal_id": proposals[0]},
        "list_proposals": {},
        "reject_proposal": {"proposal_id": proposals[1], "reason": "not now"},
        "get_job": {"job_id": "JOB-0001"},
        "list_audit": {},
        "list_dead_letters": {},
        "list_keys": {},
        "list_stores": {},
        "list_workers": {},
        "redrive_dead_letters": {"reason": "JSON"},
        "verify_audit": {},
    }


def asked(*words: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """What the Inspector printed, as JSON."""
    begin = ["--cli", "--format", "json", "--quiet", "--connect-timeout", "60000"]
    done = run([*tool("mcp-inspector"), *begin, *words], PATIENCE, environ)
    text = done.stdout or done.stderr
    try:
        return json.loads(text)
    except ValueError:
        raise AssertionError(f"{words}: {text[-2000:]}") from None


def inspect(ask: Callable[..., dict[str, Any]], arguments: Arguments) -> None:
    """List the tools, and call each once, two at a time."""
    listed = ask("--method", "tools/list")
    tools = {one["name"]: one for one in listed.get("result", listed)["tools"]}
    assert tools.keys() == arguments.keys(), tools.keys() ^ arguments.keys()

    def one_call(name: str) -> str | None:
        given = json.dumps(arguments[name])
        told = ask(
            "--method", "tools/call", "--tool-name", name, "--tool-args-json", given
        )  # fmt: skip
        answer = told.get("result", told)
        if name in NO_JOB:
            return None if "No job" in json.dumps(answer) else f"{name}: {answer}"
        is_fine = not answer.get("isError") and "state" in answer.get("structuredContent", {})
        return None if is_fine else f"{name}: {json.dumps(answer)[:500]}"

    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as threads:
        wrong = [one for one in threads.map(one_call, arguments) if one is not None]
    assert wrong == []


async def test_every_tool_answers_the_call_that_the_inspector_makes(
    plant: Plant, tmp_path: Path
) -> None:
    known = await known_plant(plant, tmp_path / "plant")
    admin, wrong = Caller("inspector", Role.ADMIN, via="http"), list[str]()
    async with connect(plant_server(plant.stores, EVERY, admin)) as client:
        assert {one.name for one in await client.list_tools()} == known.arguments.keys()
        for name in known.arguments.keys() - NO_JOB:
            answer = await client.call_tool_mcp(name, known.arguments[name])
            if answer.isError or "state" not in (answer.structuredContent or {}):
                wrong.append(f"{name}: {answer.content}")
    assert wrong == []


async def test_the_inspector_lists_and_calls_every_tool_over_http(
    plant: Plant, tmp_path: Path
) -> None:
    tool("mcp-inspector")
    known = await known_plant(plant, tmp_path / "plant")
    settings = Settings(data_dir=known.folder, _env_file=None)  # pyright: ignore[reportCallIssue]  pydantic-settings takes it
    with listening("127.0.0.1", 0, "test") as listener, open_plant(settings) as opened:
        servers = http_servers(opened, "127.0.0.1")
        where = ("--server-url", f"http://{address_of(listener)}/mcp", "--transport", "http")
        header = ("--header", f"Authorization: Bearer {known.token}")
        environ = {"HOME": str(tmp_path)}

        def ask(*words: str) -> dict[str, Any]:
            return asked(*words, *where, *header, environ=environ)

        async with serving(servers, listener), servers.running():
            await anyio.to_thread.run_sync(inspect, ask, known.arguments)


async def test_the_inspector_lists_and_calls_every_tool_over_stdio(
    plant: Plant, tmp_path: Path
) -> None:
    tool("mcp-inspector")
    known = await known_plant(plant, tmp_path / "plant")
    command = str(Path(sys.executable).with_name("opsmith"))
    environ = {"HOME": str(tmp_path)}
    own = ("-e", f"OPSMITH_DATA_DIR={known.folder}", "-e", f"OPSMITH_API_KEY={known.token}")

    def ask(*words: str) -> dict[str, Any]:
        return asked(*own, *words, "--", command, "mcp", *EVERY, environ=environ)

    await anyio.to_thread.run_sync(inspect, ask, known.arguments)
