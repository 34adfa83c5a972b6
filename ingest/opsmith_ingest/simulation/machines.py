"""A simulated machine: a nameplate, its physics, its load, its surroundings."""

from dataclasses import dataclass, field

import numpy as np

from opsmith.domain.devices import Device
from opsmith.domain.readings import FloatArray
from opsmith_ingest.simulation.drive import Physics


@dataclass(frozen=True, slots=True)
class Load:
    """What the process asks of a machine, relative to its rating."""

    level: float = 0.9
    daily: float = 0.02
    """Amplitude of the daily wave."""
    peak_hour: float = 14.0
    """Of the day, UTC."""
    wander: float = 0.012
    """Standard deviation of the slow wandering (time constant 10 min)."""

    def demand(self, hour: FloatArray, wandering: FloatArray) -> FloatArray:
        """The demand at those hours of the day, shape (n,), relative to the rating."""
        return self.level + self.daily * _wave(hour, self.peak_hour) + self.wander * wandering


@dataclass(frozen=True, slots=True)
class Ambient:
    """The air around a machine."""

    mean: float = 22.0
    """Cel."""
    daily: float = 1.2
    """Cel, amplitude."""
    peak_hour: float = 15.0
    wander: float = 0.4
    """Cel, standard deviation (time constant 30 min)."""
    trend: float = 0.0
    """Cel a day: the season."""

    def temperature(self, hour: FloatArray, wandering: FloatArray) -> FloatArray:
        """Its temperature at those hours of the day, shape (n,), Cel."""
        return self.mean + self.daily * _wave(hour, self.peak_hour) + self.wander * wandering


@dataclass(frozen=True, slots=True)
class Machine:
    """One device, simulated; `device.channels` are those it reports."""

    device: Device
    physics: Physics
    load: Load = field(default_factory=Load)
    ambient: Ambient = field(default_factory=Ambient)
    fouling: float = 0.0
    """Of cooler, valve and filter: severity a day by which a healthy machine ages from the first
    reading on (0.001 is a year to a third of a fault)."""


def _wave(hour: FloatArray, peak: float) -> FloatArray:
    return np.cos((hour - peak) * (2 * np.pi / 24))
