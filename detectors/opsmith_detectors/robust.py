"""Robust statistics of one channel, judged against the channel's own past."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from opsmith.domain.readings import FloatArray

_LAGS = (1, 2, 3, 5, 8, 13, 21, 34, 55)


def clipped_mean(x: FloatArray) -> FloatArray:
    """The mean along the last axis, what lies far out drawn in to the rest.

    Unlike a median or a mean of the middle half it does not stick to one step of a coarse
    reading: where a fifth of the readings show the next step, the level is a fifth of it higher.

    >>> float(clipped_mean(np.array([1.0, 2.0, 2.0, 3.0, 900.0])))
    2.4
    """
    n = x.shape[-1]
    cut = max(1, n // 10) if n > 2 else 0
    ranked = np.sort(x, axis=-1)
    low, high = ranked[..., cut : cut + 1], ranked[..., n - 1 - cut : n - cut]
    margin = 0.5 * (high - low)
    drawn = np.minimum(np.maximum(ranked, low - margin), high + margin)
    return np.asarray(drawn.mean(axis=-1), dtype=np.float64)


def detrended_spread(x: FloatArray) -> FloatArray:
    """Standard deviation about a straight line along the last axis, without the largest 2 %.

    Args:
        x: Shape (..., n), n of 3 or more.
    """
    n = x.shape[-1]
    line: FloatArray = np.arange(n, dtype=np.float64) - (n - 1) / 2
    slope: FloatArray = (x * line).sum(axis=-1, keepdims=True) / (line**2).sum()
    rest = np.abs(x - x.mean(axis=-1, keepdims=True) - slope * line)
    kept = np.sort(rest, axis=-1)[..., : max(3, int(np.ceil(0.98 * n)))]
    return np.sqrt((kept**2).sum(axis=-1) / max(1, kept.shape[-1] - 2))


def median(x: FloatArray) -> float:
    """The median of a short series without NaN, several times quicker than NumPy's own.

    >>> median(np.array([3.0, 1.0, 2.0, 10.0]))
    2.5
    """
    ordered = np.sort(x)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return float(ordered[middle])
    return float(ordered[middle - 1] + ordered[middle]) / 2


def theil_sen(y: FloatArray) -> float:
    """Median slope per step (Theil 1950, Sen 1968)."""
    i, j, apart = _pairs(len(y))
    return median((y[j] - y[i]) / apart)


@lru_cache(maxsize=64)
def _pairs(n: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], FloatArray]:
    i, j = np.triu_indices(n, 1)
    return i, j, (j - i).astype(np.float64)


def longest_run(x: FloatArray) -> tuple[int, int]:
    """Length of the longest run of one exact value, and of the run that ends the series.

    >>> longest_run(np.array([1.0, 1.0, 1.0, 2.0, 2.0]))
    (3, 2)
    """
    if len(x) == 0:
        return 0, 0
    starts = np.flatnonzero(np.r_[True, x[1:] != x[:-1]])
    lengths = np.diff(np.r_[starts, len(x)])
    return int(lengths.max()), int(lengths[-1])


@dataclass(frozen=True, slots=True)
class Past:
    """What a channel did before the onset, all in its unit."""

    level: float
    """Its level at the end."""
    slope: float
    """Per reading, of its later half."""
    noise: float
    """Standard deviation of a reading about its drift."""
    wander: tuple[float, ...]
    """Robust standard deviation of the difference of two block levels, by `lags`."""
    lags: tuple[int, ...]
    """In blocks."""
    width: int
    """Readings of a block."""
    blocks: int
    spread: float
    """Median spread within a block."""
    spread_limit: float
    """A spread beyond it was not seen, nor is it likely."""
    floor: float
    """Changes below it cannot be told from the resolution."""

    def expected(self, ahead: float) -> tuple[float, float]:
        """The level `ahead` readings later, and its standard deviation.

        The drift is carried on, but damped: half of what it adds is taken as uncertain, and it
        is never carried further than half of the past, since warm-ups level off.
        """
        h = max(1.0, ahead / self.width)
        drift = self.slope * self.width * min(h, self.blocks / 2)
        seen = [s for s, lag in zip(self.wander, self.lags, strict=True) if lag <= h + 1]
        wander = max(seen or self.wander[:1]) * np.sqrt(1 + max(0.0, h / self.blocks - 0.5))
        return self.level + drift, float(np.hypot(max(wander, self.floor), 0.5 * drift))


def resolution(x: FloatArray) -> float:
    """Least step between two different readings; 0 where all are the same."""
    steps = np.diff(np.unique(x))
    return float(steps.min()) if len(steps) else 0.0


def learn_past(x: FloatArray, width: int) -> Past | None:
    """Describe a channel's past in blocks; None where it is too short to judge by.

    Args:
        x: Shape (n,), oldest first, without NaN.
        width: Readings that the present is judged on; a block has as many, or fewer where the
            past is short.
    """
    width = min(width, len(x) // 6)
    if width < 3:
        return None
    blocks = len(x) // width
    table = x[len(x) - blocks * width :].reshape(blocks, width)
    levels = clipped_mean(table)
    tail = levels[-max(4, blocks // 2) :]
    per_block = theil_sen(tail)
    centre = (len(tail) - 1) / 2
    level = median(tail - per_block * (np.arange(len(tail)) - centre))
    level += per_block * centre
    # The last blocks say more of where a wandering channel is than the line does.
    level = 0.5 * (level + median(levels[-3:]))
    spreads = detrended_spread(table)
    spread = median(spreads)
    lags = tuple(lag for lag in _LAGS if lag <= max(1, blocks // 2))
    floor = max(resolution(x) / 4, 1e-3 * abs(level), 1e-9)
    wander = tuple(_wander(levels, lag) for lag in lags)
    least = max(floor, spread / np.sqrt(width))
    return Past(
        level=level,
        slope=per_block / width,
        noise=max(spread, floor),
        wander=tuple(max(one, least) for one in wander),
        lags=lags,
        width=width,
        blocks=blocks,
        spread=max(spread, floor),
        spread_limit=max(
            float(spreads.max()) * 1.2, spread + 5 * 1.4826 * _mad(spreads), 2 * max(spread, floor)
        ),
        floor=floor,
    )


def _mad(x: FloatArray) -> float:
    return median(np.abs(x - median(x)))


def _wander(levels: FloatArray, lag: int) -> float:
    steps = levels[lag:] - levels[:-lag]
    steps = steps - median(steps)
    return max(1.4826 * median(np.abs(steps)), 0.7 * float(np.sqrt(steps @ steps / len(steps))))


def sustained(hit: npt.NDArray[np.bool_], length: int) -> int | None:
    """First index from which most of the next `length` are true; None where there is none.

    >>> sustained(np.array([True, False, False, True, True, True]), 3)
    3
    """
    if len(hit) == 0:
        return None
    length = min(length, len(hit))
    sums = np.convolve(hit.astype(np.int64), np.ones(length, dtype=np.int64))[length - 1 :]
    found = np.flatnonzero(hit & (sums[: len(hit)] >= 0.7 * length))
    return int(found[0]) if len(found) else None
