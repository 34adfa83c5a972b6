"""The operating state of a device: stopped, starting, running; from its status and its signals."""

from enum import StrEnum

import numpy as np

from opsmith.domain.readings import FloatArray

BoolArray = np.ndarray[tuple[int], np.dtype[np.bool_]]

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
_STARTING = 60
"""Readings for which a start-up lasts at most."""


class OperatingState(StrEnum):
    """What the machine does."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"


class StateWatch:
    """Infers the operating state of one device.

    `running` or `NORMAL` as a status tells nothing: many collectors send it for ever. The signals
    say it: what shows motion falls together to a small part of its running level.

    >>> watch = StateWatch(("current", "flow", "temperature"))
    >>> for _ in range(100):
    ...     state = watch.step(np.array([15.0, 120.0, 60.0]), "NORMAL")
    >>> state.value, watch.step(np.array([0.1, 0.0, 59.0]), "NORMAL").value
    ('running', 'stopped')
    """

    def __init__(self, channels: tuple[str, ...]) -> None:
        self.state = OperatingState.RUNNING
        self._level = np.zeros(0)
        self._seen = np.zeros(0)
        self._motion: BoolArray = np.zeros(0, dtype=np.bool_)
        self._driven: BoolArray = np.zeros(0, dtype=np.bool_)
        self._left = 0
        self.grow(channels)

    def grow(self, channels: tuple[str, ...]) -> None:
        """Add channels behind the others."""
        motion = [name.startswith(_SHOWS_MOTION) for name in channels]
        driven = [name.startswith(_DRIVEN) for name in channels]
        self._motion = np.append(self._motion, np.array(motion, dtype=np.bool_))
        self._driven = np.append(self._driven, np.array(driven, dtype=np.bool_))
        self._level = np.append(self._level, np.zeros(len(channels)))
        self._seen = np.append(self._seen, np.zeros(len(channels)))

    def step(self, x: FloatArray, status: str) -> OperatingState:
        """The state at one reading.

        Args:
            x: Shape (c,), each in its channel's unit; NaN where none arrived.
            status: As the device said it.
        """
        word = status.strip().upper()
        if word in _STOPPED_WORDS:
            self.state, self._left = OperatingState.STOPPED, 0
            return self.state
        resting, moving, leaping = self._signals(x)
        if resting or (self.state is OperatingState.STOPPED and not moving):
            self.state = OperatingState.STOPPED
        elif word in _STARTING_WORDS or leaping or self.state is OperatingState.STOPPED:
            if self.state is not OperatingState.STARTING:
                self._left = _STARTING
            self.state = OperatingState.STARTING
        if self.state is OperatingState.STARTING:
            self._left -= 1
            if self._left <= 0:
                self.state = OperatingState.RUNNING
        self._learn(x, leaping)
        return self.state

    def _signals(self, x: FloatArray) -> tuple[bool, bool, bool]:
        """Whether the machine rests, moves, and moves far beyond its supposed running level."""
        if not self._motion.any():
            return False, True, False
        told = self._motion & (x == x) & (self._seen >= _KNOWN) & (self._level > 0)
        count = int(told.sum())
        if count == 0:
            return False, True, False
        part = np.abs(x[told]) / self._level[told]
        driven = self._driven[told]
        low = part < _AT_REST
        enough = count >= 2 or bool(driven.any())
        resting = enough and bool(low[driven].all()) and 2 * int(low.sum()) > count
        moving = 2 * int((part > _IN_MOTION).sum()) > count or not enough
        leaping = (
            count >= 2 and bool((part[driven] > 3).all()) and 2 * int((part > 3).sum()) > count
        )
        return resting, moving, leaping

    def _learn(self, x: FloatArray, leaping: bool) -> None:
        if self.state is OperatingState.STOPPED:
            return
        arrived = self._motion & (x == x)
        rate = np.where(arrived, np.maximum(1 / (self._seen + 1), 1 / _MEMORY), 0.0)
        if leaping:
            # What was thought running was standing still: learn the level anew.
            self._seen = np.where(arrived, 0.0, self._seen)
            rate = arrived.astype(np.float64)
        self._level += rate * (np.where(arrived, np.abs(x), 0.0) - self._level)
        self._seen += arrived
