"""The board of work orders: a column a state, or where it is narrow, a list with a heading a state.

What is in view alone is drawn, and a card once only; a key takes as long with a thousand orders as
with ten.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from opsmith_mcp.work_orders import OrderLine

NARROWEST = 24
"""Cells of a column; where four have less, all stand in one list."""
TALL = 3
"""Lines of a card in a column; in the list it has one."""
AHEAD = 10
"""Cards before the last known one at which more are asked for."""


@dataclass(frozen=True)
class Column:
    """The orders of one state."""

    name: str
    title: str
    cards: Sequence[OrderLine]
    more: int = 0
    """Orders that the plant has besides these."""


Write = Callable[[OrderLine, int, bool], Sequence[Text]]
"""The lines of a card: of an order, as wide as that, in a column or in the list."""


class Board(Widget, can_focus=True):
    """Walks over cards; the cursor stays on its order, also when that changes its state."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"board--head", "board--even", "board--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        ("down,j", "walk(1)", "Down"),
        ("up,k", "walk(-1)", "Up"),
        ("left,h", "across(-1)", "Left"),
        ("right", "across(1)", "Right"),
        ("g,home,ctrl+home", "end(0)", "First"),
        ("G,end,ctrl+end", "end(-1)", "Last"),
        ("ctrl+d,pagedown", "page(1)", "Page down"),
        ("ctrl+u,pageup", "page(-1)", "Page up"),
        ("enter", "choose", "Open"),
    ]
    DEFAULT_CSS = """
    Board {
        height: 3fr; width: 1fr; background: $surface; color: $foreground;
        & > .board--head { text-style: bold; background: $panel; color: $foreground; }
        & > .board--even { background: $surface-lighten-1 50%; }
        &:dark > .board--even { background: $surface-darken-1 40%; }
        & > .board--cursor {
            background: $block-cursor-blurred-background;
            color: $block-cursor-blurred-foreground;
            text-style: $block-cursor-blurred-text-style;
        }
        &:focus > .board--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: $block-cursor-text-style;
        }
    }
    """

    class Moved(Message):
        """The cursor is on another order."""

    class Chosen(Message):
        """The order under the cursor is to be opened."""

    class NearEnd(Message):
        """The cursor comes to the last known order of a column of which there are more."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, write: Write) -> None:
        super().__init__()
        self._write = write
        self._columns: Sequence[Column] = ()
        self._places: dict[str, tuple[int, int]] = {}
        self._at = (0, 0)
        self._tops: dict[str, int] = {}
        self._drawn: dict[tuple[str, int, bool, bool], Sequence[Strip]] = {}
        self._known_ground: Style | None = None
        self._known_widths: Sequence[int] = ()

    @property
    def is_split(self) -> bool:
        """The states stand side by side."""
        return self.size.width >= 4 * NARROWEST

    @property
    def chosen(self) -> OrderLine | None:
        """The order under the cursor."""
        column, row = self._at
        if column < len(self._columns) and row < len(self._columns[column].cards):
            return self._columns[column].cards[row]
        return None

    def show(self, columns: Sequence[Column]) -> None:
        """Show these columns; the cursor stays on its order while that is there."""
        before = self.chosen
        self._columns = columns
        self._places = {
            card.order_no: (at, row)
            for at, column in enumerate(columns)
            for row, card in enumerate(column.cards)
        }
        self._at = self._places.get(before.order_no if before else "", self._nearest())
        self._forget()
        self._keep_in_view()
        self.refresh()

    def action_walk(self, by: int) -> None:
        """Go up or down; in the list from state to state."""
        column, row = self._at
        if not self.is_split and not 0 <= row + by < self._count(column):
            self._across(1 if by > 0 else -1, last=by < 0)
            return
        self._to(column, min(max(row + by, 0), self._count(column) - 1))

    def action_across(self, by: int) -> None:
        """Go to the next state that has orders."""
        self._across(by)

    def action_end(self, which: int) -> None:
        """Go to the first or the last of the column, or of the list."""
        column, _ = self._at
        if not self.is_split:
            filled = [at for at in range(len(self._columns)) if self._count(at)]
            column = filled[which] if filled else 0
        self._to(column, 0 if which == 0 else self._count(column) - 1)

    def action_page(self, way: int) -> None:
        """Half a page up or down."""
        self.action_walk(way * max(1, self._room() // 2))

    def action_choose(self) -> None:
        """Open the order under the cursor."""
        if self.chosen is not None:
            self.post_message(self.Chosen())

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there; where it stands already: open that."""
        found = self._under(event.x, event.y)
        if found is None:
            return
        event.stop()
        if found == self._at:
            self.action_choose()
        else:
            self._to(*found)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Show further cards of the column below the pointer."""
        self._roll(event, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Show earlier ones."""
        self._roll(event, -1)

    def on_resize(self) -> None:
        """Fit the new width."""
        self._forget()
        self._keep_in_view()

    def render_line(self, y: int) -> Strip:
        """One line of what is seen."""
        if not self.is_split:
            return self._list_line(y)
        parts = list[Strip]()
        rule = Strip([Segment("│", self._ground)])
        for at, width in enumerate(self._widths()):
            parts += [rule] * bool(at) + [self._column_line(at, y, width)]
        return Strip.join(parts).adjust_cell_length(self.size.width, self._ground)

    def _forget(self) -> None:
        """What was drawn, and on what, is as it was no more."""
        self._drawn.clear()
        self._known_ground, self._known_widths = None, ()

    @property
    def _ground(self) -> Style:
        """What all is written on; Textual makes it of all that is below, for each that asks."""
        if self._known_ground is None:
            self._known_ground = self.rich_style
        return self._known_ground

    def _widths(self) -> Sequence[int]:
        if not self._known_widths:
            self._known_widths = self._shared()
        return self._known_widths

    def _shared(self) -> Sequence[int]:
        """Cells of each column; one without orders takes no more than its heading."""
        count = max(len(self._columns), 1)
        room = self.size.width - count + 1
        narrow = [
            0 if column.cards else min(cell_len(column.title) + 2, room // count)
            for column in self._columns
        ]
        filled = max(narrow.count(0), 1)
        share, rest = divmod(max(room - sum(narrow), 0), filled)
        widths = list[int]()
        for width in narrow:
            widths.append(width or share + (rest > 0))
            rest -= not width
        return widths

    def _column_at(self, x: int) -> int:
        """The column in a cell of the screen; -1: none."""
        for at, width in enumerate(self._widths()):
            x -= width + 1
            if x < 0:
                return at
        return -1

    def _count(self, at: int) -> int:
        return len(self._columns[at].cards) if at < len(self._columns) else 0

    def _nearest(self) -> tuple[int, int]:
        """Where the cursor goes when its order is gone: to what came into its place."""
        column, row = self._at
        filled = [at for at in range(len(self._columns)) if self._count(at)]
        if not filled:
            return 0, 0
        near = column if column in filled else min(filled, key=lambda at: abs(at - column))
        return near, min(row, self._count(near) - 1) if near == column else 0

    def _room(self) -> int:
        """Cards that a column, or the list, shows at once."""
        return max((self.size.height - 2) // TALL if self.is_split else self.size.height - 1, 1)

    def _across(self, by: int, *, last: bool = False) -> None:
        column, row = self._at
        at = column + by
        while 0 <= at < len(self._columns) and not self._count(at):
            at += by
        if not 0 <= at < len(self._columns):
            return
        if self.is_split:
            # The card beside the one that is left, as they stand on the screen.
            beside = row - self._top(column) + self._top(at)
            self._to(at, min(max(beside, 0), self._count(at) - 1))
        else:
            self._to(at, self._count(at) - 1 if last else 0)

    def _to(self, column: int, row: int) -> None:
        if not self._count(column):
            return
        moved = (column, row) != self._at
        self._at = (column, row)
        self._keep_in_view()
        self.refresh()
        if moved:
            self.post_message(self.Moved())
        one = self._columns[column]
        if one.more and row >= len(one.cards) - AHEAD:
            self.post_message(self.NearEnd(one.name))

    def _top(self, at: int) -> int:
        """The first card in view of a column, or line of the list."""
        name = self._columns[at].name if self.is_split else ""
        last = max((self._count(at) if self.is_split else self._lines()) - self._room(), 0)
        return min(self._tops.get(name, 0), last)

    def _keep_in_view(self) -> None:
        column, row = self._at
        if column >= len(self._columns) or not self.size.height:
            return
        top, place = self._top(column), row
        if not self.is_split:
            place = self._line_of(column, row)
            # On the first line stands the heading of the state in view.
            top = min(top, place - 1)
        top = max(min(top, place), place - self._room() + 1)
        self._tops[self._columns[column].name if self.is_split else ""] = top

    def _roll(self, event: events.MouseEvent, by: int) -> None:
        event.stop()
        at = self._column_at(event.x) if self.is_split else 0
        if not 0 <= at < len(self._columns):
            return
        name = self._columns[at].name if self.is_split else ""
        self._tops[name] = max(self._top(at) + by, 0)
        self.refresh()
        column = self._columns[at]
        if column.more and self._top(at) + self._room() >= len(column.cards):
            self.post_message(self.NearEnd(column.name))

    def _under(self, x: int, y: int) -> tuple[int, int] | None:
        if not self.is_split:
            return self._entry(y + self._top(0)) if self._columns else None
        at = self._column_at(x)
        if at < 0 or not self._count(at):
            return None
        if y == 0:
            return at, self._top(at)
        row = self._top(at) + (y - 1) // TALL
        return (at, row) if row < self._count(at) else None

    def _column_line(self, at: int, y: int, width: int) -> Strip:
        column, top = self._columns[at], self._top(at)
        if y == 0:
            return self._head(at, width)
        row, part = divmod(y - 1, TALL)
        if row < self._room() and top + row < len(column.cards):
            return self._card(at, top + row, width)[part]
        if y == self.size.height - 1:
            below = len(column.cards) - top - self._room() + column.more
            marks = [f"↑ {top:,}"] * bool(top) + [f"↓ {below:,}"] * (below > 0)
            return self._fit(Text(" " + "  ".join(marks), "bold"), width, self._ground)
        return Strip.blank(width, self._ground)

    def _list_line(self, y: int) -> Strip:
        width = self.size.width
        if not self._columns:
            return Strip.blank(width, self._ground)
        line, top = y + self._top(0), self._top(0)
        if y == self.size.height - 1 and self._lines() - top > self._room():
            below = self._lines() - top - self._room()
            return self._fit(Text(f" ↓ {below:,}", "bold"), width, self._ground)
        for at, column in enumerate(self._columns):
            if line == 0 or (y == 0 and line <= len(column.cards)):
                return self._head(at, width)
            line -= 1
            if line < len(column.cards):
                return self._card(at, line, width)[0]
            line -= len(column.cards)
        return Strip.blank(width, self._ground)

    def _lines(self) -> int:
        return sum(1 + len(column.cards) for column in self._columns)

    def _line_of(self, column: int, row: int) -> int:
        return sum(1 + self._count(at) for at in range(column)) + 1 + row

    def _entry(self, line: int) -> tuple[int, int] | None:
        """The card in a line of the list; of a heading the first below it."""
        for at in range(len(self._columns)):
            if line <= self._count(at):
                return (at, max(line - 1, 0)) if self._count(at) else None
            line -= 1 + self._count(at)
        return None

    def _head(self, at: int, width: int) -> Strip:
        mark = "▸" if at == self._at[0] and self._count(at) else " "
        style = self.get_component_rich_style("board--head")
        return self._fit(Text(f"{mark}{self._columns[at].title}"), width, style)

    def _card(self, at: int, row: int, width: int) -> Sequence[Strip]:
        card, is_cursor = self._columns[at].cards[row], (at, row) == self._at
        key = (card.order_no, width, is_cursor, self.has_focus)
        known = self._drawn.get(key)
        if known is None:
            ground = self._ground
            if row % 2 == 0:
                ground = self.get_component_rich_style("board--even")
            over = Style.null()
            if is_cursor:
                ground = over = self.get_component_rich_style("board--cursor")
            texts = self._write(card, width - 2, self.is_split)
            known = [self._fit(Text(" ").append_text(text), width, ground, over) for text in texts]
            self._drawn[key] = known
        return known

    def _fit(self, text: Text, width: int, ground: Style, over: Style | None = None) -> Strip:
        text.end = ""
        text.truncate(width, overflow="ellipsis")
        console = self.app.console  # pyright: ignore[reportUnknownMemberType]  Textual leaves the type of its app open
        drawn = Segment.apply_style(text.render(console), ground, over)
        return Strip(drawn).adjust_cell_length(width, ground)
