"""What is kept of a device's healthy past: levels, second moments and how its statistics spread."""

from math import exp, log, sqrt

import numpy as np

from opsmith.domain.readings import FloatArray
from opsmith_detectors.pending import CLIP, KNOWN, TINY, Sums
from opsmith_detectors.scored import Scored


class Baseline:
    """The healthy past of c channels, forgotten slowly.

    Args:
        channels: c.
        gains: Shape (h,), gains of the fast levels whose shifts are judged.
        limit: Standard deviations of a statistic's own past at which it is at its limit.
        cap: Standard deviations of a channel's level that are beyond it whatever the past was.
    """

    BLOCK = 20
    """Readings learnt together."""
    MEMORY = 300.0
    """Readings, time constant of the baseline."""
    LEAK = 6000.0
    """Readings, time constant at which even a standing deviation is taken over in the end."""
    FASTEST = 1 / 40
    """Greatest gain of a baseline level; a channel that wanders by nature is followed so."""
    FLOOR = 0.25
    """A level shift's spread is at least this part of what independent readings would give."""
    CALM = 0.5
    """Part of the limit below which a channel goes on learning its level during an alert."""

    def __init__(self, channels: int, gains: FloatArray, limit: float, cap: float) -> None:
        c, h = channels, len(gains)
        self.gains = gains
        self._limit, self._cap = limit, cap
        self.learnt = 0
        self.heard = np.zeros(c)
        self.mean, self.variance, self.noise = np.zeros(c), np.zeros(c), np.zeros(c)
        self.drift = np.zeros(c)
        self.gain = np.zeros(c)
        self.shifts, self.residuals = np.zeros((h, c, c)), np.zeros((c, c))
        self.past, self.cross = np.zeros((2 * c, 2 * c)), np.zeros((2 * c, c))
        self.shift_variance, self.residual_variance = np.zeros((h, c)), np.zeros(c)
        self.coefficients = np.zeros((2 * c, c))
        self.inverse: FloatArray | None = None
        self.shift_scale: FloatArray = np.ones((h, c))
        self.residual_scale: FloatArray = np.ones(c)
        self.residual_inverse = np.eye(c)
        self.judged = 0
        m = h * c + h + 1
        self.statistic_mean, self.statistic_spread = np.zeros(m), np.ones(m)
        self.step = np.full(c, np.inf)
        """Shape (c,), the smallest change of each channel so far: its resolution, or less."""
        self._one_apart, self._two_apart = np.zeros(c), np.zeros(c)
        self._blocks: list[FloatArray] = []
        self._room = self._rooms()

    def grow(self, more: int) -> None:
        """Add channels of which nothing is known."""
        c = len(self.mean)
        for name in (
            "heard",
            "mean",
            "variance",
            "noise",
            "drift",
            "gain",
            "_one_apart",
            "residual_variance",
            "_two_apart",
        ):
            setattr(self, name, np.append(getattr(self, name), np.zeros(more)))
        self.step = np.append(self.step, np.full(more, np.inf))
        self.residual_scale = np.append(self.residual_scale, np.ones(more))
        self.shift_scale = np.pad(self.shift_scale, ((0, 0), (0, more)), constant_values=1.0)
        self.shift_variance = np.pad(self.shift_variance, ((0, 0), (0, more)))
        self.shifts = np.pad(self.shifts, ((0, 0), (0, more), (0, more)))
        self.residuals = np.pad(self.residuals, ((0, more), (0, more)))
        rows = np.r_[0:c, c + more : 2 * c + more]
        past, cross = self.past, self.cross
        self.past, self.cross = (
            np.zeros((2 * (c + more),) * 2),
            np.zeros((2 * (c + more), c + more)),
        )
        self.past[np.ix_(rows, rows)] = past
        self.cross[np.ix_(rows, np.arange(c))] = cross
        self._blocks.clear()
        h = len(self.gains)
        for name, new in (("statistic_mean", 0.8), ("statistic_spread", 0.42)):
            old = getattr(self, name)
            alone = np.pad(old[: h * c].reshape(h, c), ((0, 0), (0, more)), constant_values=new)
            setattr(self, name, np.concatenate([alone.ravel(), old[h * c :]]))
        if self.inverse is not None:
            self._refit()
        else:
            self.coefficients = np.zeros_like(self.cross)
            self.residual_inverse = np.eye(c + more)
        self._room = self._rooms()

    def widened(self, since: int) -> FloatArray:
        """Shape (h, c), spread of a level's shift, `since` readings after the last learnt one.

        While nothing is learnt, the truth goes on drifting as it always did: the variance grows by
        the drift's, as a local level model's prediction does (Harvey 1989, ch. 4).
        """
        late = since - 2 * self.BLOCK
        if late <= 0:
            return self.shift_scale
        return np.sqrt(self.shift_scale**2 + self.drift * late)

    def usual_residual(self) -> float:
        """The smoothed T2 of the residual as it usually is."""
        return float(self.statistic_mean[-1]) ** 3

    def young(self) -> float:
        """Factor on every limit, falling to 1 as the device becomes known."""
        return 1 + 0.5 * self.MEMORY / max(self.learnt, 1)

    def ratios(self, statistics: FloatArray) -> FloatArray:
        """Each statistic from its usual value (0) to its limit (1)."""
        return (statistics - self.statistic_mean) / self._room

    def _rooms(self) -> FloatArray:
        """Shape (m,), how far each statistic's limit is from its usual value.

        The limit is that of a normal tail shared by m statistics (Bonferroni): as far out as
        sqrt(limit^2 + 2 ln m) standard deviations, to first order.
        """
        m = len(self.statistic_mean)
        young = self.young()
        room = sqrt(self._limit**2 + 2 * log(m)) * young * self.statistic_spread
        alone = m - len(self.gains) - 1
        room[:alone] = np.minimum(
            room[:alone], (self._cap * young) ** (2 / 3) - self.statistic_mean[:alone]
        )
        return np.maximum(room, 0.1)

    def forget_last_blocks(self) -> None:
        """The next block does not follow on the last one."""
        self._blocks.clear()

    def leak(self, held: FloatArray, scored: Scored, follow: FloatArray | None) -> None:
        """Move the levels in a reading that is not learnt: calm channels go on as they did."""
        slowest = 1 / min(self.LEAK, 20.0 * max(self.learnt, 1))
        gain = np.full(len(held), slowest)
        if self.inverse is not None:
            far = np.where(self.heard >= KNOWN, CLIP * np.sqrt(self.variance), np.inf)
            near = np.minimum(np.maximum(held, -far), far)
            held = near if follow is None else np.where(follow > 0, held, near)
            if scored.ratio is not None:
                h, c = scored.shift.shape
                calm = (scored.ratio[: h * c].reshape(h, c) < self.CALM).all(0)
                gain = np.where(calm, np.maximum(self.gain, 1 / self.MEMORY), gain)
        if follow is not None:
            gain = np.maximum(gain, follow)
        self.mean = self.mean + gain * held

    def learn(self, block: Sums) -> None:
        """Learn a block of healthy readings."""
        n = block.learnt
        self.learnt += n
        self.heard += block.heard
        rate = np.maximum(block.heard / np.maximum(self.heard, 1.0), 1 - exp(-n / self.MEMORY))
        rate = np.where(block.heard > 0, rate, 0.0)
        # One rate for all of a matrix keeps it positive definite; what a channel was not heard in
        # counts as independent of the others.
        one = max(n / self.learnt, 1 - exp(-n / self.MEMORY))
        heard = np.maximum(block.heard, 1.0)
        squares = np.diagonal(block.shifts, axis1=1, axis2=2) / heard
        self.shift_variance += rate * (squares - self.shift_variance)
        self.residual_variance += rate * (np.diag(block.residuals) / heard - self.residual_variance)
        average = block.held / n
        self.variance += rate * (block.squared / n - self.variance)
        self.noise += rate * (np.maximum(block.squared / n - average**2, 0.0) - self.noise)
        self.shifts += one * (block.shifts / n - self.shifts)
        self.past += one * (block.past / n - self.past)
        self.cross += one * (block.cross / n - self.cross)
        self.residuals += one * (block.residuals / n - self.residuals)
        self._learn_drift(block.total / n)
        followed = np.maximum(rate, 1 - np.exp(-n * self.gain))
        self.mean = self.mean + np.where(rate > 0, followed, 0.0) * average
        self._learn_statistics(block)
        if self.learnt >= 30:
            self._refit()
        self._room = self._rooms()

    def _learn_drift(self, average: FloatArray) -> None:
        """Drift variance per reading: over more blocks, a random walk's steps are greater."""
        self._blocks = [*self._blocks[-2:], average]
        if len(self._blocks) == 3:
            first, second, third = self._blocks
            rate = max(1 / (1 + self.learnt / self.BLOCK), self.BLOCK / self.MEMORY / 2)
            self._one_apart += rate * ((third - second) ** 2 - self._one_apart)
            self._two_apart += rate * ((third - first) ** 2 - self._two_apart)
            self.drift = np.maximum(self._two_apart - self._one_apart, 0.0) / self.BLOCK
        ratio = self.drift / (self.noise + TINY)
        self.gain = np.minimum((np.sqrt(ratio**2 + 4 * ratio) - ratio) / 2, self.FASTEST)

    def _learn_statistics(self, block: Sums) -> None:
        """Mean and spread of the statistics, late ones weighing more (Shamir and Zhang 2013)."""
        k = block.judged
        if k == 0:
            return
        self.judged += k
        rate = min(1.0, max(4 * k / (self.judged + 3 * k), 1 - exp(-k / (2 * self.MEMORY))))
        average = block.statistics / k
        square = block.statistics_squared / k
        variance = self.statistic_spread**2
        off = square - 2 * average * self.statistic_mean + self.statistic_mean**2
        variance = square - average**2 if rate == 1.0 else variance + rate * (off - variance)
        self.statistic_mean = self.statistic_mean + rate * (average - self.statistic_mean)
        # The floor is about a third of a chi-square's: statistics cannot be steadier than chance.
        self.statistic_spread = np.sqrt(np.maximum(variance, 0.15**2))

    def _refit(self) -> None:
        """Solve for the autoregression and invert the shrunken correlations."""
        c = len(self.mean)
        known = min(self.learnt, 2 * self.MEMORY)
        ridge = 0.01 + 0.2 * c / known
        tiny = TINY + 1e-9 * _median(self.variance)
        penalised = self.past.copy()
        penalised.flat[:: 2 * c + 1] += ridge * self.past.diagonal() + tiny
        self.coefficients = np.linalg.solve(penalised, self.cross)
        shrink = 2 * c / (2 * c + known)
        gains = self.gains[:, None]
        resolution = self._resolution()
        # Smoothed levels hold fewer independent readings: their correlations are shrunk more.
        pull = np.minimum(1.0, shrink / gains / 3)[..., None]
        least = (self.FLOOR**2 * self.variance + resolution) * gains
        self.shift_scale, self.inverse = _inverse(
            self.shifts, np.maximum(self.shift_variance, least), pull
        )
        self.residual_scale, self.residual_inverse = _inverse(
            self.residuals,
            np.maximum(self.residual_variance, 1e-4 * self.variance + resolution),
            shrink,
        )

    def _resolution(self) -> FloatArray:
        """Variance below which a change means nothing: a coarse channel has to move visibly."""
        step = np.where(np.isfinite(self.step), self.step, 0.0)
        return (1e-4 * self.mean) ** 2 + (step / 2) ** 2 + TINY


def _median(x: FloatArray) -> float:
    """`np.median`, which takes longer on a handful of values than to solve for them."""
    ordered, middle = sorted(x.tolist()), len(x) // 2
    if not ordered:
        return 0.0
    return ordered[middle] if len(x) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _inverse(
    moment: FloatArray, variance: FloatArray, pull: FloatArray | float
) -> tuple[FloatArray, FloatArray]:
    """Scales, and the inverse of the correlations pulled towards independence.

    Shrinkage as of Ledoit and Wolf (2004), J. Multivariate Analysis 88(2), 365-411, with the
    weight taken from the number of readings and channels.

    Args:
        moment: Shape (..., c, c), products.
        variance: Shape (..., c), of each channel.
        pull: Weight of independence, 0 to 1.
    """
    sigma: FloatArray = np.sqrt(variance)
    correlation = (1 - pull) * moment / (sigma[..., None] * sigma[..., None, :])
    own = range(moment.shape[-1])
    correlation[..., own, own] = 1.0
    return sigma, np.asarray(np.linalg.inv(correlation), dtype=np.float64)
