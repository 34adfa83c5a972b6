"""The learned normal of one device: level shifts and the residual of a vector autoregression.

Two questions are asked of every reading, over all channels at once: has the level of a channel
moved against its own slow baseline (two time scales, each channel alone and all together), and is
the reading unlike what the last ones foretold (ridge vector autoregression).  Every statistic is
computed before the reading is learnt, so the statistics' own past is an honest sample of the
healthy device: limits are set from it, which corrects for the number of channels and for
autocorrelation without a table.

Learning is by blocks of readings that wait until the block after them was quiet too, and stops for
every channel that deviates: a fault is neither learnt when it stands nor when it begins.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from opsmith.domain.readings import FloatArray
from opsmith_detectors.baseline import Baseline
from opsmith_detectors.pending import Pending, known

BoolArray = npt.NDArray[np.bool_]
_CUBE = 1 / 3
_BEARABLE = 2.0
"""Standard deviations of the fast level by which a slow one may go beyond it."""
_COMMISSIONED = 400
"""Readings for which a device is learnt whatever it does, unless it is far off."""
_FAR_OFF = 3.0
"""Score that is not learnt even then."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What one reading says before it is learnt."""

    score: float
    """Dimensionless, 0 or more; 1 is the limit; 0 in the grace."""
    level: FloatArray
    """Shape (h, c), fast levels on each time scale after this reading, in the channels' units."""
    shift: FloatArray
    """Shape (h, c), signed shift of the level in its own standard deviations; 0 where unusable."""
    residual: FloatArray
    """Shape (c,), one-step residual in its own standard deviations; 0 where unusable."""
    smooth: float
    """Smoothed T2 of the residual."""
    statistics: FloatArray | None
    """Shape (hc + h + 1,), cube roots of T2-like statistics: each level shift alone, all shifts of
    a time scale together, the residual; None before the first fit."""
    by_level: bool
    """The score comes from a shifted level, not from the residual."""
    x: FloatArray
    """Shape (c,), the reading, with what was unusable replaced by the fast level."""
    usable: BoolArray
    """Shape (c,), channels that arrived and are believed."""
    spoken: BoolArray
    """Shape (c,), those of them that were judged, and may be learnt."""
    sudden: FloatArray
    """Shape (c,), the reading less its baseline, in the channels' units."""
    past: FloatArray
    """Shape (2c,), the last reading and its fast level, less the same; what foretells `sudden`."""

    @property
    def strength(self) -> FloatArray:
        """Shape (c,), how far each channel is from what was expected; dimensionless."""
        return np.abs(self.shift).max(0) if self.by_level else np.abs(self.residual)

    @property
    def foremost(self) -> int:
        """The channel that deviates most."""
        return int(self.strength.argmax())


class Residual:
    """Learns one device online and scores how far it left its own normal.

    Sources: level against a slow baseline, as EWMA and MEWMA charts: Roberts (1959), Technometrics
    1(3), 239-250; Lowry et al. (1992), Technometrics 34(1), 46-53.  Residuals of a vector
    autoregression: Luetkepohl (2005), New Introduction to Multiple Time Series Analysis, ch. 2;
    Hotelling's T2.  Cube root of a chi-square is near normal: Wilson and Hilferty (1931).
    Baseline gain of a local level model: Harvey (1989), Forecasting, Structural Time Series, ch. 4.

    Args:
        channels: How many channels the device has now; `grow` adds more.
        limit: Standard deviations of a statistic's own past at which the score is 1.
        cap: Standard deviations of a channel's level that are an anomaly whatever the past was.
        grace: Readings of a device before which its score is 0.

    >>> rng = np.random.default_rng(1)
    >>> detector = Residual(2)
    >>> for _ in range(400):
    ...     x = rng.normal([10.0, 50.0], 1.0)
    ...     detector.learn_one(detector.score_one(x))
    >>> for _ in range(20):
    ...     late = detector.score_one(np.array([10.0, 60.0]))
    ...     detector.learn_one(late)
    >>> late.score > 1, int(np.argmax(np.abs(late.shift[0])))
    (True, 1)
    """

    HALF_LIVES = (5.0, 25.0)
    """Readings, of the fast levels: sudden shifts and small ones."""

    def __init__(
        self, channels: int, *, limit: float = 5.0, cap: float = 7.0, grace: int = 60
    ) -> None:
        self.limit = limit
        self.cap = cap
        self.grace = grace
        self.gain = np.array([1 - 0.5 ** (1 / half) for half in self.HALF_LIVES])[:, None]
        self.base = Baseline(channels, self.gain[:, 0])
        self.seen = np.zeros(channels, dtype=np.int64)
        self._level = np.full((len(self.HALF_LIVES), channels), np.nan)
        self._last = np.full(2 * channels, np.nan)
        self._smooth = 0.0
        self._n = 0
        self._since = 0
        self._spoilt = False
        self._block = Pending(channels, len(self.HALF_LIVES))
        self._waiting: list[Pending] = []

    def grow(self, more: int) -> None:
        """Add `more` channels behind the others; they are learnt from now on."""
        c = len(self.seen)
        self.base.grow(more)
        self.seen = np.append(self.seen, np.zeros(more, dtype=np.int64))
        self._level = np.pad(self._level, ((0, 0), (0, more)), constant_values=np.nan)
        gap = np.full(more, np.nan)
        self._last = np.concatenate([self._last[:c], gap, self._last[c:], gap])
        self._block = Pending(c + more, len(self.HALF_LIVES))
        self._waiting.clear()

    @property
    def expected(self) -> FloatArray:
        """Shape (c,), the baseline level of each channel; NaN where it has none yet."""
        return np.where(self.seen > 0, self.base.mean, np.nan)

    @property
    def spread(self) -> FloatArray:
        """Shape (c,), standard deviation of each channel about its baseline."""
        return np.sqrt(self.base.variance)

    def score_one(
        self, x: FloatArray, usable: BoolArray | None = None, muted: BoolArray | None = None
    ) -> Scored:
        """Score one reading, without learning it.

        Args:
            x: Shape (c,), each in its channel's unit; NaN where none arrived.
            usable: Shape (c,); channels to be believed: a sensor at fault, for one, is not.
            muted: Shape (c,); channels that are followed, but neither judged nor learnt.
        """
        base = self.base
        arrived = x == x
        heard = arrived if usable is None else arrived & usable
        spoken = heard if muted is None else heard & ~muted
        first = self.seen == 0
        mean = np.where(first, x, base.mean)
        held = np.where(np.isnan(self._level), x, self._level)
        x = np.where(heard, x, held[0])
        gain = self.gain if self._n > 40 else np.maximum(self.gain, 1 / (self._n + 1))
        level = held + gain * (x - held)
        centre = known(mean)
        sudden = known(x - centre)
        past = known(self._last - np.concatenate([centre, centre]))
        if base.inverse is None:
            zero = np.zeros(len(x))
            return Scored(
                0.0, level, level * 0, zero, 0.0, None, True, x, heard, spoken, sudden, past
            )
        ready = spoken & (self.seen >= min(self.grace, self._n // 2))
        quiet = ~ready
        residual = np.where(quiet, 0.0, sudden - past @ base.coefficients)
        residual = np.clip(residual / base.residual_scale, -8.0, 8.0)
        offset = np.where(quiet, 0.0, known(level - centre))
        scale = base.widened(self._since)
        # A slow level claims no more than the fast one can still bear out: it forgets a big
        # deviation that is over only in many readings.
        bound = np.abs(offset[0]) + _BEARABLE * scale[0]
        offset = np.minimum(np.maximum(offset, -bound), bound)
        shift = offset / scale
        smooth = self._smooth + self.gain[0, 0] * (
            float(residual @ base.residual_inverse @ residual) - self._smooth
        )
        joint = np.maximum(np.matmul(shift[:, None, :], base.inverse) @ shift[:, :, None], 0.0)
        alone = np.abs(shift) ** (2 * _CUBE)
        if quiet.any():
            # A channel that says nothing is as usual.
            alone = np.where(quiet, base.statistic_mean[: alone.size].reshape(alone.shape), alone)
        statistics = np.concatenate(
            [alone.ravel(), joint[:, 0, 0] ** _CUBE, [max(smooth, 0.0) ** _CUBE]]
        )
        score, by_level = 0.0, True
        if self._n >= self.grace and base.judged:
            ratio = base.ratios(statistics, self.limit, self.cap)
            worst = int(ratio.argmax())
            score, by_level = max(0.0, float(ratio[worst])), worst < len(statistics) - 1
        return Scored(
            score, level, shift, residual, smooth, statistics, by_level, x, heard, spoken,
            sudden, past,
        )  # fmt: skip

    def pause(self) -> None:
        """Nothing of this reading is of the running machine: keep what is known, start afresh."""
        self._level = np.full_like(self._level, np.nan)
        self._last = np.full_like(self._last, np.nan)
        self._waiting.clear()
        self._spoilt = True
        self.base.forget_last_blocks()

    def learn_one(
        self,
        scored: Scored,
        *,
        frozen: bool = False,
        follow: FloatArray | float = 0.0,
        blank: bool = False,
    ) -> None:
        """Learn a reading that was scored.

        Args:
            scored: What `score_one` gave for the reading.
            blank: The reading is not judged: its surprise is not carried on either.
            frozen: An alert stands: nothing that deviates is learnt.
            follow: At least this gain for the baseline levels, per reading; 0: nothing is followed;
                shape (c,) or one for all.
        """
        base, x = self.base, scored.x
        new = scored.usable & (self.seen == 0)
        if new.any():
            base.mean = np.where(new, x, base.mean)
        self._n += 1
        self._since += 1
        self.seen += scored.usable
        change = np.abs(x - self._last[: len(x)])
        base.step = np.where(scored.usable & (change > 0), np.minimum(base.step, change), base.step)
        held = known(x - base.mean)
        known_well = base.learnt >= _COMMISSIONED or scored.score >= _FAR_OFF
        bad = (frozen or scored.score >= 1) and known_well
        if bad:
            self._spoilt = True
            self._waiting.clear()
            base.forget_last_blocks()
        if self._spoilt and self._n > self.grace:
            base.leak(held, scored, self.limit, self.cap, follow)
        elif np.any(follow):
            base.mean = base.mean + np.where(scored.spoken, 0.0, follow) * held
        if not self._spoilt:
            self._block.add(base, scored, held)
        self._block.count += 1
        self._level = scored.level
        self._last = np.concatenate([x, scored.level[0]])
        self._smooth = base.usual_residual() if blank else scored.smooth
        young = self._n <= self.grace
        if self._block.count >= (10 if young else Baseline.BLOCK):
            if not self._spoilt:
                self._waiting.append(self._block)
            self._block, self._spoilt = Pending(len(x), len(self.gain)), False
            while len(self._waiting) > (0 if young else 1):
                base.learn(self._waiting.pop(0))
                self._since = Baseline.BLOCK * len(self._waiting)
