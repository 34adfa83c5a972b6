"""What every tool of every server has in common."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Any

import anyio
import pytest
from callers import ENGINEER, READER, SYSTEM
from fastmcp import Client

from opsmith.access import Caller, Role
from opsmith.domain.base import State, ToolResult
from opsmith.errors import BadInput, NotFound, OpsmithError
from opsmith_mcp.client import call, call_by_name, call_recorded, connect
from opsmith_mcp.device_registry import DeviceRegistry
from opsmith_mcp.groups import ALL, EVERY, plant_server
from opsmith_mcp.server import serve
from opsmith_mcp.stores import Stores
from opsmith_mcp.telemetry import Telemetry

from .conftest import ONSET, Plant

pytestmark = pytest.mark.anyio

SETTLED = {
    "query_device_status",
    "fetch_telemetry_data",
    "search_maintenance_kb",
    "get_alert_history",
    "predict_failure",
}
WRITES = {
    "renew_baseline",
    "update_device_status",
    "acknowledge_alert",
    "comment_alert",
    "shelve_alert",
    "create_work_order",
    "update_work_order",
    "start_work_order",
    "close_work_order",
    "review_knowledge",
    "confirm_proposal",
    "reject_proposal",
}


async def tools_of(stores: Stores, names: Sequence[str], caller: Caller) -> dict[str, Any]:
    async with Client(plant_server(stores, names, caller)) as client:
        return {tool.name: tool for tool in await client.list_tools()}


def tokens(tools: dict[str, Any]) -> int:
    """As the check of the contract counts them."""
    return sum(len(json.dumps([t.name, t.description, t.inputSchema])) for t in tools.values()) // 4


async def test_a_reader_sees_the_settled_names_and_nothing_that_writes(plant: Plant) -> None:
    tools = await tools_of(plant.stores, ALL, READER)
    assert tools.keys() >= SETTLED
    assert not tools.keys() & WRITES
    assert "record_report" not in tools
    assert all(tool.annotations.readOnlyHint for tool in tools.values())


async def test_a_writer_has_the_tools_that_write_but_not_the_system_s(plant: Plant) -> None:
    tools = await tools_of(plant.stores, ALL, ENGINEER)
    assert tools.keys() >= WRITES
    assert "record_report" not in tools
    assert {name for name, tool in tools.items() if not tool.annotations.readOnlyHint} == WRITES


@pytest.mark.parametrize("names", [[name] for name in EVERY] + [EVERY], ids=",".join)
async def test_all_tools_together_cost_a_model_few_tokens(
    plant: Plant, names: Sequence[str]
) -> None:
    tools = await tools_of(plant.stores, names, Caller("root", Role.ADMIN))
    assert 0 < tokens(tools) < (8000 if len(names) > 1 else 2000)


async def test_a_reader_of_all_servers_pays_less(plant: Plant) -> None:
    assert tokens(await tools_of(plant.stores, ALL, READER)) < 6000


async def test_every_tool_says_what_it_gives_and_what_it_takes(plant: Plant) -> None:
    for tool in (await tools_of(plant.stores, EVERY, SYSTEM)).values():
        assert tool.description and len(tool.description) > 40, tool.name
        assert {"state", "note"} <= tool.outputSchema["properties"].keys(), tool.name
        assert "$ref" not in json.dumps([tool.inputSchema, tool.outputSchema]), tool.name


async def test_a_group_that_does_not_exist_is_named(plant: Plant) -> None:
    with pytest.raises(BadInput, match=r"'telemetri'.*telemetry"):
        plant_server(plant.stores, ["telemetri"])


async def test_a_tool_without_the_right_to_it_cannot_be_called(reader: Client[Any]) -> None:
    with pytest.raises(OpsmithError, match="not enabled"):
        await call_by_name(
            reader, "update_device_status", {"device_id": "PUMP_01", "status": "STOPPED"}
        )


@pytest.mark.parametrize("written", ["pump_01", "Pump-1", "PUMP 01", "Feed pump"])
async def test_a_device_is_found_however_it_is_written(reader: Client[Any], written: str) -> None:
    seen = await call(reader, DeviceRegistry.query_device_status, written)
    assert seen.device.device_id == "PUMP_01"


async def test_an_unknown_device_is_named_with_the_one_most_like_it(reader: Client[Any]) -> None:
    with pytest.raises(NotFound, match=r"No device 'PUMPE_1'; did you mean 'PUMP_01'\?"):
        await call(reader, Telemetry.fetch_telemetry_data, "PUMPE_1")


async def test_an_id_that_may_mean_two_devices_is_not_guessed_at(reader: Client[Any]) -> None:
    with pytest.raises(BadInput, match="'COMP-01', 'COMP_01'"):
        await call(reader, DeviceRegistry.query_device_status, "comp 1")


async def test_an_argument_out_of_range_is_named_in_a_line(reader: Client[Any]) -> None:
    with pytest.raises(BadInput, match=r"^window_mins: Input should be greater than or equal to 1"):
        await call(reader, Telemetry.fetch_telemetry_data, "PUMP_01", window_mins=0)


async def test_an_error_that_is_not_ours_is_hidden_from_the_caller(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken:
        def fall_over(self) -> State:
            """Fall over."""
            raise RuntimeError("password=hunter2")

        def make_nonsense(self) -> State:
            """Make a model that is none."""
            Window.model_validate({"start": "hunter2"})
            return State.OK

    from opsmith.domain.base import Window

    caplog.set_level(logging.CRITICAL)
    async with Client(serve("broken", Broken())) as client:
        for tool in ("fall_over", "make_nonsense"):
            with pytest.raises(OpsmithError) as raised:
                await call_by_name(client, tool, {})
            assert "hunter2" not in str(raised.value)
            assert tool in str(raised.value)


async def test_what_went_over_the_wire_is_there_for_evidence(reader: Client[Any]) -> None:
    answer = await call_recorded(
        reader, Telemetry.describe_change, "PUMP_01", onset=ONSET, until=None
    )
    assert answer.tool == "describe_change"
    assert answer.arguments == {
        "device_id": "PUMP_01",
        "onset": "2026-02-28T11:20:00Z",
        "until": None,
    }
    assert answer.content == answer.value.model_dump(mode="json")


async def test_no_answer_of_a_reading_tool_is_long(plant: Plant, tmp_path: Path) -> None:
    alert = plant.raise_alert(40)
    for minute in range(60):
        plant.raise_alert(100 + 10 * minute)
    onset = ONSET.isoformat()
    calls: dict[str, dict[str, Any]] = {
        "list_devices": {},
        "query_device_status": {"device_id": "PUMP_01"},
        "fetch_telemetry_data": {"device_id": "PUMP_01", "window_mins": 129_600},
        "read_series": {"device_id": "PUMP_01", "channel": "vibration", "window_mins": 240},
        "latest_values": {"device_id": "PUMP_01"},
        "describe_change": {"device_id": "PUMP_01", "onset": onset},
        "match_failure_modes": {"device_id": "PUMP_01", "onset": onset},
        "search_maintenance_kb": {"device_type": "*", "limit": 20},
        "get_kb_entry": {"entry_id": "bearing_wear"},
        "predict_failure": {"device_id": "PUMP_01"},
        "forecast_channel": {"device_id": "PUMP_01", "channel": "temperature", "hours": 4},
        "list_health": {},
        "get_alert_history": {"device_id": "PUMP_01"},
        "list_alerts": {},
        "get_alert": {"trace_id": alert.trace_id},
        "count_alerts": {"group_by": ["type", "day"]},
        "assess_alert_system": {},
        "find_coinciding_alerts": {},
        "find_what_followed": {},
        "get_report": {"trace_id": alert.trace_id},
        "list_work_orders": {},
        "work_order_statistics": {"group_by": ["device"]},
        "work_order_kpis": {},
        "work_order_calendar": {},
        "bundle_work_orders": {},
        "similar_work_orders": {"device_id": "PUMP_01", "text": "bearing"},
        "count_readings": {"device_id": "PUMP_01", "window_mins": 129_600},
        "check_data_quality": {"device_id": "PUMP_01"},
        "compare_windows": {"device_id": "PUMP_01", "window_mins": 60},
        "compare_with_peers": {"device_id": "PUMP_01"},
        "correlate_channels": {"device_id": "PUMP_01"},
        "show_plant_tree": {},
        "list_failure_modes": {"device_type": "pump"},
        "find_failure_modes": {
            "device_type": "pump",
            "symptoms": [{"channel": "vibration", "direction": "up"}],
        },
        "show_symptoms": {"entry_id": "bearing_wear"},
        "show_learning": {},
    }
    async with plant.client() as client:
        names = {tool.name for tool in await client.list_tools()}
        # An order and a job there are none of.
        assert names - {"get_work_order", "get_job"} == calls.keys()
        for name, arguments in calls.items():
            content = await call_by_name(client, name, arguments)
            assert len(json.dumps(content)) / 4 < 6000, name


class Doors:
    """A group with a tool that waits until it is let go."""

    def __init__(self) -> None:
        self.open = Event()

    def wait(self) -> ToolResult:
        """Wait, but not for ever."""
        assert self.open.wait(30)
        return ToolResult()


async def test_who_gives_up_waiting_does_not_wait_for_the_tool() -> None:
    doors = Doors()
    async with connect(serve("doors", doors)) as client:
        with pytest.raises(TimeoutError):
            with anyio.fail_after(0.05):
                await call(client, Doors.wait)
        assert not doors.open.is_set()
        doors.open.set()
        assert (await call(client, Doors.wait)).state is State.OK


async def test_a_client_that_is_not_open_refuses_to_call(plant: Plant) -> None:
    with pytest.raises(RuntimeError):
        await call(plant.client(), DeviceRegistry.list_devices)
