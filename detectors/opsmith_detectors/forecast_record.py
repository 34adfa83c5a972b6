"""Forecasts against what came: the score kept per device, and whether a model still serves."""

from dataclasses import dataclass, replace

import numpy as np

from opsmith.domain.readings import FloatArray

MEMORY = 30
"""Matured forecasts after which an old one has lost most of its weight."""
FEWEST = 8
WORSE = 1.6
"""Times the error of the backtest, above which a model no longer serves: with an independent
forecast a day, chance alone does so less than once a year."""


@dataclass(frozen=True, slots=True)
class Record:
    """How a device's forecasts have done; exponentially weighted."""

    matured: int = 0
    error: float = 0.0
    """Mean absolute error, in the unit of the channel."""
    naive_error: float = 0.0
    """The last value's, at the same times."""
    covered: float = 0.0
    """Share of the values within the 80 % interval."""
    correction: float = 1.0
    """Factor on the interval that would have kept it at 80 %."""

    @property
    def ratio(self) -> float:
        """Error by that of the last value."""
        return self.error / self.naive_error if self.naive_error > 0 else 1.0

    def is_worse_than(self, backtest_error: float) -> bool:
        """Whether the model has drifted: learn it anew."""
        return self.matured >= FEWEST and self.error > WORSE * max(backtest_error, 1e-12)


def matured(
    record: Record,
    median: FloatArray,
    low: FloatArray,
    high: FloatArray,
    naive: float,
    came: FloatArray,
) -> Record:
    """Hold one forecast against what came.

    Args:
        record: So far.
        median: Shape (h,).
        low: Shape (h,): of its 80 % interval as shown.
        high: Likewise.
        naive: The last value when it was made.
        came: Shape (h,), NaN where nothing came.

    The interval's correction moves by a fixed step towards what covers (Gibbs and Candes 2021,
    NeurIPS: adaptive conformal inference).
    """
    there = np.isfinite(came) & np.isfinite(median)
    if not there.any():
        return record
    error = float(np.abs(came - median)[there].mean())
    naive_error = float(np.abs(came - naive)[there].mean())
    covered = float(((came >= low) & (came <= high))[there].mean())
    weight = max(1 / (record.matured + 1), 1 / MEMORY)

    def mix(old: float, new: float) -> float:
        return old + weight * (new - old)

    return replace(
        record,
        matured=record.matured + 1,
        error=mix(record.error, error),
        naive_error=mix(record.naive_error, naive_error),
        covered=mix(record.covered, covered),
        correction=float(np.clip(record.correction * np.exp(0.1 * (0.8 - covered)), 0.5, 4.0)),
    )


def isotonic(said: FloatArray, happened: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Calibrate probabilities by what happened: pool adjacent violators.

    Args:
        said: Shape (n,), probabilities.
        happened: Shape (n,), 0 or 1.

    Returns:
        Said and true probabilities, both rising, to interpolate between.
    """
    order = np.argsort(said, kind="stable")
    sums: list[list[float]] = []
    for x, y in zip(said[order].tolist(), happened[order].tolist(), strict=True):
        sums.append([x, y, 1.0])
        while len(sums) > 1 and sums[-2][1] * sums[-1][2] >= sums[-1][1] * sums[-2][2]:
            last = sums.pop()
            sums[-1] = [a + b for a, b in zip(sums[-1], last, strict=True)]
    table = np.array(sums)
    return table[:, 0] / table[:, 2], table[:, 1] / table[:, 2]
