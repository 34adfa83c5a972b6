"""Statistics and thinned curves of a device's readings, from the raw ones or the minutes' own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from pydantic import Field

from opsmith.domain.base import Model, Window
from opsmith.domain.devices import Device, Limits
from opsmith.domain.readings import FloatArray, TimeArray
from opsmith.domain.units import unit_of
from opsmith.ports import SeriesStore
from opsmith_mcp.figures import figure, figures
from opsmith_mcp.trend import robust_slope
from opsmith_mcp.windows import INSTANT, moment, read, whole_minutes

Source = Literal["raw", "1m"]

_RAW_HOURS = 24
"""Longer windows are told from the one-minute statistics."""


class ChannelStatistics(Model):
    """One channel over a window, in numbers; all in `unit`."""

    channel: str
    unit: str | None = Field(description="UCUM; None where the channel's is unknown.")
    count: int = Field(description="Values that are numbers.")
    mean: float | None
    low: float | None = Field(description="Lowest value.")
    high: float | None = Field(description="Highest value.")
    first: float | None
    last: float | None
    slope_per_hour: float | None = Field(description="Robust trend, in `unit` per hour.")
    limit_low: float | None = Field(description="Rated limit, in `unit`.")
    limit_high: float | None = Field(description="Rated limit, in `unit`.")
    bad_share: float = Field(ge=0, le=1, description="Readings without a usable value.")


@dataclass(frozen=True, slots=True)
class Summary:
    """A window of a device, in numbers."""

    readings: int
    channels: tuple[ChannelStatistics, ...]
    longest_gap: float | None
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Thin:
    """A curve of few points."""

    times: tuple[datetime, ...]
    values: tuple[float, ...]
    readings: int
    source: Source


def summarize(series: SeriesStore, device: Device, window: Window) -> Summary:
    """The statistics of every channel in a window. Raises `Unavailable`."""
    columns, times, readings = _columns(series, device.device_id, window)
    rated = device.rated()
    return Summary(
        readings=readings,
        channels=tuple(
            _statistics(column, readings, rated.get(column.channel, Limits())) for column in columns
        ),
        longest_gap=_longest_gap(times),
    )


def read_thin(
    series: SeriesStore, device_id: str, channel: str, window: Window, points: int
) -> Thin:
    """A channel's curve in at most `points` points, with its peaks. Raises `Unavailable`."""
    if _source(window) == "raw":
        start, end = window.start + INSTANT, window.end + INSTANT
        batch = series.read(device_id, start, end, [channel])
        if channel not in batch.channels:
            return Thin((), (), 0, "raw")
        values = batch.values[:, batch.channels.index(channel)]
        there = ~np.isnan(values)
        times, values = batch.times[there], values[there]
        chosen = _peaks(values, values, points)
        return _thin(times[chosen], values[chosen], len(times), "raw")
    minutes = whole_minutes(series, device_id, window)
    if channel not in minutes.channels:
        return Thin((), (), 0, "1m")
    c = minutes.channels.index(channel)
    there = minutes.count[:, c] > 0
    times, mean = minutes.minutes[there], minutes.mean[there, c]
    high, low = minutes.high[there, c], minutes.low[there, c]
    readings = int(minutes.count[:, c].sum())
    if len(times) <= points:
        return _thin(times, mean, readings, "1m")
    chosen = _peaks(low, high, points)
    # Where a minute was chosen for its peak, the peak is told, not the mean.
    far = np.where(
        high[chosen] - mean[chosen] >= mean[chosen] - low[chosen], high[chosen], low[chosen]
    )
    return _thin(times[chosen], far, readings, "1m")


def _source(window: Window) -> Source:
    hours = (window.end - window.start).total_seconds() / 3600
    return "raw" if hours <= _RAW_HOURS else "1m"


@dataclass(frozen=True, slots=True)
class _Column:
    """One channel of a window, reading by reading or minute by minute; all of shape (n,)."""

    channel: str
    times: TimeArray
    mean: FloatArray
    """NaN where there is none."""
    count: FloatArray
    """Readings behind each mean."""
    high: FloatArray
    low: FloatArray


def _columns(
    series: SeriesStore, device_id: str, window: Window
) -> tuple[list[_Column], TimeArray, int]:
    """Every channel, the times of all, and how many readings they stand for."""
    if _source(window) == "raw":
        batch = read(series, device_id, window)
        ones = np.ones(len(batch))
        columns = [
            _Column(name, batch.times, values, ones, values, values)
            for name, values in zip(batch.channels, batch.values.T, strict=True)
        ]
        return columns, batch.times, len(batch)
    minutes = whole_minutes(series, device_id, window)
    count = minutes.count.astype(np.float64)
    columns = [
        _Column(
            name,
            minutes.minutes,
            minutes.mean[:, c],
            count[:, c],
            minutes.high[:, c],
            minutes.low[:, c],
        )
        for c, name in enumerate(minutes.channels)
    ]
    readings = int(count.max(axis=1).sum()) if count.size else 0
    return columns, minutes.minutes, readings


def _statistics(column: _Column, readings: int, limits: Limits) -> ChannelStatistics:
    there = ~np.isnan(column.mean)
    times, values, counts = column.times, column.mean[there], column.count[there]
    count = int(counts.sum())
    hours = (times[there] - times[:1]) / np.timedelta64(1, "h")
    slope = robust_slope(hours, values)
    return ChannelStatistics(
        channel=column.channel,
        unit=unit_of(column.channel),
        count=count,
        mean=figure(float((values * counts).sum() / count)) if count else None,
        low=figure(float(np.nanmin(column.low))) if count else None,
        high=figure(float(np.nanmax(column.high))) if count else None,
        first=figure(float(values[0])) if count else None,
        last=figure(float(values[-1])) if count else None,
        slope_per_hour=None if slope is None else figure(slope),
        limit_low=limits.low,
        limit_high=limits.high,
        bad_share=round(1 - count / readings, 4) if readings else 0.0,
    )


def _longest_gap(times: TimeArray) -> float | None:
    if len(times) < 2:
        return None
    return float(np.diff(times).max() / np.timedelta64(1, "s"))


def _peaks(low: FloatArray, high: FloatArray, points: int) -> Sequence[int]:
    """Indices of the lowest and the highest of each of `points` / 2 stretches, in order."""
    if len(low) <= points:
        return range(len(low))
    chosen: set[int] = set()
    for part in np.array_split(np.arange(len(low)), points // 2):
        chosen |= {int(part[low[part].argmin()]), int(part[high[part].argmax()])}
    return sorted(chosen)


def _thin(times: TimeArray, values: FloatArray, readings: int, source: Source) -> Thin:
    return Thin(tuple(moment(time) for time in times), figures(values), readings, source)
