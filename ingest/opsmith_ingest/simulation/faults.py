"""What is done to a simulated machine: faults that grow, and the events of a healthy day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np

from opsmith.domain.moments import to_time
from opsmith.domain.readings import FloatArray, TimeArray

_SECOND = np.timedelta64(1, "s")
_STEEPNESS = 4.0
"""Of exponential growth: half the time brings an eighth of the fault."""


class FaultKind(StrEnum):
    """Which physical parameter, or which instrument, goes wrong."""

    BEARING_WEAR = "bearing_wear"
    """Friction and defect amplitude of a rolling bearing."""
    IMBALANCE = "imbalance"
    """Eccentricity of the rotor's mass."""
    CAVITATION = "cavitation"
    """Net positive suction head that is available falls."""
    LEAK = "leak"
    """Fluid escapes between the machine and its flow meter or consumers."""
    VALVE_RESTRICTION = "valve_restriction"
    """Resistance of the valve behind a pump, or before a compressor's inlet."""
    OVERHEATING = "overheating"
    """Cooling conductance is lost."""
    SENSOR_STUCK = "sensor_stuck"
    """One channel repeats the value it had."""
    SENSOR_DROPOUT = "sensor_dropout"
    """One channel, or the whole device, is silent now and then; always at severity 1."""
    SENSOR_SPIKE = "sensor_spike"
    """Single readings leap far off and come back at once: a disturbed cable."""
    SENSOR_DRIFT = "sensor_drift"
    """One channel shows ever more than there is: its gain creeps."""
    SENSOR_UNIT = "sensor_unit"
    """One channel is sent in another unit of its quantity, from the onset on."""
    SENSOR_ZERO = "sensor_zero"
    """One channel shows exactly 0: a broken loop."""
    LUBRICATION_LOSS = "lubrication_loss"
    """The bearings' film fails: friction, and the hiss of metal on metal."""
    MISALIGNMENT = "misalignment"
    """Offset of the coupled shafts."""
    LOOSENESS = "looseness"
    """Stiffness of the mounting is lost."""
    IMPELLER_WEAR = "impeller_wear"
    """A pump's impeller and wear rings lose head."""
    DRY_RUNNING = "dry_running"
    """Gas takes the place of the liquid in a pump."""
    OVERLOAD = "overload"
    """What a motor drives turns harder."""
    AIR_END_WEAR = "air_end_wear"
    """Gaps of a compressor's screws, through which air flows back."""
    UNDERVOLTAGE = "undervoltage"
    """The supply sags."""


SENSOR_FAULTS = frozenset(kind for kind in FaultKind if kind.startswith("sensor_"))
"""Faults of an instrument: any channel can have them, and the machine is well."""


class Growth(StrEnum):
    """How a fault gets from nothing to its severity."""

    STEP = "step"
    RAMP = "ramp"
    EXPONENTIAL = "exponential"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of one machine, from its onset until it is repaired."""

    kind: FaultKind
    onset: datetime
    severity: float = 1.0
    """0 to 1; 1 is what nobody would run any longer."""
    growth: Growth = Growth.STEP
    grows_for: timedelta = timedelta(0)
    """Until the severity is reached; a step needs none."""
    repaired: datetime | None = None
    channel: str | None = None
    """Of a sensor fault: the channel; None is the whole device."""

    def level(self, times: TimeArray) -> FloatArray:
        """How far the fault has come.

        Args:
            times: Shape (n,), UTC, `datetime64[us]`.

        Returns:
            Shape (n,), 0 to `severity`, dimensionless.

        >>> fault = Fault(FaultKind.LEAK, datetime(2026, 1, 1), 0.5)
        >>> fault.level(np.array(["2025-12-31", "2026-01-01"], "datetime64[us]"))
        array([0. , 0.5])
        """
        seconds = (times - to_time(self.onset)) / _SECOND
        if self.growth is Growth.STEP or not self.grows_for:
            shape = np.ones(len(times))
        else:
            shape = np.clip(seconds / self.grows_for.total_seconds(), 0.0, 1.0)
        if self.growth is Growth.EXPONENTIAL:
            shape = np.expm1(_STEEPNESS * shape) / np.expm1(_STEEPNESS)
        stands = seconds >= 0
        if self.repaired is not None:
            stands &= times < to_time(self.repaired)
        return np.where(stands, self.severity * shape, 0.0)


class EventKind(StrEnum):
    """What operators do to a healthy machine."""

    START = "start"
    STOP = "stop"
    LOAD = "load"
    """The load becomes `level` times what its profile says."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to a healthy machine."""

    kind: EventKind
    at: datetime
    level: float = 1.0


def total_level(faults: Sequence[Fault], kind: FaultKind, times: TimeArray) -> FloatArray:
    """How far all faults of one kind have come together, shape (n,), dimensionless."""
    levels = [fault.level(times) for fault in faults if fault.kind is kind]
    return np.sum(levels, axis=0) if levels else np.zeros(len(times))


def held(
    events: Sequence[Event], of: dict[EventKind, float | None], times: TimeArray
) -> FloatArray:
    """The value that the last of such events left, 1 before the first of them.

    Args:
        events: In any order.
        of: Kinds that count; the value each leaves, None for the event's own `level`.
        times: Shape (n,), UTC.

    Returns:
        Shape (n,).
    """
    counted = sorted((event for event in events if event.kind in of), key=lambda event: event.at)
    values = [1.0]
    for event in counted:
        fixed = of[event.kind]
        values.append(event.level if fixed is None else fixed)
    at = np.array([to_time(event.at) for event in counted], dtype="datetime64[us]")
    return np.array(values)[np.searchsorted(at, times, side="right")]
