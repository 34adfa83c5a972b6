"""The alerts that stand, live."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.events import Resize
from textual.message import Message
from textual.widgets import DataTable, Static

from opsmith.domain.alerts import Alert, AlertLevel
from opsmith.errors import OpsmithError
from opsmith_mcp.alert_history import AlertHistory, AlertLine, ReportView
from opsmith_tui.figures import moment, number, plain
from opsmith_tui.report import headline, summary
from opsmith_tui.room import KeyLine, Room, level_text, style_of
from opsmith_tui.rows import Row
from opsmith_tui.table import AlertTable
from opsmith_tui.wording import COLUMNS, SCREEN, STATES

PAGE = 100
LONGEST = 3650
"""Days before now in which an alert that stands may have been raised."""
LATELY = 7
"""Days before now in which one that was held back is looked for."""
PAGES = 10
"""Pages asked for at most; the header says how many alerts there are."""

KEYS = (
    ("↵", "open", "screen.open"),
    ("a", "acknowledge", "screen.acknowledge"),
    ("s", "suppressed", "screen.suppressed"),
    ("r", "refresh", "screen.look"),
    ("l", "language", "app.language"),
    ("?", "help", "app.help"),
    ("q", "quit", "app.quit"),
)


class StandingScreen(Room):
    """Lists the alerts that stand; Enter opens one."""

    DEFAULT_CSS = """
    StandingScreen #head { height: 1; background: $panel; padding: 0 1; }
    StandingScreen AlertTable { height: 1fr; width: 1fr; scrollbar-size-horizontal: 0; }
    StandingScreen #message {
        height: 1fr; content-align: center middle; text-align: center; display: none;
    }
    StandingScreen #side {
        width: 64; display: none; border-left: solid $primary; padding: 0 1;
    }
    StandingScreen #strip { height: 4; border-top: solid $primary; padding: 0 1; }
    StandingScreen.-wide #side { display: block; }
    StandingScreen.-wide #strip { display: none; }
    StandingScreen.-bare #main, StandingScreen.-bare #strip { display: none; }
    StandingScreen.-bare #message { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("enter", "open", "Open"),
        ("s", "suppressed", "Suppressed"),
    ]

    class Chosen(Message):
        """The operator chose an alert."""

        def __init__(self, trace_id: str) -> None:
            super().__init__()
            self.trace_id = trace_id

    _lines: Sequence[AlertLine] = ()
    _total: int = 0
    _as_of: datetime | None = None
    _stale: str | None = None
    _suppressed: bool = False

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        yield Static(id="head")
        with Horizontal(id="main"):
            yield AlertTable()
            with VerticalScroll(id="side", can_focus=False):
                yield Static(id="found")
        yield Static(id="message")
        yield Static(id="strip")
        yield KeyLine()

    def on_mount(self) -> None:
        """Begin to look; the keys belong to the table."""
        super().on_mount()
        self._alerts: dict[str, Alert] = {}
        self._reports: dict[str, ReportView] = {}
        self.query_one(AlertTable).focus()
        self.reword()

    async def look(self) -> None:
        """Ask for the alerts, then for what the list does not tell of those in view."""
        try:
            await self._ask_lines()
            self._show()
            for line in self._lines[self.query_one(AlertTable).in_view()]:
                await self._ask_alert(line)
            self._show()
            await self._ask_report()
        except OpsmithError as error:
            self._stale = plain(error)
        else:
            self._stale = None
        self._show()

    def reword(self) -> None:
        """Say everything again."""
        self.query_one(KeyLine).say(self.words, KEYS)
        self._show()

    def chosen(self) -> str | None:
        """The alert under the cursor."""
        return self.query_one(AlertTable).chosen

    def action_open(self) -> None:
        """Open the alert under the cursor."""
        trace_id = self.chosen()
        if trace_id is not None:
            self.post_message(self.Chosen(trace_id))

    def action_suppressed(self) -> None:
        """Show suppressed alerts too, or hide them again."""
        self._suppressed = not self._suppressed
        self._show()
        self.action_look()

    @on(DataTable.RowSelected)
    def _open(self) -> None:
        self.action_open()

    @on(DataTable.RowHighlighted)
    def _preview(self) -> None:
        self._show_preview()
        trace_id = self.chosen()
        if trace_id is not None and trace_id not in self._reports:
            self.action_look()

    @on(Resize)
    def _fit(self) -> None:
        # The new width has its class only after this message.
        self.call_after_refresh(self._show)

    async def _ask_lines(self) -> None:
        lines = await self._ask_pages(standing=True)
        if self._suppressed:
            # One held back is not in a standing state, though its deviation may still be there.
            every = await self._ask_pages(standing=False)
            lines |= {
                key: line
                for key, line in every.items()
                if line.suppressed is not None and line.cleared_at is None
            }
        self._lines = sorted(
            lines.values(), key=lambda line: (line.alert_level, -line.first_seen.timestamp())
        )
        self._alerts = {key: kept for key, kept in self._alerts.items() if key in lines}
        self._reports = {key: kept for key, kept in self._reports.items() if key in lines}

    async def _ask_pages(self, *, standing: bool) -> dict[str, AlertLine]:
        lines: dict[str, AlertLine] = {}
        cursor: str | None = None
        for _ in range(PAGES):
            page = await self.plant.ask(
                AlertHistory.list_alerts,
                standing=standing,
                days=LONGEST if standing else LATELY,
                include_suppressed=not standing,
                limit=PAGE,
                cursor=cursor,
            )
            lines |= {line.trace_id: line for line in page.alerts}
            self._as_of, cursor = page.as_of, page.next_cursor
            if standing:
                self._total = page.total
            if cursor is None:
                break
        return lines

    async def _ask_alert(self, line: AlertLine) -> None:
        known = self._alerts.get(line.trace_id)
        if known is None or (known.last_seen, known.state) != (line.last_seen, line.state):
            view = await self.plant.ask(AlertHistory.get_alert, line.trace_id)
            self._alerts[line.trace_id] = view.alert

    async def _ask_report(self) -> None:
        trace_id = self.chosen()
        if trace_id is not None:
            self._reports[trace_id] = await self.plant.ask(AlertHistory.get_report, trace_id)

    def _show(self) -> None:
        bare = not self._lines
        if bare and not self.has_class("-bare"):
            self.query_one("#message", Static).update(self._message())
        self.set_class(bare, "-bare")
        self.query_one("#head", Static).update(self._head())
        if bare:
            self.query_one("#message", Static).update(self._message())
        row = Row(self, self.words, self._as_of, short=self.has_class("-narrow"))
        table = self.query_one(AlertTable)
        table.show(
            row.headings(),
            {
                line.trace_id: row.cells(line, self._alerts.get(line.trace_id))
                for line in self._lines
            },
        )
        if not bare and self.focused is None:
            table.focus()
        self._show_preview()

    def _head(self) -> Text:
        words = self.words
        head = Text(no_wrap=True, overflow="ellipsis")
        if not self.has_class("-narrow"):
            head.append(words(SCREEN, "title"), "bold").append("   ")
        counts = Counter(line.alert_level for line in self._lines)
        for level in AlertLevel:
            head.append_text(level_text(level, self)).append(f" {counts[level]}  ")
        if self._total > len(self._lines):
            head.append(words(SCREEN, "shown", total=self._total)).append("  ")
        if self._suppressed:
            head.append(words(SCREEN, "suppressed_shown"), "italic").append("  ")
        if self._stale is not None:
            since = "-" if self._as_of is None else f"{self._as_of:%H:%M:%S}"
            warning = style_of("text-error", self, bold=True)
            head.append(f"✗ {words(SCREEN, 'stale_since', at=since)}", warning)
        elif self._as_of is None:
            head.append(f"○ {words(SCREEN, 'connecting')}")
        else:
            head.append(f"● {words(SCREEN, 'live')}", style_of("text-success", self))
        if self._as_of is not None:
            head.append(f"  {words(SCREEN, 'plant_time')} {moment(self._as_of)} UTC")
        if self._stale is not None:
            head.append(f"  {self._stale}")
        return head

    def _message(self) -> Text:
        words = self.words
        if self._stale is not None:
            title, text = "failed_title", words(SCREEN, "failed_help", reason=self._stale)
        elif self._as_of is None:
            return Text(words(SCREEN, "no_rows_yet"))
        else:
            title, text = "empty_title", words(SCREEN, "empty_help")
        return Text.assemble((f"{words(SCREEN, title)}\n\n", "bold"), text)

    def _show_preview(self) -> None:
        trace_id = self.chosen()
        alert = self._alerts.get(trace_id or "")
        strip, side = self.query_one("#strip", Static), self.query_one("#found", Static)
        if trace_id is None or alert is None:
            strip.update("")
            side.update("")
            return
        report = self._reports.get(trace_id)
        side.update(summary(alert, report, self.words))
        facts = "  ".join(
            (
                alert.device_id,
                self.words(STATES, alert.state),
                f"{self.words(COLUMNS, 'first_seen')} {alert.first_seen:%m-%d %H:%M:%S}",
                f"{self.words(COLUMNS, 'count')} {alert.count}",
                f"{self.words(COLUMNS, 'score')} {number(alert.score)}",
            )
        )
        strip.update(Text.assemble(plain(facts), "\n", headline(report, self.words)))
