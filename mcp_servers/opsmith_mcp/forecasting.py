"""Forecasting: where a device's channels are heading, and when they pass a rated limit."""

from pydantic import Field

from opsmith.clock import PlantClock
from opsmith.domain.base import Moment, ToolResult, Window
from opsmith.domain.forecasts import TimeToLimit
from opsmith.ports import SeriesStore
from opsmith.storage.devices import DeviceStore
from opsmith_mcp.arguments import DeviceId, Until


class FailureForecast(ToolResult):
    """When a device's channels pass their rated limits, if they go on as they do."""

    device_id: str
    as_of: Moment
    window: Window = Field(description="History it rests on.")
    horizon_hours: float = Field(description="It does not look further ahead.")
    channels: tuple[TimeToLimit, ...] = Field(description="The first to pass its limit first.")
    probability_24h: float | None = Field(
        ge=0, le=1, description="Of passing any rated limit within 24 h; None: not known."
    )
    probability_7d: float | None = Field(ge=0, le=1, description="Likewise within 7 days.")
    health: float | None = Field(
        ge=0, le=100, description="100 x (1 - probability_7d); None: not known."
    )
    method: str
    reasons: tuple[str, ...] = Field(description="What it says of each channel, in words.")


class Forecasting:
    """The forecasting tools."""

    def __init__(self, series: SeriesStore, devices: DeviceStore, clock: PlantClock) -> None:
        self._series = series
        self._devices = devices
        self._clock = clock

    def predict_failure(self, device_id: DeviceId, until: Until = None) -> FailureForecast:
        """Forecast when each rated channel of a device passes its limit, with an 80 % interval.

        Use it to choose a due date. No time for a channel means: not before the horizon. It
        sees trends only, no sudden failures.
        """
        raise NotImplementedError
