"""Forecasting: where a device's channels are heading, when they pass a limit, how long it lasts."""

from typing import Annotated

from pydantic import Field

from opsmith.access import Role, caller, scope
from opsmith.domain.base import Moment, State
from opsmith.errors import BadInput, Unavailable
from opsmith_mcp.arguments import Cursor, DeviceId, Until
from opsmith_mcp.forecast_channel import Load, tell
from opsmith_mcp.forecast_failure import LINE, Sources, foretell
from opsmith_mcp.forecast_list import health_list
from opsmith_mcp.forecast_views import ChannelForecast, FailureForecast, HealthList
from opsmith_mcp.lookup import find_channel, find_device
from opsmith_mcp.windows import back, freshness, now

__all__ = ["ChannelForecast", "FailureForecast", "Forecasting", "HealthList"]

Name = Annotated[str | None, Field(max_length=64)]


class Forecasting:
    """The forecasting tools."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def predict_failure(self, device_id: DeviceId, until: Until = None) -> FailureForecast:
        """Forecast when each rated channel passes its limit, and how likely the device fails.

        Use it to choose a due date. No time for a channel means: not before the horizon.
        """
        sources = self._sources
        device = find_device(sources.devices, device_id)
        as_of = until or now(sources.clock)
        try:
            fresh = freshness(sources.series, device.device_id, as_of)
            # An alert waits for what opsmith itself asks.
            quick = caller().role is Role.SYSTEM
            return foretell(sources, device, fresh, as_of, quick=quick)[0]
        except Unavailable as error:
            return FailureForecast(
                state=State.UNAVAILABLE,
                note=f"The readings cannot be reached: {error}. Not to be read as fine.",
                device_id=device.device_id,
                as_of=as_of,
                window=back(as_of, 1440),
                method=LINE,
            )

    def forecast_channel(
        self,
        device_id: DeviceId,
        channel: Annotated[str, Field(max_length=64)],
        hours: Annotated[float, Field(gt=0, le=720)] = 24,
        limit: Annotated[float | None, Field(description="Told too when it is passed.")] = None,
        load_channel: Name = None,
        load: Annotated[float | None, Field(description="Of load_channel from now on.")] = None,
        until: Moment | None = None,
    ) -> ChannelForecast:
        """Carry a channel on, minutes to weeks, with 80 % intervals and a backtest."""
        sources = self._sources
        device = find_device(sources.devices, device_id)
        as_of = until or now(sources.clock)
        if load is not None and load_channel is None:
            raise BadInput("load goes only with load_channel")
        try:
            fresh = freshness(sources.series, device.device_id, as_of)
            known = {*device.channels, *device.rated(), *fresh.tail.channels}
            name = find_channel(channel, known, device.device_id)
            driver = None
            if load_channel is not None:
                driver = Load(find_channel(load_channel, known, device.device_id), load)
            records = sources.records.records(device.device_id)
            return tell(
                sources.series, sources.cache, device, name, hours, limit, driver, fresh, records,
                as_of,
            )  # fmt: skip
        except Unavailable as error:
            return ChannelForecast(
                state=State.UNAVAILABLE,
                note=f"The readings cannot be reached: {error}. Not to be read as fine.",
                device_id=device.device_id,
                channel=channel,
                unit=None,
                as_of=as_of,
                window=back(as_of, 60 * hours),
                source="",
                step_minutes=0,
            )

    def list_health(
        self, line_id: Name = None, device_type: Name = None, cursor: Cursor = None
    ) -> HealthList:
        """List devices by health index, 0 to 100, the worst first, with what takes off how much."""
        return health_list(self._sources, scope(), line_id, device_type, cursor)
