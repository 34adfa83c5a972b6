"""Robust straight lines through a channel's recent past, and when they pass a limit."""

from dataclasses import dataclass
from math import erf, sqrt

import numpy as np

from opsmith.domain.readings import FloatArray

_BLOCKS = 60
LEAST = 30
"""Values of the shortest stretch that a line is drawn through."""


@dataclass(frozen=True, slots=True)
class Line:
    """Where a channel stands and how it moves, both with what is not known of them."""

    level: float
    """At the end, in the channel's unit."""
    level_error: float
    """Standard error of the level: where the next reading's level may lie."""
    slope: float
    """Per hour."""
    slope_error: float
    hours: float
    """Length of the stretch that the line was drawn through."""

    @property
    def is_certain(self) -> bool:
        """Whether the slope can be told from none (two standard errors)."""
        return abs(self.slope) > 2 * self.slope_error

    def passes_by(self, limit: float, hours: float, upward: bool) -> float:
        """Probability of standing beyond `limit` after so many hours, 0 to 1."""
        slope, slope_error = (self.slope, self.slope_error) if self.is_certain else (0.0, 0.0)
        ahead = self.level + slope * hours - limit
        error = sqrt(self.level_error**2 + (slope_error * hours) ** 2)
        z = (ahead if upward else -ahead) / max(error, 1e-12)
        return 0.5 * (1 + erf(max(-30.0, min(30.0, z)) / sqrt(2)))


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

    A stretch is halved while its later half runs otherwise than the whole. What is left of that
    disagreement is taken as error of the slope, beside the spread of the residuals, whose
    correlation from block to block widens it (effective sample size of an AR(1) process). A rise
    that levels off, such as a warm-up, is not carried on as steeply as it was.

    Args:
        hours: Shape (n,), increasing; the last is the present.
        values: Shape (n,), minute by minute, without NaN.
    """
    if len(hours) < LEAST:
        return None
    while True:
        late = hours >= (hours[0] + hours[-1]) / 2
        whole = _fit(hours, values)
        if late.sum() < LEAST:
            return whole
        second = _fit(hours[late], values[late])
        gap = second.slope - whole.slope
        if abs(gap) <= 3 * sqrt(second.slope_error**2 + whole.slope_error**2):
            levels_off = gap * whole.slope < 0
            return Line(
                level=second.level,
                level_error=second.level_error,
                slope=whole.slope + gap / 2 if levels_off else whole.slope,
                slope_error=sqrt(whole.slope_error**2 + (gap / 2) ** 2),
                hours=whole.hours,
            )
        hours, values = hours[late], values[late]


def _fit(hours: FloatArray, values: FloatArray) -> Line:
    x, y = _blocks(hours, values)
    slope = _theil_sen(x, y)
    middle = float(np.median(y - slope * (x - x[-1])))
    rest = y - middle - slope * (x - x[-1])
    spread = max(1.4826 * float(np.median(np.abs(rest))), 1e-9 * max(1.0, abs(middle)))
    spread = max(spread, 0.7 * float(np.std(rest)))
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


def _blocks(hours: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    parts = np.array_split(np.arange(len(hours)), min(_BLOCKS, len(hours)))
    x = np.array([hours[part].mean() for part in parts])
    y = np.array([np.median(values[part]) for part in parts])
    return x, y


def _theil_sen(x: FloatArray, y: FloatArray) -> float:
    i, j = np.triu_indices(len(x), 1)
    return float(np.median((y[j] - y[i]) / (x[j] - x[i])))
