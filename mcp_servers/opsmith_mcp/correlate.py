"""How a device's channels go together: correlation, and which of two leads."""

from dataclasses import dataclass
from itertools import combinations
from math import atanh, sqrt, tanh

import numpy as np
from pydantic import Field

from opsmith.domain.base import Model
from opsmith.domain.readings import FloatArray
from opsmith.ports import SeriesStore
from opsmith_mcp.figures import figure
from opsmith_mcp.sampling import autocorrelation
from opsmith_mcp.series_view import View, load
from opsmith_mcp.telemetry_results import OfWindow
from opsmith_mcp.windows import Span, usual_interval

PAIRS = 30

_STEPS = 4096
"""Steps of the common grid at most."""
_CHANNELS = 24
"""Channels that are paired with each other; of more, one has to be named."""
_LEAST = 12
"""Common steps, and independent ones, of a correlation that is told."""


class Pair(Model):
    """Two channels of one device over a window."""

    channel: str
    other: str
    n: int = Field(description="Steps of the grid at which both have a value.")
    independent: float = Field(description="Independent pairs that tell as much as these n.")
    pearson: float | None = Field(ge=-1, le=1, description="None: one of the two stood still.")
    pearson_low: float | None = Field(description="95 % interval, by the independent pairs.")
    pearson_high: float | None
    spearman: float | None = Field(description="Of the ranks: any monotonic relation.")
    certain: bool = Field(description="The interval does not reach 0.")
    lag_seconds: float | None = Field(
        description="Of the greatest cross-correlation, trends taken out; positive: `channel` "
        "leads, `other` follows. None: no lag is clearly better than none."
    )
    lag_correlation: float | None = Field(description="At the best lag, trends taken out.")


class Correlations(OfWindow):
    """How channels of a device go together; correlation is no cause."""

    step_seconds: float = Field(default=0.0, description="Of the common grid, and of a lag.")
    max_lag_seconds: float = 0.0
    pairs: tuple[Pair, ...] = Field(default=(), description="The strongest first.")
    pair_count: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    step: float
    """Seconds."""
    channels: tuple[str, ...]
    values: FloatArray
    """Shape (n, c); NaN where a step has none."""


def correlate(
    series: SeriesStore, device_id: str, channel: str | None, span: Span, max_lag: float
) -> Correlations:
    """Correlate a channel with every other, or all that vary with each other.

    Args:
        series: Where the readings are.
        device_id: Whose.
        channel: None: every pair, of the 24 channels that come first by name.
        span: The window.
        max_lag: Seconds, either way.

    Raises:
        Unavailable: The series store does not answer.
    """
    grid = _grid(load(series, device_id, span), span)
    lags = int(min(max_lag / grid.step, len(grid.values) / 4)) if grid.step else 0
    names = grid.channels
    if channel is None:
        asked = list(combinations(names[:_CHANNELS], 2))
    else:
        asked = [(channel, other) for other in names if other != channel and channel in names]
    found = [_pair(grid, one, other, lags) for one, other in asked]
    told = [pair for pair in found if pair is not None]
    told.sort(key=lambda pair: (-abs(pair.pearson or 0.0), pair.channel, pair.other))
    return Correlations(
        device_id=device_id,
        as_of=span.window.end,
        window=span.window,
        step_seconds=grid.step,
        max_lag_seconds=lags * grid.step,
        pairs=tuple(told[:PAIRS]),
        pair_count=len(told),
    )


def _grid(view: View, span: Span) -> _Grid:
    """Means at equal steps, none finer than the readings come."""
    if not len(view.times):
        return _Grid(0.0, view.channels, np.empty((0, len(view.channels))))
    usual = 60.0 if view.source == "1m" else max(usual_interval(view.times), 1e-3)
    step = usual * max(1, int(np.ceil(span.seconds / usual / _STEPS)))
    place = ((view.times - view.times[0]) / np.timedelta64(1, "s") / step + 0.5).astype(np.int64)
    n = int(place[-1]) + 1
    values = np.full((n, len(view.channels)), np.nan)
    for c in range(len(view.channels)):
        there = view.count[:, c] > 0
        weight = np.bincount(place[there], minlength=n)
        total = np.bincount(place[there], view.mean[there, c], minlength=n)
        np.divide(total, weight, out=values[:, c], where=weight > 0)
    return _Grid(step, view.channels, values)


def _pair(grid: _Grid, one: str, other: str, lags: int) -> Pair | None:
    x, y = (grid.values[:, grid.channels.index(name)] for name in (one, other))
    both = ~np.isnan(x) & ~np.isnan(y)
    n = int(both.sum())
    if n < _LEAST:
        return None
    r = _pearson(x[both], y[both])
    independent = _independent(x[both], y[both])
    low, high = _interval(r, independent)
    lag, best = _lead(x, y, lags, independent) if r is not None else (None, None)
    return Pair(
        channel=one,
        other=other,
        n=n,
        independent=round(independent, 1),
        pearson=_rounded(r),
        pearson_low=_rounded(low),
        pearson_high=_rounded(high),
        spearman=_rounded(_pearson(_ranks(x[both]), _ranks(y[both]))),
        certain=low is not None and high is not None and low * high > 0,
        lag_seconds=None if lag is None else figure(lag * grid.step),
        lag_correlation=_rounded(best),
    )


def _pearson(x: FloatArray, y: FloatArray) -> float | None:
    x, y = _centred(x), _centred(y)
    scale = sqrt(float(x @ x) * float(y @ y))
    return float(np.clip(x @ y / scale, -1, 1)) if scale > 0 else None


def _centred(x: FloatArray) -> FloatArray:
    """Without its mean; all 0 where what is left is rounding."""
    rest = x - x.mean()
    return rest if np.abs(rest).max() > 1e-12 * np.abs(x).max() else np.zeros(len(x))


def _ranks(x: FloatArray) -> FloatArray:
    """Ranks, those of equal values their mean."""
    _, place, count = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(count).astype(np.float64)
    return (last - (count - 1) / 2)[place]


def _independent(x: FloatArray, y: FloatArray) -> float:
    """Independent pairs: n over the sum of the products of both autocorrelations.

    Source: Bartlett (1935), J. R. Statist. Soc. 98(3); cut at the first product that is negative.
    """
    rho_x, rho_y = autocorrelation(x), autocorrelation(y)
    if rho_x is None or rho_y is None:
        return float(len(x))
    product = rho_x[1:] * rho_y[1:]
    small = np.flatnonzero((rho_x[1:] <= 0) | (rho_y[1:] <= 0))
    total = float(product[: int(small[0]) if len(small) else None].sum())
    return float(max(2.0, len(x) / (1 + 2 * total)))


def _interval(r: float | None, independent: float) -> tuple[float | None, float | None]:
    """The 95 % interval of a correlation by Fisher's z; none where too little is independent."""
    if r is None or independent < _LEAST:
        return None, None
    z, error = atanh(max(-0.999999, min(0.999999, r))), 1.96 / sqrt(independent - 3)
    return tanh(z - error), tanh(z + error)


def _lead(
    x: FloatArray, y: FloatArray, lags: int, independent: float
) -> tuple[float | None, float | None]:
    """Steps by which x leads y at the greatest cross-correlation, and that correlation.

    No lag is told where it is hardly better than none: by less than two standard errors.
    """
    if lags < 1 or independent < _LEAST:
        return None, None
    a, b = _detrended(x), _detrended(y)
    size = 1 << (2 * len(a) - 1).bit_length()
    cross = np.fft.irfft(np.conj(np.fft.rfft(a, size)) * np.fft.rfft(b, size), size)
    shifts = np.arange(-lags, lags + 1)
    scale = sqrt(float(a @ a) * float(b @ b))
    if scale <= 0:
        return None, None
    # Shorter overlaps are not made up for: a chance at a long lag weighs less so.
    ccf = cross[shifts % size] / scale
    best = int(np.abs(ccf).argmax())
    at_none, at_best = abs(float(ccf[lags])), abs(float(ccf[best]))
    error = 1 / sqrt(max(independent, 4.0))
    if shifts[best] == 0:
        return 0.0, float(ccf[best])
    if at_best < 2 * error or at_best - at_none < min(0.1, 2 * error):
        return None, float(ccf[best])
    return float(shifts[best]), float(np.clip(ccf[best], -1, 1))


def _detrended(x: FloatArray) -> FloatArray:
    """Without its straight line; 0 where there is no value."""
    there = ~np.isnan(x)
    t = np.arange(len(x), dtype=np.float64)
    slope, level = np.polyfit(t[there], x[there], 1)
    return np.where(there, np.nan_to_num(x) - (level + slope * t), 0.0)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)
