"""One device: live trend, nameplate, last values, history, forecast; and what is done with it."""

from datetime import timedelta
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.widgets import OptionList, Static

from opsmith.domain.devices import Device
from opsmith_mcp.alert_history import AlertLine
from opsmith_tui.desk import Desk
from opsmith_tui.device_actions import DEVICE_KEYS, DeviceActions
from opsmith_tui.device_facts import WINDOWS, DeviceFacts, Failed
from opsmith_tui.device_history import History
from opsmith_tui.device_text import DeviceText
from opsmith_tui.device_words import DEVICE, DEVICE_PANES
from opsmith_tui.figures import age, channel_name, number, plain, unit
from opsmith_tui.keys import MOVING, Key, bindings
from opsmith_tui.overview_words import SIGNS, STATUSES
from opsmith_tui.panes import Pane
from opsmith_tui.room import BACK, LOOK, UNDO, Open, style_of
from opsmith_tui.trend import Trend, TrendPlot

PANES = {
    "trend": "TrendPlot",
    "plate": "#plate",
    "history": "#history",
    "values": "#values",
    "forecast": "#forecast",
}
"""What takes the keys when a pane is chosen."""

ANEW = LOOK._replace(action="look_anew")
"""By itself the room asks for forecasts seldom."""


class DeviceRoom(DeviceActions):
    """Shows one device whole; Esc goes back."""

    KEYS: ClassVar[tuple[Key, ...]] = (
        BACK,
        Key(
            "tab", "next_pane", ("Pane", "窗格"),
            ("trend, nameplate, history, last values, forecast",
             "趋势、铭牌、历史、最新值、预测"),
            "Tab",
        ),
        Key("c", "channel", ("Channel", "换通道"), ("draw the next channel", "切换到下一通道")),
        Key(
            "C", "channel_before", ("Channel before", "上一通道"),
            ("draw the channel before", "切换到上一通道"), on_line=False,
        ),
        Key("plus", "longer", ("Longer", "加长"), ("a longer window", "加长时段"), "+"),
        Key(
            "minus", "shorter", ("Shorter", "缩短"), ("a shorter window", "缩短时段"), "-",
            on_line=False,
        ),
        *DEVICE_KEYS,
        Key(
            "enter", "open", ("Open", "打开"),
            ("open the alert under the cursor", "打开光标处的报警"), "↵", on_line=False,
        ),
        *MOVING,
    )  # fmt: skip
    DEFAULT_CSS = """
    DeviceRoom #panes { height: 1fr; }
    DeviceRoom #trend, DeviceRoom #plate, DeviceRoom #history, DeviceRoom #values,
    DeviceRoom #forecast { height: 1fr; border: round $primary; padding: 0 1; }
    DeviceRoom #trend:focus-within, DeviceRoom #plate:focus, DeviceRoom #history:focus,
    DeviceRoom #values:focus, DeviceRoom #forecast:focus { border: round $accent; }
    DeviceRoom #panes Static { height: auto; }
    DeviceRoom.-broad #panes, DeviceRoom.-wide #panes {
        layout: grid; grid-size: 2 6; grid-columns: 1fr 1fr;
    }
    DeviceRoom.-wide #panes { grid-columns: 3fr 2fr; }
    DeviceRoom #history { text-wrap: nowrap; text-overflow: ellipsis; }
    DeviceRoom.-broad #trend, DeviceRoom.-wide #trend,
    DeviceRoom.-broad #values, DeviceRoom.-wide #values { row-span: 3; height: 100%; }
    DeviceRoom.-broad #plate, DeviceRoom.-wide #plate,
    DeviceRoom.-broad #history, DeviceRoom.-wide #history,
    DeviceRoom.-broad #forecast, DeviceRoom.-wide #forecast { row-span: 2; height: 100%; }
    DeviceRoom.-narrow #trend, DeviceRoom.-narrow #plate, DeviceRoom.-narrow #history,
    DeviceRoom.-narrow #values, DeviceRoom.-narrow #forecast { display: none; }
    DeviceRoom.-narrow.-trend #trend, DeviceRoom.-narrow.-plate #plate,
    DeviceRoom.-narrow.-history #history, DeviceRoom.-narrow.-values #values,
    DeviceRoom.-narrow.-forecast #forecast { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(key for key in (*KEYS, ANEW) if key.action),
        ("shift+tab", "next_pane(-1)", "Pane before"),
    ]

    def __init__(self, desk: Desk, device_id: str) -> None:
        super().__init__(desk)
        self._facts = DeviceFacts(desk.plant, device_id)
        self._pane = "trend"

    def body(self) -> ComposeResult:
        """The panes; where there is room for one alone, that which was chosen."""
        with Container(id="panes"):
            with Container(id="trend"):
                yield TrendPlot()
            with Pane(id="plate"):
                yield Static()
            yield History(self.words)
            with Pane(id="values"):
                yield Static()
            with Pane(id="forecast"):
                yield Static()

    def on_mount(self) -> None:
        """Begin with the trend."""
        self._to_pane("trend")

    def all_keys(self) -> tuple[Key, ...]:
        """Those of the room, and of all."""
        return (*self.KEYS, ANEW, UNDO)

    async def look(self) -> None:
        """Ask for the device; forecasts come when they come."""
        await self._facts.look()
        self.as_of = self._facts.as_of
        self._look_ahead()

    def show(self) -> None:
        """Show every pane as of now."""
        for pane in PANES:
            if pane != "trend":
                self.query_one(f"#{pane}").border_title = self.words(DEVICE_PANES, pane)
        text = DeviceText(self._facts, self.words, style_of("text-warning", self, bold=True))
        plate = text.plate()
        if self._facts.view is None and self.failed is not None:
            plate = Text(self.words(DEVICE, "failed", reason=self.failed), "italic")
        self.query_one("#plate Static", Static).update(plate)
        self.query_one("#values Static", Static).update(text.values())
        self.query_one("#forecast Static", Static).update(text.forecast())
        self.query_one(History).show(self._facts)
        self._show_trend()

    def facts(self) -> Text:
        """Which device."""
        view = self._facts.view
        if view is None:
            return Text(plain(self._facts.device_id))
        device = view.device
        text = Text(f"{plain(device.device_id)} ", "bold")
        text.append(f"{SIGNS[device.status.value]} {self.words(STATUSES, device.status.value)}")
        return text.append(f"  {plain(device.device_name)}")

    def device(self) -> Device | None:
        """See `DeviceActions.device`."""
        return None if self._facts.view is None else self._facts.view.device

    def action_look_anew(self) -> None:
        """Ask for everything again, forecasts too."""
        self._facts.forget()
        self.action_look()

    def action_next_pane(self, step: int = 1) -> None:
        """Give the keys to the next pane; where there is room for one alone, show that."""
        names = list(PANES)
        self._to_pane(names[(names.index(self._pane) + step) % len(names)])

    def action_channel(self) -> None:
        """Draw the next channel."""
        self._draw(1)

    def action_channel_before(self) -> None:
        """Draw the channel before."""
        self._draw(-1)

    def action_longer(self) -> None:
        """Draw a longer time."""
        self._reach(1)

    def action_shorter(self) -> None:
        """Draw a shorter time."""
        self._reach(-1)

    def action_open(self) -> None:
        """Open the alert under the cursor of the history."""
        if self._pane != "history":
            return
        event = self.query_one(History).chosen
        if event is None:
            return
        if event.alert is not None:
            self.post_message(Open("alert", event.alert))
        elif not isinstance(event.line, AlertLine):
            self.tell(self.words(DEVICE, "no_alert_of_order", order=event.key))

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self.action_open()

    @work(exclusive=True, group="ahead")
    async def _look_ahead(self) -> None:
        await self._facts.look_ahead()
        if self.stands:
            self.show()

    def _draw(self, step: int) -> None:
        there, now = list(self._facts.channels()), self._facts.channel
        if now in there:
            self._facts.channel = there[(there.index(now) + step) % len(there)]
            self.action_look()

    def _reach(self, step: int) -> None:
        at = WINDOWS.index(self._facts.window) + step
        if 0 <= at < len(WINDOWS):
            self._facts.window = WINDOWS[at]
            self.action_look()

    def _to_pane(self, name: str) -> None:
        self._pane = name
        for pane in PANES:
            self.set_class(pane == name, f"-{pane}")
        # What was hidden can take the keys only when it is laid out.
        self.call_after_refresh(self.query_one(PANES[name]).focus)

    def _show_trend(self) -> None:
        words, facts, pane = self.words, self._facts, self.query_one("#trend")
        series, trend, title, marks = facts.series, None, "", list[str]()
        span = age(timedelta(minutes=facts.window), words.language)
        if isinstance(series, Failed):
            title = words(DEVICE, "failed", reason=series.reason)
        elif series is None:
            title = "" if facts.view is None else words(DEVICE, "no_channel")
        elif not series.times:
            name = channel_name(series.channel, words)
            title = f"{words(DEVICE, 'no_trend', channel=name)} ({span})"
        else:
            name = channel_name(series.channel, words)
            title = f"{name} {unit(series.unit)}  {words(DEVICE, 'window', span=span)}"
            limits = [one for one in (series.limit_low, series.limit_high) if one is not None]
            marks = [words(DEVICE, "limit_mark", limit=number(one)) for one in limits]
            usual, onset = facts.usual(), facts.onset
            if usual is not None:
                low, high = number(usual.low), number(usual.high)
                at = f"{usual.until:%m-%d %H:%M}"
                marks.append(words(DEVICE, "usual", low=low, high=high, at=at))
            if onset is not None and onset >= series.times[0]:
                marks.append(words(DEVICE, "onset", at=f"{onset:%H:%M}"))
            band = None if usual is None else (usual.low, usual.high)
            onsets = () if onset is None else (onset,)
            trend = Trend(series.times, series.values, tuple(limits), onsets, band)
        pane.border_subtitle = Text("  ".join(marks)).markup
        pane.border_title = Text(f"{words(DEVICE_PANES, 'trend')}  {title}").markup
        self.query_one(TrendPlot).show(trend)
