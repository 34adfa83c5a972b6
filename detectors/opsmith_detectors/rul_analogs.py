"""Time to a limit by analogs: how long the machines took that once stood where this one stands.

Any channel and any limit, without training anew: among the readings of the machines that ran to
failure, those count that are as near to the limit, as worn and as fast as this one now.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from opsmith.domain.readings import FloatArray
from opsmith_detectors.rul import RulModel

NEIGHBOURS = 100
WEIGHTS = np.array([1 / 8, 1.5, 0.5, 0.3, 1 / 8])
"""Of the remaining life, the distance to the limit (smoothed, and of the last five), the slope,
and the smoothed remaining life; in readings of a life of 200 and in sigmas. By leaving one machine
out: flat within half and double of each."""
IN_A_ROW = 5
"""Readings over the limit in a row, of medians of five, that make a crossing."""


@dataclass(frozen=True, slots=True, eq=False)
class Analogs:
    """Where other machines stood on the way to one limit of one channel, and how long they took."""

    channel: str
    limit: float
    upward: bool
    noise: float
    """Of the channel, in its unit."""
    places: FloatArray
    """Shape (n, 5)."""
    taken: FloatArray
    """Shape (n,): readings until the limit was crossed."""
    machine: npt.NDArray[np.int32]
    """Shape (n,): whose it is."""
    stretch: float
    widening: float
    """Factor on the interval that makes it cover what it says on machines left out."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """When a limit is crossed, in readings."""

    median: float
    low: float
    high: float


def places_of(
    values: FloatArray, said: FloatArray, limit: float, upward: bool, noise: float, stretch: float
) -> FloatArray:
    """Where one machine stood at each of its readings; shape (n,) each to (n, 5)."""
    sign = 1.0 if upward else -1.0
    away = sign * (limit - values) / noise
    smoothed = _levels(away, 8 * stretch)
    return np.stack(
        [
            said / stretch,
            smoothed,
            running_median(away),
            _slopes(away, 40, stretch),
            _means(said, 8) / stretch,
        ],
        axis=1,
    )


def crossing_of(values: FloatArray, limit: float, upward: bool) -> int | None:
    """The first reading from which the median of five stays beyond the limit five in a row."""
    beyond = running_median(values) >= limit if upward else running_median(values) <= limit
    if len(beyond) < IN_A_ROW:
        return None
    runs = np.lib.stride_tricks.sliding_window_view(beyond, IN_A_ROW).all(axis=1)
    return int(runs.argmax()) if runs.any() else None


def analogs_for(model: RulModel, channel: str, limit: float, upward: bool = True) -> Analogs | None:
    """The analogs of one limit; None where fewer than five machines ever crossed it."""
    if channel not in model.scaling.channels:
        return None
    lives = model.lives
    column = lives.values[:, model.scaling.channels.index(channel)].astype(np.float64)
    stretch = model.scaling.stretch
    starts = np.flatnonzero(np.append(True, lives.machine[1:] != lives.machine[:-1]))
    parts = list(zip(starts, np.append(starts[1:], len(column)), strict=True))
    leaps = np.concatenate([np.diff(column[a:b]) for a, b in parts])
    noise = max(1e-9, float(np.std(leaps)) / 2**0.5)
    places: list[FloatArray] = []
    taken: list[FloatArray] = []
    machine: list[npt.NDArray[np.int32]] = []
    for a, b in parts:
        at = crossing_of(column[a:b], limit, upward)
        if at is None or at < 2:
            continue
        on = places_of(
            column[a:b], lives.said[a:b].astype(np.float64), limit, upward, noise, stretch
        )
        places.append(on[: at + 1])
        taken.append(np.arange(at, -1, -1.0))
        machine.append(lives.machine[a : a + at + 1])
    if len(places) < 5:
        return None
    found = Analogs(
        channel,
        limit,
        upward,
        noise,
        np.concatenate(places),
        np.concatenate(taken),
        np.concatenate(machine),
        stretch,
        1.0,
    )
    return _calibrated(found)


def _calibrated(analogs: Analogs) -> Analogs:
    """Widen the interval until it covers 80 % on machines left out, each reading in six asked."""
    rng = np.random.default_rng(0)
    asked = rng.choice(len(analogs.taken), min(600, len(analogs.taken)), replace=False)
    needed: list[float] = []
    for row in asked:
        others = analogs.machine != analogs.machine[row]
        told = _near(analogs.places[others], analogs.taken[others], analogs.places[row])
        side = (
            told.high - told.median if analogs.taken[row] > told.median else told.median - told.low
        )
        needed.append(float(abs(analogs.taken[row] - told.median) / max(1.0, side)))
    widening = max(1.0, float(np.quantile(needed, min(1.0, 0.8 * (1 + 1 / len(needed))))))
    return Analogs(
        analogs.channel,
        analogs.limit,
        analogs.upward,
        analogs.noise,
        analogs.places,
        analogs.taken,
        analogs.machine,
        analogs.stretch,
        widening,
    )


def time_to_limit(analogs: Analogs, values: FloatArray, said: FloatArray) -> Crossing:
    """When a machine crosses the limit, with an 80 % interval.

    Args:
        analogs: Of the limit.
        values: Shape (n,): the channel's last readings, oldest first; 60 are enough.
        said: Shape (n,): the remaining life said at each.
    """
    place = places_of(values, said, analogs.limit, analogs.upward, analogs.noise, analogs.stretch)
    told = _near(analogs.places, analogs.taken, place[-1])
    return Crossing(
        told.median,
        max(0.0, told.median - analogs.widening * max(1.0, told.median - told.low)),
        told.median + analogs.widening * max(1.0, told.high - told.median),
    )


def _near(places: FloatArray, taken: FloatArray, place: FloatArray) -> Crossing:
    away = np.square((places - place) * WEIGHTS).sum(axis=1)
    count = min(NEIGHBOURS, max(5, len(taken) // 3))
    near = np.argpartition(away, count - 1)[:count]
    low, median, high = np.quantile(taken[near], (0.1, 0.5, 0.9))
    return Crossing(float(median), float(low), float(high))


def running_median(values: FloatArray, over: int = 5) -> FloatArray:
    """Of the last five readings at each; of fewer at the beginning."""
    padded = np.concatenate([np.full(over - 1, np.nan), values])
    return np.nanmedian(np.lib.stride_tricks.sliding_window_view(padded, over), axis=1)


def _levels(values: FloatArray, half_life: float) -> FloatArray:
    """Exponentially weighted mean at each."""
    keep = 0.5 ** (1 / half_life)
    out = np.empty(len(values))
    total = weight = 0.0
    for i, value in enumerate(values.tolist()):
        total = keep * total + (1 - keep) * value
        weight = keep * weight + (1 - keep)
        out[i] = total / weight
    return out


def _means(values: FloatArray, over: int) -> FloatArray:
    sums = np.concatenate([[0.0], np.cumsum(values)])
    end = np.arange(1, len(values) + 1)
    start = np.maximum(0, end - over)
    return (sums[end] - sums[start]) / (end - start)


def _slopes(values: FloatArray, over: int, stretch: float) -> FloatArray:
    """Least-squares, per twenty readings of a typical life; drawn to 0 where few readings tell."""
    over = round(over * stretch)
    at = np.arange(len(values), dtype=np.float64)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    products = np.concatenate([[0.0], np.cumsum(values * at)])
    end = np.arange(1, len(values) + 1)
    start = np.maximum(0, end - over)
    count = (end - start).astype(np.float64)
    middle = (start + end - 1) / 2
    top = products[end] - products[start] - middle * (sums[end] - sums[start])
    return 20 * stretch * top / (count * (count * count - 1) / 12 + 30.0 * stretch**3)
