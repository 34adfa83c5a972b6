"""A room that is a list: sorted by any column, filtered by what is typed, walked with one hand."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import DataTable, Input, Static

from opsmith_tui.desk import Desk
from opsmith_tui.figures import plain
from opsmith_tui.keys import MOVING, Key, bindings
from opsmith_tui.room import COMMON, Room
from opsmith_tui.table import Table
from opsmith_tui.wording import LIST, SCREEN

T = TypeVar("T")

LIST_KEYS = (
    Key(
        "slash", "filter", ("Filter", "筛选"),
        ("show what contains a text; Esc ends it", "按文字筛选，Esc 结束"), "/",
    ),
    Key("o", "sort", ("Sort", "排序"), ("sort by the next column", "按下一列排序"), on_line=False),
    Key(
        "O", "reverse", ("Turn", "倒序"), ("turn the order round", "倒转顺序"), on_line=False,
    ),
    Key("escape", "leave_filter", ("All", "全部"), ("show everything again", "显示全部"), "Esc",
        on_line=False),
    *MOVING,
)  # fmt: skip


class ListRoom(Room, Generic[T]):
    """Rows of one kind; what stands beside or below them is the room's own (`beside`)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(key for key in LIST_KEYS if key.action),
        ("enter", "open", "Open"),
    ]
    DEFAULT_CSS = """
    ListRoom #list { height: 1fr; }
    ListRoom Table { height: 1fr; width: 1fr; scrollbar-size-horizontal: 0; }
    ListRoom #message {
        height: 1fr; content-align: center middle; text-align: center; display: none;
    }
    ListRoom #filter {
        display: none; height: 1; border: none; padding: 0 1; background: $boost;
    }
    ListRoom.-filtering #filter { display: block; }
    ListRoom.-bare Table { display: none; }
    ListRoom.-bare #message { display: block; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.items: Sequence[T] = ()
        self._by: str | None = None
        self._turned = False
        self._cells: dict[str, tuple[T, tuple[object, ...], Sequence[Text]]] = {}

    @abstractmethod
    def columns(self) -> Sequence[str]:
        """Names of the columns that fit the width."""

    @abstractmethod
    def heading(self, column: str) -> str:
        """What stands above a column."""

    @abstractmethod
    def key(self, item: T) -> str:
        """What tells an item from the others."""

    @abstractmethod
    def cell(self, column: str, item: T) -> Text:
        """What is shown of an item."""

    @abstractmethod
    def message(self) -> tuple[str, str]:
        """What is said where there is nothing: a title and the way out."""

    def order(self, column: str, item: T) -> Any:
        """What a column is sorted by."""
        return plain(self.cell(column, item)).casefold()

    def beside(self) -> ComposeResult:
        """What stands right of the table."""
        yield from ()

    def below(self) -> ComposeResult:
        """What stands below it."""
        yield from ()

    def moved(self) -> None:
        """Show what belongs to the row under the cursor; called after each `show` too."""

    def action_open(self) -> None:
        """Open the row under the cursor."""

    def all_keys(self) -> Sequence[Key]:
        """Those of the room, of lists, and of all."""
        return (*self.KEYS, *LIST_KEYS, *COMMON)

    def body(self) -> ComposeResult:
        """The table with its neighbours."""
        with Horizontal(id="list"):
            yield Table()
            yield Static(id="message")
            yield from self.beside()
        yield from self.below()
        yield Input(id="filter")

    def on_mount(self) -> None:
        """The keys belong to the table."""
        self.table.focus()

    @property
    def table(self) -> Table:
        """The table."""
        return self.query_one(Table)

    @property
    def item(self) -> T | None:
        """The item under the cursor."""
        chosen = self.table.chosen
        return next((one for one in self.items if self.key(one) == chosen), None)

    @property
    def sought(self) -> str:
        """What the list is filtered by."""
        return self.query_one("#filter", Input).value.strip()

    @property
    def is_sorted(self) -> bool:
        """Another order than the room's own was asked for."""
        return self._by is not None or self._turned

    def action_filter(self) -> None:
        """Type what to look for."""
        self.add_class("-filtering")
        self.query_one("#filter", Input).focus()

    def action_leave_filter(self) -> None:
        """Show everything again; where everything is shown, go back."""
        field = self.query_one("#filter", Input)
        if not self.has_class("-filtering") and not field.value:
            if not self.NAME:
                self.action_back()
            return
        field.value = ""
        self.remove_class("-filtering")
        self.table.focus()

    def action_sort(self) -> None:
        """Sort by the next column; after the last, in the room's own order."""
        names: list[str | None] = [None, *self.columns()]
        at = names.index(self._by) if self._by in names else 0
        self._by, self._turned = names[(at + 1) % len(names)], False
        self.show()
        self.action_look()

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._turned = not self._turned
        self.show()
        self.action_look()

    def show(self) -> None:
        """Show the items that are sought, in order."""
        self.query_one("#filter", Input).placeholder = self.words(LIST, "filter")
        columns, rows = self.columns(), dict[str, Sequence[Text]]()
        wanted = self.sought.casefold()
        # What changes by itself, such as an age, is written anew where it is seen.
        seen = self.table.in_view()
        state = (self.words.language, self.theme, *columns)
        kept = dict[str, tuple[T, tuple[object, ...], Sequence[Text]]]()
        for item in self._ordered():
            key = self.key(item)
            known = self._cells.get(key)
            in_view = seen.start <= len(rows) < seen.stop
            if known is None or known[0] is not item or known[1] != state or in_view:
                cells = [self.cell(column, item) for column in columns]
                known = (item, state, cells)
            kept[key] = known
            if not wanted or any(wanted in cell.plain.casefold() for cell in known[2]):
                rows[key] = known[2]
        self._cells = kept
        self.set_class(not rows, "-bare")
        if not rows:
            self.query_one("#message", Static).update(self._message())
        self.table.show([self._heading(column) for column in columns], rows)
        if rows and self.focused is None and self.is_current:
            self.table.focus()
        self.moved()

    def _ordered(self) -> Sequence[T]:
        by = self._by
        items = self.items
        if by is not None:
            items = sorted(items, key=lambda item: self.order(by, item))
        return items[::-1] if self._turned else items

    def _heading(self, column: str) -> str:
        mark = {True: " ↑", False: " ↓"}[self._turned] if column == self._by else ""
        return self.heading(column) + mark

    def _message(self) -> Text:
        words = self.words
        if self.items:
            title, text = words(LIST, "none_found", text=plain(self.sought)), words(LIST, "esc")
        elif self.failed is not None:
            title = words(SCREEN, "failed_title")
            text = words(SCREEN, "failed_help", reason=self.failed)
        elif self.as_of is None:
            return Text(words(SCREEN, "no_rows_yet"))
        else:
            title, text = self.message()
        return Text.assemble((f"{title}\n\n", "bold"), text)

    @on(DataTable.RowSelected)
    def _open(self, event: DataTable.RowSelected) -> None:
        event.stop()
        self.action_open()

    @on(DataTable.RowHighlighted)
    def _moved(self) -> None:
        self.moved()

    @on(Input.Changed, "#filter")
    def _typed(self) -> None:
        self.show()

    @on(Input.Submitted, "#filter")
    def _typed_whole(self) -> None:
        self.table.focus()
        self.action_look()
