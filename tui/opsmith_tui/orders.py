"""The work orders: what is undone, the most urgent first, and the one under the cursor whole."""

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import DataTable, Static

from opsmith.domain.work_orders import OrderStatus, WorkOrder
from opsmith_mcp.work_orders import OrderLine, WorkOrders, WorkOrderView
from opsmith_tui.desk import Desk
from opsmith_tui.figures import plain
from opsmith_tui.keys import Key, bindings
from opsmith_tui.list_room import ListRoom
from opsmith_tui.orders_actions import ORDER_KEYS, OrderActions
from opsmith_tui.orders_text import UNDONE, is_late, order_text
from opsmith_tui.orders_words import ORDERS
from opsmith_tui.panes import Pane
from opsmith_tui.room import Open, level_text
from opsmith_tui.wording import ORDER_STATES, ORDER_TYPES

SHORT = ("priority", "status", "device", "due", "what")
LONG = ("priority", "status", "order_no", "device", "due", "assigned", "kind", "what")
LATELY = 30
"""Days in which an order was closed that is shown."""
PAGE = 50
MOST = 500
"""Orders in the list, at most."""


class OrdersRoom(ListRoom[OrderLine], OrderActions):
    """Lists the orders; beside or below stands the one under the cursor."""

    NAME = "orders"
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key(
            "enter", "open", ("Read", "查看"),
            ("scroll the order; Esc goes back", "滚动查看工单，Esc 返回"), "↵",
        ),
        *ORDER_KEYS,
        Key("e", "alert", ("Alert", "报警"), ("show its alert", "查看对应报警")),
        Key("d", "device", ("Device", "设备"), ("show its device", "查看设备"), on_line=False),
        Key(
            "s", "closed", ("Closed", "已关闭"),
            ("show or hide those that were closed lately", "显示或隐藏近期关闭的工单"),
        ),
    )  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS)
    DEFAULT_CSS = """
    OrdersRoom #list { layout: vertical; }
    OrdersRoom #whole { height: 1fr; border: round $primary; padding: 0 1; }
    OrdersRoom #whole:focus { border: round $accent; }
    OrdersRoom #whole > Static { height: auto; }
    OrdersRoom.-broad #list, OrdersRoom.-wide #list { layout: horizontal; }
    OrdersRoom.-broad #whole, OrdersRoom.-wide #whole { width: 2fr; height: 100%; }
    OrdersRoom.-broad Table, OrdersRoom.-wide Table { width: 3fr; }
    OrdersRoom.-bare #whole { display: none; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._with_closed = False
        self._views: dict[str, WorkOrderView] = {}
        self._shown: tuple[object, ...] = ()

    def beside(self) -> ComposeResult:
        """The order under the cursor."""
        with Pane(id="whole"):
            yield Static(id="text")

    async def look(self) -> None:
        """Ask for the orders, and for the one under the cursor."""
        lines = await self._ask_pages(status="UNDONE")
        if self._with_closed:
            every = await self._ask_pages(days=LATELY, date_field="completed")
            lines += [line for line in every if line.status not in UNDONE]
        known = {line.order_no: line for line in self.items}
        # What did not change stays the same object, so that its row is not written anew.
        self.items = [
            old if (old := known.get(line.order_no)) == line and old is not None else line
            for line in sorted(lines, key=_urgency)
        ]
        self.show()
        chosen = self.item
        if chosen is not None:
            number = chosen.order_no
            self._views[number] = await self.plant.ask(WorkOrders.get_work_order, number)

    def in_view(self) -> WorkOrder | None:
        """See `OrderActions.in_view`."""
        chosen = self.item
        view = None if chosen is None else self._views.get(chosen.order_no)
        return None if view is None else view.order

    def columns(self) -> Sequence[str]:
        """See `ListRoom.columns`."""
        return LONG if self.has_class("-wide") else SHORT

    def heading(self, column: str) -> str:
        """See `ListRoom.heading`."""
        return self.words(ORDERS, column)

    def key(self, item: OrderLine) -> str:
        """See `ListRoom.key`."""
        return item.order_no

    def cell(self, column: str, item: OrderLine) -> Text:
        """See `ListRoom.cell`."""
        words = self.words
        match column:
            case "priority":
                return level_text(item.priority, self)
            case "status":
                mark = "" if item.reviewed_by is not None or item.status not in UNDONE else " ?"
                style = "bold" if item.status is OrderStatus.OPEN else ""
                return Text(f"{words(ORDER_STATES, item.status)}{mark}", style, no_wrap=True)
            case "due":
                due = "-" if item.due_at is None else f"{item.due_at:%m-%d %H:%M}"
                if is_late(item.due_at, item.status, self.as_of):
                    return Text(words(ORDERS, "overdue", due=due), "bold", no_wrap=True)
                return Text(due, no_wrap=True)
            case "kind":
                return Text(words(ORDER_TYPES, item.order_type), no_wrap=True)
            case "device":
                return Text(plain(item.device_id), no_wrap=True)
            case "assigned":
                return Text(plain(item.assigned_to or "-"), no_wrap=True)
            case "order_no":
                return Text(plain(item.order_no), no_wrap=True)
            case _:
                return Text(plain(item.description), no_wrap=True, overflow="ellipsis")

    def order(self, column: str, item: OrderLine) -> Any:
        """What a column is sorted by."""
        if column == "due":
            return (item.due_at is None, item.due_at.timestamp() if item.due_at else 0.0)
        return plain(self.cell(column, item)).casefold()

    def message(self) -> tuple[str, str]:
        """See `ListRoom.message`."""
        return self.words(ORDERS, "empty_title"), self.words(ORDERS, "empty_help")

    def facts(self) -> Text:
        """How many are undone, and how many of them late."""
        undone = [line for line in self.items if line.status in UNDONE]
        late = sum(is_late(line.due_at, line.status, self.as_of) for line in undone)
        said = self.words(ORDERS, "of_undone", count=len(undone))
        if late:
            said += f"  {self.words(ORDERS, 'late', count=late)}"
        if self._with_closed:
            said += f"  {self.words(ORDERS, 'closed_too')}"
        return Text(said)

    def moved(self) -> None:
        """Show the order under the cursor."""
        chosen = self.item
        view = None if chosen is None else self._views.get(chosen.order_no)
        state = (view, self.words.language, self.theme, self.size.width)
        if state == self._shown:
            return
        self._shown = state
        text = self.query_one("#whole Static", Static)
        text.update("" if view is None else order_text(view, self.words))

    @on(DataTable.RowHighlighted)
    def _ask_more(self) -> None:
        if (chosen := self.item) is not None and chosen.order_no not in self._views:
            self.action_look()

    def action_open(self) -> None:
        """Give the keys to the order."""
        self.query_one("#whole", Pane).focus()

    def action_leave_filter(self) -> None:
        """From the order back to the list; else as in every list."""
        if self.query_one("#whole", Pane).has_focus:
            self.table.focus()
        else:
            super().action_leave_filter()

    def action_closed(self) -> None:
        """Show closed orders too, or hide them again."""
        self._with_closed = not self._with_closed
        self.action_look()

    def action_alert(self) -> None:
        """Show the alert that the order answers."""
        if (chosen := self.item) is None:
            return
        if chosen.trace_id is None:
            self.tell(self.words(ORDERS, "no_alert"))
        else:
            self.post_message(Open("alert", chosen.trace_id))

    def action_device(self) -> None:
        """Show the device of the order."""
        if (chosen := self.item) is not None:
            self.post_message(Open("device", chosen.device_id))

    async def _ask_pages(self, **which: Any) -> list[OrderLine]:
        lines, cursor = list[OrderLine](), None
        while True:
            page = await self.plant.ask(
                WorkOrders.list_work_orders, limit=PAGE, cursor=cursor, **which
            )
            lines += page.orders
            self.as_of, cursor = page.as_of, page.next_cursor
            if cursor is None or len(lines) >= MOST:
                return lines


def _urgency(line: OrderLine) -> tuple[bool, str, float, str]:
    """Undone first, the most urgent first, then what is due first; closed ones the newest first."""
    undone = line.status in UNDONE
    due = line.due_at.timestamp() if line.due_at is not None else float("inf")
    closed = -(line.completed_at or line.created_at).timestamp()
    return (
        not undone,
        line.priority.value if undone else "",
        due if undone else closed,
        line.order_no,
    )
