"""One work order as a card of the board, or as a line of its list."""

from datetime import datetime

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.widget import Widget

from opsmith_mcp.work_orders import OrderLine
from opsmith_tui.figures import plain
from opsmith_tui.orders_text import UNDONE, is_late
from opsmith_tui.orders_words import ORDERS
from opsmith_tui.room import level_text
from opsmith_tui.wording import ORDER_TYPES, Wording

INDENT = 3
BROAD = 40
"""Cells of a card from which it also tells its number and its type."""
DEVICE = 16
DUE = 18
"""Cells in the list: of a device at most, of a date with its mark."""
FOR = 8


def what_of(line: OrderLine) -> str:
    """What is to be done, on one line, without the device that stands before it."""
    what = " ".join(plain(line.description).split())
    return what.removeprefix(f"{plain(line.device_id)}: ")


def haystack(line: OrderLine, words: Wording) -> str:
    """What a filter looks through."""
    parts = (
        line.order_no, line.device_id, line.priority, line.assigned_to or "", line.description,
        words(ORDER_TYPES, line.order_type), line.failure_mode or "",
    )  # fmt: skip
    return plain("\n".join(parts)).casefold()


def due_text(line: OrderLine, as_of: datetime | None, words: Wording) -> Text:
    """Until when; of a closed one, when it was closed."""
    if line.status not in UNDONE:
        return Text("" if line.completed_at is None else f"{line.completed_at:%m-%d %H:%M}")
    if line.due_at is None:
        return Text("-")
    due = f"{line.due_at:%m-%d %H:%M}"
    if is_late(line.due_at, line.status, as_of):
        return Text(words(ORDERS, "overdue", due=due), "bold")
    return Text(due)


def card(
    line: OrderLine, width: int, as_of: datetime | None, words: Wording, widget: Widget
) -> list[Text]:
    """Three lines: how urgent and where, until when and by whom, what."""
    head = Text.assemble(level_text(line.priority, widget), " ", (plain(line.device_id), "bold"))
    if line.reviewed_by is None and line.status in UNDONE:
        head.append(" ?")
    below, due = Text(" " * INDENT), due_text(line, as_of, words)
    if width >= BROAD:
        head = _spread(head, due, width)
        below.append(f"{plain(line.order_no)}  {words(ORDER_TYPES, line.order_type)}")
    else:
        below.append_text(due)
    below = _spread(below, Text(plain(line.assigned_to or "")), width)
    return [head, below, Text(" " * INDENT + what_of(line))]


def _spread(left: Text, right: Text, width: int) -> Text:
    """One text at the left end of a line, one at the right, cut where it has no room."""
    room = max(width - left.cell_len - 1, 0)
    right.truncate(room, overflow="ellipsis")
    return left.append(" " * (room - right.cell_len + 1)).append_text(right)


def row(
    line: OrderLine,
    width: int,
    as_of: datetime | None,
    words: Wording,
    widget: Widget,
    device: int = DEVICE,
) -> list[Text]:
    """The same on one line.

    Args:
        line: The order.
        width: In cells.
        as_of: Plant time, for what is late.
        words: The language.
        widget: Whose theme gives the colours.
        device: Cells for the device.
    """
    mark = " ?" if line.reviewed_by is None and line.status in UNDONE else "  "
    text = Text.assemble(
        level_text(line.priority, widget),
        " ",
        (set_cell_size(plain(line.device_id), min(device, DEVICE)), "bold"),
        f"{mark} ",
    )
    due = due_text(line, as_of, words)
    text.append_text(due).append(" " * (DUE - due.cell_len))
    name = plain(line.assigned_to or "-")
    if cell_len(name) > FOR:
        name = set_cell_size(name, FOR - 1) + "…"
    text.append(f"{set_cell_size(name, FOR)} {what_of(line)}")
    text.truncate(width, overflow="ellipsis")
    return [text]
