"""How one device's normal is learnt online: block by block, and never while it deviates.

A block of readings waits until the block after it was quiet too, channel by channel: a fault is
neither learnt when it stands nor when it begins. A channel that deviates is not learnt; the others
go on. What the channels have to do with each other is learnt from calm readings alone.

Sources: baseline gain of a local level model: Harvey (1989), Forecasting, Structural Time Series,
ch. 4. Statistics of late readings weigh more: Shamir and Zhang (2013). Clipping: Huber (1964).
"""

from math import exp, sqrt
from typing import Any

from opsmith.compiled import lean
from opsmith_detectors.coupled import (
    FAST,
    FAST_GAIN,
    FAST_ROOT,
    FAST_SPREAD,
    FOLLOW,
    GRACE,
    JUDGED,
    PAST,
    RATIO,
    RESIDUAL,
    RESIDUAL_SPREAD,
    SCORE,
    SCRATCH,
    SCRATCH_2,
    SLOW,
    SLOW_GAIN,
    SLOW_ROOT,
    SLOW_SPREAD,
    SMOOTH,
    SUDDEN,
    SURPRISED,
    TOGETHER,
    VALUE,
    YOUNG,
    spread_of_fast,
    triangle,
)
from opsmith_detectors.machine import HELD, SPOILT, Numbers, Records
from opsmith_detectors.packed import blend, factorise, keep_inverse, unpack

BLOCK, FIRST_BLOCK = 20, 10
"""Readings learnt together; so in the grace."""
MEMORY = 300.0
"""Readings, time constant of the baseline."""
LONG_MEMORY = 3000.0
"""Readings, of what a channel is like by nature: how it drifts, how far its statistics scatter."""
LEAK = 6000.0
"""Readings, time constant at which even a standing deviation is taken over in the end."""
FASTEST = 1 / 40
"""Greatest gain of a baseline level; a channel that wanders by nature is followed so."""
COMMISSIONED = 400
"""Readings for which a device is learnt whatever it does, unless it is far off."""
FAR_OFF = 3.0
"""Score that is not learnt even then."""
CALM = 0.5
"""Part of the limit below which a reading, or a channel during an alert, is learnt as usual."""
_FIRST_FIT = 30
"""Readings learnt before anything can be judged."""
_FITS = 2
"""Blocks from one fit to the next of a device that is well known."""
_CLIP = 4.0
"""Standard deviations beyond which a healthy reading teaches no more."""
_HUBER = 2.0
"""Standard deviations of the fast level that a block moves the baseline by at most."""
_LEAST_SPREAD = 0.15
"""About a third of a chi-square's cube root's: statistics cannot be steadier than chance."""
_TINY = 1e-12


@lean
def _clip(x: float, far: float) -> float:
    return min(max(x, -far), far)


@lean
def gain_of(channel: Any) -> float:
    """Gain of the baseline level: how much of a change of block means is the truth's own drift."""
    drift = max(channel.two_apart - channel.one_apart, 0.0) / BLOCK
    ratio = drift / (channel.noise + _TINY)
    return min((sqrt(ratio * ratio + 4 * ratio) - ratio) / 2, FASTEST)


@lean
def _spread(channel: Any) -> float:
    return sqrt(channel.noise + channel.fast_variance) + _TINY


@lean
def learn(
    machine: Any,
    channels: Records,
    matrices: Numbers,
    inverses: Numbers,
    r: int,
    c: int,
    stands: bool,
    blank: bool,
    work: Numbers,
    out: Numbers,
    square: Numbers,
) -> None:
    """Learn the reading that was scored.

    Args:
        machine: The device; and so on as of `coupled.score`.
        channels: Shape (N, c), of `CHANNEL`.
        matrices: Shape (N, `matrix_numbers(c)`).
        inverses: Shape (N, 2 triangles), of `int16`.
        r: The device's row.
        c: Its channels.
        stands: An alert of the learned detectors stands: nothing that deviates is learnt.
        blank: The reading is not judged: its surprise is not carried on either.
        work: As `take` and `score` left it; `FOLLOW` set.
        out: As `score` left it.
        square: Shape (2, c, c), overwritten.
    """
    n = machine.seen + 1
    machine.seen = n
    worst = out[SCORE]
    known = n > COMMISSIONED or worst >= FAR_OFF
    bad = (stands or blank or worst >= 1) and known
    settling = False
    if machine.since_event > 0:
        machine.since_event = machine.since_event + 1 if machine.since_event < 2000 else 0
    # A start sets the levels to the newest; after it they average what comes.
    gather = max(FAST_GAIN, 1 / (1.0 + machine.excuse_readings)) if machine.excuse else 1.0
    slowest = 1 / min(LEAK, 20.0 * max(machine.learnt, 1))
    for j in range(c):
        channel = channels[r, j]
        ratio = work[RATIO, j]
        settling |= channel.settling > 0
        if (
            work[FOLLOW, j] > 0
            or bad
            and (
                blank
                or channel.marks & HELD
                or ratio >= CALM
                or (worst >= 1 and 4 * ratio >= worst)
            )
        ):
            _spoil(channel)
        if work[JUDGED, j] != 0:
            _take_channel(machine, channel, n, j, slowest, work)
        channel.last, channel.fast, channel.slow = work[VALUE, j], work[FAST, j], work[SLOW, j]
        if blank:
            # The slow level would tell of what was before for longer than the blank lasts.
            channel.slow += gather * (channel.fast - channel.slow)
    if bad or settling:
        machine.spoilt = 1
        machine.waited = 0
    elif machine.spoilt == 0 and (worst < CALM or machine.fitted == 0):
        _learn_together(machine, matrices, r, c, work, out)
    machine.surprise = machine.surprise_usual**3 if blank else out[SMOOTH]
    machine.block += 1
    if machine.block >= (FIRST_BLOCK if n <= GRACE else BLOCK):
        _close_block(machine, channels, matrices, inverses, r, c, work, square)


@lean
def _spoil(channel: Any) -> None:
    channel.marks |= SPOILT
    channel.wait = channel.blocks = 0


@lean
def _take_channel(
    machine: Any, channel: Any, n: int, j: int, slowest: float, work: Numbers
) -> None:
    """Move a channel's baseline in a reading that is not learnt, or note it for its block."""
    sudden, follow = work[SUDDEN, j], work[FOLLOW, j]
    if follow > 0:
        channel.mean += follow * (work[FAST, j] - channel.mean)
    if channel.marks & SPOILT:
        if n > GRACE and follow == 0:
            gain = slowest
            if work[RATIO, j] < CALM and channel.marks & HELD == 0:
                gain = max(gain_of(channel), 1 / MEMORY)
            channel.mean += gain * _clip(sudden, _CLIP * _spread(channel))
        return
    fast, slow = work[FAST, j] - channel.mean, work[SLOW, j] - channel.mean
    residual = work[RESIDUAL, j]
    channel.now += 1
    channel.now_x += work[VALUE, j]
    if machine.fitted:
        sudden = _clip(sudden, _CLIP * _spread(channel))
        fast = _clip(fast, _CLIP * work[FAST_SPREAD, j])
        slow = _clip(slow, _CLIP * work[SLOW_SPREAD, j])
        residual = _clip(residual, _CLIP * work[RESIDUAL_SPREAD, j])
        alone, late = work[FAST_ROOT, j], work[SLOW_ROOT, j]
        if channel.fast_spread > 0:
            alone = channel.fast_usual + _clip(
                alone - channel.fast_usual, _CLIP * channel.fast_spread
            )
            late = channel.slow_usual + _clip(
                late - channel.slow_usual, _CLIP * channel.slow_spread
            )
        channel.now_fast_mean += alone
        channel.now_fast_square += alone * alone
        channel.now_slow_mean += late
        channel.now_slow_square += late * late
    channel.now_squares += sudden * sudden
    channel.now_fast += fast * fast
    channel.now_slow += slow * slow
    channel.now_residual += residual * residual
    work[SCRATCH, j], work[SCRATCH_2, j] = slow, residual


@lean
def _learn_together(
    machine: Any, matrices: Numbers, r: int, c: int, work: Numbers, out: Numbers
) -> None:
    own = matrices[r]
    t = triangle(c)
    rate = max(1.0 / (machine.learnt + machine.block + 1), 1 / MEMORY)
    for j in range(c):
        if work[JUDGED, j] == 0 or work[FOLLOW, j] > 0:
            work[PAST, j] = work[SUDDEN, j] = work[SCRATCH, j] = work[SCRATCH_2, j] = 0.0
    blend(own, 0, work[PAST], c, rate)
    # Smoothed levels hold few independent readings: how they go together takes longer.
    slower = max(1.0 / (machine.learnt + machine.block + 1), 1 / LONG_MEMORY)
    blend(own, t, work[SCRATCH], c, slower)
    blend(own, 2 * t, work[SCRATCH_2], c, rate)
    at = 3 * t
    for i in range(c):
        past = rate * work[PAST, i]
        for j in range(c):
            own[at + j] += past * work[SUDDEN, j] - rate * own[at + j]
        at += c
    if machine.fitted:
        rate = max(4.0 / (machine.judged + 4.0), 1 / LONG_MEMORY)
        machine.judged += 1
        machine.together_usual, machine.together_spread = _moved(
            machine.together_usual, machine.together_spread, out[TOGETHER], rate
        )
        machine.surprise_usual, machine.surprise_spread = _moved(
            machine.surprise_usual, machine.surprise_spread, out[SURPRISED], rate
        )


@lean
def _moved(usual: float, spread: float, x: float, rate: float) -> tuple[float, float]:
    """A statistic's usual value and its spread, after one more of it."""
    if spread == 0:
        return x, 0.5
    off = _clip(x - usual, _CLIP * spread)
    variance = spread * spread + rate * (off * off - spread * spread)
    return usual + rate * off, sqrt(max(variance, _LEAST_SPREAD**2))


@lean
def _close_block(
    machine: Any,
    channels: Records,
    matrices: Numbers,
    inverses: Numbers,
    r: int,
    c: int,
    work: Numbers,
    square: Numbers,
) -> None:
    """Learn the block that waited, and let this one wait."""
    first = machine.seen <= GRACE
    if machine.spoilt == 0:
        machine.learnt += machine.block if first else machine.waited
        machine.waited = 0 if first else machine.block
    for j in range(c):
        channel = channels[r, j]
        if channel.wait > 0 and not first:
            _learn_block(machine, channel)
        if channel.marks & SPOILT == 0 and channel.now > 0:
            _let_wait(channel)
            if first:
                _learn_block(machine, channel)
        _begin_block(channel)
    if machine.spoilt == 0 and machine.learnt >= _FIRST_FIT:
        if machine.learnt < 2 * MEMORY or machine.learnt % (_FITS * BLOCK) < BLOCK:
            _fit(machine, matrices, inverses, r, c, work, square)
        machine.fitted = 1
    machine.block = machine.spoilt = 0


@lean
def _let_wait(channel: Any) -> None:
    channel.wait = channel.now
    channel.wait_x = channel.now_x / channel.now
    channel.wait_squares = channel.now_squares
    channel.wait_fast, channel.wait_slow = channel.now_fast, channel.now_slow
    channel.wait_residual = channel.now_residual
    channel.wait_fast_mean = channel.now_fast_mean
    channel.wait_fast_square = channel.now_fast_square
    channel.wait_slow_mean = channel.now_slow_mean
    channel.wait_slow_square = channel.now_slow_square


@lean
def _begin_block(channel: Any) -> None:
    channel.marks &= ~SPOILT
    channel.now = 0
    channel.now_x = channel.now_squares = channel.now_fast = channel.now_slow = 0.0
    channel.now_residual = channel.now_fast_mean = channel.now_fast_square = 0.0
    channel.now_slow_mean = channel.now_slow_square = 0.0


@lean
def _learn_block(machine: Any, channel: Any) -> None:
    """Learn a block of healthy readings of one channel."""
    # A float, since an unsigned number has no negative.
    n = float(channel.wait)
    channel.heard = min(channel.heard + int(n), 1_000_000_000)
    rate = min(1.0, max(n / channel.heard, 1 - exp(-n / MEMORY)))
    average = channel.wait_x - channel.mean
    squares = channel.wait_squares / n
    if machine.fitted:
        average = _clip(average, _CLIP * _spread(channel))
    taken = average
    if machine.fitted:
        # What is far off for this channel is taken over slowly, or nothing lasting would be seen.
        usual = spread_of_fast(channel) * (1 + YOUNG / channel.heard)
        taken = _clip(average, _HUBER * usual)
    channel.noise += rate * (max(squares - average * average, 0.0) - channel.noise)
    channel.fast_variance += rate * (channel.wait_fast / n - channel.fast_variance)
    channel.slow_variance += rate * (channel.wait_slow / n - channel.slow_variance)
    channel.residual_variance += rate * (channel.wait_residual / n - channel.residual_variance)
    if channel.wait_fast_mean > 0:
        judged = max(channel.heard - _FIRST_FIT, n)
        late = min(1.0, max(4 * n / (judged + 3 * n), 1 - exp(-n / LONG_MEMORY)))
        channel.fast_usual, channel.fast_spread = _joined(
            channel.fast_usual, channel.fast_spread, channel.wait_fast_mean / n,
            channel.wait_fast_square / n, late,
        )  # fmt: skip
        channel.slow_usual, channel.slow_spread = _joined(
            channel.slow_usual, channel.slow_spread, channel.wait_slow_mean / n,
            channel.wait_slow_square / n, late,
        )  # fmt: skip
    _learn_drift(channel)
    channel.mean += max(rate, 1 - exp(-n * gain_of(channel))) * taken
    channel.wait = 0


@lean
def _joined(
    usual: float, spread: float, average: float, square: float, rate: float
) -> tuple[float, float]:
    """A statistic's usual value and spread, joined with those of a block."""
    variance = square - average * average
    if spread > 0:
        off = square - 2 * average * usual + usual * usual
        variance = spread * spread + rate * (off - spread * spread)
        average = usual + rate * (average - usual)
    return average, sqrt(max(variance, _LEAST_SPREAD**2))


@lean
def _learn_drift(channel: Any) -> None:
    """How block means change: over more blocks, a random walk's steps are greater."""
    if channel.blocks < 255:
        channel.blocks += 1
    if channel.blocks >= 3:
        rate = max(1 / (1 + channel.heard / BLOCK), BLOCK / LONG_MEMORY)
        change = channel.wait_x - channel.block_before
        channel.one_apart += rate * (change * change - channel.one_apart)
        change = channel.wait_x - channel.block_before_that
        channel.two_apart += rate * (change * change - channel.two_apart)
    channel.block_before_that, channel.block_before = channel.block_before, channel.wait_x


@lean
def _fit(
    machine: Any,
    matrices: Numbers,
    inverses: Numbers,
    r: int,
    c: int,
    work: Numbers,
    square: Numbers,
) -> None:
    """Solve for the autoregression and invert the shrunken correlations."""
    own = matrices[r]
    t = triangle(c)
    known = min(float(machine.learnt), 2 * MEMORY)
    factor, moment = square[0], square[1]
    scale, answer = work[SCRATCH], work[SCRATCH_2]
    unpack(own, 0, factor, c)
    greatest = 0.0
    for i in range(c):
        greatest = max(greatest, factor[i, i])
    ridge = 1.01 + 0.1 * c / known
    for i in range(c):
        scale[i] = sqrt(ridge * factor[i, i] + 1e-9 * greatest + _TINY)
        for j in range(i):
            factor[i, j] /= scale[i] * scale[j]
        factor[i, i] = 1.0
    factorise(factor, c)
    crossed, solved = 3 * t, 3 * t + c * c
    for k in range(c):
        for i in range(c):
            rest = own[crossed + i * c + k] / scale[i]
            for j in range(i):
                rest -= factor[i, j] * answer[j]
            answer[i] = rest / factor[i, i]
        for i in range(c - 1, -1, -1):
            rest = answer[i]
            for j in range(i + 1, c):
                rest -= factor[j, i] * answer[j]
            answer[i] = rest / factor[i, i]
        for i in range(c):
            own[solved + i * c + k] = answer[i] / scale[i]
    unpack(own, 2 * t, moment, c)
    shrink = 2 * c / (2 * c + known)
    machine.residual_unit = keep_inverse(moment, c, shrink, inverses[r], t, scale)
    unpack(own, t, moment, c)
    # Smoothed levels hold fewer independent readings. Channels that go together with the load have
    # small eigenvalues, which any pull hides: it fades fast once the readings outnumber them.
    independent = SLOW_GAIN * min(float(machine.learnt), 2 * LONG_MEMORY)
    pull = min(1.0, (c / independent) ** 2)
    machine.shift_unit = keep_inverse(moment, c, pull, inverses[r], 0, scale)
