"""What is done with a work order: create, assign, plan, review, start, close."""

from abc import abstractmethod
from datetime import datetime
from typing import Any

from textual import work

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.work_orders import UNDONE, OrderStatus
from opsmith.errors import BadInput, OpsmithError
from opsmith_mcp.device_registry import DeviceRegistry
from opsmith_mcp.knowledge import Knowledge
from opsmith_mcp.work_orders import OrderLine, WorkOrders
from opsmith_tui.desk import Change
from opsmith_tui.figures import moment, plain
from opsmith_tui.form import Field
from opsmith_tui.keys import Key
from opsmith_tui.orders_words import ORDERS, OUTCOMES, TITLES
from opsmith_tui.room import Room

ORDER_KEYS = (
    Key("n", "create", ("New", "新建"), ("create a work order", "开工单")),
    Key("a", "assign", ("Assign", "指派"), ("say who does it", "指派负责人")),
    Key(
        "p", "plan", ("Plan", "计划"),
        ("when it begins, until when, how urgent", "计划开始、期限与优先级"),
    ),
    Key(
        "m", "review", ("Reviewed", "已审核"), ("note that you looked at it", "标记已审核"),
        on_line=False,
    ),
    Key("x", "start", ("Start", "开工"), ("dispatch it, or take it up again", "派工或重新开工")),
    Key(
        "c", "close", ("Close", "关闭"),
        ("complete or cancel it, with what was found", "完成或取消，并填写发现与处理"),
    ),
)  # fmt: skip

TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")


class OrderActions(Room):
    """A room in which a work order is in view; `ORDER_KEYS` belong to its keys."""

    @abstractmethod
    def in_view(self) -> OrderLine | None:
        """The order in view; None: there is none."""

    def action_create(self) -> None:
        """Create an order."""
        order, words = self.in_view(), self.words
        levels = [(level.value, level.value) for level in AlertLevel]
        fields = (
            Field(
                "device_id", ("Device", "设备"), "" if order is None else order.device_id,
                needed=True,
            ),
            Field("priority", ("Priority", "优先级"), "P2", levels, needed=True),
            Field("description", ("What is to be done", "工作内容"), needed=True),
            Field("due_at", ("Due", "期限"), read=self._time, hint=_TIME),
        )  # fmt: skip
        self.change(Change(words(TITLES, "create"), WorkOrders.create_work_order, {}), fields)

    def action_assign(self) -> None:
        """Say who does it."""
        if (order := self._undone()) is not None:
            field = Field(
                "assigned_to", ("For", "负责人"), order.assigned_to or self.desk.by, needed=True
            )
            self._update("assign", order, field)

    def action_plan(self) -> None:
        """Say when it begins, until when, and how urgent it is."""
        if (order := self._undone()) is not None:
            levels = [(level.value, level.value) for level in AlertLevel]
            self._update(
                "plan",
                order,
                Field("planned_at", ("Begins", "计划开始"), _shown(order.planned_at),
                      read=self._time, hint=_TIME),
                Field("due_at", ("Due", "期限"), _shown(order.due_at), read=self._time, hint=_TIME),
                Field(
                    "priority", ("Priority", "优先级"), order.priority.value, levels, needed=True
                ),
            )  # fmt: skip

    def action_review(self) -> None:
        """Note that a person looked at it."""
        if (order := self._undone()) is not None:
            title = self._title("review", order)
            arguments = {"order_no": order.order_no, "reviewed": True}
            self.change(Change(title, WorkOrders.update_work_order, arguments))

    def action_start(self) -> None:
        """Dispatch it."""
        if (order := self._undone()) is not None:
            title, arguments = self._title("start", order), {"order_no": order.order_no}
            self.change(Change(title, WorkOrders.start_work_order, arguments))

    @work
    async def action_close(self) -> None:
        """Complete or cancel it, with what was found and done."""
        if (order := self._undone()) is None:
            return
        words = self.words
        # What nobody has begun can only be cancelled, and to cancel takes a reason.
        begun = order.status is OrderStatus.IN_PROGRESS
        can = list(OUTCOMES) if begun else ["CANCELLED"]
        outcomes = [(words(OUTCOMES, one), one) for one in can]
        fields = (
            Field("outcome", ("Outcome", "结果"), can[0], outcomes, needed=True),
            Field("found", ("Found", "发现")),
            Field("done", ("Done", "处理")),
            Field("actual_hours", ("Hours", "工时"), read=self._hours),
            Field("failure_mode", ("It was", "实际故障"), choices=await self._modes(order)),
            Field(
                "closing_notes",
                ("Notes", "说明"),
                needed=not begun,
                hint=("why; needed to cancel", "原因；取消时必填"),
            ),
        )
        change = Change(
            self._title("close", order), WorkOrders.close_work_order, {"order_no": order.order_no}
        )
        self.change(change, fields)

    def _undone(self) -> OrderLine | None:
        """The order in view, where it can be changed still."""
        order = self.in_view()
        if order is not None and order.status not in UNDONE:
            self.tell(self.words(ORDERS, "is_closed"), "warning")
            return None
        return order

    def _update(self, name: str, order: OrderLine, *fields: Field) -> None:
        """Change fields of an order; taken back, they are what they were."""

        def back(given: dict[str, Any]) -> Change:
            names = [field.name for field in fields if field.name in given]
            before = {name: getattr(order, name) for name in names}
            cleared = tuple(name for name, value in before.items() if value is None)
            kept = {name: value for name, value in before.items() if value is not None}
            arguments = {"order_no": order.order_no, **kept}
            if cleared:
                arguments["clear"] = cleared
            return Change(self._title("back", order), WorkOrders.update_work_order, arguments)

        change = Change(
            self._title(name, order), WorkOrders.update_work_order, {"order_no": order.order_no}
        )
        self.change(change, fields, back)

    async def _modes(self, order: OrderLine) -> list[tuple[str, str]]:
        """What it can have been: failure modes of the device's class, nothing, something else."""
        words = self.words
        found = [(words(ORDERS, "none_of_these"), "none"), (words(ORDERS, "other"), "other")]
        try:
            seen = await self.plant.ask(DeviceRegistry.query_device_status, order.device_id)
            cursor = None
            while True:
                page = await self.plant.ask(
                    Knowledge.list_failure_modes,
                    seen.device.device_type,
                    language=words.language,
                    cursor=cursor,
                )
                found += [(plain(mode.name), mode.entry_id) for mode in page.modes]
                cursor = page.next_cursor
                if cursor is None:
                    return found
        except OpsmithError:
            # Without the knowledge base it can still be closed.
            return found

    def _title(self, name: str, order: OrderLine) -> str:
        return self.words(TITLES, name, order=f"{plain(order.order_no)} {plain(order.device_id)}")

    def _time(self, text: str) -> datetime:
        zone = None if self.as_of is None else self.as_of.tzinfo
        for form in TIMES:
            try:
                return datetime.strptime(text, form).replace(tzinfo=zone)
            except ValueError:
                continue
        raise BadInput(self.words(ORDERS, "not_a_time", text=text))

    def _hours(self, text: str) -> float:
        try:
            hours = float(text)
        except ValueError:
            hours = -1.0
        if not 0 <= hours < 10_000:
            raise BadInput(self.words(ORDERS, "not_hours", text=text))
        return hours


_TIME = ("2026-02-28 14:30", "2026-02-28 14:30")


def _shown(at: datetime | None) -> str:
    return "" if at is None else moment(at)
