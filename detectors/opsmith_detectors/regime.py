"""What moves a healthy machine: start-ups and changes of load blank the learned detectors a while.

A change of load is quick, moves what bears the load within a band of its usual level, and does not
shake the machine; flow and current go the same way (affinity laws: both grow with the demand).
A fault that looks the same in every channel, such as a valve that somebody closes a little, cannot
be told from it and is followed; one that goes on growing is not, since the excuse is given once.
"""

from dataclasses import dataclass

import numpy as np

from opsmith.domain.readings import FloatArray
from opsmith_detectors.baseline import Baseline
from opsmith_detectors.residual import BoolArray, Scored
from opsmith_detectors.state import OperatingState

BLANK = 60
"""Readings for which a start-up or a change of load blanks the learned detectors."""
PAUSE = 120
"""Readings after that in which no second change of load is believed."""
FOLLOW = 1 / 12
"""Gain at which the levels follow a change of load while the detectors are blanked."""
WARMING = np.timedelta64(40 * 60, "s")
"""Plant time for which temperatures lag behind a start-up or a change of load."""

_DRIVEN = ("current", "power", "speed", "load", "torque", "frequency")
"""Channels, by their names' beginnings, one of which moves where the load does."""
_BANDS = {"current": 0.4, "power": 0.4, "speed": 0.4, "flow": 0.25, "pressure": 0.2}
"""Parts of a channel's level within which a change may be one of load."""
_SHAKEN = 0.3
"""Part of its level by which vibration may rise with the load."""
_LEAST = 0.003
_NOTICED = 3.0
"""Standard deviations of its noise by which a channel has left its slower level."""
_QUICK = 0.6
"""Part of the whole change that the slower level has not followed yet: it began lately."""
_SUSPECT = 0.7
"""Score from which a change of load is asked for."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the learned detectors are to do with a reading."""

    blank: bool
    follow: FloatArray
    """Shape (c,), gain at which the baseline levels follow."""


class Regime:
    """Tells a change of load, and the time after a start, from a fault."""

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._driven = np.zeros(0, dtype=np.bool_)
        self._flow = np.zeros(0, dtype=np.bool_)
        self._speed = np.zeros(0, dtype=np.bool_)
        self._shaking = np.zeros(0, dtype=np.bool_)
        self._band = np.zeros(0)
        self.thermal = np.zeros(0, dtype=np.bool_)
        """Shape (c,): channels that follow the machine's heat."""
        self._left = 0
        self._pause = 0
        self._total = 0
        self._warm_from: np.datetime64 | None = None

    def grow(self, channels: tuple[str, ...]) -> None:
        """Add channels behind the others."""
        names = self._names = self._names + channels
        self._driven = np.array([name.startswith(_DRIVEN) for name in names])
        self._flow = np.array([name.startswith("flow") for name in names])
        # Speed may fall a little when the load grows: a motor's slip.
        self._speed = np.array([name.startswith("speed") for name in names])
        self._shaking = np.array([name.startswith("vibration") for name in names])
        self.thermal = np.array(["temperature" in name for name in names])
        self._band = np.array(
            [
                next((band for start, band in _BANDS.items() if name.startswith(start)), np.inf)
                for name in names
            ]
        )

    def stop(self, time: np.datetime64) -> None:
        """It stands or starts at this reading."""
        self._left, self._pause, self._total = BLANK, PAUSE, 0
        self._warm_from = time

    def warming(self, time: np.datetime64) -> BoolArray:
        """Shape (c,): channels that still lag behind a start-up or a change of load."""
        if self._warm_from is None or time - self._warm_from >= WARMING:
            return self.thermal & False
        return self.thermal

    def step(
        self,
        time: np.datetime64,
        scored: Scored,
        base: Baseline,
        state: OperatingState,
        *,
        frozen: bool,
    ) -> Ruling:
        """Judge one reading, before it is learnt.

        Args:
            time: Of the reading, UTC.
            scored: What the learned detectors said.
            base: What they know.
            state: Of the machine.
            frozen: An alert of the learned detectors stands: it is not excused any more.
        """
        if state is not OperatingState.RUNNING:
            self.stop(time)
            return Ruling(blank=True, follow=np.zeros(len(base.mean)))
        known = not frozen and scored.statistics is not None
        fresh = self._pause == 0 and self._left == 0 and scored.score >= _SUSPECT
        # A second step of the load within a blank prolongs it, but not for ever.
        again = 0 < self._left < BLANK // 2 and self._total < 4 * BLANK
        if known and (fresh or again) and self._is_load(scored, base):
            if fresh:
                self._total = 0
            self._left, self._pause = BLANK, PAUSE
            self._warm_from = time
        if self._left > 0:
            self._left -= 1
            self._total += 1
            return Ruling(blank=True, follow=np.where(self._far(scored, base), 0.0, FOLLOW))
        self._pause = max(0, self._pause - 1)
        return Ruling(blank=False, follow=np.zeros(len(base.mean)))

    def _far(self, scored: Scored, base: Baseline) -> BoolArray:
        """Shape (c,): channels that moved further from their baseline than a load would make them."""
        change: FloatArray = (scored.level[0] - base.mean) / np.maximum(np.abs(base.mean), 1e-9)
        return (np.abs(change) > self._band) | (self._shaking & (change > _SHAKEN))

    def _is_load(self, scored: Scored, base: Baseline) -> bool:
        if not self._driven.any():
            return False
        jump: FloatArray = scored.x - scored.level[-1]
        moved = scored.spoken & (np.abs(jump) > _NOTICED * np.sqrt(base.noise))
        change: FloatArray = jump / np.maximum(np.abs(base.mean), 1e-9)
        bearing = moved & self._driven & (np.abs(change) > _LEAST)
        quick = np.abs(jump) > _QUICK * np.abs(scored.x - base.mean)
        if not (bearing & quick).any() or bool((moved & self._far(scored, base)).any()):
            return False
        ways = np.sign(change[moved & (self._flow | (bearing & ~self._speed))])
        return bool((ways == ways[:1]).all())
