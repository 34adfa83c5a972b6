"""Work orders of another system: written once, and followed where that system changes them."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, select

from opsmith.domain.work_orders import WorkOrder
from opsmith.errors import BadInput
from opsmith.storage.tables import work_order as table
from opsmith.storage.tables import work_order_alert as links
from opsmith.storage.tables import work_order_change as history
from opsmith.storage.work_order_rows import INSERT, LINK, columns_of, orders_of, rewrite

IMPORT = "import"
"""Who changed an order, where its own system did."""

Key = tuple[str, str]
"""The system that an order comes from, and its number there."""

_AT_ONCE = 400
"""Orders looked for in one query."""


def put(connection: Connection, orders: Sequence[WorkOrder], now: datetime) -> tuple[int, int]:
    """Write orders of other systems; see `WorkOrderStore.put`."""
    wanted = {_key(order): order for order in orders}
    new = changed = 0
    for keys in _batches(wanted):
        there = _known(connection, keys)
        touched = _touched(connection, [order.order_no for order in there.values()])
        taken = _taken(connection, [wanted[key].order_no for key in keys])
        fresh = list[WorkOrder]()
        for key in keys:
            before = there.get(key)
            if before is None:
                fresh.append(_numbered(key, wanted[key], taken))
                continue
            after = _followed(before, wanted[key], touched.get(before.order_no, set()))
            changed += rewrite(connection, before, after, IMPORT, now) is not before
        _insert(connection, fresh)
        new += len(fresh)
    return new, changed


def _key(order: WorkOrder) -> Key:
    number = order.external_no or order.order_no
    if len(number) > 64:
        raise BadInput(f"The order number {number[:64]!r}… is longer than 64 characters")
    return order.source, number


def _numbered(key: Key, order: WorkOrder, taken: set[str]) -> WorkOrder:
    """The order under its own number, or one made from its key where it cannot have that."""
    own = order.order_no
    if not own or len(own) > 24 or own.casefold() in taken:
        own = f"IM-{hashlib.sha256(chr(0).join(key).encode()).hexdigest()[:16]}"
    taken.add(own.casefold())
    return order.model_copy(update={"order_no": own, "external_no": key[1]})


def _followed(before: WorkOrder, given: WorkOrder, touched: set[str]) -> WorkOrder:
    """The order as its system gives it now, but for what was changed here."""
    own = {"order_no", "external_no", "trace_id", "trace_ids", "updated_at"} | touched
    told = given.model_fields_set - own
    return before.model_copy(update={name: value for name, value in given if name in told})


def _known(connection: Connection, keys: Sequence[Key]) -> dict[Key, WorkOrder]:
    query = select(table).where(
        table.c.source.in_({source for source, _ in keys}),
        table.c.external_no.in_([number for _, number in keys]),
    )
    found = orders_of(connection, connection.execute(query).all())
    return {(order.source, order.external_no or ""): order for order in found}


def _touched(connection: Connection, numbers: Sequence[str]) -> dict[str, set[str]]:
    """The fields that were changed here, by order."""
    query = select(history.c.order_no, history.c.changed).where(
        history.c.order_no.in_(numbers), history.c.by != IMPORT
    )
    found: dict[str, set[str]] = {}
    for number, changed in connection.execute(query):
        found.setdefault(number, set()).update(changed)
    return found


def _taken(connection: Connection, numbers: Sequence[str]) -> set[str]:
    query = select(table.c.order_no).where(table.c.order_no.in_(numbers))
    return {number.casefold() for number in connection.execute(query).scalars()}


def _insert(connection: Connection, orders: Sequence[WorkOrder]) -> None:
    """Write new orders; an alert that is answered already stays with the order that does."""
    if not orders:
        return
    alerts = {trace: order.order_no for order in orders for trace in _alerts(order)}
    query = select(links.c.trace_id).where(links.c.trace_id.in_(list(alerts)))
    for trace in connection.execute(query).scalars().all() if alerts else ():
        del alerts[trace]
    rows = [columns_of(order) for order in orders]
    for row in rows:
        if alerts.get(row["trace_id"]) != row["order_no"]:
            row["trace_id"] = None
    connection.execute(INSERT, rows)
    if alerts:
        named = [{"trace_id": trace, "order_no": number} for trace, number in alerts.items()]
        connection.execute(LINK, named)


def _alerts(order: WorkOrder) -> set[str]:
    return {*order.trace_ids, *((order.trace_id,) if order.trace_id else ())}


def _batches(keys: Iterable[Key]) -> Iterator[list[Key]]:
    rest = iter(keys)
    while batch := list(islice(rest, _AT_ONCE)):
        yield batch
