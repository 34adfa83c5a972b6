"""What a machine's readings say of its wear: the features that a learned remaining life rests on.

One reading at a time, so that training and serving cannot differ. Channels that follow the
operating conditions (speed, load, setting) are freed of them first, each by its own quadratic in
the conditions, fitted on the early part of the training machines' lives: exact for a few distinct
conditions, smooth for a continuum.
"""

from dataclasses import dataclass

import numpy as np

from opsmith.domain.readings import FloatArray

HALF_LIVES = (5.0, 15.0, 8.0)
"""Readings, of a life of 200, after which a smoothed level has forgotten a half; the last one's
distance to the machine's own beginning counts."""
MEAN_OVER = 40
SLOPES_OVER = (25, 60)
BEGINNING = 20
"""Readings that are taken as the machine's own beginning."""
TYPICAL_LIFE = 200
PARTS = ("short level", "long level", "mean", "short slope", "long slope", "change since new")


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """How channels become comparable: conditions taken out, each by its own spread."""

    channels: tuple[str, ...]
    """The c channels that are used."""
    conditions: tuple[str, ...]
    """The k channels that say how the machine is run; may be none."""
    condition_mean: FloatArray
    condition_spread: FloatArray
    """Shape (k,)."""
    effect: FloatArray
    """Shape (t, c): of each term of the quadratic on each channel; 0: none."""
    mean: FloatArray
    spread: FloatArray
    """Shape (c,)."""
    fused: FloatArray
    """Shape (c,): the one mixture of channels along which machines wear most."""
    stretch: float
    """Typical life in readings by `TYPICAL_LIFE`: all windows are stretched by it."""

    def names(self) -> tuple[str, ...]:
        """Of the features, in order."""
        sources = (*self.channels, "all channels")
        return (*(f"{part} of {source}" for part in PARTS for source in sources), "age")

    def apply(self, values: FloatArray, conditions: FloatArray) -> FloatArray:
        """Shape (n, c) and (n, k), each in its unit, to (n, c + 1), dimensionless."""
        free = values - self.terms(conditions) @ self.effect
        scaled = (free - self.mean) / self.spread
        return np.concatenate([scaled, (scaled @ self.fused)[:, None]], axis=1)

    def terms(self, conditions: FloatArray) -> FloatArray:
        """Shape (n, t): what the quadratic is made of."""
        return quadratic((conditions - self.condition_mean) / self.condition_spread)


def quadratic(scaled: FloatArray) -> FloatArray:
    """Conditions (n, k), their squares and products: (n, k (k + 3) / 2)."""
    k = scaled.shape[1]
    rows, columns = np.triu_indices(k)
    return np.concatenate([scaled, scaled[:, rows] * scaled[:, columns]], axis=1)


class Follower:
    """Follows one machine, reading by reading, from new."""

    def __init__(self, scaling: Scaling) -> None:
        self._scaling = scaling
        width = len(scaling.channels) + 1
        stretch = scaling.stretch
        self._keep = 0.5 ** (1 / (np.array(HALF_LIVES) * stretch))[:, None]
        self._sums = np.zeros((len(HALF_LIVES), width))
        self._weight = np.zeros((len(HALF_LIVES), 1))
        self._spans = tuple(max(2, round(each * stretch)) for each in (*SLOPES_OVER, MEAN_OVER))
        self._beginning = max(2, round(BEGINNING * stretch))
        self._ring = np.zeros((2 * max(self._spans), width))
        self._at = 0
        self._base = np.zeros(width)
        self._last = np.full(width, np.nan)
        self.age = 0

    def add(self, values: FloatArray, conditions: FloatArray) -> FloatArray:
        """Take the next reading.

        Args:
            values: Shape (c,), in the channels' units; NaN where absent: the last one holds.
            conditions: Shape (k,).

        Returns:
            Shape (f,): the features, in the order of `Scaling.names`.
        """
        usable = np.where(np.isfinite(conditions), conditions, self._scaling.condition_mean)
        known = np.isfinite(values)
        filled = np.where(known, values, self._scaling.mean)
        x = self._scaling.apply(filled[None], usable[None])[0]
        if not known.all():
            before = np.where(np.isfinite(self._last), self._last, 0.0)
            x[:-1] = np.where(known, x[:-1], before[:-1])
            x[-1] = x[:-1] @ self._scaling.fused
        self._last = x
        return self._follow(x)

    def _follow(self, x: FloatArray) -> FloatArray:
        self.age += 1
        self._sums = self._keep * self._sums + (1 - self._keep) * x
        self._weight = self._keep * self._weight + (1 - self._keep)
        levels = self._sums / self._weight
        if self.age <= self._beginning:
            self._base += (x - self._base) / self.age
        if self._at == len(self._ring):
            half = len(self._ring) // 2
            self._ring[:half] = self._ring[half:]
            self._at = half
        self._ring[self._at] = x
        self._at += 1
        there = min(self.age, self._at)
        *spans, mean_over = (min(span, there) for span in self._spans)
        slopes = [
            _slope(self._ring[self._at - span : self._at], self._scaling.stretch) for span in spans
        ]
        mean = self._ring[self._at - mean_over : self._at].mean(axis=0)
        return np.concatenate(
            [levels[0], levels[1], mean, *slopes, levels[2] - self._base, [float(self.age)]]
        )


def _slope(rows: FloatArray, stretch: float) -> FloatArray:
    """Per reading of a typical life; drawn towards 0 where few readings tell it."""
    count = len(rows)
    at = np.arange(count) - (count - 1) / 2
    return (at @ rows) * stretch / (float(at @ at) + 30.0 * stretch**3)


def follow(scaling: Scaling, values: FloatArray, conditions: FloatArray) -> FloatArray:
    """The features of each reading of one machine's life: (n, c) and (n, k) to (n, f)."""
    follower = Follower(scaling)
    return np.array([follower.add(x, o) for x, o in zip(values, conditions, strict=True)])
