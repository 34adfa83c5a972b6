"""Readings that are healthy so far, kept until it is sure enough to learn them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from opsmith.domain.readings import FloatArray
from opsmith_detectors.scored import Scored

if TYPE_CHECKING:
    from opsmith_detectors.baseline import Baseline

TINY = 1e-12
CLIP = 4.0
"""Standard deviations beyond which a healthy reading teaches no more (Huber 1964)."""
KNOWN = 40
"""Readings of a channel from which its spread is known."""


def known(x: FloatArray) -> FloatArray:
    """`x`, with 0 where it is NaN; `x` itself where nothing is.

    >>> known(np.array([1.0, np.nan])).tolist()
    [1.0, 0.0]
    """
    # A sum of squares is NaN only if a summand is, and takes one call to find out.
    flat = x.ravel()
    squares = flat.dot(flat)
    return x if squares == squares else np.where(x == x, x, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Sums over a block of healthy readings, for c channels and h time scales."""

    learnt: int
    """Readings in it."""
    judged: int
    """Those of them that have statistics."""
    heard: FloatArray
    """Shape (c,), readings of each channel."""
    total: FloatArray
    """Shape (c,), of the readings."""
    held: FloatArray
    """Shape (c,), of the readings less their baseline; `squared`: of that squared."""
    squared: FloatArray
    shifts: FloatArray
    """Shape (h, c, c), products of the level shifts."""
    past: FloatArray
    """Shape (2c, 2c), products of what foretells; `cross`, (2c, c): with what it foretells."""
    cross: FloatArray
    residuals: FloatArray
    """Shape (c, c), products of the residuals."""
    statistics: FloatArray
    """Shape (m,), of the statistics; `statistics_squared`: of them squared."""
    statistics_squared: FloatArray


class Block:
    """Writes down up to `size` readings, and sums them all at once when they are to be learnt."""

    def __init__(self, channels: int, scales: int, size: int) -> None:
        c, h = channels, scales
        self.count = 0
        """Readings since it was begun, with those that were not written down."""
        self._learnt = self._judged = 0
        self._spoken = np.empty((size, c))
        self._x, self._mean, self._held = (np.empty((size, c)) for _ in range(3))
        self._sudden, self._residual = np.empty((size, c)), np.empty((size, c))
        self._past = np.empty((size, 2 * c))
        self._level = np.empty((size, h, c))
        self._statistics = np.empty((size, h * c + h + 1))

    def clear(self) -> None:
        """Begin anew."""
        self.count = self._learnt = self._judged = 0

    def add(self, scored: Scored, mean: FloatArray, held: FloatArray) -> None:
        """Write down one healthy reading.

        Args:
            scored: The reading.
            mean: Shape (c,), the baseline levels now.
            held: Shape (c,), the reading less the baseline levels that it was judged by.
        """
        k = self._learnt
        self._learnt = k + 1
        self._spoken[k] = scored.spoken
        self._x[k] = scored.x
        self._mean[k] = mean
        self._held[k] = held
        self._sudden[k] = scored.sudden
        self._residual[k] = scored.unforeseen
        self._past[k] = scored.past
        self._level[k] = scored.level
        if scored.statistics is not None:
            self._statistics[self._judged] = scored.statistics
            self._judged += 1

    def sums(self, base: "Baseline") -> Sums:
        """Sum up what was written down; `base` has to be as it was then, but for its levels."""
        k = self._learnt
        spoken, past, sudden = self._spoken[:k], self._past[:k], self._sudden[:k]
        held, residual = self._held[:k], self._residual[:k]
        shift = known(self._level[:k] - self._mean[:k, None])
        statistics = self._statistics[: self._judged]
        if base.inverse is not None:
            # Of a channel that came late the spread is not known yet.
            clip = np.where(base.heard >= KNOWN, CLIP, np.inf)
            held = _clipped(held, clip * (np.sqrt(base.variance) + TINY))
            shift = _clipped(shift, clip * base.shift_scale)
            residual = _clipped(residual, clip * base.residual_scale)
        if base.judged:
            far = CLIP * base.statistic_spread
            centre = base.statistic_mean
            statistics = np.minimum(np.maximum(statistics, centre - far), centre + far)
        shift = shift * spoken[:, None]
        residual = residual * spoken
        return Sums(
            learnt=k,
            judged=self._judged,
            heard=spoken.sum(0),
            total=known(self._x[:k]).sum(0),
            held=held.sum(0),
            squared=(held * held).sum(0),
            shifts=shift.transpose(1, 2, 0) @ shift.transpose(1, 0, 2),
            past=past.T @ past,
            cross=past.T @ sudden,
            residuals=residual.T @ residual,
            statistics=statistics.sum(0),
            statistics_squared=(statistics * statistics).sum(0),
        )


def _clipped(x: FloatArray, far: FloatArray) -> FloatArray:
    return np.minimum(np.maximum(x, -far), far)
