"""What creeps: each channel's daily mean against a baseline frozen at commissioning or repair.

An adaptive baseline follows whatever is slow, so a ramp over days never leaves it. Here the first
days are frozen, and each later day is held against them:

- **A day at a time.** A daily cycle cancels out in the mean of the same six blocks of four hours;
  a day that did not run in the same blocks as the frozen ones is not compared.
- **Sigma** is the channel's noise: the spread within blocks about their own straight lines, so that
  neither the daily cycle nor the load between blocks counts as noise.
- **Load.** Where a driven channel (current, speed) leaps from one day to the next, that day's
  change is the load's, in every channel: it is taken out of the frozen level, and a trend has to
  show again under the new load. A fault that comes in leaps is sudden, and for others to find.
- **The verdict** asks for both: size, `LIMIT` sigmas from the frozen level and `UNREST` times what
  the channel scatters from day to day; and a trend that keeps its direction over the last days, by
  the rank test of Mann (1945), Econometrica 13, 245-259, and Kendall (1975). Load steps, weather
  and wandering come back within days, creep does not. What wanders by more than two sigmas within
  ten days or more is not told from creep.

Found, a drift stands until the channel is back within `CLEAR` of the limit, or `reset` freezes
anew.
"""

from math import log
from typing import Any

import numpy as np
import numpy.typing as npt

from opsmith.compiled import compiled
from opsmith_detectors.drift_days import (
    BLOCKS,
    DRIFT,
    DRIFTING,
    JUDGING,
    LEARNING,
    SEEKING,
    STEP,
    distance,
    freeze,
    is_whole,
    judge,
    size,
)

Records = npt.NDArray[Any]

LOAD_LEAP = 3.0
"""Sigmas by which the daily mean of a driven channel changes if its load did; creep is slower."""

DRIFTS = np.dtype(
    [
        ("last", "i8"),
        ("block", "i4"),
        ("n", "i4"),
        ("ran", "f4"),
        ("times", "f4"),
        ("times_squared", "f4"),
        ("score", "f4"),
        ("channel", "i2"),
        ("freezing", "u1"),
        ("begun", "u1"),
    ],
    align=True,
)
"""One device; all zero: nothing known.

`last`: time of the last usable reading; `block`: number of this block since 1970; `n`, `ran`,
`times`, `times_squared`: of this block's usable readings, their number, hours that they cover, and
sums of their hours from the block's middle; `score` and `channel`: the verdict; `freezing`: some
channel is still being learnt.
"""

_BLOCK_US = 4 * 3600 * 1_000_000
_HOUR = 1 / 3600e6
"""Of a microsecond: so many hours."""
_LONGEST_H = 1.6
"""Hours between two readings for which the machine is taken to have run on."""
_RAN_H = 1.0
"""Hours of a block that make it count: a short stop does not cost the day."""


@compiled
def step(
    drifts: Records,
    devices: Records,
    r: int,
    c: int,
    time_us: int,
    x: npt.NDArray[np.float64],
    usable: bool,
    driven: npt.NDArray[np.uint8],
) -> float:
    """Take one reading into account.

    Args:
        drifts: Shape (N, C), of `DRIFT`.
        devices: Shape (N,), of `DRIFTS`; `channel` says of which channel the score is.
        r: The device's row.
        c: Channels of the reading, C at most.
        time_us: Microseconds since 1970, UTC; later than that of the reading before.
        x: Shape (c,), each in its channel's unit; NaN where absent, bad or doubted.
        usable: The machine runs, and is warm.
        driven: Shape (c,), 1 where the channel follows the load and nothing else.

    Returns:
        0 while nothing creeps; 1 or more where something does, down to `CLEAR` as it goes back. An
        alert of it clears at 0.
    """
    device = devices[r]
    since = time_us - device.block * _BLOCK_US
    if since < 0 or since >= _BLOCK_US or device.begun == 0:
        block = time_us // _BLOCK_US
        since = time_us - block * _BLOCK_US
        if device.begun != 0:
            _end_block(drifts, device, r, c, driven, block // BLOCKS != device.block // BLOCKS)
        _begin_block(drifts, device, r, c, block)
    if not usable:
        device.last = 0
        return device.score
    passed = (time_us - device.last) * _HOUR
    if device.last != 0 and passed <= _LONGEST_H:
        device.ran += passed
    device.last = time_us
    device.n += 1
    if device.freezing == 0:
        for j in range(c):
            if x[j] == x[j]:
                drift = drifts[r, j]
                drift.sum += x[j] - drift.origin
                drift.n += 1
        return device.score
    _learn(drifts, device, r, c, x, since * _HOUR - 2.0)
    return device.score


@compiled
def _learn(
    drifts: Records, device: Any, r: int, c: int, x: npt.NDArray[np.float64], at: float
) -> None:
    """Sum up a reading while there is a channel to freeze; `at`: hours from the block's middle."""
    device.times += at
    device.times_squared += at * at
    for j in range(c):
        if x[j] != x[j]:
            continue
        drift = drifts[r, j]
        if drift.phase == SEEKING and drift.n == 0:
            drift.origin = x[j]
        off = x[j] - drift.origin
        drift.n += 1
        drift.sum += off
        drift.squares += off * off
        drift.tied += off * at


@compiled
def _begin_block(drifts: Records, device: Any, r: int, c: int, block: int) -> None:
    device.begun, device.block = 1, block
    device.n, device.ran, device.times, device.times_squared = 0, 0.0, 0.0, 0.0
    device.freezing = 0
    for j in range(c):
        drift = drifts[r, j]
        drift.n, drift.sum, drift.squares, drift.tied = 0, 0.0, 0.0, 0.0
        if drift.phase <= LEARNING:
            device.freezing = 1


@compiled
def _end_block(
    drifts: Records, device: Any, r: int, c: int, driven: npt.NDArray[np.uint8], is_last: bool
) -> None:
    """Take a block's means, and at the end of a day the day's."""
    bit = 1 << (device.block % BLOCKS)
    for j in range(c):
        drift = drifts[r, j]
        if device.ran < _RAN_H or 2 * drift.n < device.n or drift.n == 0:
            continue
        mean = drift.sum / drift.n
        if drift.phase == SEEKING:
            # The first block is seldom whole; it only tells where the channel is.
            drift.origin += mean
            drift.phase = LEARNING
            continue
        drift.covered |= bit
        drift.day += mean
        if drift.phase == LEARNING and drift.n >= 3 and drift.days < 255:
            drift.spread += _log_variance(drift, device)
            drift.days += 1
            drift.means[1] = min(drift.n, 100)
    if is_last:
        _end_day(drifts, device, r, c, driven)


@compiled
def _log_variance(drift: Any, device: Any) -> float:
    """Of a block's readings about their straight line; the mean of logarithms heeds no outlier."""
    n = float(drift.n)
    # Where a channel was absent, the device's times stand for its own.
    times = device.times / device.n
    tied = drift.tied - drift.sum * times
    ties = (device.times_squared - device.times * times) * n / device.n
    rest = drift.squares - drift.sum * drift.sum / n
    if ties > 0:
        rest -= tied * tied / ties
    least = 1e-5 * (abs(drift.origin) + 1e-6)
    # A chi-square's logarithm with k degrees of freedom is 1/k less, on average, to first order.
    return log(max(rest, 0.0) / (n - 2) + least * least) + 1 / (n - 2)


@compiled
def _end_day(drifts: Records, device: Any, r: int, c: int, driven: npt.NDArray[np.uint8]) -> None:
    leapt = False
    for j in range(c):
        drift = drifts[r, j]
        if driven[j] != 0 and drift.phase >= JUDGING and is_whole(drift):
            leapt = leapt or abs(distance(drift) - STEP * drift.means[0]) > LOAD_LEAP
    device.score = 0.0
    for j in range(c):
        drift = drifts[r, j]
        if drift.phase == LEARNING:
            freeze(drift)
        elif drift.phase >= JUDGING and is_whole(drift):
            if leapt:
                # The trend has to show again under the new load.
                drift.level += (distance(drift) - STEP * drift.means[0]) * drift.spread
                drift.days = 0
            judge(drift)
        drift.day, drift.covered = 0.0, 0
        if drift.phase == DRIFTING:
            score = size(drift)
            if score > device.score:
                device.score, device.channel = score, j


def reset(drifts: Records, devices: Records, r: int) -> None:
    """Forget a device's frozen baseline: it was repaired, commissioned or set anew."""
    drifts[r] = np.zeros((), DRIFT)
    devices[r] = np.zeros((), DRIFTS)


def frozen(drifts: Records, r: int, j: int) -> tuple[float, float, float] | None:
    """What is known of one channel, for people.

    Returns:
        The frozen daily mean, sigma, both in the channel's unit, and the last whole day's distance
        from it in sigmas; None before it is frozen.
    """
    drift = drifts[r, j]
    if drift["phase"] < JUDGING:
        return None
    level = float(drift["origin"]) + float(drift["level"])
    return level, float(drift["spread"]), STEP * float(drift["means"][0])
