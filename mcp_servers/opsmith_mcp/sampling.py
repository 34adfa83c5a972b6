"""How much a series of readings tells: readings that hang together count for fewer."""

import numpy as np

from opsmith.domain.readings import FloatArray

_POINTS = 8192
"""Points that the autocorrelation is taken from; of more, the means of blocks."""


def effective(values: FloatArray) -> float:
    """How many independent values say as much about the mean as these do.

    n over the integrated autocorrelation time, the sum cut where it first turns negative.

    Source: Geyer (1992), Statistical Science 7(4), 473-483, initial positive sequence.

    Args:
        values: Shape (n,), at equal distances, without NaN.

    >>> effective(np.tile([1.0, -1.0], 50))
    100.0
    """
    n = len(values)
    if n < 3:
        return float(n)
    width = -(-n // _POINTS)
    rows = n // width
    means = values[n - rows * width :].reshape(rows, width).mean(axis=1)
    rho = autocorrelation(means)
    if rho is None:
        return float(n)
    pairs = rho[: len(rho) // 2 * 2].reshape(-1, 2).sum(axis=1)
    negative = np.flatnonzero(pairs <= 0)
    total = float(pairs[: int(negative[0]) if len(negative) else None].sum())
    return float(min(n, max(2.0, rows / max(1.0, 2 * total - 1))))


def autocorrelation(values: FloatArray) -> FloatArray | None:
    """Shape (n,), at lags 0 to n - 1; None where all values are the same."""
    centred = values - values.mean()
    size = 1 << (2 * len(values) - 1).bit_length()
    power = np.abs(np.fft.rfft(centred, size)) ** 2
    found = np.fft.irfft(power, size)[: len(values)]
    return found / found[0] if found[0] > 1e-12 * (1 + abs(float(values.mean()))) else None


def spread(values: FloatArray) -> float:
    """Robust standard deviation: 1.4826 median absolute deviations, else the plain one.

    Args:
        values: Shape (n,), n > 0.
    """
    mad = 1.4826 * float(np.median(np.abs(values - np.median(values))))
    return mad if mad > 0 else float(values.std())
