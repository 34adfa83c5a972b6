"""Statistics and thinned curves of a device's readings, from the raw ones or the minutes' own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from pydantic import Field

from opsmith.domain.base import Model
from opsmith.domain.devices import Device, Limits
from opsmith.domain.readings import FloatArray, TimeArray
from opsmith.domain.units import unit_of
from opsmith.ports import SeriesStore
from opsmith_mcp.figures import figure, figures
from opsmith_mcp.series_view import End, Source, View, ends, load
from opsmith_mcp.trend import robust_slope
from opsmith_mcp.windows import Span, moment


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

    source: Source
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


def summarize(series: SeriesStore, device: Device, span: Span) -> Summary:
    """The statistics of every channel in a window. Raises `Unavailable`."""
    view = load(series, device.device_id, span)
    both = ends(series, device.device_id, span, view)
    rated = device.rated()
    readings = view.readings
    return Summary(
        source=view.source,
        readings=readings,
        channels=tuple(
            _statistics(view, c, readings, both.get(name), rated.get(name, Limits()))
            for c, name in enumerate(view.channels)
        ),
        longest_gap=_longest_gap(view.times),
    )


def read_thin(series: SeriesStore, device_id: str, channel: str, span: Span, points: int) -> Thin:
    """A channel's curve in at most `points` points, with its peaks. Raises `Unavailable`."""
    view = load(series, device_id, span)
    c = view.column(channel)
    if c is None:
        return Thin((), (), 0, view.source)
    there = view.count[:, c] > 0
    times, mean = view.times[there], view.mean[there, c]
    high, low = view.high[there, c], view.low[there, c]
    readings = int(view.count[:, c].sum())
    if len(times) <= points:
        return _thin(times, mean, readings, view.source)
    chosen = _peaks(low, high, points)
    # Where a minute was chosen for its peak, the peak is told, not the mean.
    far = np.where(
        high[chosen] - mean[chosen] >= mean[chosen] - low[chosen], high[chosen], low[chosen]
    )
    return _thin(times[chosen], far, readings, view.source)


def _statistics(
    view: View, c: int, readings: int, both: tuple[End, End] | None, limits: Limits
) -> ChannelStatistics:
    channel = view.channels[c]
    there = view.count[:, c] > 0
    values, counts = view.mean[there, c], view.count[there, c]
    count = int(counts.sum())
    hours = (view.times[there] - view.times[:1]) / np.timedelta64(1, "h")
    slope = robust_slope(hours, values)
    return ChannelStatistics(
        channel=channel,
        unit=unit_of(channel),
        count=count,
        mean=figure(float((values * counts).sum() / count)) if count else None,
        low=figure(float(view.low[there, c].min())) if count else None,
        high=figure(float(view.high[there, c].max())) if count else None,
        first=figure(both[0].value) if both else None,
        last=figure(both[1].value) if both else None,
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
    """Indices of the lowest and the highest of equal stretches, and of both ends, in order.

    Source: after M4 (Jugel et al. 2014, PVLDB 7(10)), with the ends of the whole curve only.
    """
    chosen = {0, len(low) - 1} if points >= 4 else set[int]()
    for part in np.array_split(np.arange(len(low)), (points - len(chosen)) // 2):
        chosen |= {int(part[low[part].argmin()]), int(part[high[part].argmax()])}
    return sorted(chosen)


def _thin(times: TimeArray, values: FloatArray, readings: int, source: Source) -> Thin:
    return Thin(tuple(moment(time) for time in times), figures(values), readings, source)
