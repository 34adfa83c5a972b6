"""Which work orders are asked for: conditions that SQLite and MySQL both take."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, and_, func, not_, or_, select

from opsmith.domain.work_orders import UNDONE, OrderStatus
from opsmith.storage.scope import in_factories
from opsmith.storage.tables import device_registry
from opsmith.storage.tables import work_order as table
from opsmith.storage.tables import work_order_alert as links

DateField = Literal["created", "completed", "due", "planned", "failed"]
"""Which of an order's dates is meant."""

_EXACT = (
    "device_id", "order_type", "work_class", "priority", "failure_code", "failure_mode",
    "assigned_to", "source",
)  # fmt: skip
_ANY_CASE = frozenset({"failure_code", "failure_mode", "assigned_to", "source"})
_TEXTS = (
    table.c.order_no, table.c.external_no, table.c.description, table.c.failure_mode,
    table.c.failure_code, table.c.found, table.c.done, table.c.closing_notes,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders are meant; what is None or empty does not matter."""

    factories: Collection[str] | None = None
    """Those that the caller may see."""
    device_id: str | None = None
    line_id: str | None = None
    device_type: str | None = None
    """In any case."""
    statuses: Sequence[OrderStatus] = ()
    order_type: str | None = None
    work_class: str | None = None
    priority: str | None = None
    failure_code: str | None = None
    """In any case, so with `failure_mode`, `assigned_to` and `source`; '' is: without one."""
    failure_mode: str | None = None
    assigned_to: str | None = None
    source: str | None = None
    trace_id: str | None = None
    """An alert that they answer."""
    text: str | None = None
    """In number, description, failure mode and code, or in what was found, done, noted."""
    overdue_at: datetime | None = None
    """Undone then, though due before."""
    reviewed: bool | None = None
    date_field: DateField = "created"
    """What `since` and `until` are about."""
    since: datetime | None = None
    until: datetime | None = None
    """Exclusive."""
    undated: bool = False
    """Those that have no such date."""

    def conditions(self) -> list[ColumnElement[bool]]:
        """All that has to hold of a row."""
        found = [*self._of_devices(), *self._in_window()]
        if self.statuses:
            found.append(table.c.status.in_(self.statuses))
        for name in _EXACT:
            value: str | None = getattr(self, name)
            if value is not None:
                found.append(_has(table.c[name], value, any_case=name in _ANY_CASE))
        if self.trace_id is not None:
            numbers = select(links.c.order_no).where(links.c.trace_id == self.trace_id)
            found.append(table.c.order_no.in_(numbers))
        if self.text:
            found.append(or_(*(c.icontains(self.text, autoescape=True) for c in _TEXTS)))
        if self.overdue_at is not None:
            found.append(and_(table.c.status.in_(UNDONE), table.c.due_at < self.overdue_at))
        if self.reviewed is not None:
            nobody = table.c.reviewed_by.is_(None)
            found.append(not_(nobody) if self.reviewed else nobody)
        return found

    def _of_devices(self) -> Iterator[ColumnElement[bool]]:
        if self.factories is not None:
            yield in_factories(table.c.device_id, self.factories)
        if self.line_id is not None:
            yield _of_registered(device_registry.c.line_id == self.line_id)
        if self.device_type is not None:
            yield _of_registered(
                func.lower(device_registry.c.device_type) == self.device_type.lower()
            )

    def _in_window(self) -> Iterator[ColumnElement[bool]]:
        date = table.c[f"{self.date_field}_at"]
        if self.since is not None:
            yield date >= self.since
        if self.until is not None:
            yield date < self.until
        if self.undated:
            yield date.is_(None)


def _has(column: ColumnElement[str], value: str, *, any_case: bool) -> ColumnElement[bool]:
    if not value:
        return column.is_(None)
    return func.lower(column) == value.lower() if any_case else column == value


def _of_registered(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return table.c.device_id.in_(select(device_registry.c.device_id).where(condition))
