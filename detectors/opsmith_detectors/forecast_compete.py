"""Methods compete on a device's own past: their mixture, and how far it was off.

Rolling origin: each method learns from what lies before the first origin alone, and is asked from
several later ones; each step ahead then weighs a method by its mean absolute error to the power
-POWER. Where the mixture does not beat the last value, the last value it is. Intervals are
conformal: the backtest's errors, in units of their size at that step ahead, give how many of these
units cover a share of them (Vovk et al. 2005; for time series Stankeviciute et al. 2021, NeurIPS).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from opsmith.domain.readings import FloatArray
from opsmith.errors import BadInput
from opsmith_detectors.forecast_methods import (
    NAIVE,
    SEASONAL,
    IntArray,
    Method,
    autocovariance,
    autoregress,
    fill_gaps,
    least_window,
    methods_for,
    predict,
    window_of,
)

LEAST = 8
"""Usable values below which nothing is said."""
POWER = 12.0
"""By backtest on months 12-16 of seven load series: 3, 6, 12, 24 gave .907, .903, .899, .901 of the
seasonal naive's error at 96 steps."""
ORIGINS = 40
PARTS = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98])
"""Shares of the errors whose bounds are kept."""
CHUNK = 64
"""Devices that are backtested at a time, for the memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """What the competition on d devices' past found; m methods, h steps ahead."""

    methods: tuple[Method, ...]
    season: int
    weights: FloatArray
    """Shape (d, m, h): of each method at each step ahead, sum 1."""
    covariance: FloatArray
    """Shape (d, l): of the whole history."""
    size: FloatArray
    """Shape (d, h): mean absolute error of the mixture, never falling with the step ahead."""
    bounds: FloatArray
    """Shape (d, len(PARTS)): units of `size` that cover such a share of the errors."""
    error: FloatArray
    """Shape (d,): mean absolute error of the mixture over all origins and steps ahead."""
    ratio: FloatArray
    """Shape (d,): `error` by that of the seasonal naive, or of the last value without a season."""
    ratio_naive: FloatArray
    """Shape (d,): `error` by that of the last value; 1: nothing beat it."""
    coverage: FloatArray
    """Shape (d,): share of later errors within the 80 % interval that earlier origins gave."""
    origins: int
    enough: npt.NDArray[np.bool_]
    """Shape (d,), bool: whether there was enough to say anything."""


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """What is to be expected of d devices over h steps."""

    median: FloatArray
    """Shape (d, h); NaN where too little is known."""
    size: FloatArray
    """Shape (d, h): mean absolute error to be expected."""
    bounds: FloatArray
    """Shape (d, len(PARTS)): units of `size` by share of the errors within."""

    def interval(self, share: float = 0.8) -> tuple[FloatArray, FloatArray]:
        """The bounds, shape (d, h) each, between which such a share of the values should come."""
        place = np.interp(share, PARTS, np.arange(len(PARTS)))
        low = int(place)
        high = min(low + 1, len(PARTS) - 1)
        unit = self.bounds[:, low] + (place - low) * (self.bounds[:, high] - self.bounds[:, low])
        reach = unit[:, None] * self.size
        return self.median - reach, self.median + reach


class _Found(NamedTuple):
    """As in `Backtest`."""

    weights: FloatArray
    size: FloatArray
    bounds: FloatArray
    error: FloatArray
    ratio: FloatArray
    ratio_naive: FloatArray
    coverage: FloatArray


def backtest(values: FloatArray, horizon: int, season: int = 0) -> Backtest:
    """Let the methods compete on each device's own past.

    Args:
        values: Shape (d, n), each row at equal steps, oldest first; NaN where nothing usable came.
        horizon: Steps ahead, h.
        season: Steps of a day; 0: none.
    """
    if values.shape[1] < LEAST:
        return _nothing(len(values), horizon, season)
    enough = np.isfinite(values).sum(axis=1) >= LEAST
    filled = fill_gaps(values, season)
    steps = values.shape[1]
    held, stride = _held_out(steps, horizon, season)
    methods = methods_for(steps - held, season)
    missing = np.isnan(values)
    parts = [
        _compete(
            filled[i : i + CHUNK], missing[i : i + CHUNK], horizon, season, methods, held, stride
        )
        for i in range(0, len(values), CHUNK)
    ]
    found = _Found(*(np.concatenate(each) for each in zip(*parts, strict=True)))
    return Backtest(
        methods=methods,
        season=season,
        weights=found.weights,
        covariance=autocovariance(filled, _reach(methods, horizon)),
        size=found.size,
        bounds=found.bounds,
        error=found.error,
        ratio=found.ratio,
        ratio_naive=found.ratio_naive,
        coverage=found.coverage,
        origins=len(range(steps - held, steps, stride)),
        enough=enough,
    )


def forecast(values: FloatArray, tested: Backtest) -> Forecast:
    """Carry each device on by its mixture.

    Args:
        values: Shape (d, n), as for `backtest`, up to now; the last `window_of` steps are enough.
        tested: Of the same devices, then or earlier.

    Raises:
        BadInput: Fewer steps than the methods look at.
    """
    horizon = tested.size.shape[1]
    steps = values.shape[1]
    least = least_window(tested.methods, tested.season)
    if not tested.enough.any():
        return Forecast(np.full((len(values), horizon), np.nan), tested.size, tested.bounds)
    if steps < least:
        raise BadInput(f"{steps} steps of history; the tested methods look at {least}")
    used = min(steps, window_of(tested.methods, tested.season, steps) + tested.season)
    filled = fill_gaps(values[:, -used:], tested.season)
    median = np.zeros((len(values), horizon))
    for place, method in enumerate(tested.methods):
        weights = tested.weights[:, place]
        on = np.flatnonzero(weights.any(axis=1))
        if len(on):
            told = _ask(method, filled[on, None], tested.covariance[on], horizon, tested.season)
            median[on] += weights[on] * told[:, 0]
    known = tested.enough & np.isfinite(values).any(axis=1)
    median[~known] = np.nan
    return Forecast(median=median, size=tested.size, bounds=tested.bounds)


def _nothing(devices: int, horizon: int, season: int) -> Backtest:
    """Too short a history for any of the devices."""
    one = np.full(devices, np.nan)
    return Backtest(
        methods=(Method(NAIVE),),
        season=season,
        weights=np.ones((devices, 1, horizon)),
        covariance=np.zeros((devices, horizon + 2)),
        size=np.full((devices, horizon), np.nan),
        bounds=np.full((devices, len(PARTS)), np.nan),
        error=one,
        ratio=one,
        ratio_naive=one,
        coverage=one,
        origins=0,
        enough=np.zeros(devices, dtype=np.bool_),
    )


def _held_out(steps: int, horizon: int, season: int) -> tuple[int, int]:
    """Steps at the end that the origins lie in, and the steps between two origins."""
    wished = max(2 * horizon, 28 * season, 48) + horizon
    held = max(1, min(wished, steps // 3))
    origins = max(1, min(ORIGINS, held))
    stride = max(1, held // origins)
    if season > 1 and stride > 1:
        # Origins at all times of the day.
        while stride > 1 and np.gcd(stride, season) > max(1, season // 6):
            stride -= 1
    return held, stride


def _reach(methods: tuple[Method, ...], horizon: int) -> int:
    return max(max(method.lags, default=0) for method in methods) + horizon + 1


def _ask(
    method: Method, window: FloatArray, covariance: FloatArray, horizon: int, season: int
) -> FloatArray:
    """Of windows (d, k, w): (d, k, h)."""
    if method.lags:
        return autoregress(method.lags, covariance, window, horizon)
    d, k, w = window.shape
    return predict(method, window.reshape(d * k, w), horizon, season).reshape(d, k, horizon)


def _compete(
    filled: FloatArray,
    missing: npt.NDArray[np.bool_],
    horizon: int,
    season: int,
    methods: tuple[Method, ...],
    held: int,
    stride: int,
) -> _Found:
    """Let the methods compete on some devices: shape (d, n) without gaps, and what was missing."""
    d, steps = filled.shape
    first = steps - held
    asked, horizon = horizon, min(horizon, held)
    origins: IntArray = np.arange(first, steps, stride, dtype=np.int64)
    width = window_of(methods, season, first)
    windows = np.lib.stride_tricks.sliding_window_view(filled, width, axis=1)[:, origins - width]
    covariance = autocovariance(filled[:, :first], _reach(methods, horizon))
    ahead: IntArray = origins[:, None] + np.arange(horizon, dtype=np.int64)
    there: npt.NDArray[np.bool_] = ahead < steps
    truth = np.where(there, filled[:, np.minimum(ahead, steps - 1)], np.nan)
    truth[missing[:, np.minimum(ahead, steps - 1)]] = np.nan
    told = np.stack([_ask(m, windows, covariance, horizon, season) for m in methods], axis=1)
    errors = np.abs(told - truth[:, None])
    floor = 1e-12 + 1e-9 * np.abs(filled).max(axis=1)
    # A few origins tell less apart than many that do not overlap.
    power = min(POWER, POWER / 4 * (1 + held / horizon))
    weights = _weigh(errors, floor, power)
    # Weighed by one half of the origins, held against the other: else it would flatter itself.
    half = len(origins) // 2
    off = np.empty_like(truth)
    for asked_of, judged_by in ((slice(half), slice(half, None)), (slice(half, None), slice(half))):
        others = errors[:, :, judged_by]
        fair = _weigh(others, floor, power) if others.shape[2] else weights
        off[:, asked_of] = np.einsum("dmh,dmkh->dkh", fair, told[:, :, asked_of])
    off = np.abs(off - truth)
    error = _mean(off.reshape(d, -1), 1)
    naive = _mean(errors[:, 0].reshape(d, -1), 1)
    beaten = ~(error < naive)
    weights[beaten] = 0
    weights[beaten, 0] = 1
    off[beaten] = errors[beaten, 0]
    error = np.where(beaten, naive, error)
    names = [m.name for m in methods]
    other = errors[:, names.index(SEASONAL if SEASONAL in names else NAIVE)]
    seasonal = _mean(other.reshape(d, -1), 1)
    size, bounds = _calibrate(off)
    return _Found(
        _carry(weights, asked),
        _widen(size, asked),
        bounds,
        error,
        _by(error, seasonal),
        _by(error, naive),
        _covered(off),
    )


def _weigh(errors: FloatArray, floor: FloatArray, power: float) -> FloatArray:
    """Weights (d, m, h) from errors (d, m, k, h); none for what would weigh next to nothing."""
    by_step = _smooth(_mean(errors, 2))
    by_step = np.where(np.isfinite(by_step), by_step, 1.0)
    weights = np.maximum(by_step, floor[:, None, None])
    weights = (weights / weights.min(axis=1, keepdims=True)) ** -power
    weights[weights < 0.02] = 0
    return weights / weights.sum(axis=1, keepdims=True)


def _by(error: FloatArray, base: FloatArray) -> FloatArray:
    return np.where(base > 0, error / np.where(base > 0, base, 1), 1.0)


def _calibrate(off: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Size (d, h) and bounds (d, parts) of errors (d, k, h)."""
    by_step = _mean(off, 1)
    size = np.maximum.accumulate(_smooth(by_step[:, None])[:, 0], axis=1)
    size = np.maximum(size, 1e-12)
    unit = (off / size[:, None]).reshape(len(off), -1)
    origins = off.shape[1]
    parts = np.minimum(1.0, PARTS * (1 + 1 / max(1, origins)))
    with np.errstate(all="ignore"):
        bounds = np.stack([_quantile(row, parts) for row in unit])
    return size, bounds


def _widen(size: FloatArray, horizon: int) -> FloatArray:
    """Let the size (d, h) grow beyond the steps ahead that could be tested, as a wander would."""
    tested = size.shape[1]
    if tested == horizon:
        return size
    beyond = np.arange(tested, horizon, dtype=np.float64) + 1
    return np.concatenate([size, size[:, -1:] * np.sqrt(beyond / tested)], axis=1)


def _carry(weights: FloatArray, horizon: int) -> FloatArray:
    """Weights (d, m, h) beyond the tested steps ahead: ever less of all but the last value."""
    tested = weights.shape[2]
    if tested == horizon:
        return weights
    trust = tested / (np.arange(tested, horizon, dtype=np.float64) + 1)
    beyond = weights[:, :, -1:] * trust
    beyond[:, 0] += 1 - trust
    return np.concatenate([weights, beyond], axis=2)


def _quantile(row: FloatArray, parts: FloatArray) -> FloatArray:
    row = np.sort(row[np.isfinite(row)])
    if not len(row):
        return np.zeros(len(parts))
    return np.interp(parts * (len(row) - 1), np.arange(len(row)), row)


def _covered(off: FloatArray) -> FloatArray:
    """Share of the later half's errors within what the earlier half's call 80 %."""
    half = off.shape[1] // 2
    if half < 2:
        return np.full(len(off), np.nan)
    size, bounds = _calibrate(off[:, :half])
    reach = bounds[:, list(PARTS).index(0.8), None, None] * size[:, None]
    later = off[:, half:]
    return _mean(np.where(np.isnan(later), np.nan, later <= reach).reshape(len(off), -1), 1)


def _mean(values: FloatArray, axis: int) -> FloatArray:
    """Mean of what is there; NaN where nothing is."""
    there = np.isfinite(values)
    count = there.sum(axis=axis)
    total = np.where(there, values, 0.0).sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _smooth(values: FloatArray) -> FloatArray:
    """Over the neighbouring steps ahead, an eighth of the step to each side; the last goes on."""
    steps = values.shape[-1]
    there = np.isfinite(values)
    at: IntArray = np.arange(steps, dtype=np.int64)
    reach: IntArray = np.minimum(at // 8 + (at > 2), 12)
    low: IntArray = np.maximum(at - reach, 0)
    high: IntArray = np.minimum(at + reach, steps - 1) + 1
    start = np.zeros((*values.shape[:-1], 1))
    total = np.concatenate([start, np.cumsum(np.where(there, values, 0.0), axis=-1)], axis=-1)
    count = np.concatenate([start, np.cumsum(there, axis=-1)], axis=-1)
    number = count[..., high] - count[..., low]
    sums = total[..., high] - total[..., low]
    mean = np.where(number > 0, sums / np.maximum(number, 1), np.nan)
    last = np.maximum.accumulate(np.where(np.isfinite(mean), at, 0), axis=-1)
    return np.take_along_axis(mean, last, axis=-1)
