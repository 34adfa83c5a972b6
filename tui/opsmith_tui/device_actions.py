"""What an operator does with a device: its status, a work order, its baseline."""

from abc import abstractmethod
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.devices import MAINTENANCE_HOURS, Device, DeviceStatus
from opsmith.errors import BadInput
from opsmith_mcp.device_registry import DeviceRegistry
from opsmith_mcp.work_orders import WorkOrders
from opsmith_tui.desk import Change
from opsmith_tui.device_words import DEVICE
from opsmith_tui.figures import plain
from opsmith_tui.form import Field
from opsmith_tui.keys import Key
from opsmith_tui.overview_words import SIGNS, STATUSES
from opsmith_tui.room import Room

DEVICE_KEYS = (
    Key(
        "s", "status", ("Status", "状态"),
        ("say what the plant does with it: running, stopped, maintenance until",
         "设置设备状态：运行、停机、检修至何时"),
    ),
    Key("n", "order", ("New order", "开工单"), ("create a work order for it", "为此设备开工单")),
    Key(
        "e", "baseline", ("Renew baseline", "重建基线"),
        ("have what is normal learnt anew, after a repair", "维修后重新学习正常状态"),
        on_line=False,
    ),
)  # fmt: skip

TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%m-%d %H:%M", "%H:%M")


class DeviceActions(Room):
    """A room in which a device is in view; `DEVICE_KEYS` belong to its keys."""

    @abstractmethod
    def device(self) -> Device | None:
        """The device in view; None: it is not known yet."""

    def action_status(self) -> None:
        """Say what the plant does with the device."""
        device = self.device()
        if device is None:
            return
        change = Change(
            self._title(device, ("Status of", "设置状态")),
            DeviceRegistry.update_device_status,
            {"device_id": device.device_id},
        )
        choices = [
            (f"{SIGNS[one.value]} {self.words(STATUSES, one.value)}", one.value)
            for one in DeviceStatus
            if one is not DeviceStatus.RETIRED
        ]
        status = device.status.value if device.status is not DeviceStatus.RETIRED else ""
        fields = (
            Field("status", ("Status", "状态"), status, choices, needed=True),
            Field(
                "maintenance_until", ("Maintenance end", "检修结束"), read=self._end,
                hint=(
                    f"hours from now, or a time; empty: {MAINTENANCE_HOURS} h",
                    f"从现在起的小时数，或时间；空：{MAINTENANCE_HOURS} 小时",
                ),
            ),
        )  # fmt: skip
        self.change(change, fields, self._back_from(device))

    def action_order(self) -> None:
        """Create a work order for the device."""
        device = self.device()
        if device is None:
            return
        change = Change(
            self._title(device, ("Create a work order for", "开工单")),
            WorkOrders.create_work_order,
            {"device_id": device.device_id},
        )
        levels = [(level.value, level.value) for level in AlertLevel]
        fields = (
            Field("priority", ("Priority", "优先级"), AlertLevel.P2.value, levels, needed=True),
            Field("description", ("What is to be done", "工作内容"), needed=True),
        )
        self.change(change, fields)

    def action_baseline(self) -> None:
        """Have what is normal for the device learnt anew."""
        device = self.device()
        if device is None:
            return
        change = Change(
            self._title(device, ("Learn anew what is normal for", "重新学习正常状态")),
            DeviceRegistry.renew_baseline,
            {"device_id": device.device_id},
        )
        now = self._now()
        field = Field(
            "since", ("Repaired since", "自何时起正常"), f"{now:{TIMES[0]}}",
            needed=True, read=self._since,
        )  # fmt: skip
        self.change(change, [field])

    def _back_from(self, device: Device) -> Callable[[dict[str, Any]], Change | None]:
        """What gives the device the status that it has now."""
        before: dict[str, Any] = {"device_id": device.device_id, "status": device.status.value}
        end = device.maintenance_end()
        if end is not None and end > self._now():
            before["maintenance_until"] = end
        title = self._title(device, ("Status before of", "恢复状态"))
        return lambda _: Change(title, DeviceRegistry.update_device_status, before)

    def _title(self, device: Device, verb: tuple[str, str]) -> str:
        return (
            f"{self.words.of(verb)} {plain(device.device_id)} {plain(device.device_name)}".rstrip()
        )

    def _now(self) -> datetime:
        now = self.as_of or self.desk.pulse.as_of
        assert now is not None, "A device is in view only after an answer"
        return now

    def _end(self, text: str) -> object:
        """Hours from now, or a time in the plant's zone."""
        try:
            hours = float(text)
        except ValueError:
            at = self._time(text)
            if at is None:
                raise BadInput(self.words(DEVICE, "bad_time", text=plain(text))) from None
            return at
        if not 0 < hours <= 24 * 365:
            raise BadInput(self.words(DEVICE, "bad_time", text=plain(text)))
        return self._now() + timedelta(hours=hours)

    def _since(self, text: str) -> object:
        at = self._time(text)
        if at is None:
            raise BadInput(self.words(DEVICE, "bad_since", text=plain(text)))
        return at

    def _time(self, text: str) -> datetime | None:
        """A time as a person writes it, in the plant's zone; what is left out is as now."""
        now = self._now()
        for form in TIMES:
            try:
                at = datetime.strptime(text, form).replace(tzinfo=now.tzinfo)
            except ValueError:
                continue
            if "%Y" not in form:
                at = at.replace(year=now.year)
            if "%d" not in form:
                at = at.replace(month=now.month, day=now.day)
            return at
        return None
