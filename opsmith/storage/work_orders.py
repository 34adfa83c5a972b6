"""The work orders, and which alerts each answers."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update

from opsmith.domain.work_orders import OrderChange, OrderStatus, Plan, WorkOrder
from opsmith.errors import NotFound
from opsmith.storage import work_order_import
from opsmith.storage.database import Database
from opsmith.storage.failure_codes import FailureCodeStore
from opsmith.storage.tables import work_order as table
from opsmith.storage.tables import work_order_alert as links
from opsmith.storage.tables import work_order_change as history
from opsmith.storage.work_order_answers import (
    LINKED,
    amended,
    answering,
    is_free,
    is_outgrown,
    merged,
    new_order,
    note_finding,
)
from opsmith.storage.work_order_queries import OrderFilter
from opsmith.storage.work_order_rows import (
    INSERT,
    LINK,
    ONE,
    columns_of,
    orders_of,
    rewrite,
    tell,
)

OPSMITH = "opsmith"
"""Who changed an order, where opsmith did by itself."""

# Built once: SQLAlchemy takes longer to put a statement together than SQLite to answer it.
_UNLINK = delete(links).where(links.c.trace_id == bindparam("alert"))
_FOLLOWED = select(links.c.order_no).where(
    links.c.trace_id == bindparam("alert"), links.c.version >= bindparam("report")
)
_FOLLOW = (
    update(links).where(links.c.trace_id == bindparam("alert")).values(version=bindparam("report"))
)
_HORIZON = (
    select(table.c.created_at)
    .order_by(table.c.created_at.desc())
    .offset(bindparam("newest"))
    .limit(1)
)
_CHANGES = (
    select(history.c.at, history.c.by, history.c.changed)
    .where(history.c.order_no == bindparam("number"))
    .order_by(history.c.id)
)


class WorkOrderStore:
    """The work orders, and which alerts each answers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.codes = FailureCodeStore(database)
        """The codes by which the plant classes its failures."""

    def create(
        self,
        device_id: str,
        plan: Plan,
        now: datetime,
        trace_id: str | None = None,
        failure_mode: str | None = None,
        by: str = OPSMITH,
        version: int = 0,
    ) -> tuple[WorkOrder, bool]:
        """Create an order, or add to the one that is open for the same alert or fault.

        One undone order stands for each device and fault. An alert whose cause is not established
        is added to the device's newest undone order that nobody has reviewed, if there is one:
        whoever goes there looks at both. A higher priority raises the order's and brings its due
        date forward. While the order is OPEN and nobody but its author has touched it, a newer
        plan for the alert that it began with replaces its own; after that a finding of another
        fault is noted in its history, and the order stays as people have it. An alert that turns
        out to be of another fault than the order it was added to moves to that fault's order; an
        untouched order whose own fault turns out to have one already is merged into it. An alert
        that becomes more urgent after its order was closed gets a new one.

        Args:
            device_id: What is to be worked on.
            plan: What is to be done.
            now: Plant time.
            trace_id: The alert that it is for.
            failure_mode: What that alert turned out to be.
            by: Who wants it.
            version: Of the alert's report that calls for it: what this or a newer one called for
                is not done again, whatever has become of the order meanwhile. 0: of none.

        Returns:
            The order as it is now, and whether it is new. The same call again changes nothing.
        """
        if version:
            standing = self._followed(trace_id, version)
        else:
            standing = self._standing(plan, trace_id, failure_mode, by, now)
        if standing is not None:
            return standing, False
        with self._database.write() as connection:
            if version:
                connection.execute(_FOLLOW, {"alert": trace_id, "report": version})
            before = answering(connection, trace_id, device_id, failure_mode, plan, now)
            before = merged(connection, before, trace_id, failure_mode, by, now)
            if before is None:
                order = new_order(connection, device_id, plan, now, trace_id, failure_mode, by)
                connection.execute(INSERT, columns_of(order))
            else:
                free = is_free(connection, before, by)
                after = amended(before, plan, trace_id, failure_mode, free=free)
                order = rewrite(connection, before, after, by, now)
                noted = False
                if trace_id and failure_mode not in (None, order.failure_mode):
                    noted = note_finding(connection, order, trace_id, failure_mode, by, now)
                if order is before and not noted:
                    return before, False
            if trace_id is not None and (before is None or trace_id not in before.trace_ids):
                connection.execute(_UNLINK, {"alert": trace_id})
                link = {"trace_id": trace_id, "order_no": order.order_no, "version": version}
                connection.execute(LINK, link)
            tell(connection, order, now, is_new=before is None)
        return order, before is None

    def put(self, orders: Sequence[WorkOrder], now: datetime) -> tuple[int, int]:
        """Write orders of another system, without announcing them.

        An order is known by `source` and `external_no` (`order_no` where it has none). It keeps
        its own number where that has at most 24 characters and is free, else it gets `IM-` and 16
        hexadecimal digits; `external_no` always holds the original. Of an order that is there,
        the fields that were given (`model_fields_set`) are followed, but for those that were
        changed here; the alerts that it answers stay.

        Returns:
            How many were new, and how many changed; the same again gives (0, 0).

        Raises:
            BadInput: A number is longer than 64 characters.
        """
        with self._database.write() as connection:
            return work_order_import.put(connection, orders, now)

    def change(
        self, order_no: str, edit: Callable[[WorkOrder], WorkOrder], by: str, now: datetime
    ) -> WorkOrder:
        """Change an order as `edit` says, note who did it, and announce it.

        Args:
            order_no: As it is stored.
            edit: Gives the order as it shall be; it may refuse, and then nothing is changed.
            by: Who does it.
            now: Plant time.

        Raises:
            NotFound: No such order.
        """
        with self._database.write() as connection:
            before = self.get(order_no)
            after = rewrite(connection, before, edit(before), by, now)
            if after is not before:
                tell(connection, after, now, is_new=False)
        return after

    def changes(self, order_no: str) -> list[OrderChange]:
        """What was changed in an order, the first first."""
        with self._database.read() as connection:
            rows = connection.execute(_CHANGES, {"number": order_no}).all()
        return [OrderChange(at=row.at, by=row.by, changed=row.changed) for row in rows]

    def _followed(self, trace_id: str | None, version: int) -> WorkOrder | None:
        """The order that was written after this version of the alert's report, or a newer one."""
        with self._database.read() as connection:
            asked = {"alert": trace_id, "report": version}
            number = connection.execute(_FOLLOWED, asked).scalar_one_or_none()
            if number is None:
                return None
            row = connection.execute(ONE, {"number": number}).one()
            return orders_of(connection, [row])[0]

    def _standing(
        self,
        plan: Plan,
        trace_id: str | None,
        failure_mode: str | None,
        by: str,
        now: datetime,
    ) -> WorkOrder | None:
        """The order that says all of this already, found without the writer's lock, or None."""
        if trace_id is None:
            return None
        with self._database.read() as connection:
            number = connection.execute(LINKED, {"alert": trace_id}).scalar_one_or_none()
            row = number and connection.execute(ONE, {"number": number}).one_or_none()
            order = orders_of(connection, [row])[0] if row else None
            free = order is not None and is_free(connection, order, by)
        if order is None or failure_mode not in (None, order.failure_mode):
            return None
        if is_outgrown(order, plan, now):
            return None
        after = amended(order, plan, trace_id, failure_mode, free=free)
        return order if after == order else None

    def get(self, order_no: str, factories: Collection[str] | None = None) -> WorkOrder:
        """One order, by its number as it is stored, among those of the factories.

        Raises:
            NotFound: There is none.
        """
        query = ONE
        if factories is not None:
            query = query.where(*OrderFilter(factories).conditions())
        with self._database.read() as connection:
            row = connection.execute(query, {"number": order_no}).one_or_none()
            if row is None:
                raise NotFound(f"No work order {order_no!r}")
            return orders_of(connection, [row])[0]

    def numbered(self, number: str, factories: Collection[str] | None = None) -> list[str]:
        """The numbers of the orders that have this one, here or where they come from, any case."""
        mine, theirs = func.lower(table.c.order_no), func.lower(table.c.external_no)
        wanted = number.lower()
        query = (
            select(table.c.order_no)
            .where((mine == wanted) | (theirs == wanted), *OrderFilter(factories).conditions())
            .order_by(table.c.order_no)
        )
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

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
        wanted = OrderFilter(
            device_id=device_id,
            statuses=statuses,
            trace_id=trace_id,
            text=text,
            since=start,
            until=end,
        )
        return self.search(wanted, limit, offset)

    def search(self, wanted: OrderFilter, limit: int = 100, offset: int = 0) -> list[WorkOrder]:
        """The orders that are meant, the newest first."""
        query = (
            select(table)
            .where(*wanted.conditions())
            .order_by(table.c.created_at.desc(), table.c.order_no.desc())
            .limit(limit)
            .offset(offset)
        )
        with self._database.read() as connection:
            return orders_of(connection, connection.execute(query).all())

    def horizon(self, newest: int) -> datetime | None:
        """When the orders after that many of the newest were created; None: there are no more."""
        with self._database.read() as connection:
            return connection.execute(_HORIZON, {"newest": newest}).scalar_one_or_none()

    def count(self, wanted: OrderFilter) -> int:
        """How many orders are meant."""
        query = select(func.count()).select_from(table).where(*wanted.conditions())
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()

    def facts(self, wanted: OrderFilter, *columns: str) -> Sequence[Any]:
        """Some columns of every order that is meant, rows with those names, the oldest first."""
        query = (
            select(*(table.c[name] for name in columns))
            .where(*wanted.conditions())
            .order_by(table.c.created_at, table.c.order_no)
        )
        with self._database.read() as connection:
            return connection.execute(query).all()
