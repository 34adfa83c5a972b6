"""How each channel changed since an onset: the typed features that diagnosis reasons on."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from opsmith.domain.alerts import Direction, Kind
from opsmith.domain.changes import ChannelChange
from opsmith.domain.moments import to_moment, to_time
from opsmith.domain.readings import FloatArray, ReadingBatch, TimeArray
from opsmith.domain.units import unit_of
from opsmith_detectors.faulty_readings import Verdict, missing_between, sensor_verdict
from opsmith_detectors.robust import (
    Past,
    clipped_mean,
    detrended_spread,
    learn_past,
    median,
    sustained,
)

_SURE = 4.0
"""Standard deviations of the channel's own wandering that make a level change significant."""
_LEAST = 0.5
"""A level change is also at least this many standard deviations of a single reading."""
_BLOCK = 20
"""Readings whose level is one sample of the long comparison, see `_sureness`."""


def describe_changes(
    batch: ReadingBatch, onset: datetime, *, units: Mapping[str, str] | None = None
) -> tuple[ChannelChange, ...]:
    """Compare each channel's readings since `onset` with those before it.

    A few readings before the onset belong to neither side, since an onset is only known so well.
    Significance is judged by what the channel did by itself before: its noise, its wandering from
    block to block and its drift, which is carried on. Without 18 readings before, only what is
    wrong by itself (missing, implausible) can be significant.

    Args:
        batch: Readings of one device, some hundred before the onset and those since.
        onset: When the deviation began, UTC.
        units: UCUM units of channels whose names do not tell.

    Returns:
        One change a channel, in the order of the batch's channels.
    """
    split = int(np.searchsorted(batch.times, to_time(onset)))
    start = max(0, split - min(10, split // 10))
    gone, lost = missing_between(batch.times[split:]), missing_between(batch.times[:start])
    # How regularly a device sends changes by itself; that half of it stays out does not.
    gone = gone if gone > 2 * lost + 0.3 else 0.0
    verdicts = [
        _describe(batch, column, start, split, (units or {}).get(channel, unit_of(channel)), gone)
        for column, channel in enumerate(batch.channels)
    ]
    return _in_order(verdicts)


def _describe(
    batch: ReadingBatch,
    column: int,
    start: int,
    split: int,
    unit: str | None,
    gone: float,
) -> ChannelChange:
    """`gone`: share of the device's readings since the onset that never came."""
    channel, values = batch.channels[column], batch.values[:, column]
    there = ~np.isnan(values)
    before, since = values[:start][there[:start]], values[split:][there[split:]]
    missing = 1.0 - float(there[split:].mean()) * (1 - gone) if len(values) > split else 0.0
    missed = 1.0 - float(there[:start].mean()) if start else 0.0
    width = int(np.clip(len(since) // 3, min(len(since), 8), 60))
    recent = since[len(since) - width :]
    past = learn_past(before, max(width, 3))
    now = float(clipped_mean(recent)) if len(recent) else None
    expected, doubt = (
        past.expected(len(since) - width / 2 + (split - start)) if past else (np.nan, np.nan)
    )
    verdict = sensor_verdict(channel, before, since, missing, missed, past)
    if verdict is None and past is not None and now is not None:
        spike = _spike(past, before, since)
        calm = recent
        if spike is not None:
            far = np.abs(recent - median(recent)) > 8 * past.noise
            calm = recent[~far] if far.sum() <= len(recent) // 5 else recent
        seen = values[start:][there[start:]]
        verdict = _judge(past, seen, since, calm, expected, doubt) or spike
    verdict = verdict or Verdict()
    delta = now - expected if past and now is not None else 0.0
    sureness = _sureness(before, since, delta, doubt) if past and now is not None else 0.0
    spread = _unrest_of(recent) if past and len(recent) >= 3 else None
    return ChannelChange(
        channel=channel,
        unit=unit,
        before=_level(before, past),
        now=now,
        sigmas=delta / past.noise if past else 0.0,
        spread_ratio=spread / past.spread if past and spread is not None else 1.0,
        direction=verdict.direction,
        kind=verdict.kind,
        onset=_moment(batch.times[start:][there[start:]], verdict, batch.times, split),
        significant=verdict.significant,
        sureness=sureness,
        missing_share=missing,
    )


def _sureness(before: FloatArray, since: FloatArray, delta: float, doubt: float) -> float:
    """How sure a change of level is, in standard deviations, signed.

    Where there is time enough all that is since is held against all that was before, block by
    block: what noise hides in a minute shows in ten. The spread of the blocks is widened by how
    much they hang together (Bartlett 1946, first order).
    """
    since = since[min(len(since) // 4, 60) :]
    n, m = len(before) // _BLOCK, len(since) // _BLOCK
    if n < 6 or m < 2:
        return delta / doubt
    old = clipped_mean(before[len(before) - n * _BLOCK :].reshape(n, _BLOCK))
    new = clipped_mean(since[len(since) - m * _BLOCK :].reshape(m, _BLOCK))
    off = old - old.mean()
    squares = float(off @ off)
    step = float(new.mean() - old.mean())
    if squares <= 0.0:
        return delta / doubt
    kept = min(max(float(off[1:] @ off[:-1]) / squares + 1 / n, 0.0), 0.95)
    error = squares / (n - 1) * (1 + kept) / (1 - kept) * (1 / n + 1 / m)
    return step / float(np.sqrt(error))


def _level(before: FloatArray, past: Past | None) -> float | None:
    if past is not None:
        return past.level
    return float(clipped_mean(before)) if len(before) else None


def _judge(
    past: Past,
    seen: FloatArray,
    since: FloatArray,
    recent: FloatArray,
    expected: float,
    doubt: float,
) -> Verdict | None:
    """Level, then spread; `seen` is `since` with the guard before it."""
    delta = float(clipped_mean(recent)) - expected
    enough = len(recent) >= 5
    spread = float(detrended_spread(recent)) if enough else past.spread
    restless = spread > past.spread_limit and _swings(recent, spread)
    way: Direction = "up" if delta > 0 else "down"
    if enough and abs(delta) > max(_SURE * doubt, _LEAST * past.noise):
        onset = _first_beyond(past, seen, expected, 0.3 * abs(delta))
        # It swings by a good part of what it moved: unrest is what one sees.
        if restless and spread > 0.15 * abs(delta) and spread > 3 * past.spread:
            return Verdict(_unrest(since), way, True, onset)
        return Verdict(_shape(since, past, delta), way, True, onset)
    if enough and restless:
        onset = _first_beyond(past, seen, expected, 3 * past.noise)
        return Verdict(_unrest(since), "none", True, onset)
    return None


def _spike(past: Past, before: FloatArray, since: FloatArray) -> Verdict | None:
    """Single readings far out, the rest as ever; further out than any before."""
    far = np.abs(since - past.level)
    limit = max(12 * past.noise, 2 * float(np.abs(before - past.level).max()))
    out = far > limit
    count = int(out.sum())
    if not 0 < count <= max(1, len(since) // 10):
        return None
    # A machine has inertia: what it does is seen in more than two readings running.
    if count > 2 and bool((out[2:] & out[1:-1] & out[:-2]).any()):
        return None
    peak = int(far.argmax())
    after = far[peak + 1 : peak + 6]
    if not len(after) or median(after) >= limit / 2:
        return None
    return Verdict("spike", "up" if since[peak] > past.level else "down", True, peak - len(since))


def _unrest_of(recent: FloatArray) -> float:
    """How far readings go to and fro; a level that moves on the way is none of it."""
    spread = float(detrended_spread(recent))
    if _swings(recent, spread):
        return spread
    steps = np.diff(recent)
    return min(spread, float(np.sqrt(steps @ steps / len(steps) / 2)))


def _swings(recent: FloatArray, spread: float) -> bool:
    """Whether a spread comes from readings that go to and fro, and not from one that went."""
    steps = np.diff(recent)
    # Of white noise each step is the spread times the root of 2; of one change few are any.
    if float(np.sqrt(steps @ steps / len(steps) / 2)) > 0.6 * spread:
        return True
    centred = recent - recent.mean()
    crossings = int(np.count_nonzero(np.diff(np.signbit(centred))))
    first, last = float(centred[0]), float(centred[-1])
    line: FloatArray = centred - np.linspace(first, last, len(centred))
    return crossings >= 4 or int(np.count_nonzero(np.diff(np.signbit(line)))) >= 6


def _first_beyond(past: Past, seen: FloatArray, expected: float, limit: float) -> int | None:
    window = np.lib.stride_tricks.sliding_window_view(np.pad(seen, 2, mode="edge"), 5)
    line = np.linspace(past.level, expected, len(seen))
    return sustained(np.abs(np.median(window, axis=1) - line) > limit, 8)


def _shape(since: FloatArray, past: Past, delta: float) -> Kind:
    """A step is done within a few readings; a ramp takes its time."""
    if len(since) < 12:
        return "unknown"
    window = np.lib.stride_tricks.sliding_window_view(np.pad(since, 2, mode="edge"), 5)
    share = (np.median(window, axis=1) - past.level) / delta
    begun, done = sustained(share > 0.2, 5), sustained(share > 0.8, 5)
    if begun is None or done is None:
        return "ramp"
    return "ramp" if done - begun > max(8, 0.25 * (len(since) - begun)) else "step"


def _unrest(since: FloatArray) -> Kind:
    """Oscillation where the swings come back in time, else variance."""
    x = since[-240:]
    n = len(x)
    if n < 24:
        return "variance"
    x = x - np.polyval(np.polyfit(np.arange(n), x, 1), np.arange(n))
    power = np.abs(np.fft.rfft(x, 2 * n)) ** 2
    auto = np.fft.irfft(power)[: n // 2]
    auto = auto / auto[0] * n / (n - np.arange(n // 2)) if auto[0] > 0 else auto
    dips = np.flatnonzero(auto < 0)
    return "oscillation" if len(dips) and auto[dips[0] :].max() > 0.5 else "variance"


def _moment(times: TimeArray, verdict: Verdict, every: TimeArray, split: int) -> datetime | None:
    if not verdict.significant or len(every) <= split:
        return None
    at = every[split] if verdict.onset is None else times[verdict.onset]
    return to_moment(at)


def _in_order(changes: Sequence[ChannelChange]) -> tuple[ChannelChange, ...]:
    moments = sorted({c.onset for c in changes if c.significant and c.onset is not None})
    place = {moment: 1 + i for i, moment in enumerate(moments)}
    return tuple(
        c.model_copy(update={"order": place.get(c.onset) if c.onset else None}) for c in changes
    )
