"""Counts of alerts, and a few columns of many: what statistics are made of."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, DateTime, Select, func, or_, select, type_coerce

from opsmith.domain.alert_filter import AlertFilter
from opsmith.domain.alerts import STANDING, Alert
from opsmith.domain.work_orders import OrderStatus
from opsmith.storage.alert_rows import alert_of
from opsmith.storage.database import Database
from opsmith.storage.scope import in_factories
from opsmith.storage.tables import Utc, work_order, work_order_alert
from opsmith.storage.tables import alert_log as table
from opsmith.storage.tables import device_registry as registry


class OrderMark(NamedTuple):
    """As much of a work order as what came before it needs."""

    order_no: str
    device_id: str
    work_class: str
    status: str
    created_at: datetime


COLUMNS: dict[str, ColumnElement[Any]] = {
    "device": table.c.device_id,
    "device_type": registry.c.device_type,
    "line": registry.c.line_id,
    "type": table.c.alert_type,
    "level": table.c.alert_level,
    "code": table.c.code,
    "source": table.c.source,
    "state": table.c.state,
    "held": table.c.held,
    "trace_id": table.c.trace_id,
    "message": table.c.message,
    "flapping": table.c.flapping,
    "first_seen": table.c.first_seen,
    "cleared_at": table.c.cleared_at,
    "acknowledged_at": table.c.acknowledged_at,
}
"""What can be asked for of many alerts, by the names that callers use."""

_FROM_REGISTRY = ("device_type", "line")


class AlertQueries:
    """Counts and columns of the alert log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def total(self, which: AlertFilter) -> int:
        """How many there are, exactly."""
        query = select(func.count()).select_from(table).where(*_conditions(which))
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()

    def page(self, which: AlertFilter, limit: int, offset: int) -> list[Alert]:
        """Some of them whole, the newest first."""
        query = (
            select(table)
            .where(*_conditions(which))
            .order_by(table.c.first_seen.desc(), table.c.trace_id)
            .limit(limit)
            .offset(offset)
        )
        with self._database.read() as connection:
            return [alert_of(row) for row in connection.execute(query)]

    def grouped(self, which: AlertFilter, by: Sequence[str]) -> list[tuple[Any, ...]]:
        """How many there are of each, by names of `COLUMNS`; the count is the last of a row."""
        columns = [COLUMNS[name] for name in by]
        query = _from(select(*columns, func.count()), by).where(*_conditions(which))
        with self._database.read() as connection:
            rows = connection.execute(query.group_by(*columns) if columns else query)
            return [tuple(row) for row in rows]

    def columns(self, which: AlertFilter, names: Sequence[str]) -> list[tuple[Any, ...]]:
        """Columns of all of them, by names of `COLUMNS`, the first raised first.

        Times are naive, in UTC: to put the zone on each takes longer than to read it.
        """
        columns = [COLUMNS[name] for name in names]
        bare = [
            type_coerce(one, DateTime()) if isinstance(one.type, Utc) else one for one in columns
        ]
        query = _from(select(*bare), names).where(*_conditions(which))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(table.c.first_seen, table.c.trace_id)).all()
        return cast(list[tuple[Any, ...]], rows)

    def risen_since(self, which: AlertFilter, at: datetime) -> list[Alert]:
        """Those raised by `at` and written after it, whose level has risen in between."""
        query = select(table).where(
            *_conditions(which), table.c.first_seen <= at, table.c.last_seen > at
        )
        with self._database.read() as connection:
            written = [alert_of(row) for row in connection.execute(query)]
        return [alert for alert in written if alert.level_at(at) != alert.alert_level]

    def span(self, which: AlertFilter) -> tuple[datetime, datetime] | None:
        """When the first and the last of them were raised; None where there is none."""
        query = select(func.min(table.c.first_seen), func.max(table.c.first_seen))
        with self._database.read() as connection:
            first, last = connection.execute(query.where(*_conditions(which))).one()
        return None if first is None else (first, last)

    def lines(self, factories: Collection[str] | None) -> list[str]:
        """Every production line that a device of the factories is on."""
        query = select(registry.c.line_id).where(registry.c.line_id != "").distinct()
        if factories is not None:
            query = query.where(registry.c.factory_id.in_(sorted(factories)))
        with self._database.read() as connection:
            return sorted(connection.execute(query).scalars())

    def orders(
        self,
        start: datetime,
        end: datetime,
        work_class: str | None = None,
        factories: Collection[str] | None = None,
    ) -> list[OrderMark]:
        """Work orders made in [start, end), the first first, but for those cancelled."""
        query = _orders().where(
            work_order.c.created_at >= start,
            work_order.c.created_at < end,
            work_order.c.status != OrderStatus.CANCELLED,
        )
        if work_class is not None:
            query = query.where(work_order.c.work_class == work_class)
        if factories is not None:
            query = query.where(in_factories(work_order.c.device_id, factories))
        with self._database.read() as connection:
            return [OrderMark(*row) for row in connection.execute(query)]

    def orders_for(self, trace_id: str, limit: int) -> list[OrderMark]:
        """Work orders that answer an alert, the first first."""
        linked = select(work_order_alert.c.order_no).where(work_order_alert.c.trace_id == trace_id)
        query = _orders().where(
            or_(work_order.c.trace_id == trace_id, work_order.c.order_no.in_(linked))
        )
        with self._database.read() as connection:
            return [OrderMark(*row) for row in connection.execute(query.limit(limit))]


def _orders() -> Select[Any]:
    columns = (work_order.c[name] for name in OrderMark._fields)
    return select(*columns).order_by(work_order.c.created_at, work_order.c.order_no)


def _from(query: Select[Any], names: Sequence[str]) -> Select[Any]:
    """The query over the log, beside the registry where a name is of it."""
    if not any(name in _FROM_REGISTRY for name in names):
        return query.select_from(table)
    return query.select_from(table.outerjoin(registry, registry.c.device_id == table.c.device_id))


def _conditions(which: AlertFilter) -> list[ColumnElement[bool]]:
    found = [*_of_alert(which), *_of_registry(which), *_of_time(which)]
    if which.standing:
        # An alert that is held back keeps its state; whether it stands, its clearing says.
        held = (table.c.held > "") & (table.c.cleared_at.is_(None))
        found.append(or_(table.c.state.in_(STANDING), held))
    if which.suppressed is not None:
        held = table.c.held
        # SQLite has an index for the few that are; for the many that are not it had better not.
        found.append(held > "" if which.suppressed else func.coalesce(held, "") == "")
    if which.factories is not None:
        found.append(in_factories(table.c.device_id, which.factories))
    return found


def _of_alert(which: AlertFilter) -> Iterator[ColumnElement[bool]]:
    for column, wanted in (
        (table.c.device_id, which.device_id),
        (table.c.alert_level, which.level),
        (table.c.alert_type, which.alert_type),
        (table.c.state, which.state),
        (table.c.source, which.source),
        (table.c.held, which.held),
        (table.c.grouped_under, which.under),
    ):
        if wanted is not None:
            yield column == wanted
    if which.code is not None:
        yield func.lower(table.c.code) == which.code.lower()
    if which.text is not None:
        yield or_(
            *(c.icontains(which.text, autoescape=True) for c in (table.c.message, table.c.code))
        )


def _of_registry(which: AlertFilter) -> Iterator[ColumnElement[bool]]:
    exact = ((registry.c.line_id, which.line_id), (registry.c.device_type, which.device_type))
    wanted = [column == name for column, name in exact if name is not None]
    if wanted:
        yield table.c.device_id.in_(select(registry.c.device_id).where(*wanted))


def _of_time(which: AlertFilter) -> Iterator[ColumnElement[bool]]:
    if which.start is not None:
        yield table.c.first_seen >= which.start
    if which.end is not None:
        yield table.c.first_seen < which.end
    if which.there_since is not None:
        yield or_(table.c.cleared_at.is_(None), table.c.last_seen >= which.there_since)
    if which.stood_at is not None:
        yield table.c.first_seen <= which.stood_at
        yield or_(table.c.cleared_at.is_(None), table.c.cleared_at > which.stood_at)
