"""What an operator does with an alert, wherever he sees it."""

from abc import abstractmethod
from datetime import datetime
from typing import NamedTuple

from opsmith.domain.alerts import AlertLevel, AlertType
from opsmith.errors import BadInput
from opsmith_mcp.alert_history import AlertHistory
from opsmith_tui.desk import Change
from opsmith_tui.figures import plain
from opsmith_tui.form import Field
from opsmith_tui.keys import Key
from opsmith_tui.room import Open, Room
from opsmith_tui.wording import TYPES

ALERT_KEYS = (
    Key(
        "a", "acknowledge", ("Ack", "确认"),
        ("acknowledge: you have seen it (not a repair, not a dismissal)",
         "确认报警：表示已看到（不代表已修复或忽略）"),
    ),
    Key(
        "z", "shelve", ("Shelve", "搁置"),
        ("shelve for some minutes; 0 ends it", "搁置若干分钟；0 表示结束搁置"),
    ),
    Key("m", "comment", ("Comment", "备注"), ("add a comment", "添加备注")),
    Key(
        "n", "order", ("New order", "开工单"), ("create a work order for it", "为此报警开工单"),
        on_line=False,
    ),
    Key("d", "device", ("Device", "设备"), ("show its device", "查看设备")),
)  # fmt: skip

LONGEST = 1440
"""Minutes that an alert can be shelved."""


class Handled(NamedTuple):
    """The alert in view."""

    trace_id: str
    device_id: str
    alert_type: AlertType
    alert_level: AlertLevel
    shelved_until: datetime | None


class AlertActions(Room):
    """A room in which an alert is in view; `ALERT_KEYS` belong to its keys."""

    @abstractmethod
    def handled(self) -> Handled | None:
        """The alert in view; None: there is none."""

    def action_acknowledge(self) -> None:
        """Say that the alert in view was seen."""
        if (alert := self.handled()) is not None:
            title = self._title(alert, ("Acknowledge", "确认"))
            arguments = {"trace_id": alert.trace_id}
            self.change(Change(title, AlertHistory.acknowledge_alert, arguments, signed=True))

    def action_shelve(self) -> None:
        """Put the alert in view aside for some minutes."""
        alert = self.handled()
        if alert is None:
            return
        title = self._title(alert, ("Shelve", "搁置"))
        change = Change(title, AlertHistory.shelve_alert, {"trace_id": alert.trace_id}, signed=True)
        field = Field(
            "minutes", ("Minutes", "分钟"), "60" if alert.shelved_until is None else "0",
            needed=True, read=self._minutes,
        )  # fmt: skip
        back = Change(
            self._title(alert, ("End the shelving of", "结束搁置")),
            AlertHistory.shelve_alert,
            {"trace_id": alert.trace_id, "minutes": 0},
            signed=True,
        )
        self.change(change, [field], lambda given: back if given["minutes"] else None)

    def action_comment(self) -> None:
        """Add a comment to the alert in view."""
        if (alert := self.handled()) is not None:
            title = self._title(alert, ("Comment on", "备注"))
            change = Change(
                title, AlertHistory.comment_alert, {"trace_id": alert.trace_id}, signed=True
            )
            self.change(change, [Field("text", ("Comment", "备注"), needed=True)])

    def action_order(self) -> None:
        """Create a work order for the alert in view."""
        alert = self.handled()
        if alert is None:
            return
        # Only here: see `opsmith_tui.console.LATER`.
        from opsmith_mcp.work_orders import WorkOrders

        kind = self.words(TYPES, alert.alert_type)
        change = Change(
            self._title(alert, ("Create a work order for", "开工单")),
            WorkOrders.create_work_order,
            {"device_id": alert.device_id, "trace_id": alert.trace_id},
        )
        levels = [(level.value, level.value) for level in AlertLevel]
        fields = (
            Field("priority", ("Priority", "优先级"), alert.alert_level.value, levels, needed=True),
            Field("description", ("What is to be done", "工作内容"), kind, needed=True),
        )
        self.change(change, fields)

    def action_device(self) -> None:
        """Show the device of the alert in view."""
        if (alert := self.handled()) is not None:
            self.post_message(Open("device", alert.device_id))

    def _title(self, alert: Handled, verb: tuple[str, str]) -> str:
        kind = self.words(TYPES, alert.alert_type)
        return (
            f"{self.words.of(verb)} {alert.alert_level.value} {plain(alert.device_id)} "
            f"{kind}  {plain(alert.trace_id)}"
        )

    def _minutes(self, text: str) -> int:
        if not text.isdecimal() or int(text) > LONGEST:
            raise BadInput(
                self.words.of(
                    (f"0 to {LONGEST} minutes, not {text!r}", f"应为 0 至 {LONGEST} 分钟：{text}")
                )
            )
        return int(text)
