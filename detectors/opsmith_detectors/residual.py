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

import numpy as np

from opsmith.domain.readings import FloatArray
from opsmith_detectors.baseline import Baseline
from opsmith_detectors.pending import Block, Sums, known
from opsmith_detectors.scored import BoolArray, Scored

_BEARABLE = 2.0
"""Standard deviations of the fast level by which a slow one may go beyond it."""
_COMMISSIONED = 400
"""Readings for which a device is learnt whatever it does, unless it is far off."""
_FAR_OFF = 3.0
"""Score that is not learnt even then."""
_FAREST = 8.0
"""Standard deviations that a residual counts for at most."""


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
        self.grace = grace
        gains = np.array([1 - 0.5 ** (1 / half) for half in self.HALF_LIVES])
        self._gain = np.tile(gains[:, None], channels)
        self.base = Baseline(channels, gains, limit, cap)
        self.seen = np.zeros(channels, dtype=np.int64)
        """Shape (c,), readings of each channel; not counted on when all are known."""
        self._all_known = False
        self._level = np.full((len(gains), channels), np.nan)
        self._led = False
        """Every channel has a fast level: what is reckoned from them holds no NaN."""
        self._last = np.full(channels, np.nan)
        self._smooth = 0.0
        self._smoothing = float(gains[0])
        self._n = 0
        self._since = 0
        self._spoilt = False
        self._block = Block(channels, len(gains), Baseline.BLOCK)
        self._waiting: list[Sums] = []

    def grow(self, more: int) -> None:
        """Add `more` channels behind the others; they are learnt from now on."""
        self.base.grow(more)
        self.seen = np.append(self.seen, np.zeros(more, dtype=np.int64))
        c, gains = len(self.seen), self.base.gains
        self._gain = np.tile(gains[:, None], c)
        self._all_known = self._led = False
        self._level = np.pad(self._level, ((0, 0), (0, more)), constant_values=np.nan)
        self._last = np.append(self._last, np.full(more, np.nan))
        self._block = Block(c, len(gains), Baseline.BLOCK)
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
            x: Shape (c,), each in its channel's unit; NaN where none arrived. It is kept.
            usable: Shape (c,); channels to be believed: a sensor at fault, for one, is not.
            muted: Shape (c,); channels that are followed, but neither judged nor learnt.
        """
        base = self.base
        heard = x == x
        if usable is not None:
            heard &= usable
        spoken = heard if muted is None else heard & ~muted
        whole = np.count_nonzero(heard) == len(x)
        held = self._level if self._led else np.where(np.isnan(self._level), x, self._level)
        if not whole:
            x = np.where(heard, x, held[0])
        mean = base.mean if self._all_known else np.where(self.seen == 0, x, base.mean)
        gain = self._gain if self._n > 40 else np.maximum(self._gain, 1 / (self._n + 1))
        level = held + gain * (x - held)
        centre = known(mean)
        sudden = x - centre
        past = np.empty(2 * len(x))
        np.subtract(self._last, centre, out=past[: len(x)])
        np.subtract(self._level[0], centre, out=past[len(x) :])
        if not self._led:
            sudden, past = known(sudden), known(past)
        unforeseen = sudden - past.dot(base.coefficients)
        if base.inverse is None:
            zero = np.zeros(len(x))
            return Scored(
                0.0, level, np.zeros(level.shape), zero, unforeseen, 0.0, None, None, True, x,
                heard, spoken, sudden, past,
            )  # fmt: skip
        quiet = self._quiet(spoken, whole=whole and muted is None)
        residual = unforeseen / base.residual_scale
        residual = np.minimum(np.maximum(residual, -_FAREST), _FAREST)
        offset = level - centre
        if quiet is not None:
            residual[quiet] = 0.0
            offset[:, quiet] = 0.0
        scale = base.widened(self._since)
        # A slow level claims no more than the fast one can still bear out: it forgets a big
        # deviation that is over only in many readings.
        bound = np.abs(offset[0]) + _BEARABLE * scale[0]
        slow = offset[1:]
        np.minimum(np.maximum(slow, -bound), bound, out=slow)
        shift = offset / scale
        smooth = self._smooth + self._smoothing * (
            float(residual.dot(base.residual_inverse).dot(residual)) - self._smooth
        )
        statistics = self._statistics(shift, smooth, quiet)
        score, by_level, ratio = 0.0, True, None
        if self._n >= self.grace and base.judged:
            ratio = base.ratios(statistics)
            worst = int(ratio.argmax())
            score, by_level = max(0.0, float(ratio[worst])), worst < len(statistics) - 1
        return Scored(
            score, level, shift, residual, unforeseen, smooth, statistics, ratio, by_level, x,
            heard, spoken, sudden, past,
        )  # fmt: skip

    def _quiet(self, spoken: BoolArray, *, whole: bool) -> BoolArray | None:
        """Shape (c,): channels that are not judged; None if all are, as they mostly are."""
        if not self._all_known:
            quiet = ~(spoken & (self.seen >= min(self.grace, self._n // 2)))
            return quiet if quiet.any() else None
        return None if whole else ~spoken

    def _statistics(self, shift: FloatArray, smooth: float, quiet: BoolArray | None) -> FloatArray:
        base, (h, c) = self.base, shift.shape
        assert base.inverse is not None
        squares = np.empty(h * c + h + 1)
        np.multiply(shift, shift, out=squares[: h * c].reshape(h, c))
        for i in range(h):
            squares[h * c + i] = max(0.0, shift[i].dot(base.inverse[i]).dot(shift[i]))
        squares[-1] = max(0.0, smooth)
        statistics = np.cbrt(squares)
        if quiet is not None:
            # A channel that says nothing is as usual.
            alone, usual = statistics[: h * c], base.statistic_mean[: h * c]
            np.copyto(alone.reshape(h, c), usual.reshape(h, c), where=quiet)
        return statistics

    def pause(self) -> None:
        """Nothing of this reading is of the running machine: keep what is known, start afresh."""
        self._level = np.full_like(self._level, np.nan)
        self._led = False
        self._last = np.full_like(self._last, np.nan)
        self._waiting.clear()
        self._spoilt = True
        self.base.forget_last_blocks()

    def learn_one(
        self,
        scored: Scored,
        *,
        frozen: bool = False,
        follow: FloatArray | None = None,
        blank: bool = False,
    ) -> None:
        """Learn a reading that was scored.

        Args:
            scored: What `score_one` gave for the reading.
            blank: The reading is not judged: its surprise is not carried on either.
            frozen: An alert stands: nothing that deviates is learnt.
            follow: Shape (c,), at least this gain for the baseline levels, per reading; None:
                nothing is followed.
        """
        base, x = self.base, scored.x
        self._n += 1
        self._since += 1
        if not self._all_known:
            self._meet(scored)
        change = np.abs(x - self._last)
        np.minimum(base.step, change, out=base.step, where=scored.usable & (change > 0))
        held = known(x - base.mean)
        known_well = base.learnt >= _COMMISSIONED or scored.score >= _FAR_OFF
        bad = (frozen or scored.score >= 1) and known_well
        if bad:
            self._spoilt = True
            self._waiting.clear()
            base.forget_last_blocks()
        if self._spoilt and self._n > self.grace:
            base.leak(held, scored, follow)
        elif follow is not None:
            base.mean = base.mean + np.where(scored.spoken, 0.0, follow) * held
        if not self._spoilt:
            self._block.add(scored, base.mean, held)
        self._block.count += 1
        self._level = scored.level
        self._led = self._led or not np.isnan(scored.level).any()
        self._last = x
        self._smooth = base.usual_residual() if blank else scored.smooth
        young = self._n <= self.grace
        if self._block.count >= (10 if young else Baseline.BLOCK):
            self._close_block(patience=0 if young else 1)

    def _meet(self, scored: Scored) -> None:
        """Count the readings of each channel, and start the baseline of a new one there."""
        new = scored.usable & (self.seen == 0)
        if new.any():
            self.base.mean = np.where(new, scored.x, self.base.mean)
        self.seen += scored.usable
        enough = max(1, self.grace)
        self._all_known = self._n // 2 >= enough and bool((self.seen >= enough).all())

    def _close_block(self, *, patience: int) -> None:
        """Let the block wait, and learn the one before it; `patience`: blocks that may wait."""
        if not self._spoilt:
            self._waiting.append(self._block.sums(self.base))
        self._block.clear()
        self._spoilt = False
        while len(self._waiting) > patience:
            self.base.learn(self._waiting.pop(0))
            self._since = Baseline.BLOCK * len(self._waiting)
