"""What becomes of an alert once it was decided: held back with a reason, judged anew later."""

import json
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from opsmith.app.bootstrap import Plant, open_plant
from opsmith.domain.alerts import Alert, AlertChange, AlertLevel, AlertState, HeldBy
from opsmith.domain.devices import Device, DeviceStatus
from opsmith.domain.events import ALERTS, AlertEvent
from opsmith.ports import Message
from opsmith.settings import Settings
from opsmith.storage.cooldown_memory import MemoryCooldown
from opsmith_ingest.announcing import Announcer
from opsmith_ingest.pipeline import Pipeline

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def plant(tmp_path: Path) -> Generator[Plant]:
    with open_plant(Settings(data_dir=tmp_path), "newest", writer=True) as plant:
        yield plant


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def reading(second: float, device: str = "PUMP_01", **fields: Any) -> Message:
    told = {
        "device_id": device,
        "timestamp": at(second).isoformat(),
        "temperature": 45.0,
        "status": "NORMAL",
        **fields,
    }
    return Message("raw_sensor_data", 0, 0, device, json.dumps(told).encode())


def registered(plant: Plant, count: int = 1, **fields: Any) -> list[str]:
    names = [f"PUMP_{i:02d}" for i in range(1, count + 1)]
    pump = Device(device_id="?", device_type="pump", rated_temp_max=80.0, line_id="L003")
    plant.stores.devices.add(
        [pump.model_copy(update={**fields, "device_id": name}) for name in names], START
    )
    return names


def told(plant: Plant) -> list[AlertEvent]:
    """What was announced, the oldest first."""
    waiting = plant.outbox.waiting()
    return [AlertEvent.model_validate_json(a.value) for a in waiting if a.topic == ALERTS]


def alert_of(plant: Plant, device: str = "PUMP_01") -> Alert:
    (alert,) = plant.stores.alerts.find(device)
    return alert


@pytest.mark.parametrize("in_batches", [True, False])
def test_what_stands_when_the_maintenance_ends_comes_out_as_of_its_end(
    plant: Plant, *, in_batches: bool
) -> None:
    registered(plant, status=DeviceStatus.MAINTENANCE, maintenance_until=at(100))
    pipeline = plant.pipeline(live=False)
    messages = [reading(second, temperature=99.0) for second in range(0, 140, 5)]
    for batch in [messages] if in_batches else [[message] for message in messages]:
        pipeline.process(batch)
    (event,) = (event for event in told(plant) if event.change == "raised")
    assert (event.as_of, event.alert.suppressed) == (at(100), None)
    alert = alert_of(plant)
    assert (alert.state, alert.held) == (AlertState.UNACKNOWLEDGED, None)
    (hold,) = alert.holds
    assert (hold.by, hold.since, hold.until) == (HeldBy.MAINTENANCE, START, at(100))
    assert (hold.ended, hold.outcome) == (at(100), "brought_out")


def test_what_cleared_during_the_maintenance_stays_recorded_and_is_never_told(
    plant: Plant,
) -> None:
    registered(plant, status=DeviceStatus.MAINTENANCE, maintenance_until=at(600))
    hot = [reading(second, temperature=99.0) for second in range(10)]
    well = [reading(second) for second in range(10, 700)]
    plant.pipeline(live=False).process(hot + well)
    alert = alert_of(plant)
    assert alert.cleared_at is not None and alert.suppressed is not None
    assert (alert.state, alert.holds[0].outcome) == (AlertState.OUT_OF_SERVICE, "cleared")
    assert told(plant) == []


def test_a_maintenance_that_a_person_ends_early_is_over_at_the_next_reading(plant: Plant) -> None:
    registered(plant, status=DeviceStatus.MAINTENANCE, maintenance_until=START + HOUR)
    pipeline = plant.pipeline(live=False)
    pipeline.process([reading(second, temperature=99.0) for second in range(10)])
    plant.stores.devices.set_status("PUMP_01", DeviceStatus.RUNNING, None, at(15))
    assert told(plant) == []
    pipeline.process([reading(20, temperature=99.0)])
    (event,) = told(plant)
    assert (event.change, event.as_of) == ("raised", at(15))


def test_maintenance_silences_an_alert_that_was_told_before(plant: Plant) -> None:
    registered(plant)
    pipeline = plant.pipeline(live=False)
    pipeline.process([reading(0, temperature=86.0), reading(1, temperature=86.0)])
    pipeline.process([reading(second, temperature=86.0) for second in range(2, 5)])
    known = len(told(plant))
    assert known
    plant.stores.devices.set_status("PUMP_01", DeviceStatus.MAINTENANCE, at(600), at(5))
    # Its level rises to P0 and its count doubles many times.
    pipeline.process([reading(second, temperature=120.0) for second in range(5, 500)])
    kept = told(plant)[known:]
    assert all(event.alert.suppressed for event in kept)
    pipeline.process([reading(second, temperature=120.0) for second in range(500, 620)])
    out = [event for event in told(plant)[known:] if event.alert.suppressed is None]
    assert [event.change for event in out][:1] == ["updated"], "it was told before"
    assert (out[0].as_of, out[0].alert.alert_level) == (at(600), AlertLevel.P0)


def test_a_maintenance_without_an_end_lasts_a_shift(plant: Plant) -> None:
    registered(plant, status=DeviceStatus.MAINTENANCE)
    pipeline = plant.pipeline(live=False)
    pipeline.process([reading(0, temperature=99.0)])
    assert alert_of(plant).held_until == START + 8 * HOUR
    pipeline.process([reading(8 * 3600, temperature=99.0), reading(8 * 3600 + 1, temperature=99.0)])
    assert [event.as_of for event in told(plant)][:1] == [START + 8 * HOUR]


def test_a_retired_device_is_recorded_and_never_told(plant: Plant) -> None:
    registered(plant, status=DeviceStatus.RETIRED)
    pipeline = plant.pipeline(live=False)
    pipeline.process([reading(s, temperature=99.0) for s in range(0, 10 * 86400, 3600)])
    assert told(plant) == []
    assert plant.stores.alerts.find()[0].held is HeldBy.RETIRED


def test_a_restarted_stage_goes_on_with_an_alert_that_is_held_back(plant: Plant) -> None:
    registered(plant, status=DeviceStatus.MAINTENANCE, maintenance_until=START + HOUR)
    plant.pipeline(live=False).process([reading(s, temperature=99.0) for s in range(10)])
    plant.pipeline(live=False).process([reading(s, temperature=99.0) for s in range(10, 20)])
    assert alert_of(plant).first_seen == START


def test_a_shelved_alert_and_its_repeats_stay_aside_until_the_shelf_ends(plant: Plant) -> None:
    registered(plant)
    pipeline = plant.pipeline(live=False)
    pipeline.process([reading(second, status="ANOMALY") for second in range(3)])
    first = alert_of(plant)
    plant.stores.alerts.shelve(first.trace_id, at(3600), "li", at(3))
    known = len(told(plant))
    # It clears, and comes back as another event and again: nobody hears of it.
    for begin in (400, 1000):
        pipeline.process([reading(begin + second) for second in range(-380, -300)])
        pipeline.process([reading(begin + second, status="ANOMALY") for second in range(50)])
    assert [e for e in told(plant)[known:] if e.change not in ("cleared", "operator")] == []
    repeats = plant.stores.alerts.find(suppressed=True, standing=True)
    assert [(a.state, a.held, a.held_until) for a in repeats] == [
        (AlertState.SHELVED, HeldBy.SHELVED, at(3600))
    ]
    assert repeats[0].suppressed is not None and "shelved by li" in repeats[0].suppressed
    assert [shelf.shelved_by for shelf in plant.stores.alerts.holds.shelves(at(3599))] == ["li"]
    pipeline.process([reading(3601, status="ANOMALY")])
    out = [event for event in told(plant) if event.as_of == at(3600)]
    assert [(e.change, e.alert.trace_id) for e in out] == [("raised", repeats[0].trace_id)]


def test_a_rise_to_p0_breaks_through_the_shelf_but_a_repeat_does_not(plant: Plant) -> None:
    registered(plant)
    pipeline = plant.pipeline(live=False)
    pipeline.process([reading(second, temperature=81.0) for second in range(4)])
    alert = alert_of(plant)
    assert alert.alert_level is AlertLevel.P2
    plant.stores.alerts.shelve(alert.trace_id, START + HOUR, "li", at(4))
    known = len(told(plant))
    pipeline.process([reading(second, temperature=81.0) for second in range(4, 50)])
    assert [event for event in told(plant)[known:] if event.alert.suppressed is None] == []
    pipeline.process([reading(second, temperature=99.0) for second in range(50, 60)])
    out = [event for event in told(plant)[known:] if event.alert.suppressed is None]
    assert out[0].alert.alert_level is AlertLevel.P0
    assert out[0].as_of == at(50)


def test_a_shelf_that_is_ended_early_gives_back_what_stands(plant: Plant) -> None:
    registered(plant)
    pipeline = plant.pipeline(live=False)
    pipeline.process([reading(second, status="ANOMALY") for second in range(3)])
    trace_id = alert_of(plant).trace_id
    plant.stores.alerts.shelve(trace_id, START + HOUR, "li", at(3))
    back = plant.stores.alerts.unshelve(trace_id, "li", at(10))
    assert (back.state, back.suppressed) == (AlertState.UNACKNOWLEDGED, None)
    assert plant.stores.alerts.holds.shelves(at(10)) == []
    assert (told(plant)[-1].change, told(plant)[-1].as_of) == ("updated", at(10))


def flooded(plant: Plant, pipeline: Pipeline, count: int = 15) -> list[str]:
    """One alert of each device, five seconds apart, which keep standing."""
    names = registered(plant, count)
    for i, name in enumerate(names):
        pipeline.process([reading(5 * i, name, status="ANOMALY")])
    return names


def test_in_a_flood_the_eleventh_and_later_alerts_are_grouped_under_the_first(
    plant: Plant,
) -> None:
    names = flooded(plant, plant.pipeline(live=False))
    out = [event.alert.device_id for event in told(plant) if event.change == "raised"]
    assert out == names[:10]
    grown = [event.alert for event in told(plant) if event.change == "updated"]
    assert [(alert.device_id, alert.grouped) for alert in grown] == [
        ("PUMP_01", 1),
        ("PUMP_01", 2),
        ("PUMP_01", 4),
    ], "the head is told each time that its group has doubled"
    head = alert_of(plant, "PUMP_01")
    assert head.grouped == 5
    for name in names[10:]:
        alert = alert_of(plant, name)
        assert alert.suppressed == f"flood on line L003: grouped under {head.trace_id}"
        assert (alert.held, alert.grouped_under) == (HeldBy.FLOOD, head.trace_id)


def test_p0_comes_out_of_a_flood(plant: Plant) -> None:
    pipeline = plant.pipeline(live=False)
    flooded(plant, pipeline)
    plant.stores.devices.add([Device(device_id="FAN", line_id="L003", rated_temp_max=80)], START)
    pipeline.process([reading(80, "FAN", temperature=99.0)])
    assert told(plant)[-1].alert.device_id == "FAN"


def test_a_line_that_is_quiet_is_not_drawn_into_the_flood_of_another(plant: Plant) -> None:
    pipeline = plant.pipeline(live=False)
    flooded(plant, pipeline)
    plant.stores.devices.add([Device(device_id="FAN", line_id="L004")], START)
    pipeline.process([reading(80, "FAN", status="ANOMALY")])
    assert alert_of(plant, "FAN").suppressed is None


def test_after_the_flood_the_most_urgent_of_what_stands_comes_out_first(plant: Plant) -> None:
    names = registered(plant, 13)
    stores = plant.stores
    announcer = Announcer(stores.series, stores.alerts, stores.devices, MemoryCooldown())
    for i, name in enumerate(names):
        change = AlertChange(
            change="raised",
            alert_type="composite",
            alert_level=AlertLevel.P3 if i == 11 else AlertLevel.P2,
            first_seen=at(i),
            last_seen=at(i),
            onset=at(i),
            count=1,
            score=1.0,
        )
        announcer.write(name, change, {})
    assert [event.change for event in told(plant)].count("raised") == 10
    known = len(told(plant))
    announcer.review(at(1000))
    out = [event.alert.device_id for event in told(plant)[known:]]
    assert out == ["PUMP_11", "PUMP_13", "PUMP_12"]


def test_after_the_flood_what_still_stands_comes_out_and_the_rest_does_not(plant: Plant) -> None:
    pipeline = plant.pipeline(live=False)
    names = flooded(plant, pipeline)
    # 4 of the flood's alerts clear; the eleventh came at 50 s, the fifth newest at 50 s too.
    for second in range(100, 110):
        pipeline.process([reading(second, name) for name in names[10:12]])
    known = len(told(plant))
    for second in (640, 660):
        pipeline.process([reading(second, name, status="ANOMALY") for name in names[12:]])
    later = [event for event in told(plant)[known:] if event.change == "raised"]
    assert [event.alert.device_id for event in later] == names[12:]
    assert {event.as_of for event in later} == {at(650)}
    assert [alert_of(plant, name).held for name in names[10:12]] == [HeldBy.FLOOD] * 2


def test_a_rate_limit_delays_an_alert_and_does_not_lose_it(plant: Plant) -> None:
    registered(plant)
    pipeline = plant.pipeline(live=False)
    # Six events of one device within its minute cannot come from readings: claim the slots.
    cooldown = MemoryCooldown()
    for other in range(5):
        minute = timedelta(minutes=1)
        assert cooldown.claim("rate:limit:PUMP_01", f"AL-{other}", 5, minute, START)
    stores = plant.stores
    pipeline = Pipeline(
        stores.series, stores.devices, stores.alerts, plant.dead_letters, cooldown, live=False
    )
    pipeline.process([reading(second, status="ANOMALY") for second in range(10)])
    assert (told(plant), alert_of(plant).held) == ([], HeldBy.RATE_LIMIT)
    pipeline.process([reading(second, status="ANOMALY") for second in range(50, 80)])
    (event,) = (event for event in told(plant) if event.change == "raised")
    assert event.as_of == at(60)


def test_a_cascade_names_the_first_of_its_line_as_a_hint(plant: Plant) -> None:
    names = registered(plant, 3)
    pipeline = plant.pipeline(live=False)
    for i, name in enumerate(names):
        pipeline.process([reading(100 * i, name, status="ANOMALY")])
    first, second, third = (alert_of(plant, name) for name in names)
    assert first.related_to is None
    assert second.related_to == first.trace_id
    assert third.related_to == first.trace_id, "of the chain, though more than 2 min before"


def test_a_line_that_falls_silent_is_one_alert(plant: Plant) -> None:
    names = registered(plant, 6)
    pipeline = plant.pipeline(live=True)
    for second in range(30):
        pipeline.process([reading(second, name) for name in names])
    pipeline.silent(at(300))
    out = [event.alert for event in told(plant) if event.change == "raised"]
    assert [alert.alert_type for alert in out] == ["no_data"]
    assert {event.alert.trace_id for event in told(plant)} == {out[0].trace_id}
    held = plant.stores.alerts.find(suppressed=True)
    assert {alert.held for alert in held} == {HeldBy.COLLECTOR}
    assert {alert.grouped_under for alert in held} == {out[0].trace_id}
    assert plant.stores.alerts.get(out[0].trace_id).grouped == 5
    # All but one return: that one is silent by itself.
    for second in range(310, 400, 10):
        pipeline.process([reading(second, name) for name in names[:5]])
        pipeline.silent(at(second))
    (still,) = plant.stores.alerts.find(standing=True)
    assert (still.device_id, still.suppressed) == ("PUMP_06", None)


def test_two_silent_devices_of_a_line_are_two_alerts(plant: Plant) -> None:
    names = registered(plant, 6)
    pipeline = plant.pipeline(live=True)
    for second in range(30):
        pipeline.process([reading(second, name) for name in names])
    for second in range(30, 300, 10):
        pipeline.process([reading(second, name) for name in names[2:]])
        pipeline.silent(at(second))
    assert [event.alert.device_id for event in told(plant)] == names[:2]


def test_the_row_of_a_cleared_alert_has_the_final_count_and_the_worst_reading(
    plant: Plant,
) -> None:
    registered(plant)
    pipeline = plant.pipeline(live=False)
    heat = [99.0] * 3 + [130.0] + [90.0] * 43
    pipeline.process([reading(s, temperature=value) for s, value in enumerate(heat)])
    pipeline.process([reading(second) for second in range(len(heat), 200)])
    alert = alert_of(plant)
    assert (alert.count, alert.last_seen) == (len(heat), at(len(heat) - 1))
    assert alert.deviations[0].value == 130.0


class Wall:
    """The wall's clock, set by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def watched(plant: Plant, wall: Wall) -> Pipeline:
    stores = plant.stores
    return Pipeline(
        stores.series, stores.devices, stores.alerts, plant.dead_letters, MemoryCooldown(),
        live=True, clock=wall,
    )  # fmt: skip


def test_readings_from_the_future_are_kept_apart_and_told_once(
    plant: Plant, watched: Pipeline, wall: Wall
) -> None:
    registered(plant)
    for second in range(40):
        wall.now = at(second)
        ahead = 7200 if 10 <= second < 20 else 0
        watched.process([reading(second + ahead)])
    alert = alert_of(plant)
    assert (alert.alert_type, alert.count) == ("sensor_fault", 10)
    (deviation,) = alert.deviations
    assert (deviation.channel, deviation.kind, deviation.value) == ("timestamp", "clock", 7200.0)
    assert alert.cleared_at == at(29)
    assert plant.stores.series.newest() == at(39)
    assert plant.dead_letters.count() == watched.counts.dead == 10
    assert watched.counts.late == 0, "what came after is judged as ever"


def test_a_restart_goes_on_with_the_alert_on_a_clock(
    plant: Plant, watched: Pipeline, wall: Wall
) -> None:
    registered(plant)
    watched.process([reading(0)])
    watched.process([reading(7200)])
    watched.forget()
    wall.now = at(60)
    watched.process([reading(60)])
    watched.process([reading(7260)])
    assert alert_of(plant).count == 2


def test_a_clock_set_back_is_told_but_a_backlog_is_not(
    plant: Plant, watched: Pipeline, wall: Wall
) -> None:
    names = registered(plant, 2)
    watched.process([reading(0, name) for name in names])
    for minute in range(30):
        wall.now = at(60 * minute)
        watched.process([reading(60 * minute - 7200, names[0])])
    watched.process([reading(second - 86400, names[1]) for second in range(600)])
    wall.now += timedelta(minutes=20)
    watched.process([reading(0, names[1]), reading(3000, names[1])])
    (alert,) = plant.stores.alerts.find(alert_type="sensor_fault")
    assert alert.device_id == names[0]
    assert (alert.deviations[0].kind, alert.deviations[0].direction) == ("clock", "down")
