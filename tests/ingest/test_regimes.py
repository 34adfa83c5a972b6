"""A new regime: proposed to a person, learnt when he says so, over a restart too."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from reports import report_on

from opsmith.access import Caller, Role
from opsmith.app.bootstrap import Plant, open_plant
from opsmith.clock import wall_clock
from opsmith.domain.alerts import Alert
from opsmith.domain.devices import Device
from opsmith.ports import Message
from opsmith.settings import Settings
from opsmith_ingest.pipeline import Pipeline
from opsmith_mcp.client import call_by_name, connect
from opsmith_mcp.groups import plant_server

pytestmark = pytest.mark.anyio

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
SETTLED, LOAD = 900, 2600
"""Readings before the pump is run otherwise, and after."""
ZOE = Caller("zoe", Role.ENGINEER, via="console", is_person=True)


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    with open_plant(Settings(data_dir=tmp_path), "newest", writer=True) as plant:
        plant.stores.devices.add([Device(device_id="PUMP_01", device_type="pump")], START)
        yield plant


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


def run(pipeline: Pipeline, begin: int, end: int) -> None:
    """Readings a second each; from `SETTLED` on the pump is run hotter, and vibrates more."""
    rng = np.random.default_rng(begin)
    for first in range(begin, end, 200):
        batch: list[Message] = []
        for second in range(first, min(first + 200, end)):
            more = 1.0 if second >= SETTLED else 0.0
            told = {
                "device_id": "PUMP_01",
                "timestamp": at(second).isoformat(),
                "temperature": round(45 + 6 * more + 0.3 * rng.normal(), 2),
                "vibration": round(0.5 + 0.2 * more + 0.02 * rng.normal(), 3),
            }
            batch.append(Message("raw_sensor_data", 0, 0, "PUMP_01", json.dumps(told).encode()))
        pipeline.process(batch)


def standing(plant: Plant) -> list[Alert]:
    return list(plant.stores.alerts.find("PUMP_01", standing=True))


async def test_what_stays_is_proposed_once_and_learnt_when_a_person_says_so(plant: Plant) -> None:
    pipeline = plant.pipeline(live=False)
    run(pipeline, 0, LOAD)
    (alert,) = standing(plant)
    assert alert.alert_type == "composite" and alert.count >= 1000
    async with connect(plant_server(plant.stores, caller=ZOE)) as client:
        (proposal,) = (await call_by_name(client, "list_proposals", {}))["proposals"]
        assert (proposal["tool"], proposal["proposed_by"]) == ("renew_baseline", "opsmith")
        number = {"proposal_id": proposal["proposal_id"]}
        done = (await call_by_name(client, "confirm_proposal", number))["proposal"]
    assert done["status"] == "DONE"
    device = plant.stores.devices.get("PUMP_01")
    assert device.baseline_at == alert.onset
    run(pipeline, LOAD, LOAD + 600)
    assert standing(plant) == []
    # After a restart too, though the state of before was kept.
    run(plant.pipeline(live=False), LOAD + 600, LOAD + 1200)
    assert standing(plant) == []


async def test_what_was_learnt_before_is_not_restored_after(plant: Plant) -> None:
    first = plant.pipeline(live=True)
    run(first, 0, SETTLED)
    first.save()
    plant.stores.devices.renew_baseline("PUMP_01", at(SETTLED), at(SETTLED))
    second = plant.pipeline(live=True)
    run(second, SETTLED, SETTLED + 600)
    assert standing(plant) == []


async def test_what_was_found_to_be_a_fault_is_not_proposed_as_normal(plant: Plant) -> None:
    pipeline = plant.pipeline(live=False)
    run(pipeline, 0, LOAD - 1000)
    (alert,) = standing(plant)
    plant.stores.reports.record(report_on(alert), at(LOAD - 1000))
    run(pipeline, LOAD - 1000, LOAD)
    (alert,) = standing(plant)
    assert alert.count >= 1000
    assert plant.stores.proposals.find(wall_clock()) == []
