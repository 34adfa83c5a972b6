"""Several readings in one call: the same answers, of one state, and nothing that writes."""

from pathlib import Path
from typing import Any

import pytest
from callers import ENGINEER, READER, SYSTEM
from pump_plant import NOW, pump_plant

from opsmith.domain.devices import Device
from opsmith_agents.evidence import EvidenceLedger, asking
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.client import call_by_name
from opsmith_mcp.device_registry import DeviceRegistry
from opsmith_mcp.telemetry import Telemetry

pytestmark = pytest.mark.anyio


async def test_each_answer_is_that_of_the_tool_alone(tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = [
        {"tool": "query_device_status", "arguments": {"device_id": "PUMP_01"}},
        {"tool": "fetch_telemetry_data", "arguments": {"device_id": "PUMP_01"}},
        {"tool": "get_alert_history", "arguments": {"device_id": "PUMP_01", "days": 3}},
    ]
    with pump_plant(tmp_path) as plant:
        async with plant.client(SYSTEM) as client:
            told = await call_by_name(client, "read_together", {"calls": asked})
            alone = [await call_by_name(client, one["tool"], one["arguments"]) for one in asked]
    assert [answer["result"] for answer in told["answers"]] == alone


async def test_what_fails_is_told_in_its_place_and_nothing_can_be_written(tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = [
        {"tool": "query_device_status", "arguments": {"device_id": "NOBODY_99"}},
        {"tool": "fetch_telemetry_data", "arguments": {"device_id": "PUMP_01", "window_mins": -1}},
        {"tool": "acknowledge_alert", "arguments": {"trace_id": "AL-1"}},
        {"tool": "update_device_status", "arguments": {"device_id": "PUMP_01"}},
        {"tool": "query_device_status", "arguments": {"device_id": "PUMP_01"}},
    ]  # fmt: skip
    with pump_plant(tmp_path) as plant:
        async with plant.client(SYSTEM) as client:
            told = (await call_by_name(client, "read_together", {"calls": asked}))["answers"]
        assert plant.stores.devices.get("PUMP_01").status == "RUNNING"
    kinds = [(answer["error"] or "").partition(":")[0] for answer in told]
    assert kinds == ["NotFound", "BadInput", "NotFound", "NotFound", ""]
    assert told[4]["result"]["device"]["device_id"] == "PUMP_01"


async def test_it_is_for_our_own_code_alone(tmp_path: Path) -> None:
    with pump_plant(tmp_path) as plant:
        for caller in (READER, ENGINEER):
            async with plant.client(caller) as client:
                assert "read_together" not in {one.name for one in await client.list_tools()}
                answer = await client.call_tool_mcp("read_together", {"calls": []})
                assert answer.isError


@pytest.mark.parametrize("caller", [SYSTEM, READER], ids=["together", "one by one"])
async def test_a_ledger_gathers_the_same_evidence_either_way(
    tmp_path: Path, caller: object
) -> None:
    with pump_plant(tmp_path) as plant:
        async with plant.client(READER if caller is READER else SYSTEM) as client:
            ledger = EvidenceLedger(client, plant.event)
            device, missing, window = await ledger.gather(
                asking(DeviceRegistry.query_device_status, "PUMP_01", until=NOW),
                asking(AlertHistory.get_alert_history, "NOBODY_99", days=7, until=NOW),
                asking(Telemetry.fetch_telemetry_data, "PUMP_01", until=NOW),
            )
            again = await ledger.call(Telemetry.fetch_telemetry_data, "PUMP_01", until=NOW)
    assert device.result is not None and device.result.device.device_id == "PUMP_01"
    assert missing.result is None
    assert window.result is not None and again.evidence_id == window.evidence_id
    assert [(one.evidence_id, one.tool, one.state.value) for one in ledger.evidence[1:]] == [
        ("E1", "query_device_status", "ok"),
        ("E2", "get_alert_history", "empty"),
        ("E3", "fetch_telemetry_data", "ok"),
    ]


def test_a_snapshot_sees_one_state_and_is_not_written_in(tmp_path: Path) -> None:
    with pump_plant(tmp_path) as plant:
        database, devices = plant.stores.database, plant.stores.devices
        with database.snapshot():
            before = devices.get("PUMP_01")
            with pytest.raises(RuntimeError, match="reading"), database.write():
                pass
        devices.put([Device(device_id="PUMP_01", device_name="Renamed")], NOW)
        with database.snapshot():
            assert devices.get("PUMP_01").device_name == "Renamed" != before.device_name
