"""One work order as text: what is to be done, by whom, until when, and what came of it."""

from collections.abc import Iterable
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from opsmith.domain.work_orders import OrderChange, OrderStatus, WorkOrder
from opsmith_mcp.work_orders import WorkOrderView
from opsmith_tui.figures import moment, number, plain, zoned
from opsmith_tui.orders_words import FIELDS, ORDERS, WORK_CLASSES
from opsmith_tui.wording import ORDER_STATES, ORDER_TYPES, Wording

LABEL = 14
"""Cells of the column of labels."""

VALUES = {"status": ORDER_STATES, "order_type": ORDER_TYPES, "work_class": WORK_CLASSES}
"""Fields whose values have words."""

UNDONE = (OrderStatus.OPEN, OrderStatus.IN_PROGRESS)


def is_late(due_at: datetime | None, status: OrderStatus, as_of: datetime | None) -> bool:
    """Whether an undone order is past its due date."""
    return status in UNDONE and due_at is not None and as_of is not None and due_at < as_of


def order_text(view: WorkOrderView, words: Wording) -> RenderableType:
    """The order, whole."""
    order = view.order
    head = Text.assemble(
        (f"{order.priority.value} {plain(order.order_no)}  ", "bold"),
        f"{words(ORDER_STATES, order.status)}  {words(ORDER_TYPES, order.order_type)}",
    )
    parts: list[RenderableType] = [head, Text(plain(order.description)), Text()]
    parts.append(_grid(_facts(view, words)))
    if order.steps:
        steps = "\n".join(f"{n}. {plain(step)}" for n, step in enumerate(order.steps, 1))
        parts += [Text(f"\n{words(ORDERS, 'steps')}", "bold"), Text(steps)]
    if order.materials:
        listed = "\n".join(
            f"· {number(one.quantity)} x {plain(one.part)}" for one in order.materials
        )
        parts += [Text(f"\n{words(ORDERS, 'materials')}", "bold"), Text(listed)]
    if view.history:
        told = "\n".join(_changed(one, words) for one in view.history)
        parts += [Text(f"\n{words(ORDERS, 'history')}", "bold"), Text(told)]
    return Group(*parts)


def _facts(view: WorkOrderView, words: Wording) -> Iterable[tuple[str, str]]:
    order = view.order
    due = zoned(order.due_at)
    if is_late(order.due_at, order.status, view.as_of):
        due = words(ORDERS, "overdue", due=due)
    yield words(ORDERS, "device"), order.device_id
    yield words(ORDERS, "due"), due
    yield words(ORDERS, "assigned"), order.assigned_to or "-"
    yield words(ORDERS, "reviewed"), order.reviewed_by or words(ORDERS, "unreviewed")
    if order.estimated_hours is not None or order.actual_hours is not None:
        hours = {"estimated": number(order.estimated_hours), "actual": number(order.actual_hours)}
        yield words(ORDERS, "hours"), words(ORDERS, "hours_of", **hours)
    for name, at in _times(order):
        if at is not None:
            yield words(ORDERS, name), zoned(at)
    for name, text in (
        ("mode", order.failure_mode),
        ("alerts", ", ".join(order.trace_ids)),
        ("found", order.found),
        ("done", order.done),
        ("notes", order.closing_notes),
        ("merged", order.merged_into),
    ):
        if text:
            yield words(ORDERS, name), text


def _times(order: WorkOrder) -> Iterable[tuple[str, datetime | None]]:
    yield "created", order.created_at
    yield "planned", order.planned_at
    yield "started", order.started_at
    yield "completed", order.completed_at


def _changed(change: OrderChange, words: Wording) -> str:
    lines = [f"{moment(change.at)}  {change.by}"]
    for name, (before, after) in change.changed.items():
        told = f"{_told(name, before, words)} → {_told(name, after, words)}"
        lines.append(f"  {words(FIELDS, name)}: {told}")
    return plain("\n".join(lines))


def _told(name: str, value: str | None, words: Wording) -> str:
    """A value of a field in the history, as the operator reads it."""
    if not value:
        return words(ORDERS, "nothing")
    if name in VALUES:
        return words(VALUES[name], value) if value in VALUES[name] else value
    if name.endswith("_at"):
        try:
            return moment(datetime.fromisoformat(value))
        except ValueError:
            return value
    return value


def _grid(rows: Iterable[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(width=LABEL)
    grid.add_column(ratio=1, overflow="fold")
    for label, text in rows:
        grid.add_row(Text(label, "bold"), Text(plain(text)))
    return grid
