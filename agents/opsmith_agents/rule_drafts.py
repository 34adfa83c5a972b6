"""What a person asks to have changed: drafted, shown as a card, and never done here."""

import re
from datetime import timedelta
from typing import Any

from opsmith.domain.alerts import AlertLevel
from opsmith.errors import OpsmithError
from opsmith_agents import replies_plant
from opsmith_agents.reply_words import joined, plain
from opsmith_agents.rule_alerts import newest_report, the_alert, view_of
from opsmith_agents.rule_cards import drafted
from opsmith_agents.rule_turn import CannotSay, Turn
from opsmith_mcp.alert_history import AlertHistory

_MINUTES = 60
"""For which an alert is shelved, where nobody says how long."""
_MOST_MINUTES = 1440
_NAME = 100
_ASSIGNEE = re.compile(
    r"(?:\b(?:re)?assign\b.*?\bto\s+|(?:指派|分派|分配|改派|派)给\s*)([^,，;；。]+)", re.IGNORECASE
)
_SHORTEST = 3
"""Signs of a description."""
_DESCRIPTION = re.compile(
    r"(?:工单|派工单|维修单|\border\b[^:：,，;；]*?)\s*(?:[:：,，;；]|\bto\b|\bbecause\b)\s*(.+)$"
    r"|[:：]\s*(.+)$|(?:工单|派工单|维修单)\s*(处理.+|检查.+|更换.+|维修.+)$",
    re.IGNORECASE | re.DOTALL,
)


async def create_order(turn: Turn) -> str:
    """Draft a work order, from the person's words or from the plan of the report."""
    description = description_in(turn.text)
    arguments = await (_own_words(turn, description) if description else _planned(turn))
    return await _card(turn, "create_work_order", arguments)


async def change_order(turn: Turn) -> str:
    """Draft the start of a work order, another priority, or who it is assigned to."""
    number = turn.asked.order_no
    if number is None:
        raise CannotSay(turn.say("Which work order? Name its WO-… number.", "请说明工单号 WO-…。"))
    given: dict[str, Any] = {"order_no": number}
    if who := assignee_in(turn.text):
        given["assigned_to"] = who
    if turn.asked.level is not None:
        given["priority"] = turn.asked.level.value
    tool = "update_work_order" if len(given) > 1 else "start_work_order"
    return await _card(turn, tool, given)


def assignee_in(text: str) -> str:
    """To whom a person wants an order assigned; empty where he did not say.

    >>> assignee_in("assign WO-20260228-001 to Li Wei, P1"), assignee_in("start WO-20260228-001")
    ('Li Wei', '')
    >>> assignee_in("把 WO-20260228-001 指派给李伟")
    '李伟'
    """
    hit = _ASSIGNEE.search(" ".join(text.split()))
    return hit.group(1).strip(" .。!！")[:_NAME] if hit else ""


async def acknowledge(turn: Turn) -> str:
    """Draft an acknowledgement."""
    return await _card(turn, "acknowledge_alert", {"trace_id": await _standing(turn)})


async def shelve(turn: Turn) -> str:
    """Draft a shelving."""
    minutes = min(turn.asked.minutes or _MINUTES, _MOST_MINUTES)
    trace_id = await _standing(turn)
    return await _card(turn, "shelve_alert", {"trace_id": trace_id, "minutes": minutes})


async def maintenance(turn: Turn) -> str:
    """Draft the beginning or the end of a maintenance."""
    device = await turn.device()
    if turn.asked.runs_again:
        given: dict[str, Any] = {"device_id": device, "status": "RUNNING"}
    else:
        given = {"device_id": device, "status": "MAINTENANCE"}
        if turn.asked.minutes is not None:
            end = turn.now + timedelta(minutes=turn.asked.minutes)
            given["maintenance_until"] = end.isoformat()
    return await _card(turn, "update_device_status", given)


def description_in(text: str) -> str:
    """What a person wants done, in his words; empty where he did not say.

    >>> description_in("raise a P1 order for comp 1, check oil")
    'check oil'
    >>> description_in("为主电机新建一个P2工单：检查轴承润滑"), description_in("给1号泵开一个工单")
    ('检查轴承润滑', '')
    """
    hit = _DESCRIPTION.search(" ".join(text.split()))
    said = next((one for one in hit.groups() if one), "") if hit else ""
    said = said.strip(" .。!！")
    return said if len(said) >= _SHORTEST else ""


async def _card(turn: Turn, tool: str, arguments: dict[str, Any]) -> str:
    try:
        turn.proposal = await drafted(turn.ledger, tool, arguments, turn.language, turn.zone)
    except OpsmithError as error:
        raise CannotSay(plain(str(error))) from error
    turn.found["devices"] = (turn.proposal.device_id,)
    if "trace_id" in arguments:
        turn.found["trace_id"] = arguments["trace_id"]
    return turn.proposal.shown


async def _own_words(turn: Turn, description: str) -> dict[str, Any]:
    asked = turn.asked
    given: dict[str, Any] = {"description": description}
    if asked.trace_id is not None:
        alert = (await view_of(turn, asked.trace_id)).alert
        given |= {"device_id": alert.device_id, "trace_id": alert.trace_id}
        level = alert.alert_level
    else:
        given["device_id"] = await turn.device()
        level = AlertLevel.P2
    given["priority"] = (asked.level or level).value
    return given


async def _planned(turn: Turn) -> dict[str, Any]:
    """By the plan of the newest report on the alert, else by what the alert says."""
    trace_id = turn.asked.trace_id
    if trace_id is None:
        device = await turn.device()
        seen = turn.need(
            await turn.ledger.call(AlertHistory.list_alerts, standing=True, device_id=device)
        )
        if not seen.alerts:
            name = plain(device)
            raise CannotSay(
                turn.say(
                    f"No alert of {name} stands: say what is to be done, such as "
                    f"*create an order for {name}: replace the seal*.",
                    f"{name} 没有未恢复的报警：请说明要做什么，例如“给 {name} 开工单：更换密封”。",
                )
            )
        first = min(seen.alerts, key=lambda one: (one.alert_level, one.first_seen))
        trace_id = first.trace_id
    view = await view_of(turn, trace_id)
    alert = view.alert
    answered = [one.order_no for one in view.orders if one.status in ("OPEN", "IN_PROGRESS")]
    if answered:
        number, trace = plain(answered[0]), plain(alert.trace_id)
        turn.found["order_no"] = answered[0]
        raise CannotSay(
            turn.say(
                f"{number} answers alert {trace} already; *show {number}*. For other work say what "
                f"is to be done: *create an order for {plain(alert.device_id)}: ...*",
                f"{number} 已对应报警 {trace}；可问“查看 {number}”。如需其他工作，请说明内容："
                f"“给 {plain(alert.device_id)} 开工单：……”",
            )
        )
    given: dict[str, Any] = {
        "device_id": alert.device_id,
        "trace_id": alert.trace_id,
        "priority": (turn.asked.level or alert.alert_level).value,
        "description": replies_plant.alert_in_words(alert, turn.language),
    }
    report = (await newest_report(turn, trace_id)).report
    plan = report.decision.plan if report is not None else None
    if plan is None:
        return given
    told = plan.model_dump(
        mode="json",
        include={"description", "order_type", "work_class", "steps", "materials",
                 "estimated_hours", "due_at"},
        exclude_none=True,
    )  # fmt: skip
    mode = report.failure_mode if report is not None else None
    return given | told | ({"failure_mode": mode} if mode else {})


async def _standing(turn: Turn) -> str:
    """The alert that is meant. Raises `CannotSay` where several may be."""
    if turn.asked.trace_id is not None:
        return turn.asked.trace_id
    if turn.asked.devices or turn.asked.unheard:
        device = await turn.device()
        seen = turn.need(
            await turn.ledger.call(AlertHistory.list_alerts, standing=True, device_id=device)
        )
        if len(seen.alerts) > 1:
            rows = replies_plant.alerts(seen, turn.language, turn.zone)
            raise CannotSay(joined(turn.say("Which alert do you mean?", "请问是哪个报警？"), rows))
        if not seen.alerts:
            name = plain(device)
            raise CannotSay(turn.say(f"No alert of {name} stands.", f"{name} 没有未恢复的报警。"))
        return seen.alerts[0].trace_id
    return await the_alert(turn)
