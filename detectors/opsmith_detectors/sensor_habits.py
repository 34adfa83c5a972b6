"""What a sensor is used to: learnt from its values that nobody doubts, while its machine runs."""

from typing import Any

import numpy as np

from opsmith.compiled import lean
from opsmith.domain.readings import FloatArray
from opsmith_detectors.sensor_peers import learn_distance
from opsmith_detectors.sensor_record import FULL, OK, ONE, Records, Verdicts


@lean
def learn(sensors: Records, r: int, c: int, x: FloatArray, moving: bool, verdict: Verdicts) -> None:
    """Make what was `OK` a habit; arguments as of `sensor_faults.judge`, before it."""
    for j in range(c):
        s = sensors[r, j]
        if s.spikes > 0:
            s.spikes -= (s.spikes + ONE - 1) // ONE
        if verdict[j] != OK:
            continue
        v = np.float32(x[j])
        if v == v:
            _learn_value(s, v, moving)
        elif moving and s.seen > 0:
            s.gaps += 1
            s.seen += 1
        if s.seen >= FULL:
            s.seen //= 2
            s.repeats //= 2
            s.gaps //= 2
            s.zeros //= 2
            s.spiked //= 2


@lean
def _learn_value(s: Any, v: Any, moving: bool) -> None:
    step = abs(v - s.last)
    if s.seen == 0:
        s.level, step = v, np.float32(0.0)
    s.last = v
    s.level += np.float32(0.25) * (v - s.level)
    if s.unquiet > 0:
        s.unquiet -= 1
    if not moving:
        return
    s.seen += 1
    if v == 0:
        s.zeros += 1
    if step == 0:
        s.repeats += 1
    else:
        _learn_step(s, step)
    if s.peer > 0:
        learn_distance(s)


@lean
def _learn_step(s: Any, step: Any) -> None:
    changes = s.seen - s.repeats - s.gaps
    rate = np.float32(1 / 256)
    if changes < 256:
        if changes <= 1:
            s.grain = step
        rate = np.float32(1.0) / np.float32(changes)
    if step > 4 * s.grain:
        # A leap teaches no more than a large step (winsorised, Huber 1964); but large steps teach
        # soon that the noise grows: among those of white noise one in 700 is.
        step, rate = 4 * s.grain, max(rate, np.float32(1 / 16))
    s.grain += rate * (step - s.grain)
