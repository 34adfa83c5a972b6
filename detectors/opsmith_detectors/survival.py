"""How long a class of machines lives between renewals: a Weibull law, from histories with gaps."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from opsmith.domain.readings import FloatArray
from opsmith.errors import BadInput

SHAPE = 1.5
SHAPE_SPREAD = 0.5
"""What the shape is taken to be before any failure is seen: mild wear, anywhere from 0.8 to 2.8 in
four of five cases (log-normal). It holds little against ten failures; without it, two failures at
nearly one age would say that every machine fails at that age."""


@dataclass(frozen=True, slots=True)
class Weibull:
    """The law of the running hours from a renewal to a failure."""

    shape: float
    """Above 1: wears out; 1: by chance; below 1: fails young."""
    scale: float
    """Hours by which 63 % have failed."""
    failures: int
    censored: int
    """Runs that had not failed when they ended: replaced before, or running still."""
    shape_low: float
    shape_high: float
    """80 % interval of the shape."""

    def survival(self, hours: float) -> float:
        """Share that runs longer than so many hours."""
        return float(np.exp(-((max(0.0, hours) / self.scale) ** self.shape)))

    def fails_within(self, age: float, hours: float) -> float:
        """Probability of failing in the next hours, having run `age` hours since the renewal."""
        start, end = max(0.0, age), max(0.0, age) + max(0.0, hours)
        risk = (end / self.scale) ** self.shape - (start / self.scale) ** self.shape
        return float(-np.expm1(-risk))

    def remaining(self, age: float, part: float = 0.5) -> float:
        """Hours from now by which it fails with that probability, having run `age` hours."""
        used = (max(0.0, age) / self.scale) ** self.shape
        return float(self.scale * (used - np.log1p(-part)) ** (1 / self.shape) - max(0.0, age))


def fit_weibull(hours: FloatArray, failed: npt.NDArray[np.bool_]) -> Weibull:
    """Fit the law by maximum likelihood, with a mild prior on the shape.

    Args:
        hours: Shape (n,): running hours from a renewal to its failure or its end, above 0.
        failed: Shape (n,): whether it failed; else censored.

    Raises:
        BadInput: No failure among them.
    """
    used = np.isfinite(hours) & (hours > 0)
    hours, failed = hours[used], failed[used]
    failures = int(failed.sum())
    if not failures:
        raise BadInput("No run of these machines ended in a failure: no life can be fitted")
    unit = float(hours.max())
    at = np.log(hours / unit)
    shapes = np.geomspace(0.2, 20, 400)
    # For a given shape the best scale is known in closed form; the shape is one number.
    totals = np.log(np.exp(shapes[:, None] * at).sum(axis=1))
    likelihood = (
        failures * (np.log(shapes) + np.log(failures) - totals) + (shapes - 1) * at[failed].sum()
    )
    likelihood -= np.square(np.log(shapes / SHAPE)) / (2 * SHAPE_SPREAD**2)
    weight = np.exp(likelihood - likelihood.max())
    within = np.cumsum(weight) / weight.sum()
    shape = float(shapes[int(likelihood.argmax())])
    scale = unit * float((np.exp(shape * at).sum() / failures) ** (1 / shape))
    low, high = (float(np.interp(part, within, shapes)) for part in (0.1, 0.9))
    return Weibull(shape, scale, failures, len(hours) - failures, low, high)


def either(*chances: float) -> float:
    """Probability that at least one of several unconnected causes strikes."""
    return float(1 - np.prod([1 - min(1.0, max(0.0, each)) for each in chances]))
