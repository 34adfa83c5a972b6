"""Queries of the device registry."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, insert, or_, select, update

from opsmith.domain.alerts import STANDING, AlertLevel
from opsmith.domain.devices import Device, DeviceStatus
from opsmith.errors import NotFound
from opsmith.storage.database import Database, mapping
from opsmith.storage.scope import in_factories
from opsmith.storage.tables import alert_log
from opsmith.storage.tables import device_registry as table

_ONE = select(table).where(table.c.device_id == bindparam("wanted"))
"""Built once: every tool looks for a device."""

_TEXTS = ("device_id", "device_name", "device_type", "model", "manufacturer", "location")
_AT_ONCE = 500
"""Ids of one query: databases bound them."""


class DeviceStore:
    """The registry."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, device_id: str) -> Device | None:
        """One device by its exact id, or None."""
        return self._database.once(("device", device_id), lambda: self._find(device_id))

    def _find(self, device_id: str) -> Device | None:
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
        text: str | Collection[str] | None = None,
        factory_id: str | None = None,
        factories: Collection[str] | None = None,
    ) -> list[Device]:
        """Devices by id.

        Args:
            line_id: Of that line, exactly; so with `factory_id` and `device_type`.
            device_type: See `line_id`.
            status: What the plant does with them.
            text: Looked for, or any of several, in id, name, type, model, maker and place.
            factory_id: See `line_id`.
            factories: Those that the caller may see; None: all.
        """
        query = _seen(select(table).order_by(table.c.device_id), factories)
        exact = {"line_id": line_id, "device_type": device_type, "factory_id": factory_id}
        for name, value in exact.items():
            if value is not None:
                query = query.where(table.c[name] == value)
        if status is not None:
            query = query.where(table.c.status == status)
        words = [text] if isinstance(text, str) else text
        if text and words:
            query = query.where(
                or_(
                    *(
                        table.c[name].icontains(word, autoescape=True)
                        for name in _TEXTS
                        for word in words
                    )
                )
            )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [Device.model_validate(mapping(row)) for row in rows]

    def names(self, factories: Collection[str] | None = None) -> Sequence[tuple[str, str]]:
        """Id and name of every device, or of those in some factories, by id."""
        query = select(table.c.device_id, table.c.device_name).order_by(table.c.device_id)
        with self._database.read() as connection:
            return [(row[0], row[1]) for row in connection.execute(_seen(query, factories))]

    def standing_alerts(
        self, factories: Collection[str] | None = None
    ) -> dict[str, dict[AlertLevel, int]]:
        """How many alerts of each device stand and are told, by level."""
        query = (
            select(alert_log.c.device_id, alert_log.c.alert_level, func.count())
            .where(alert_log.c.state.in_(STANDING), alert_log.c.suppressed.is_(None))
            .group_by(alert_log.c.device_id, alert_log.c.alert_level)
            .order_by(alert_log.c.alert_level)
        )
        if factories is not None:
            query = query.where(in_factories(alert_log.c.device_id, factories))
        found = dict[str, dict[AlertLevel, int]]()
        with self._database.read() as connection:
            for device_id, level, count in connection.execute(query):
                found.setdefault(device_id, {})[AlertLevel(level)] = count
        return found

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
                values = _columns(device)
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

    def put(self, devices: Sequence[Device], now: datetime) -> tuple[int, int]:
        """Register devices, or replace the whole nameplates of those that are there.

        What the plant does with a device that is there stays, unless its `status` was given.

        Args:
            devices: Each once; fields that were not given count as such (`model_fields_set`).
            now: Plant time.

        Returns:
            How many were new, and how many others changed.
        """
        new, changed = list[dict[str, Any]](), list[dict[str, Any]]()
        with self._database.write() as connection:
            known = _those(connection, [device.device_id for device in devices])
            for device in devices:
                before = known.get(device.device_id)
                if before is None:
                    new.append(_columns(device) | {"created_at": now, "updated_at": now})
                    continue
                columns = _columns(device)
                if "baseline_at" not in device.model_fields_set:
                    columns |= {"baseline_at": before.baseline_at}
                if "status" not in device.model_fields_set:
                    # A maintenance without an end is counted from the last update: keep its end.
                    columns |= {"status": before.status, "maintenance_until": _end(before)}
                if columns != _columns(before) | {"maintenance_until": _end(before)}:
                    changed.append(columns | {"updated_at": now, "wanted": device.device_id})
            if new:
                connection.execute(insert(table), new)
            if changed:
                one = table.c.device_id == bindparam("wanted")
                connection.execute(update(table).where(one), changed)
        return len(new), len(changed)

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

    def renew_baseline(self, device_id: str, since: datetime, now: datetime) -> Device:
        """Have a device's normal learnt anew from that time on. Raises `NotFound`."""
        with self._database.write() as connection:
            connection.execute(
                update(table)
                .where(table.c.device_id == device_id)
                .values(baseline_at=since, updated_at=now)
            )
        return self.get(device_id)


def _seen(
    query: Select[*tuple[Any, ...]], factories: Collection[str] | None
) -> Select[*tuple[Any, ...]]:
    return query if factories is None else query.where(table.c.factory_id.in_(sorted(factories)))


def _those(connection: Connection, ids: Sequence[str]) -> dict[str, Device]:
    found = dict[str, Device]()
    for begin in range(0, len(ids), _AT_ONCE):
        query = select(table).where(table.c.device_id.in_(ids[begin : begin + _AT_ONCE]))
        for row in connection.execute(query):
            found[row.device_id] = Device.model_validate(mapping(row))
    return found


def _columns(device: Device) -> dict[str, Any]:
    values = device.model_dump(mode="python", exclude={"created_at", "updated_at"})
    values["limits"] = {name: limits.model_dump() for name, limits in device.limits.items()}
    values["channels"] = list(device.channels)
    return values


def _end(device: Device) -> datetime | None:
    return device.maintenance_until or device.maintenance_end()
