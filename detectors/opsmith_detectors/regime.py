"""Start-ups and load changes: what moves a healthy machine blanks the learned detectors for a time."""

from dataclasses import dataclass

import numpy as np

from opsmith.domain.readings import FloatArray
from opsmith_detectors.baseline import Baseline
from opsmith_detectors.residual import Scored
from opsmith_detectors.state import OperatingState

BLANK = 90
"""Readings for which a start-up or a load change blanks the learned detectors, at most."""
FOLLOW = 1 / 15
"""Gain at which the levels follow a change of regime while they are blanked."""
_LOADED = ("current", "power", "speed", "flow", "load", "torque", "frequency")
"""Channels, by their names' beginnings, that follow the load."""
_BAND = 0.2
"""Part of a channel's level beyond which a change is no usual change of load."""
_LEAST = 0.02


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the learned detectors are to do with a reading."""

    blank: bool
    follow: float


class Regime:
    """Tells a change of load, and the time after a start, from a fault."""

    def __init__(self) -> None:
        self._loaded = np.zeros(0, dtype=np.bool_)
        self._left = 0
        self._was = OperatingState.RUNNING

    def grow(self, channels: tuple[str, ...]) -> None:
        """Add channels behind the others."""
        loaded = [name.startswith(_LOADED) for name in channels]
        self._loaded = np.append(self._loaded, np.array(loaded, dtype=np.bool_))

    def step(
        self, scored: Scored, base: Baseline, state: OperatingState, *, frozen: bool
    ) -> Ruling:
        """Judge one reading, before it is learnt."""
        was, self._was = self._was, state
        if state is OperatingState.STOPPED:
            self._left = BLANK
            return Ruling(blank=True, follow=0.0)
        if state is OperatingState.STARTING and was is OperatingState.RUNNING:
            self._left = BLANK
        if not frozen and self._left == 0 and scored.score >= 0.7 and self._is_load(scored, base):
            self._left = BLANK
        if self._left > 0:
            self._left -= 1
            return Ruling(blank=True, follow=FOLLOW)
        return Ruling(blank=False, follow=0.0)

    def _is_load(self, scored: Scored, base: Baseline) -> bool:
        """At least two load-bearing channels moved the same way, and not far."""
        if int(self._loaded.sum()) < 2:
            return False
        shift: FloatArray = scored.shift[0][self._loaded]
        level = base.mean[self._loaded]
        change = (scored.level[0][self._loaded] - level) / np.where(
            level == 0, np.inf, np.abs(level)
        )
        moved = (np.abs(shift) > 2.5) & (np.abs(change) > _LEAST)
        if int(moved.sum()) < 2 or bool((np.abs(change) > _BAND).any()):
            return False
        ways = np.sign(shift[moved])
        return bool((ways == ways[0]).all())
