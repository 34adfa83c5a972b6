"""The device registry, through its server."""

from datetime import timedelta
from typing import Any

import pytest
from fastmcp import Client

from opsmith.domain.base import State
from opsmith.domain.devices import DeviceStatus
from opsmith.errors import BadInput
from opsmith_mcp.client import call
from opsmith_mcp.device_registry import DeviceRegistry

from .conftest import NOW, Plant

pytestmark = pytest.mark.anyio


async def test_a_device_shows_what_is_installed_but_not_measured(reader: Client[Any]) -> None:
    seen = await call(reader, DeviceRegistry.query_device_status, "PUMP_01")
    assert seen.state is State.OK
    assert seen.missing_channels == ("flow",)
    assert seen.rated["vibration"].high == 1.0
    assert seen.rated["pressure"].low == 1.0
    assert seen.units["temperature"] == "Cel"
    assert (seen.last_reading, seen.age_seconds) == (NOW, 0.0)


async def test_silent_unheard_and_unreachable_are_told_apart(
    plant: Plant, reader: Client[Any]
) -> None:
    silent = await call(reader, DeviceRegistry.query_device_status, "PUMP_02")
    assert (silent.state, silent.age_seconds) == (State.STALE, 2400.0)
    unheard = await call(reader, DeviceRegistry.query_device_status, "MOTOR_01")
    assert (unheard.state, unheard.age_seconds) == (State.EMPTY, None)
    async with plant.without_series().client() as client:
        unknown = await call(client, DeviceRegistry.query_device_status, "PUMP_01")
    assert unknown.state is State.UNAVAILABLE
    assert unknown.device.rated_temp_max == 80.0
    assert unknown.missing_channels == ()


async def test_the_list_names_running_devices_that_have_gone_silent(reader: Client[Any]) -> None:
    seen = await call(reader, DeviceRegistry.list_devices, device_type="pump")
    assert [line.device_id for line in seen.devices] == ["PUMP_01", "PUMP_02"]
    assert seen.state is State.STALE
    assert seen.note is not None and "PUMP_02" in seen.note and "PUMP_01" not in seen.note


async def test_maintenance_is_set_once_with_its_end(writer: Client[Any]) -> None:
    end = NOW + timedelta(hours=8)
    for _ in range(2):
        seen = await call(
            writer,
            DeviceRegistry.update_device_status,
            "pump 1",
            DeviceStatus.MAINTENANCE,
            maintenance_until=end,
        )
        assert (seen.device.status, seen.device.maintenance_until) == ("MAINTENANCE", end)
    with pytest.raises(BadInput, match="only with status MAINTENANCE"):
        await call(
            writer,
            DeviceRegistry.update_device_status,
            "PUMP_01",
            DeviceStatus.RUNNING,
            maintenance_until=end,
        )


async def test_a_maintenance_without_an_end_is_given_one_and_told(writer: Client[Any]) -> None:
    for _ in range(2):
        seen = await call(
            writer, DeviceRegistry.update_device_status, "PUMP_01", DeviceStatus.MAINTENANCE
        )
        assert seen.device.maintenance_until == NOW + timedelta(hours=8)
        assert seen.note is not None and "20:00" in seen.note
    listed = await call(writer, DeviceRegistry.list_devices, status=DeviceStatus.MAINTENANCE)
    assert [line.maintenance_until for line in listed.devices] == [NOW + timedelta(hours=8)]
    back = await call(writer, DeviceRegistry.update_device_status, "PUMP_01", DeviceStatus.RUNNING)
    assert back.device.maintenance_until is None


async def test_a_device_is_judged_by_what_was_known_at_the_moment_asked_about(
    reader: Client[Any],
) -> None:
    """PUMP_02 fell silent 40 minutes ago; 38 minutes ago nobody could call it so."""
    until = NOW - timedelta(minutes=38)
    seen = await call(reader, DeviceRegistry.query_device_status, "PUMP_02", until=until)
    assert (seen.state, seen.as_of, seen.age_seconds) == (State.OK, until, 120.0)
