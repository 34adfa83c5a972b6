"""Asks for the orders of a state, the most urgent first, as many as the operator came to."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.work_orders import OrderStatus
from opsmith.errors import OpsmithError
from opsmith_mcp.work_orders import OrderLine, WorkOrders
from opsmith_tui.orders_text import UNDONE
from opsmith_tui.plant import Plant

LATELY = 30
"""Days in which an order was closed that is shown."""
PAGE = 100


class Held(NamedTuple):
    """What is known of a state."""

    lines: list[OrderLine]
    total: int
    """All that the plant has."""
    as_of: datetime | None = None


async def ask_state(plant: Plant, status: OrderStatus, wanted: int) -> Held:
    """The orders of a state: all, or about as many as are wanted.

    Raises:
        OpsmithError: No answer.
    """
    which = _of(status)
    first = await plant.ask(WorkOrders.list_work_orders, limit=PAGE, **which)
    if first.next_cursor is None:
        return Held(list(first.orders), first.total, first.as_of)
    lines = list[OrderLine]()
    # The plant lists the newest first; what is urgent must not wait behind it.
    levels = AlertLevel if status in UNDONE else (None,)
    for level in levels:
        more = which if level is None else {**which, "where": {"priority": level.value}}
        lines += await _pages(plant, more, wanted - len(lines))
        if len(lines) >= wanted:
            break
    return Held(lines, first.total, first.as_of)


async def ask_sought(
    plant: Plant, states: Iterable[OrderStatus], sought: str, wanted: int
) -> dict[OrderStatus, list[OrderLine]]:
    """Orders with a text, or of such a device or person, by state. Raises as `ask_state`."""
    found = dict[OrderStatus, list[OrderLine]]()
    for status in states:
        which, lines = _of(status), dict[str, OrderLine]()
        text = await _pages(plant, {**which, "text": sought[:100]}, wanted)
        lines |= {line.order_no: line for line in text}
        for more in ({"device_id": sought[:64]}, {"where": {"assigned_to": sought[:64]}}):
            try:
                named = await _pages(plant, {**which, **more}, wanted)
            except OpsmithError:
                # No device and nobody is called so.
                continue
            lines |= {line.order_no: line for line in named}
        found[status] = list(lines.values())
    return found


def urgency(line: OrderLine) -> tuple[str, float, str]:
    """The most urgent first, then what is due first; closed ones the newest first."""
    if line.status in UNDONE:
        due = line.due_at.timestamp() if line.due_at is not None else float("inf")
        return line.priority.value, due, line.order_no
    return "", -(line.completed_at or line.created_at).timestamp(), line.order_no


def _of(status: OrderStatus) -> dict[str, Any]:
    which: dict[str, Any] = {"status": status.value}
    if status not in UNDONE:
        which |= {"days": LATELY, "date_field": "completed"}
    return which


async def _pages(plant: Plant, which: dict[str, Any], wanted: int) -> list[OrderLine]:
    lines, cursor = list[OrderLine](), None
    while True:
        page = await plant.ask(WorkOrders.list_work_orders, limit=PAGE, cursor=cursor, **which)
        lines += page.orders
        cursor = page.next_cursor
        if cursor is None or len(lines) >= wanted:
            return lines
