"""First-order dynamics, exact for any sampling interval and for chunks of any size."""

import numpy as np

from opsmith.domain.readings import FloatArray


def relax(start: float, goal: FloatArray, steps: FloatArray) -> FloatArray:
    """Follow `goal` with a first-order lag.

    Args:
        start: The value before the first step.
        goal: Shape (n,), held during the step that ends there.
        steps: Shape (n,), each step's length in time constants; 0 stays where it is.

    Returns:
        Shape (n,), the value at the end of each step, in the goal's unit.

    >>> relax(0.0, np.array([1.0, 1.0]), np.array([np.log(2), np.log(2)]))
    array([0.5 , 0.75])
    """
    share = -np.expm1(-steps)
    value, values = start, list[float]()
    for towards, part in zip(goal.tolist(), share.tolist(), strict=True):
        value += (towards - value) * part
        values.append(value)
    return np.array(values)


def wander(start: float, shocks: FloatArray, steps: FloatArray) -> FloatArray:
    """An Ornstein-Uhlenbeck process of mean 0 and variance 1.

    Source: Gillespie (1996), Physical Review E 54, 2084: the update is exact for any step.

    Args:
        start: The value before the first step.
        shocks: Shape (n,), standard normal.
        steps: Shape (n,), each step's length in correlation times.

    Returns:
        Shape (n,), dimensionless.
    """
    keep = np.exp(-steps)
    push = np.sqrt(-np.expm1(-2 * steps)) * shocks
    value, values = start, list[float]()
    for kept, pushed in zip(keep.tolist(), push.tolist(), strict=True):
        value = value * kept + pushed
        values.append(value)
    return np.array(values)
