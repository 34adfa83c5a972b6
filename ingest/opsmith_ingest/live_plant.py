"""The demonstration plant as it would run now: endless, with a fault now and then."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from opsmith.domain.devices import Device
from opsmith.domain.readings import ReadingBatch
from opsmith_ingest.demo_plant import demo_machines, seed_of
from opsmith_ingest.simulation import (
    Event,
    EventKind,
    Fault,
    FaultKind,
    Growth,
    Machine,
    Simulation,
)
from opsmith_ingest.simulation.simulator import time_grid

_GROWS = timedelta(minutes=4)
_STANDS = timedelta(minutes=12)
_PAUSE_MINUTES = (15.0, 35.0)
"""Between one incident and the next; a healthy event takes place halfway."""
_PATIENCE = timedelta(minutes=2)
"""A longer sleep of the computer leaves a gap in the readings instead of a flood."""


class LivePlant:
    """Simulated devices that report on the wall clock's seconds.

    One fault at a time: it grows, stands, and is repaired. Between faults a machine is stopped
    and started, or its load changes. Same seed and start, same plant.

    Args:
        start: The time of the first reading.
        seed: Of the readings and of what happens.
        interval: Between two readings of a device.
        machines: Default: those of the demonstration.
    """

    def __init__(
        self,
        start: datetime,
        seed: int = 1,
        interval: timedelta = timedelta(seconds=1),
        machines: Sequence[Machine] | None = None,
    ) -> None:
        chosen = demo_machines() if machines is None else tuple(machines)
        self._plant = [Simulation(each, seed=seed_of(each, seed)) for each in chosen]
        self._random = np.random.default_rng(seed)
        self._interval = interval
        self._next = start
        self._incident = start + timedelta(minutes=_PAUSE_MINUTES[0])
        self.made: list[tuple[str, Fault]] = []
        """The truth: every fault so far, oldest first, with its device."""

    @property
    def devices(self) -> tuple[Device, ...]:
        """The nameplates."""
        return tuple(each.machine.device for each in self._plant)

    def advance(self, now: datetime) -> list[ReadingBatch]:
        """What the devices have sent since the last call, up to and with `now`.

        Empty where nothing is due. The caller keeps the clock and waits.
        """
        if now < self._next:
            return []
        if now - self._next > _PATIENCE:
            self._next += (now - self._next) // self._interval * self._interval
        times = time_grid(self._next, now + timedelta(microseconds=1), self._interval)
        self._next += len(times) * self._interval
        while self._incident <= now:
            self._happen(self._incident)
        return [batch for batch in (each.advance(times) for each in self._plant) if len(batch)]

    def _happen(self, onset: datetime) -> None:
        for each in self._plant:
            each.forget(onset - timedelta(hours=1))
        order = self._random.permutation(len(self._plant))
        failing, changing = self._plant[int(order[0])], self._plant[int(order[-1])]
        fault = self._some_fault(failing, onset)
        repaired = onset + _GROWS + _STANDS
        failing.inject(fault)
        self.made.append((failing.machine.device.device_id, fault))
        pause = timedelta(minutes=float(self._random.uniform(*_PAUSE_MINUTES)))
        changing.plan(*self._some_change(repaired + pause / 2))
        self._incident = repaired + pause

    def _some_fault(self, simulation: Simulation, onset: datetime) -> Fault:
        device = simulation.machine.device
        kinds = [*sorted(simulation.machine.physics.faults), FaultKind.SENSOR_STUCK]
        kind = kinds[int(self._random.integers(len(kinds)))]
        severity = float(self._random.uniform(0.55, 0.85))
        return Fault(
            kind=kind,
            onset=onset,
            severity=severity,
            growth=Growth.RAMP,
            grows_for=_GROWS,
            repaired=onset + _GROWS + _STANDS,
            channel=device.channels[0] if kind is FaultKind.SENSOR_STUCK else None,
        )

    def _some_change(self, at: datetime) -> tuple[Event, Event]:
        """A stop, or another load, for five minutes."""
        until = at + timedelta(minutes=5)
        if self._random.random() < 0.5:
            return Event(EventKind.STOP, at), Event(EventKind.START, until)
        level = float(self._random.uniform(0.85, 1.08))
        return Event(EventKind.LOAD, at, level), Event(EventKind.LOAD, until)
