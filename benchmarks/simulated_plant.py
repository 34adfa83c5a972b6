"""The simulated plant: how quiet on a healthy day, how sure of faults, how patient with drift.

    python benchmarks/simulated_plant.py [--part healthy|faults|drift] [--devices 100]
        [--seeds 20] [--hours 24] [--interval 10] [--workers 2] [--light] [--json]

healthy: machines with daily load, noise, slow ageing, starts, stops and changes of load; every
alert is false. faults: each kind on machines that can have it, after healthy hours; beside it the
same machines without the fault, the control that must find nothing. drift: one channel creeps by
half its standard deviation a day for 14 days; beside it the same without. All by the product's
defaults, or on the light path.
"""

import argparse
import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, TypeVar, cast

import numpy as np

from opsmith.domain.alerts import AlertChange
from opsmith.domain.devices import Limits
from opsmith.domain.moments import to_moment
from opsmith.domain.readings import Frame, Quality, ReadingBatch
from opsmith_detectors.fleet import Fleet
from opsmith_ingest.demo_plant import demo_machines
from opsmith_ingest.simulation import (
    SENSOR_FAULTS,
    Ambient,
    Event,
    EventKind,
    Fault,
    FaultKind,
    Growth,
    Load,
    Machine,
    simulate,
)

START = datetime(2026, 2, 28, tzinfo=UTC)
WARM = timedelta(hours=2)
SENSOR_ALERTS = ("sensor_fault", "no_data")
RATED_ALERTS = ("over_temp", "high_vibration", "over_pressure", "over_limit", "under_limit")
GOAL = tuple(
    FaultKind(name)
    for name in (
        "bearing_wear", "imbalance", "cavitation", "leak", "valve_restriction", "overheating",
        "sensor_stuck", "sensor_dropout",
    )
)  # fmt: skip
BESIDE = tuple(
    FaultKind(name) for name in ("sensor_spike", "sensor_drift", "sensor_unit", "sensor_zero")
)
"""Reported, and not part of the goal."""
GROWN: Mapping[FaultKind, tuple[float, float, Growth, float]] = {
    FaultKind.BEARING_WEAR: (0.65, 0.9, Growth.EXPONENTIAL, 4.0),
    FaultKind.IMBALANCE: (0.5, 0.75, Growth.STEP, 0.0),
    FaultKind.CAVITATION: (0.7, 0.85, Growth.RAMP, 0.5),
    FaultKind.LEAK: (0.45, 0.65, Growth.RAMP, 0.5),
    FaultKind.VALVE_RESTRICTION: (0.27, 0.45, Growth.RAMP, 1.0),
    FaultKind.OVERHEATING: (0.5, 0.7, Growth.RAMP, 0.25),
    FaultKind.SENSOR_STUCK: (1.0, 1.0, Growth.STEP, 0.0),
    FaultKind.SENSOR_DROPOUT: (0.3, 1.0, Growth.STEP, 0.0),
    FaultKind.SENSOR_SPIKE: (0.3, 1.0, Growth.STEP, 0.0),
    FaultKind.SENSOR_DRIFT: (0.5, 1.0, Growth.RAMP, 3.0),
    FaultKind.SENSOR_UNIT: (1.0, 1.0, Growth.STEP, 0.0),
    FaultKind.SENSOR_ZERO: (1.0, 1.0, Growth.STEP, 0.0),
}
"""Severity from and to, growth, hours of growth: as in the demonstration."""
STANDS = timedelta(hours=1)
"""For which a fault that is grown is watched."""
DRIFT_DAYS, DRIFT_KNOWN = 14, 3
DRIFT_STEP = timedelta(minutes=1)
DRIFT_RATE = 0.5
"""Standard deviations a day."""

_LIGHT = "OPSMITH_BENCHMARK_LIGHT"
"""In the environment, so that the workers have it too."""

Changes = list[tuple[datetime, AlertChange]]
Row = Mapping[str, Any]
T = TypeVar("T")


def watch(device_id: str, rated: Mapping[str, Limits], batch: ReadingBatch) -> Changes:
    """What the product says, and when, about one device's readings."""
    fleet = Fleet(light=_LIGHT in os.environ)
    fleet.register(device_id, rated)
    pause = np.diff(batch.times)
    # A plant asks for silent devices all the time: what was due is said at its own time.
    long = pause > max(5 * np.median(pause), np.timedelta64(60, "s"))
    cuts = [0, *(np.flatnonzero(long) + 1).tolist(), len(batch)]
    found: Changes = []
    for first, last in pairwise(cuts):
        changed = fleet.silent(batch.times[first]) if first else []
        found += [(each.change.first_seen, each.change) for each in changed]
        rows = slice(first, last)
        part = replace(
            batch,
            times=batch.times[rows],
            values=batch.values[rows],
            quality=batch.quality[rows],
            statuses=batch.statuses[rows],
        )
        found += [
            (to_moment(part.times[each.row]), each.change)
            for each in fleet.step(Frame.of(part)).changes
        ]
    return found


@dataclass(frozen=True)
class Spent:
    """Where the time went."""

    readings: int
    simulating: float
    watching: float


def varied(number: int, rng: np.random.Generator) -> Machine:
    """A machine of the demonstration, in its own surroundings and under its own load."""
    machines = demo_machines()
    machine = machines[number % len(machines)]
    device = machine.device.model_copy(
        update={"device_id": f"{machine.device.device_id}-{number:03d}"}
    )
    return replace(
        machine,
        device=device,
        load=Load(
            level=machine.load.level * float(rng.uniform(0.9, 1.0)),
            daily=float(rng.uniform(0.02, 0.08)),
            peak_hour=float(rng.uniform(0, 24)),
            wander=float(rng.uniform(0.005, 0.015)),
        ),
        ambient=Ambient(
            daily=float(rng.uniform(1, 4)),
            wander=float(rng.uniform(0.2, 0.6)),
            trend=float(rng.uniform(-0.5, 0.5)),
        ),
        fouling=float(rng.uniform(0, 0.004)),
    )


def day_of(number: int, hours: float, rng: np.random.Generator) -> list[Event]:
    """What operators do to a healthy machine in that time.

    One in three is stopped and started, one sees its load changed, one is left alone.
    """

    def at(hour: float) -> datetime:
        return START + timedelta(hours=hour)

    events: list[Event] = []
    busy = number % 3
    for begin in np.sort(rng.uniform(0.5, hours, round(hours / 24 * rng.integers(3, 7)))):
        if busy == 0:
            end = begin + rng.uniform(0.2, 2.0)
            if not events or at(float(begin)) > events[-1].at:
                events += [
                    Event(EventKind.STOP, at(float(begin))),
                    Event(EventKind.START, at(float(end))),
                ]
        elif busy == 1:
            events.append(Event(EventKind.LOAD, at(float(begin)), float(rng.uniform(0.8, 1.06))))
    return events


def run(
    machine: Machine,
    end: datetime,
    interval: timedelta,
    seed: tuple[int, int],
    faults: Iterable[Fault] = (),
    events: Iterable[Event] = (),
) -> tuple[Changes, ReadingBatch, Spent]:
    """One machine, simulated and watched."""
    began = time.perf_counter()
    batch = simulate(machine, START, end, interval, faults, events, seed)
    simulated = time.perf_counter()
    changes = watch(machine.device.device_id, machine.device.rated(), batch)
    spent = Spent(len(batch), simulated - began, time.perf_counter() - simulated)
    return changes, batch, spent


def raised(changes: Changes) -> Changes:
    """The alerts that were new."""
    return [(at, change) for at, change in changes if change.change == "raised"]


@dataclass(frozen=True)
class Healthy:
    """One healthy device's day."""

    device_id: str
    changes: Changes
    passed: tuple[str, ...]
    """Channels that passed their rated limit: then its alerts would be right."""
    spent: Spent


def healthy_day(job: tuple[int, float, float]) -> Healthy:
    """Watch one healthy device."""
    number, hours, interval = job
    rng = np.random.default_rng((1, number))
    machine = varied(number, rng)
    events = day_of(number, hours, rng)
    end = START + timedelta(hours=hours)
    step = timedelta(seconds=interval)
    changes, batch, spent = run(machine, end, step, (1, number), events=events)
    rated = machine.device.rated()
    highest = np.nanmax(batch.values, axis=0)
    passed = [
        channel
        for channel, value in zip(batch.channels, highest.tolist(), strict=True)
        if (high := rated.get(channel, Limits()).high) is not None and value > high
    ]
    return Healthy(machine.device.device_id, changes, tuple(passed), spent)


@dataclass(frozen=True)
class Made:
    """One made fault, and what was said about it."""

    kind: FaultKind
    machine: str
    channel: str | None
    severity: float
    onset: datetime
    before: int
    """Alerts raised before the onset: all false."""
    said: Changes
    """From the onset on."""
    control: Changes
    """The same time without the fault."""
    spent: Spent

    @property
    def is_sensor(self) -> bool:
        """An instrument's fault, and not the machine's."""
        return self.kind in SENSOR_FAULTS

    def found(self, changes: Changes) -> Changes:
        """New alerts of the right sort."""
        return [
            (at, change)
            for at, change in raised(changes)
            if (change.alert_type in SENSOR_ALERTS) == self.is_sensor
        ]

    @property
    def confused(self) -> bool:
        """The first or the strongest alert is of the wrong sort.

        That a sensor's fault passes a rated limit is no error: no verdict on a sensor may hide it.
        """
        new = [
            (at, change)
            for at, change in raised(self.said)
            if not (self.is_sensor and change.alert_type in RATED_ALERTS)
        ]
        if not new:
            return False
        levels: dict[str, str] = {}
        begun = {(change.alert_type, change.first_seen) for _, change in new}
        for _, change in self.said:
            if (change.alert_type, change.first_seen) in begun:
                known = levels.get(change.alert_type, "P9")
                levels[change.alert_type] = min(known, str(change.alert_level))
        first = new[0][1].alert_type
        # Among equals the first: a dict keeps the order in which they were raised.
        strongest = min(levels, key=lambda kind: levels[kind])
        return any((kind in SENSOR_ALERTS) != self.is_sensor for kind in (first, strongest))


def made_fault(job: tuple[FaultKind, int, float]) -> Made:
    """Make one fault, and watch its machine with and without it."""
    kind, seed, interval = job
    number = list(FaultKind).index(kind)
    rng = np.random.default_rng((2, number, seed))
    fitting = [
        place
        for place, machine in enumerate(demo_machines())
        if kind in machine.physics.faults | SENSOR_FAULTS
    ]
    machine = varied(fitting[seed % len(fitting)] + 10 * seed, rng)
    low, high, growth, hours = GROWN[kind]
    onset = START + WARM + timedelta(seconds=float(rng.uniform(0, 3600)))
    channel = None
    if kind in SENSOR_FAULTS:
        channel = str(rng.choice(machine.device.channels))
    fault = Fault(
        kind, onset, float(rng.uniform(low, high)), growth, timedelta(hours=hours), channel=channel
    )
    events = [
        Event(
            EventKind.LOAD,
            START + timedelta(seconds=float(rng.uniform(600, 5400))),
            float(rng.uniform(0.88, 1.04)),
        )
    ] * (seed % 2)
    end = onset + fault.grows_for + STANDS
    step = timedelta(seconds=interval)
    broken, _, spent = run(machine, end, step, (2, seed), [fault], events)
    whole, _, again = run(machine, end, step, (2, seed), (), events)
    spent = Spent(
        spent.readings + again.readings,
        spent.simulating + again.simulating,
        spent.watching + again.watching,
    )
    return Made(
        kind=kind,
        machine=machine.device.device_id,
        channel=channel,
        severity=fault.severity,
        onset=onset,
        before=len(raised([each for each in broken if each[0] < onset])),
        said=[each for each in broken if each[0] >= onset],
        control=[each for each in whole if each[0] >= onset],
        spent=spent,
    )


@dataclass(frozen=True)
class Crept:
    """One channel that crept, or did not."""

    channel: str
    changes: Changes
    control: Changes
    spent: Spent


def creep(seed: int) -> Crept:
    """Let one channel of one machine creep, and watch it with and without."""
    rng = np.random.default_rng((3, seed))
    machine = varied(seed, rng)
    # Nothing else creeps: neither age nor season.
    machine = replace(machine, fouling=0.0, ambient=replace(machine.ambient, trend=0.0))
    end = START + timedelta(days=DRIFT_DAYS + DRIFT_KNOWN)
    whole, batch, spent = run(machine, end, DRIFT_STEP, (3, seed))
    known = int(timedelta(days=DRIFT_KNOWN) / DRIFT_STEP)
    column = int(rng.integers(len(batch.channels)))
    sigma = float(batch.values[:known, column].std())
    days = np.maximum(np.arange(len(batch)) - known, 0) * (DRIFT_STEP / timedelta(days=1))
    values = batch.values.copy()
    values[:, column] += DRIFT_RATE * sigma * days * rng.choice([-1.0, 1.0])
    assert (batch.quality == Quality.GOOD).all()
    began = time.perf_counter()
    changes = watch(batch.device_id, machine.device.rated(), replace(batch, values=values))
    watching = spent.watching + time.perf_counter() - began
    spent = Spent(2 * spent.readings, spent.simulating, watching)
    return Crept(batch.channels[column], changes, whole, spent)


def flood(times: Sequence[datetime], span: timedelta) -> int:
    """The most that fall within `span`."""
    ordered = sorted(times)
    return max(
        (sum(at <= other < at + span for other in ordered[i:]) for i, at in enumerate(ordered)),
        default=0,
    )


def of_healthy(days: Sequence[Healthy], hours: float) -> Row:
    """Figures of the healthy plant."""
    new = [(day.device_id, at, change) for day in days for at, change in raised(day.changes)]
    levels = [change.alert_level for day in days for _, change in day.changes]
    per_kind = defaultdict[tuple[str, str], list[datetime]](list)
    for device_id, at, change in new:
        per_kind[device_id, change.alert_type].append(at)
    factor = 24 / hours * 100 / len(days)
    return {
        "devices": len(days),
        "alerts per 100 devices and day (must 20, goal 4)": round(len(new) * factor, 1),
        "above P2 (must 0)": sum(level < "P2" for level in levels),
        "most new in 10 min (flood: over 10)": flood(
            [at for _, at, _ in new], timedelta(minutes=10)
        ),
        "most raises of one in 60 s (chattering: 3)": max(
            (flood(times, timedelta(seconds=60)) for times in per_kind.values()), default=0
        ),
        "types": dict(Counter(change.alert_type for _, _, change in new).most_common()),
        "devices with any": len({device_id for device_id, _, _ in new}),
        "healthy, yet beyond a rated limit": sum(bool(day.passed) for day in days),
        "each": [
            f"{device_id} {at:%H:%M:%S} {change.alert_type} {change.alert_level} "
            + " ".join(f"{d.channel}:{d.kind}" for d in change.deviations)
            for device_id, at, change in new
        ],
    }


def of_faults(made: Sequence[Made]) -> list[Row]:
    """Figures of each kind of fault, and of both sorts together."""
    rows = [_of_kind(str(kind), [m for m in made if m.kind is kind]) for kind in FaultKind]
    sorts = {
        "machine faults": [m for m in made if not m.is_sensor],
        "sensor faults": [m for m in made if m.is_sensor and m.kind in GOAL],
        "all eight": [m for m in made if m.kind in GOAL],
    }
    return [row for row in rows if row] + [
        row for name, each in sorts.items() if (row := _of_kind(name, each))
    ]


def _of_kind(name: str, made: Sequence[Made]) -> Row:
    if not made:
        return {}
    delays = [
        (found[0][0] - each.onset).total_seconds()
        for each in made
        if (found := each.found(each.said))
    ]
    return {
        "kind": name,
        "runs": len(made),
        "found %": round(100 * len(delays) / len(made), 1),
        "median delay s": round(float(np.median(delays))) if delays else None,
        "confused %": round(100 * sum(each.confused for each in made) / len(made), 1),
        "control found %": round(
            100 * sum(bool(each.found(each.control)) for each in made) / len(made), 1
        ),
        "control any %": round(
            100 * sum(bool(raised(each.control)) for each in made) / len(made), 1
        ),
        "false before": sum(each.before for each in made),
        "said": dict(
            Counter(
                f"{change.alert_type}" for each in made for _, change in raised(each.said)
            ).most_common()
        ),
    }


def misses(made: Sequence[Made]) -> list[str]:
    """Every fault that was missed or confused, for whoever wants to know why."""
    return [
        f"{'missed' if not each.found(each.said) else 'confused'} {each.kind} on {each.machine}"
        f" {each.channel or ''} severity {each.severity:.2f}: "
        + (
            ", ".join(
                f"{change.alert_type} {change.alert_level}"
                f" after {(at - each.onset).total_seconds():.0f} s"
                f" ({' '.join(f'{d.channel}:{d.kind}' for d in change.deviations)})"
                for at, change in raised(each.said)
            )
            or "nothing said"
        )
        for each in made
        if each.confused or not each.found(each.said)
    ]


def of_drift(crept: Sequence[Crept]) -> Row:
    """Figures of the creeping channels."""

    def drifts(changes: Changes) -> Changes:
        return [(at, each) for at, each in raised(changes) if each.alert_type == "drift"]

    begin = START + timedelta(days=DRIFT_KNOWN)
    found = [first for each in crept if (first := drifts(each.changes))]
    days = [(first[0][0] - begin) / timedelta(days=1) for first in found]
    return {
        "runs": len(crept),
        "found as drift (must all)": len(found),
        "median days": round(float(np.median(days)), 1) if days else None,
        "their levels": dict(Counter(str(first[0][1].alert_level) for first in found)),
        "control found as drift (must 0)": sum(bool(drifts(each.control)) for each in crept),
        "all alerts": dict(
            Counter(c.alert_type for each in crept for _, c in raised(each.changes)).most_common()
        ),
        "all alerts of the control": dict(
            Counter(c.alert_type for each in crept for _, c in raised(each.control)).most_common()
        ),
        "drifts of the control": [
            f"{c.deviations[0].channel if c.deviations else '?'} on day"
            f" {(at - START) / timedelta(days=1):.1f}"
            for each in crept
            for at, c in drifts(each.control)
        ],
        "missed": [each.channel for each in crept if not drifts(each.changes)],
    }


def warm() -> None:
    """Have the compiled code at hand before the clock runs."""
    for machine in demo_machines()[::4]:
        run(machine, START + timedelta(hours=1), timedelta(seconds=10), (0, 0))


def spread(work: Callable[[Any], T], jobs: Sequence[Any], workers: int) -> list[T]:
    """The work on each job, in their order."""
    warm()
    if workers < 2:
        return [work(job) for job in jobs]
    with ProcessPoolExecutor(workers, initializer=warm) as pool:
        return list(pool.map(work, jobs, chunksize=1))


def spent_on(parts: Iterable[Spent]) -> Row:
    """Where the time went, all workers together."""
    every = list(parts)
    readings = sum(part.readings for part in every)
    watching = sum(part.watching for part in every)
    return {
        "readings": readings,
        "simulating s": round(sum(part.simulating for part in every), 1),
        "watching s": round(watching, 1),
        "us a reading": round(1e6 * watching / max(readings, 1), 1),
    }


def table(rows: Sequence[Row]) -> str:
    """The rows under their names."""
    cells = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def listed(row: Row) -> str:
    """One figure a line; the members of a list each on their own."""
    lines = list[str]()
    for name, value in row.items():
        if isinstance(value, list):
            lines += [f"  {name}:", *(f"    {each}" for each in cast("list[str]", value))]
        else:
            lines.append(f"  {name}: {value}")
    return "\n".join(lines)


def main() -> None:
    """Run the parts that were asked for and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("healthy", "faults", "drift"), action="append")
    parser.add_argument("--devices", type=int, default=100)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--interval", type=float, default=10.0, help="seconds between readings")
    parser.add_argument("--kind", type=FaultKind, action="append", help="only these faults")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--light", action="store_true", help="on the light path")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.light:
        os.environ[_LIGHT] = "1"
    parts: list[str] = arguments.part or ["healthy", "faults", "drift"]
    kinds: list[FaultKind] = arguments.kind or [*GOAL, *BESIDE]
    figures: dict[str, Any] = {}
    if "healthy" in parts:
        jobs = [
            (number, arguments.hours, arguments.interval) for number in range(arguments.devices)
        ]
        days = spread(healthy_day, jobs, arguments.workers)
        figures["healthy"] = {
            **of_healthy(days, arguments.hours),
            **spent_on(day.spent for day in days),
        }
        if not arguments.json:
            print("A healthy plant\n" + listed(figures["healthy"]), flush=True)
    if "faults" in parts:
        jobs = [
            (kind, seed, arguments.interval) for kind in kinds for seed in range(arguments.seeds)
        ]
        made = spread(made_fault, jobs, arguments.workers)
        figures["faults"] = of_faults(made)
        figures["missed or confused"] = misses(made)
        figures["faults spent"] = spent_on(each.spent for each in made)
        if not arguments.json:
            print("\nMade faults\n" + table(figures["faults"]))
            print("\n".join(figures["missed or confused"]))
            print(listed(figures["faults spent"]), flush=True)
    if "drift" in parts:
        crept = spread(creep, range(arguments.seeds), arguments.workers)
        figures["drift"] = {**of_drift(crept), **spent_on(each.spent for each in crept)}
        if not arguments.json:
            print("\nDrift\n" + listed(figures["drift"]))
    if arguments.json:
        print(json.dumps(figures, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
