"""What a drafted call does and meets in the plant, looked up when it is shown and once more."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from opsmith.clock import wall_clock
from opsmith.domain.alerts import STANDING, Alert, AlertState
from opsmith.domain.base import Language
from opsmith.domain.devices import MAINTENANCE_HOURS
from opsmith.errors import BadInput, Conflict, NotFound, Unavailable
from opsmith_agents.evidence import EvidenceLedger, Found
from opsmith_agents.proposed import NEEDS, ProposedCall
from opsmith_agents.replies_card import card
from opsmith_agents.reply_words import (
    duration,
    listed,
    moment,
    not_found_in_chinese,
    plain,
    prose,
    say,
    word,
)
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.device_registry import DeviceRegistry, DeviceView
from opsmith_mcp.work_orders import WorkOrders

_OPEN = 5
"""Open orders of a device that a card names."""


async def drafted(
    ledger: EvidenceLedger,
    tool: str,
    arguments: Mapping[str, Any],
    language: Language,
    zone: tzinfo,
    drafted_by: str = "rules",
) -> ProposedCall:
    """Make a card of a call, with what it meets in the plant now.

    Args:
        ledger: Over a client with read rights: nothing is written here.
        tool: One of `opsmith_agents.proposed.NEEDS`.
        arguments: JSON values.
        language: Of the card.
        zone: Of its times.
        drafted_by: Name of the LLM, or `rules`.

    Raises:
        OpsmithError: It cannot be done, or would change nothing; the message says why, in
            `language`.
    """
    if tool not in NEEDS:
        raise BadInput(f"No card for {tool!r}; there are {', '.join(NEEDS)}")
    device_id, facts = await _FACTS[tool](_Plant(ledger, language, zone), arguments)
    given = dict(arguments)
    return ProposedCall.draft(
        tool,
        given,
        device_id,
        card(tool, given, facts, language, drafted_by),
        language=language,
        now=wall_clock(),
        drafted_by=drafted_by,
    )


class _Plant:
    """The plant as a card needs it."""

    def __init__(self, ledger: EvidenceLedger, language: Language, zone: tzinfo) -> None:
        self._ledger = ledger
        self.language: Language = language
        self.zone = zone

    def say(self, en: str, zh: str) -> str:
        return say(self.language, en, zh)

    async def device(self, device_id: str) -> DeviceView:
        found = await self._ledger.call(DeviceRegistry.query_device_status, device_id)
        return self._need(found)

    async def alert(self, trace_id: str) -> Alert:
        return self._need(await self._ledger.call(AlertHistory.get_alert, trace_id)).alert

    async def open_orders(self, device_id: str) -> str:
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
        device = view.device
        name = f" {plain(device.device_name)}" if device.device_name else ""
        state = word(self.language, device.status.value)
        kind = word(self.language, device.device_type)
        return self.say(
            f"Device: **{plain(device.device_id)}**{name} ({kind}, {state})",
            f"设备：**{plain(device.device_id)}**{name}（{kind}，{state}）",
        )

    def alert_line(self, alert: Alert) -> str:
        kind, state = (word(self.language, one) for one in (alert.alert_type, alert.state.value))
        level, device = alert.alert_level, plain(alert.device_id)
        return self.say(
            f"Alert: **{plain(alert.trace_id)}** of {device} ({level}, {kind}, {state})",
            f"报警：**{plain(alert.trace_id)}**，{device}（{level}，{kind}，{state}）",
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


async def _create(plant: _Plant, given: Mapping[str, Any]) -> tuple[str, list[str]]:
    view = await plant.device(str(given["device_id"]))
    device_id, facts = view.device.device_id, [plant.device_line(view)]
    what = prose(str(given["description"]))
    kind = word(plant.language, str(given.get("order_type", "PLANNED")))
    facts.append(
        plant.say(
            f"Priority {given['priority']}, {kind}: {what}",
            f"优先级 {given['priority']}，{kind}：{what}",
        )
    )
    for number, step in enumerate(given.get("steps", ()), 1):
        facts.append(plant.say(f"Step {number}: {prose(step)}", f"步骤 {number}：{prose(step)}"))
    if materials := given.get("materials"):
        each = [f"{plain(one['part'])} x {one.get('quantity', 1):g}" for one in materials]
        parts = listed(plant.language, each)
        facts.append(plant.say(f"Parts: {parts}", f"备件：{parts}"))
    if (hours := given.get("estimated_hours")) is not None:
        facts.append(plant.say(f"{hours:g} h of work", f"工时 {hours:g} 小时"))
    if due := given.get("due_at"):
        at = moment(datetime.fromisoformat(due), plant.zone)
        facts.append(plant.say(f"Due {at}", f"期限 {at}"))
    if (trace_id := given.get("trace_id")) is not None:
        alert = await plant.alert(str(trace_id))
        if alert.device_id != device_id:
            raise BadInput(
                plant.say(
                    f"Alert {trace_id} is of {alert.device_id}, not of {device_id}.",
                    f"报警 {trace_id} 属于 {alert.device_id}，不属于 {device_id}。",
                )
            )
        facts.append(plant.alert_line(alert))
    facts.append(await plant.open_orders(device_id))
    return device_id, facts


async def _acknowledge(plant: _Plant, given: Mapping[str, Any]) -> tuple[str, list[str]]:
    alert = await plant.alert(str(given["trace_id"]))
    if alert.state not in (AlertState.UNACKNOWLEDGED, AlertState.RTN_UNACKNOWLEDGED):
        state, by = word(plant.language, alert.state.value), plain(alert.acknowledged_by or "-")
        raise Conflict(
            plant.say(
                f"{alert.trace_id} is {state} already (by {by}); there is nothing to acknowledge.",
                f"{alert.trace_id} 状态为{state}（{by}），无需确认。",
            )
        )
    return alert.device_id, [
        plant.alert_line(alert),
        plant.say(
            "It is noted that the person who confirms this has seen it.",
            "将记录：确认此卡的人员已知悉该报警。",
        ),
    ]


async def _shelve(plant: _Plant, given: Mapping[str, Any]) -> tuple[str, list[str]]:
    alert = await plant.alert(str(given["trace_id"]))
    if alert.state not in STANDING or alert.cleared_at is not None:
        state = word(plant.language, alert.state.value)
        raise Conflict(
            plant.say(
                f"{alert.trace_id} does not stand any more ({state}); nothing can be shelved.",
                f"{alert.trace_id} 已不再处于报警状态（{state}），无法搁置。",
            )
        )
    length = duration(60 * int(given["minutes"]), plant.language)
    kind = word(plant.language, alert.alert_type)
    return alert.device_id, [
        plant.alert_line(alert),
        plant.say(
            f"It and repeats of {kind} on {plain(alert.device_id)} are put aside for {length}; "
            "a rise to P0 or P1 is told at once.",
            f"该报警及 {plain(alert.device_id)} 上重复的“{kind}”将搁置 {length}；"
            "升到 P0/P1 时立即发出。",
        ),
    ]


async def _status(plant: _Plant, given: Mapping[str, Any]) -> tuple[str, list[str]]:
    view = await plant.device(str(given["device_id"]))
    device, status = view.device, str(given["status"])
    if device.status == status and "maintenance_until" not in given:
        state = word(plant.language, status)
        raise Conflict(
            plant.say(
                f"{device.device_id} is {state} already.", f"{device.device_id} 已是{state}。"
            )
        )
    old, new = (word(plant.language, one) for one in (device.status.value, status))
    facts = [
        plant.device_line(view),
        plant.say(f"Status: {old} → {new}", f"状态：{old} → {new}"),
    ]
    if status == "MAINTENANCE":
        until = given.get("maintenance_until")
        ends = (
            moment(datetime.fromisoformat(until), plant.zone)
            if until
            else plant.say(
                f"{MAINTENANCE_HOURS} h after it is confirmed", f"确认后 {MAINTENANCE_HOURS} 小时"
            )
        )
        facts.append(
            plant.say(
                f"Until {ends} its alerts, diagnoses and orders are held back.",
                f"结束：{ends}；在此之前其报警、诊断和工单均不发出。",
            )
        )
    else:
        facts.append(plant.say("Its alerts are told again.", "其报警恢复发出。"))
    return device.device_id, facts


_FACTS: Mapping[str, Callable[[_Plant, Mapping[str, Any]], Awaitable[tuple[str, list[str]]]]] = {
    "create_work_order": _create,
    "acknowledge_alert": _acknowledge,
    "shelve_alert": _shelve,
    "update_device_status": _status,
}
