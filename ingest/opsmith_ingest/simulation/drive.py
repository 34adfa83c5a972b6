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
_DRY_FRICTION = 2.2
"""Times that it grows where the film fails: boundary friction."""
_DRY_NOISE = 2.5
"""Times that a bearing's acceleration grows where the film fails."""
_OFFSET_VELOCITY = 6.0
"""mm/s RMS that shafts out of line add at twice the turning frequency at severity 1."""
_OFFSET_FRICTION = 0.5
"""Times that the bearings' friction grows by the side load of shafts out of line."""
_LOOSE_GROWTH = 4.0
"""Times that a machine on a mounting without stiffness moves more at severity 1."""
_RATTLE = 4.0
"""Times that the broadband acceleration grows by the knocking of a loose mounting."""
_SAG = 0.2
"""Part of the rated voltage that is missing at severity 1."""
_RATED_VOLTAGE = 400.0
"""V, between phases."""
RATED_SLIP = 0.017
"""Part of the synchronous speed by which an induction motor lags at its rating."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How the machine is: each shape (n,), 0 healthy to about 1, dimensionless."""

    bearing: FloatArray
    eccentricity: FloatArray
    suction: FloatArray
    leak: FloatArray
    restriction: FloatArray
    cooling: FloatArray
    film: FloatArray
    offset: FloatArray
    mounting: FloatArray
    impeller: FloatArray
    gas: FloatArray
    torque: FloatArray
    gaps: FloatArray
    supply: FloatArray


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

    def current(
        self, speed: FloatArray, power: FloatArray, running: FloatArray, volts: FloatArray
    ) -> FloatArray:
        """A, of shaft power relative to rated: magnetising and active part at right angles.

        Of a lower voltage (relative to rated) the same power takes more current.
        """
        active = np.sqrt(1 - self.no_load**2) * power / volts
        start = self.inrush * np.clip(1 - speed, 0.0, 1.0) ** 2
        return self.rated_current * running * (np.hypot(self.no_load * volts, active) + start)

    def vibration(
        self, speed: FloatArray, condition: Condition, *process: FloatArray
    ) -> FloatArray:
        """[g] RMS: sources that know nothing of each other add as squares.

        An unbalanced mass forces with the square of the speed; at constant eccentricity the
        velocity grows with the speed, the acceleration with its square.
        """
        rate = self.rated_speed * 2 * np.pi / 60
        velocity = self.unbalance + _UNBALANCE_GROWTH * condition.eccentricity
        velocity *= 1 + _LOOSE_GROWTH * condition.mounting
        noise = 1 + _DEFECT_GROWTH * condition.bearing + _DRY_NOISE * condition.film
        noise += _RATTLE * condition.mounting
        sources = [
            velocity * 1e-3 * rate / _G * speed**2,
            _OFFSET_VELOCITY * condition.offset * 1e-3 * 2 * rate / _G * speed,
            self.bearing_noise * noise * speed,
            *process,
        ]
        return np.sqrt(_STOPPED_VIBRATION**2 + sum((each**2 for each in sources), start=0.0))


def friction(condition: Condition) -> FloatArray:
    """Of the bearings, relative to healthy ones, shape (n,)."""
    return (
        1
        + _FRICTION_GROWTH * condition.bearing
        + _DRY_FRICTION * condition.film
        + _OFFSET_FRICTION * condition.offset
    )


def volts(condition: Condition) -> FloatArray:
    """The supply's voltage, relative to rated, shape (n,)."""
    return 1 - _SAG * np.minimum(condition.supply, 1)


def slowed(condition: Condition) -> FloatArray:
    """Of a motor on the mains, relative to its rated speed, shape (n,): slip goes as 1 / V²."""
    return 1 - RATED_SLIP * (1 / volts(condition) ** 2 - 1)


def shown_voltage(condition: Condition, forcing: Forcing) -> FloatArray:
    """V, shape (n,); the mains fluctuate a little."""
    return _RATED_VOLTAGE * volts(condition) * (1 + 0.003 * forcing.jitter)


def roughness(condition: Condition) -> FloatArray:
    """Relative fluctuation: a damaged bearing knocks, a loose mounting rattles, others hum."""
    return 0.03 * (1 + 2 * condition.bearing + 3 * condition.mounting)
