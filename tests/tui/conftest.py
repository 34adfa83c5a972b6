"""The plants that the console is tried on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tui_plant import NOW, Plant, readings

from opsmith.domain.alerts import AlertLevel, Deviation
from opsmith.domain.devices import Device
from opsmith.domain.readings import Frame
from opsmith.storage.database import Database
from opsmith.storage.series_embedded import EmbeddedSeriesStore
from opsmith_mcp.stores import Stores


@pytest.fixture
def empty_plant(tmp_path: Path) -> Iterator[Plant]:
    database = Database(f"sqlite:///{tmp_path / 'opsmith.db'}")
    series = EmbeddedSeriesStore(tmp_path / "series.db")
    yield Plant(Stores.of(database, series, lambda: NOW), database)
    series.close()
    database.close()


@pytest.fixture
def plant(empty_plant: Plant) -> Plant:
    """PUMP_01 over its temperature limit (P1), FAN_07 shaking (P2), FAN_08 held back (P3)."""
    stores = empty_plant.stores
    pump = Device(device_id="PUMP_01", device_type="pump", rated_temp_max=85.0)
    fans = [Device(device_id=f"FAN_0{n}", device_type="fan") for n in (7, 8)]
    stores.devices.add([pump, *fans], NOW)
    stores.series.append([Frame.of(readings("PUMP_01")), Frame.of(readings("FAN_07"))], live=True)
    hot = empty_plant.raise_alert(
        "PUMP_01",
        "over_temp",
        AlertLevel.P1,
        Deviation(channel="temperature", unit="Cel", value=92.4, limit=85.0, share=0.8),
        Deviation(channel="vibration", unit="[g]", value=0.506, expected=0.5, share=0.2),
    )
    empty_plant.report(hot)
    empty_plant.order(hot)
    empty_plant.raise_alert(
        "FAN_07",
        "high_vibration",
        AlertLevel.P2,
        Deviation(channel="vibration", unit="[g]", value=1.25, expected=0.5, share=1.0),
        minutes=5,
        count=300,
    )
    empty_plant.raise_alert(
        "FAN_08",
        "no_data",
        AlertLevel.P3,
        Deviation(channel="vibration", unit="[g]", share=1.0),
        minutes=9,
        suppressed="The device is in maintenance.",
    )
    return empty_plant
