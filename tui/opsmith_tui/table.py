"""A table whose rows change under a cursor which stays where it is.

Textual's own table draws every cell in view anew where one of them has changed or the cursor has
moved; with the rows of a plant that takes longer than a key may. Here a row is drawn once, and
again only when it says something else.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

_GAP = 1
"""Columns of the terminal left free on each side of a cell."""


class _Drawn(NamedTuple):
    """A row as it was drawn, and of what."""

    cells: Sequence[Text]
    widths: Sequence[int]
    look: tuple[Style, Style]
    strip: Strip


class Table(ScrollView, can_focus=True):
    """Rows by key, kept in place from one look at the plant to the next."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--head", "table--even", "table--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        ("down,j", "cursor(1)", "Down"),
        ("up,k", "cursor(-1)", "Up"),
        ("g,home,ctrl+home", "cursor_to(0)", "First"),
        ("G,end,ctrl+end", "cursor_to(-1)", "Last"),
        ("ctrl+d,pagedown", "page(1)", "Page down"),
        ("ctrl+u,pageup", "page(-1)", "Page up"),
        ("left", "sideways(-8)", "Left"),
        ("right", "sideways(8)", "Right"),
        ("enter", "choose", "Open"),
    ]
    DEFAULT_CSS = """
    Table {
        background: $surface; color: $foreground;
        & > .table--head { text-style: bold; background: $panel; color: $foreground; }
        & > .table--even { background: $surface-lighten-1 50%; }
        &:dark > .table--even { background: $surface-darken-1 40%; }
        & > .table--cursor {
            background: $block-cursor-blurred-background;
            color: $block-cursor-blurred-foreground;
            text-style: $block-cursor-blurred-text-style;
        }
        &:focus > .table--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: $block-cursor-text-style;
        }
    }
    """

    class RowHighlighted(Message):
        """The cursor stands on another row."""

        def __init__(self, table: "Table") -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> "Table":
            """Whose cursor."""
            return self.table

    class RowSelected(RowHighlighted):
        """The row under the cursor is to be opened."""

    class HeadClicked(RowHighlighted):
        """What stands above a column was clicked."""

        def __init__(self, table: "Table", column: int) -> None:
            super().__init__(table)
            self.column = column
            """Counted from 0."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: Mapping[str, Sequence[Text]] = {}
        self._keys: list[str] = []
        self._headings: Sequence[str] = ()
        self._head: Sequence[Text] = ()
        self._widths: Sequence[int] = ()
        self._needs: dict[str, tuple[Sequence[Text], Sequence[int]]] = {}
        self._drawn: dict[tuple[str, bool], _Drawn] = {}
        self.cursor_row = 0
        """Where the cursor stands; 0 where there are no rows."""

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self._keys)

    @property
    def chosen(self) -> str | None:
        """The key of the row under the cursor."""
        return self._keys[self.cursor_row] if self._keys else None

    @property
    def keys(self) -> Sequence[str]:
        """Of all rows, in their order."""
        return self._keys

    def in_view(self) -> slice:
        """Which rows the operator can see."""
        first = max(int(self.scroll_y), 0)
        # Before it was ever laid out it has no height; the screen has.
        return slice(first, first + (self.size.height or self.screen.size.height))

    def show(self, headings: Sequence[str], rows: Mapping[str, Sequence[Text]]) -> None:
        """Show rows by key, in that order; the cursor stays on its row while that is there."""
        before, chosen = self._rows, self.chosen
        keys = list(rows)
        moved = keys != self._keys or headings != self._headings
        if headings != self._headings:
            self._head = [Text(heading) for heading in headings]
        self._rows, self._keys, self._headings = rows, keys, headings
        if moved:
            self._drawn = {at: drawn for at, drawn in self._drawn.items() if at[0] in rows}
            self._stay_on(chosen)
        wide = self._measured()
        if moved or wide:
            self.virtual_size = Size(self._across, len(keys) + 1)
            self.refresh()
        else:
            for place, key in enumerate(keys):
                if rows[key] is not before[key]:
                    self.refresh_line(place + 1)
        if chosen is not None and self.chosen not in (chosen, None):
            self.post_message(self.RowHighlighted(self))

    def move_cursor(self, row: int) -> None:
        """Put the cursor on a row, the nearest there is, and bring that into view."""
        row = max(min(row, len(self._keys) - 1), 0)
        before, self.cursor_row = self.cursor_row, row
        height = max(self.scrollable_content_region.height - 1, 1)
        top = int(self.scroll_target_y)
        if row < top:
            self.scroll_to(y=row, animate=False)
        elif row >= top + height:
            self.scroll_to(y=row - height + 1, animate=False)
        if row != before:
            self.refresh_line(before + 1)
            self.refresh_line(row + 1)
            self.post_message(self.RowHighlighted(self))

    def action_cursor(self, by: int) -> None:
        """Move the cursor by so many rows."""
        self.move_cursor(self.cursor_row + by)

    def action_cursor_to(self, row: int) -> None:
        """Move the cursor to a row; below 0: from the end."""
        self.move_cursor(row if row >= 0 else len(self._keys) + row)

    def action_page(self, by: int) -> None:
        """Move the cursor by so many pages."""
        self.move_cursor(self.cursor_row + by * max(self.size.height - 1, 1))

    def action_sideways(self, by: int) -> None:
        """Show what stands further to the right, or left."""
        self.scroll_to(x=self.scroll_target_x + by, animate=False)

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if self._keys:
            self.post_message(self.RowSelected(self))

    def on_click(self, event: events.Click) -> None:
        """Move the cursor there; on the row where it stands already: open that."""
        at = event.get_content_offset(self)
        if at is None:
            return
        event.stop()
        row = int(self.scroll_y) + at.y - 1
        if at.y == 0:
            self._click_head(at.x + int(self.scroll_x))
        elif row == self.cursor_row:
            self.action_choose()
        elif row < len(self._keys):
            self.move_cursor(row)

    def render_line(self, y: int) -> Strip:
        """One line of what is seen: the headings, or a row."""
        width, x = self.size.width, int(self.scroll_x)
        row = int(self.scroll_y) + y - 1
        if y and row >= len(self._keys):
            return Strip.blank(width, self.rich_style)
        drawn = self._row(row) if y else self._heads()
        return drawn.crop_extend(x, x + width, self._ground(row if y else -1))

    def _heads(self) -> Strip:
        return self._line("", self._head, (self._ground(-1), Style.null()), is_cursor=False)

    def _row(self, row: int) -> Strip:
        key, is_cursor = self._keys[row], row == self.cursor_row
        over = self.get_component_rich_style("table--cursor") if is_cursor else Style.null()
        return self._line(key, self._rows[key], (self._ground(row), over), is_cursor=is_cursor)

    def _ground(self, row: int) -> Style:
        """What a row, or the headings at -1, is written on, and what fills it up."""
        if row == -1:
            return self.get_component_rich_style("table--head")
        if row == self.cursor_row:
            return self.get_component_rich_style("table--cursor")
        if row % 2 == 0:
            return self.get_component_rich_style("table--even")
        return self.rich_style

    def _line(
        self, key: str, cells: Sequence[Text], look: tuple[Style, Style], *, is_cursor: bool
    ) -> Strip:
        known = self._drawn.get((key, is_cursor))
        # Equal texts may be written in other colours: only the very same are known.
        if known is not None and known.cells is cells and known[1:3] == (self._widths, look):
            return known.strip
        strip = _strip(cells, self._widths, *look, self.app.console)  # pyright: ignore[reportUnknownMemberType]  Textual leaves the type of its app open
        self._drawn[key, is_cursor] = _Drawn(cells, self._widths, look, strip)
        return strip

    @property
    def _across(self) -> int:
        return sum(self._widths) + 2 * _GAP * len(self._widths)

    def _measured(self) -> bool:
        """Fit the columns to what is in them; whether that changed any."""
        needs = dict[str, tuple[Sequence[Text], Sequence[int]]]()
        for key, cells in self._rows.items():
            known = self._needs.get(key)
            if known is None or known[0] is not cells:
                known = (cells, tuple(cell.cell_len for cell in cells))
            needs[key] = known
        self._needs = needs
        heads = tuple(cell_len(heading) for heading in self._headings)
        widths = tuple(map(max, zip(heads, *(need for _, need in needs.values()), strict=True)))
        before, self._widths = self._widths, widths
        return widths != before

    def _stay_on(self, chosen: str | None) -> None:
        if chosen is not None and chosen in self._rows:
            row = self._keys.index(chosen)
        else:
            row = max(min(self.cursor_row, len(self._keys) - 1), 0)
        self.cursor_row = row

    def _click_head(self, x: int) -> None:
        for column, width in enumerate(self._widths):
            x -= width + 2 * _GAP
            if x < 0:
                self.post_message(self.HeadClicked(self, column))
                return


def _strip(
    cells: Sequence[Text], widths: Sequence[int], ground: Style, over: Style, console: Console
) -> Strip:
    """Cells side by side, each as wide as its column, on the ground and under the cursor."""
    segments = list[Segment]()
    for cell, width in zip(cells, widths, strict=True):
        free = width - cell.cell_len
        left = free if cell.justify == "right" else 0
        segments.append(Segment(" " * (_GAP + left), ground))
        segments += [
            Segment(text, ground + (style or Style.null()) + over)
            for text, style, _ in cell.render(console)
        ]
        segments.append(Segment(" " * (_GAP + free - left), ground))
    return Strip(segments).simplify()
