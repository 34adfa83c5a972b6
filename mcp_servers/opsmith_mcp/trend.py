"""Robust straight lines through a channel's recent past, and when they pass a limit."""

from dataclasses import dataclass, replace
from functools import lru_cache
from math import erf, hypot, sqrt

import numpy as np
import numpy.typing as npt

from opsmith.domain.readings import FloatArray

IndexArray = npt.NDArray[np.intp]

_BLOCKS = 60
_FEW_BLOCKS = 20
"""Of each of many earlier stretches: only how their slopes scatter counts."""
LEAST = 30
"""Values of the shortest stretch that a line is drawn through."""


@dataclass(frozen=True, slots=True)
class Line:
    """Where a channel stands and how it moves, both with what is not known of them."""

    level: float
    """At the end, in the channel's unit."""
    level_error: float
    """Standard deviation of a reading's level about the line."""
    slope: float
    """Per hour."""
    slope_error: float
    """Standard error, per hour."""
    hours: float
    """Length of the stretch that the line was drawn through."""
    wander: float = 0.0
    """Standard deviation of the level over the whole history."""

    @property
    def is_certain(self) -> bool:
        """Whether the slope can be told from none (three standard errors)."""
        return abs(self.slope) > 3 * self.slope_error

    def passes_by(self, limit: float, hours: FloatArray, upward: bool) -> FloatArray:
        """Probability of standing beyond `limit` after so many hours.

        Without a certain slope the level is expected to stay within what it did before.

        Args:
            limit: In the channel's unit.
            hours: Shape (n,), ahead.
            upward: Beyond means above.

        Returns:
            Shape (n,), 0 to 1.
        """
        if self.is_certain:
            ahead = self.level + self.slope * hours - limit
            # No trend keeps its pace: a tenth of what it adds is not known.
            drift = hypot(self.slope_error, 0.1 * self.slope) * hours
            z = ahead / np.maximum(np.hypot(self.level_error, drift), 1e-12)
            z = np.clip(z if upward else -z, -30.0, 30.0) / sqrt(2)
            return 0.5 * (1 + np.array([erf(one) for one in z.tolist()]))
        ahead, error = self.level - limit, max(self.level_error, self.wander)
        z = (ahead if upward else -ahead) / max(error, 1e-12)
        return np.full(len(hours), 0.5 * (1 + erf(max(-30.0, min(30.0, z)) / sqrt(2))))


def robust_slope(hours: FloatArray, values: FloatArray) -> float | None:
    """Median slope per hour between the medians of up to 60 blocks (Theil 1950, Sen 1968).

    Args:
        hours: Shape (n,), increasing.
        values: Shape (n,), without NaN.

    >>> robust_slope(np.arange(100.0), 2 * np.arange(100.0))
    2.0
    """
    if len(hours) < 3 or hours[-1] <= hours[0]:
        return None
    x, y = _blocks(hours, values)
    return _theil_sen(x, y)


def draw_line(hours: FloatArray, values: FloatArray) -> Line | None:
    """A line through the longest recent stretch that is straight; None with fewer than 30 values.

    A stretch is halved while the residuals swing further than single values jump, or its later
    half runs otherwise than the whole. The error of the slope is that of the residuals, what is
    left of the halves' disagreement, and how the slopes of earlier stretches of that length
    differed among themselves: what wanders is not carried on.

    Args:
        hours: Shape (n,), increasing; the last is the present.
        values: Shape (n,), minute by minute, without NaN.
    """
    if len(hours) < LEAST:
        return None
    begin, line = 0, _fit(hours, values)
    while True:
        middle = (float(hours[begin]) + float(hours[-1])) / 2
        late = int(np.searchsorted(hours, middle))
        if len(hours) - late < LEAST:
            break
        second = _fit(hours[late:], values[late:])
        gap = second.slope - line.slope
        agree = abs(gap) <= 3 * hypot(second.slope_error, line.slope_error)
        if agree and line.level_error <= 2 * _jumps(hours[begin:], values[begin:]):
            line = replace(line, slope_error=hypot(line.slope_error, gap / 2))
            break
        begin, line = late, second
    # What cannot be told from none needs no doubt of its pace.
    doubt = _unsteadiness(hours, values, line.hours) if line.is_certain else 0.0
    error = hypot(line.slope_error, doubt)
    return replace(line, slope_error=error, wander=_robust_deviation(values))


def _jumps(hours: FloatArray, values: FloatArray) -> float:
    """Standard deviation of single block levels, by the steps between them."""
    _, levels = _blocks(hours, values)
    return _robust_deviation(levels[1:] - levels[:-1]) / sqrt(2) + 1e-9 * (
        1 + abs(float(levels[-1]))
    )


def _unsteadiness(hours: FloatArray, values: FloatArray, length: float) -> float:
    """How the slopes of the stretches of that length before the last one differed; 0: unknown."""
    count = min(24, int((hours[-1] - hours[0]) / max(length, 1e-9)) - 1)
    if count < 3:
        return 0.0
    at: FloatArray = hours[-1] - length * np.arange(count + 1, 0, -1)
    edges: IndexArray = np.searchsorted(hours, at)
    widths: IndexArray = edges[1:] - edges[:-1]
    if widths.max() - widths.min() <= 1 and widths.min() >= 3:
        return _robust_deviation(_slopes(hours, values, edges[:-1], int(widths.min())))
    slopes = [
        _theil_sen(*_blocks(hours[first:last], values[first:last], _FEW_BLOCKS))
        for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        if last - first >= 3
    ]
    return _robust_deviation(np.array(slopes)) if len(slopes) >= 3 else 0.0


def _slopes(hours: FloatArray, values: FloatArray, begins: IndexArray, width: int) -> FloatArray:
    """Of many stretches of one width at once; shape (k,) each to (k,)."""
    blocks = min(_FEW_BLOCKS, width)
    size = width // blocks
    at = begins[:, None] + np.arange(blocks * size)
    x = hours[at].reshape(len(begins), blocks, size).mean(axis=2)
    y = np.partition(values[at].reshape(len(begins), blocks, size), size // 2, axis=2)
    y = y[:, :, size // 2]
    i, j = _pairs(blocks)
    steep = (y[:, j] - y[:, i]) / (x[:, j] - x[:, i])
    return np.partition(steep, len(i) // 2, axis=1)[:, len(i) // 2]


def _robust_deviation(x: FloatArray) -> float:
    return 1.4826 * _median(np.abs(x - _median(x)))


def _median(x: FloatArray) -> float:
    """Of numbers without NaN; numpy's own takes several times as long for so few."""
    half = len(x) // 2
    if len(x) % 2:
        return float(np.partition(x, half)[half])
    low, high = np.partition(x, (half - 1, half))[half - 1 : half + 1].tolist()
    return (low + high) / 2


def _fit(hours: FloatArray, values: FloatArray) -> Line:
    x, y = _blocks(hours, values)
    slope = _theil_sen(x, y)
    ahead = x - x[-1]
    bare = y - slope * ahead
    middle = _median(bare)
    rest = bare - middle
    spread = max(_robust_deviation(rest), 0.7 * float(rest.std()), 1e-9 * (1 + abs(middle)))
    rho = float(np.clip((rest[1:] * rest[:-1]).sum() / max((rest**2).sum(), 1e-300), 0.0, 0.9))
    effective = max(3.0, len(x) * (1 - rho) / (1 + rho))
    width = max(float(np.std(x)), 1e-9)
    return Line(
        level=middle,
        level_error=spread * sqrt(1 + 4 / effective),
        slope=slope,
        slope_error=1.25 * spread / (sqrt(effective) * width),
        hours=float(hours[-1] - hours[0]),
    )


def _blocks(
    hours: FloatArray, values: FloatArray, most: int = _BLOCKS
) -> tuple[FloatArray, FloatArray]:
    """Mean time and median value of so many blocks; what is left over at the start is not used."""
    blocks = min(most, len(hours))
    width = len(hours) // blocks
    used = slice(len(hours) - blocks * width, None)
    x = hours[used].reshape(blocks, width).mean(axis=1)
    rows = values[used].reshape(blocks, width)
    half = width // 2
    if width % 2:
        return x, np.partition(rows, half, axis=1)[:, half]
    middle = np.partition(rows, (half - 1, half), axis=1)[:, half - 1 : half + 1]
    return x, (middle[:, 0] + middle[:, 1]) / 2


def _theil_sen(x: FloatArray, y: FloatArray) -> float:
    i, j = _pairs(len(x))
    return _median((y[j] - y[i]) / (x[j] - x[i]))


@lru_cache(maxsize=_BLOCKS)
def _pairs(n: int) -> tuple[IndexArray, IndexArray]:
    """Each two of n, the earlier first."""
    return np.triu_indices(n, 1)
