"""Simple ways to carry a series on, each linear in its recent past, for a whole fleet at once.

Every method sees a window (r, w), one row an origin of a device, oldest first and without gaps,
and returns (r, h): the next h steps. All but the autoregression are the same weights for every
device, so that a fleet is one matrix product. The autoregression predicts each step ahead directly
from the device's own covariances: the best linear prediction of the change from the last value,
given the earlier ones' distances to it (a ridge on many lags; the last value carries the level,
as in RevIN, Kim et al. 2022, ICLR). Taken from the autocovariance, which comes by FFT, it costs
the same for a day as for years, and its biased estimator keeps it tame in short histories.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from opsmith.domain.readings import FloatArray

IntArray = npt.NDArray[np.int64]

RIDGE = 0.03
"""Share of the mean variance of a lag's distance that is added to each: by backtest on months
12-16 of seven load series, flat between .003 and .1 for long histories, best for short ones."""
USED = 96
"""Steps of the past that trends and smoothed levels look at, at most."""
NAIVE = "last value"
SEASONAL = "same time a day before"
WEEKLY = "same time a week before"
AVERAGE = "mean of the same time on three days"
TREND = "damped trend"
SMOOTH = "smoothed level"
DRIFT = "straight line"
AUTOREGRESSIVE = "autoregression over {} steps"


@dataclass(frozen=True, slots=True)
class Method:
    """One way to carry a series on."""

    name: str
    lags: tuple[int, ...] = ()
    """Of an autoregression: steps before the last value; else empty."""


def methods_for(steps: int, season: int) -> tuple[Method, ...]:
    """The methods that a history is long enough for.

    Args:
        steps: Of the history that they may learn from.
        season: Steps of a day; 0: none.

    Returns:
        The last value first; it is always there.
    """
    told = [Method(NAIVE)]
    if steps >= 12:
        told += [Method(SMOOTH), Method(TREND), Method(DRIFT)]
    if season > 1 and steps >= 2 * season:
        told.append(Method(SEASONAL))
    if season > 1 and steps >= 4 * season:
        told.append(Method(AVERAGE))
    if season > 1 and steps >= 21 * season:
        told.append(Method(WEEKLY))
    return (*told, *_autoregressions(steps, season))


def _autoregressions(steps: int, season: int) -> list[Method]:
    """Of several lengths; each needs seven times as much history."""
    seasonal = [season, 3 * season, 7 * season, 14 * season] if season > 1 else []
    spans = [span for span in seasonal if span * 7 <= steps]
    every = max(1, season // 24) if spans else 1
    found: list[Method] = []
    for span in spans or [span for span in (12, 48, 168) if span * 7 <= steps]:
        dense = range(1, min(span, 24) + 1)
        lags = sorted({*dense, *range(every, span + 1, every)})
        found.append(Method(AUTOREGRESSIVE.format(span), tuple(lags)))
    return found


def least_window(methods: tuple[Method, ...], season: int) -> int:
    """Steps of the past without which a method cannot be asked."""
    longest = max((max(method.lags, default=0) + 1 for method in methods), default=1)
    seasons = {SEASONAL: 1, AVERAGE: 3, WEEKLY: 7}
    return max(longest, season * max((seasons.get(each.name, 0) for each in methods), default=0))


def window_of(methods: tuple[Method, ...], season: int, steps: int) -> int:
    """Steps of the past that the methods look at, of so many that there are."""
    return min(steps, max(least_window(methods, season), USED))


def predict(method: Method, window: FloatArray, horizon: int, season: int) -> FloatArray:
    """Carry windows on by a method that is the same for every device.

    Args:
        method: No autoregression.
        window: Shape (r, w), without NaN, oldest first.
        horizon: Steps ahead, h.
        season: Steps of a day.

    Returns:
        Shape (r, h), in the unit of the window.
    """
    steps = window.shape[1]
    if method.name == NAIVE:
        return np.repeat(window[:, -1:], horizon, axis=1)
    if method.name in (SEASONAL, WEEKLY):
        period = season * (7 if method.name == WEEKLY else 1)
        return window[:, steps - period + np.arange(horizon) % period]
    if method.name == AVERAGE:
        days = window[:, steps - 3 * season :].reshape(len(window), 3, season)
        return days.mean(axis=1)[:, np.arange(horizon) % season]
    if method.name == DRIFT:
        used = min(steps, USED)
        return window[:, steps - used :] @ _line_weights(used, horizon)
    alpha, beta, phi = (0.3, 0.0, 1.0) if method.name == SMOOTH else (0.3, 0.1, 0.97)
    used = min(steps, USED)
    return window[:, steps - used :] @ _holt_weights(used, horizon, alpha, beta, phi)


@lru_cache(maxsize=32)
def _holt_weights(steps: int, horizon: int, alpha: float, beta: float, phi: float) -> FloatArray:
    """What each past step weighs in each forecast of Holt's damped trend; shape (w, h).

    Source: Gardner and McKenzie (1985), Management Science 31(10), 1237-1246. The recursion is
    linear in the series, so it is run once on the unit vectors.
    """
    unit = np.eye(steps)
    level, trend = unit[:, 0].copy(), np.zeros(steps)
    for step in range(1, steps):
        before = level
        level = alpha * unit[:, step] + (1 - alpha) * (before + phi * trend)
        trend = beta * (level - before) + (1 - beta) * phi * trend
    grown = np.cumsum(phi ** np.arange(1, horizon + 1)) if beta else np.zeros(horizon)
    return level[:, None] + trend[:, None] * grown


@lru_cache(maxsize=32)
def _line_weights(steps: int, horizon: int) -> FloatArray:
    """What each past step weighs in the least-squares line through the window; shape (w, h)."""
    at = np.arange(steps) - (steps - 1) / 2
    ahead = (steps - 1) / 2 + np.arange(1, horizon + 1)
    return 1 / steps + at[:, None] * ahead / max(1.0, float(at @ at))


def autocovariance(values: FloatArray, lags: int) -> FloatArray:
    """Biased autocovariance, which is positive semidefinite whatever the series.

    Args:
        values: Shape (d, n), without NaN.
        lags: The largest lag.

    Returns:
        Shape (d, lags + 1); 0 beyond the history.
    """
    steps = values.shape[1]
    size = 1 << int(np.ceil(np.log2(2 * max(1, steps))))
    spectrum = np.fft.rfft(values - values.mean(axis=1, keepdims=True), size)
    found = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, size)[:, : min(lags + 1, steps)]
    out = np.zeros((len(values), lags + 1))
    out[:, : found.shape[1]] = found / steps
    return out


def autoregress(
    lags: tuple[int, ...], covariance: FloatArray, window: FloatArray, horizon: int
) -> FloatArray:
    """Carry windows on by each device's own covariances.

    Args:
        lags: Steps before the last value, L of them.
        covariance: Shape (d, at least max(lags) + horizon + 1).
        window: Shape (d, k, w), k origins of each device; w > max(lags).
        horizon: Steps ahead, h.

    Returns:
        Shape (d, k, h).
    """
    at = np.array(lags)
    ahead = np.arange(1, horizon + 1)
    # Mean squared change over a lag is twice this, so that the unknown mean cancels out.
    change = covariance[:, :1] - covariance
    between = change[:, np.abs(at[:, None] - at)]
    grid = change[:, at, None] + change[:, None, at] - between
    ridge = RIDGE * np.trace(grid, axis1=1, axis2=2) / len(at)
    flat = ridge <= 0
    grid[:, np.arange(len(at)), np.arange(len(at))] += np.where(flat, 1.0, ridge)[:, None]
    last = window[:, :, -1:]
    known = window[:, :, window.shape[2] - 1 - at] - last
    weighed = np.linalg.solve(grid, known.transpose(0, 2, 1))
    # The covariance of the steps ahead with each lag: change[lag] + change[ahead] - change[both].
    base = np.einsum("dl,dlk->dk", change[:, at], weighed)
    total = weighed.sum(axis=1)
    both = np.lib.stride_tricks.sliding_window_view(change, horizon, axis=1)[:, at + 1]
    out = base[:, :, None] + total[:, :, None] * change[:, None, ahead]
    out -= np.matmul(weighed.transpose(0, 2, 1), both)
    return last + out


def fill_gaps(values: FloatArray, season: int) -> FloatArray:
    """Fill what is missing: from the day before where it is known, else from the last value.

    Args:
        values: Shape (d, n), NaN where nothing usable came.
        season: Steps of a day; 0: none.

    Returns:
        The same without NaN; 0 where a device has nothing at all.
    """
    missing = np.isnan(values)
    out = values.copy()
    for row in np.flatnonzero(missing.any(axis=1)):
        out[row] = _filled(values[row], missing[row], season)
    return out


def _filled(series: FloatArray, missing: npt.NDArray[np.bool_], season: int) -> FloatArray:
    there = np.flatnonzero(~missing)
    if not len(there):
        return np.zeros(len(series))
    steps = np.arange(len(series))
    line: FloatArray = np.interp(steps, there, series[there])
    if season < 2 or len(series) <= season:
        return line
    # A long gap gets the shape of the day before, laid on the line between its ends.
    before = np.append(np.full(season, np.nan), series[:-season])
    apart = before - line
    run: FloatArray = np.interp(steps, there, apart[there])
    shaped: FloatArray = line + apart - run
    return np.where(missing & np.isfinite(shaped), shaped, np.where(missing, line, series))
