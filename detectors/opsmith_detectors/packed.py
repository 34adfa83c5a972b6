"""Symmetric matrices kept as their lower triangles, row by row: small, and read in one go."""

from math import sqrt
from typing import Any

import numpy.typing as npt

from opsmith.compiled import lean

Numbers = npt.NDArray[Any]

_LEAST_PIVOT = 1e-6
"""Of a correlation matrix: below it a channel is foretold by the others but for rounding."""
FULL_SCALE = 32767


@lean
def quadratic(a: Numbers, start: int, z: Numbers, c: int) -> float:
    """`z' A z`, with A of size c from `a[start]` on."""
    k = start
    total = 0.0
    for i in range(c):
        crossed = 0.0
        for j in range(i):
            crossed += a[k] * z[j]
            k += 1
        total += z[i] * (2 * crossed + a[k] * z[i])
        k += 1
    return total


@lean
def blend(a: Numbers, start: int, z: Numbers, c: int, rate: float) -> None:
    """Move A by `rate` towards `z z'`."""
    k = start
    for i in range(c):
        pulled = rate * z[i]
        for j in range(i + 1):
            a[k] += pulled * z[j] - rate * a[k]
            k += 1


@lean
def unpack(a: Numbers, start: int, full: Numbers, c: int) -> None:
    """Write the matrix to `full`, shape (c, c)."""
    k = start
    for i in range(c):
        for j in range(i + 1):
            full[i, j] = full[j, i] = a[k]
            k += 1


@lean
def factorise(a: Numbers, c: int) -> None:
    """The lower triangle L of `A = L L'` in place of A's; A of ones on its diagonal."""
    for i in range(c):
        for j in range(i + 1):
            rest = a[i, j]
            for k in range(j):
                rest -= a[i, k] * a[j, k]
            a[i, j] = sqrt(max(rest, _LEAST_PIVOT)) if i == j else rest / a[j, j]


@lean
def keep_inverse(
    moment: Numbers, c: int, pull: float, inverse: Numbers, start: int, scale: Numbers
) -> float:
    """Invert the correlations of `moment` after pulling them towards independence.

    Shrinkage as of Ledoit and Wolf (2004), J. Multivariate Analysis 88(2), 365-411, with the
    weight taken from the number of readings and channels.

    Args:
        moment: Shape (c, c), products; overwritten.
        c: Its size.
        pull: Weight of independence, 0 to 1.
        inverse: Of `int16`; the packed inverse is written from `start` on.
        start: Where.
        scale: Shape (c,), overwritten.

    Returns:
        What one unit of `inverse` is.
    """
    for i in range(c):
        scale[i] = sqrt(max(moment[i, i], 1e-30))
    for i in range(c):
        for j in range(i):
            moment[i, j] *= (1 - pull) / (scale[i] * scale[j])
        moment[i, i] = 1.0
    factorise(moment, c)
    for i in range(c):
        moment[i, i] = 1 / moment[i, i]
        for j in range(i):
            rest = 0.0
            for k in range(j, i):
                rest -= moment[i, k] * moment[k, j]
            moment[i, j] = rest * moment[i, i]
    return _keep(moment, c, inverse, start)


@lean
def _keep(root: Numbers, c: int, inverse: Numbers, start: int) -> float:
    """Write `root' root` of a lower triangle, packed; what one unit of it is."""
    # The largest entry of a positive definite matrix is on its diagonal.
    largest = 0.0
    for j in range(c):
        entry = 0.0
        for k in range(j, c):
            entry += root[k, j] * root[k, j]
        largest = max(largest, entry)
    unit = largest / FULL_SCALE
    at = start
    for i in range(c):
        for j in range(i + 1):
            entry = 0.0
            for k in range(i, c):
                entry += root[k, i] * root[k, j]
            inverse[at] = round(entry / unit)
            at += 1
    return unit
