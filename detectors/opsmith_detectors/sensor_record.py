"""What is known of each channel's sensor, in 64 bytes, and what can be said of it."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from opsmith.domain.alerts import Kind
from opsmith.domain.units import MEASUREMENTS, measurement_of

Records = npt.NDArray[Any]
Verdicts = npt.NDArray[np.uint8]

OK, SUSPECT, STUCK, DROPOUT, SPIKING, IMPLAUSIBLE, UNIT, DRIFT = range(8)
"""What is said of one channel at one reading. SUSPECT: this value is not to be believed, of the
sensor nothing is known yet; those above it are faults."""
KINDS: tuple[Kind, ...] = (
    "unknown", "unknown", "flat", "dropout", "spike", "implausible", "unit", "drift",
)  # fmt: skip
"""The kind of deviation that each verdict is."""

_FIELDS = np.dtype(
    [
        ("last", "f4"),  # the last value that was believed, in the channel's unit; so the next 5
        ("level", "f4"),  # smoothed over some 4 readings
        ("grain", "f4"),  # mean size of a step from one reading to another one
        ("usual", "f4"),  # of a channel with a peer: its level, over thousands of readings
        ("apart", "f4"),  # ... its value less its peer's, smoothed over some 20 readings
        ("apart_mean", "f4"),  # ... the same, over thousands
        ("spread", "f4"),  # ... variance of `level` about `usual`
        ("apart_var", "f4"),  # ... variance of `apart` about `apart_mean`
        ("seen", "i2"),  # readings that were habit; halved with the next four at FULL
        ("repeats", "i2"),  # of them: those that repeated the last value
        ("gaps", "i2"),  # ... those without a value
        ("zeros", "i2"),  # ... exact zeros
        ("spiked", "i2"),  # ... spikes, while it was not spiking
        ("run", "i2"),  # repeats in a row, now
        ("gap", "i2"),  # readings without a value in a row, now
        ("longest", "i2"),  # run that is over
        ("longest_gap", "i2"),
        ("spikes", "i2"),  # recent spikes, in ONE-ths, fading
        ("marks", "i2"),
        ("busy", "i1"),  # 1: `marks`, `lost`, `strange`, `count` or `gap` is not 0
        ("lost", "i1"),  # recent share of readings without a value, in 127ths
        ("strange", "i1"),  # recent share of uncertain values, in 127ths
        ("count", "i1"),  # zeros in a row; or readings that bear out another unit
        ("unquiet", "i1"),  # readings until a leap would be an isolated one
        ("unit", "i1"),  # 1 + which other unit is supposed; 0: none
        ("quantity", "i1"),  # 1 + row of the table of other units; 0: none
        ("peer", "i1"),  # 1 + the next channel of the same kind, in a ring; 0: none
    ],
    align=True,
)
SENSOR = np.dtype((np.record, _FIELDS))
"""What is known of one channel's sensor: 64 bytes. A fresh one comes from `fresh`."""

IS_STUCK, IS_SILENT, IS_SPIKING, IS_IMPLAUSIBLE, IN_OTHER_UNIT, IS_DRIFTING = (
    1 << i for i in range(6)
)
IS_DOUBTED, IS_ALONE = 1 << 6, 1 << 7
LASTING = IS_STUCK | IS_SILENT | IS_SPIKING | IS_IMPLAUSIBLE | IN_OTHER_UNIT | IS_DRIFTING


HABIT = 100
"""Readings that a channel must be known for."""
FULL = 4000
"""Readings of habit at which all counts are halved: a memory of some thousands."""
MOST = 32000
"""Where what has no end is no longer counted."""
ONE = 512
"""One recent spike; also the readings in which it fades to a third."""
STIR, LEAP = 3.0, 10.0
"""Mean steps beyond which a channel may move with others, and beyond which it leaps: 2.4 and 8
standard deviations of the steps of white noise."""


def peers(names: Sequence[str]) -> npt.NDArray[np.int64]:
    """For each channel the next one of the same kind, in a ring; -1 where there is none.

    >>> peers(("flow", "vibration", "vibration2", "temperature_1", "temperature_2")).tolist()
    [-1, 2, 1, 4, 3]
    """
    rings = defaultdict[str, list[int]](list)
    for place, name in enumerate(names):
        stem = re.sub(r"_?(\d+|_[ab])$", "", name)
        if stem.rsplit("_", 1)[-1] in MEASUREMENTS:
            rings[stem].append(place)
    following = np.full(len(names), -1)
    for ring in rings.values():
        if len(ring) > 1:
            following[ring] = ring[1:] + ring[:1]
    return following


def fresh(names: Sequence[str]) -> Records:
    """The records of the channels of a new device: shape (c,), of `SENSOR`."""
    records = np.zeros(len(names), dtype=SENSOR)
    rows = {id(measurement): row for row, measurement in enumerate(MEASUREMENTS.values(), 1)}
    for place, (name, peer) in enumerate(zip(names, peers(names).tolist(), strict=True)):
        measurement = measurement_of(name)
        records[place]["quantity"] = rows[id(measurement)] if measurement else 0
        # A ring that the field cannot point through is left out: then no drift is judged.
        records[place]["peer"] = peer + 1 if len(names) < 127 else 0
    return records
