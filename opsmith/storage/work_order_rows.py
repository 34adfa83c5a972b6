"""Work orders as rows: read whole, written with what changed, and announced."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from opsmith.domain.base import Model
from opsmith.domain.events import ORDERS, OrderEvent
from opsmith.domain.work_orders import WorkOrder
from opsmith.storage.database import mapping
from opsmith.storage.outbox import announce
from opsmith.storage.tables import work_order as table
from opsmith.storage.tables import work_order_alert as links
from opsmith.storage.tables import work_order_change as history

# Built once: SQLAlchemy takes longer to put a statement together than SQLite to answer it.
ONE = select(table).where(table.c.order_no == bindparam("number"))
INSERT = insert(table)
LINK = insert(links)
_UPDATE = update(table).where(table.c.order_no == bindparam("number"))
_NOTE = insert(history)
_LINKS = (
    select(links)
    .where(links.c.order_no.in_(bindparam("numbers", expanding=True)))
    .order_by(links.c.trace_id)
)

_UNTOLD = frozenset({"order_no", "updated_at"})
"""Fields whose change says nothing by itself."""

_LONGEST = 300
"""Characters of a value that the history of changes keeps."""


def columns_of(order: WorkOrder) -> dict[str, Any]:
    """An order by column names; the alerts that it answers are rows of their own."""
    columns = dict(order)
    del columns["trace_ids"]
    columns["materials"] = [material.model_dump() for material in order.materials]
    columns["costs"] = order.costs.model_dump() if order.costs else None
    columns["steps"] = list(order.steps)
    return columns


def orders_of(connection: Connection, rows: Sequence[Row[Any]]) -> list[WorkOrder]:
    """The orders that these rows are, with the alerts that they answer."""
    answered: dict[str, list[str]] = {row.order_no: [] for row in rows}
    for link in connection.execute(_LINKS, {"numbers": list(answered)}):
        answered[link.order_no].append(link.trace_id)
    return [
        WorkOrder.model_validate({**mapping(row), "trace_ids": tuple(answered[row.order_no])})
        for row in rows
    ]


def differences(before: WorkOrder, after: WorkOrder) -> dict[str, tuple[str | None, str | None]]:
    """What is different, by field: what it was and what it is, in words."""
    olds, news = dict(before), dict(after)
    return {
        name: (_told(old), _told(news[name]))
        for name, old in olds.items()
        if name not in _UNTOLD and old != news[name]
    }


def rewrite(
    connection: Connection, before: WorkOrder, after: WorkOrder, by: str, now: datetime
) -> WorkOrder:
    """Write an order anew, and who changed what; nothing where nothing is different."""
    changed = differences(before, after)
    if not changed:
        return before
    after = after.model_copy(update={"updated_at": now})
    connection.execute(_UPDATE, columns_of(after) | {"number": after.order_no})
    note = {"order_no": after.order_no, "at": now, "by": by, "changed": changed}
    connection.execute(_NOTE, note)
    return after


def tell(connection: Connection, order: WorkOrder, now: datetime, *, is_new: bool) -> None:
    """Announce an order with the transaction that wrote it."""
    event = OrderEvent(change="created" if is_new else "updated", as_of=now, order=order)
    announce(connection, ORDERS, order.device_id, event)


def _told(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        text = "; ".join(_told(part) or "" for part in cast(tuple[object, ...], value))
    elif isinstance(value, Model):
        given = {name: part for name, part in value if part not in (None, "")}
        text = ", ".join(f"{name} {part}" for name, part in given.items())
    else:
        text = str(value)
    return (text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…") or None
