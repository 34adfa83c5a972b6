"""The alerts that stand, live."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

from rich.console import Group
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from opsmith.domain.alerts import Alert, AlertLevel
from opsmith_mcp.alert_history import AlertHistory, AlertLine, AlertView, ReportView
from opsmith_tui.alert_actions import ALERT_KEYS, AlertActions, Handled
from opsmith_tui.desk import Desk
from opsmith_tui.figures import number, plain
from opsmith_tui.keys import Key, bindings
from opsmith_tui.list_room import ListRoom
from opsmith_tui.report import headline, summary, why_text
from opsmith_tui.room import Open, level_text
from opsmith_tui.rows import LONG, SHORT, Row
from opsmith_tui.table import Table
from opsmith_tui.wording import ALERTS, COLUMNS, STATES

PAGE = 100
"""Alerts asked for in one call, at most."""
AHEAD = 30
"""Alerts kept below those in view; more come as the cursor comes near."""
MOST = 1000
"""Alerts in the list, at most; the head says how many there are."""
LONGEST = 3650
"""Days before now in which an alert that stands may have been raised."""
LATELY = 7
"""Days before now in which one that was held back is looked for."""


class AlertsRoom(ListRoom[AlertLine], AlertActions):
    """Lists the alerts that stand; Enter opens one."""

    NAME = "alerts"
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("enter", "open", ("Open", "打开"), ("open the alert", "打开报警"), "↵"),
        *ALERT_KEYS,
        Key(
            "s", "suppressed", ("Suppressed", "被抑制"),
            ("show or hide those that were held back, with why",
             "显示或隐藏被抑制的报警及其原因"),
        ),
        Key(
            "x", "expand", ("Group", "分组"),
            ("show or hide the alerts that are grouped under this one",
             "展开或收起归入此报警的报警"), on_line=False,
        ),
    )  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS)
    DEFAULT_CSS = """
    AlertsRoom #side {
        width: 64; display: none; border-left: solid $primary; padding: 0 1;
    }
    AlertsRoom #strip { height: 4; border-top: solid $primary; padding: 0 1; }
    AlertsRoom.-wide #side { display: block; }
    AlertsRoom.-wide #strip { display: none; }
    AlertsRoom.-bare #side, AlertsRoom.-bare #strip { display: none; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._counts = Counter[AlertLevel]()
        self._wanted = 0
        self._suppressed = False
        self._opened = set[str]()
        self._views: dict[str, AlertView] = {}
        self._reports: dict[str, ReportView] = {}
        self._row = Row(self, self.words, None, {}, short=True)

    def beside(self) -> ComposeResult:
        """The summary of the alert under the cursor, where there is room."""
        with VerticalScroll(id="side", can_focus=False):
            yield Static(id="found")

    def below(self) -> ComposeResult:
        """The same in two lines."""
        yield Static(id="strip")

    async def look(self) -> None:
        """Ask for the alerts, then for what the list does not tell of those in view."""
        await self._ask_lines()
        self.show()
        for line in self._rows_in_view():
            await self._ask_alert(line)
        chosen = self.chosen()
        if chosen is not None:
            view = await self.plant.ask(AlertHistory.get_alert, chosen)
            report = self._reports.get(chosen)
            if report is None or report.versions != view.reports:
                self._reports[chosen] = await self.plant.ask(AlertHistory.get_report, chosen)
            self._views[chosen] = view

    def chosen(self) -> str | None:
        """The alert under the cursor."""
        return self.table.chosen

    def handled(self) -> Handled | None:
        """See `AlertActions.handled`."""
        line = self.item
        if line is None:
            return None
        view = self._views.get(line.trace_id)
        until = None if view is None else view.alert.shelved_until
        return Handled(line.trace_id, line.device_id, line.alert_type, line.alert_level, until)

    def action_open(self) -> None:
        """Open the alert under the cursor."""
        trace_id = self.chosen()
        if trace_id is not None:
            self.post_message(Open("alert", trace_id))

    def action_suppressed(self) -> None:
        """Show suppressed alerts too, or hide them again."""
        self._suppressed = not self._suppressed
        self.show()
        self.action_look()

    def action_expand(self) -> None:
        """Show the alerts under this one too, or hide them again."""
        trace_id = self.chosen()
        if trace_id is not None:
            self._opened ^= {trace_id}
            self.action_look()

    def show(self) -> None:
        """Show the list as of now."""
        known = {key: view.alert for key, view in self._views.items()}
        self._row = Row(self, self.words, self.as_of, known, short=self.has_class("-narrow"))
        super().show()

    def columns(self) -> Sequence[str]:
        """See `ListRoom.columns`."""
        return SHORT if self.has_class("-narrow") else LONG

    def heading(self, column: str) -> str:
        """See `ListRoom.heading`."""
        return self.words(COLUMNS, column)

    def key(self, item: AlertLine) -> str:
        """See `ListRoom.key`."""
        return item.trace_id

    def cell(self, column: str, item: AlertLine) -> Text:
        """See `ListRoom.cell`."""
        return self._row.cell(column, item)

    def order(self, column: str, item: AlertLine) -> Any:
        """The most urgent, the newest, the most first."""
        match column:
            case "first_seen" | "age":
                return -item.first_seen.timestamp()
            case "count":
                return -(item.count or 0)
            case "score":
                return -(item.score or 0.0)
            case _:
                return super().order(column, item)

    def message(self) -> tuple[str, str]:
        """See `ListRoom.message`."""
        return self.words(ALERTS, "empty_title"), self.words(ALERTS, "empty_help")

    def moved(self) -> None:
        """Show the alert under the cursor beside the list."""
        trace_id = self.chosen()
        view = self._views.get(trace_id or "")
        strip, side = self.query_one("#strip", Static), self.query_one("#found", Static)
        if trace_id is None or view is None:
            strip.update("")
            side.update("")
            return
        alert, report = view.alert, self._reports.get(trace_id)
        why = why_text(view, self.words)
        side.update(Group(summary(alert, report, self.words), Text(), why))
        second = why if why else headline(report, self.words)
        strip.update(Text.assemble(plain(self._facts_of(alert)), "\n", second))

    @on(Table.RowHighlighted)
    def _ask_more(self) -> None:
        below = self.table.row_count - self.table.cursor_row
        if below < AHEAD and self.table.row_count < self._counts.total():
            self._wanted = self.table.row_count + PAGE
            self.action_look()
        elif self.chosen() not in self._reports:
            self.action_look()

    def facts(self) -> Text:
        """How many of each level, and what of them is shown."""
        head = Text()
        for level in list(AlertLevel)[2:]:
            head.append_text(level_text(level, self)).append(f" {self._counts[level]}  ")
        if self._suppressed:
            head.append(self.words(ALERTS, "suppressed_shown"), "italic")
        return head

    def _facts_of(self, alert: Alert) -> str:
        return "  ".join(
            (
                alert.device_id,
                self.words(STATES, alert.state),
                f"{self.words(COLUMNS, 'first_seen')} {alert.first_seen:%m-%d %H:%M:%S}",
                f"{self.words(COLUMNS, 'count')} {alert.count}",
                f"{self.words(COLUMNS, 'score')} {number(alert.score)}",
            )
        )

    async def _ask_lines(self) -> None:
        lines = await self._ask_standing()
        if self._suppressed:
            # One held back is not in a standing state, though its deviation may still be there.
            every = await self._ask_pages(MOST, standing=False, days=LATELY)
            there = {line.trace_id for line in lines}
            lines += [
                line
                for line in every
                if line.trace_id not in there
                and line.suppressed is not None
                and line.cleared_at is None
            ]
            lines.sort(key=lambda line: (line.alert_level, -line.first_seen.timestamp()))
        # What did not change stays the same object, so that its row is not written anew.
        before = {line.trace_id: line for line in self.items}
        known = [
            old if (old := before.get(line.trace_id)) == line and old is not None else line
            for line in lines
        ]
        self.items = await self._with_groups(known)
        there = {line.trace_id for line in self.items}
        self._views = {key: kept for key, kept in self._views.items() if key in there}
        self._reports = {key: kept for key, kept in self._reports.items() if key in there}

    async def _ask_standing(self) -> list[AlertLine]:
        """The first of those that stand, the most urgent first: as many as are looked at."""
        # To sort and to filter, all have to be there.
        whole = self.sought or self.is_sorted
        room = MOST if whole else max(self._wanted, self.table.in_view().stop + AHEAD)
        lines = list[AlertLine]()
        for level in AlertLevel:
            lines += await self._ask_pages(
                room - len(lines), level=level, standing=True, days=LONGEST
            )
        return lines

    async def _with_groups(self, lines: Sequence[AlertLine]) -> Sequence[AlertLine]:
        """The lines, after each that is opened those that are grouped under it."""
        if not self._opened:
            return lines
        found, shown = list[AlertLine](), {line.trace_id for line in lines}
        for line in lines:
            found.append(line)
            if line.trace_id in self._opened:
                under = await self.plant.ask(
                    AlertHistory.list_alerts, under=line.trace_id, standing=False, limit=PAGE
                )
                found += [one for one in under.alerts if one.trace_id not in shown]
        return found

    async def _ask_pages(
        self, room: int, *, standing: bool, days: int, level: AlertLevel | None = None
    ) -> list[AlertLine]:
        """The newest, `room` at most; one call at least, which counts them."""
        lines, cursor = list[AlertLine](), None
        while True:
            page = await self.plant.ask(
                AlertHistory.list_alerts,
                standing=standing,
                level=level,
                days=days,
                include_suppressed=not standing,
                limit=min(PAGE, max(room - len(lines), 1)),
                cursor=cursor,
            )
            lines += page.alerts
            self.as_of, cursor = page.as_of, page.next_cursor
            if level is not None:
                self._counts[level] = page.total
            if not self.items and lines:
                # The first that is seen is not waited for longer than it takes.
                self.items = list(lines)
                self.show()
            if cursor is None or len(lines) >= room:
                return lines[: max(room, 0)]

    def _rows_in_view(self) -> Sequence[AlertLine]:
        known = {line.trace_id: line for line in self.items}
        rows = self.table.keys[self.table.in_view()]
        return [known[key] for key in rows if key in known]

    async def _ask_alert(self, line: AlertLine) -> None:
        known = self._views.get(line.trace_id)
        old = None if known is None else (known.alert.last_seen, known.alert.state)
        if old is None or old != (line.last_seen, line.state):
            self._views[line.trace_id] = await self.plant.ask(AlertHistory.get_alert, line.trace_id)
