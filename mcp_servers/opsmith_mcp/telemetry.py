"""Telemetry: what a device's sensors read."""

from datetime import datetime
from typing import Annotated

import numpy as np
from pydantic import Field

from opsmith.clock import PlantClock
from opsmith.domain.base import Model, Moment, State, ToolResult, Window
from opsmith.domain.changes import ChannelChange
from opsmith.domain.devices import Limits
from opsmith.domain.readings import ReadingBatch
from opsmith.domain.units import unit_of
from opsmith.errors import Unavailable
from opsmith.ports import SeriesStore
from opsmith.storage.devices import DeviceStore
from opsmith_mcp.arguments import DeviceId, Onset, Since, Until, WindowMins
from opsmith_mcp.change_window import BEFORE_MINS, Changes
from opsmith_mcp.figures import figure, in_figures
from opsmith_mcp.lookup import find_channel, find_device
from opsmith_mcp.series_view import Source
from opsmith_mcp.statistics import ChannelStatistics, read_thin, summarize
from opsmith_mcp.telemetry_results import OfWindow, lost, stated
from opsmith_mcp.telemetry_studies import Channel, TelemetryStudies
from opsmith_mcp.windows import freshness, moment, now

_CHANNELS = 60
"""Channels of one answer."""

Points = Annotated[int, Field(ge=2, le=500)]
BeforeMins = Annotated[int, Field(ge=1, le=10_080, description="Minutes of the time before.")]


class TelemetryWindow(OfWindow):
    """A window of all channels of one device, in numbers."""

    source: Source = Field(
        default="raw", description="Readings, or statistics of one minute (in long windows)."
    )
    readings: int = Field(default=0, description="By minute: those of the fullest channel.")
    channels: tuple[ChannelStatistics, ...] = ()
    last_reading: Moment | None = None
    longest_gap_seconds: float | None = Field(
        default=None, description="Between two readings, or minutes with any, of the window."
    )


class ChannelSeries(OfWindow):
    """One channel over time, thinned out with its peaks kept."""

    channel: str
    unit: str | None = Field(default=None, description="UCUM; None: unknown.")
    readings: int = Field(default=0, description="Values in the window before thinning.")
    source: Source = Field(
        default="raw", description="Readings, or statistics of one minute (in long windows)."
    )
    times: tuple[Moment, ...] = ()
    values: tuple[float, ...] = Field(default=(), description="In `unit`, one for each time.")
    limit_low: float | None = None
    limit_high: float | None = None


class LatestValue(Model):
    """The newest value of one channel."""

    channel: str
    unit: str | None = Field(description="UCUM; None where the channel's is unknown.")
    value: float | None = Field(description="In `unit`; None: no usable value lately.")
    at: Moment | None
    age_seconds: float | None = Field(description="By the plant clock.")


class LatestValues(ToolResult):
    """The newest value of every channel of one device."""

    device_id: str
    as_of: Moment
    device_says: str = Field(
        default="", description="Status in the newest reading, as the device said it."
    )
    channels: tuple[LatestValue, ...] = ()


class ChangeDescription(ToolResult):
    """How each channel changed since an onset."""

    device_id: str
    onset: Moment
    as_of: Moment
    window: Window = Field(description="What was looked at, before and since the onset.")
    readings_before: int = 0
    readings_since: int = 0
    changes: tuple[ChannelChange, ...] = ()


class Telemetry(TelemetryStudies):
    """The telemetry tools."""

    def __init__(
        self, series: SeriesStore, changes: Changes, devices: DeviceStore, clock: PlantClock
    ) -> None:
        super().__init__(series, devices, clock)
        self._changes = changes

    def fetch_telemetry_data(
        self,
        device_id: DeviceId,
        window_mins: WindowMins = 60,
        until: Until = None,
        since: Since = None,
    ) -> TelemetryWindow:
        """Summarize the last minutes of all channels of a device: level, range, trend, limits.

        Use it to see whether values are high, rise or lack. For single values over time call
        `read_series`; for what changed since an alert's onset call `describe_change`.
        """
        device, span = self._asked(device_id, window_mins, until, since)
        try:
            fresh = self._fresh(device, span)
            summary = summarize(self._series, device, span)
        except Unavailable as error:
            return lost(TelemetryWindow, error, device.device_id, span)
        state, note = stated(
            fresh, device.device_id, summary.readings > 0, len(summary.channels), _CHANNELS
        )
        return TelemetryWindow(
            state=state,
            note=note,
            device_id=device.device_id,
            as_of=span.window.end,
            window=span.window,
            source=summary.source,
            readings=summary.readings,
            channels=summary.channels[:_CHANNELS],
            last_reading=fresh.last,
            longest_gap_seconds=summary.longest_gap,
        )

    def read_series(
        self,
        device_id: DeviceId,
        channel: Channel,
        window_mins: WindowMins = 60,
        points: Points = 120,
        until: Until = None,
        since: Since = None,
    ) -> ChannelSeries:
        """Read one channel over time, thinned out to `points` with its peaks kept.

        Use it to draw a chart or to see a shape. For numbers call `fetch_telemetry_data`.
        """
        device, span = self._asked(device_id, window_mins, until, since)
        try:
            fresh = self._fresh(device, span)
            known = {*fresh.tail.channels, *device.channels, *device.rated()}
            name = find_channel(channel, known, device.device_id)
            thin = read_thin(self._series, device.device_id, name, span, points)
        except Unavailable as error:
            return lost(ChannelSeries, error, device.device_id, span, channel=channel)
        has_any = len(thin.times) > 0
        limits = device.rated().get(name, Limits())
        return ChannelSeries(
            state=fresh.state(has_any),
            note=fresh.note(device.device_id, has_any),
            device_id=device.device_id,
            channel=name,
            unit=unit_of(name),
            as_of=span.window.end,
            window=span.window,
            readings=thin.readings,
            source=thin.source,
            times=thin.times,
            values=thin.values,
            limit_low=limits.low,
            limit_high=limits.high,
        )

    def latest_values(self, device_id: DeviceId, until: Until = None) -> LatestValues:
        """Show the newest value of every channel of a device, with its age."""
        device = find_device(self._devices, device_id)
        as_of = until or now(self._clock)
        try:
            fresh = freshness(self._series, device.device_id, as_of)
        except Unavailable as error:
            return LatestValues(
                state=State.UNAVAILABLE,
                note=f"The readings cannot be reached: {error}. Not to be read as fine.",
                device_id=device.device_id,
                as_of=as_of,
            )
        has_any = fresh.last is not None
        names = sorted({*fresh.tail.channels, *device.channels})
        state, note = stated(fresh, device.device_id, has_any, len(names), _CHANNELS)
        return LatestValues(
            state=state,
            note=note,
            device_id=device.device_id,
            as_of=as_of,
            device_says=fresh.tail.statuses[-1] if has_any else "",
            channels=tuple(_latest(fresh.tail, name, as_of) for name in names[:_CHANNELS]),
        )

    def describe_change(
        self,
        device_id: DeviceId,
        onset: Onset,
        before_mins: BeforeMins = BEFORE_MINS,
        until: Until = None,
    ) -> ChangeDescription:
        """Compare each channel since an onset with its own past: size, direction, kind, order.

        Use it for an alert, to see which channel moved first, how (step, ramp, spike, flat,
        dropout, ...) and which did not move.
        """
        device = find_device(self._devices, device_id)
        as_of = until or now(self._clock)
        try:
            found = self._changes.describe(device.device_id, onset, as_of, before_mins)
        except Unavailable as error:
            return ChangeDescription(
                state=State.UNAVAILABLE,
                note=f"The readings cannot be reached: {error}. Not to be read as fine.",
                device_id=device.device_id,
                onset=onset,
                as_of=as_of,
                window=Window(start=onset, end=max(onset, as_of)),
            )
        return ChangeDescription(
            state=found.state,
            note=found.note(device.device_id),
            device_id=device.device_id,
            onset=onset,
            as_of=as_of,
            window=found.window,
            readings_before=found.before,
            readings_since=found.since,
            changes=tuple(in_figures(change) for change in found.changes),
        )


def _latest(tail: ReadingBatch, channel: str, as_of: datetime) -> LatestValue:
    value = at = None
    if channel in tail.channels:
        column = tail.values[:, tail.channels.index(channel)]
        usable = np.flatnonzero(~np.isnan(column))
        if len(usable):
            newest = int(usable[-1])
            value, at = figure(float(column[newest])), moment(tail.times[newest])
    return LatestValue(
        channel=channel,
        unit=unit_of(channel),
        value=value,
        at=at,
        age_seconds=max(0.0, (as_of - at).total_seconds()) if at else None,
    )
