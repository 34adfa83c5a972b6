"""Queries of what holds alerts back: the shelf, groups, and the alerts around one."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select, update

from opsmith.domain.alerts import Alert, AlertLevel, AlertType, HeldBy, Hold
from opsmith.domain.base import Model, Moment
from opsmith.domain.devices import Device, DeviceStatus
from opsmith.domain.events import ALERTS, AlertEvent
from opsmith.storage.alert_rows import URGENT, alert_of, brought_out, columns_of, held_back
from opsmith.storage.database import Database, mapping
from opsmith.storage.outbox import announce
from opsmith.storage.scope import in_factories
from opsmith.storage.tables import alert_log as table
from opsmith.storage.tables import device_registry as registry
from opsmith.storage.tables import shelf

_ONE = select(table).where(table.c.trace_id == bindparam("wanted"))

NEIGHBOURS = 200
"""Alerts around one that are looked at, the newest first: far more than a flood is."""


OWN = "opsmith"
"""`source` of the alerts that opsmith raised itself; what was imported holds nothing back."""


class Shelf(Model):
    """A device's alerts of one type, put aside by a person."""

    device_id: str
    alert_type: AlertType
    alert_level: AlertLevel
    """Of the alert that he saw."""
    shelved_by: str
    shelved_at: Moment
    shelved_until: Moment

    def covers(self, level: AlertLevel) -> bool:
        """Whether an alert of that level stays aside: not one that he did not see coming."""
        return level not in URGENT or level >= self.alert_level

    def hold(self) -> Hold:
        """What it says on the alerts that it holds back."""
        return shelf_hold(self.shelved_by, self.shelved_at, self.shelved_until)


class Neighbour(Model):
    """As much of an alert as those around it need."""

    trace_id: str
    device_id: str
    alert_type: AlertType
    alert_level: AlertLevel
    first_seen: Moment
    held: HeldBy | None
    grouped_under: str | None
    related_to: str | None


class HoldStore:
    """The shelf, and the alerts that are held back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def held(self) -> list[Alert]:
        """Every alert that stands and is held back: the most urgent, then the oldest first."""
        query = (
            select(table)
            .where(table.c.held.is_not(None), table.c.cleared_at.is_(None))
            .order_by(table.c.alert_level, table.c.first_seen, table.c.trace_id)
        )
        with self._database.read() as connection:
            return [alert_of(row) for row in connection.execute(query)]

    def hold_back(self, trace_id: str, hold: Hold) -> None:
        """Hold back an alert that stands, for a reason that came up later or has changed."""

        def kept(alert: Alert) -> Alert:
            return alert if alert.cleared_at is not None else held_back(alert, hold)

        self._change(trace_id, kept, hold.since)

    def bring_out(self, trace_id: str, at: datetime) -> None:
        """Announce an alert that was held back and stands still, as of then."""

        def out(alert: Alert) -> Alert:
            gone = alert.held is None or alert.cleared_at is not None
            return alert if gone else brought_out(alert, at)

        self._change(trace_id, out, at)

    def shelf_of(self, device_id: str, alert_type: str, at: datetime) -> Shelf | None:
        """The shelf that lasts at that moment for such alerts, or None."""
        query = select(shelf).where(
            shelf.c.device_id == device_id,
            shelf.c.alert_type == alert_type,
            shelf.c.shelved_until > at,
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Shelf.model_validate(mapping(row))

    def shelves(self, at: datetime, factories: Collection[str] | None = None) -> list[Shelf]:
        """Every shelf that lasts at that moment, the next to end first."""
        query = select(shelf).where(shelf.c.shelved_until > at).order_by(shelf.c.shelved_until)
        if factories is not None:
            query = query.where(in_factories(shelf.c.device_id, factories))
        with self._database.read() as connection:
            return [Shelf.model_validate(mapping(row)) for row in connection.execute(query)]

    def neighbours(self, device: Device, start: datetime, end: datetime) -> list[Neighbour]:
        """New alerts in [start, end] of the device's line, the oldest first.

        The line is that of its factory; a device without one has those without one around it.
        """
        query = (
            select(*(table.c[name] for name in Neighbour.model_fields))
            .join(registry, registry.c.device_id == table.c.device_id)
            .where(
                _line_of(device),
                table.c.source == OWN,
                table.c.first_seen >= start,
                table.c.first_seen <= end,
            )
            .order_by(table.c.first_seen.desc(), table.c.trace_id.desc())
            .limit(NEIGHBOURS)
        )
        return self._neighbours(query)[::-1]

    def silent(self, device: Device) -> list[Neighbour]:
        """The `no_data` alerts that stand on the device's line, the oldest first."""
        query = (
            select(*(table.c[name] for name in Neighbour.model_fields))
            .join(registry, registry.c.device_id == table.c.device_id)
            .where(
                _line_of(device),
                table.c.source == OWN,
                table.c.alert_type == "no_data",
                table.c.cleared_at.is_(None),
            )
            .order_by(table.c.first_seen, table.c.trace_id)
        )
        return self._neighbours(query)

    def running_on_line(self, device: Device) -> int:
        """How many devices of its line are RUNNING, itself among them."""
        query = (
            select(func.count())
            .select_from(registry)
            .where(_line_of(device), registry.c.status == DeviceStatus.RUNNING)
        )
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()

    def _neighbours(self, query: Any) -> list[Neighbour]:
        with self._database.read() as connection:
            return [Neighbour.model_validate(mapping(row)) for row in connection.execute(query)]

    def _change(self, trace_id: str, change: Any, at: datetime) -> None:
        with self._database.write() as connection:
            before = find(connection, trace_id)
            after: Alert | None = None if before is None else change(before)
            if before is None or after is None or after == before:
                return
            store(connection, after)
            count_group(connection, before, after)
            if before.held is None or after.held is None:
                told = came_out_as(before) if after.held is None else "updated"
                announce(
                    connection,
                    ALERTS,
                    after.device_id,
                    AlertEvent(change=told, as_of=at, alert=after),
                )


def find(connection: Connection, trace_id: str) -> Alert | None:
    """One alert, in the caller's transaction."""
    row = connection.execute(_ONE, {"wanted": trace_id}).one_or_none()
    return None if row is None else alert_of(row)


def store(connection: Connection, alert: Alert) -> None:
    """Write an alert's row anew, but for what others count on it."""
    columns = columns_of(alert)
    del columns["grouped"]
    connection.execute(update(table).where(table.c.trace_id == alert.trace_id).values(**columns))


def count_group(connection: Connection, before: Alert | None, after: Alert) -> None:
    """Count an alert on the head of the group that it joined.

    The head is announced each time that its group has doubled: what is said of the one cause is
    said of the head, and nobody else is told of the group.
    """
    under = after.grouped_under
    if under is None or (before is not None and before.grouped_under == under):
        return
    counted = update(table).where(table.c.trace_id == under)
    connection.execute(counted.values(grouped=table.c.grouped + 1))
    head = find(connection, under)
    if head is None or head.held is not None or head.cleared_at is not None:
        return
    if head.grouped & (head.grouped - 1) == 0:
        at = max(head.last_seen, after.last_seen)
        event = AlertEvent(change="updated", as_of=at, alert=head)
        announce(connection, ALERTS, head.device_id, event)


def came_out_as(before: Alert) -> Literal["raised", "updated"]:
    """How an alert is announced that was held back until now."""
    return "updated" if before.was_told else "raised"


def shelf_hold(by: str, at: datetime, until: datetime) -> Hold:
    """What it says on an alert that a person put aside."""
    reason = f"shelved by {by} until {until.isoformat()}"
    return Hold(by=HeldBy.SHELVED, reason=reason, since=at, until=until, person=by)


def put_on_shelf(connection: Connection, alert: Alert) -> None:
    """Put an alert's device and type on the shelf, for as long as the alert."""
    take_off_shelf(connection, alert)
    hold = alert.holds[-1]
    connection.execute(
        insert(shelf).values(
            device_id=alert.device_id,
            alert_type=alert.alert_type,
            alert_level=alert.alert_level,
            shelved_by=hold.person,
            shelved_at=hold.since,
            shelved_until=hold.until,
        )
    )


def take_off_shelf(connection: Connection, alert: Alert) -> None:
    """Take an alert's device and type off the shelf."""
    of_alert = (shelf.c.device_id == alert.device_id, shelf.c.alert_type == alert.alert_type)
    connection.execute(delete(shelf).where(*of_alert))


def _line_of(device: Device) -> ColumnElement[bool]:
    if not device.line_id:
        return registry.c.line_id == ""
    return (registry.c.line_id == device.line_id) & (registry.c.factory_id == device.factory_id)
