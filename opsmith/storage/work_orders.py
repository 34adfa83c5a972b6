"""Queries of the work orders."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, or_, select, update

from opsmith.domain.events import ORDERS, OrderEvent
from opsmith.domain.work_orders import UNDONE, OrderStatus, Plan, WorkOrder
from opsmith.errors import NotFound
from opsmith.storage.database import Database, mapping
from opsmith.storage.outbox import announce
from opsmith.storage.tables import work_order as table
from opsmith.storage.tables import work_order_alert as links

# Built once: SQLAlchemy takes longer to put a statement together than SQLite to answer it.
_ONE = select(table).where(table.c.order_no == bindparam("number"))
_INSERT = insert(table)
_UPDATE = update(table).where(table.c.order_no == bindparam("number"))
_LINKED = select(links.c.order_no).where(links.c.trace_id == bindparam("alert"))
_LINK = insert(links)
_UNLINK = delete(links).where(links.c.trace_id == bindparam("alert"))
_NUMBERS = select(func.max(table.c.order_no), func.count()).where(
    table.c.order_no.startswith(bindparam("day"))
)
_LINKS = (
    select(links)
    .where(links.c.order_no.in_(bindparam("numbers", expanding=True)))
    .order_by(links.c.trace_id)
)


class WorkOrderStore:
    """The work orders, and which alerts each answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        device_id: str,
        plan: Plan,
        now: datetime,
        trace_id: str | None = None,
        failure_mode: str | None = None,
    ) -> tuple[WorkOrder, bool]:
        """Create an order, or add to the one that is open for the same alert or fault.

        One undone order stands for each device and fault. An alert whose cause is not established
        is added to the device's newest undone order that nobody has reviewed, if there is one:
        whoever goes there looks at both. A higher priority raises the order's, and while nobody
        has reviewed the order, a newer plan for the alert that it began with replaces its own. An
        alert that turns out to be of another fault moves to that fault's order; an order that
        nobody has reviewed and whose own fault turns out to have one already is merged into it.

        Returns:
            The order as it is now, and whether it is new. The same call again changes nothing.
        """
        standing = self._standing(plan, trace_id, failure_mode)
        if standing is not None:
            return standing, False
        with self._database.write() as connection:
            before = _answering(connection, trace_id, device_id, failure_mode)
            before = _merged(connection, before, trace_id, failure_mode, now)
            if before is None:
                order = _new_order(connection, device_id, plan, now, trace_id, failure_mode)
                connection.execute(_INSERT, _columns(order))
            else:
                order = _amended(before, plan, trace_id, failure_mode)
                if order == before:
                    return before, False
                _update(connection, order)
            if trace_id is not None and (before is None or trace_id not in before.trace_ids):
                connection.execute(_UNLINK, {"alert": trace_id})
                connection.execute(_LINK, {"trace_id": trace_id, "order_no": order.order_no})
            event = OrderEvent(
                change="created" if before is None else "updated", as_of=now, order=order
            )
            announce(connection, ORDERS, device_id, event)
        return order, before is None

    def _standing(
        self, plan: Plan, trace_id: str | None, failure_mode: str | None
    ) -> WorkOrder | None:
        """The order that says all of this already, found without the writer's lock, or None."""
        if trace_id is None:
            return None
        with self._database.read() as connection:
            number = connection.execute(_LINKED, {"alert": trace_id}).scalar_one_or_none()
            row = number and connection.execute(_ONE, {"number": number}).one_or_none()
            order = _orders(connection, [row])[0] if row else None
        if order is None or failure_mode not in (None, order.failure_mode):
            return None
        return order if _amended(order, plan, trace_id, failure_mode) == order else None

    def get(self, order_no: str) -> WorkOrder:
        """One order. Raises `NotFound`."""
        with self._database.read() as connection:
            row = connection.execute(_ONE, {"number": order_no}).one_or_none()
            if row is None:
                raise NotFound(f"No work order {order_no!r}")
            return _orders(connection, [row])[0]

    def find(
        self,
        device_id: str | None = None,
        statuses: Sequence[OrderStatus] = (),
        trace_id: str | None = None,
        text: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[WorkOrder]:
        """Orders, the newest first; the window is of their creation."""
        query = select(table).order_by(table.c.created_at.desc(), table.c.order_no.desc())
        if device_id is not None:
            query = query.where(table.c.device_id == device_id)
        if statuses:
            query = query.where(table.c.status.in_(statuses))
        if trace_id is not None:
            numbers = select(links.c.order_no).where(links.c.trace_id == trace_id)
            query = query.where(table.c.order_no.in_(numbers))
        if text:
            columns = (table.c.description, table.c.failure_mode, table.c.order_no)
            query = query.where(or_(*(c.icontains(text, autoescape=True) for c in columns)))
        if start is not None:
            query = query.where(table.c.created_at >= start)
        if end is not None:
            query = query.where(table.c.created_at < end)
        with self._database.read() as connection:
            rows = connection.execute(query.limit(limit).offset(offset)).all()
            return _orders(connection, rows)


def _answering(
    connection: Connection, trace_id: str | None, device_id: str, failure_mode: str | None
) -> WorkOrder | None:
    """The order that this alert belongs to, or None where it needs one of its own."""
    if trace_id is not None:
        number = connection.execute(_LINKED, {"alert": trace_id}).scalar_one_or_none()
        if number is not None:
            row = connection.execute(_ONE, {"number": number}).one()
            linked = _orders(connection, [row])[0]
            settled = failure_mode is None or failure_mode == linked.failure_mode
            if settled or linked.trace_id == trace_id:
                return linked
    elif failure_mode is None:
        # A person's own order, about nothing that is known here: it stands alone.
        return None
    undone = select(table).where(table.c.device_id == device_id, table.c.status.in_(UNDONE))
    if failure_mode is None:
        query = undone.where(table.c.reviewed_by.is_(None)).order_by(table.c.order_no.desc())
    else:
        query = undone.where(table.c.failure_mode == failure_mode).order_by(table.c.order_no)
    rows = connection.execute(query.limit(1)).all()
    return _orders(connection, rows)[0] if rows else None


def _merged(
    connection: Connection,
    order: WorkOrder | None,
    trace_id: str | None,
    failure_mode: str | None,
    now: datetime,
) -> WorkOrder | None:
    """The order that goes on: another one where this one's fault turns out to have it."""
    if order is None or trace_id is None or order.trace_id != trace_id:
        return order
    if failure_mode is None or order.reviewed_by is not None or order.status != OrderStatus.OPEN:
        return order
    query = (
        select(table)
        .where(
            table.c.device_id == order.device_id,
            table.c.failure_mode == failure_mode,
            table.c.order_no != order.order_no,
            table.c.status.in_(UNDONE),
        )
        .order_by(table.c.order_no)
        .limit(1)
    )
    rows = connection.execute(query).all()
    if not rows:
        return order
    (other,) = _orders(connection, rows)
    connection.execute(
        update(links).where(links.c.order_no == order.order_no).values(order_no=other.order_no)
    )
    given_up = order.model_copy(
        update={
            "status": OrderStatus.CANCELLED,
            "merged_into": other.order_no,
            "completed_at": now,
            "trace_ids": (),
        }
    )
    _update(connection, given_up)
    announce(
        connection, ORDERS, order.device_id, OrderEvent(change="updated", as_of=now, order=given_up)
    )
    raised = other.model_copy(
        update={
            "trace_ids": tuple(sorted({*other.trace_ids, *order.trace_ids})),
            "priority": min(other.priority, order.priority),
        }
    )
    connection.execute(
        update(table).where(table.c.order_no == other.order_no).values(priority=raised.priority)
    )
    return raised


def _new_order(
    connection: Connection,
    device_id: str,
    plan: Plan,
    now: datetime,
    trace_id: str | None,
    failure_mode: str | None,
) -> WorkOrder:
    day = f"WO-{now:%Y%m%d}-"
    numbers = connection.execute(_NUMBERS, {"day": day}).one()
    last = int(numbers[0].removeprefix(day)) if numbers[1] else 0
    return WorkOrder(
        order_no=f"{day}{max(last, numbers[1]) + 1:03d}",
        trace_id=trace_id,
        trace_ids=(trace_id,) if trace_id else (),
        device_id=device_id,
        failure_mode=failure_mode,
        created_at=now,
        **dict(plan),
    )


def _amended(
    before: WorkOrder, plan: Plan, trace_id: str | None, failure_mode: str | None
) -> WorkOrder:
    if before.status not in UNDONE:
        return before
    dues = [due for due in (before.due_at, plan.due_at) if due is not None]
    changes: dict[str, Any] = {
        "priority": min(before.priority, plan.priority),
        "due_at": min(dues, default=None),
    }
    if trace_id is not None and trace_id not in before.trace_ids:
        changes["trace_ids"] = (*before.trace_ids, trace_id)
    if before.reviewed_by is None and trace_id is not None and before.trace_id == trace_id:
        changes = {
            **dict(plan),
            **changes,
            "failure_mode": failure_mode or before.failure_mode,
        }
    return before.model_copy(update=changes)


def _update(connection: Connection, order: WorkOrder) -> None:
    connection.execute(_UPDATE, _columns(order) | {"number": order.order_no})


def _columns(order: WorkOrder) -> dict[str, Any]:
    columns = dict(order)
    del columns["trace_ids"]
    columns["materials"] = [material.model_dump() for material in order.materials]
    columns["costs"] = order.costs.model_dump() if order.costs else None
    columns["steps"] = list(order.steps)
    return columns


def _orders(connection: Connection, rows: Sequence[Row[Any]]) -> list[WorkOrder]:
    answered: dict[str, list[str]] = {row.order_no: [] for row in rows}
    for link in connection.execute(_LINKS, {"numbers": list(answered)}):
        answered[link.order_no].append(link.trace_id)
    return [
        WorkOrder.model_validate({**mapping(row), "trace_ids": tuple(answered[row.order_no])})
        for row in rows
    ]
