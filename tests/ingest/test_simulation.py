from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from opsmith.domain.devices import Device
from opsmith.domain.readings import Quality, ReadingBatch
from opsmith.errors import BadInput
from opsmith_ingest.simulation import (
    Ambient,
    Compressor,
    Event,
    EventKind,
    Fault,
    FaultKind,
    Growth,
    Load,
    Machine,
    Motor,
    Pump,
    Simulation,
    simulate,
)
from opsmith_ingest.simulation.drive import Physics
from opsmith_ingest.simulation.simulator import time_grid

START = datetime(2026, 1, 1, tzinfo=UTC)
ONSET = START + timedelta(hours=1)
END = START + timedelta(hours=3)
STEP = timedelta(seconds=10)


def machine(physics: Physics) -> Machine:
    """One at a constant load in still air, so that only the fault makes a difference."""
    channels = ["current", "pressure", "speed", "temperature", "vibration", "flow"]
    if isinstance(physics, Motor):
        channels = ["current", "speed", "temperature", "vibration"]
    device = Device(device_id="M", channels=tuple(channels))
    steady = Load(level=0.8, daily=0.0, wander=0.0)
    return Machine(device, physics, steady, Ambient(daily=0.0, wander=0.0))


def column(batch: ReadingBatch, channel: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return batch.values[:, batch.channels.index(channel)]


def moved(physics: Physics, kind: FaultKind, severity: float) -> dict[str, str]:
    """Which channels differ, two hours later, from the same machine without the fault."""
    whole = simulate(machine(physics), START, END, STEP)
    broken = simulate(machine(physics), START, END, STEP, [Fault(kind, ONSET, severity)])
    late = slice(-180, None)
    ways = dict[str, str]()
    for channel in whole.channels:
        usual, now = column(whole, channel)[late], column(broken, channel)[late]
        change = now.mean() - usual.mean()
        if abs(change) > max(0.02 * abs(usual.mean()), 3 * usual.std()):
            ways[channel] = "up" if change > 0 else "down"
    return ways


@pytest.mark.parametrize(
    ("physics", "kind", "severity", "expected"),
    [
        (Pump(), FaultKind.BEARING_WEAR, 0.5, {"vibration": "up", "temperature": "up"}),
        (Pump(), FaultKind.IMBALANCE, 0.7, {"vibration": "up"}),
        (
            Pump(),
            FaultKind.CAVITATION,
            0.9,
            {"vibration": "up", "flow": "down", "pressure": "down", "current": "down"},
        ),
        (Pump(), FaultKind.LEAK, 0.6, {"flow": "down", "pressure": "down", "current": "up"}),
        (
            Pump(),
            FaultKind.VALVE_RESTRICTION,
            0.6,
            {"flow": "down", "pressure": "up", "current": "down", "vibration": "up"},
        ),
        (Pump(), FaultKind.OVERHEATING, 0.6, {"temperature": "up"}),
        (Motor(), FaultKind.BEARING_WEAR, 0.5, {"vibration": "up", "temperature": "up"}),
        (Motor(), FaultKind.IMBALANCE, 0.7, {"vibration": "up"}),
        (Motor(), FaultKind.OVERHEATING, 0.6, {"temperature": "up"}),
        (Compressor(), FaultKind.OVERHEATING, 0.6, {"temperature": "up"}),
        (Compressor(), FaultKind.BEARING_WEAR, 0.5, {"vibration": "up", "temperature": "up"}),
        (Compressor(), FaultKind.LEAK, 0.8, {"speed": "up", "current": "up", "pressure": "down"}),
        (
            Compressor(),
            FaultKind.VALVE_RESTRICTION,
            0.7,
            {"speed": "up", "pressure": "down", "flow": "down"},
        ),
        (Pump(), FaultKind.LUBRICATION_LOSS, 0.6, {"vibration": "up", "temperature": "up"}),
        (Motor(), FaultKind.MISALIGNMENT, 0.7, {"vibration": "up", "temperature": "up"}),
        (Compressor(), FaultKind.LOOSENESS, 0.6, {"vibration": "up"}),
        (
            Pump(),
            FaultKind.IMPELLER_WEAR,
            0.7,
            {"flow": "down", "pressure": "down", "current": "down"},
        ),
        (
            Pump(),
            FaultKind.DRY_RUNNING,
            0.9,
            {"flow": "down", "pressure": "down", "current": "down", "temperature": "up"},
        ),
        (Motor(), FaultKind.OVERLOAD, 0.7, {"current": "up", "temperature": "up"}),
        (Motor(), FaultKind.UNDERVOLTAGE, 0.8, {"current": "up", "temperature": "up"}),
        (
            Compressor(),
            FaultKind.AIR_END_WEAR,
            0.7,
            {"speed": "up", "current": "up", "temperature": "up"},
        ),
    ],
)
def test_a_fault_moves_what_physics_says_it_moves(
    physics: Physics, kind: FaultKind, severity: float, expected: dict[str, str]
) -> None:
    ways = moved(physics, kind, severity)
    assert {channel: ways.get(channel) for channel in expected} == expected
    if kind in {FaultKind.IMBALANCE, FaultKind.OVERHEATING, FaultKind.LOOSENESS}:
        assert ways == expected, "nothing else moves"


def test_a_pumps_operating_point_lies_on_its_own_curve_and_on_the_systems() -> None:
    pump = Pump()
    batch = simulate(machine(pump), START, END, STEP)
    flow = column(batch, "flow").mean() / pump.rated_flow
    pressure = column(batch, "pressure").mean()
    assert pressure == pytest.approx(
        pump.shutoff - (pump.shutoff - pump.rated_head) * flow**2, rel=0.01
    )
    resistance = (pump.rated_head - pump.static) / 0.8**2
    assert pressure == pytest.approx(pump.static + resistance * flow**2, rel=0.01)


def test_heat_follows_with_the_time_constant_of_the_machine() -> None:
    motor = Motor()
    cold = [Event(EventKind.STOP, START), Event(EventKind.START, START + timedelta(hours=2))]
    batch = simulate(machine(motor), START, START + timedelta(hours=5), STEP, events=cold)
    temperature = column(batch, "temperature")
    begin, settled = temperature[719], temperature[-60:].mean()
    after_one = temperature[720 + round(motor.heat_time / 10)]
    assert (after_one - begin) / (settled - begin) == pytest.approx(1 - np.exp(-1), abs=0.03)


def test_a_stopped_machine_reports_that_it_stands_and_a_start_draws_inrush_current() -> None:
    events = [
        Event(EventKind.STOP, START + timedelta(minutes=10)),
        Event(EventKind.START, START + timedelta(minutes=20)),
    ]
    batch = simulate(machine(Pump()), START, ONSET, timedelta(seconds=1), events=events)
    assert set(batch.statuses[600:1200]) == {"STOPPED"}
    assert set(batch.statuses[:600] + batch.statuses[1200:]) == {"NORMAL"}
    standing = batch.values[700:1200]
    assert np.abs(standing[:, batch.channels.index("current")]).max() < 0.5
    assert np.abs(standing[:, batch.channels.index("flow")]).max() < 12
    current = column(batch, "current")
    assert current[1200:1205].max() > 1.2 * current[:600].mean()
    assert current[1300:].mean() == pytest.approx(current[:600].mean(), rel=0.02)


def test_the_same_seed_gives_the_same_readings_and_another_seed_others() -> None:
    first, again, other = (
        simulate(machine(Pump()), START, ONSET, STEP, seed=seed) for seed in (5, 5, 6)
    )
    assert np.array_equal(first.values, again.values)
    assert not np.array_equal(first.values, other.values)


def test_chunks_of_any_size_give_the_readings_of_one_piece() -> None:
    faults = [
        Fault(FaultKind.CAVITATION, ONSET, 0.8, Growth.RAMP, timedelta(minutes=20)),
        Fault(FaultKind.SENSOR_STUCK, ONSET, channel="pressure"),
        Fault(FaultKind.SENSOR_DROPOUT, ONSET, 0.3, channel="flow"),
    ]
    events = [Event(EventKind.STOP, ONSET), Event(EventKind.START, ONSET + timedelta(minutes=9))]
    whole = simulate(machine(Pump()), START, END, STEP, faults, events, seed=3)
    live = Simulation(machine(Pump()), faults, events, seed=3)
    times = time_grid(START, END, STEP)
    cuts = [0, 1, 2, 50, 51, 400, len(times)]
    parts = [live.advance(times[a:b]) for a, b in zip(cuts, cuts[1:], strict=False)]
    assert np.array_equal(np.concatenate([p.values for p in parts]), whole.values, equal_nan=True)
    assert np.array_equal(np.concatenate([p.quality for p in parts]), whole.quality)
    assert sum((p.statuses for p in parts), ()) == whole.statuses


def test_a_stuck_sensor_repeats_its_value_until_it_is_repaired() -> None:
    repaired = ONSET + timedelta(minutes=30)
    fault = Fault(FaultKind.SENSOR_STUCK, ONSET, repaired=repaired, channel="vibration")
    batch = simulate(machine(Motor()), START, END, STEP, [fault])
    vibration = column(batch, "vibration")
    assert len(set(vibration[360:540].tolist())) == 1
    assert len(set(vibration[540:].tolist())) > 5
    assert len(set(column(batch, "current")[360:540].tolist())) > 5


def test_a_silent_sensor_leaves_its_channel_absent_and_a_silent_device_sends_nothing() -> None:
    one = Fault(FaultKind.SENSOR_DROPOUT, ONSET, 1.0, channel="temperature")
    batch = simulate(machine(Motor()), START, END, STEP, [one])
    place = batch.channels.index("temperature")
    assert len(batch) == 1080
    assert (batch.quality[360:, place] == Quality.ABSENT).all()
    assert (batch.quality[:360] == Quality.GOOD).all()
    all_of_it = Fault(FaultKind.SENSOR_DROPOUT, ONSET, 1.0)
    assert len(simulate(machine(Motor()), START, END, STEP, [all_of_it])) == 360


def test_a_disturbed_sensor_leaps_now_and_then_and_returns_at_once() -> None:
    fault = Fault(FaultKind.SENSOR_SPIKE, ONSET, 1.0, channel="current")
    whole = simulate(machine(Motor()), START, END, STEP)
    broken = simulate(machine(Motor()), START, END, STEP, [fault])
    change = np.abs(column(broken, "current") / column(whole, "current") - 1)
    off = change > 0.2
    assert not off[:360].any()
    assert 0.015 < off[360:].mean() < 0.045
    assert change[~off].max() == 0
    assert np.array_equal(column(broken, "vibration"), column(whole, "vibration"))


def test_a_sensor_drifts_speaks_another_unit_or_shows_nothing_while_the_machine_is_well() -> None:
    whole = simulate(machine(Motor()), START, END, STEP)

    def shown(kind: FaultKind, hours: float = 0.0) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        growth = Growth.RAMP if hours else Growth.STEP
        fault = Fault(kind, ONSET, 1.0, growth, timedelta(hours=hours), channel="temperature")
        batch = simulate(machine(Motor()), START, END, STEP, [fault])
        assert np.array_equal(column(batch, "vibration"), column(whole, "vibration"))
        return column(batch, "temperature")

    true = column(whole, "temperature")
    late = slice(360, None)
    assert shown(FaultKind.SENSOR_UNIT)[late] == pytest.approx(true[late] * 1.8 + 32)
    assert (shown(FaultKind.SENSOR_ZERO)[late] == 0).all()
    drifted = shown(FaultKind.SENSOR_DRIFT, hours=2.0) / true - 1
    assert np.abs(drifted[:360]).max() == 0
    assert drifted[-1] == pytest.approx(0.3, abs=0.01)
    assert drifted[720] == pytest.approx(0.15, abs=0.01)


def test_a_healthy_machine_ages_slowly_and_the_season_changes() -> None:
    def late(machine: Machine) -> float:
        end = START + timedelta(days=10)
        batch = simulate(machine, START, end, timedelta(minutes=10))
        return float(column(batch, "temperature")[-144:].mean())

    young = machine(Motor())
    usual = late(young)
    warmer = replace(young, ambient=replace(young.ambient, trend=0.3))
    assert late(warmer) - usual == pytest.approx(0.3 * 9.5, abs=0.1)
    cooling = 1 - 0.65 * 0.005 * 9.5
    rise = (usual - young.ambient.mean) / cooling
    assert late(replace(young, fouling=0.005)) - young.ambient.mean == pytest.approx(rise, abs=0.1)


def test_an_exponential_fault_is_hardly_there_at_half_its_time() -> None:
    fault = Fault(FaultKind.LEAK, START, 1.0, Growth.EXPONENTIAL, timedelta(hours=2))
    levels = fault.level(time_grid(START, END, timedelta(hours=1)))
    assert levels[0] == 0
    assert levels[1] == pytest.approx(1 / (1 + np.exp(2)))
    assert levels[2] == 1


def test_a_machine_refuses_a_fault_that_it_cannot_have() -> None:
    with pytest.raises(BadInput, match="cannot have cavitation"):
        Simulation(machine(Motor()), [Fault(FaultKind.CAVITATION, ONSET)])
    with pytest.raises(BadInput, match="no channel 'flow'"):
        Simulation(machine(Motor()), [Fault(FaultKind.SENSOR_STUCK, ONSET, channel="flow")])
