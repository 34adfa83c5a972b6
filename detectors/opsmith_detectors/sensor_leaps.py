"""A channel that leaps alone: a spike, a step, or another unit; the next readings tell.

The first reading of a leap is doubted. Back where it was: a spike, and several in a while are a
sensor's fault. Where another unit of its quantity would show the same: another unit, once five
readings bear it out. Else a step, which is believed. A leap soon after another one is an
oscillation, and believed at once, and so is a leap of many channels.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from opsmith.compiled import lean
from opsmith.domain.readings import FloatArray
from opsmith.domain.units import MEASUREMENTS, alternatives
from opsmith_detectors.sensor_record import (
    IN_OTHER_UNIT,
    IS_ALONE,
    IS_DOUBTED,
    IS_SPIKING,
    LEAP,
    MOST,
    ONE,
)

_SPIKES = 2.5
"""Recent spikes that are several in a while."""
_QUIET = 4
"""Readings without a leap before one that is isolated."""
_SURE = 5
"""Readings that bear another unit out."""


def _tables() -> tuple[FloatArray, FloatArray, npt.NDArray[np.int64]]:
    """Factors, offsets (both (quantities, units)) and their number, of what else it may be."""
    each = [alternatives(name) for name in MEASUREMENTS]
    factors = np.zeros((len(each), max(map(len, each))))
    offsets = np.zeros_like(factors)
    for row, pairs in enumerate(each):
        for column, (factor, offset) in enumerate(pairs):
            factors[row, column], offsets[row, column] = factor, offset
    return factors, offsets, np.array([len(pairs) for pairs in each])


_FACTORS, _OFFSETS, _OTHERS = _tables()


@lean
def judge_leap(s: Any, v: Any, leaps: bool, others_leap: int, others_stir: int, heard: int) -> bool:
    """Judge a value by how far it leaps.

    Args:
        s: The sensor's record.
        v: The value.
        leaps: It lies beyond `LEAP` mean steps of the last value that was believed.
        others_leap: How many others leap at the same time.
        others_stir: How many others move more than usual at the same time.
        heard: How many channels there are values of.

    Returns:
        Whether it is to be doubted.
    """
    doubted = False
    if s.unit > 0:
        doubted = _judge_unit(s, v, others_leap)
    elif s.marks & IS_DOUBTED:
        doubted = _judge_second(s, v)
    elif leaps:
        # A lone channel that leaps cannot be told from its machine.
        if others_leap == 0 and heard >= 2 and s.unquiet == 0:
            s.marks |= IS_DOUBTED | IS_ALONE if others_stir == 0 else IS_DOUBTED
            doubted = True
        s.unquiet = _QUIET
    if s.spikes > 0:
        _judge_spikes(s)
    return doubted


@lean
def _judge_second(s: Any, v: Any) -> bool:
    """Judge the value after the one that leapt."""
    alone = s.marks & IS_ALONE != 0
    s.marks &= ~(IS_DOUBTED | IS_ALONE)
    if abs(v - s.last) <= 0.5 * LEAP * s.grain:
        if alone and s.spikes < MOST - ONE:
            s.spikes += ONE
            if s.marks & IS_SPIKING == 0:
                s.spiked += 1
        return False
    if s.quantity > 0 and _find_unit(s, v):
        s.count = 2
        return True
    s.level = v
    return False


@lean
def _judge_spikes(s: Any) -> None:
    """Set or take back that it spikes: several more, lately, than it is used to.

    Its habit is known no better than to one spike in all that was seen.
    """
    if s.marks & IS_SPIKING:
        if s.spikes < ONE:
            s.marks &= ~IS_SPIKING
        return
    before = max(0.0, s.spiked - s.spikes / ONE)
    if s.spikes >= ONE * (_SPIKES + 1.5 * ONE * (before + 1) / s.seen):
        s.marks |= IS_SPIKING


@lean
def _judge_unit(s: Any, v: Any, others_leap: int) -> bool:
    """Judge a value of a channel that is supposed to come in another unit."""
    there = _in_other_unit(s)
    if s.marks & IN_OTHER_UNIT:
        s.count = s.count - 1 if abs(v - s.level) < abs(v - there) else _SURE
        if s.count == 0:
            s.unit = 0
            s.marks &= ~IN_OTHER_UNIT
        return True
    if others_leap == 0 and abs(v - there) <= _tolerance(s):
        s.count += 1
        if s.count >= _SURE:
            s.marks |= IN_OTHER_UNIT
        return True
    s.unit = s.count = 0
    s.level = v
    return False


@lean
def _find_unit(s: Any, v: Any) -> bool:
    """Suppose the other unit in which the level would be what is shown now, if there is one."""
    row = s.quantity - 1
    for column in range(_OTHERS[row]):
        s.unit = column + 1
        there, tolerance = _in_other_unit(s), _tolerance(s)
        if abs(v - there) <= tolerance and tolerance < 0.25 * abs(there - s.level):
            return True
    s.unit = 0
    return False


@lean
def _in_other_unit(s: Any) -> float:
    """What its level would be in the supposed unit."""
    row, column = s.quantity - 1, s.unit - 1
    return s.level * _FACTORS[row, column] + _OFFSETS[row, column]


@lean
def _tolerance(s: Any) -> float:
    """How far from that a value may be: 3 %, and the noise."""
    there = _in_other_unit(s)
    return 0.03 * abs(there) + 4 * s.grain * _FACTORS[s.quantity - 1, s.unit - 1]
