"""How far a window's readings can be trusted: what lacks, stands still, is out of range or time."""

from datetime import datetime
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from opsmith.domain.base import Model, Moment, Window
from opsmith.domain.devices import Device, Limits
from opsmith.domain.readings import FloatArray, Quality, ReadingBatch, TimeArray
from opsmith.ports import SeriesStore
from opsmith_mcp.telemetry_results import OfWindow
from opsmith_mcp.windows import Span, moment, usual_interval

CHANNELS = 30
FINDINGS = 40

_VALUES = 5_000_000
"""Values that are looked at; of more, the newest."""
_FLAT = 50
"""Readings of a stretch without any change that is told, if ten times longer than usual."""
_SHARE = 0.01
"""Of readings, from which what lacks or is wrong is told."""
_SECOND = np.timedelta64(1, "s")

Kind = Literal[
    "not_measured", "missing", "bad", "implausible", "flat", "constant", "beyond_rated",
    "gaps", "irregular", "interleaved", "repeated", "future",
]  # fmt: skip


class Finding(Model):
    """One thing that limits trust."""

    kind: Kind
    channel: str | None = Field(description="None: all of them.")
    share: float | None = Field(description="Of the readings, or of the intervals between them.")
    seconds: float | None = Field(description="How long, or how far ahead of the plant clock.")
    since: Moment | None


class ChannelQuality(Model):
    """One channel; shares are of the readings in the window."""

    channel: str
    usable_share: float
    absent_share: float = Field(description="The reading did not carry it.")
    bad_share: float = Field(description="Null, infinite or no number.")
    implausible_share: float = Field(description="Kept, but beyond what is plausible.")
    beyond_rated_share: float | None = Field(description="None: no rated limit.")
    longest_flat_seconds: float = Field(description="The longest stretch of one and the same value")
    longest_flat_readings: int
    distinct: int = Field(description="Different values.")


class DataQuality(OfWindow):
    """How far the readings of a window can be trusted."""

    looked_at: Window | None = Field(default=None, description="Of the window, where it was long.")
    readings: int = 0
    interval_seconds: float | None = Field(default=None, description="Usual, the median.")
    irregular_share: float | None = Field(
        default=None, description="Intervals that are off the usual one by more than half of it."
    )
    longest_gap_seconds: float | None = None
    repeated_share: float | None = Field(
        default=None, description="Readings with all values of the one before."
    )
    ahead_seconds: float = Field(
        default=0.0, description="How far the newest reading is ahead of the plant clock."
    )
    findings: tuple[Finding, ...] = Field(default=(), description="Empty: nothing is wrong.")
    channels: tuple[ChannelQuality, ...] = ()


def quality_of(series: SeriesStore, device: Device, span: Span, present: datetime) -> DataQuality:
    """Judge the readings of a window. Raises `Unavailable`."""
    batch, is_whole = _newest(series, device.device_id, span)
    extent = series.extent(device.device_id)
    ahead = (extent.last - present).total_seconds() if extent and extent.last > present else 0.0
    findings = list[Finding]()
    if ahead and extent:
        findings.append(_finding("future", seconds=ahead, since=extent.last))
    usual = usual_interval(batch.times) or None
    steps = np.diff(batch.times) / _SECOND
    irregular = repeated = None
    if usual and len(steps):
        findings += _timing(batch.times, steps, usual)
        irregular = float((np.abs(steps - usual) > usual / 2).mean())
        repeated, same = _repeated(batch.values, steps, usual)
        if same >= _SHARE:
            findings.append(_finding("repeated", share=same))
    rated = device.rated()
    channels = list[ChannelQuality]()
    for c, name in enumerate(batch.channels):
        one, found = _channel(batch, c, rated.get(name, Limits()))
        channels.append(one)
        findings += found
    if len(batch):
        gone = set(device.channels) - {one.channel for one in channels if one.usable_share > 0}
        findings += [_finding("not_measured", channel=name) for name in sorted(gone)]
    channels.sort(key=lambda one: (one.usable_share, -one.longest_flat_seconds, one.channel))
    return DataQuality(
        device_id=device.device_id,
        as_of=span.window.end,
        window=span.window,
        looked_at=None if is_whole else Window(start=moment(batch.times[0]), end=span.window.end),
        readings=len(batch),
        interval_seconds=usual,
        irregular_share=_share(irregular),
        longest_gap_seconds=float(steps.max()) if len(steps) else None,
        repeated_share=_share(repeated),
        ahead_seconds=ahead,
        findings=tuple(findings[:FINDINGS]),
        channels=tuple(channels[:CHANNELS]),
    )


def _newest(series: SeriesStore, device_id: str, span: Span) -> tuple[ReadingBatch, bool]:
    """The newest readings of the window, as many as are looked at, and whether that is all."""
    tail = series.read_last(device_id, 50, span.end)
    most = _VALUES // max(1, len(tail.channels))
    interval = usual_interval(tail.times)
    if interval and span.seconds / interval > most:
        batch = series.read_last(device_id, most, span.end)
        first = np.datetime64(span.start.replace(tzinfo=None), "us")
        begin = int(np.searchsorted(batch.times, first))
        return _from(batch, begin), begin > 0 or len(batch) < most
    batch = series.read(device_id, span.start, span.end)
    begin = max(0, len(batch) - most)
    return _from(batch, begin), begin == 0


def _from(batch: ReadingBatch, begin: int) -> ReadingBatch:
    return ReadingBatch(
        batch.device_id,
        batch.channels,
        batch.times[begin:],
        batch.values[begin:],
        batch.quality[begin:],
        batch.statuses[begin:],
    )


def _timing(times: TimeArray, steps: FloatArray, usual: float) -> list[Finding]:
    found = list[Finding]()
    late, early = steps > 1.5 * usual, steps < 0.5 * usual
    if late.any():
        lost = float((steps[late] / usual - 1).sum())
        share = lost / (lost + len(times))
        if share >= _SHARE:
            widest = int(steps.argmax())
            found.append(_finding("gaps", share, float(steps[widest]), times[widest]))
    if late.mean() + early.mean() >= 10 * _SHARE:
        found.append(_finding("irregular", float(late.mean() + early.mean())))
    if early.mean() >= _SHARE:
        # Readings between the usual ones: two senders, or a clock that was set back.
        first = int(np.flatnonzero(early)[0])
        found.append(_finding("interleaved", float(early.mean()), since=moment(times[first])))
    return found


def _repeated(values: FloatArray, steps: FloatArray, usual: float) -> tuple[float, float]:
    """Share of readings that repeat the one before, and of those that came too soon besides."""
    before, after = values[:-1], values[1:]
    same = ((before == after) | (np.isnan(before) & np.isnan(after))).all(axis=1)
    same &= ~np.isnan(after).all(axis=1)
    return float(same.mean()), float((same & (steps < 0.5 * usual)).mean())


def _channel(batch: ReadingBatch, c: int, limits: Limits) -> tuple[ChannelQuality, list[Finding]]:
    name, values, quality = batch.channels[c], batch.values[:, c], batch.quality[:, c]
    there = ~np.isnan(values)
    usable, times = values[there], batch.times[there]
    n = len(values)
    bad = float((quality == Quality.BAD).mean())
    absent = float((~there & (quality != Quality.BAD)).mean())
    implausible = float((there & (quality == Quality.UNCERTAIN)).mean())
    lacks: tuple[tuple[Kind, float, float], ...] = (
        ("missing", absent, _SHARE),
        ("bad", bad, 0.0),
        ("implausible", implausible, 0.0),
    )
    found = [_finding(kind, share, channel=name) for kind, share, most in lacks if share > most]
    beyond = None
    if limits.high is not None or limits.low is not None:
        high = np.inf if limits.high is None else limits.high
        low = -np.inf if limits.low is None else limits.low
        outside = (usable > high) | (usable < low)
        beyond = float(outside.sum() / n)
        if beyond:
            first = moment(times[int(outside.argmax())])
            found.append(_finding("beyond_rated", beyond, channel=name, since=first))
    lengths, starts = _runs(usable)
    longest = int(lengths.argmax()) if len(lengths) else 0
    readings = int(lengths[longest]) if len(lengths) else 0
    begin = int(starts[longest]) if len(lengths) else 0
    seconds = float((times[begin + readings - 1] - times[begin]) / _SECOND) if readings else 0.0
    if readings >= _FLAT and len(lengths) == 1:
        found.append(_finding("constant", readings / n, seconds, times[begin], name))
    elif readings >= _FLAT and readings >= 10 * float(np.median(lengths)):
        found.append(_finding("flat", readings / n, seconds, times[begin], name))
    told = ChannelQuality(
        channel=name,
        usable_share=round(len(usable) / n, 6),
        absent_share=round(absent, 6),
        bad_share=round(bad, 6),
        implausible_share=round(implausible, 6),
        beyond_rated_share=_share(beyond),
        longest_flat_seconds=seconds,
        longest_flat_readings=readings,
        distinct=len(np.unique(usable)),
    )
    return told, found


def _runs(values: FloatArray) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Lengths and starts of the stretches of one and the same value."""
    if not len(values):
        nothing = np.empty(0, np.intp)
        return nothing, nothing
    starts = np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1])
    return np.diff(starts, append=len(values)), starts


def _finding(
    kind: Kind,
    share: float | None = None,
    seconds: float | None = None,
    since: datetime | np.datetime64 | None = None,
    channel: str | None = None,
) -> Finding:
    at = moment(since) if isinstance(since, np.datetime64) else since
    return Finding(kind=kind, channel=channel, share=_share(share), seconds=seconds, since=at)


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
