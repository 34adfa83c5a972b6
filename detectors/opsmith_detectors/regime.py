"""What moves a healthy machine: start-ups and changes of load blank the learned detectors a while.

A change of load is quick, moves what bears the load within a band of its usual level, does not
shake the machine, and is soon over: flow and current go the same way (affinity laws: both grow with
the demand), and then they stand.  What goes on growing was a fault: the excuse is withdrawn, and
the levels are judged against those of before.  A fault that looks like a change of load in every
channel and stands, such as a valve that somebody closes a little, cannot be told from one.
"""

from dataclasses import dataclass

import numpy as np

from opsmith.domain.readings import FloatArray
from opsmith_detectors.baseline import Baseline
from opsmith_detectors.scored import BoolArray, Scored
from opsmith_detectors.state import OperatingState

FOLLOW = 1 / 12
"""Gain at which the levels follow a change of load while the detectors are blanked."""
WARMING = np.timedelta64(40 * 60, "s")
"""Plant time for which temperatures lag behind a start-up or a change of load."""
SETTLING = (np.timedelta64(150, "s"), 15)
"""Plant time and readings, both of them, after which a change of load is over."""
STANDING = (np.timedelta64(120, "s"), 20)
"""The same, after that, for which it has to stand."""
PAUSE = 60
"""Readings after a change of load was taken back in which no other is believed."""

_DRIVEN = ("current", "power", "speed", "load", "torque", "frequency")
"""Channels, by their names' beginnings, one of which moves where the load does."""
_BANDS = {"current": 0.4, "power": 0.4, "speed": 0.4, "flow": 0.25, "pressure": 0.2}
"""Parts of a channel's level within which a change may be one of load."""
_SHAKEN = 0.3
"""Part of its level by which vibration may rise with the load."""
_LEAST = 0.02
"""Part of its level by which a driven channel moves at least, if the load does."""
_NOTICED = 3.0
"""Standard deviations of its noise by which a channel has left its slower level."""
_QUICK = 0.6
"""Part of the whole change that the slower level has not followed yet: it began lately."""
_STEP = 0.03
"""Part of its level by which a driven channel leaps, if the load changes once more."""
_AGAIN = 3
"""Changes of load that may follow on each other."""
_SUSPECT = 0.7
"""Score from which a change of load is asked for."""
_GROWN = 0.5
"""Part of a change of load by which it may still grow when it should stand."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the learned detectors are to do with a reading."""

    blank: bool
    follow: FloatArray | None = None
    """Shape (c,), gain at which the baseline levels follow; None: they do not."""


_JUDGE = Ruling(blank=False)
_BLANK = Ruling(blank=True)
# An enumeration's members are looked up slowly.
_RUNNING = OperatingState.RUNNING


@dataclass(slots=True, eq=False)
class _Excuse:
    """A change of load that is believed, so far."""

    since: np.datetime64
    mean: FloatArray
    """Shape (c,), the baseline levels of before."""
    readings: int = 0
    again: int = 0
    reached: FloatArray | None = None
    """Shape (c,), levels where it should be over."""
    over: np.datetime64 | None = None
    after_start: bool = False


class Regime:
    """Tells a change of load, and the time after a start, from a fault."""

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._driven = np.zeros(0, dtype=np.bool_)
        self._flow = np.zeros(0, dtype=np.bool_)
        self._speed = np.zeros(0, dtype=np.bool_)
        self._shaking = np.zeros(0, dtype=np.bool_)
        self._thermal = np.zeros(0, dtype=np.bool_)
        self._band = np.zeros(0)
        self._excuse: _Excuse | None = None
        self._before = np.zeros(0)
        self._pause = 0
        self._warm_from: np.datetime64 | None = None

    def grow(self, channels: tuple[str, ...]) -> None:
        """Add channels behind the others."""
        names = self._names = self._names + channels
        self._driven = np.array([name.startswith(_DRIVEN) for name in names])
        self._flow = np.array([name.startswith("flow") for name in names])
        # Speed may fall a little when the load grows: a motor's slip.
        self._speed = np.array([name.startswith("speed") for name in names])
        self._shaking = np.array([name.startswith("vibration") for name in names])
        self._thermal = np.array(["temperature" in name for name in names])
        bands = [
            [band for start, band in _BANDS.items() if name.startswith(start)] for name in names
        ]
        self._band = np.array([each[0] if each else np.inf for each in bands])
        self._before = np.append(self._before, np.full(len(channels), np.nan))
        self._excuse = None

    def stop(self, time: np.datetime64) -> None:
        """It stands, or starts, at this reading."""
        self._excuse = None
        self._warm_from = time
        self._pause = -1

    def warming(self, time: np.datetime64) -> BoolArray | None:
        """Shape (c,): channels that still lag behind a start-up or a change of load; None: none."""
        if self._warm_from is None:
            return None
        if time - self._warm_from >= WARMING:
            self._warm_from = None
            return None
        return self._thermal

    def step(
        self,
        time: np.datetime64,
        scored: Scored,
        base: Baseline,
        state: OperatingState,
        *,
        frozen: bool,
    ) -> Ruling:
        """Judge one reading, before it is learnt; may set the baseline's levels back.

        Args:
            time: Of the reading, UTC.
            scored: What the learned detectors said.
            base: What they know.
            state: Of the machine.
            frozen: An alert of the learned detectors stands: it is not excused any more.
        """
        before, self._before = self._before, scored.x
        if state is not _RUNNING:
            self.stop(time)
            return _BLANK
        if self._pause < 0:
            # The load after a start is not that before the stop.
            self._excuse = _Excuse(time, base.mean, after_start=True)
            self._pause = 0
        elif (
            self._excuse is None
            and self._pause == 0
            and not frozen
            and scored.score >= _SUSPECT
            and self._is_load(scored, base, (scored.x + before) / 2)
        ):
            self._excuse = _Excuse(time, base.mean)
        self._pause = max(0, self._pause - 1)
        if self._excuse is None:
            return _JUDGE
        self._watch(self._excuse, time, scored, base)
        return Ruling(blank=True, follow=np.where(self._far(scored, base), 0.0, FOLLOW))

    def _watch(self, excuse: _Excuse, time: np.datetime64, scored: Scored, base: Baseline) -> None:
        """See whether the change is over, and then whether it stands."""
        excuse.readings += 1
        level: FloatArray = scored.level[0]
        leap = np.abs(scored.x - level) * 1.15 > _STEP * np.abs(base.mean)
        if (
            excuse.reached is not None
            and bool((leap & self._driven).any())
            and excuse.again < _AGAIN
        ):
            excuse.since, excuse.readings, excuse.again = time, 0, excuse.again + 1
            excuse.reached, excuse.mean = None, np.where(self._far(scored, base), base.mean, level)
        if excuse.reached is None or excuse.over is None:
            if time - excuse.since >= SETTLING[0] and excuse.readings >= SETTLING[1]:
                excuse.reached, excuse.over, excuse.readings = level, time, 0
            return
        if time - excuse.over < STANDING[0] or excuse.readings < STANDING[1]:
            return
        change = excuse.reached - excuse.mean
        grown = (level - excuse.reached) * np.sign(change)
        noticed = np.abs(change) > _NOTICED * base.shift_scale[0]
        judged = noticed & (self._driven | self._flow | self._shaking)
        grew = bool((judged & (grown > _GROWN * np.abs(change))).any())
        if grew and not excuse.after_start:
            base.mean = excuse.mean
            self._pause = PAUSE
        else:
            # Where it stands now is its normal under this load.
            base.mean = np.where(self._far(scored, base), base.mean, level)
            self._warm_from = excuse.since
        self._excuse = None

    def _far(self, scored: Scored, base: Baseline) -> BoolArray:
        """Shape (c,): channels further from their baseline than a load would bring them."""
        mean = base.mean if self._excuse is None else self._excuse.mean
        change: FloatArray = (scored.level[0] - mean) / np.maximum(np.abs(mean), 1e-9)
        return (np.abs(change) > self._band) | (self._shaking & (change > _SHAKEN))

    def _is_load(self, scored: Scored, base: Baseline, x: FloatArray) -> bool:
        if not self._driven.any() or self._thermal[scored.foremost]:
            return False
        jump: FloatArray = x - scored.level[-1]
        moved = scored.spoken & (np.abs(jump) > _NOTICED * np.sqrt(base.noise))
        change: FloatArray = jump / np.maximum(np.abs(base.mean), 1e-9)
        bearing = moved & self._driven & (np.abs(change) > _LEAST)
        quick = np.abs(jump) > _QUICK * np.abs(x - base.mean)
        if not (bearing & quick).any() or bool((moved & self._far(scored, base)).any()):
            return False
        ways = np.sign(change[moved & (self._flow | (bearing & ~self._speed))])
        return bool((ways == ways[:1]).all())
