"""What a shift hands over to the next, in Markdown, in both languages."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from opsmith.domain.alerts import AlertLevel, AlertState
from opsmith.domain.base import Language
from opsmith.domain.devices import DeviceStatus
from opsmith_agents.evidence import Found
from opsmith_agents.replies_many import silent
from opsmith_agents.replies_plant import alert_rows
from opsmith_agents.replies_work import order_rows
from opsmith_agents.reply_words import duration, joined, listed, moment, plain, say, word
from opsmith_mcp.alert_history import AlertList
from opsmith_mcp.device_registry import DeviceList
from opsmith_mcp.device_views import PlantTree
from opsmith_mcp.proposals import ProposalList
from opsmith_mcp.work_orders import WorkOrderList

_URGENT = (AlertLevel.P0, AlertLevel.P1)
_MOST = 10
"""Rows of one part."""


@dataclass(frozen=True, slots=True)
class Handover:
    """What the tools answered about a shift."""

    start: datetime
    end: datetime
    raised: Found[AlertList]
    standing: Found[AlertList]
    opened: Found[WorkOrderList]
    closed: Found[WorkOrderList]
    overdue: Found[WorkOrderList]
    unreviewed: Found[WorkOrderList]
    tree: Found[PlantTree]
    proposals: Found[ProposalList]
    registry: DeviceList


def handover_text(
    seen: Handover, why_not: Callable[[Found[Any]], str], language: Language, zone: tzinfo
) -> str:
    """The whole of it; a tool that did not answer is named, never taken for nothing.

    Args:
        seen: What the tools answered.
        why_not: Says why one did not.
        language: Of the text.
        zone: Of the times.
    """
    length = duration((seen.end - seen.start).total_seconds(), language)
    head = say(
        language,
        f"**Handover**, {moment(seen.start, zone)} to {moment(seen.end, zone)} ({length})",
        f"**交接班小结**，{moment(seen.start, zone)} 至 {moment(seen.end, zone)}（{length}）",
    )
    return joined(
        head,
        _urgent(seen, why_not, language, zone),
        _raised(seen, why_not, language),
        _orders(seen, why_not, language, zone),
        _devices(seen, why_not, language),
        _waits(seen, why_not, language),
    )


def _urgent(
    seen: Handover, why_not: Callable[[Found[Any]], str], language: Language, zone: tzinfo
) -> str:
    if seen.standing.result is None:
        return why_not(seen.standing)
    standing = seen.standing.result
    urgent = [one for one in standing.alerts if one.alert_level in _URGENT]
    urgent.sort(key=lambda one: (one.alert_level, one.first_seen))
    less = standing.total - len(urgent)
    line = say(
        language,
        f"**Standing P0/P1: {len(urgent)}**; of lower level: {less}.",
        f"**未恢复的 P0/P1 报警：{len(urgent)}**；较低级别：{less}。",
    )
    quiet = sum(standing.held_back.values())
    held = ""
    if quiet:
        held = say(language, f"Held back: {quiet}.", f"被抑制：{quiet}。")
    return joined(line, alert_rows(tuple(urgent[:_MOST]), language, zone), held)


def _raised(seen: Handover, why_not: Callable[[Found[Any]], str], language: Language) -> str:
    if seen.raised.result is None:
        return why_not(seen.raised)
    rows = [one for one in seen.raised.result.alerts if one.first_seen >= seen.start]
    levels = Counter(one.alert_level.value for one in rows)
    devices = Counter(plain(one.device_id) for one in rows)
    counted = listed(language, [f"{level} {n}" for level, n in sorted(levels.items())])
    most = listed(language, [f"{name} {n}" for name, n in devices.most_common(3)])
    if not rows:
        return say(language, "New alerts: none.", "新报警：无。")
    more = "+" if seen.raised.result.next_cursor else ""
    cleared = sum(one.cleared_at is not None for one in rows)
    return say(
        language,
        f"**New alerts: {len(rows)}{more}** ({counted}); {cleared} cleared since; most on {most}.",
        f"**新报警：{len(rows)}{more}**（{counted}）；{cleared} 个已恢复；最多的设备：{most}。",
    )


def _orders(
    seen: Handover, why_not: Callable[[Found[Any]], str], language: Language, zone: tzinfo
) -> str:
    parts: list[str] = []
    for found, en, zh in (
        (seen.opened, "Orders opened", "新建工单"),
        (seen.closed, "Orders closed", "关闭工单"),
        (seen.overdue, "Orders overdue", "逾期工单"),
    ):
        if found.result is None:
            parts.append(why_not(found))
            continue
        total = found.result.total
        head = say(language, f"**{en}: {total}**", f"**{zh}：{total}**")
        parts.append(joined(head, order_rows(found.result.orders[:_MOST], language, zone)))
    return joined(*parts)


def _devices(seen: Handover, why_not: Callable[[Found[Any]], str], language: Language) -> str:
    down = [
        f"{plain(one.device_id)} ({word(language, one.status.value)})"
        for one in seen.registry.devices
        if one.status in (DeviceStatus.STOPPED, DeviceStatus.MAINTENANCE)
    ]
    out = ""
    if down:
        names = listed(language, down)
        out = say(language, f"Not running: {names}.", f"未运行：{names}。")
    if seen.tree.result is None:
        return joined(out, why_not(seen.tree))
    return joined(out, silent(seen.tree.result, language))


def _waits(seen: Handover, why_not: Callable[[Found[Any]], str], language: Language) -> str:
    lines: list[str] = []
    if (standing := seen.standing.result) is not None:
        unseen = [one for one in standing.alerts if one.state is AlertState.UNACKNOWLEDGED]
        if unseen:
            names = listed(language, [plain(one.trace_id) for one in unseen[:_MOST]])
            lines.append(
                say(
                    language,
                    f"{len(unseen)} alert(s) to acknowledge: {names}",
                    f"{len(unseen)} 个报警待确认：{names}",
                )
            )
    if seen.unreviewed.result is None:
        lines.append(why_not(seen.unreviewed))
    elif total := seen.unreviewed.result.total:
        names = listed(
            language, [plain(one.order_no) for one in seen.unreviewed.result.orders[:_MOST]]
        )
        lines.append(
            say(
                language,
                f"{total} order(s) that nobody reviewed: {names}",
                f"{total} 个工单尚无人审核：{names}",
            )
        )
    if seen.proposals.result is None:
        # Who only looks has no proposals; that none are shown does not say that there are none.
        lines.append(
            say(
                language,
                "proposals are not shown to who only looks: `opsmith proposals list`",
                "提议不向只读用户显示，请用 `opsmith proposals list` 查看",
            )
        )
    elif seen.proposals.result.proposals:
        waiting = seen.proposals.result.proposals
        names = listed(language, [plain(one.proposal_id) for one in waiting])
        lines.append(
            say(
                language,
                f"{len(waiting)} proposal(s) to confirm or reject: {names}",
                f"{len(waiting)} 项提议待确认或拒绝：{names}",
            )
        )
    head = say(language, "**Waits for a person:**", "**等待人工处理：**")
    if not lines:
        return head + say(language, " nothing.", "无。")
    return joined(head, "\n".join(f"- {line}" for line in lines))
