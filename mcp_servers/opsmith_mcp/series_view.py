"""A window of a device's readings as columns: the readings themselves, or minute by minute.

Long windows rest on the one-minute statistics, and on the readings where a minute is cut by the
window's edge: counts, means and extremes are those of the readings either way.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np

from opsmith.domain.readings import FloatArray, ReadingBatch, TimeArray
from opsmith.ports import SeriesStore
from opsmith_mcp.windows import INSTANT, Span, moment, usual_interval

Source = Literal["raw", "1m"]

RAW_HOURS = 24
"""Longer windows are told from the one-minute statistics."""
RAW_READINGS = 200_000
"""So are shorter ones of more readings, as far as can be guessed."""

_MINUTE = timedelta(minutes=1)
_SECOND = np.timedelta64(1, "s")


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A window of n readings or minutes and c channels."""

    source: Source
    channels: tuple[str, ...]
    times: TimeArray
    """Shape (n,); of minutes, their start."""
    mean: FloatArray
    """Shape (n, c), each channel in its unit; NaN where there is none. So `high` and `low`."""
    high: FloatArray
    low: FloatArray
    count: FloatArray
    """Shape (n, c), values behind each mean."""

    @property
    def readings(self) -> int:
        """How many readings it rests on; of minutes, those of the fullest channel."""
        if self.source == "raw":
            return len(self.times)
        return int(self.count.max(axis=1).sum()) if self.count.size else 0

    def column(self, channel: str) -> int | None:
        """The place of a channel, or None."""
        return self.channels.index(channel) if channel in self.channels else None

    def values(self, channel: str) -> FloatArray:
        """Shape (m,), the means that there are of a channel, in its unit."""
        c = self.column(channel)
        if c is None:
            return np.empty(0)
        return self.mean[self.count[:, c] > 0, c]


@dataclass(frozen=True, slots=True)
class End:
    """One end of a channel's values in a window."""

    at: datetime
    value: float


def source_for(span: Span, interval: float) -> Source:
    """What a window is best told from, where readings come every `interval` seconds."""
    dense = interval > 0 and span.seconds / interval > RAW_READINGS
    return "1m" if span.seconds > 3600 * RAW_HOURS or dense else "raw"


def load(series: SeriesStore, device_id: str, span: Span, source: Source | None = None) -> View:
    """The view of a window, from what suits its length or as asked. Raises `Unavailable`."""
    if source is None:
        tail = series.read_last(device_id, 50, span.end)
        source = source_for(span, usual_interval(tail.times))
    first, last = _minute(span.start + _MINUTE - INSTANT), _minute(span.end)
    if source == "raw" or first >= last:
        return _raw(series.read(device_id, span.start, span.end))
    minutes = series.aggregates(device_id, first, last)
    parts = [
        _one_minute(series.read(device_id, span.start, first)),
        View(
            "1m",
            minutes.channels,
            minutes.minutes,
            minutes.mean,
            minutes.high,
            minutes.low,
            minutes.count.astype(np.float64),
        ),
        _one_minute(series.read(device_id, last, span.end)),
    ]
    return _chained([part for part in parts if len(part.times)])


def ends(series: SeriesStore, device_id: str, span: Span, view: View) -> dict[str, tuple[End, End]]:
    """The first and the last value of each channel that has any, to the reading."""
    found = dict[str, tuple[End, End]]()
    read = dict[datetime, ReadingBatch]()
    for c, channel in enumerate(view.channels):
        there = np.flatnonzero(view.count[:, c] > 0)
        if not len(there):
            continue
        both = list[End]()
        for row, place in ((int(there[0]), 0), (int(there[-1]), -1)):
            at = moment(view.times[row])
            end = End(at, float(view.mean[row, c]))
            if view.source == "1m":
                minute = _minute(at)
                if minute not in read:
                    read[minute] = series.read(
                        device_id, max(minute, span.start), min(minute + _MINUTE, span.end)
                    )
                # Where the readings have been deleted by now, the minute's mean has to do.
                end = _end_of(read[minute], channel, place) or end
            both.append(end)
        found[channel] = (both[0], both[1])
    return found


def _end_of(batch: ReadingBatch, channel: str, place: int) -> End | None:
    if channel not in batch.channels:
        return None
    values = batch.values[:, batch.channels.index(channel)]
    there = np.flatnonzero(~np.isnan(values))
    if not len(there):
        return None
    row = int(there[place])
    return End(moment(batch.times[row]), float(values[row]))


def _raw(batch: ReadingBatch) -> View:
    values = batch.values
    there = (~np.isnan(values)).astype(np.float64)
    return View("raw", batch.channels, batch.times, values, values, values, there)


def _one_minute(batch: ReadingBatch) -> View:
    """The readings of a part of one minute, as a row."""
    if not len(batch):
        return View("1m", (), batch.times, *(np.empty((0, 0)) for _ in range(4)))
    there = ~np.isnan(batch.values)
    count = there.sum(axis=0).astype(np.float64)
    total = np.where(there, batch.values, 0.0).sum(axis=0)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    high = np.where(count > 0, np.where(there, batch.values, -np.inf).max(axis=0), np.nan)
    low = np.where(count > 0, np.where(there, batch.values, np.inf).min(axis=0), np.nan)
    start = batch.times[:1].astype("datetime64[m]").astype("datetime64[us]")
    return View("1m", batch.channels, start, mean[None], high[None], low[None], count[None])


def _chained(parts: list[View]) -> View:
    channels = tuple(sorted({channel for part in parts for channel in part.channels}))
    n = sum(len(part.times) for part in parts)
    mean, high, low = (np.full((n, len(channels)), np.nan) for _ in range(3))
    count = np.zeros((n, len(channels)))
    row = 0
    for part in parts:
        rows = slice(row, row := row + len(part.times))
        columns = [channels.index(channel) for channel in part.channels]
        mean[rows, columns], high[rows, columns] = part.mean, part.high
        low[rows, columns], count[rows, columns] = part.low, part.count
    times = np.concatenate([part.times for part in parts]) if parts else np.empty(0, "M8[us]")
    return View("1m", channels, times, mean, high, low, count)


def _minute(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(second=0, microsecond=0)
