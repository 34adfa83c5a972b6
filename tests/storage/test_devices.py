"""The registry's store: nameplates are put as a whole, what the plant does stays the plant's."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from opsmith.domain.devices import Device, DeviceStatus, Limits
from opsmith.storage.database import Database
from opsmith.storage.devices import DeviceStore

NOW = datetime(2026, 2, 28, 12, tzinfo=UTC)


@pytest.fixture
def devices(tables_url: str) -> Iterator[DeviceStore]:
    database = Database(tables_url)
    yield DeviceStore(database)
    database.close()


def test_putting_the_same_nameplates_again_changes_nothing(devices: DeviceStore) -> None:
    plates = [Device(device_id=f"P{i}", limits={"flow": Limits(low=1)}) for i in range(1200)]
    assert devices.put(plates, NOW) == (1200, 0)
    later = NOW + timedelta(days=1)
    assert devices.put(plates, later) == (0, 0)
    changed = plates[0].model_copy(update={"model": "KSB"})
    assert devices.put([changed, *plates[1:], Device(device_id="Q")], later) == (1, 1)
    assert (devices.get("P0").model, devices.get("P0").updated_at) == ("KSB", later)
    assert devices.get("P1").updated_at == NOW


def test_a_nameplate_ends_no_maintenance_unless_it_says_so(devices: DeviceStore) -> None:
    devices.put([Device(device_id="P1"), Device(device_id="P2")], NOW)
    devices.set_status("P1", DeviceStatus.MAINTENANCE, None, NOW)
    end = devices.get("P1").maintenance_end()
    later = NOW + timedelta(hours=3)
    assert devices.put([Device(device_id="P1", model="KSB")], later) == (0, 1)
    assert devices.get("P1").status is DeviceStatus.MAINTENANCE
    assert devices.get("P1").maintenance_end() == end
    assert devices.put([Device(device_id="P1", model="KSB")], later) == (0, 0)
    running = Device(device_id="P1", model="KSB", status=DeviceStatus.RUNNING)
    assert devices.put([running], later) == (0, 1)
    assert devices.get("P1").maintenance_end() is None


def test_a_device_that_was_only_heard_of_is_adopted_by_its_nameplate(devices: DeviceStore) -> None:
    devices.add([Device(device_id="P1", adopted=False)], NOW)
    assert devices.put([Device(device_id="P1", factory_id="F1")], NOW) == (0, 1)
    assert devices.get("P1").adopted


def test_a_list_has_the_devices_of_the_factories_that_may_be_seen(devices: DeviceStore) -> None:
    devices.put(
        [Device(device_id=f"P{i}", factory_id=f"F{i % 3}", line_id="L1") for i in range(6)], NOW
    )
    devices.put([Device(device_id="NONE", line_id="L1")], NOW)
    seen = devices.list(line_id="L1", factories={"F1", "F2"})
    assert [one.device_id for one in seen] == ["P1", "P2", "P4", "P5"]
    assert devices.list(factories=()) == []
    assert [name for name, _ in devices.names({"F0"})] == ["P0", "P3"]
