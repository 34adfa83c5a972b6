"""What is known of one device and of each of its channels, as records of plain numbers.

All of it together, for a device of eight channels, takes less than 4 KB: 100,000 devices fit into
one process, and a device's state is copied, stored and restored as bytes.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Records = npt.NDArray[Any]
Numbers = npt.NDArray[Any]

RUNNING, STARTING, STOPPED = range(3)
"""Operating states."""

HELD, SPOILT, MET = 1, 2, 4
"""Marks of a channel: it carries the event that stands; this block is not learnt; it was heard."""

_SUMS = ("x", "squares", "fast", "slow", "residual", "fast_mean", "fast_square", "slow_mean",
         "slow_square")  # fmt: skip

CHANNEL = np.dtype(
    [
        ("origin", "f4"),
        ("last", "f4"),
        ("fast", "f4"),
        ("slow", "f4"),
        ("mean", "f4"),
        ("noise", "f4"),
        ("step", "f4"),
        ("fast_variance", "f4"),
        ("slow_variance", "f4"),
        ("residual_variance", "f4"),
        ("one_apart", "f4"),
        ("two_apart", "f4"),
        ("block_before", "f4"),
        ("block_before_that", "f4"),
        ("fast_usual", "f4"),
        ("fast_spread", "f4"),
        ("slow_usual", "f4"),
        ("slow_spread", "f4"),
        ("reach", "f4"),
        ("motion", "f4"),
        ("before", "f4"),
        *((f"now_{name}", "f4") for name in _SUMS),
        *((f"wait_{name}", "f4") for name in _SUMS),
        ("heard", "i4"),
        ("age", "u1"),
        ("settling", "u1"),
        ("now", "u1"),
        ("wait", "u1"),
        ("blocks", "u1"),
        ("moved", "u1"),
        ("marks", "u1"),
    ],
    align=True,
)
"""One channel of one device, all in its unit and relative to `origin`, its first value.

`last`: the last value; `fast`, `slow`: smoothed levels; `mean`: the baseline level; `noise`:
variance within a block; `step`: least change seen; `..._variance`: of the levels' shifts and of the
residual; `one_apart`, `two_apart`: mean square difference of block means; `..._usual`,
`..._spread`: of the shifts' statistics; `reach`: how far the event that stands has gone, or the
level that a change of load came to; `motion`: level while running; `before`: baseline before a
change of load; `now_`, `wait_`: sums over this block and over the one that waits to be learnt, of
`now` and `wait` readings; `heard`: readings learnt; `age`: readings since which it deviates;
`settling`: readings for which it is followed; `blocks`: learnt in a row; `moved`: readings known of
`motion`.
"""

MACHINE = np.dtype(
    [
        ("last", "i8"),
        ("excuse_since", "i8"),
        ("excuse_over", "i8"),
        ("warm_from", "i8"),
        ("seen", "i4"),
        ("learnt", "i4"),
        ("judged", "i4"),
        ("event", "i4"),
        ("interval", "f4"),
        ("surprise", "f4"),
        ("together_usual", "f4"),
        ("together_spread", "f4"),
        ("surprise_usual", "f4"),
        ("surprise_spread", "f4"),
        ("shift_unit", "f4"),
        ("residual_unit", "f4"),
        ("active", "u2"),
        ("excuse_readings", "i2"),
        ("since_event", "i2"),
        ("block", "u1"),
        ("spoilt", "u1"),
        ("fitted", "u1"),
        ("state", "u1"),
        ("starting", "u1"),
        ("excuse", "u1"),
        ("excuse_again", "u1"),
        ("after_start", "u1"),
        ("pause", "u1"),
        ("fresh_start", "u1"),
        ("waited", "u1"),
        ("level_led", "u1"),
    ],
    align=True,
)
"""One device. Times are microseconds since 1970, 0 for none.

`last`: of its last reading; `active`: one bit for each type of
alert that is not at rest; `excuse...`: a change of load that is believed, 0 none, 1 going on, 2
over; `warm_from`: of a start-up or a change of load; `seen`, `learnt`, `judged`: readings; `event`:
readings since the learned detectors' alert was raised; `interval`: usual one, us; `surprise`:
smoothed T2 of the residual; `together_`, `surprise_`: usual value and spread of the statistics of
all channels together; `..._unit`: of the inverted correlations; `since_event`: readings since the
last event ended, 0 for none; `block`: readings in this one; `state`: operating state; `starting`,
`pause`: readings left; `fresh_start`: the load is not known yet; `waited`: readings of the block
that waits.
"""

DRIVEN, FLOW, SPEED, SHAKING, THERMAL, MOTION, TURNING = (1 << i for i in range(7))
"""What a channel's name says of it: it follows the load, and so on; of `TRAITS`."""
_DRIVEN = ("current", "power", "speed", "load", "torque", "frequency")
_MOTION = ("current", "power", "speed", "flow", "vibration")
"""Channels that fall towards zero when a machine stops."""
_TURNING = ("current", "power", "speed")
"""Those of them without which nothing turns."""
_BANDS = {"current": 0.4, "power": 0.4, "speed": 0.4, "flow": 0.25, "pressure": 0.2}

TRAITS = np.dtype(
    [
        ("low", "f8"),
        ("high", "f8"),
        ("span", "f8"),
        ("band", "f4"),
        ("nature", "u1"),
        ("low_kind", "u1"),
        ("high_kind", "u1"),
    ],
    align=True,
)
"""What is registered of one channel, not learnt: rated limits (NaN: none), their span, both in its
unit, and types of alert; `band`: part of its level within which a change may be one of load."""


def flags_of(name: str) -> int:
    """What a channel's name says of it."""
    flags = DRIVEN if name.startswith(_DRIVEN) else 0
    flags |= FLOW if name.startswith("flow") else 0
    # Speed may fall a little when the load grows: a motor's slip.
    flags |= SPEED if name.startswith("speed") else 0
    flags |= SHAKING if name.startswith("vibration") else 0
    flags |= THERMAL if "temperature" in name else 0
    flags |= MOTION if name.startswith(_MOTION) else 0
    return flags | (TURNING if name.startswith(_TURNING) else 0)


def band_of(name: str) -> float:
    """Part of a channel's level within which a change may be one of load."""
    return next((band for start, band in _BANDS.items() if name.startswith(start)), np.inf)


def matrix_numbers(c: int) -> int:
    """Numbers kept as `float32` of c channels together; 0 for one alone.

    Packed, products of the readings, of the slow levels' shifts, and of the residuals; shape
    (c, c), products of a reading with the next one; and the autoregression's coefficients.
    """
    return 3 * triangle(c) + 2 * c * c if c > 1 else 0


def triangle(c: int) -> int:
    """Numbers of a symmetric matrix of size c."""
    return c * (c + 1) // 2
