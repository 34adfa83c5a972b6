"""A table whose rows change under a cursor which stays where it is."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.coordinate import Coordinate
from textual.widgets import DataTable


class Table(DataTable[Text]):
    """Rows by key, kept in place from one look at the plant to the next."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("j", "cursor_down", "Down"),
        ("k", "cursor_up", "Up"),
        ("g", "scroll_top", "First"),
        ("G", "scroll_bottom", "Last"),
        ("ctrl+d", "page_down", "Page down"),
        ("ctrl+u", "page_up", "Page up"),
    ]

    def __init__(self, id: str | None = None) -> None:
        super().__init__(cursor_type="row", zebra_stripes=True, id=id)
        self._shown: Mapping[str, Sequence[Text]] = {}
        self._headings: Sequence[str] = ()

    @property
    def chosen(self) -> str | None:
        """The key of the row under the cursor."""
        return None if not self.row_count else self._key_at(self.cursor_row)

    def show(self, headings: Sequence[str], rows: Mapping[str, Sequence[Text]]) -> None:
        """Show rows by key, in that order; the cursor stays on its row while that is there."""
        if headings == self._headings and list(rows) == list(self._shown):
            self._update_cells(rows)
        else:
            self._rebuild(headings, rows)
        self._shown = rows

    @property
    def keys(self) -> Sequence[str]:
        """Of all rows, in their order."""
        return list(self._shown)

    def in_view(self) -> slice:
        """Which rows the operator can see."""
        first = max(int(self.scroll_y), 0)
        # Before it was ever laid out it has no height; the screen has.
        return slice(first, first + (self.size.height or self.screen.size.height))

    def _update_cells(self, rows: Mapping[str, Sequence[Text]]) -> None:
        for key, cells in rows.items():
            before = self._shown[key]
            if cells is before:
                continue
            for column, cell in enumerate(cells):
                if cell != before[column] or cell.style != before[column].style:
                    self.update_cell(key, str(column), cell, update_width=True)

    def _rebuild(self, headings: Sequence[str], rows: Mapping[str, Sequence[Text]]) -> None:
        chosen, place, scrolled = self.chosen, self.cursor_row, self.scroll_y
        # The cursor passes over other rows while the table is filled: not the operator's doing.
        with self.prevent(DataTable.RowHighlighted):
            self.clear(columns=headings != self._headings)
            if headings != self._headings:
                for column, heading in enumerate(headings):
                    self.add_column(heading, key=str(column))
            for key, cells in rows.items():
                self.add_row(*cells, key=key)
        self._headings = headings
        if rows:
            row = min(place, len(rows) - 1)
            if chosen is not None and chosen in rows:
                row = self.get_row_index(chosen)
            self.move_cursor(row=row, animate=False, scroll=False)
            self.scroll_to(y=scrolled, animate=False)

    def _key_at(self, row: int) -> str | None:
        return self.coordinate_to_cell_key(Coordinate(row, 0)).row_key.value
