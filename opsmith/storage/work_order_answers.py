"""Which order answers an alert or a fault: the one that stands, or a new one."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from opsmith.domain.work_orders import UNDONE, OrderStatus, OrderType, Plan, WorkOrder
from opsmith.storage.tables import work_order as table
from opsmith.storage.tables import work_order_alert as links
from opsmith.storage.tables import work_order_change as history
from opsmith.storage.work_order_rows import ONE, orders_of, rewrite, tell

# Built once: SQLAlchemy takes longer to put a statement together than SQLite to answer it.
LINKED = select(links.c.order_no).where(links.c.trace_id == bindparam("alert"))
_TOUCHED = (
    select(history.c.id)
    .where(history.c.order_no == bindparam("number"), history.c.by != bindparam("author"))
    .limit(1)
)
_NOTED = (
    select(history.c.changed)
    .where(history.c.order_no == bindparam("number"), history.c.by == bindparam("author"))
    .order_by(history.c.id.desc())
)
_NOTE = insert(history)
_PLANNED = tuple(name for name in Plan.model_fields if name in WorkOrder.model_fields)
"""What of a plan an order keeps; the rest stands in the report."""
DIAGNOSIS = "diagnosis"
"""Under which the history tells a newer finding, where the order itself is left as it is."""
_FIRST = select(table.c.order_no).where(table.c.trace_id == bindparam("alert"))
_NUMBERS = select(func.max(table.c.order_no), func.count()).where(
    table.c.order_no.startswith(bindparam("day"))
)


def is_free(connection: Connection, order: WorkOrder, by: str) -> bool:
    """Whether an order is still only what its author made it: OPEN, and nobody else touched it."""
    if order.status != OrderStatus.OPEN or order.reviewed_by is not None:
        return False
    if order.created_by not in (None, by):
        return False
    asked = {"number": order.order_no, "author": by}
    return connection.execute(_TOUCHED, asked).first() is None


def is_of(order: WorkOrder, trace_id: str) -> bool:
    """Whether an order began with an alert: its first, or one made anew after that was closed."""
    return trace_id == order.trace_id or (order.trace_id is None and order.trace_ids == (trace_id,))


def is_outgrown(order: WorkOrder, plan: Plan, now: datetime) -> bool:
    """Whether the alert became more urgent after its order was closed: it needs one anew."""
    closed = order.status not in UNDONE and order.merged_into is None
    ended = order.completed_at
    return closed and plan.priority < order.priority and (ended is None or ended < now)


def note_finding(
    connection: Connection, order: WorkOrder, trace_id: str, mode: str, by: str, now: datetime
) -> bool:
    """Note once in an order's history what an alert turns out to be; whether it is new there."""
    told = [order.failure_mode, f"{mode} ({trace_id})"]
    asked = {"number": order.order_no, "author": by}
    for changed in connection.execute(_NOTED, asked).scalars():
        if DIAGNOSIS in changed and changed[DIAGNOSIS][1].endswith(f" ({trace_id})"):
            if changed[DIAGNOSIS] == told:
                return False
            break
    note = {"order_no": order.order_no, "at": now, "by": by, "changed": {DIAGNOSIS: told}}
    connection.execute(_NOTE, note)
    return True


def answering(
    connection: Connection,
    trace_id: str | None,
    device_id: str,
    failure_mode: str | None,
    plan: Plan,
    now: datetime,
) -> WorkOrder | None:
    """The order that this alert belongs to, or None where it needs one of its own."""
    if trace_id is not None:
        number = connection.execute(LINKED, {"alert": trace_id}).scalar_one_or_none()
        if number is not None:
            row = connection.execute(ONE, {"number": number}).one()
            linked = orders_of(connection, [row])[0]
            settled = failure_mode is None or failure_mode == linked.failure_mode
            if (settled or is_of(linked, trace_id)) and not is_outgrown(linked, plan, now):
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
    return orders_of(connection, rows)[0] if rows else None


def merged(
    connection: Connection,
    order: WorkOrder | None,
    trace_id: str | None,
    failure_mode: str | None,
    by: str,
    now: datetime,
) -> WorkOrder | None:
    """The order that goes on: another one where this one's fault turns out to have it."""
    if order is None or trace_id is None or not is_of(order, trace_id):
        return order
    if failure_mode is None or not is_free(connection, order, by):
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
    (other,) = orders_of(connection, rows)
    connection.execute(
        update(links).where(links.c.order_no == order.order_no).values(order_no=other.order_no)
    )
    given_up = {
        "status": OrderStatus.CANCELLED,
        "merged_into": other.order_no,
        "completed_at": now,
        "trace_ids": (),
    }
    tell(
        connection,
        rewrite(connection, order, order.model_copy(update=given_up), by, now),
        now,
        is_new=False,
    )
    raised = {
        "trace_ids": tuple(sorted({*other.trace_ids, *order.trace_ids})),
        "priority": min(other.priority, order.priority),
        "order_type": _more_urgent(other.order_type, order.order_type),
        "due_at": _sooner(other.due_at, order.due_at),
    }
    return rewrite(connection, other, other.model_copy(update=raised), by, now)


def _more_urgent(one: OrderType, other: OrderType) -> OrderType:
    """What one of them calls an emergency is one; else the first stays."""
    return "EMERGENCY" if other == "EMERGENCY" else one


def _sooner(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((due for due in (one, other) if due is not None), default=None)


def new_order(
    connection: Connection,
    device_id: str,
    plan: Plan,
    now: datetime,
    trace_id: str | None,
    failure_mode: str | None,
    by: str,
) -> WorkOrder:
    """An order as the plan says, with the next number of its day.

    An alert's first order keeps its name for good; a later one of it is only linked to it.
    """
    first = trace_id is None or connection.execute(_FIRST, {"alert": trace_id}).first() is None
    return WorkOrder(
        order_no=_next_number(connection, now),
        trace_id=trace_id if first else None,
        trace_ids=(trace_id,) if trace_id else (),
        device_id=device_id,
        failure_mode=failure_mode,
        created_by=by,
        created_at=now,
        **{name: getattr(plan, name) for name in _PLANNED},
    )


def _next_number(connection: Connection, now: datetime) -> str:
    day = f"WO-{now:%Y%m%d}-"
    newest, count = connection.execute(_NUMBERS, {"day": day}).one()
    last = newest.removeprefix(day) if newest else ""
    number = max(int(last) if last.isdecimal() else 0, count) + 1
    # Numbers of other systems may look like ours without being in a row.
    while connection.execute(ONE, {"number": f"{day}{number:03d}"}).first() is not None:
        number += 1
    return f"{day}{number:03d}"


def amended(
    before: WorkOrder,
    plan: Plan,
    trace_id: str | None,
    failure_mode: str | None,
    *,
    free: bool,
) -> WorkOrder:
    """The order with what this plan adds to it; itself where it is done or says it already.

    Args:
        before: As it stands.
        plan: What is wanted now.
        trace_id: The alert that it is wanted for.
        failure_mode: What that alert turned out to be.
        free: See `is_free`: the newer plan for the alert that it began with replaces its own.
    """
    if before.status not in UNDONE:
        return before
    changes: dict[str, Any] = {
        "priority": min(before.priority, plan.priority),
        "order_type": _more_urgent(before.order_type, plan.order_type),
        "due_at": _sooner(before.due_at, plan.due_at),
    }
    if trace_id is not None and trace_id not in before.trace_ids:
        changes["trace_ids"] = (*before.trace_ids, trace_id)
    if free and trace_id is not None and is_of(before, trace_id):
        changes = {
            **{name: getattr(plan, name) for name in _PLANNED},
            **changes,
            "order_type": _more_urgent(plan.order_type, before.order_type),
            "failure_mode": failure_mode or before.failure_mode,
        }
    due, begins = changes["due_at"], changes.get("planned_at", before.planned_at)
    if free and due is not None and begins is not None and begins > due:
        changes["planned_at"] = None
    return before.model_copy(update=changes)
