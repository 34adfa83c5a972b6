"""The board: lines and their devices as cells, with a cursor that walks over them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from opsmith_tui.overview_cells import cell_lines, heading
from opsmith_tui.overview_plant import Cell, Line, Where
from opsmith_tui.overview_sparks import Spark
from opsmith_tui.wording import Wording

NARROWEST = 26
"""Terminal cells of a device."""
GAP = 2
TALL = 2
"""Lines of a device."""

Target = str | Where
"""What the cursor is on: a device's id, or a folded line."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the board: the heading of a line, or some of its devices."""

    top: int
    line: Line
    cells: Sequence[Cell] = ()

    @property
    def height(self) -> int:
        """In lines of the terminal."""
        return TALL if self.cells else 1


class Board(ScrollView, can_focus=True):
    """Draws what is in view, and walks."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("up,k", "walk(0, -1)", "Up"),
        ("down,j", "walk(0, 1)", "Down"),
        ("left,h", "walk(-1, 0)", "Left"),
        ("right", "walk(1, 0)", "Right"),
        ("g,home", "end(0)", "First"),
        ("G,end", "end(-1)", "Last"),
        ("ctrl+d,pagedown", "page(1)", "Page down"),
        ("ctrl+u,pageup", "page(-1)", "Page up"),
    ]
    DEFAULT_CSS = """
    Board { height: 1fr; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; padding: 0; }
    """

    class Moved(Message):
        """The cursor is on something else, or other cells are in view."""

    class Chosen(Message):
        """What the cursor is on is to be opened."""

    class Folded(Message):
        """A line is to be folded, or unfolded."""

        def __init__(self, where: Where) -> None:
            super().__init__()
            self.where = where

    def __init__(self, words: Wording) -> None:
        super().__init__()
        self._words = words
        self._lines: Sequence[Line] = ()
        self._folded: Collection[Where] = ()
        self._sparks: Mapping[str, Spark] = {}
        self._rows: Sequence[Row] = ()
        self._targets: Sequence[tuple[int, Sequence[Target]]] = ()
        self._by_y: Sequence[int] = ()
        self._drawn: dict[str, tuple[object, tuple[Text, Text]]] = {}
        self._columns, self._wide = 1, NARROWEST
        self._place = 0
        self._strips: dict[int, Strip] = {}
        self.cursor: Target | None = None

    @property
    def cell(self) -> Cell | None:
        """The device under the cursor."""
        return next(
            (one for row in self._rows for one in row.cells if one.device_id == self.cursor), None
        )

    @property
    def line(self) -> Line | None:
        """The line under the cursor, or that of the device under it."""
        for row in self._rows:
            if row.line.where == self.cursor or any(
                one.device_id == self.cursor for one in row.cells
            ):
                return row.line
        return None

    def show(
        self, lines: Sequence[Line], folded: Collection[Where], sparks: Mapping[str, Spark]
    ) -> None:
        """Show these lines; the cursor stays on its device while that is there."""
        width = max(NARROWEST, self.size.width or self.screen.size.width)
        self._columns = max(1, width // NARROWEST)
        self._wide = width // self._columns
        self._lines, self._folded, self._sparks = lines, frozenset(folded), sparks
        self._rows = list(self._laid_out())
        self._by_y = [at for at, row in enumerate(self._rows) for _ in range(row.height)]
        self._targets = [
            (at, [cell.device_id for cell in row.cells] or [row.line.where])
            for at, row in enumerate(self._rows)
            if row.cells or row.line.where in self._folded
        ]
        self.virtual_size = Size(width, len(self._by_y))
        there = self._flat()
        if self.cursor not in there and there:
            self.cursor = there[min(self._place, len(there) - 1)]
        if self.cursor in there:
            self._place = there.index(self.cursor)
        self._strips.clear()
        self.refresh()

    def in_view(self) -> Sequence[Cell]:
        """The devices that the operator can see."""
        top = int(self.scroll_y)
        bottom = top + (self.size.height or self.screen.size.height)
        return [
            cell
            for row in self._rows
            if row.top < bottom and row.top + row.height > top
            for cell in row.cells
        ]

    def render_line(self, y: int) -> Strip:
        """See `ScrollView.render_line`."""
        width, at = self.size.width, y + int(self.scroll_offset.y)
        known = self._strips.get(at)
        if known is not None and known.cell_length == width:
            return known
        base = self.rich_style
        if at >= len(self._by_y):
            return Strip.blank(width, base)
        row = self._rows[self._by_y[at]]
        text = self._line_of(row, at - row.top, width)
        console = self.app.console  # pyright: ignore[reportUnknownMemberType]  Textual leaves it open
        strip = Strip(text.render(console), text.cell_len)
        strip = strip.apply_style(base).adjust_cell_length(width, base)
        self._strips[at] = strip
        return strip

    def action_walk(self, right: int, down: int) -> None:
        """Move the cursor by one cell."""
        there = self._flat()
        if not there:
            return
        if right:
            place = min(len(there) - 1, max(0, self._place + right))
            self._to(there[place])
            return
        at, column = self._at()
        at = min(len(self._targets) - 1, max(0, at + down))
        row = self._targets[at][1]
        self._to(row[min(column, len(row) - 1)])

    def action_end(self, which: int) -> None:
        """Go to the first or the last."""
        there = self._flat()
        if there:
            self._to(there[which])
        if which == 0:
            self.scroll_to(y=0, animate=False)

    def action_page(self, way: int) -> None:
        """Half a page up or down."""
        self.action_walk(0, way * max(1, self.size.height // (2 * TALL)))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there; twice opens it; a heading is folded."""
        at = event.y + int(self.scroll_offset.y)
        if at >= len(self._by_y):
            return
        row = self._rows[self._by_y[at]]
        if not row.cells:
            self.post_message(self.Folded(row.line.where))
            return
        column = event.x // self._wide
        if column < len(row.cells):
            self._to(row.cells[column].device_id)
            if event.chain == 2:
                self.post_message(self.Chosen())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Others are in view now."""
        super().watch_scroll_y(old_value, new_value)
        if int(old_value) != int(new_value):
            self.post_message(self.Moved())

    def _laid_out(self) -> Iterator[Row]:
        top = 0
        for line in self._lines:
            yield Row(top, line)
            top += 1
            if line.where not in self._folded:
                for begin in range(0, len(line.cells), self._columns):
                    yield Row(top, line, line.cells[begin : begin + self._columns])
                    top += TALL

    def _flat(self) -> Sequence[Target]:
        return [target for _, targets in self._targets for target in targets]

    def _at(self) -> tuple[int, int]:
        """Row and column of the cursor among the targets."""
        for at, (_, targets) in enumerate(self._targets):
            if self.cursor in targets:
                return at, targets.index(self.cursor)
        return 0, 0

    def _to(self, target: Target) -> None:
        self._draw_anew()
        self.cursor = target
        self._place = self._flat().index(target)
        at, _ = self._at()
        row = self._rows[self._targets[at][0]]
        # With the heading above, where it is the first row of its line.
        first = self._targets[at][0] and not self._rows[self._targets[at][0] - 1].cells
        top = row.top - 1 if first and row.cells else row.top
        if top < self.scroll_y:
            self.scroll_to(y=top, animate=False)
        elif row.top + row.height > self.scroll_y + self.size.height:
            self.scroll_to(y=row.top + row.height - self.size.height, animate=False)
        self._draw_anew()
        self.post_message(self.Moved())

    def _draw_anew(self) -> None:
        """Draw the row of the cursor again, and no other."""
        if not self._targets:
            return
        row = self._rows[self._targets[self._at()[0]][0]]
        for y in range(row.top, row.top + row.height):
            self._strips.pop(y, None)
        self.refresh(Region(0, row.top - int(self.scroll_offset.y), self.size.width, row.height))

    def _line_of(self, row: Row, part: int, width: int) -> Text:
        words = self._words
        if not row.cells:
            folded = row.line.where in self._folded
            text = heading(row.line, width, words, self, folded=folded)
            text.stylize("reverse" if row.line.where == self.cursor else "underline")
            return text
        line = Text(no_wrap=True, end="")
        for cell in row.cells:
            text = self._lines_of(cell)[part].copy()
            if cell.device_id == self.cursor:
                text.stylize("reverse")
            line.append_text(text).append(" " * GAP)
        return line

    def _lines_of(self, cell: Cell) -> tuple[Text, Text]:
        spark = self._sparks.get(cell.device_id)
        theme = self.app.theme  # pyright: ignore[reportUnknownMemberType]  Textual leaves it open
        state = (cell, spark, self._wide, self._words.language, theme)
        known = self._drawn.get(cell.device_id)
        if known is not None and known[0] == state:
            return known[1]
        lines = cell_lines(cell, spark, self._wide - GAP, self._words, self)
        self._drawn[cell.device_id] = (state, lines)
        return lines
