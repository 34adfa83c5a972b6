"""Figures as tools give them: six significant digits, None where there is none."""

import math

import numpy as np

from opsmith.domain.changes import ChannelChange
from opsmith.domain.readings import FloatArray


def figure(value: float) -> float | None:
    """A number that fits into JSON and into a sentence.

    >>> figure(45.300000001), figure(float("nan"))
    (45.3, None)
    """
    return float(f"{value:.6g}") if math.isfinite(value) else None


def figures(values: FloatArray) -> tuple[float, ...]:
    """Numbers without NaN, likewise."""
    return tuple(float(f"{value:.6g}") for value in values[np.isfinite(values)].tolist())


def in_figures(change: ChannelChange) -> ChannelChange:
    """A change with its numbers likewise."""
    return change.model_copy(
        update={
            "before": None if change.before is None else figure(change.before),
            "now": None if change.now is None else figure(change.now),
            "sigmas": figure(change.sigmas) or 0.0,
            "spread_ratio": figure(change.spread_ratio) or 0.0,
            "missing_share": round(change.missing_share, 4),
        }
    )
