"""What the light path knows of one device and of each of its channels: 40 and 36 bytes."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from opsmith_detectors.machine import Numbers, Records

LIGHT_MACHINE = np.dtype(
    [
        ("last", "i8"),
        ("until", "i8"),
        ("warm", "i8"),
        ("interval", "f4"),
        ("seen", "i4"),
        ("active", "u2"),
        ("state", "u1"),
        ("left", "u1"),
    ],
    align=True,
)
"""One device. Times are microseconds since 1970, 0 for none.

`last`, `interval`, `seen`, `active`, `state`: as of `machine.MACHINE`; `until`, `left`: time and
readings for which its levels settle after a start or a change of load; `warm`: until then
temperatures may follow it.
"""

LIGHT_CHANNEL = np.dtype(
    [
        ("origin", "f4"),
        ("mean", "f4"),
        ("fast", "f4"),
        ("variance", "f4"),
        ("step", "f4"),
        ("last", "f4"),
        ("run", "u2"),
        ("longest", "u2"),
        ("heard", "u2"),
        ("changes", "u1"),
        ("zeros", "u1"),
        ("lost", "u1"),
        ("usual_lost", "u1"),
    ],
    align=True,
)
"""One channel of one device, in its unit and relative to `origin`, its first value.

`mean`: the level by which it is judged; `fast`: the newest level; `variance`: of the distance
between them; `step`: least change seen; `last`: the last value; `run`: repeats of it in a row,
`longest`: of those that are over; `heard`: readings learnt, up to `KNOWN`; `changes`: of the value,
up to `ENOUGH`; `zeros`: recent exact zeros far from its level, fading; `lost`: recent
values missing, fading, `usual_lost`: the most of it in the first readings.
"""

KNOWN = 1023
"""Readings from which a channel is judged like any other."""
ENOUGH = 30
"""Changes from which it is known how long a channel repeats a value."""


class LightPool(NamedTuple):
    """The state of N devices with the same c channels; a device is a row of each array."""

    machines: Records
    channels: Records
    tracks: Records
    """Of types of alert; asked only of a device of which there is something to say."""
    edges: Numbers
    """Shape (N, c, 2): rated limits, less their deadband. Registered, not learnt; so the next."""
    traits: Records
    criticality: npt.NDArray[np.uint8]
    rated: npt.NDArray[np.uint8]
    rules: Records
    conditions: Records
    rule_from: npt.NDArray[np.int64]
    rule_to: npt.NDArray[np.int64]


class LightScratch(NamedTuple):
    """What one reading needs while it is judged."""

    x: Numbers
    """Shape (c,), each in its channel's unit; NaN where none arrived."""
    ratio: Numbers
    """Shape (c,): square of the distance from the level, 1 at the limit; -1: not judged."""
    verdict: npt.NDArray[np.uint8]
    said: Numbers
