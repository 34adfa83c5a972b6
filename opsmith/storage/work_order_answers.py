"""Which order answers an alert or a fault: the one that stands, or a new one."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from opsmith.domain.work_orders import UNDONE, OrderStatus, Plan, WorkOrder
from opsmith.storage.tables import work_order as table
from opsmith.storage.tables import work_order_alert as links
from opsmith.storage.work_order_rows import ONE, orders_of, rewrite, tell

# Built once: SQLAlchemy takes longer to put a statement together than SQLite to answer it.
LINKED = select(links.c.order_no).where(links.c.trace_id == bindparam("alert"))
_NUMBERS = select(func.max(table.c.order_no), func.count()).where(
    table.c.order_no.startswith(bindparam("day"))
)


def answering(
    connection: Connection, trace_id: str | None, device_id: str, failure_mode: str | None
) -> WorkOrder | None:
    """The order that this alert belongs to, or None where it needs one of its own."""
    if trace_id is not None:
        number = connection.execute(LINKED, {"alert": trace_id}).scalar_one_or_none()
        if number is not None:
            row = connection.execute(ONE, {"number": number}).one()
            linked = orders_of(connection, [row])[0]
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
    }
    return rewrite(connection, other, other.model_copy(update=raised), by, now)


def new_order(
    connection: Connection,
    device_id: str,
    plan: Plan,
    now: datetime,
    trace_id: str | None,
    failure_mode: str | None,
    by: str,
) -> WorkOrder:
    """An order as the plan says, with the next number of its day."""
    return WorkOrder(
        order_no=_next_number(connection, now),
        trace_id=trace_id,
        trace_ids=(trace_id,) if trace_id else (),
        device_id=device_id,
        failure_mode=failure_mode,
        created_by=by,
        created_at=now,
        **dict(plan),
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
    before: WorkOrder, plan: Plan, trace_id: str | None, failure_mode: str | None
) -> WorkOrder:
    """The order with what this plan adds to it; itself where it is done or says it already."""
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
