"""Readings that are healthy so far, summed up until it is sure enough to learn them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from opsmith.domain.readings import FloatArray

if TYPE_CHECKING:
    from opsmith_detectors.baseline import Baseline
    from opsmith_detectors.residual import Scored

TINY = 1e-12
CLIP = 4.0
"""Standard deviations beyond which a healthy reading teaches no more (Huber 1964)."""
KNOWN = 40
"""Readings of a channel from which its spread is known."""


def known(x: FloatArray) -> FloatArray:
    """`x`, with 0 where it is NaN."""
    return np.where(x == x, x, 0.0)


@dataclass(slots=True, eq=False)
class Pending:
    """Sums over a block of readings that are not learnt yet."""

    channels: int
    scales: int
    count: int = 0
    learnt: int = 0
    judged: int = 0
    heard: FloatArray = field(init=False)
    total: FloatArray = field(init=False)
    held: FloatArray = field(init=False)
    squared: FloatArray = field(init=False)
    shifts: FloatArray = field(init=False)
    past: FloatArray = field(init=False)
    cross: FloatArray = field(init=False)
    residuals: FloatArray = field(init=False)
    statistics: FloatArray = field(init=False)
    statistics_squared: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        c, h = self.channels, self.scales
        self.heard, self.total = np.zeros(c), np.zeros(c)
        self.held, self.squared = np.zeros(c), np.zeros(c)
        self.shifts, self.residuals = np.zeros((h, c, c)), np.zeros((c, c))
        self.past, self.cross = np.zeros((2 * c, 2 * c)), np.zeros((2 * c, c))
        m = h * c + h + 1
        self.statistics, self.statistics_squared = np.zeros(m), np.zeros(m)

    def add(self, base: "Baseline", scored: "Scored", held: FloatArray) -> None:
        """Add one healthy reading; `held` is the reading less the baseline level."""
        self.learnt += 1
        self.heard += scored.spoken
        self.total += known(scored.x)
        shift = known(scored.level - base.mean)
        past, sudden = scored.past, scored.sudden
        residual = sudden - past @ base.coefficients
        if base.inverse is not None:
            # Of a channel that came late the spread is not known yet.
            clip = np.where(base.heard >= KNOWN, CLIP, np.inf)
            far = clip * (np.sqrt(base.variance) + TINY)
            held = np.minimum(np.maximum(held, -far), far)
            far = clip * base.shift_scale
            shift = np.minimum(np.maximum(shift, -far), far)
            far = clip * base.residual_scale
            residual = np.minimum(np.maximum(residual, -far), far)
        self.held += held
        self.squared += held * held
        shift = shift * scored.spoken
        residual = residual * scored.spoken
        self.shifts += shift[:, :, None] * shift[:, None, :]
        self.past += past[:, None] * past
        self.cross += past[:, None] * sudden
        self.residuals += residual[:, None] * residual
        statistics = scored.statistics
        if statistics is not None:
            if base.judged:
                far = CLIP * base.statistic_spread
                centre = base.statistic_mean
                statistics = np.minimum(np.maximum(statistics, centre - far), centre + far)
            self.judged += 1
            self.statistics += statistics
            self.statistics_squared += statistics * statistics
