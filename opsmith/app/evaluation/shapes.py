"""How each fault is made: how strong, how fast, where it would tell, on which machine."""

from collections.abc import Mapping
from datetime import timedelta

import numpy as np

from opsmith.app.evaluation.cases import END, Case
from opsmith_ingest.demo_plant import demo_machines
from opsmith_ingest.simulation import (
    SENSOR_FAULTS,
    Event,
    EventKind,
    Fault,
    FaultKind,
    Growth,
    Machine,
)

CLASSES = ("pump", "motor", "compressor")
KNOWN = timedelta(hours=2.5)
"""Of normal before anything happens, at least."""
STANDS = timedelta(minutes=25)
"""For which a fault that is grown is watched, at least."""
SHAPES: Mapping[FaultKind, tuple[float, float, Growth, float]] = {
    FaultKind.BEARING_WEAR: (0.65, 0.9, Growth.EXPONENTIAL, 2.0),
    FaultKind.IMBALANCE: (0.5, 0.75, Growth.STEP, 0.0),
    FaultKind.CAVITATION: (0.7, 0.85, Growth.RAMP, 0.5),
    FaultKind.LEAK: (0.45, 0.65, Growth.RAMP, 0.5),
    FaultKind.VALVE_RESTRICTION: (0.27, 0.45, Growth.RAMP, 0.75),
    FaultKind.OVERHEATING: (0.5, 0.7, Growth.RAMP, 0.25),
    FaultKind.SENSOR_STUCK: (1.0, 1.0, Growth.STEP, 0.0),
    FaultKind.SENSOR_DROPOUT: (0.4, 1.0, Growth.STEP, 0.0),
    FaultKind.SENSOR_SPIKE: (0.5, 1.0, Growth.STEP, 0.0),
    FaultKind.SENSOR_DRIFT: (0.6, 1.0, Growth.RAMP, 1.5),
    FaultKind.SENSOR_UNIT: (1.0, 1.0, Growth.STEP, 0.0),
    FaultKind.SENSOR_ZERO: (1.0, 1.0, Growth.STEP, 0.0),
    FaultKind.LUBRICATION_LOSS: (0.5, 0.8, Growth.RAMP, 0.75),
    FaultKind.MISALIGNMENT: (0.5, 0.8, Growth.STEP, 0.0),
    FaultKind.LOOSENESS: (0.4, 0.7, Growth.RAMP, 0.25),
    FaultKind.IMPELLER_WEAR: (0.5, 0.8, Growth.RAMP, 0.75),
    FaultKind.DRY_RUNNING: (0.8, 1.0, Growth.RAMP, 0.1),
    FaultKind.OVERLOAD: (0.6, 0.9, Growth.RAMP, 0.25),
    FaultKind.AIR_END_WEAR: (0.5, 0.8, Growth.RAMP, 0.75),
    FaultKind.UNDERVOLTAGE: (0.6, 0.9, Growth.STEP, 0.0),
}
"""Severity from and to, growth, hours of growth."""
TELLING: Mapping[FaultKind, str] = {
    FaultKind.CAVITATION: "vibration",
    FaultKind.LEAK: "pressure",
    FaultKind.VALVE_RESTRICTION: "flow",
    FaultKind.OVERHEATING: "current",
    FaultKind.BEARING_WEAR: "temperature",
    FaultKind.IMBALANCE: "current",
}
"""The channel that is left out where one is missing; what remains can still tell the category."""


def fault_of(case: Case, kind: FaultKind, device_id: str, rng: np.random.Generator) -> Fault:
    """A fault of that kind, late enough that the normal is known before."""
    low, high, growth, hours = SHAPES[kind]
    machine = case.machine(device_id)
    channel = None
    if kind in SENSOR_FAULTS:
        channels = sorted(machine.device.channels)
        channel = str(rng.choice(channels))
        if kind is FaultKind.SENSOR_DROPOUT and rng.uniform() < 0.25:
            channel = None
    latest = END - STANDS - timedelta(hours=hours)
    onset = latest - timedelta(minutes=float(rng.uniform(0, 15)))
    return Fault(
        kind, onset, float(rng.uniform(low, high)), growth, timedelta(hours=hours), channel=channel
    )


def load_at(case: Case, after: float, level: float) -> Event:
    """A change of load, hours after the case began."""
    return Event(EventKind.LOAD, case.start + timedelta(hours=after), level)


def hours_of(kind: FaultKind) -> float:
    """That a case of it lasts beyond the known hours."""
    return SHAPES[kind][3] + STANDS / timedelta(hours=1)


def is_able(device_type: str, kind: FaultKind) -> bool:
    """Whether that class can have such a fault."""
    return kind in SENSOR_FAULTS or kind in first_of(device_type).physics.faults


def channels_of(device_type: str) -> tuple[str, ...]:
    """What that class reports."""
    return first_of(device_type).device.channels


def first_of(device_type: str) -> Machine:
    """The first such machine of the demonstration."""
    return demo_machines()[base_of(device_type, 0)]


def base_of(device_type: str, turn: int) -> int:
    """One of the demonstration's machines of that class."""
    fitting = [
        place
        for place, machine in enumerate(demo_machines())
        if machine.device.device_type == device_type
    ]
    return fitting[turn % len(fitting)]


def stem_of(base: int) -> str:
    """How the names of such machines begin."""
    return demo_machines()[base].device.device_id.split("_")[0]
