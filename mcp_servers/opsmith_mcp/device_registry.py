"""Device registry: what is installed, what it is rated for, whether it is heard of."""

from typing import Annotated

from pydantic import Field

from opsmith.clock import PlantClock
from opsmith.domain.base import Model, Moment, ToolResult
from opsmith.domain.devices import Device, DeviceStatus, Limits
from opsmith.ports import SeriesStore
from opsmith.storage.devices import DeviceStore
from opsmith_mcp.arguments import DeviceId
from opsmith_mcp.server import writes


class DeviceLine(Model):
    """One device in a list."""

    device_id: str
    device_name: str
    device_type: str
    line_id: str
    status: DeviceStatus
    criticality: int = Field(description="1 stops the plant, 3 has a spare.")
    adopted: bool = Field(description="False: heard of by its readings, not registered.")
    last_reading: Moment | None
    age_seconds: float | None = Field(description="Since the last reading, by the plant clock.")


class DeviceList(ToolResult):
    """Devices of the registry."""

    as_of: Moment
    total: int
    devices: tuple[DeviceLine, ...]


class DeviceView(ToolResult):
    """One device: its nameplate, and whether it is heard of."""

    as_of: Moment
    device: Device
    rated: dict[str, Limits] = Field(description="Rated limits by channel, in its unit.")
    units: dict[str, str | None] = Field(description="UCUM unit of each channel that is known.")
    measured: tuple[str, ...] = Field(description="Channels that lately had values.")
    missing_channels: tuple[str, ...] = Field(description="Installed, but lately without values.")
    extra_channels: tuple[str, ...] = Field(description="Measured, but not on the nameplate.")
    last_reading: Moment | None
    age_seconds: float | None = Field(description="Since the last reading, by the plant clock.")


class DeviceRegistry:
    """The tools of the device registry."""

    def __init__(self, devices: DeviceStore, series: SeriesStore, clock: PlantClock) -> None:
        self._devices = devices
        self._series = series
        self._clock = clock

    def list_devices(
        self,
        line_id: str | None = None,
        device_type: str | None = None,
        status: DeviceStatus | None = None,
        text: Annotated[
            str | None, Field(max_length=100, description="In id, name, model, maker or place.")
        ] = None,
    ) -> DeviceList:
        """List the devices of the plant, with the age of each one's last reading.

        Use it to find a device's id or to see which devices are silent. For one device's
        nameplate and limits call `query_device_status`.
        """
        raise NotImplementedError

    def query_device_status(self, device_id: DeviceId) -> DeviceView:
        """Show one device: nameplate, rated limits, status, channels that are missing.

        Use it before judging a value: it tells what is rated, what is measured and whether the
        device is silent or in maintenance. For values call `fetch_telemetry_data`.
        """
        raise NotImplementedError

    @writes(idempotent=True)
    def update_device_status(
        self,
        device_id: DeviceId,
        status: DeviceStatus,
        maintenance_until: Annotated[
            Moment | None, Field(description="End of the maintenance; only with MAINTENANCE.")
        ] = None,
    ) -> DeviceView:
        """Say what the plant does with a device now; MAINTENANCE suppresses its alerts.

        Calling it again with the same values changes nothing.
        """
        raise NotImplementedError
