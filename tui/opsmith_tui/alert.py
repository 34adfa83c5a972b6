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
from opsmith_tui.alert_actions import ALERT_KEYS, AlertActions, Handled
from opsmith_tui.desk import Desk
from opsmith_tui.figures import channel_name, number, plain, unit
from opsmith_tui.keys import MOVING, Key, bindings
from opsmith_tui.panes import EvidencePane, Pane
from opsmith_tui.report import whole
from opsmith_tui.room import BACK, level_text, style_of
from opsmith_tui.trend import Trend, TrendPlot
from opsmith_tui.wording import ALERT, STATES, TYPES
from opsmith_tui.wording import PANES as PANE_WORDS

PANES = {"report": "#report", "trend": "TrendPlot", "evidence": "Choices"}
"""What takes the keys when a pane is chosen."""

BEFORE = timedelta(minutes=30)
"""Of the time before the onset, shown at least."""
LONGEST = timedelta(days=30)
POINTS = 300


class AlertRoom(AlertActions):
    """Shows one alert whole; Esc goes back."""

    KEYS: ClassVar[tuple[Key, ...]] = (
        BACK,
        Key(
            "tab", "next_pane", ("Pane", "窗格"), ("report, trend, evidence", "报告、趋势、证据"),
            "Tab",
        ),
        *ALERT_KEYS,
        Key(
            "c", "channel", ("Channel", "换通道"),
            ("draw the next channel that deviated", "切换到下一个偏离的通道"),
        ),
        Key(
            "v", "version", ("Version", "版本"),
            ("show the version before: rules and LLM each write theirs",
             "查看上一版：规则与模型各写一版"),
        ),
        *MOVING,
    )  # fmt: skip
    DEFAULT_CSS = """
    AlertRoom #head { height: 1; background: $panel; padding: 0 1; }
    AlertRoom #panes { height: 1fr; }
    AlertRoom #report, AlertRoom #trend, AlertRoom #evidence {
        height: 1fr; border: round $primary; padding: 0 1;
    }
    AlertRoom #report:focus, AlertRoom #trend:focus-within,
    AlertRoom #evidence:focus-within { border: round $accent; }
    AlertRoom #report > Static { height: auto; }
    AlertRoom.-broad #panes, AlertRoom.-wide #panes {
        layout: grid; grid-size: 2 2; grid-columns: 3fr 2fr; grid-rows: 2fr 3fr;
    }
    AlertRoom.-broad #report, AlertRoom.-wide #report { row-span: 2; height: 100%; }
    AlertRoom.-narrow #report, AlertRoom.-narrow #trend,
    AlertRoom.-narrow #evidence { display: none; }
    AlertRoom.-narrow.-report #report, AlertRoom.-narrow.-trend #trend,
    AlertRoom.-narrow.-evidence #evidence { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(key for key in KEYS if key.action),
        ("shift+tab", "next_pane(-1)", "Pane before"),
    ]

    def __init__(self, desk: Desk, trace_id: str) -> None:
        super().__init__(desk)
        self._trace_id = trace_id
        self._view: AlertView | None = None
        self._report: ReportView | None = None
        self._orders: Sequence[WorkOrder] | str = ()
        self._series: ChannelSeries | str | None = None
        self._channel = 0
        self._pane = "report"
        self._version: int | None = None

    def body(self) -> ComposeResult:
        """The three panes."""
        with Container(id="panes"):
            with Pane(id="report"):
                yield Static(id="text")
            with Container(id="trend"):
                yield TrendPlot()
            yield EvidencePane(self.words)

    def on_mount(self) -> None:
        """Begin with the report."""
        self._to_pane("report")

    async def look(self) -> None:
        """Ask for the alert, for its report where there is a new version, and for the rest."""
        view = await self.plant.ask(AlertHistory.get_alert, self._trace_id)
        known = self._report
        if known is None or known.versions != view.reports or not self._is_wanted(known):
            self._report = await self.plant.ask(
                AlertHistory.get_report, self._trace_id, version=self._version, full=True
            )
        self._view, self.as_of = view, view.as_of
        self._orders = await self._ask_orders(view.alert)
        await self._ask_series(view)

    def show(self) -> None:
        """Show the panes that have changed."""
        for pane in PANES:
            self.query_one(f"#{pane}").border_title = self.words(PANE_WORDS, pane)
        state = (
            self._view, self._report, self._orders, self.failed,
            self.words.language, self.theme, self.size.width,
        )  # fmt: skip
        if state != self._shown:
            self._shown = state
            self._show_report()
            self.query_one(EvidencePane).show(self._evidence())
        self._show_trend()

    _shown: tuple[object, ...] = ()

    def facts(self) -> Text:
        """Which alert."""
        if self._view is None:
            return Text(plain(self._trace_id))
        alert, words = self._view.alert, self.words
        return Text.assemble(
            level_text(alert.alert_level, self),
            (f" {plain(alert.device_id)}  {words(TYPES, alert.alert_type)}  ", "bold"),
            f"{words(STATES, alert.state)}  {plain(self._trace_id)}",
        )

    def handled(self) -> Handled | None:
        """See `AlertActions.handled`."""
        if self._view is None:
            return None
        alert = self._view.alert
        return Handled(
            alert.trace_id, alert.device_id, alert.alert_type, alert.alert_level,
            alert.shelved_until,
        )  # fmt: skip

    def action_next_pane(self, step: int = 1) -> None:
        """Give the keys to the next pane; where there is room for one alone, show that."""
        names = list(PANES)
        self._to_pane(names[(names.index(self._pane) + step) % len(names)])

    def action_channel(self) -> None:
        """Draw the next of the channels that deviated."""
        self._channel += 1
        self.action_look()

    def action_version(self) -> None:
        """Show the version before; before the first, the newest."""
        if self._report is None or len(self._report.versions) < 2:
            self.tell(self.words(ALERT, "one_version"))
            return
        shown = self._report.report
        numbers = sorted(line.version for line in self._report.versions)
        at = numbers.index(shown.version) if shown is not None else 0
        self._version = numbers[at - 1]
        self.action_look()

    def _is_wanted(self, known: ReportView) -> bool:
        return self._version is None or (
            known.report is not None and known.report.version == self._version
        )

    def _to_pane(self, name: str) -> None:
        self._pane = name
        for pane in PANES:
            self.set_class(pane == name, f"-{pane}")
        # What was hidden can take the keys only when it is laid out.
        self.call_after_refresh(self.query_one(PANES[name]).focus)

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

    def _evidence(self) -> Sequence[Evidence]:
        known = None if self._report is None else self._report.report
        return () if known is None else known.diagnosis.evidence

    def _deviation(self) -> Deviation | None:
        deviations = () if self._view is None else self._view.alert.deviations
        if not deviations:
            return None
        most_first = sorted(deviations, key=lambda deviation: -deviation.share)
        return most_first[self._channel % len(most_first)]

    def _show_report(self) -> None:
        text = self.query_one("#text", Static)
        if self._view is None:
            text.update(Text(self.failed or self.words(ALERT, "loading"), "italic"))
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
            trend = Trend(
                series.times, series.values, tuple(limits), () if onset is None else (onset,)
            )
        pane.border_title = Text(f"{words(PANE_WORDS, 'trend')}  {title}").markup
        self.query_one(TrendPlot).show(trend)


def _until(alert: Alert, as_of: datetime) -> datetime:
    """Up to when the trend is drawn: now, or a little after the alert cleared."""
    if alert.cleared_at is None:
        return as_of
    return min(as_of, alert.cleared_at + BEFORE)
