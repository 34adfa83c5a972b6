"""The plant as a card needs it: what a change meets there, each in a line."""

from datetime import tzinfo
from typing import Any

from opsmith.domain.alerts import Alert
from opsmith.domain.base import Language
from opsmith.domain.work_orders import WorkOrder
from opsmith.errors import NotFound, Unavailable
from opsmith_agents.evidence import EvidenceLedger, Found, asking, found_of
from opsmith_agents.reply_words import listed, not_found_in_chinese, plain, prose, say, word
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.device_registry import DeviceRegistry, DeviceView
from opsmith_mcp.knowledge import Knowledge
from opsmith_mcp.reviews import Candidate
from opsmith_mcp.work_orders import WorkOrders

_OPEN = 5
"""Open orders of a device that a card names."""


class CardPlant:
    """The plant as a card needs it."""

    def __init__(self, ledger: EvidenceLedger, language: Language, zone: tzinfo) -> None:
        self._ledger = ledger
        self.language: Language = language
        self.zone = zone

    def say(self, en: str, zh: str) -> str:
        """One of two texts, by the card's language."""
        return say(self.language, en, zh)

    async def device(self, device_id: str) -> DeviceView:
        """A device. Raises `NotFound`, `Unavailable`."""
        found = await self._ledger.call(DeviceRegistry.query_device_status, device_id)
        return self._need(found)

    async def alert(self, trace_id: str) -> Alert:
        """An alert. Raises `NotFound`, `Unavailable`."""
        return self._need(await self._ledger.call(AlertHistory.get_alert, trace_id)).alert

    async def candidate(self, entry_id: str) -> Candidate:
        """An entry that waits for review. Raises `NotFound`, `Unavailable`."""
        asked = asking(Knowledge.show_learning, self.language)
        found = found_of(asked, self._ledger.evidence) or await self._ledger.call(
            Knowledge.show_learning, self.language
        )
        seen = self._need(found).candidates
        if (one := next((one for one in seen if one.entry_id == entry_id), None)) is None:
            raise NotFound(
                self.say(
                    f"{entry_id!r} does not wait for review.", f"{entry_id!r} 不在待审核之列。"
                )
            )
        return one

    async def order(self, order_no: str) -> WorkOrder:
        """A work order. Raises `NotFound`, `Unavailable`."""
        return self._need(await self._ledger.call(WorkOrders.get_work_order, order_no)).order

    async def open_orders(self, device_id: str) -> str:
        """The open orders of a device, in a line."""
        found = await self._ledger.call(
            WorkOrders.list_work_orders, device_id=device_id, status="UNDONE", limit=_OPEN
        )
        seen = self._need(found)
        numbers = [f"{one.order_no} ({prose(one.description[:60])})" for one in seen.orders]
        if not numbers:
            return self.say("No order of this device is open.", "该设备没有未完成的工单。")
        names = listed(self.language, numbers)
        return self.say(
            f"{seen.total} order(s) of this device open already: {names}",
            f"该设备已有 {seen.total} 个未完成的工单：{names}",
        )

    def device_line(self, view: DeviceView) -> str:
        """What device it is, in a line."""
        device = view.device
        name = f" {plain(device.device_name)}" if device.device_name else ""
        state = word(self.language, device.status.value)
        kind = word(self.language, device.device_type)
        return self.say(
            f"Device: **{plain(device.device_id)}**{name} ({kind}, {state})",
            f"设备：**{plain(device.device_id)}**{name}（{kind}，{state}）",
        )

    def alert_line(self, alert: Alert) -> str:
        """What alert it is, in a line."""
        kind, state = (word(self.language, one) for one in (alert.alert_type, alert.state.value))
        level, device = alert.alert_level, plain(alert.device_id)
        return self.say(
            f"Alert: **{plain(alert.trace_id)}** of {device} ({level}, {kind}, {state})",
            f"报警：**{plain(alert.trace_id)}**，{device}（{level}，{kind}，{state}）",
        )

    def order_line(self, order: WorkOrder) -> str:
        """What order it is, in a line."""
        number, device = plain(order.order_no), plain(order.device_id)
        level, state = order.priority, word(self.language, order.status.value)
        what = prose(order.description)
        return self.say(
            f"Work order: **{number}** on {device} ({level}, {state}): {what}",
            f"工单：**{number}**，{device}（{level}，{state}）：{what}",
        )

    def _need(self, found: Found[Any]) -> Any:
        if found.result is not None:
            return found.result
        evidence = next(e for e in self._ledger.evidence if e.evidence_id == found.evidence_id)
        kind, _, said = (evidence.note or "").partition(": ")
        if kind == "NotFound":
            raise NotFound(self.say(said, not_found_in_chinese(said)))
        raise Unavailable(
            self.say(
                f"{evidence.tool} could not answer, so nothing can be proposed: {evidence.note}",
                f"{evidence.tool} 无法应答，不能提出操作：{evidence.note}",
            )
        )
