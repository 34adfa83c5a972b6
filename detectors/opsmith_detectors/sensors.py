"""Sensor faults: a channel that repeats itself, falls silent or says what cannot be.

Stuck and silent are judged against the channel's own habits. If a healthy channel repeats its last
value with probability p, a run of n repeats has probability p^n (geometric law), so a coarse or a
rarely sent channel is given the long runs it is used to, and a lively one few.
"""

from math import log

import numpy as np

from opsmith.domain.readings import FloatArray, Quality, QualityArray

BoolArray = np.ndarray[tuple[int], np.dtype[np.bool_]]

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


class Sensors:
    """Watches the instruments of one device, all channels at once.

    Args:
        channels: How many channels the device has now; `grow` adds more.
    """

    def __init__(self, channels: int) -> None:
        self._last = np.full(channels, np.nan)
        self._seen = np.zeros(channels)
        self._repeats = np.zeros(channels)
        self._gaps = np.zeros(channels)
        self._zeros = np.zeros(channels)
        self._run = np.zeros(channels)
        self._longest = np.zeros(channels)
        self._gap = np.zeros(channels)
        self._longest_gap = np.zeros(channels)
        self._zero_run = np.zeros(channels)
        self._strange = np.zeros(channels)
        self._age = 0
        self._run_limit = np.full(channels, np.inf)
        self._gap_limit = np.full(channels, np.inf)
        self.stuck: BoolArray = np.zeros(channels, dtype=np.bool_)
        self.silent: BoolArray = np.zeros(channels, dtype=np.bool_)
        self.implausible: BoolArray = np.zeros(channels, dtype=np.bool_)
        self._suspect: BoolArray = np.zeros(channels, dtype=np.bool_)

    def grow(self, more: int) -> None:
        """Add `more` channels behind the others."""
        self._last = np.append(self._last, np.full(more, np.nan))
        for name in _COUNTS:
            setattr(self, name, np.append(getattr(self, name), np.zeros(more)))
        self._run_limit = np.append(self._run_limit, np.full(more, np.inf))
        self._gap_limit = np.append(self._gap_limit, np.full(more, np.inf))
        none = np.zeros(more, dtype=np.bool_)
        self.stuck = np.append(self.stuck, none)
        self.silent = np.append(self.silent, none)
        self.implausible = np.append(self.implausible, none)
        self._suspect = np.append(self._suspect, none)

    @property
    def faulty(self) -> BoolArray:
        """Shape (c,): channels that must not speak for the machine."""
        return self.stuck | self.silent | self.implausible

    @property
    def doubtful(self) -> BoolArray:
        """Shape (c,): those, and channels that may turn out so with the next readings."""
        return self.faulty | self._suspect

    def step(self, x: FloatArray, quality: QualityArray, *, moving: bool) -> None:
        """Judge one reading, then learn it.

        Args:
            x: Shape (c,), NaN where bad or absent.
            quality: Shape (c,), of `Quality`.
            moving: The machine runs: its channels have reason to move.
        """
        arrived = x == x
        known = self._seen >= _HABIT
        same = arrived & (x == self._last)
        changed = arrived & ~same & (self._seen > 0)
        run, gap = self._run, self._gap
        self._run = np.where(same, self._run + 1, np.where(arrived, 0.0, self._run))
        self._gap = np.where(arrived, 0.0, self._gap + 1)
        zero = arrived & (x == 0)
        self._zero_run = np.where(zero, self._zero_run + 1, np.where(arrived, 0.0, self._zero_run))
        strange = quality == Quality.UNCERTAIN
        self._strange += 0.3 * (strange - self._strange)

        if self._age % _REFRESH == 0:
            self._run_limit = _run_limit(self._repeats, self._longest, _LEAST_RUN)
            self._gap_limit = _run_limit(self._gaps, self._longest_gap, _LEAST_GAP)
        self._age += 1
        if moving:
            held = known & (self._run > self._run_limit)
            if held.any():
                neighbours = int(changed.sum()) - changed
                held &= (neighbours > 0) | (len(x) == 1)
            self.stuck = (self.stuck & ~changed) | held
            self.silent = known & (self._gap > self._gap_limit)
            if zero.any():
                self.silent |= self._fallen(zero, known)
        else:
            self.stuck = self.stuck & ~changed
            self.silent = self.silent & ~arrived
        self._suspect = self._fallen_now(zero, known) | strange
        self.implausible = self._strange > 0.6 if strange.any() else self._strange > 0.3
        self._learn(x, arrived, same, changed, run, gap, zero, moving)

    def _fallen(self, zero: BoolArray, known: BoolArray) -> BoolArray:
        """One channel at exactly 0 that never was is an instrument; many are a stopped machine."""
        fallen = self._fallen_now(zero, known)
        return fallen & ((self._zero_run >= _ZEROS) | self.silent)

    def _fallen_now(self, zero: BoolArray, known: BoolArray) -> BoolArray:
        fallen = zero & known & (self._zeros < _NEVER)
        return fallen & (int(fallen.sum()) <= max(1, len(zero) // 4))

    def _learn(
        self,
        x: FloatArray,
        arrived: BoolArray,
        same: BoolArray,
        changed: BoolArray,
        run: FloatArray,
        gap: FloatArray,
        zero: BoolArray,
        moving: bool,
    ) -> None:
        met = arrived | (self._seen > 0)
        healthy = met & ~self.doubtful & moving
        rate = np.where(healthy, np.maximum(1 / (self._seen + 2), 1 / _MEMORY), 0.0)
        self._repeats += np.where(arrived, rate, 0.0) * (same - self._repeats)
        self._gaps += rate * (~arrived - self._gaps)
        self._zeros += np.where(arrived, rate, 0.0) * (zero - self._zeros)
        # Only a run that is over is a habit, else a stuck channel would excuse itself.
        self._longest = np.where(healthy & changed, np.maximum(self._longest, run), self._longest)
        self._longest_gap = np.where(
            healthy & arrived, np.maximum(self._longest_gap, gap), self._longest_gap
        )
        self._seen += met
        # A channel at 0 keeps the last value that it measured, to be seen as fallen.
        kept = zero & (self._zeros < _NEVER) & (self._seen > _HABIT)
        self._last = np.where(arrived & ~kept, x, self._last)


_COUNTS = (
    "_seen", "_repeats", "_gaps", "_zeros", "_run", "_longest", "_gap", "_longest_gap",
    "_zero_run", "_strange",
)  # fmt: skip


def _run_limit(probability: FloatArray, longest: FloatArray, least: int) -> FloatArray:
    """Readings that a run may last, shape (c,)."""
    chance = _CHANCE / np.log(np.clip(probability, 1e-6, 1 - 1e-6))
    return np.maximum(np.maximum(chance, _LONGER * longest), least)
