"""The verdicts on sensors: what is theirs is found, what is the machine's is not."""

import csv
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsmith.domain.readings import FloatArray, Quality, ReadingBatch
from opsmith_detectors.sensor_faults import (
    DRIFT,
    DROPOUT,
    IMPLAUSIBLE,
    OK,
    SENSOR,
    SPIKING,
    STUCK,
    SUSPECT,
    UNIT,
    fresh,
    judge,
    learn,
)
from opsmith_ingest.demo_plant import demo_machines
from opsmith_ingest.simulation import (
    Event,
    EventKind,
    Fault,
    FaultKind,
    Growth,
    Machine,
    simulate,
)

CHANNELS = ("current", "flow", "pressure", "temperature", "vibration")
LEVELS = np.array([15.0, 120.0, 0.4, 60.0, 0.25])
NOISE = np.array([0.1, 0.8, 0.002, 0.2, 0.005])
BROKEN = 1500
START = datetime(2026, 2, 28, tzinfo=UTC)
ONSET = START + timedelta(hours=2)

Verdicts = npt.NDArray[np.uint8]


def healthy(n: int = 2000, seed: int = 1) -> FloatArray:
    """A pump as its sensors print it, shape (n, 5)."""
    rng = np.random.default_rng(seed)
    return (LEVELS + NOISE * rng.normal(size=(n, len(LEVELS)))).round(3)


def verdicts(
    values: FloatArray,
    channels: tuple[str, ...] = CHANNELS,
    quality: npt.NDArray[np.uint8] | None = None,
    moving: npt.NDArray[np.bool_] | None = None,
) -> Verdicts:
    """What is said of every value, shape (n, c)."""
    marks = np.where(np.isnan(values), Quality.ABSENT, Quality.GOOD).astype(np.uint8)
    marks = marks if quality is None else quality
    sensors = fresh(channels)[None]
    said = np.zeros(values.shape, np.uint8)
    for row, x in enumerate(values):
        runs = moving is None or bool(moving[row])
        judge(sensors, 0, len(channels), x, marks[row], runs, said[row])
        learn(sensors, 0, len(channels), x, runs, said[row])
    return said


def faults(said: Verdicts) -> set[tuple[str, int]]:
    """Channels, and what was said of their sensors."""
    return {(CHANNELS[j], int(said[i, j])) for i, j in np.argwhere(said > SUSPECT)}


def stuck(x: FloatArray) -> None:
    x[BROKEN:, 3] = x[BROKEN, 3]


def lost(x: FloatArray) -> None:
    x[BROKEN:, 1] = np.nan


def fallen_to_zero(x: FloatArray) -> None:
    x[BROKEN:, 0] = 0.0


def lost_now_and_then(x: FloatArray) -> None:
    x[BROKEN:, 2][np.random.default_rng(2).random(len(x) - BROKEN) < 0.3] = np.nan


def disturbed(x: FloatArray) -> None:
    x[BROKEN::25, 4] *= 1.6


def in_fahrenheit(x: FloatArray) -> None:
    x[BROKEN:, 3] = x[BROKEN:, 3] * 1.8 + 32


def in_bar(x: FloatArray) -> None:
    x[BROKEN:, 2] *= 10


@pytest.mark.parametrize(
    ("spoil", "channel", "expected", "within"),
    [
        (stuck, "temperature", STUCK, 21),
        (lost, "flow", DROPOUT, 7),
        (fallen_to_zero, "current", DROPOUT, 3),
        (lost_now_and_then, "pressure", DROPOUT, 60),
        (disturbed, "vibration", SPIKING, 200),
        (in_fahrenheit, "temperature", UNIT, 6),
        (in_bar, "pressure", UNIT, 6),
    ],
)
def test_a_sensors_fault_is_called_by_its_name_and_nothing_else_is_called_one(
    spoil: Callable[[FloatArray], None], channel: str, expected: int, within: int
) -> None:
    values = healthy()
    spoil(values)
    said = verdicts(values)
    assert (said[:BROKEN] == OK).all()
    assert faults(said) == {(channel, expected)}
    first = int(np.argmax((said == expected).any(axis=1)))
    assert BROKEN <= first <= BROKEN + within


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    steps=st.lists(st.sampled_from([0.0, 0.001, 0.05, 1.0]), min_size=5, max_size=5),
    hold=st.integers(1, 30),
)
def test_a_coarse_or_seldom_sent_channel_is_not_stuck(
    seed: int, steps: list[float], hold: int
) -> None:
    values = healthy(1500, seed)
    for j, step in enumerate(steps):
        if step:
            grid = step * LEVELS[j]
            values[:, j] = np.round(values[:, j] / grid) * grid
    values[:, seed % 5] = np.repeat(values[::hold, seed % 5], hold)[: len(values)]
    assert faults(verdicts(values)) == set()


def test_a_step_of_one_channel_is_doubted_for_one_reading_and_then_believed() -> None:
    values = healthy()
    values[BROKEN:, 1] -= 30
    said = verdicts(values)
    assert np.argwhere(said != OK).tolist() == [[BROKEN, 1]]


def test_an_oscillation_of_one_channel_is_believed() -> None:
    values = healthy()
    values[BROKEN::2, 1] -= 30
    said = verdicts(values)
    assert faults(said) == set()
    assert (said[BROKEN:] == SUSPECT).sum() <= 2


def all_repeat(x: FloatArray) -> None:
    x[BROKEN:] = x[BROKEN]


def most_are_lost(x: FloatArray) -> None:
    x[BROKEN:, :3] = np.nan


def most_fall_to_zero(x: FloatArray) -> None:
    x[BROKEN:, :3] = 0.0


def all_leap_and_return(x: FloatArray) -> None:
    x[BROKEN::40] *= 1.5


@pytest.mark.parametrize(
    "spoil", [all_repeat, most_are_lost, most_fall_to_zero, all_leap_and_return]
)
def test_what_many_channels_do_at_once_is_not_their_sensors(
    spoil: Callable[[FloatArray], None],
) -> None:
    values = healthy()
    spoil(values)
    assert faults(verdicts(values)) == set()


def test_a_flow_that_falls_to_zero_with_the_others_is_the_machines() -> None:
    values = healthy()
    values[BROKEN:, 1] = 0.0
    values[BROKEN:, 2] += 0.15
    values[BROKEN:, 0] -= 3
    assert faults(verdicts(values)) == set()


def test_a_standing_machine_has_no_stuck_sensor() -> None:
    values = healthy()
    values[BROKEN:, 3] = values[BROKEN, 3]
    moving = np.arange(len(values)) < BROKEN
    assert (verdicts(values, moving=moving) == OK).all()


def test_values_beyond_the_plausible_are_doubted_at_once_and_a_fault_when_they_last() -> None:
    quality = np.zeros((2000, 5), np.uint8)
    quality[[500, BROKEN, BROKEN + 1, BROKEN + 2], 3] = Quality.UNCERTAIN
    said = verdicts(healthy(), quality=quality)[:, 3]
    assert said[500] == SUSPECT
    assert said[501] == OK
    assert said[BROKEN : BROKEN + 3].tolist() == [SUSPECT, SUSPECT, IMPLAUSIBLE]
    assert said[-1] == OK


def test_a_spike_of_a_lone_channel_cannot_be_told_from_its_machine() -> None:
    values = healthy()[:, :1]
    values[BROKEN::25] *= 3
    assert (verdicts(values, ("current",)) == OK).all()


def test_of_two_twins_the_one_that_leaves_its_level_drifts_and_two_ends_of_a_shaft_are_none() -> (
    None
):
    rng = np.random.default_rng(4)
    n = 5000
    shocks = rng.normal(0, 0.3, n)
    process = np.array([shocks[max(0, i - 60) : i + 1].sum() for i in range(n)])
    base = np.column_stack([healthy(n)[:, 0], 60 + process, 61 + process])
    base[:, 1:] += rng.normal(0, 0.2, (n, 2))
    twins = ("current", "temperature_1", "temperature_2")
    assert (verdicts(base, twins) == OK).all()

    both = base.copy()
    both[3000:, 1:] += np.linspace(0, 15, n - 3000)[:, None]
    assert (verdicts(both, twins) == OK).all()

    one = base.copy()
    one[3000:, 2] += np.linspace(0, 15, n - 3000)
    said = verdicts(one, twins)
    assert np.flatnonzero((said == DRIFT).any(axis=0)).tolist() == [2]

    ends = np.column_stack([healthy(n)[:, [0, 4]], healthy(n, 9)[:, 4]])
    ends[3000:, 2] += np.linspace(0, 0.3, n - 3000)
    assert (verdicts(ends, ("current", "vibration", "vibration2")) == OK).all()


@settings(max_examples=10, deadline=None)
@given(cut=st.integers(1, 1999), spoil=st.sampled_from([stuck, lost_now_and_then, disturbed]))
def test_a_copy_of_the_records_goes_on_as_the_original(
    cut: int, spoil: Callable[[FloatArray], None]
) -> None:
    values = healthy()
    spoil(values)
    whole = verdicts(values)
    quality = np.where(np.isnan(values), Quality.ABSENT, Quality.GOOD).astype(np.uint8)
    sensors, said = fresh(CHANNELS)[None], np.zeros(values.shape, np.uint8)
    for row, x in enumerate(values):
        if row == cut:
            sensors = np.frombuffer(sensors.tobytes(), SENSOR).reshape(sensors.shape).copy()
        judge(sensors, 0, 5, x, quality[row], True, said[row])
        learn(sensors, 0, 5, x, True, said[row])
    assert np.array_equal(said, whole)


MACHINES = {machine.device.device_type: machine for machine in demo_machines()}


def simulated(
    machine: Machine, seconds: int, *faults: Fault, events: tuple[Event, ...] = ()
) -> ReadingBatch:
    end = START + timedelta(hours=5)
    return simulate(machine, START, end, timedelta(seconds=seconds), faults, events, seed=7)


def of_batch(batch: ReadingBatch) -> Verdicts:
    moving = np.array([status == "NORMAL" for status in batch.statuses])
    return verdicts(batch.values, batch.channels, batch.quality, moving)


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
@pytest.mark.parametrize("seconds", [5, 60])
def test_starts_stops_and_loads_of_a_healthy_machine_accuse_no_sensor(
    machine: Machine, seconds: int
) -> None:
    events = (
        Event(EventKind.LOAD, START + timedelta(hours=1), 0.85),
        Event(EventKind.STOP, ONSET),
        Event(EventKind.START, ONSET + timedelta(minutes=30)),
    )
    assert (of_batch(simulated(machine, seconds, events=events)) <= SUSPECT).all()


@pytest.mark.parametrize(
    ("kind", "device_type"),
    [
        (FaultKind.BEARING_WEAR, "motor"),
        (FaultKind.IMBALANCE, "motor"),
        (FaultKind.CAVITATION, "pump"),
        (FaultKind.LEAK, "pump"),
        (FaultKind.VALVE_RESTRICTION, "compressor"),
        (FaultKind.OVERHEATING, "compressor"),
    ],
)
def test_no_fault_of_a_machine_is_called_its_sensors(kind: FaultKind, device_type: str) -> None:
    fault = Fault(kind, ONSET, 0.8, Growth.RAMP, timedelta(hours=1))
    assert (of_batch(simulated(MACHINES[device_type], 10, fault)) <= SUSPECT).all()


def shared_data() -> Path:
    named = os.environ.get("OPSMITH_SHARED_DATA")
    found = Path(named) if named else Path(__file__).parents[3] / "shared" / "data"
    if not found.exists():
        pytest.skip("no recorded data: set OPSMITH_SHARED_DATA to their folder")
    return found


def test_recorded_healthy_and_faulty_pumps_have_no_faulty_sensor() -> None:
    names = (
        "vibration", "vibration2", "current", "pressure", "temperature", "fluid_temperature",
        "voltage", "flow",
    )  # fmt: skip
    files = sorted((shared_data() / "skab").rglob("*.csv"))
    runs = [path for path in files if path.name != "skab_faults.csv"]
    assert runs
    for path in runs:
        with path.open() as lines:
            rows = list(csv.reader(lines, delimiter=";"))[1:]
        values = np.array([[float(value) for value in row[1:9]] for row in rows])
        assert (verdicts(values, names) <= SUSPECT).all(), path.name


def test_a_recorded_plant_of_52_channels_has_no_faulty_sensor() -> None:
    names = tuple(f"x{number:02d}" for number in range(1, 53))
    for path in sorted((shared_data() / "tep").glob("*.dat")):
        values = np.loadtxt(path)
        values = values.T if values.shape[0] == len(names) else values
        assert (verdicts(values, names) <= SUSPECT).all(), path.name
