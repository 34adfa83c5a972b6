from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from opsmith.domain.readings import ReadingBatch
from opsmith_ingest.demo_plant import Scenario, demo_scenario
from opsmith_ingest.live_plant import LivePlant
from opsmith_ingest.simulation import FaultKind


def by_device(scenario: Scenario) -> dict[str, list[ReadingBatch]]:
    batches = defaultdict[str, list[ReadingBatch]](list)
    for chunk in scenario.chunks():
        for batch in chunk:
            batches[batch.device_id].append(batch)
    return batches


def highest(batches: list[ReadingBatch], channel: str) -> float:
    return max(
        float(np.nanmax(batch.values[:, batch.channels.index(channel)])) for batch in batches
    )


def over_limits(scenario: Scenario) -> set[tuple[str, str]]:
    batches = by_device(scenario)
    return {
        (device.device_id, channel)
        for device in scenario.devices
        for channel, limits in device.rated().items()
        if limits.high is not None and highest(batches[device.device_id], channel) > limits.high
    }


def test_the_demo_has_two_lines_three_classes_and_five_kinds_of_fault() -> None:
    scenario = demo_scenario()
    assert Counter(device.device_type for device in scenario.devices) == {
        "pump": 4,
        "motor": 3,
        "compressor": 3,
    }
    assert {device.line_id for device in scenario.devices} == {"L001", "L002"}
    kinds = {fault.kind for faults in scenario.faults.values() for fault in faults}
    assert len(kinds) >= 5
    healthy = {device.device_id for device in scenario.devices} - set(scenario.faults)
    assert len(healthy) >= 3
    assert all(scenario.events[device_id] for device_id in healthy)
    assert scenario.readings <= 40_000


def test_only_some_faults_pass_a_rated_limit_and_no_healthy_device_does() -> None:
    assert over_limits(demo_scenario()) == {
        ("PUMP_01", "vibration"),
        ("MOTOR_01", "vibration"),
        ("COMP_01", "temperature"),
    }


def test_readings_come_in_plant_time_across_devices_and_a_second_run_repeats_them() -> None:
    scenario = demo_scenario()
    first, second = (list(scenario.chunks(timedelta(minutes=7))) for _ in range(2))
    newest = np.datetime64("2026-02-28T05:59:59")
    for chunk in first:
        assert {batch.device_id for batch in chunk} == {d.device_id for d in scenario.devices}
        assert min(batch.times[0] for batch in chunk) > newest
        newest = max(batch.times[-1] for batch in chunk)
    assert sum(len(batch) for chunk in first for batch in chunk) == scenario.readings
    for one, other in zip(first, second, strict=True):
        for batch, again in zip(one, other, strict=True):
            assert np.array_equal(batch.times, again.times)
            assert np.array_equal(batch.values, again.values, equal_nan=True)


def test_a_live_plant_sends_each_second_once_however_it_is_asked() -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    often, seldom = LivePlant(start), LivePlant(start)
    parts = [often.advance(start + timedelta(seconds=s, milliseconds=300)) for s in range(60)]
    at_once = seldom.advance(start + timedelta(seconds=59, milliseconds=300))
    assert often.advance(start + timedelta(seconds=59, milliseconds=900)) == []
    for place, whole in enumerate(at_once):
        assert len(whole) == 60
        assert np.array_equal(np.concatenate([part[place].values for part in parts]), whole.values)
        assert np.diff(whole.times).max() == np.timedelta64(1, "s")


def test_a_live_plant_does_not_make_up_for_a_long_sleep() -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    plant = LivePlant(start)
    plant.advance(start)
    woken = plant.advance(start + timedelta(hours=5))
    assert [len(batch) for batch in woken] == [1] * 10
    assert woken[0].times[0] == np.datetime64("2026-03-01T05:00:00")


def test_a_live_plant_has_one_fault_at_a_time_and_repairs_it() -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    plant = LivePlant(start, interval=timedelta(seconds=30))
    for minute in range(0, 600):
        plant.advance(start + timedelta(minutes=minute))
    assert len(plant.made) >= 8
    spans = [(fault.onset, fault.repaired) for _, fault in plant.made]
    for (_, repaired), (onset, _) in zip(spans, spans[1:], strict=False):
        assert repaired is not None
        assert repaired < onset


def test_a_live_bearing_fault_shows_and_is_gone_after_the_repair() -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    plant = LivePlant(start, interval=timedelta(seconds=10))
    batches = [b for m in range(0, 600) for b in plant.advance(start + timedelta(minutes=m))]
    device, fault = next(
        (device, fault) for device, fault in plant.made if fault.kind is FaultKind.BEARING_WEAR
    )
    own = [batch for batch in batches if batch.device_id == device]
    times = np.concatenate([batch.times for batch in own])
    vibration = np.concatenate(
        [batch.values[:, batch.channels.index("vibration")] for batch in own]
    )
    assert fault.repaired is not None

    def mean(begin: datetime, minutes: float) -> float:
        first = np.datetime64(begin.replace(tzinfo=None), "us")
        chosen = (times >= first) & (times < first + np.timedelta64(round(minutes * 60), "s"))
        return float(vibration[chosen].mean())

    before = mean(fault.onset - timedelta(minutes=8), 8)
    assert mean(fault.repaired - timedelta(minutes=5), 5) > 3 * before
    assert mean(fault.repaired + timedelta(minutes=1), 5) == pytest.approx(before, rel=0.25)
