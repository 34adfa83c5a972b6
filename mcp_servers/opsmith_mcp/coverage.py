"""How many readings a window has, from when to when, and where there are none: exact counts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
from pydantic import Field

from opsmith.domain.base import Model, Moment
from opsmith.domain.devices import Device
from opsmith.domain.readings import TimeArray
from opsmith.ports import SeriesStore
from opsmith_mcp.series_view import Source, View, ends, load
from opsmith_mcp.telemetry_results import OfWindow
from opsmith_mcp.windows import INSTANT, Span, moment

GAPS = 20
"""Gaps that an answer shows."""

_APART = 1.5
"""Usual intervals after which a reading is missing; half of one is jitter."""
_AT_ONCE = timedelta(days=7)
"""Times of readings that are read at once: their statuses come with them, and take room."""
_ENOUGH = 100_000
"""Intervals that tell the usual one."""
_SECOND = np.timedelta64(1, "s")


class ChannelCount(Model):
    """The values of one channel in a window."""

    channel: str
    installed: bool = Field(description="On the nameplate.")
    count: int = Field(description="Values that are numbers.")
    share: float = Field(ge=0, le=1, description="Of the readings.")
    first: Moment | None
    last: Moment | None
    longest_gap_seconds: float | None = Field(
        description="Between two values, or minutes with any where source is 1m."
    )


class Gap(Model):
    """A stretch without any reading, from one reading or the window's edge to the next."""

    start: Moment
    end: Moment
    seconds: float
    missing: int = Field(description="Readings that would have come at the usual interval.")


class ReadingCount(OfWindow):
    """The readings of a window, counted; nothing here is estimated but `missing`."""

    source: Source = Field(
        default="raw", description="1m: some readings are deleted; those are told by the minute."
    )
    readings: int = 0
    first: Moment | None = None
    last: Moment | None = None
    interval_seconds: float | None = Field(default=None, description="Usual, the median.")
    channels: tuple[ChannelCount, ...] = ()
    missing_channels: tuple[str, ...] = Field(
        default=(), description="Installed, but without a value in the window."
    )
    gap_count: int = Field(default=0, description="Stretches longer than 1.5 usual intervals.")
    gap_seconds: float = Field(default=0.0, description="Of all gaps together.")
    missing: int = Field(
        default=0, description="Readings that would have come in all gaps at the usual interval."
    )
    gaps: tuple[Gap, ...] = Field(default=(), description=f"The longest first, {GAPS} at most.")


@dataclass(frozen=True, slots=True, eq=False)
class _Moments:
    """When there were readings, or a minute whose readings are deleted by now."""

    times: TimeArray
    is_minute: npt.NDArray[np.bool_]
    readings: int

    @property
    def interval(self) -> float | None:
        """Seconds, the median between readings; None where there are too few.

        Of very many, stretches of neighbours from everywhere stand for all.
        """
        times = self.times[~self.is_minute] if self.is_minute.any() else self.times
        if len(times) < 2:
            return None
        every = max(1, len(times) // _ENOUGH)
        steps = np.diff(times) if every == 1 else times[1::every] - times[:-1:every]
        return float(np.median(steps) / _SECOND)


def count_of(
    series: SeriesStore, device: Device, span: Span, as_of: datetime, most: int
) -> ReadingCount:
    """Count the readings of a window. Raises `Unavailable`.

    Args:
        series: Where they are.
        device: Whose; what is installed is on its nameplate.
        span: The window; what lies after `as_of` is no gap.
        as_of: The present.
        most: Channels that the answer shows.
    """
    view = load(series, device.device_id, span)
    at = _moments(series, device.device_id, span, view)
    interval = at.interval
    gaps = _gaps(at, span, as_of, interval)
    values = view.count.sum(axis=0)
    both = ends(series, device.device_id, span, view)
    installed = set(device.channels)
    channels = [
        ChannelCount(
            channel=name,
            installed=name in installed,
            count=int(values[c]),
            share=round(float(values[c]) / at.readings, 6) if at.readings else 0.0,
            first=both[name][0].at if name in both else None,
            last=both[name][1].at if name in both else None,
            longest_gap_seconds=_longest(view.times[view.count[:, c] > 0]),
        )
        for c, name in enumerate(view.channels)
    ]
    missing = sorted(installed - both.keys())
    longest = sorted(gaps, key=lambda gap: (-gap.seconds, gap.start))
    return ReadingCount(
        device_id=device.device_id,
        as_of=span.window.end,
        window=span.window,
        source="1m" if at.is_minute.any() else "raw",
        readings=at.readings,
        first=moment(at.times[0]) if len(at.times) else None,
        last=moment(at.times[-1]) if len(at.times) else None,
        interval_seconds=interval,
        channels=tuple(channels[:most]),
        missing_channels=tuple(missing[:most]),
        gap_count=len(gaps),
        gap_seconds=round(sum(gap.seconds for gap in gaps), 3),
        missing=sum(gap.missing for gap in gaps),
        gaps=tuple(longest[:GAPS]),
    )


def _moments(series: SeriesStore, device_id: str, span: Span, view: View) -> _Moments:
    if view.source == "raw":
        return _Moments(view.times, np.zeros(len(view.times), np.bool_), len(view.times))
    parts = list[TimeArray]()
    if len(view.times):
        # Decades may have been asked about; only where there are minutes are there readings.
        start = max(span.start, moment(view.times[0]))
        stop = min(span.end, moment(view.times[-1]) + timedelta(minutes=1))
        while start < stop:
            end = min(start + _AT_ONCE, stop)
            parts.append(series.read(device_id, start, end, ()).times)
            start = end
    times = np.concatenate(parts) if parts else np.empty(0, "datetime64[us]")
    # A minute whose readings are deleted by now has none at or after its start, before its end.
    heads = np.searchsorted(times, view.times)
    tails = np.searchsorted(times, view.times + np.timedelta64(1, "m"))
    gone = heads == tails
    alone = view.times[gone]
    readings = len(times) + int(view.count[gone].max(axis=1).sum() if len(alone) else 0)
    if not len(alone):
        return _Moments(times, np.zeros(len(times), np.bool_), readings)
    every = np.concatenate([times, alone])
    order = np.argsort(every, kind="stable")
    return _Moments(every[order], (np.arange(len(every)) >= len(times))[order], readings)


def _gaps(at: _Moments, span: Span, as_of: datetime, interval: float | None) -> list[Gap]:
    """Every stretch in which a reading should have come, the window's edges among them."""
    present = min(span.window.end, as_of)
    if not len(at.times):
        if present <= span.window.start:
            return []
        return [_gap(span.window.start, present, None)]
    usual = interval or 0.0
    wide = _wide(at, usual) if usual else []
    gaps = [_gap(moment(at.times[i]), moment(at.times[i + 1]), usual) for i in wide]
    first, last = moment(at.times[0]), moment(at.times[-1])
    slack = timedelta(seconds=_APART * usual) if usual else INSTANT
    if first - span.window.start > slack:
        gaps.append(_gap(span.window.start, first, usual))
    if present - last > slack:
        gaps.append(_gap(last, present, usual))
    return gaps


def _wide(at: _Moments, usual: float) -> list[int]:
    """After which of the moments the next one comes too late."""
    steps = np.diff(at.times).view(np.int64)
    wide = np.flatnonzero(steps > _APART * usual * 1e6)
    by_minute = at.is_minute[wide] | at.is_minute[wide + 1]
    late = steps[wide] > np.where(by_minute, 60e6, 0.0) + _APART * usual * 1e6
    found: list[int] = wide[late].tolist()
    return found


def _gap(start: datetime, end: datetime, usual: float | None) -> Gap:
    seconds = (end - start).total_seconds()
    missing = max(1, round(seconds / usual) - 1) if usual else 0
    return Gap(start=start, end=end, seconds=seconds, missing=missing)


def _longest(times: TimeArray) -> float | None:
    return float(np.diff(times).max() / _SECOND) if len(times) > 1 else None
