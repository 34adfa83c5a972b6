"""What all simulated machines share: what acts on them, how they are, the motor on their shaft."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from opsmith.domain.readings import FloatArray
from opsmith_ingest.simulation.faults import FaultKind

_G = 9.80665
_STOPPED_VIBRATION = 0.004
"""[g]: what reaches a standing machine from its neighbours."""
_UNBALANCE_GROWTH = 12.0
"""mm/s RMS that eccentricity of severity 1 adds: beyond zone D of ISO 20816-3."""
_DEFECT_GROWTH = 14.0
"""Times that a bearing's acceleration grows at severity 1."""
_FRICTION_GROWTH = 1.3
"""Times that a bearing's friction grows at severity 1."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How the machine is: each shape (n,), 0 healthy to about 1, dimensionless."""

    bearing: FloatArray
    eccentricity: FloatArray
    suction: FloatArray
    leak: FloatArray
    restriction: FloatArray
    cooling: FloatArray


@dataclass(frozen=True, slots=True)
class Forcing:
    """What acts on the machine, each shape (n,)."""

    demand: FloatArray
    """Relative to the rating."""
    running: FloatArray
    """1 while it is switched on, else 0."""
    jitter: FloatArray
    """Mean 0, variance 1: the process's own fluctuation (correlation time 20 s)."""


@dataclass(frozen=True, slots=True)
class Response:
    """What the machine does, before its heat capacity and its instruments."""

    channels: dict[str, FloatArray]
    """Shape (n,) each, in the channel's unit."""
    heat: FloatArray
    """Shape (n,), Cel: the temperature rise that would be reached with rated cooling."""
    cooling: FloatArray
    """Shape (n,), relative to rated cooling."""
    roughness: FloatArray
    """Shape (n,), relative fluctuation of the vibration."""


class Physics(Protocol):
    """A class of machines."""

    @property
    def faults(self) -> frozenset[FaultKind]:
        """The faults of the machine itself that its equations know."""
        ...

    @property
    def heat_time(self) -> float:
        """Seconds: thermal time constant at rated cooling."""
        ...

    @property
    def run_up(self) -> float:
        """Seconds: time constant of its speed when it is switched on."""
        ...

    def speed(self, forcing: Forcing, condition: Condition) -> FloatArray:
        """The speed that is aimed at while it runs, shape (n,), relative to rated."""
        ...

    def respond(self, speed: FloatArray, forcing: Forcing, condition: Condition) -> Response:
        """What it does at those relative speeds, shape (n,)."""
        ...


@dataclass(frozen=True, slots=True)
class Drive:
    """An induction motor with the rolling bearings and the rotor on its shaft."""

    rated_current: float = 30.0
    """A."""
    rated_speed: float = 2950.0
    """/min."""
    no_load: float = 0.35
    """Share of the rated current that only magnetises."""
    inrush: float = 5.0
    """Times the rated current that it takes from standstill; 0 behind a converter."""
    unbalance: float = 1.0
    """mm/s RMS at rated speed, when healthy."""
    bearing_noise: float = 0.16
    """[g] RMS at rated speed, when healthy."""

    def current(self, speed: FloatArray, power: FloatArray, running: FloatArray) -> FloatArray:
        """A, of shaft power relative to rated: magnetising and active part at right angles."""
        active = np.sqrt(1 - self.no_load**2) * power
        start = self.inrush * np.clip(1 - speed, 0.0, 1.0) ** 2
        return self.rated_current * running * (np.hypot(self.no_load, active) + start)

    def vibration(
        self, speed: FloatArray, condition: Condition, *process: FloatArray
    ) -> FloatArray:
        """[g] RMS: sources that know nothing of each other add as squares.

        An unbalanced mass forces with the square of the speed; at constant eccentricity the
        velocity grows with the speed, the acceleration with its square.
        """
        rate = self.rated_speed * 2 * np.pi / 60
        velocity = self.unbalance + _UNBALANCE_GROWTH * condition.eccentricity
        sources = [
            velocity * 1e-3 * rate / _G * speed**2,
            self.bearing_noise * (1 + _DEFECT_GROWTH * condition.bearing) * speed,
            *process,
        ]
        return np.sqrt(_STOPPED_VIBRATION**2 + sum((each**2 for each in sources), start=0.0))


def friction(condition: Condition) -> FloatArray:
    """Of the bearings, relative to healthy ones, shape (n,)."""
    return 1 + _FRICTION_GROWTH * condition.bearing


def roughness(condition: Condition) -> FloatArray:
    """Relative fluctuation: a damaged bearing knocks irregularly, a whole one hums."""
    return 0.03 * (1 + 2 * condition.bearing)
