"""One alert: its report of record, the trend of its main channel, and the evidence."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.widgets import Static

from opsmith.domain.alerts import Alert, Deviation
from opsmith.domain.diagnoses import Evidence
from opsmith.domain.work_orders import WorkOrder
from opsmith.errors import OpsmithError
from opsmith_mcp.alert_history import AlertHistory, AlertView, ReportView
from opsmith_mcp.telemetry import ChannelSeries, Telemetry
from opsmith_mcp.work_orders import WorkOrders
from opsmith_tui.figures import channel_name, number, plain, unit
from opsmith_tui.panes import EvidencePane, Pane
from opsmith_tui.plant import Plant
from opsmith_tui.report import whole
from opsmith_tui.room import KeyLine, Room, level_text, style_of
from opsmith_tui.trend import Trend, TrendPlot
from opsmith_tui.wording import ALERT, SCREEN, STATES, TYPES, Wording
from opsmith_tui.wording import KEYS as KEY_WORDS

KEYS = (
    ("Esc", "back", "screen.back"),
    ("1", "report", "screen.pane('report')"),
    ("2", "trend", "screen.pane('trend')"),
    ("3", "evidence", "screen.pane('evidence')"),
    ("c", "channel", "screen.channel"),
    ("a", "acknowledge", "screen.acknowledge"),
    ("l", "language", "app.language"),
    ("?", "help", "app.help"),
)
FOCUS = {"report": "#report", "trend": "TrendPlot", "evidence": "Choices"}
"""What takes the keys when a pane is chosen."""

BEFORE = timedelta(minutes=30)
"""Of the time before the onset, shown at least."""
LONGEST = timedelta(days=30)
POINTS = 300


class AlertScreen(Room):
    """Shows one alert whole; Esc goes back."""

    DEFAULT_CSS = """
    AlertScreen #head { height: 1; background: $panel; padding: 0 1; }
    AlertScreen #panes { height: 1fr; }
    AlertScreen #report, AlertScreen #trend, AlertScreen #evidence {
        height: 1fr; border: round $primary; padding: 0 1;
    }
    AlertScreen #report:focus, AlertScreen #trend:focus-within,
    AlertScreen #evidence:focus-within { border: round $accent; }
    AlertScreen #report > Static { height: auto; }
    AlertScreen.-broad #panes, AlertScreen.-wide #panes {
        layout: grid; grid-size: 2 2; grid-columns: 3fr 2fr; grid-rows: 2fr 3fr;
    }
    AlertScreen.-broad #report, AlertScreen.-wide #report { row-span: 2; height: 100%; }
    AlertScreen.-narrow #report, AlertScreen.-narrow #trend,
    AlertScreen.-narrow #evidence { display: none; }
    AlertScreen.-narrow.-report #report, AlertScreen.-narrow.-trend #trend,
    AlertScreen.-narrow.-evidence #evidence { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "back", "Back"),
        ("1", "pane('report')", "Report"),
        ("2", "pane('trend')", "Trend"),
        ("3", "pane('evidence')", "Evidence"),
        ("c", "channel", "Next channel"),
    ]

    def __init__(
        self, trace_id: str, plant: Plant, words: Wording, by: str, refresh_seconds: float
    ) -> None:
        super().__init__(plant, words, by, refresh_seconds)
        self._trace_id = trace_id
        self._view: AlertView | None = None
        self._report: ReportView | None = None
        self._orders: Sequence[WorkOrder] | str = ()
        self._series: ChannelSeries | str | None = None
        self._channel = 0
        self._stale: str | None = None

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        yield Static(id="head")
        with Container(id="panes"):
            with Pane(id="report"):
                yield Static(id="text")
            with Container(id="trend"):
                yield TrendPlot()
            yield EvidencePane(self.words)
        yield KeyLine()

    def on_mount(self) -> None:
        """Begin with the report."""
        super().on_mount()
        self.action_pane("report")
        self.reword()

    async def look(self) -> None:
        """Ask for the alert, for its report where there is a new version, and for the rest."""
        before = (self._view, self._report, self._orders)
        try:
            view = await self.plant.ask(AlertHistory.get_alert, self._trace_id)
            if self._report is None or self._report.versions != view.reports:
                self._report = await self.plant.ask(
                    AlertHistory.get_report, self._trace_id, full=True
                )
                self.query_one(EvidencePane).show(self._evidence())
            self._view = view
        except OpsmithError as error:
            self._stale = plain(error)
            self._show_head()
            return
        self._stale = None
        self._orders = await self._ask_orders(view.alert)
        self._show_head()
        if (self._view, self._report, self._orders) != before:
            self._show_report()
        await self._ask_series(view)

    def reword(self) -> None:
        """Say everything again."""
        words = self.words
        self.query_one(KeyLine).say(words, KEYS)
        for pane in FOCUS:
            self.query_one(f"#{pane}").border_title = words(KEY_WORDS, pane)
        self._show_head()
        self._show_report()
        self.query_one(EvidencePane).show(self._evidence())
        self._show_trend()

    def chosen(self) -> str | None:
        """This alert."""
        return self._trace_id

    def action_back(self) -> None:
        """Go back to the list."""
        self.dismiss()

    def action_pane(self, name: str) -> None:
        """Give the keys to a pane; where there is room for one alone, show that."""
        for pane in FOCUS:
            self.set_class(pane == name, f"-{pane}")
        # What was hidden can take the keys only when it is laid out.
        self.call_after_refresh(self.query_one(FOCUS[name]).focus)

    def action_channel(self) -> None:
        """Draw the next of the channels that deviated."""
        self._channel += 1
        self.action_look()

    async def _ask_orders(self, alert: Alert) -> Sequence[WorkOrder] | str:
        try:
            found = await self.plant.ask(
                WorkOrders.list_work_orders, where={"trace_id": alert.trace_id}
            )
            views = [
                await self.plant.ask(WorkOrders.get_work_order, line.order_no)
                for line in found.orders
            ]
            return [view.order for view in views]
        except OpsmithError as error:
            return plain(error)

    async def _ask_series(self, view: AlertView) -> None:
        deviation = self._deviation()
        if deviation is not None:
            until = _until(view.alert, view.as_of)
            before = max(BEFORE, (until - view.alert.onset) / 2)
            span = min(until - view.alert.onset + before, LONGEST)
            try:
                self._series = await self.plant.ask(
                    Telemetry.read_series,
                    view.alert.device_id,
                    deviation.channel,
                    window_mins=max(1, round(span / timedelta(minutes=1))),
                    points=POINTS,
                    until=until,
                )
            except OpsmithError as error:
                self._series = plain(error)
        self._show_trend()

    def _evidence(self) -> Sequence[Evidence]:
        known = None if self._report is None else self._report.report
        return () if known is None else known.diagnosis.evidence

    def _deviation(self) -> Deviation | None:
        deviations = () if self._view is None else self._view.alert.deviations
        if not deviations:
            return None
        most_first = sorted(deviations, key=lambda deviation: -deviation.share)
        return most_first[self._channel % len(most_first)]

    def _show_head(self) -> None:
        words = self.words
        head = Text(no_wrap=True, overflow="ellipsis")
        if self._view is not None:
            alert = self._view.alert
            head.append_text(level_text(alert.alert_level, self))
            head.append(f" {plain(alert.device_id)}  {words(TYPES, alert.alert_type)}  ", "bold")
            head.append(f"{words(STATES, alert.state)}  ")
        head.append(f"{plain(self._trace_id)}  ")
        if self._stale is not None:
            since = "-" if self._view is None else f"{self._view.as_of:%H:%M:%S}"
            warning = style_of("text-error", self, bold=True)
            head.append(f"✗ {words(SCREEN, 'stale_since', at=since)}", warning)
            head.append(f"  {self._stale}")
        self.query_one("#head", Static).update(head)

    def _show_report(self) -> None:
        text = self.query_one("#text", Static)
        if self._view is None:
            text.update(Text(self._stale or self.words(ALERT, "loading"), "italic"))
            return
        accent = style_of("text-accent", self)
        text.update(whole(self._view, self._report, self._orders, self.words, accent))

    def _show_trend(self) -> None:
        words, pane = self.words, self.query_one("#trend")
        deviation, series, trend = self._deviation(), self._series, None
        pane.border_subtitle = ""
        if deviation is None:
            title = "" if self._view is None else words(ALERT, "no_channel")
        elif isinstance(series, str):
            title = words(ALERT, "failed", reason=series)
        elif series is None or not series.times:
            name = channel_name(deviation.channel, words)
            title = "" if series is None else words(ALERT, "no_trend", channel=name)
        else:
            title = f"{channel_name(series.channel, words)} {unit(series.unit)}"
            limits = [limit for limit in (series.limit_low, series.limit_high) if limit is not None]
            marks = [f"--- {words(ALERT, 'limit')} {number(limit)}" for limit in limits]
            onset = self._view.alert.onset if self._view else None
            if onset is not None:
                marks.append(f"│ {words(ALERT, 'onset')} {onset:%H:%M:%S}")
            pane.border_subtitle = Text("  ".join(marks)).markup
            trend = Trend(series.times, series.values, tuple(limits), onset)
        pane.border_title = Text(f"{words(KEY_WORDS, 'trend')}  {title}").markup
        self.query_one(TrendPlot).show(trend)


def _until(alert: Alert, as_of: datetime) -> datetime:
    """Up to when the trend is drawn: now, or a little after the alert cleared."""
    if alert.cleared_at is None:
        return as_of
    return min(as_of, alert.cleared_at + BEFORE)
