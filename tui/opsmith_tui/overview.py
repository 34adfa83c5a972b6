"""The plant at a glance: every line and device, the worst first."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from rich.console import Group
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.timer import Timer
from textual.widgets import Input, Static

from opsmith.domain.devices import DeviceStatus
from opsmith.errors import OpsmithError
from opsmith_mcp.alert_history import AlertHistory
from opsmith_tui.desk import Desk
from opsmith_tui.figures import plain
from opsmith_tui.keys import Key, bindings
from opsmith_tui.overview_board import Board
from opsmith_tui.overview_cells import described
from opsmith_tui.overview_plant import LONGEST, Cell, Line, PlantBoard, Where
from opsmith_tui.overview_sparks import Sparks
from opsmith_tui.overview_words import OVERVIEW, SIGNS, STATUSES
from opsmith_tui.room import LOOK, UNDO, Open, Room, style_of
from opsmith_tui.wording import LIST, SCREEN

WALKING = (
    Key(
        "h,left", "", ("Move", "移动"), ("walk over the devices", "在设备间移动"),
        "← ↓ ↑ → h j k", on_line=False,
    ),
    Key("g,G", "", ("Ends", "首尾"), ("first, last", "第一台、最后一台"), "g G", on_line=False),
    Key(
        "ctrl+d,ctrl+u", "", ("Page", "翻页"), ("half a page down, up", "向下、向上半页"),
        "Ctrl+D Ctrl+U", on_line=False,
    ),
)  # fmt: skip
RESTING = 0.2
"""Seconds that the cursor rests before the sparklines of what is in view are asked for."""

ANEW = LOOK._replace(action="look_anew")
"""By itself the room asks for heavy things seldom."""


class OverviewRoom(Room):
    """Shows lines and devices as a board; Enter opens a device."""

    NAME = "overview"
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("enter", "open", ("Open", "打开"), ("open the device", "打开设备"), "↵"),
        Key(
            "a", "alert", ("Worst alert", "最严重报警"),
            ("open the device's worst alert", "打开该设备最严重的报警"),
        ),
        Key(
            "x", "fold", ("Fold", "折叠"),
            ("fold or unfold the line", "折叠或展开产线"),
        ),
        Key(
            "X", "fold_all", ("Fold all", "全部折叠"),
            ("fold or unfold every line", "折叠或展开全部产线"), on_line=False,
        ),
        Key(
            "slash", "filter", ("Filter", "筛选"),
            ("show what contains a text; Esc ends it", "按文字筛选，Esc 结束"), "/",
        ),
    )  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings((*KEYS, ANEW)),
        ("escape", "leave_filter", "Leave"),
    ]
    DEFAULT_CSS = """
    OverviewRoom #message {
        height: 1fr; content-align: center middle; text-align: center; display: none;
    }
    OverviewRoom #filter {
        display: none; height: 1; border: none; padding: 0 1; background: $boost;
    }
    OverviewRoom #strip { height: 3; border-top: solid $primary; padding: 0 1; }
    OverviewRoom.-filtering #filter { display: block; }
    OverviewRoom.-bare Board, OverviewRoom.-bare #strip { display: none; }
    OverviewRoom.-bare #message { display: block; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._known = PlantBoard(desk.plant)
        self._sparks = Sparks(desk.plant)
        self._folded = set[Where]()
        self._resting: Timer | None = None

    def body(self) -> ComposeResult:
        """The board, and below it what is under the cursor."""
        yield Board(self.words)
        yield Static(id="message")
        yield Static(id="strip")
        yield Input(id="filter")

    def all_keys(self) -> Sequence[Key]:
        """Those of the room, of walking, and of all."""
        return (*self.KEYS, *WALKING, ANEW, UNDO)

    def on_mount(self) -> None:
        """The keys belong to the board."""
        self.board.focus()

    def on_screen_resume(self) -> None:
        """What was changed elsewhere is asked for anew."""
        self._known.forget()

    @property
    def board(self) -> Board:
        """The board."""
        return self.query_one(Board)

    async def look(self) -> None:
        """Ask for the lines and devices, then for the sparklines of those in view."""
        await self._known.look()
        self.as_of = self._known.as_of
        self.show()
        if self.as_of is not None and self._known.is_whole:
            await self._sparks.look(self.board.in_view())

    def show(self) -> None:
        """Show what is known."""
        words, lines = self.words, self._sought()
        self.query_one("#filter", Input).placeholder = words(LIST, "filter")
        self.set_class(not lines, "-bare")
        if not lines:
            self.query_one("#message", Static).update(self._message())
        self.board.show(lines, self._folded, self._sparks.known)
        self._show_strip()

    def facts(self) -> Text:
        """How many devices there are, and how many are silent."""
        lines, words = self._known.lines, self.words
        if not lines:
            return Text()
        text = Text(words(OVERVIEW, "devices", count=sum(line.devices for line in lines)))
        silent = sum(line.silent for line in lines)
        if silent:
            said = f"  {SIGNS['SILENT']} {words(OVERVIEW, 'silent', count=silent)}"
            text.append(said, style_of("text-warning", self, bold=True))
        statuses = Counter[DeviceStatus]()
        for line in lines:
            statuses.update(dict(line.by_status))
        for status, count in sorted(statuses.items()):
            if status is not DeviceStatus.RUNNING:
                text.append(f"  {SIGNS[status.value]} {words(STATUSES, status.value)} {count}")
        return text

    def action_look_anew(self) -> None:
        """Ask for everything again, now."""
        self._known.forget()
        self._sparks.forget()
        self.action_look()

    def action_open(self) -> None:
        """Open the device under the cursor; a folded line is unfolded."""
        cell, line = self.board.cell, self.board.line
        if cell is not None:
            self.post_message(Open("device", cell.device_id))
        elif line is not None:
            self._fold(line.where)

    @work(exclusive=True, group="worst")
    async def action_alert(self) -> None:
        """Open the worst alert of the device under the cursor."""
        cell = self.board.cell
        if cell is None:
            return
        try:
            found = await self.plant.ask(
                AlertHistory.list_alerts,
                device_id=cell.device_id,
                level=cell.level,
                days=LONGEST,
                limit=1,
            )
        except OpsmithError as error:
            self.tell(plain(error), "error")
            return
        if found.alerts:
            self.post_message(Open("alert", found.alerts[0].trace_id))
        else:
            self.tell(self.words(OVERVIEW, "no_alert", device=plain(cell.device_id)))

    def action_fold(self) -> None:
        """Fold or unfold the line under the cursor."""
        line = self.board.line
        if line is not None:
            self._fold(line.where)

    def action_fold_all(self) -> None:
        """Fold every line; where all are folded, unfold every one."""
        every = {line.where for line in self._known.lines}
        self._folded = set[Where]() if every <= self._folded else every
        self.show()

    def action_filter(self) -> None:
        """Type what to look for."""
        self.add_class("-filtering")
        self.query_one("#filter", Input).focus()

    def action_leave_filter(self) -> None:
        """Show everything again."""
        self.query_one("#filter", Input).value = ""
        self.remove_class("-filtering")
        self.board.focus()

    def _fold(self, where: Where) -> None:
        self._folded ^= {where}
        if where in self._folded:
            # The cursor stays with the line that it was in.
            self.board.cursor = where
        else:
            line = next((one for one in self._sought() if one.where == where), None)
            self.board.cursor = line.cells[0].device_id if line and line.cells else None
        self.show()

    def _sought(self) -> Sequence[Line]:
        """The lines with those of their devices that contain what is sought."""
        wanted = self.query_one("#filter", Input).value.strip().casefold()
        if not wanted:
            return self._known.lines
        found = list[Line]()
        for line in self._known.lines:
            cells = tuple(cell for cell in line.cells if wanted in self._said(cell))
            if cells:
                found.append(replace(line, cells=cells))
        return found

    def _said(self, cell: Cell) -> str:
        """What of a device can be looked for."""
        one = cell.device
        levels = " ".join(level.value for level, _ in cell.alerts)
        state = f"{cell.state} {self.words(STATUSES, cell.state)}"
        parts = (one.device_id, one.device_name, one.device_type, one.factory_id, one.line_id)
        return f"{' '.join(parts)} {state} {levels}".casefold()

    def _message(self) -> Text:
        words, sought = self.words, self.query_one("#filter", Input).value.strip()
        if self._known.lines:
            title = words(LIST, "none_found", text=plain(sought))
            text = words(LIST, "esc")
        elif self.failed is not None:
            title = words(SCREEN, "failed_title")
            text = words(SCREEN, "failed_help", reason=self.failed)
        elif self.as_of is None:
            return Text(words(SCREEN, "no_rows_yet"))
        else:
            title, text = words(OVERVIEW, "empty_title"), words(OVERVIEW, "empty_help")
        return Text.assemble((f"{title}\n\n", "bold"), text)

    def _show_strip(self) -> None:
        """Say more of what is under the cursor, in two lines."""
        words, cell = self.words, self.board.cell
        first, second = Text(), Text()
        if cell is not None:
            spark = self._sparks.known.get(cell.device_id)
            first, second = described(cell, spark, words, self)
        elif self.board.line is not None:
            first.append(words(OVERVIEW, "folded_line"))
        if not self._known.is_whole:
            warning = f"✗ {words(OVERVIEW, 'unknown_ages')}  "
            first = Text(warning, style_of("text-error", self, bold=True)).append_text(first)
        for line in (first, second):
            line.no_wrap, line.overflow = True, "ellipsis"
        self.query_one("#strip", Static).update(Group(first, second))

    @on(Board.Moved)
    def _moved(self) -> None:
        self._show_strip()
        if self.as_of is not None and self._sparks.lacks(self.board.in_view()):
            # Not for each of the cells that a held key runs over.
            if self._resting is not None:
                self._resting.stop()
            self._resting = self.set_timer(RESTING, self._look_if_seen)

    @on(Board.Chosen)
    def _chosen(self) -> None:
        self.action_open()

    @on(Board.Folded)
    def _folded_by_hand(self, event: Board.Folded) -> None:
        self._fold(event.where)

    @on(Input.Changed, "#filter")
    def _typed(self) -> None:
        self.show()

    @on(Input.Submitted, "#filter")
    def _typed_whole(self) -> None:
        self.board.focus()
