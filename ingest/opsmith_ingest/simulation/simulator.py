"""Readings of a simulated machine, in one piece or chunk by chunk, the same from the same seed."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import numpy as np

from opsmith.domain.moments import to_time
from opsmith.domain.readings import FloatArray, Quality, ReadingBatch, TimeArray
from opsmith.errors import BadInput
from opsmith_ingest.simulation.drive import Condition, Forcing, Response
from opsmith_ingest.simulation.dynamics import relax, wander
from opsmith_ingest.simulation.faults import (
    SENSOR_FAULTS,
    Event,
    EventKind,
    Fault,
    FaultKind,
    held,
    total_level,
)
from opsmith_ingest.simulation.instruments import CHANNELS, Instruments
from opsmith_ingest.simulation.machines import Machine

_CORRELATION = np.array([600.0, 45.0, 20.0, 1800.0, 60.0])
"""Seconds, of what wanders: load, vibration, process, ambient, a bad connection."""
_LOAD_TIME = 30.0
"""Seconds in which the process follows a change of load."""
_COAST = 6.0
"""Seconds in which a machine that is switched off comes to rest."""
_HOUR = 3_600_000_000
"""us."""
_DAY = 24 * _HOUR


class Simulation:
    """One machine as time goes on; it remembers its heat, its speed and its noise.

    Chunks of any size give the same readings as one piece.

    Args:
        machine: Which.
        faults: Made faults; more come by `inject`.
        events: Starts, stops and changes of load; it runs, at its own load, before them.
        seed: Same seed, same readings.

    Raises:
        BadInput: The machine has no such channel, or cannot have such a fault.
    """

    def __init__(
        self,
        machine: Machine,
        faults: Iterable[Fault] = (),
        events: Iterable[Event] = (),
        seed: int | Sequence[int] = 0,
    ) -> None:
        self.machine = machine
        self.events = tuple(events)
        self.faults: tuple[Fault, ...] = ()
        self.channels = tuple(sorted(machine.device.channels))
        unknown = set(self.channels) - CHANNELS
        if unknown or not self.channels:
            raise BadInput(
                f"{machine.device.device_id} cannot be simulated with channels {self.channels}; "
                f"use some of {', '.join(sorted(CHANNELS))}"
            )
        for fault in faults:
            self.inject(fault)
        self._instruments = Instruments(self.channels)
        self._random = np.random.default_rng(seed)
        self._wandering = self._random.standard_normal(len(_CORRELATION))
        self._last: np.datetime64 | None = None
        self._began: np.datetime64 | None = None
        self._speed = self._factor = self._temperature = 0.0

    def inject(self, fault: Fault) -> None:
        """Let one more fault happen. Raises `BadInput` where the machine cannot have it."""
        possible = self.machine.physics.faults | SENSOR_FAULTS
        name = self.machine.device.device_id
        if fault.kind not in possible:
            raise BadInput(f"{name} cannot have {fault.kind}; use {', '.join(sorted(possible))}")
        if fault.channel is not None and fault.channel not in self.channels:
            raise BadInput(f"{name} has no channel {fault.channel!r} that could fail")
        self.faults = (*self.faults, fault)

    def plan(self, *events: Event) -> None:
        """Let more events happen."""
        self.events = (*self.events, *events)

    def forget(self, before: datetime) -> None:
        """Drop repaired faults and older events.

        Right only where those events left the machine as it began: running, at its own load.
        """
        self.faults = tuple(
            fault for fault in self.faults if fault.repaired is None or fault.repaired > before
        )
        self.events = tuple(event for event in self.events if event.at > before)

    def advance(self, times: TimeArray) -> ReadingBatch:
        """Go on to each of those times.

        Args:
            times: Shape (n,), UTC, `datetime64[us]`, strictly increasing, after all before.

        Returns:
            Up to n readings: those that a silent device does not send are missing.
        """
        if len(times) == 0:
            return self._batch(times, np.empty((0, len(self.channels))), ())
        fresh = self._last is None
        if self._began is None:
            self._began = times[0]
        before = times[:1] if self._last is None else np.array([self._last])
        steps = np.diff(times, prepend=before) / np.timedelta64(1, "s")
        assert fresh or steps[0] > 0, "time goes forward"
        drawn = self._random.standard_normal((len(times), len(_CORRELATION) + len(self.channels)))
        wandering = self._wander(drawn[:, : len(_CORRELATION)], steps)
        truth, running = self._truth(times, steps, wandering, fresh)
        values = self._instruments.read(truth, drawn[:, len(_CORRELATION) :])
        self._instruments.disturb(values, times, self.faults)
        self._instruments.stick(values, times, self.faults)
        # The logistic curve stands for the normal distribution's (within 0.01).
        chance = 1 / (1 + np.exp(-1.702 * wandering[:, 4]))
        values[self._instruments.silent(times, chance, self.faults)] = np.nan
        self._last = times[-1]
        statuses = tuple("NORMAL" if on else "STOPPED" for on in running.tolist())
        return self._batch(times, values, statuses)

    def _wander(self, shocks: FloatArray, steps: FloatArray) -> FloatArray:
        paths = np.column_stack(
            [
                wander(float(start), shocks[:, column], steps / scale)
                for column, (start, scale) in enumerate(
                    zip(self._wandering, _CORRELATION, strict=True)
                )
            ]
        )
        self._wandering = paths[-1]
        return paths

    def _truth(
        self, times: TimeArray, steps: FloatArray, wandering: FloatArray, fresh: bool
    ) -> tuple[FloatArray, FloatArray]:
        machine, physics = self.machine, self.machine.physics
        hour = times.astype(np.int64) % _DAY / _HOUR
        running = held(self.events, {EventKind.START: 1.0, EventKind.STOP: 0.0}, times)
        factor = held(self.events, {EventKind.LOAD: None}, times)
        assert self._began is not None
        days = (times - self._began) / np.timedelta64(_DAY, "us")
        condition = self._condition(times, machine.fouling * days)

        factor = relax(float(factor[0]) if fresh else self._factor, factor, steps / _LOAD_TIME)
        demand = np.maximum(machine.load.demand(hour, wandering[:, 0]) * factor, 0.0)
        forcing = Forcing(demand=demand, running=running, jitter=wandering[:, 2])
        aim = physics.speed(forcing, condition) * running
        inertia = np.where(running > 0, physics.run_up, _COAST)
        speed = relax(float(aim[0]) if fresh else self._speed, aim, steps / inertia)

        response = physics.respond(speed, forcing, condition)
        ambient = machine.ambient.temperature(hour, wandering[:, 3]) + machine.ambient.trend * days
        goal = ambient + response.heat / response.cooling
        temperature = relax(
            float(goal[0]) if fresh else self._temperature,
            goal,
            steps * response.cooling / physics.heat_time,
        )
        self._factor, self._speed = float(factor[-1]), float(speed[-1])
        self._temperature = float(temperature[-1])
        return self._measured(response, temperature, wandering[:, 1]), running

    def _measured(
        self, response: Response, temperature: FloatArray, unrest: FloatArray
    ) -> FloatArray:
        channels = dict(response.channels)
        channels["vibration"] = channels["vibration"] * np.exp(response.roughness * unrest)
        channels["temperature"] = temperature
        missing = set(self.channels) - set(channels)
        assert not missing, f"{self.machine.device.device_id} does not compute {missing}"
        return np.column_stack([channels[name] for name in self.channels])

    def _condition(self, times: TimeArray, fouled: FloatArray) -> Condition:
        return Condition(
            bearing=total_level(self.faults, FaultKind.BEARING_WEAR, times),
            eccentricity=total_level(self.faults, FaultKind.IMBALANCE, times),
            suction=total_level(self.faults, FaultKind.CAVITATION, times),
            leak=total_level(self.faults, FaultKind.LEAK, times),
            restriction=total_level(self.faults, FaultKind.VALVE_RESTRICTION, times) + fouled,
            cooling=total_level(self.faults, FaultKind.OVERHEATING, times) + fouled,
            film=total_level(self.faults, FaultKind.LUBRICATION_LOSS, times),
            offset=total_level(self.faults, FaultKind.MISALIGNMENT, times),
            mounting=total_level(self.faults, FaultKind.LOOSENESS, times),
            impeller=total_level(self.faults, FaultKind.IMPELLER_WEAR, times),
            gas=total_level(self.faults, FaultKind.DRY_RUNNING, times),
            torque=total_level(self.faults, FaultKind.OVERLOAD, times),
            gaps=total_level(self.faults, FaultKind.AIR_END_WEAR, times),
            supply=total_level(self.faults, FaultKind.UNDERVOLTAGE, times),
        )

    def _batch(
        self, times: TimeArray, values: FloatArray, statuses: tuple[str, ...]
    ) -> ReadingBatch:
        absent = np.isnan(values)
        heard = np.flatnonzero(~np.all(absent, axis=1))
        return ReadingBatch(
            device_id=self.machine.device.device_id,
            channels=self.channels,
            times=times[heard],
            values=values[heard],
            quality=np.where(absent[heard], Quality.ABSENT, Quality.GOOD).astype(np.uint8),
            statuses=tuple(statuses[row] for row in heard.tolist()),
        )


def simulate(
    machine: Machine,
    start: datetime,
    end: datetime,
    interval: timedelta,
    faults: Iterable[Fault] = (),
    events: Iterable[Event] = (),
    seed: int | Sequence[int] = 0,
) -> ReadingBatch:
    """The readings of a machine in [start, end), one each `interval`.

    Raises:
        BadInput: See `Simulation`.
    """
    return Simulation(machine, faults, events, seed).advance(time_grid(start, end, interval))


def time_grid(start: datetime, end: datetime, interval: timedelta) -> TimeArray:
    """The times from `start` on, before `end`; shape (n,), UTC, `datetime64[us]`."""
    return np.arange(to_time(start), to_time(end), np.timedelta64(interval))
