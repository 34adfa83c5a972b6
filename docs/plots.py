"""Draws the plots of `docs/detection.md`: `python docs/plots.py` writes `docs/plots/*.svg`.

Every run is made by the simulator from a fixed seed, and watched by the product's defaults.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from opsmith.app.picture import draw
from opsmith.app.watched_run import watch
from opsmith.domain.base import Language
from opsmith.domain.devices import Limits
from opsmith.domain.readings import FloatArray, Quality, ReadingBatch
from opsmith.settings import Settings
from opsmith_ingest.demo_plant import demo_machines
from opsmith_ingest.simulation import Event, EventKind, Fault, FaultKind, Growth, Machine, simulate
from opsmith_ingest.simulation.simulator import time_grid

START = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday."""
ZONE = ZoneInfo("UTC")
STEP = timedelta(seconds=10)
ACCEPTED: float = Settings.model_fields["false_alerts"].default
_DAY_S = 86_400

Run = tuple[ReadingBatch, Mapping[str, Limits], int]
"""Readings, rated limits, criticality."""


def main() -> None:
    """Draw all of them, in both languages where words are in them."""
    folder = Path(__file__).with_name("plots")
    folder.mkdir(exist_ok=True)
    for name, (run, titles, shown) in runs().items():
        batch, rated, criticality = run
        watched = watch(batch, rated, criticality, start=shown, accepted=ACCEPTED)
        for language, title in titles.items():
            ending = "" if language == "en" else f".{language}"
            svg = draw(watched, language, ZONE, title=title)
            (folder / f"{name}{ending}.svg").write_text(svg, encoding="utf-8")


def runs() -> dict[str, tuple[Run, dict[Language, str], datetime | None]]:
    """The runs by name: readings, titles, and from when they are shown."""
    return {
        "bearing": (
            _bearing(),
            {"en": "A bearing that wears", "zh": "轴承逐渐磨损"},
            START + timedelta(hours=2),
        ),
        "valve": (
            _valve(),
            {
                "en": "A valve that closes, and is opened again",
                "zh": "阀门逐渐关小，随后恢复",
            },
            START + timedelta(hours=2),
        ),
        "stuck": (
            _stuck(),
            {"en": "A temperature sensor that is stuck", "zh": "温度传感器卡滞"},
            START + timedelta(hours=2),
        ),
        "quiet": (
            _quiet(),
            {
                "en": "A stop, a start and two changes of load: no alert",
                "zh": "停机、启动和两次负荷变化：无报警",
            },
            START,
        ),
        "profile": (
            _profile(),
            {
                "en": "One channel, used to its days and weeks: the last night is not as usual",
                "zh": "单通道，已学习日周期和周周期：最后一晚异常",
            },
            START + timedelta(days=15),
        ),
        "drift": (
            _drift(),
            {"en": "A temperature that creeps for 14 days", "zh": "温度在 14 天内缓慢爬升"},
            START,
        ),
        "flap": (
            _flap(),
            {
                "en": "A pressure that swings about its rated limit",
                "zh": "压力在额定限值附近来回",
            },
            START,
        ),
    }


def _machine(device_id: str) -> Machine:
    return next(each for each in demo_machines() if each.device.device_id == device_id)


def _run(
    device_id: str,
    hours: float,
    *,
    faults: tuple[Fault, ...] = (),
    events: tuple[Event, ...] = (),
    seed: int = 1,
) -> Run:
    machine = _machine(device_id)
    batch = simulate(machine, START, START + timedelta(hours=hours), STEP, faults, events, seed)
    return batch, machine.device.rated(), machine.device.criticality


def _bearing() -> Run:
    onset = START + timedelta(hours=3)
    wear = Fault(FaultKind.BEARING_WEAR, onset, 0.8, Growth.EXPONENTIAL, timedelta(hours=1))
    return _run("MOTOR_01", 4.5, faults=(wear,))


def _valve() -> Run:
    onset = START + timedelta(hours=3)
    closed = Fault(
        FaultKind.VALVE_RESTRICTION,
        onset,
        0.35,
        Growth.RAMP,
        timedelta(minutes=30),
        repaired=onset + timedelta(hours=1),
    )
    return _run("PUMP_02", 5, faults=(closed,), seed=2)


def _stuck() -> Run:
    onset = START + timedelta(hours=3)
    stuck = Fault(FaultKind.SENSOR_STUCK, onset, channel="temperature")
    return _run("PUMP_03", 4, faults=(stuck,))


def _quiet() -> Run:
    def at(hours: float) -> datetime:
        return START + timedelta(hours=hours)

    events = (
        Event(EventKind.STOP, at(2)),
        Event(EventKind.START, at(2.5)),
        Event(EventKind.LOAD, at(4), 0.85),
        Event(EventKind.LOAD, at(5.5), 1.05),
    )
    return _run("PUMP_01", 7, events=events)


def _profile(seed: int = 7) -> Run:
    """A hall's power demand every five minutes; on the last day the night setback fails."""
    times = time_grid(START, START + timedelta(days=22), timedelta(minutes=5))
    seconds = (times - times[0]) / np.timedelta64(1, "s")
    hour = seconds / 3600 % 24
    day = seconds // _DAY_S
    works = (day % 7 < 5) * (1 / (1 + np.exp(-(hour - 6) * 3)) - 1 / (1 + np.exp(-(hour - 18) * 3)))
    random = np.random.default_rng(seed)
    power: FloatArray = 40 + 60 * works + 1.5 * random.standard_normal(len(times))
    failed = (day == 21) & (hour < 5) & (hour >= 1)
    power[failed] += 30
    return _batch("HALL_2", times, {"power": power.round(1)}), {}, 2


def _drift() -> Run:
    """A reading a minute; from the fourth day on the temperature gains half its spread a day."""
    machine = _machine("MOTOR_03")
    days = 14
    batch = simulate(machine, START, START + timedelta(days=days), timedelta(minutes=1), seed=3)
    column = batch.channels.index("temperature")
    since = (batch.times - batch.times[0]) / np.timedelta64(_DAY_S, "s")
    values: FloatArray = batch.values.copy()
    spread = float(values[: 2 * 1440, column].std())
    values[:, column] += 0.5 * spread * np.maximum(since - 3, 0)
    channels = _by_name(batch.channels, values)
    made = _batch(batch.device_id, batch.times, channels)
    return made, machine.device.rated(), machine.device.criticality


def _flap() -> Run:
    """A pressure that always swings, every 12 minutes; later a little more, beyond its limit."""
    batch, _, criticality = _run("PUMP_04", 5, seed=4)
    values: FloatArray = batch.values.copy()
    column = batch.channels.index("pressure")
    minutes = (batch.times - batch.times[0]) / np.timedelta64(60, "s")
    swing = np.where((minutes >= 144) & (minutes < 228), 0.066, 0.05)
    values[:, column] += swing * np.sin(2 * np.pi * minutes / 12)
    channels = _by_name(batch.channels, values)
    rated = {**_machine("PUMP_04").device.rated(), "pressure": Limits(high=0.53)}
    return _batch("PUMP_04", batch.times, channels), rated, criticality


def _by_name(names: Sequence[str], values: FloatArray) -> dict[str, FloatArray]:
    return {name: values[:, j] for j, name in enumerate(names)}


def _batch(
    device_id: str,
    times: np.ndarray[tuple[int], np.dtype[np.datetime64]],
    channels: Mapping[str, FloatArray],
) -> ReadingBatch:
    values = np.column_stack(list(channels.values()))
    return ReadingBatch(
        device_id,
        tuple(channels),
        times,
        values,
        np.full(values.shape, Quality.GOOD, np.uint8),
        ("",) * len(times),
    )


if __name__ == "__main__":
    main()
