"""Remaining useful life, learned from machines that ran to failure: the model, as plain arrays.

Boosted trees on smoothed levels, slopes and the change since new (`rul_features`); the mixture of
the models of a cross-validation over whole machines. What the model said of the machines that a
fold left out gives the interval: how long those lived on of which it said the same (conformal,
Barber et al. 2021, Annals of Statistics 49(1)). Time to any limit comes from analogs
(`rul_analogs`). Nothing here needs the library that grew the trees.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from opsmith.domain.readings import FloatArray
from opsmith_detectors.rul_features import Scaling

IntArray = npt.NDArray[np.int32]

PARTS = np.array([0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98])
"""Shares whose quantiles of the true remaining life are kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """A sum of regression trees, as the mean over its models; t trees of at most n nodes."""

    feature: IntArray
    """Shape (t, n); -1 at a leaf."""
    limit: FloatArray
    """Shape (t, n): up to it, to the left."""
    left: IntArray
    right: IntArray
    value: FloatArray
    """Shape (t, n): of a leaf."""
    base: float
    """What the trees are added to."""
    models: int
    """Models whose trees these are."""

    def predict(self, features: FloatArray) -> float:
        """Of one reading's features, shape (f,)."""
        most = self.feature.shape[1]
        root: IntArray = np.arange(0, self.feature.size, most, dtype=np.int32)
        feature, limit = self.feature.ravel(), self.limit.ravel()
        left, right = self.left.ravel(), self.right.ravel()
        at: IntArray = root
        while True:
            asked = feature[at]
            if asked.max() < 0:
                break
            # A leaf leads to itself: its children are written so.
            goes_left = features[asked] <= limit[at]
            at = root + np.where(goes_left, left[at], right[at])
        return self.base + float(self.value.ravel()[at].sum()) / self.models


@dataclass(frozen=True, slots=True, eq=False)
class Lives:
    """The machines that were learned from, for the analogs: n readings of all of them."""

    machine: IntArray
    """Shape (n,): whose reading it is, 0, 1, ...; each machine's readings together, in order."""
    values: npt.NDArray[np.float32]
    """Shape (n, c), in the channels' units."""
    said: npt.NDArray[np.float32]
    """Shape (n,): remaining life in readings, as said by the model that did not see the machine."""


@dataclass(frozen=True, slots=True, eq=False)
class RulModel:
    """A learned remaining life."""

    scaling: Scaling
    trees: Trees
    lives: Lives
    cap: float
    """Readings; longer lives are not told apart."""
    grid: FloatArray
    """Shape (g,): remaining lives as said, in readings, at which `quantiles` holds."""
    quantiles: FloatArray
    """Shape (g, len(PARTS)): of the true remaining life, in readings."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """How long a machine lives on, in readings."""

    median: float
    low: float
    """Of the 80 % interval."""
    high: float
    is_open: bool
    """Whether it is beyond what the model tells apart: at least `low`."""


def remaining(model: RulModel, features: FloatArray) -> Remaining:
    """The remaining life of a machine with such features (of its newest reading), in readings."""
    said = float(np.clip(model.trees.predict(features), 0.0, model.cap))
    low, high = (_quantile(model, said, part) for part in (0.1, 0.9))
    return Remaining(said, min(low, said), max(high, said), said > 0.92 * model.cap)


def fails_within(model: RulModel, said: float, readings: FloatArray) -> FloatArray:
    """Probability that a machine, of which `said` was said, fails within so many readings.

    Args:
        model: As learned.
        said: Median remaining life, in readings.
        readings: Shape (h,), in readings.
    """
    at = np.array([_quantile(model, said, float(part)) for part in PARTS])
    at = np.maximum.accumulate(at) + 1e-9 * np.arange(len(at))
    # Below the lowest quantile straight down to 0; above the highest it stays open.
    return np.asarray(np.interp(readings, np.append(0.0, at), np.append(0.0, PARTS)))


def _quantile(model: RulModel, said: float, part: float) -> float:
    """Of the true remaining life, in readings; `part` is one of `PARTS`."""
    return float(np.interp(said, model.grid, model.quantiles[:, int(np.argmin(abs(PARTS - part)))]))
