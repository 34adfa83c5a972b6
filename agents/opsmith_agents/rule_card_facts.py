"""What exactly a drafted call would do, told by code from what the plant is now."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from opsmith.domain.alerts import STANDING, AlertState
from opsmith.domain.devices import MAINTENANCE_HOURS
from opsmith.domain.work_orders import OrderStatus, WorkOrder
from opsmith.errors import BadInput, Conflict
from opsmith_agents.reply_words import duration, listed, moment, plain, prose, word
from opsmith_agents.rule_card_plant import CardPlant


async def _create(plant: CardPlant, given: Mapping[str, Any]) -> tuple[str, list[str]]:
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


async def _acknowledge(plant: CardPlant, given: Mapping[str, Any]) -> tuple[str, list[str]]:
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


async def _shelve(plant: CardPlant, given: Mapping[str, Any]) -> tuple[str, list[str]]:
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


async def _status(plant: CardPlant, given: Mapping[str, Any]) -> tuple[str, list[str]]:
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


async def _review(plant: CardPlant, given: Mapping[str, Any]) -> tuple[str, list[str]]:
    one = await plant.candidate(str(given["entry_id"]))
    at = moment(one.proposed_at, plant.zone)
    classes = listed(plant.language, [word(plant.language, each) for each in one.device_types])
    facts = [
        plant.say(
            f"Entry: **{plain(one.name)}** (`{one.entry_id}`), for {classes}",
            f"条目：**{plain(one.name)}**（`{one.entry_id}`），适用于{classes}",
        ),
        plant.say(f"Cause: {prose(one.root_cause)}", f"原因：{prose(one.root_cause)}"),
        plant.say(f"What to do: {prose(one.solution)}", f"处理：{prose(one.solution)}"),
        plant.say(
            f"Proposed by {plain(one.proposed_by)}, {at}", f"提出：{plain(one.proposed_by)}，{at}"
        ),
    ]
    for each in one.evidence:
        number, device, by = plain(each.order_no), plain(each.device_id), plain(each.by)
        found, mended = prose(each.found), prose(each.done) or "-"
        facts.append(
            plant.say(
                f"Evidence: {number} of {device}, closed by {by}: found “{found}”, done “{mended}”",
                f"依据：{device} 的 {number}，{by} 关闭：发现“{found}”，处理“{mended}”",
            )
        )
    return "", facts


async def _change(plant: CardPlant, given: Mapping[str, Any]) -> tuple[str, list[str]]:
    order = await plant.order(str(given["order_no"]))
    facts = [plant.order_line(order)]
    if (level := given.get("priority")) is not None:
        if level == order.priority:
            raise _nothing(plant, order)
        facts.append(
            plant.say(
                f"Priority: {order.priority} → {level}", f"优先级：{order.priority} → {level}"
            )
        )
    if (who := given.get("assigned_to")) is not None:
        if who == order.assigned_to:
            raise _nothing(plant, order)
        old, new = plain(order.assigned_to or "-"), plain(str(who))
        facts.append(plant.say(f"Assigned to: {old} → {new}", f"负责人：{old} → {new}"))
    return order.device_id, facts


async def _start(plant: CardPlant, given: Mapping[str, Any]) -> tuple[str, list[str]]:
    order = await plant.order(str(given["order_no"]))
    if order.status is OrderStatus.IN_PROGRESS:
        raise _nothing(plant, order)
    old, new = (word(plant.language, one) for one in (order.status.value, "IN_PROGRESS"))
    return order.device_id, [
        plant.order_line(order),
        plant.say(f"Status: {old} → {new}", f"状态：{old} → {new}"),
    ]


def _nothing(plant: CardPlant, order: WorkOrder) -> Conflict:
    number = plain(order.order_no)
    return Conflict(
        plant.say(
            f"{number} is so already; there is nothing to change.", f"{number} 已是如此，无需更改。"
        )
    )


FACTS: Mapping[str, Callable[[CardPlant, Mapping[str, Any]], Awaitable[tuple[str, list[str]]]]] = {
    "create_work_order": _create,
    "acknowledge_alert": _acknowledge,
    "shelve_alert": _shelve,
    "update_device_status": _status,
    "update_work_order": _change,
    "start_work_order": _start,
    "review_knowledge": _review,
}
"""Of each tool: whom a call of it is about, and what it does and meets, a Markdown line each."""
