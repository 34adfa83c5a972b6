"""A room that is a list: sorted by any column, filtered by what is typed, walked with one hand."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

from rich.text import Text
from textual import on
from textual.binding import BindingType

from opsmith_tui.desk import Desk
from opsmith_tui.figures import plain
from opsmith_tui.filter_room import FILTER_KEYS, FilterRoom
from opsmith_tui.keys import MOVING, Key, bindings
from opsmith_tui.room import COMMON
from opsmith_tui.table import Table

T = TypeVar("T")

LIST_KEYS = (
    FILTER_KEYS[0],
    Key("o", "sort", ("Sort", "排序"), ("sort by the next column", "按下一列排序"), on_line=False),
    Key(
        "O", "reverse", ("Turn", "倒序"), ("turn the order round", "倒转顺序"), on_line=False,
    ),
    *FILTER_KEYS[1:],
    *MOVING,
)  # fmt: skip


class ListRoom(FilterRoom, Generic[T]):
    """Rows of one kind; what stands beside or below them is the room's own (`beside`)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(key for key in LIST_KEYS if key.action),
        ("enter", "open", "Open"),
    ]

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

    def order(self, column: str, item: T) -> Any:
        """What a column is sorted by."""
        return plain(self.cell(column, item)).casefold()

    def moved(self) -> None:
        """Show what belongs to the row under the cursor; called after each `show` too."""

    def action_open(self) -> None:
        """Open the row under the cursor."""

    def all_keys(self) -> Sequence[Key]:
        """Those of the room, of lists, and of all."""
        return (*self.KEYS, *LIST_KEYS, *COMMON)

    def rows(self) -> Table:
        """See `FilterRoom.rows`."""
        return Table()

    @property
    def walked(self) -> Table:
        """See `FilterRoom.walked`."""
        return self.table

    @property
    def known(self) -> Sequence[T]:
        """See `FilterRoom.known`."""
        return self.items

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
    def is_sorted(self) -> bool:
        """Another order than the room's own was asked for."""
        return self._by is not None or self._turned

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
        self.show_filter(is_bare=not rows)
        self.table.show([self._heading(column) for column in columns], rows)
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

    @on(Table.RowSelected)
    def _open(self, event: Table.RowSelected) -> None:
        event.stop()
        self.action_open()

    @on(Table.RowHighlighted)
    def _moved(self) -> None:
        self.moved()

    @on(Table.HeadClicked)
    def _sort_by(self, event: Table.HeadClicked) -> None:
        name = self.columns()[event.column]
        self._by, self._turned = name, self._by == name and not self._turned
        self.show()
        self.action_look()
