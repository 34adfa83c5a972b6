from collections.abc import Iterator
from pathlib import Path

import pytest
from simulated_plant import START, SimulatedPlant

from opsmith.domain.devices import Device
from opsmith.storage.database import Database
from opsmith.storage.series_embedded import EmbeddedSeriesStore
from opsmith_ingest.demo_plant import demo_machines
from opsmith_kb.load import load_entries
from opsmith_mcp.stores import Stores


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[SimulatedPlant]:
    database = Database(f"sqlite:///{tmp_path / 'opsmith.db'}")
    series = EmbeddedSeriesStore(tmp_path / "series.db")
    machines = {machine.device.device_id: machine for machine in demo_machines()}
    made = SimulatedPlant(Stores.of(database, series, lambda: made.now[0]), machines)
    made.stores.devices.add([machine.device for machine in machines.values()], START)
    made.stores.devices.add([Device(device_id="THING_01")], START)
    made.stores.entries.add(load_entries(), START)
    yield made
    series.close()
    database.close()
