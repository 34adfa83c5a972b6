"""The card that a person confirms: exactly what will happen, written by code alone."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from opsmith.domain.base import Language
from opsmith_agents.proposed import LIFE, NEEDS
from opsmith_agents.reply_words import duration, joined, moment, plain, say, word

_TITLES: Mapping[str, tuple[str, str]] = {
    "create_work_order": ("Create a work order", "新建工单"),
    "acknowledge_alert": ("Acknowledge an alert", "确认报警"),
    "shelve_alert": ("Shelve an alert", "搁置报警"),
    "update_work_order": ("Change a work order", "更改工单"),
    "start_work_order": ("Start a work order", "开始工单"),
    "review_knowledge": ("Review an entry of the knowledge", "审核知识条目"),
    "update_device_status": ("Change the status of a device", "更改设备状态"),
}


def card(
    tool: str,
    arguments: Mapping[str, Any],
    facts: Sequence[str],
    language: Language,
    drafted_by: str = "rules",
    otherwise: Mapping[str, Any] | None = None,
) -> str:
    """Write a card.

    Args:
        tool: That will be called.
        arguments: That it will be called with, JSON values.
        facts: What it does and what it meets, a Markdown line each.
        language: Of the card.
        drafted_by: Name of the LLM, or `rules`.
        otherwise: Arguments of the other decision that a person has.
    """
    en, zh = _TITLES[tool]
    title = say(language, f"**{en}** — nothing is done yet", f"**{zh}**（尚未执行）")
    role = word(language, NEEDS[tool].name.lower())
    life = duration(LIFE.total_seconds(), language)
    who = say(
        language,
        f"A person with the role {role} or above may confirm it, within {life}; a model cannot.",
        f"须由角色为{role}或以上的人员在 {life}内确认；模型无法确认。",
    )
    by = ""
    if drafted_by != "rules":
        by = say(
            language,
            f"Filled in by the model {drafted_by}: read it before you confirm.",
            f"内容由模型 {drafted_by} 填写，确认前请核对。",
        )
    exact = say(language, "The exact call:", "将执行的调用：")
    calls = call_text(tool, arguments)
    if otherwise is not None:
        exact = say(language, "One of these exact calls:", "将执行以下调用之一：")
        calls += f"\n{call_text(tool, otherwise)}"
    return joined(
        title,
        "\n".join(f"- {fact}" for fact in facts),
        f"{exact}\n\n```\n{calls}\n```",
        by,
        who,
    )


def call_text(tool: str, arguments: Mapping[str, Any]) -> str:
    r"""A call as it will be made, in a form that no text in it can break out of.

    >>> call_text("acknowledge_alert", {"trace_id": "AL-`1`"})
    'acknowledge_alert {"trace_id": "AL-\\u00601\\u0060"}'
    """
    shown = json.dumps(dict(arguments), ensure_ascii=False)
    for sign in "`<>\u2028\u2029\u202e\u202d\u2066\u2067":
        shown = shown.replace(sign, f"\\u{ord(sign):04x}")
    return f"{tool} {shown}"


def done(tool: str, result: Mapping[str, Any], language: Language, zone: tzinfo) -> str:
    """What came of a confirmed call, from what the tool answered."""
    if (waits := result.get("proposal")) is not None:
        number = waits["proposal_id"]
        return say(
            language,
            f"Not done yet: it waits as {number} for a person with more rights to confirm it.",
            f"尚未执行：已作为 {number} 等待有权限的人员确认。",
        )
    match tool:
        case "create_work_order":
            order = result["order"]
            number, device = order["order_no"], order["device_id"]
            if not result.get("created"):
                return say(
                    language,
                    f"No new order: **{number}** on {device} answers this already.",
                    f"未新建：{device} 的 **{number}** 已对应此事。",
                )
            return say(
                language,
                f"Done: work order **{number}** on {device} is created.",
                f"已完成：已为 {device} 新建工单 **{number}**。",
            )
        case "acknowledge_alert":
            alert = result["alert"]
            return say(
                language,
                f"Done: {alert['trace_id']} is acknowledged by {alert['acknowledged_by']}.",
                f"已完成：{alert['trace_id']} 已由 {alert['acknowledged_by']} 确认。",
            )
        case "shelve_alert":
            alert = result["alert"]
            until = alert.get("shelved_until")
            ends = moment(datetime.fromisoformat(until), zone) if until else "-"
            return say(
                language,
                f"Done: {alert['trace_id']} is shelved until {ends}.",
                f"已完成：{alert['trace_id']} 已搁置至 {ends}。",
            )
        case "update_work_order" | "start_work_order":
            order = result["order"]
            number, level = order["order_no"], order["priority"]
            state, who = word(language, order["status"]), plain(order.get("assigned_to") or "-")
            return say(
                language,
                f"Done: work order **{number}** is {state}, {level}, assigned to {who}.",
                f"已完成：工单 **{number}** 现为{state}，{level}，负责人 {who}。",
            )
        case "review_knowledge":
            entry, state = result["entry_id"], word(language, result["entry_state"])
            return say(
                language,
                f"Done: the entry `{entry}` is {state.lower()}.",
                f"已完成：知识条目 `{entry}` 现为{state}。",
            )
        case _:
            device = result["device"]
            state = word(language, device["status"])
            return say(
                language,
                f"Done: {device['device_id']} is {state}.",
                f"已完成：{device['device_id']} 现为{state}。",
            )
