"""The sets of made situations: a small one for every commit, a full one for a figure to quote."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal
from zlib import crc32

import numpy as np

from opsmith.app.evaluation.cases import END, Case, varied, with_also, without
from opsmith.app.evaluation.herrings import hostile, load_before, neighbour, old_order
from opsmith.app.evaluation.shapes import (
    CLASSES,
    KNOWN,
    SHAPES,
    TELLING,
    base_of,
    channels_of,
    fault_of,
    hours_of,
    is_able,
    load_at,
    stem_of,
)
from opsmith.errors import BadInput
from opsmith_ingest.simulation import (
    Event,
    EventKind,
    Fault,
    FaultKind,
    Growth,
)

SetName = Literal["small", "full"]
_TWO = (
    (FaultKind.IMBALANCE, FaultKind.OVERHEATING),
    (FaultKind.CAVITATION, FaultKind.OVERHEATING),
    (FaultKind.LEAK, FaultKind.IMBALANCE),
    (FaultKind.SENSOR_STUCK, FaultKind.IMBALANCE),
    (FaultKind.VALVE_RESTRICTION, FaultKind.SENSOR_DROPOUT),
)
_STORM = 12
"""Devices of a line that one cause takes: more than its flood's limit."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases are asked for."""

    set_name: SetName = "small"
    seeds: int = 1
    only: Collection[str] = ()
    """Kinds of fault or scenarios; empty: all."""


class _Maker:
    """Makes cases, each of its own chance."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._made = 0

    def case(
        self, scenario: str, kind: str, bases: Sequence[int], hours: float, *parts: str
    ) -> tuple[Case, np.random.Generator]:
        """A healthy case with its machines, and the chance to draw the rest from."""
        key = "/".join((scenario, kind, *parts, str(self._seed)))
        seed = crc32(key.encode())
        rng = np.random.default_rng(seed)
        self._made += 1
        name = f"{self._seed:02d}{self._made:03d}"
        machines = tuple(
            varied(base, f"{stem_of(base)}_{name}{chr(65 + place)}", name, rng)
            for place, base in enumerate(bases)
        )
        length = KNOWN + timedelta(hours=hours + float(rng.uniform(0, 0.5)))
        return Case(name, scenario, kind, machines, END - length, seed), rng


def cases_of(wanted: Wanted) -> list[Case]:
    """The cases of a set, the same each time.

    Raises:
        BadInput: No case is of a kind that was asked for.
    """
    found: list[Case] = []
    for seed in range(wanted.seeds):
        makers = _SMALL if wanted.set_name == "small" else _FULL
        maker = _Maker(seed)
        for make in makers:
            found += make(maker, wanted.set_name, seed)
    names = {name for case in found for name in (case.kind, case.scenario)}
    if lost := sorted(set(wanted.only) - names):
        raise BadInput(f"No case of {lost[0]!r}; use some of {', '.join(sorted(names))}")
    return [c for c in found if not wanted.only or {c.kind, c.scenario} & set(wanted.only)]


def _singles(maker: _Maker, set_name: SetName, seed: int) -> Iterator[Case]:
    """Each kind of fault on each class that can have it; in the small set the classes rotate."""
    for number, kind in enumerate(SHAPES):
        able = [c for c in CLASSES if is_able(c, kind)]
        classes = able if set_name == "full" else [able[(number + seed) % len(able)]]
        for device_type in classes:
            yield _faulty(maker, "single", kind, device_type, seed)


def _faulty(maker: _Maker, scenario: str, kind: FaultKind, device_type: str, seed: int) -> Case:
    base = base_of(device_type, seed)
    case, rng = maker.case(scenario, str(kind), [base], hours_of(kind), device_type)
    if kind is FaultKind.UNDERVOLTAGE:
        case = replace(case, machines=(with_also(case.machines[0], "voltage"),))
    device_id = case.machines[0].device.device_id
    faults = (fault_of(case, kind, device_id, rng),)
    events: tuple[Event, ...] = ()
    if rng.uniform() < 0.5:
        # Operators also do something in the known hours, so that not every change is a fault.
        events = (load_at(case, float(rng.uniform(0.2, 1.5)), float(rng.uniform(0.88, 1.04))),)
    return replace(case, faults={device_id: faults}, events={device_id: events})


def _two(maker: _Maker, set_name: SetName, seed: int) -> Iterator[Case]:
    for number, kinds in enumerate(_TWO):
        if set_name == "small" and number % 3 != seed % 3:
            continue
        able = [c for c in CLASSES if all(is_able(c, kind) for kind in kinds)]
        device_type = able[(number + seed) % len(able)]
        hours = max(hours_of(kind) for kind in kinds) + 0.25
        name = "+".join(kinds)
        case, rng = maker.case("two_faults", name, [base_of(device_type, seed)], hours)
        device_id = case.machines[0].device.device_id
        faults = tuple(fault_of(case, kind, device_id, rng) for kind in kinds)
        yield replace(case, faults={device_id: faults})


def _herrings(maker: _Maker, set_name: SetName, seed: int) -> Iterator[Case]:
    """A fault, and beside it something that has nothing to do with it."""
    kinds = list(TELLING)
    for number, mislead in enumerate((load_before, neighbour, old_order, hostile)):
        count = 3 if set_name == "full" else 1
        for turn in range(count):
            kind = kinds[(2 * number + turn + seed) % len(kinds)]
            able = [c for c in CLASSES if is_able(c, kind)]
            device_type = able[(number + turn + seed) % len(able)]
            base = base_of(device_type, seed + turn)
            other = base_of(CLASSES[(CLASSES.index(device_type) + 1) % 3], seed)
            bases = [base, other] if mislead is neighbour else [base]
            name = mislead.__name__
            case, rng = maker.case("herring", name, bases, hours_of(kind), str(kind), device_type)
            device_id = case.machines[0].device.device_id
            fault = fault_of(case, kind, device_id, rng)
            yield mislead(replace(case, faults={device_id: (fault,)}), fault, rng)


def _missing(maker: _Maker, set_name: SetName, seed: int) -> Iterator[Case]:
    for number, (kind, channel) in enumerate(TELLING.items()):
        if set_name == "small" and number % 3 != seed % 3:
            continue
        able = [c for c in CLASSES if is_able(c, kind) and channel in channels_of(c)]
        device_type = able[(number + seed) % len(able)]
        base = base_of(device_type, seed)
        name = f"no_{channel}"
        case, rng = maker.case("missing_channel", name, [base], hours_of(kind), str(kind))
        device_id = case.machines[0].device.device_id
        fault = fault_of(case, kind, device_id, rng)
        yield replace(
            case,
            machines=(without(case.machines[0], channel),),
            faults={device_id: (fault,)},
            missing=channel,
        )


def _storm(maker: _Maker, set_name: SetName, seed: int) -> Iterator[Case]:
    """The common suction of a line's pumps runs low: they cavitate within two minutes."""
    bases = [base_of("pump", number) for number in range(_STORM)]
    case, rng = maker.case("storm", "storm", bases, 0.2)
    onset = END - timedelta(minutes=float(rng.uniform(30, 35)))
    faults = {
        machine.device.device_id: (
            Fault(
                FaultKind.CAVITATION,
                onset + timedelta(seconds=float(rng.uniform(0, 120))),
                float(rng.uniform(0.75, 0.85)),
                Growth.RAMP,
                timedelta(minutes=6),
            ),
        )
        for machine in case.machines
    }
    yield replace(case, faults=faults)


def _flapping(maker: _Maker, set_name: SetName, seed: int) -> Iterator[Case]:
    """A leak that opens and closes again and again."""
    case, rng = maker.case("flapping", "flapping", [base_of("pump", seed)], 1.2)
    device_id = case.machines[0].device.device_id
    first = case.start + KNOWN
    pulses = tuple(
        Fault(
            FaultKind.LEAK,
            first + timedelta(minutes=12 * turn),
            float(rng.uniform(0.5, 0.6)),
            repaired=first + timedelta(minutes=12 * turn + 6),
        )
        for turn in range(5)
    )
    yield replace(case, faults={device_id: pulses})


def _healthy(maker: _Maker, set_name: SetName, seed: int) -> Iterator[Case]:
    """Nothing is wrong: left alone, loads changed, stopped and started."""
    for number in range(6 if set_name == "small" else 12):
        base = base_of(CLASSES[number % 3], seed + number)
        hours = 1.5 if set_name == "small" else 5.5
        case, rng = maker.case("healthy", "healthy", [base], hours, str(number))
        device_id = case.machines[0].device.device_id
        events: tuple[Event, ...] = ()
        if number % 3 == 1:
            ats = np.sort(rng.uniform(0.5, 2.5 + hours, 3))
            events = tuple(load_at(case, float(at), float(rng.uniform(0.85, 1.04))) for at in ats)
        elif number % 3 == 2:
            at = case.start + timedelta(hours=float(rng.uniform(1.5, 2.5)))
            back = at + timedelta(minutes=float(rng.uniform(20, 50)))
            events = (Event(EventKind.STOP, at), Event(EventKind.START, back))
        yield replace(case, events={device_id: events})


_Make = Callable[[_Maker, SetName, int], Iterator[Case]]
_SMALL: tuple[_Make, ...] = (_singles, _two, _herrings, _missing, _flapping, _healthy)
_FULL: tuple[_Make, ...] = (*_SMALL, _storm)
