"""Queries of the device registry."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, insert, or_, select, update

from opsmith.domain.devices import Device, DeviceStatus
from opsmith.errors import NotFound
from opsmith.storage.database import Database, mapping
from opsmith.storage.tables import device_registry as table

_ONE = select(table).where(table.c.device_id == bindparam("wanted"))
"""Built once: every tool looks for a device."""


class DeviceStore:
    """The registry."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, device_id: str) -> Device | None:
        """One device by its exact id, or None."""
        with self._database.read() as connection:
            row = connection.execute(_ONE, {"wanted": device_id}).one_or_none()
        return None if row is None else Device.model_validate(mapping(row))

    def get(self, device_id: str) -> Device:
        """One device by its exact id. Raises `NotFound`."""
        device = self.find(device_id)
        if device is None:
            raise NotFound(f"No device {device_id!r}")
        return device

    def list(
        self,
        line_id: str | None = None,
        device_type: str | None = None,
        status: DeviceStatus | None = None,
        text: str | None = None,
    ) -> list[Device]:
        """Devices by id; `text` is looked for in id, name, model, maker and place."""
        query = select(table).order_by(table.c.device_id)
        if line_id is not None:
            query = query.where(table.c.line_id == line_id)
        if device_type is not None:
            query = query.where(table.c.device_type == device_type)
        if status is not None:
            query = query.where(table.c.status == status)
        if text:
            columns = ("device_id", "device_name", "model", "manufacturer", "location")
            query = query.where(
                or_(*(table.c[name].icontains(text, autoescape=True) for name in columns))
            )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [Device.model_validate(mapping(row)) for row in rows]

    def add(self, devices: Sequence[Device], now: datetime) -> int:
        """Register devices that are not there yet; how many were new.

        One that was only heard of by its readings becomes registered.
        """
        new = 0
        with self._database.write() as connection:
            known = {
                row.device_id: row.adopted
                for row in connection.execute(select(table.c.device_id, table.c.adopted))
            }
            for device in devices:
                values = device.model_dump(mode="python", exclude={"created_at", "updated_at"})
                values["limits"] = {k: v.model_dump() for k, v in device.limits.items()}
                values["channels"] = list(device.channels)
                if device.device_id not in known:
                    values |= {"created_at": now, "updated_at": now}
                    connection.execute(insert(table).values(**values))
                    new += 1
                elif device.adopted and not known[device.device_id]:
                    connection.execute(
                        update(table)
                        .where(table.c.device_id == device.device_id)
                        .values(**values, updated_at=now)
                    )
                known[device.device_id] = device.adopted
        return new

    def set_status(
        self, device_id: str, status: DeviceStatus, until: datetime | None, now: datetime
    ) -> Device:
        """Change what the plant does with a device. Raises `NotFound`."""
        with self._database.write() as connection:
            connection.execute(
                update(table)
                .where(table.c.device_id == device_id)
                .values(status=status, maintenance_until=until, updated_at=now)
            )
        return self.get(device_id)
