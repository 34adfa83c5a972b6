"""The ingest stage: from messages to stored readings, alerts and dead letters."""

import json
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from opsmith.app.bootstrap import Plant, open_plant
from opsmith.domain.alerts import AlertLevel
from opsmith.domain.devices import Device, DeviceStatus
from opsmith.ports import Message
from opsmith.settings import Settings

START = datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.fixture
def plant(tmp_path: Path) -> Generator[Plant]:
    with open_plant(Settings(data_dir=tmp_path), "newest", writer=True) as plant:
        yield plant


def reading(second: float, device: str = "PUMP_01", **fields: Any) -> Message:
    told = {
        "device_id": device,
        "timestamp": (START + timedelta(seconds=second)).isoformat(),
        "temperature": 45.0,
        **fields,
    }
    return Message("raw_sensor_data", 0, 0, device, json.dumps(told).encode())


def rated(plant: Plant, **fields: Any) -> None:
    device = Device(device_id="PUMP_01", device_type="pump", rated_temp_max=80.0)
    plant.stores.devices.add([device.model_copy(update=fields)], START)


def test_a_hot_device_alerts_from_its_first_reading_and_once(plant: Plant) -> None:
    rated(plant)
    pipeline = plant.pipeline(live=False)
    pipeline.process([reading(second, temperature=99.0) for second in range(20)])
    (alert,) = plant.stores.alerts.find()
    assert (alert.alert_type, alert.alert_level) == ("over_temp", AlertLevel.P0)
    assert (alert.first_seen, alert.temperature) == (START, 99.0)
    assert alert.raw_payload["temperature"] == 99.0


def test_the_same_messages_again_change_nothing(plant: Plant) -> None:
    rated(plant)
    messages = [reading(second, temperature=99.0 if second > 5 else 45.0) for second in range(40)]
    first, again = plant.pipeline(live=False), plant.pipeline(live=False)
    first.process(messages)
    stood = plant.stores.alerts.find()
    again.process(messages[:17])
    again.process(messages[17:])
    assert plant.stores.alerts.find() == stood
    assert (again.counts.stored, again.counts.repeated, again.counts.changes) == (0, 40, 0)


def test_after_a_failure_the_batch_is_worked_on_again_without_a_second_alert(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    rated(plant)
    pipeline = plant.pipeline(live=False)
    pipeline.process([reading(second) for second in range(5)])
    batch = [reading(second, temperature=99.0) for second in range(5, 20)]

    def full(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(plant.stores.alerts, "apply", full)
        with pytest.raises(OSError, match="disk full"):
            pipeline.process(batch)
    assert plant.stores.alerts.find() == []
    pipeline.forget()
    pipeline.process(batch)
    (alert,) = plant.stores.alerts.find()
    assert alert.first_seen == START + timedelta(seconds=5)


def test_a_restarted_stage_goes_on_with_the_alert_that_stands(plant: Plant) -> None:
    rated(plant)
    plant.pipeline(live=True).process([reading(s, temperature=99.0) for s in range(10)])
    restarted = plant.pipeline(live=True)
    restarted.process([reading(s, temperature=99.0) for s in range(10, 20)])
    restarted.process([reading(s) for s in range(20, 90)])
    (alert,) = plant.stores.alerts.find()
    assert alert.cleared_at is not None
    assert alert.first_seen == START


def test_messages_that_cannot_be_used_are_kept_with_their_reason_and_spare_the_rest(
    plant: Plant,
) -> None:
    pipeline = plant.pipeline(live=False)
    bad = [
        Message("raw_sensor_data", 0, 0, "?", b"\xff\xfe{"),
        Message("raw_sensor_data", 0, 0, "?", b'{"timestamp": "2026-03-01T08:00:00Z"}'),
        reading(1, timestamp="yesterday"),
    ]
    for _ in range(2):
        pipeline.process([reading(0), *bad, reading(2, temperature="broken", flow=12.5)])
    assert pipeline.counts.dead == 3
    reasons = " | ".join(letter.reason for letter in plant.dead_letters.newest())
    for reason in ("no JSON object", "no device_id", "'yesterday' is no ISO 8601 time"):
        assert reason in reasons
    stored = plant.stores.series.read("PUMP_01", START, START + timedelta(minutes=1))
    assert len(stored) == 2
    assert stored.values[1, stored.channels.index("flow")] == 12.5


def test_a_late_reading_is_stored_and_counted_and_not_judged(plant: Plant) -> None:
    rated(plant)
    pipeline = plant.pipeline(live=False)
    pipeline.process([reading(second) for second in (0, 1, 3)])
    pipeline.process([reading(2, temperature=150.0)])
    assert (pipeline.counts.late, pipeline.counts.stored) == (1, 4)
    assert plant.stores.alerts.find() == []


def test_a_device_that_nobody_registered_is_listed_for_adoption(plant: Plant) -> None:
    plant.pipeline(live=False).process([reading(0, device="NEW_7", line_id="L009")])
    device = plant.stores.devices.get("NEW_7")
    assert (device.adopted, device.line_id) == (False, "L009")


@pytest.mark.parametrize(
    ("until", "held_back"),
    [(None, True), (timedelta(hours=1), True), (timedelta(seconds=-1), False)],
)
def test_maintenance_holds_alerts_back_until_it_ends_and_says_so(
    plant: Plant, until: timedelta | None, held_back: bool
) -> None:
    end = None if until is None else START + until
    rated(plant, status=DeviceStatus.MAINTENANCE, maintenance_until=end)
    plant.pipeline(live=False).process([reading(0, temperature=99.0)])
    (alert,) = plant.stores.alerts.find()
    assert bool(alert.suppressed) == held_back
    assert bool(plant.outbox.waiting()) != held_back
    if held_back:
        assert alert.suppressed is not None and "MAINTENANCE" in alert.suppressed


def test_a_device_that_reports_an_anomaly_is_believed(plant: Plant) -> None:
    plant.pipeline(live=False).process([reading(0), reading(1, status="ANOMALY")])
    assert [alert.alert_type for alert in plant.stores.alerts.find()] == ["device_reported"]


def test_a_device_that_goes_quiet_alerts_once(plant: Plant) -> None:
    pipeline = plant.pipeline(live=True)
    pipeline.process([reading(second) for second in range(30)])
    pipeline.silent(START + timedelta(seconds=40))
    assert plant.stores.alerts.find() == []
    for minutes in (5, 6, 7):
        pipeline.silent(START + timedelta(minutes=minutes))
    (alert,) = plant.stores.alerts.find()
    assert alert.alert_type == "no_data"


def test_a_plant_on_the_light_path_alerts_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, detection="light")
    for first in (0, 300):
        with open_plant(settings, "newest", writer=True) as plant:
            if first == 0:
                rated(plant)
            pipeline = plant.pipeline(live=True)
            pipeline.process(
                [
                    reading(second, temperature=45 + second % 7 / 10 + (5 if second >= 310 else 0))
                    for second in range(first, first + 300)
                ]
            )
            pipeline.save()
            found = plant.stores.alerts.find()
    (alert,) = found
    assert alert.alert_type == "composite"
    assert START + timedelta(seconds=310) < alert.first_seen < START + timedelta(seconds=330)
