"""Device registry: what is installed, what it is rated for, whether it is heard of."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from opsmith.clock import PlantClock
from opsmith.domain.base import Model, Moment, State, ToolResult
from opsmith.domain.devices import MAINTENANCE_HOURS, Device, DeviceStatus, Limits
from opsmith.domain.units import unit_of
from opsmith.errors import BadInput, Unavailable
from opsmith.ports import Extent, SeriesStore
from opsmith.storage.devices import DeviceStore
from opsmith_mcp.arguments import DeviceId, Until
from opsmith_mcp.lookup import find_device
from opsmith_mcp.server import writes
from opsmith_mcp.windows import freshness, is_silent, now

_MOST = 100
"""Devices of one answer."""


class DeviceLine(Model):
    """One device in a list."""

    device_id: str
    device_name: str
    device_type: str
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
        as_of = now(self._clock)
        found = self._devices.list(line_id, device_type, status, text)
        try:
            extents = self._series.extents()
        except Unavailable as error:
            return DeviceList(
                state=State.UNAVAILABLE,
                note=f"The age of readings is not known: {error}.",
                as_of=as_of,
                total=len(found),
                devices=tuple(_line(device, None, as_of) for device in found[:_MOST]),
            )
        lines = tuple(_line(one, extents.get(one.device_id), as_of) for one in found[:_MOST])
        silent = [line.device_id for line in lines if _should_speak(line, extents)]
        state, note = State.OK, None
        if not found:
            state, note = State.EMPTY, "No such device; call it without arguments to see all."
        elif len(found) > _MOST:
            state = State.TRUNCATED
            note = f"The first {_MOST} of {len(found)}; narrow by line_id, device_type or text."
        elif silent:
            state = State.STALE
            note = f"RUNNING, but no reading lately: {', '.join(silent[:10])}."
        return DeviceList(state=state, note=note, as_of=as_of, total=len(found), devices=lines)

    def query_device_status(self, device_id: DeviceId, until: Until = None) -> DeviceView:
        """Show one device: nameplate, rated limits, status, channels that are missing.

        Use it before judging a value: it tells what is rated, what is measured and whether the
        device is silent or in maintenance. For values call `fetch_telemetry_data`.
        """
        return self._view(find_device(self._devices, device_id), until or now(self._clock))

    @writes(idempotent=True)
    def update_device_status(
        self,
        device_id: DeviceId,
        status: DeviceStatus,
        maintenance_until: Annotated[
            Moment | None,
            Field(description=f"End of the MAINTENANCE; default in {MAINTENANCE_HOURS} h."),
        ] = None,
    ) -> DeviceView:
        """Say what the plant does with a device now.

        MAINTENANCE and RETIRED hold back its alerts, diagnoses and orders; what stands when the
        maintenance ends, or at RUNNING, is told then. Again with the same values: no change.
        """
        device = find_device(self._devices, device_id)
        as_of = now(self._clock)
        if maintenance_until is not None and status is not DeviceStatus.MAINTENANCE:
            raise BadInput("maintenance_until goes only with status MAINTENANCE")
        if maintenance_until is not None and maintenance_until <= as_of:
            raise BadInput(f"maintenance_until is past; it is {as_of.isoformat()} in the plant")
        note = None
        if status is DeviceStatus.MAINTENANCE and maintenance_until is None:
            known = device.maintenance_end()
            maintenance_until = (
                known if known and known > as_of else as_of + timedelta(hours=MAINTENANCE_HOURS)
            )
            end = maintenance_until.isoformat()
            note = f"No end was given; the maintenance ends at {end}."
        if (device.status, device.maintenance_until) != (status, maintenance_until):
            device = self._devices.set_status(device.device_id, status, maintenance_until, as_of)
        view = self._view(device, as_of)
        notes = " ".join(text for text in (note, view.note) if text)
        return view.model_copy(update={"note": notes or None})

    def _view(self, device: Device, as_of: datetime) -> DeviceView:
        state, note = State.OK, None
        measured: tuple[str, ...] = ()
        last = age = None
        try:
            fresh = freshness(self._series, device.device_id, as_of)
        except Unavailable as error:
            state, note = State.UNAVAILABLE, f"What is measured is not known: {error}."
            missing: tuple[str, ...] = ()
        else:
            measured, last, age = fresh.measured, fresh.last, fresh.age
            state = fresh.state(has_any=last is not None)
            note = fresh.note(device.device_id, has_any=last is not None)
            missing = tuple(sorted(set(device.channels) - set(measured)))
        end = device.maintenance_end()
        if end is not None and end <= as_of:
            over = f"Its maintenance ended at {end.isoformat()}: its alerts are told again."
            note = over if note is None else f"{note} {over}"
        installed = set(device.channels)
        rated = device.rated()
        return DeviceView(
            state=state,
            note=note,
            as_of=as_of,
            device=device,
            rated=rated,
            units={one: unit_of(one) for one in sorted({*installed, *measured, *rated})},
            measured=measured,
            missing_channels=missing,
            extra_channels=tuple(sorted(set(measured) - installed)) if installed else (),
            last_reading=last,
            age_seconds=age,
        )


def _line(device: Device, extent: Extent | None, as_of: datetime) -> DeviceLine:
    last = extent.last if extent else None
    return DeviceLine(
        device_id=device.device_id,
        device_name=device.device_name,
        device_type=device.device_type,
        line_id=device.line_id,
        status=device.status,
        maintenance_until=device.maintenance_end(),
        criticality=device.criticality,
        adopted=device.adopted,
        last_reading=last,
        age_seconds=max(0.0, (as_of - last).total_seconds()) if last else None,
    )


def _should_speak(line: DeviceLine, extents: Mapping[str, Extent]) -> bool:
    if line.status is not DeviceStatus.RUNNING or line.age_seconds is None:
        return False
    extent = extents[line.device_id]
    span = (extent.last - extent.first).total_seconds()
    return is_silent(line.age_seconds, span / max(1, extent.count - 1))
