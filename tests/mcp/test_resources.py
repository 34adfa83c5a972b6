"""Documents that a client opens by their address, and the ids that it completes."""

from typing import Any

import anyio
import pytest
from callers import ENGINEER, READER
from fastmcp import Client
from mcp import McpError
from mcp.types import (
    PromptReference,
    ResourceTemplateReference,
    ResourceUpdatedNotification,
    ServerNotification,
)
from pydantic import AnyUrl
from reports import report_on

from opsmith.access import Caller, Role
from opsmith.domain.devices import Device
from opsmith.domain.events import ALERTS
from opsmith.storage.wake import MemoryWake
from opsmith_mcp.groups import GROUPS, SHELVES, plant_server
from opsmith_mcp.resources import add_resources
from opsmith_mcp.server import serve

from .conftest import NOW, Plant

pytestmark = pytest.mark.anyio

ELSEWHERE = Caller("guest", Role.ENGINEER, frozenset({"F002"}))
DEVICE = "device://{device_id}{?language}"
ALERT = "alert://{trace_id}{?language}"
REPORT = "report://{trace_id}"
MANUAL = "manual://{entry_id}{?language}"


async def text_of(client: Client[Any], uri: str) -> str:
    contents = await client.read_resource(uri)
    assert [one.mimeType for one in contents] == ["text/markdown"]
    return "".join(getattr(one, "text", "") for one in contents)


async def completed(client: Client[Any], template: str, name: str, typed: str) -> list[str]:
    ref = ResourceTemplateReference(type="ref/resource", uri=template)
    return (await client.complete(ref, {"name": name, "value": typed})).values


async def test_each_group_has_its_own_documents_and_the_whole_has_all(plant: Plant) -> None:
    found = dict[str, set[str]]()
    for name in GROUPS:
        async with Client(plant_server(plant.stores, [name], ENGINEER)) as client:
            found[name] = {one.uriTemplate for one in await client.list_resource_templates()}
    async with Client(plant_server(plant.stores)) as client:
        whole = {one.uriTemplate for one in await client.list_resource_templates()}
    assert {name: one for name, one in found.items() if one} == {
        "device_registry": {DEVICE},
        "alert_history": {ALERT, REPORT},
        "knowledge": {MANUAL},
    }
    assert whole == {DEVICE, ALERT, REPORT, MANUAL}


async def test_a_device_an_alert_a_report_and_an_entry_are_read_as_markdown(plant: Plant) -> None:
    alert = plant.raise_alert(40)
    plant.stores.reports.record(report_on(alert), NOW)
    async with plant.client() as client:
        device = await text_of(client, "device://pump%2001")
        raised = await text_of(client, f"alert://{alert.trace_id}?language=zh")
        report = await text_of(client, f"report://{alert.trace_id}")
        english = await text_of(client, "manual://bearing_wear")
        chinese = await text_of(client, "manual://bearing_wear?language=zh")
    assert device.startswith("# PUMP_01\n") and f"alert://{alert.trace_id}" in device
    assert "vibration … 1" in device and "pressure 1 … 3" in device
    assert "设备**：PUMP_01" in raised and f"report://{alert.trace_id}" in raised
    assert "The bearing wears." in report and "E1: describe_change, ok" in report
    assert english.startswith("# Bearing wear") and chinese.startswith("# 轴承磨损")


async def test_a_few_documents_are_listed_under_addresses_that_can_be_read(plant: Plant) -> None:
    alert = plant.raise_alert(40)
    plant.stores.reports.record(report_on(alert), NOW)
    plant.stores.devices.add([Device(device_id="泵 1/A", device_name="水泵")], NOW)
    async with plant.client() as client:
        listed = await client.list_resources()
        for one in listed:
            assert (await text_of(client, str(one.uri))).startswith("# ")
    assert {str(one.uri).partition("://")[0] for one in listed} == {
        "device", "alert", "report", "manual",
    }  # fmt: skip
    assert len(listed) <= 80


async def test_what_is_not_there_is_said_to_be_not_there_with_what_is_near(
    reader: Client[Any],
) -> None:
    for uri, words in {
        "device://PUMPE_1": "did you mean 'PUMP_01'",
        "alert://AL-1": "No alert 'AL-1'",
        "report://AL-1": "No alert 'AL-1'",
        "manual://bearingwear1": "did you mean 'bearing_wear'",
        "manual://bearing_wear?language=fr": "use en or zh",
    }.items():
        with pytest.raises(McpError, match=words):
            await reader.read_resource(uri)


async def test_devices_and_alerts_of_another_factory_are_not_there(plant: Plant) -> None:
    plant.stores.devices.add([Device(device_id="FAN_09", factory_id="F002")], NOW)
    alert = plant.raise_alert(40)
    plant.stores.reports.record(report_on(alert), NOW)
    async with plant.client(ELSEWHERE) as client:
        listed = {str(one.uri) for one in await client.list_resources()}
        assert {one for one in listed if not one.startswith("manual")} == {"device://FAN_09"}
        for uri in ("device://PUMP_01", f"alert://{alert.trace_id}", f"report://{alert.trace_id}"):
            with pytest.raises(McpError, match="No (device|alert)"):
                await client.read_resource(uri)
        assert await completed(client, DEVICE, "device_id", "") == ["FAN_09"]
        assert await completed(client, ALERT, "trace_id", "") == []
        assert await completed(client, REPORT, "trace_id", "AL") == []


async def test_what_is_typed_is_completed_to_ids_at_most_a_hundred(plant: Plant) -> None:
    alert = plant.raise_alert(40)
    devices = [Device(device_id=f"FAN_{number:03}") for number in range(150)]
    plant.stores.devices.add(devices, NOW)
    async with plant.client(READER) as client:
        assert await completed(client, DEVICE, "device_id", "pump 2") == ["PUMP_02"]
        assert await completed(client, DEVICE, "device_id", "feed") == ["PUMP_01"]
        assert await completed(client, ALERT, "trace_id", alert.trace_id[:9]) == [alert.trace_id]
        assert await completed(client, REPORT, "trace_id", alert.trace_id[:9]) == []
        assert "bearing_wear" in await completed(client, MANUAL, "entry_id", "轴承")
        assert await completed(client, MANUAL, "language", "z") == ["zh"]
        assert await completed(client, "device://{other}", "device_id", "") == []
        fans = await client.complete(
            ResourceTemplateReference(type="ref/resource", uri=DEVICE),
            {"name": "device_id", "value": "fan"},
        )
        prompt = PromptReference(type="ref/prompt", name="diagnose_alert")
        spoken = await client.complete(prompt, {"name": "language", "value": ""})
        traced = await client.complete(prompt, {"name": "trace_id", "value": "al-"})
    assert (len(fans.values), fans.total, fans.hasMore) == (100, 150, True)
    assert (spoken.values, traced.values) == (["en", "zh"], [alert.trace_id])


async def test_text_of_the_plant_cannot_pass_for_markup_or_a_new_line(plant: Plant) -> None:
    name = "Pump\n\n# Orders\n<img src=x> [go](http://x) `rm` \u202e"
    plant.stores.devices.add([Device(device_id="EVIL_1", device_name=name)], NOW)
    async with plant.client() as client:
        seen = await text_of(client, "device://EVIL_1")
    assert "\n# Orders" not in seen and "\u202e" not in seen
    assert "\\<img src=x\\> \\[go\\](http://x) \\`rm\\`" in seen


async def test_a_device_without_readings_says_whether_they_were_looked_for(plant: Plant) -> None:
    async with plant.client() as client:
        empty = await text_of(client, "device://MOTOR_01")
    async with plant.without_series().client() as client:
        blind = await text_of(client, "device://MOTOR_01")
    assert "**Readings**: None" in empty
    assert "not to be read as fine" in blind


async def test_a_client_that_subscribed_to_an_alert_hears_of_its_change_once(plant: Plant) -> None:
    alert, other = plant.raise_alert(40), plant.raise_alert(200)
    server = serve("alerts")
    shelves = SHELVES["alert_history"](plant.stores)
    add_resources(server, shelves, lambda: READER, every=0.02)
    heard, changed = list[str](), anyio.Event()

    async def hear(message: Any) -> None:
        told = message.root if isinstance(message, ServerNotification) else None
        if isinstance(told, ResourceUpdatedNotification):
            heard.append(str(told.params.uri))
            changed.set()

    async with Client(server, message_handler=hear) as client:
        assert client.initialize_result is not None
        assert client.initialize_result.capabilities.resources is not None
        assert client.initialize_result.capabilities.resources.subscribe
        for one in (alert, other):
            await client.session.subscribe_resource(AnyUrl(f"alert://{one.trace_id}"))
        await client.session.unsubscribe_resource(AnyUrl(f"alert://{other.trace_id}"))
        with pytest.raises(McpError, match="No alert"):
            await client.session.subscribe_resource(AnyUrl("alert://AL-9"))
        for one in (alert, other):
            plant.stores.alerts.acknowledge(one.trace_id, "Li Wei", NOW)
        with anyio.fail_after(30):
            await changed.wait()
        await client.session.unsubscribe_resource(AnyUrl(f"alert://{alert.trace_id}"))
    assert heard == [f"alert://{alert.trace_id}"]


async def test_a_client_hears_of_a_change_at_once_where_it_is_rung_for(plant: Plant) -> None:
    alert, wake = plant.raise_alert(40), MemoryWake()
    server, changed = serve("alerts"), anyio.Event()
    # Without a ring nobody would look within the time that the test waits.
    shelves = SHELVES["alert_history"](plant.stores)
    add_resources(server, shelves, lambda: READER, every=3600, wake=wake)

    async def hear(message: Any) -> None:
        if isinstance(getattr(message, "root", None), ResourceUpdatedNotification):
            changed.set()

    async with Client(server, message_handler=hear) as client:
        await client.session.subscribe_resource(AnyUrl(f"alert://{alert.trace_id}"))
        plant.stores.alerts.acknowledge(alert.trace_id, "Li Wei", NOW)
        with anyio.fail_after(30):
            while not changed.is_set():
                wake.ring(ALERTS)
                with anyio.move_on_after(0.05):
                    await changed.wait()


async def test_nobody_subscribes_to_what_is_of_another_factory(plant: Plant) -> None:
    alert = plant.raise_alert(40)
    async with Client(plant_server(plant.stores, caller=ELSEWHERE)) as client:
        with pytest.raises(McpError, match="No alert"):
            await client.session.subscribe_resource(AnyUrl(f"alert://{alert.trace_id}"))
