"""What the device registry answers."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import Field

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Model, Moment, ToolResult
from opsmith.domain.devices import Device, DeviceStatus, Limits
from opsmith.domain.proposals import ChangeResult
from opsmith.ports import Extent
from opsmith_mcp.windows import is_silent


class DeviceLine(Model):
    """One device in a list."""

    device_id: str
    device_name: str
    device_type: str
    factory_id: str
    line_id: str
    status: DeviceStatus
    maintenance_until: Moment | None = Field(description="End of its maintenance; None: in none.")
    criticality: int = Field(description="1 stops the plant, 3 has a spare.")
    adopted: bool = Field(description="False: heard of by its readings, not registered.")
    last_reading: Moment | None
    age_seconds: float | None = Field(description="Since the last reading, by the plant clock.")


class DeviceList(ToolResult):
    """Devices of the registry."""

    as_of: Moment
    total: int = Field(description="All that were found, shown or not.")
    devices: tuple[DeviceLine, ...]
    next_cursor: str | None = None


class DeviceView(ChangeResult):
    """One device: its nameplate, and whether it is heard of."""

    as_of: Moment
    device: Device
    rated: dict[str, Limits] = Field(description="Rated limits by channel, in its unit.")
    units: dict[str, str | None] = Field(description="UCUM unit of each channel that is known.")
    measured: tuple[str, ...] = Field(description="Channels that lately had values.")
    missing_channels: tuple[str, ...] = Field(description="Installed, but lately without values.")
    extra_channels: tuple[str, ...] = Field(description="Measured, but not on the nameplate.")
    last_values: dict[str, Moment] = Field(
        default_factory=dict[str, Moment],
        description="When each measured channel last had a value; count_readings tells the first.",
    )
    last_reading: Moment | None
    age_seconds: float | None = Field(description="Since the last reading, by the plant clock.")


class TreeDevice(Model):
    """One device of a line."""

    device_id: str
    device_type: str
    status: DeviceStatus
    silent: bool = Field(description="RUNNING, but no reading lately.")
    alerts: dict[AlertLevel, int] = Field(description="That stand and are told, by level.")


class TreeLine(Model):
    """One line of a factory."""

    line_id: str = Field(description="Empty: of no line.")
    devices: int
    by_status: dict[DeviceStatus, int]
    silent: int = Field(description="RUNNING devices without a reading lately.")
    alerts: dict[AlertLevel, int] = Field(description="That stand and are told, by level.")
    shown: tuple[TreeDevice, ...] = Field(
        default=(), description="Its devices, those with alerts or silent ones first."
    )


class TreeFactory(Model):
    """One factory."""

    factory_id: str = Field(description="Empty: of no factory.")
    devices: int
    lines: tuple[TreeLine, ...]


class PlantTree(ToolResult):
    """Factories, lines and devices, counted."""

    as_of: Moment
    total: int = Field(description="Devices in all, shown or not.")
    factories: tuple[TreeFactory, ...] = ()


def line_of(device: Device, extent: Extent | None, as_of: datetime) -> DeviceLine:
    """A device as a list has it."""
    last = extent.last if extent else None
    return DeviceLine(
        device_id=device.device_id,
        device_name=device.device_name,
        device_type=device.device_type,
        factory_id=device.factory_id,
        line_id=device.line_id,
        status=device.status,
        maintenance_until=device.maintenance_end(),
        criticality=device.criticality,
        adopted=device.adopted,
        last_reading=last,
        age_seconds=max(0.0, (as_of - last).total_seconds()) if last else None,
    )


def should_speak(device: Device, extents: Mapping[str, Extent], as_of: datetime) -> bool:
    """Whether a device runs and was heard of, but not when it should have been."""
    extent = extents.get(device.device_id)
    if device.status is not DeviceStatus.RUNNING or extent is None:
        return False
    span = (extent.last - extent.first).total_seconds()
    return is_silent((as_of - extent.last).total_seconds(), span / max(1, extent.count - 1))
