"""Sensor faults: a channel that repeats itself, falls silent or says what cannot be.

Stuck and silent are judged against the channel's own habits. If a healthy channel repeats its last
value with probability p, a run of n repeats has probability p^n (geometric law), so a coarse or a
rarely sent channel is given the long runs it is used to, and a lively one few.
"""

from dataclasses import dataclass
from math import inf, log, nan

import numpy as np

from opsmith.domain.readings import FloatArray, Quality, QualityArray

BoolArray = np.ndarray[tuple[int], np.dtype[np.bool_]]

_UNCERTAIN = int(Quality.UNCERTAIN)
_CHANCE = log(1e-9)
"""Probability at which a run is no chance any more: one in thirty years at a reading a second."""
_LEAST_RUN = 20
_LEAST_GAP = 5
_HABIT = 100
"""Readings that a channel must be known for."""
_MEMORY = 2000.0
"""Readings, time constant of the habits."""
_REFRESH = 20
"""Readings between two looks at the habits."""
_NEVER = 1e-3
"""Share of zeros below which a channel never is 0."""
_ZEROS = 3
_LONGER = 4.0
"""Times the longest run of its past."""


@dataclass(slots=True, eq=False)
class _Sensor:
    """The instrument of one channel: its habits, and what it does now."""

    last: float = nan
    """The last value that it measured."""
    seen: int = 0
    repeats: float = 0.0
    """Habit: probability that a value repeats the last one; so with `gaps` and `zeros`."""
    gaps: float = 0.0
    zeros: float = 0.0
    run: int = 0
    """Readings since which it repeats itself; so with `gap` and `zero_run`."""
    gap: int = 0
    zero_run: int = 0
    longest: int = 0
    """Longest run that is over."""
    longest_gap: int = 0
    strange: float = 0.0
    """Smoothed share of uncertain values."""
    run_limit: float = inf
    gap_limit: float = inf

    arrived: bool = False
    same: bool = False
    changed: bool = False
    zero: bool = False
    fallen: bool = False
    """At 0, where it never was."""
    uncertain: bool = False
    over_run: int = 0
    """The run that this reading ended; so with `over_gap`."""
    over_gap: int = 0
    stuck: bool = False
    silent: bool = False
    implausible: bool = False
    suspect: bool = False

    def take(self, x: float, mark: int) -> None:
        """Note what is new in one value; NaN where none arrived."""
        self.over_run, self.over_gap = self.run, self.gap
        self.arrived = arrived = x == x
        self.same = same = x == self.last
        self.changed = arrived and not same and self.seen > 0
        self.zero = zero = x == 0
        if same:
            self.run += 1
        elif arrived:
            self.run = 0
        if zero:
            self.zero_run += 1
        elif arrived:
            self.zero_run = 0
        self.gap = 0 if arrived else self.gap + 1
        self.fallen = zero and self.seen >= _HABIT and self.zeros < _NEVER
        self.uncertain = mark == _UNCERTAIN
        self.strange += 0.3 * (self.uncertain - self.strange)

    def judge(self, *, moving: bool, others_move: bool, alone_fallen: bool, bound: float) -> bool:
        """Decide what is wrong with it; True if it may not speak for the machine."""
        if self.changed:
            self.stuck = False
        if moving:
            known = self.seen >= _HABIT
            if known and others_move and self.run > self.run_limit:
                self.stuck = True
            self.silent = known and self.gap > self.gap_limit
            if self.fallen and alone_fallen and self.zero_run >= _ZEROS:
                self.silent = True
        elif self.arrived:
            self.silent = False
        self.suspect = self.uncertain or (self.fallen and alone_fallen)
        self.implausible = self.strange > bound
        return self.suspect or self.stuck or self.silent or self.implausible

    def learn(self, x: float, *, healthy: bool) -> None:
        """Make it a habit, where `healthy`."""
        if not (self.arrived or self.seen):
            return
        arrived = self.arrived
        if healthy:
            rate = max(1 / (self.seen + 2), 1 / _MEMORY)
            self.gaps += rate * ((not arrived) - self.gaps)
            if arrived:
                self.repeats += rate * (self.same - self.repeats)
                self.zeros += rate * (self.zero - self.zeros)
                # Only a run that is over is a habit, else a stuck channel would excuse itself.
                if self.changed and self.over_run > self.longest:
                    self.longest = self.over_run
                if self.over_gap > self.longest_gap:
                    self.longest_gap = self.over_gap
        self.seen += 1
        # A channel at 0 keeps the last value that it measured, to be seen as fallen.
        if arrived and not (self.zero and self.zeros < _NEVER and self.seen > _HABIT):
            self.last = x

    def refresh(self) -> None:
        """Set the limits by the habits."""
        self.run_limit = _run_limit(self.repeats, self.longest, _LEAST_RUN)
        self.gap_limit = _run_limit(self.gaps, self.longest_gap, _LEAST_GAP)


class Sensors:
    """Watches the instruments of one device, all channels at once.

    A device has a handful of channels: plain floats, a channel after the other, take a fraction of
    the time of as many array operations on so few values.

    Args:
        channels: How many channels the device has now; `grow` adds more.

    >>> sensors = Sensors(2)
    >>> for i in range(200):
    ...     x = np.array([i % 7, min(i, 150)], dtype=np.float64)
    ...     sensors.step(x, np.zeros(2, np.uint8), moving=True)
    >>> sensors.has_fault, sensors.stuck.tolist()
    (True, [False, True])
    """

    def __init__(self, channels: int) -> None:
        self._sensors = [_Sensor() for _ in range(channels)]
        self._age = 0
        self.has_fault = False
        """Some channel is `faulty`."""
        self.has_doubt = False
        """Some channel is `doubtful`."""

    def grow(self, more: int) -> None:
        """Add `more` channels behind the others."""
        self._sensors += [_Sensor() for _ in range(more)]

    @property
    def stuck(self) -> BoolArray:
        """Shape (c,): channels that repeat one value."""
        return np.array([each.stuck for each in self._sensors], dtype=np.bool_)

    @property
    def silent(self) -> BoolArray:
        """Shape (c,): channels that no longer arrive, or fell to exactly 0."""
        return np.array([each.silent for each in self._sensors], dtype=np.bool_)

    @property
    def faulty(self) -> BoolArray:
        """Shape (c,): channels that must not speak for the machine."""
        return np.array(
            [each.stuck or each.silent or each.implausible for each in self._sensors],
            dtype=np.bool_,
        )

    @property
    def doubtful(self) -> BoolArray:
        """Shape (c,): those, and channels that may turn out so with the next readings."""
        suspect = np.array([each.suspect for each in self._sensors], dtype=np.bool_)
        return self.faulty | suspect

    def step(self, x: FloatArray, quality: QualityArray, *, moving: bool) -> None:
        """Judge one reading, then learn it.

        Args:
            x: Shape (c,), NaN where bad or absent.
            quality: Shape (c,), of `Quality`.
            moving: The machine runs: its channels have reason to move.
        """
        sensors, values = self._sensors, x.tolist()
        changed = fallen = 0
        uncertain = False
        for sensor, value, mark in zip(sensors, values, quality.tolist(), strict=True):
            sensor.take(value, mark)
            changed += sensor.changed
            fallen += sensor.fallen
            uncertain |= sensor.uncertain
        refresh = self._age % _REFRESH == 0
        self._age += 1
        others_move = changed > 0 or len(sensors) == 1
        # One channel at exactly 0 that never was is an instrument; many are a stopped machine.
        alone_fallen = 0 < fallen <= max(1, len(sensors) // 4)
        bound = 0.6 if uncertain else 0.3
        self.has_doubt = self.has_fault = False
        for sensor, value in zip(sensors, values, strict=True):
            if refresh:
                sensor.refresh()
            doubtful = sensor.judge(
                moving=moving, others_move=others_move, alone_fallen=alone_fallen, bound=bound
            )
            if doubtful:
                self.has_doubt = True
                self.has_fault |= sensor.stuck or sensor.silent or sensor.implausible
            sensor.learn(value, healthy=moving and not doubtful)


def _run_limit(probability: float, longest: int, least: int) -> float:
    """Readings that a run may last."""
    chance = _CHANCE / log(min(max(probability, 1e-6), 1 - 1e-6))
    return max(chance, _LONGER * longest, least)
