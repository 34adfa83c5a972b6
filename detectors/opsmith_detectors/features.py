"""How each channel changed since an onset: the typed features that diagnosis reasons on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from opsmith.domain.alerts import Direction, Kind
from opsmith.domain.changes import ChannelChange
from opsmith.domain.moments import to_moment, to_time
from opsmith.domain.readings import FloatArray, ReadingBatch, TimeArray
from opsmith.domain.units import measurement_of, unit_of
from opsmith_detectors.robust import (
    Past,
    detrended_spread,
    interquartile_mean,
    learn_past,
    longest_run,
    sustained,
)

_SURE = 4.0
"""Standard deviations of the channel's own wandering that make a level change significant."""
_LEAST = 0.5
"""A level change is also at least this many standard deviations of a single reading."""


@dataclass(frozen=True, slots=True)
class _Verdict:
    kind: Kind = "unknown"
    direction: Direction = "none"
    significant: bool = False
    onset: int | None = None
    """Index among the channel's own readings since the guard; None: at the onset."""


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
    verdicts = [
        _describe(batch, column, start, split, (units or {}).get(channel, unit_of(channel)))
        for column, channel in enumerate(batch.channels)
    ]
    return _in_order(verdicts)


def _describe(
    batch: ReadingBatch, column: int, start: int, split: int, unit: str | None
) -> ChannelChange:
    channel, values = batch.channels[column], batch.values[:, column]
    there = ~np.isnan(values)
    before, since = values[:start][there[:start]], values[split:][there[split:]]
    missing = 1.0 - float(there[split:].mean()) if len(values) > split else 0.0
    missed = 1.0 - float(there[:start].mean()) if start else 0.0
    width = int(np.clip(len(since) // 3, min(len(since), 8), 60))
    recent = since[len(since) - width :]
    past = learn_past(before, max(width, 3))
    now = float(interquartile_mean(recent)) if len(recent) else None
    expected, doubt = (
        past.expected(len(since) - width / 2 + (split - start)) if past else (np.nan, np.nan)
    )
    verdict = _sensor_verdict(channel, before, since, missing, missed, past)
    if verdict is None and past is not None and now is not None:
        seen = values[start:][there[start:]]
        verdict = _judge(past, seen, since, recent, expected, doubt) or _spike(past, before, since)
    verdict = verdict or _Verdict()
    delta = now - expected if past and now is not None else 0.0
    spread = float(detrended_spread(recent)) if past and len(recent) >= 3 else None
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
        missing_share=missing,
    )


def _level(before: FloatArray, past: Past | None) -> float | None:
    if past is not None:
        return past.level
    return float(interquartile_mean(before)) if len(before) else None


def _sensor_verdict(
    channel: str,
    before: FloatArray,
    since: FloatArray,
    missing: float,
    missed: float,
    past: Past | None,
) -> _Verdict | None:
    """What is wrong with the readings themselves, or None."""
    if missing >= 0.3 and missing > 2 * missed + 0.1:
        return _Verdict("dropout", significant=True)
    known = measurement_of(channel)
    if known is not None and len(since):
        low, high = float((since < known.low).mean()), float((since > known.high).mean())
        usual = float(((before < known.low) | (before > known.high)).mean()) if len(before) else 0.0
        # What was out of range all along (a unit, an offset) did not change at the onset.
        if low + high >= max(0.2, 2 * usual + 0.1):
            return _Verdict("implausible", "up" if high > low else "down", significant=True)
    if past is None or len(since) < 5:
        return None
    run_before, _ = longest_run(before)
    _, run = longest_run(since)
    # A channel that never stood still before does not do so now; one that often did, may.
    if run >= max(10, 4 * run_before) and past.spread > past.floor:
        return _Verdict("flat", _way(since[-1], past), significant=True)
    far = np.abs(since - past.level) > 15 * past.noise
    edges = np.flatnonzero(np.diff(np.r_[0, far.astype(np.int8), 0]))
    lengths = edges[1::2] - edges[::2]
    values = np.unique(since[far])
    fixed = len(values) == 1 and values[0] not in before
    if len(lengths) >= 3 and lengths.max() <= 5 and fixed and _is_back(since[~far], past):
        return _Verdict("dropout", _way(float(since[far][0]), past), significant=True)
    return None


def _is_back(rest: FloatArray, past: Past) -> bool:
    return len(rest) > 0 and float(np.median(np.abs(rest - past.level))) < 3 * past.noise


def _way(value: float, past: Past) -> Direction:
    if abs(value - past.level) < 2 * past.noise:
        return "none"
    return "up" if value > past.level else "down"


def _judge(
    past: Past,
    seen: FloatArray,
    since: FloatArray,
    recent: FloatArray,
    expected: float,
    doubt: float,
) -> _Verdict | None:
    """Level, then spread; `seen` is `since` with the guard before it."""
    delta = float(interquartile_mean(recent)) - expected
    enough = len(recent) >= 5
    spread = float(detrended_spread(recent)) if enough else past.spread
    restless = spread > past.spread_limit
    way: Direction = "up" if delta > 0 else "down"
    if enough and abs(delta) > max(_SURE * doubt, _LEAST * past.noise):
        onset = _first_beyond(past, seen, expected, 0.3 * abs(delta))
        # It swings by a good part of what it moved: unrest is what one sees.
        if restless and spread > 0.15 * abs(delta) and spread > 3 * past.spread:
            return _Verdict(_unrest(since), way, True, onset)
        return _Verdict(_shape(since, past, delta), way, True, onset)
    if enough and restless:
        onset = _first_beyond(past, seen, expected, 3 * past.noise)
        return _Verdict(_unrest(since), "none", True, onset)
    return None


def _spike(past: Past, before: FloatArray, since: FloatArray) -> _Verdict | None:
    """A few readings far out, the rest as ever; further out than any before."""
    far = np.abs(since - past.level)
    limit = max(12 * past.noise, 2 * float(np.abs(before - past.level).max()))
    if not 0 < (far > limit).sum() <= max(1, len(since) // 10):
        return None
    peak = int(far.argmax())
    back = np.median(far[peak + 1 : peak + 6]) < limit / 2 if peak + 1 < len(since) else False
    if not back:
        return None
    return _Verdict("spike", "up" if since[peak] > past.level else "down", True, peak - len(since))


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


def _moment(times: TimeArray, verdict: _Verdict, every: TimeArray, split: int) -> datetime | None:
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
