"""The work orders: a board by state, and the one under the cursor whole."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.binding import BindingType
from textual.widgets import Input

from opsmith.domain.work_orders import OrderStatus
from opsmith.errors import OpsmithError
from opsmith_mcp.work_orders import OrderLine, WorkOrders, WorkOrderView
from opsmith_tui.desk import Desk
from opsmith_tui.figures import plain
from opsmith_tui.filter_room import FILTER_KEYS
from opsmith_tui.keys import MOVING, Key, bindings
from opsmith_tui.orders_actions import ORDER_KEYS, OrderActions
from opsmith_tui.orders_board import Board, Column
from opsmith_tui.orders_cards import card, haystack, row
from opsmith_tui.orders_pages import PAGE, Held, ask_sought, ask_state, urgency
from opsmith_tui.orders_text import UNDONE, is_late, order_text
from opsmith_tui.orders_words import ORDERS
from opsmith_tui.reading import ReadingRoom
from opsmith_tui.room import COMMON, Open
from opsmith_tui.wording import ORDER_STATES


class OrdersRoom(ReadingRoom, OrderActions):
    """Shows the orders by state; beside or below stands the one under the cursor."""

    NAME = "orders"
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("enter", "open", ("Open", "打开"), ("show the order whole", "显示工单全文"), "↵"),
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
    OrdersRoom.-broad #list { layout: vertical; }
    OrdersRoom.-broad Reading { width: 1fr; height: 2fr; }
    OrdersRoom.-wide Board { width: 3fr; height: 100%; }
    OrdersRoom.-bare Board { display: none; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._with_closed = True
        self._held: dict[OrderStatus, Held] = {}
        self._wanted: dict[OrderStatus, int] = dict.fromkeys(OrderStatus, PAGE)
        self._found: tuple[str, Mapping[OrderStatus, Sequence[OrderLine]]] = ("", {})
        self._hay: dict[str, tuple[OrderLine, str, str]] = {}
        self._views: dict[str, WorkOrderView] = {}
        self._is_seeking = False
        self._device = 0

    def rows(self) -> Board:
        """See `FilterRoom.rows`."""
        return Board(self._written)

    @property
    def walked(self) -> Board:
        """See `FilterRoom.walked`."""
        return self.query_one(Board)

    @property
    def known(self) -> Sequence[OrderLine]:
        """See `FilterRoom.known`."""
        return [line for held in self._held.values() for line in held.lines]

    def all_keys(self) -> Sequence[Key]:
        """Those of the room, of the board, and of all."""
        return (*self.KEYS, FILTER_KEYS[0], *FILTER_KEYS[1:], *MOVING, ACROSS, *COMMON)

    async def look(self) -> None:
        """Ask for the orders of each state, and for the one under the cursor."""
        held = dict[OrderStatus, Held]()
        for status in self._states():
            answer = await ask_state(self.plant, status, self._wanted[status])
            held[status] = answer._replace(lines=sorted(answer.lines, key=urgency))
            self.as_of = answer.as_of
        self._held = held
        self._device = max((len(plain(line.device_id)) for line in self.known), default=0)
        if self.stands and self.sought and self._is_cut:
            await self._ask_sought()
        if not self.stands:
            return
        self._views.clear()
        self._hay.clear()
        self.show()
        if (chosen := self.item) is not None:
            number = chosen.order_no
            self._views[number] = await self.plant.ask(WorkOrders.get_work_order, number)

    @property
    def item(self) -> OrderLine | None:
        """The order under the cursor."""
        return self.walked.chosen if self.stands else None

    def in_view(self) -> OrderLine | None:
        """See `OrderActions.in_view`."""
        return self.item

    def show(self) -> None:
        """Show what is sought of each state."""
        columns = [self._column(status, held) for status, held in self._held.items()]
        self.show_filter(is_bare=not any(column.cards for column in columns))
        self.walked.show(columns)
        self.moved()

    def message(self) -> tuple[str, str]:
        """See `FilterRoom.message`."""
        return self.words(ORDERS, "empty_title"), self.words(ORDERS, "empty_help")

    def facts(self) -> Text:
        """How many are undone, and how many of them late."""
        undone = [held for status, held in self._held.items() if status in UNDONE]
        late = sum(
            is_late(line.due_at, line.status, self.as_of) for held in undone for line in held.lines
        )
        count = sum(held.total for held in undone)
        said = self.words(ORDERS, "of_undone", count=f"{count:,}")
        if late:
            said += f"  {self.words(ORDERS, 'late', count=late)}"
        known = sum(len(held.lines) for held in self._held.values())
        if self._is_cut:
            total = sum(held.total for held in self._held.values())
            cut = self.words(ORDERS, "cut", known=f"{known:,}", total=f"{total:,}")
            said += f"  {cut}"
        return Text(said)

    @on(Board.Moved)
    def moved(self) -> None:
        """Show the order under the cursor."""
        if (chosen := self.item) is None:
            return
        view = self._views.get(chosen.order_no)
        if view is None:
            self.read_on()
            return
        state = (view, self.words.language, self.theme)
        self.reading.read(
            chosen.order_no, state, plain(chosen.order_no), lambda: order_text(view, self.words)
        )

    @on(Board.Chosen)
    def _chosen(self) -> None:
        self.action_open()

    @on(Board.NearEnd)
    def _near_end(self, event: Board.NearEnd) -> None:
        status = OrderStatus(event.name)
        # Once for each that came.
        if len(self._held[status].lines) >= self._wanted[status]:
            self._wanted[status] += PAGE
            self.action_look()

    @on(Input.Changed, "#filter")
    def _seek(self) -> None:
        if self._is_cut and self.sought and not self._is_seeking:
            self._is_seeking = True
            self._seek_on()

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

    @property
    def _is_cut(self) -> bool:
        return any(len(held.lines) < held.total for held in self._held.values())

    def _states(self) -> Sequence[OrderStatus]:
        return tuple(OrderStatus) if self._with_closed else UNDONE

    def _column(self, status: OrderStatus, held: Held) -> Column:
        wanted, title = self.sought.casefold(), self.words(ORDER_STATES, status)
        if not wanted:
            more = held.total - len(held.lines)
            return Column(status, f"{title} {held.total:,}", held.lines, more)
        cards = {line.order_no: line for line in held.lines if wanted in self._hay_of(line)}
        sought, found = self._found
        if sought == self.sought:
            cards |= {line.order_no: line for line in found.get(status, ())}
        said = self.words(ORDERS, "of_all", count=f"{len(cards):,}", total=f"{held.total:,}")
        return Column(status, f"{title} {said}", sorted(cards.values(), key=urgency))

    def _hay_of(self, line: OrderLine) -> str:
        known, language = self._hay.get(line.order_no), self.words.language
        if known is None or known[0] is not line or known[1] != language:
            known = (line, language, haystack(line, self.words))
            self._hay[line.order_no] = known
        return known[2]

    def _written(self, line: OrderLine, width: int, is_card: bool) -> Sequence[Text]:
        if is_card:
            return card(line, width, self.as_of, self.words, self)
        return row(line, width, self.as_of, self.words, self, self._device)

    async def ask_whole(self) -> bool:
        """See `ReadingRoom.ask_whole`."""
        chosen = self.item
        if chosen is None or chosen.order_no in self._views:
            return False
        number = chosen.order_no
        self._views[number] = await self.plant.ask(WorkOrders.get_work_order, number)
        return True

    @work
    async def _seek_on(self) -> None:
        """Ask the plant for what is typed, one text at a time, until nothing more is typed."""
        try:
            while self.stands and self.sought and self._found[0] != self.sought:
                await self._ask_sought()
        except OpsmithError as error:
            self.failed_at(error)
            return
        finally:
            self._is_seeking = False
        if self.stands:
            self.show()

    async def _ask_sought(self) -> None:
        sought = self.sought
        self._found = (sought, await ask_sought(self.plant, self._states(), sought, PAGE))


ACROSS = Key(
    "left,right", "", ("State", "状态"), ("to the next state", "到下一个状态"), "← → h",
    on_line=False,
)  # fmt: skip
