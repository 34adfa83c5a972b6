"""Telemetry: what a device's sensors read."""

from typing import Annotated, Literal

from pydantic import Field

from opsmith.clock import PlantClock
from opsmith.domain.base import Model, Moment, ToolResult, Window
from opsmith.domain.changes import ChannelChange
from opsmith.ports import SeriesStore
from opsmith.storage.devices import DeviceStore
from opsmith_mcp.arguments import DeviceId, Onset, Until, WindowMins

Channel = Annotated[str, Field(min_length=1, max_length=64, description="Such as vibration.")]
Points = Annotated[int, Field(ge=2, le=500, description="Points at most.")]
BeforeMins = Annotated[int, Field(ge=1, le=10_080, description="Minutes of the time before.")]


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


class TelemetryWindow(ToolResult):
    """A window of all channels of one device, in numbers."""

    device_id: str
    as_of: Moment
    window: Window = Field(description="Readings after `start`, up to and including `end`.")
    readings: int
    channels: tuple[ChannelStatistics, ...]
    last_reading: Moment | None
    longest_gap_seconds: float | None = Field(description="Between two readings of the window.")


class ChannelSeries(ToolResult):
    """One channel over time, thinned out with its peaks kept."""

    device_id: str
    channel: str
    unit: str | None = Field(description="UCUM; None where the channel's is unknown.")
    as_of: Moment
    window: Window = Field(description="Readings after `start`, up to and including `end`.")
    readings: int = Field(description="Values in the window before thinning.")
    source: Literal["raw", "1m"] = Field(description="Readings, or means of one minute.")
    times: tuple[Moment, ...]
    values: tuple[float, ...] = Field(description="In `unit`, one for each time.")
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
    device_says: str = Field(description="Status in the newest reading, as the device said it.")
    channels: tuple[LatestValue, ...]


class ChangeDescription(ToolResult):
    """How each channel changed since an onset."""

    device_id: str
    onset: Moment
    as_of: Moment
    window: Window = Field(description="What was looked at, before and since the onset.")
    readings_before: int
    readings_since: int
    changes: tuple[ChannelChange, ...]


class Telemetry:
    """The telemetry tools."""

    def __init__(self, series: SeriesStore, devices: DeviceStore, clock: PlantClock) -> None:
        self._series = series
        self._devices = devices
        self._clock = clock

    def fetch_telemetry_data(
        self, device_id: DeviceId, window_mins: WindowMins = 60, until: Until = None
    ) -> TelemetryWindow:
        """Summarize the last minutes of all channels of a device: level, range, trend, limits.

        Use it to see whether values are high, rise or lack. For single values over time call
        `read_series`; for what changed since an alert's onset call `describe_change`.
        """
        raise NotImplementedError

    def read_series(
        self,
        device_id: DeviceId,
        channel: Channel,
        window_mins: WindowMins = 60,
        points: Points = 120,
        until: Until = None,
    ) -> ChannelSeries:
        """Read one channel over time, thinned out to `points` with its peaks kept.

        Use it to draw a chart or to see a shape. For numbers call `fetch_telemetry_data`.
        """
        raise NotImplementedError

    def latest_values(self, device_id: DeviceId) -> LatestValues:
        """Show the newest value of every channel of a device, with its age."""
        raise NotImplementedError

    def describe_change(
        self,
        device_id: DeviceId,
        onset: Onset,
        before_mins: BeforeMins = 120,
        until: Until = None,
    ) -> ChangeDescription:
        """Compare each channel since an onset with its own past: size, direction, kind, order.

        Use it for an alert, to see which channel moved first, how (step, ramp, spike, flat,
        dropout, ...) and which did not move.
        """
        raise NotImplementedError
