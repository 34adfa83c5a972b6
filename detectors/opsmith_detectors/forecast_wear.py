"""When slow wear crosses a limit, from one machine's own past: wear speeds up.

A level plus an exponential growth, whose pace is not known: many are fitted, each by least squares,
and count as they fit and as wear usually goes; a straight line is among them. Where machines of the
kind ran to failure before, a learned model knows better (`rul_analogs`).
"""

import numpy as np

from opsmith.domain.readings import FloatArray

FEWEST = 20
"""Values below which nothing is said."""
CERTAIN = 3.0
"""Standard errors from which a growth is one."""
PACE, PACE_SPREAD, PACE_FLOOR = 0.35, 0.3, 4.0
"""What the time in which growth becomes e-fold is taken to be, by the length of the past: its
middle, how far it scatters (log-normal), and the log of how little anything else, a straight line
too, is believed. On 70 engines 20 and 40 cycles before a limit, .49 and .61 are within 30 %; flat
from .3 to .4; a straight line through the newest values has .17 and .16."""
_PACES = np.geomspace(0.06, 40, 40)
_AWAY = np.array([-1.6, -0.7, 0.0, 0.7, 1.6])
_SHARE = np.array([0.15, 0.2, 0.3, 0.2, 0.15])
"""Five growths about the best one of each pace, in standard errors, and what each counts."""


def wear_crossing(
    values: FloatArray, limit: float, upward: bool
) -> tuple[float, float, float | None] | None:
    """When a growing level crosses a limit.

    Args:
        values: Shape (n,), oldest first, without NaN; from when the machine was as new, or the
            newest of it. Not smoothed.
        limit: In their unit.
        upward: Whether above the limit is beyond.

    Returns:
        Median and 80 % interval in steps from the last value, an open end None; None where no
        growth towards the limit can be told from none.
    """
    count = len(values)
    if count < FEWEST:
        return None
    sign = 1.0 if upward else -1.0
    unit = max(float(np.std(values)), 1e-12)
    middle = float(np.mean(values))
    series = sign * (values - middle) / unit
    away = sign * (limit - middle) / unit
    paces = _PACES * count
    grown = np.exp((np.arange(count) - (count - 1.0)) / paces[:, None])
    mean = grown.mean(axis=1)
    shape = grown - mean[:, None]
    size = np.square(shape).sum(axis=1)
    growth = shape @ series / size
    left = float(series @ series) - growth**2 * size
    best = int(np.argmin(left))
    rest = series - growth[best] * shape[best]
    # Neighbours are alike: each tells only as much as their correlation leaves.
    alike = float(np.clip(rest[1:] @ rest[:-1] / max(float(rest @ rest), 1e-300), 0, 0.9))
    variance = max(float(left[best]) / (count - 3), 1e-12) * (1 + alike) / (1 - alike)
    error = np.sqrt(variance / size)
    if growth[best] < CERTAIN * error[best]:
        return None
    if growth[best] * (1 - mean[best]) >= away:
        return 0.0, 0.0, 0.0
    usual = np.maximum(-0.5 * (np.log(_PACES / PACE) / PACE_SPREAD) ** 2, -PACE_FLOOR)
    belief = usual - 0.5 * (left - left[best]) / variance
    steep = growth[:, None] + error[:, None] * _AWAY
    base = -steep * mean[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        taken = paces[:, None] * np.log((away - base) / steep)
    taken = np.where(steep > 0, np.maximum(taken, 0.0), np.inf).ravel()
    weight = (np.exp(belief - belief.max())[:, None] * _SHARE).ravel()
    order = np.argsort(taken)
    share = np.cumsum(weight[order]) / weight.sum()
    low, median, high = taken[order][np.searchsorted(share, (0.1, 0.5, 0.9))].tolist()
    if not np.isfinite(median):
        return None
    return median, low, high if np.isfinite(high) else None
