"""How rare a distance is, told from the distances that the same device has shown before.

Peaks over a threshold: Pickands (1975), Annals of Statistics 3, 119-131; on a stream, as in SPOT of
Siffer et al. (2017), KDD. Per tail two things are learnt:

- **The edge**, which one reading in `1 / RARE` passes, by stochastic approximation (Robbins and
  Monro, 1951) on a logarithmic scale, so that no unit and no spread has to be known.
- **The excess** over it, in parts of the edge, as exponential. Its mean is uncertain, so the chance
  of a new excess is the predictive one: with a gamma prior worth `PRIOR` excesses of the mean that
  an exponential distribution would have, a Lomax distribution. A young tail claims little.

Readings of one excursion are not independent: all but the first of them count less.
"""

from math import exp, log, log1p
from typing import Any

import numpy.typing as npt

from opsmith.compiled import lean

Records = npt.NDArray[Any]

RARE = 0.005
"""Share of the readings beyond the edge of a tail, so both tails hold 1 %."""
EDGE_SIGMAS = 2.576
"""Where the edge of a normal distribution is, in standard deviations."""
PRIOR = 4.0
"""Excesses that the prior is worth."""
_PRIOR_MEAN = -1 / log(RARE)
_KEPT = 60.0
"""Excesses that are remembered: the mean of so many is known to 13 %."""
_GAIN = 0.05
"""Least step of the edge's logarithm, so that it follows a device that ages."""
_WINSOR = 0.5
"""Part of the way to the limit beyond which an excess is learnt as no larger."""

FROZEN, LEARN, TAKE_OVER = 0, 1, 2
"""Of an excess: nothing; as above; at once, each reading in full."""


def fields(count: int) -> list[Any]:
    """The fields of a record that keeps `count` tails; all zero: nothing known."""
    tails = (count,)
    return [
        ("edge", "f4", tails),
        ("excess", "f4", tails),
        ("excesses", "f4", tails),
        ("beyond", "u1", tails),
    ]


@lean
def surprise(s: Any, i: int, n: int, z: float, floor: float) -> float:
    """Minus the logarithm of the chance of so large a distance; 0 within the edge.

    Args:
        s: Record with the tails' `fields`.
        i: The tail.
        n: Readings from which it was learnt.
        z: The distance, in the unit of its kind.
        floor: Distances below it are none (resolution).
    """
    edge = max(float(s.edge[i]), floor)
    if z <= edge:
        return 0.0
    known, total = float(s.excesses[i]) + PRIOR, float(s.excess[i]) + PRIOR * _PRIOR_MEAN
    # What was seen n times cannot be known to be rarer than one in n.
    return -log(max(RARE, 1 / (n + 1))) + known * log1p((z / edge - 1) / total)


@lean
def learn(
    s: Any,
    i: int,
    n: int,
    young: int,
    z: float,
    floor: float,
    limit: float,
    how: int,
    excursion: float,
) -> None:
    """Learn one distance.

    Args:
        s: Record with the tails' `fields`.
        i: The tail.
        n: Readings from which it was learnt so far.
        young: In the first readings, so many, the edge is what was largest.
        z: The distance, in the unit of its kind.
        floor: Distances below it are none (resolution).
        limit: Surprise that alerts.
        how: `FROZEN`, `LEARN` or `TAKE_OVER`.
        excursion: By what readings of an excursion after its first count less.
    """
    if n < young:
        s.edge[i] = max(float(s.edge[i]), z)
        return
    edge = max(float(s.edge[i]), floor)
    gain = max(_GAIN, 1 / (1 + (n - young) * RARE))
    if z <= edge:
        s.edge[i] = edge * (1 - gain * RARE)
        s.beyond[i] = 0
        return
    if how != FROZEN:
        weight = 1 / excursion if s.beyond[i] != 0 and how == LEARN else 1.0
        known, total = float(s.excesses[i]), float(s.excess[i])
        most = _WINSOR * limit * (total + PRIOR * _PRIOR_MEAN) / (known + PRIOR)
        total += weight * min(z / edge - 1, most)
        known += weight
        fade = min(1.0, _KEPT / known)
        s.excess[i], s.excesses[i] = total * fade, known * fade
        s.edge[i] = edge * exp(weight * gain * (1 - RARE))
    s.beyond[i] = 1


@lean
def bounded(s: Any, i: int, z: float) -> float:
    """`z`, no further than the edges of the tails `i` (above) and `i + 1` (below)."""
    return min(max(z, -float(s.edge[i + 1])), float(s.edge[i]))
