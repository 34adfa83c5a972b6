"""The operating state of a device: stopped, starting, running; from its status and its signals."""

from dataclasses import dataclass
from enum import StrEnum

from opsmith.domain.readings import FloatArray

_STOPPED_WORDS = frozenset(
    {"STOPPED", "STOP", "OFF", "IDLE", "STANDBY", "SHUTDOWN", "DOWN", "停机", "停止", "待机"}
)
_STARTING_WORDS = frozenset({"STARTING", "STARTUP", "START", "启动", "启动中"})
REPORTS_FAULT = frozenset({"ANOMALY", "FAULT", "ALARM", "ERROR", "TRIP", "故障", "异常", "报警"})
"""Statuses by which a device reports a deviation itself."""

_SHOWS_MOTION = ("current", "power", "speed", "flow", "vibration")
"""Channels, by their names' beginnings, that fall towards zero when a machine stops."""
_DRIVEN = ("current", "power", "speed")
"""Those of them without which nothing turns."""
_AT_REST, _IN_MOTION = 0.15, 0.40
"""Parts of the running level."""
_KNOWN = 30
_MEMORY = 300.0
_LEAP = 3.0
"""Times the running level."""
_STARTING_LASTS = 60
"""Readings for which a start-up lasts at most."""


class OperatingState(StrEnum):
    """What the machine does."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"


# An enumeration's members are looked up slowly, and three times a reading.
_STOPPED = OperatingState.STOPPED
_STARTING = OperatingState.STARTING
_RUNNING = OperatingState.RUNNING


@dataclass(slots=True, eq=False)
class _Motion:
    """A channel that shows motion."""

    place: int
    """Its index among the device's channels."""
    driven: bool
    level: float = 0.0
    """Its running level, in its unit."""
    seen: int = 0


class StateWatch:
    """Infers the operating state of one device.

    `running` or `NORMAL` as a status tells nothing: many collectors send it for ever. The signals
    say it: what shows motion falls together to a small part of its running level.

    >>> import numpy as np
    >>> watch = StateWatch(("current", "flow", "temperature"))
    >>> for _ in range(100):
    ...     state = watch.step(np.array([15.0, 120.0, 60.0]), "NORMAL")
    >>> state.value, watch.step(np.array([0.1, 0.0, 59.0]), "NORMAL").value
    ('running', 'stopped')
    """

    def __init__(self, channels: tuple[str, ...]) -> None:
        self.state = OperatingState.RUNNING
        self._channels = 0
        self._motions: list[_Motion] = []
        self._left = 0
        self.grow(channels)

    def grow(self, channels: tuple[str, ...]) -> None:
        """Add channels behind the others."""
        self._motions += [
            _Motion(place, driven=name.startswith(_DRIVEN))
            for place, name in enumerate(channels, self._channels)
            if name.startswith(_SHOWS_MOTION)
        ]
        self._channels += len(channels)

    def step(self, x: FloatArray, status: str) -> OperatingState:
        """The state at one reading.

        Args:
            x: Shape (c,), each in its channel's unit; NaN where none arrived.
            status: As the device said it.
        """
        word = status.strip().upper()
        if word in _STOPPED_WORDS:
            self.state, self._left = _STOPPED, 0
            return self.state
        values = x.tolist()
        resting, moving, leaping = self._signals(values)
        if resting or (self.state is _STOPPED and not moving):
            self.state = _STOPPED
        elif word in _STARTING_WORDS or leaping or self.state is _STOPPED:
            if self.state is not _STARTING:
                self._left = _STARTING_LASTS
            self.state = _STARTING
        if self.state is _STARTING:
            self._left -= 1
            if self._left <= 0:
                self.state = _RUNNING
        self._learn(values, leaping)
        return self.state

    def _signals(self, values: list[float]) -> tuple[bool, bool, bool]:
        """Whether the machine rests, moves, and moves far beyond its supposed running level."""
        count = low = high = leaps = driven = 0
        driven_low = driven_leap = True
        for motion in self._motions:
            value = values[motion.place]
            if value != value or motion.seen < _KNOWN or motion.level <= 0:
                continue
            part = abs(value) / motion.level
            count += 1
            low += part < _AT_REST
            high += part > _IN_MOTION
            leaps += part > _LEAP
            if motion.driven:
                driven += 1
                driven_low = driven_low and part < _AT_REST
                driven_leap = driven_leap and part > _LEAP
        if count == 0:
            return False, True, False
        enough = count >= 2 or driven > 0
        resting = enough and driven_low and 2 * low > count
        moving = 2 * high > count or not enough
        leaping = count >= 2 and driven_leap and 2 * leaps > count
        return resting, moving, leaping

    def _learn(self, values: list[float], leaping: bool) -> None:
        if self.state is _STOPPED:
            return
        for motion in self._motions:
            value = values[motion.place]
            if value != value:
                continue
            if leaping:
                # What was thought running was standing still: learn the level anew.
                motion.seen, rate = 0, 1.0
            else:
                rate = max(1 / (motion.seen + 1), 1 / _MEMORY)
            motion.level += rate * (abs(value) - motion.level)
            motion.seen += 1
