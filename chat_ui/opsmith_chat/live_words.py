"""What a conversation is told without asking: a new alert, its report in short, a flood in one."""

from collections import Counter
from collections.abc import Sequence
from datetime import tzinfo

from opsmith.domain.alerts import Alert, AlertLevel
from opsmith.domain.base import Language
from opsmith.domain.diagnoses import DiagnosisReport
from opsmith_agents.reply_words import (
    channel,
    joined,
    listed,
    moment,
    plain,
    prose,
    quantity,
    say,
    table,
    word,
)
from opsmith_mcp.alert_history import AlertLine, AlertView

_CHANNELS = 3
_DEVICES = 8


def alert_text(
    seen: AlertView,
    report: DiagnosisReport | None,
    language: Language,
    zone: tzinfo,
    rose_from: AlertLevel | None = None,
) -> str:
    """One alert as it is told, in Markdown.

    Args:
        seen: The alert as it is now.
        report: The newest on it; None: it comes yet.
        language: Of the text.
        zone: Of the times.
        rose_from: Level that it had when it was seen before; None: it is new.
    """
    alert = seen.alert
    level, kind = alert.alert_level.value, word(language, alert.alert_type)
    device = plain(alert.device_id)
    head = say(
        language,
        f"**New alert {level}: {device}, {kind}**",
        f"**新报警 {level}：{device}，{kind}**",
    )
    if rose_from is not None:
        head = say(
            language,
            f"**Alert rose from {rose_from} to {level}: {device}, {kind}**",
            f"**报警由 {rose_from} 升至 {level}：{device}，{kind}**",
        )
    return joined(head, _seen(alert, language, zone), _report(seen, report, language))


def flood_text(lines: Sequence[AlertLine], language: Language, zone: tzinfo) -> str:
    """Many alerts in one, counted by level and by device.

    Args:
        lines: All that are in it, in any order.
        language: Of the text.
        zone: Of the times.
    """
    levels = Counter(one.alert_level for one in lines)
    counted = listed(language, [f"{level.value} × {levels[level]}" for level in sorted(levels)])
    start = moment(min(one.first_seen for one in lines), zone)
    head = say(
        language,
        f"**Alert flood: {len(lines)} new alerts since {start}** ({counted})",
        f"**报警泛滥：自 {start} 起共 {len(lines)} 个新报警**（{counted}）",
    )
    devices: dict[str, list[AlertLine]] = {}
    for line in lines:
        devices.setdefault(line.device_id, []).append(line)
    worst = sorted(
        devices.items(), key=lambda item: (min(one.alert_level for one in item[1]), item[0])
    )
    rows = [
        [
            plain(device),
            min(one.alert_level for one in own).value,
            str(len(own)),
            listed(language, sorted({word(language, one.alert_type) for one in own})),
        ]
        for device, own in worst[:_DEVICES]
    ]
    heads = say(language, "Device,Level,Alerts,Types", "设备,级别,报警数,类型").split(",")
    more = ""
    if len(worst) > _DEVICES:
        left = len(worst) - _DEVICES
        more = say(language, f"And {left} more devices.", f"另有 {left} 台设备。")
    ask = say(
        language,
        "They are told here in one, not one by one. *Which alerts stand now?* lists them.",
        "不再逐条提示，合并于此。可问“当前有哪些报警？”查看全部。",
    )
    return joined(head, table(heads, rows), more, ask)


def _seen(alert: Alert, language: Language, zone: tzinfo) -> str:
    """What deviates, in a line."""
    worst = sorted(alert.deviations, key=lambda one: -one.share)[:_CHANNELS]
    parts: list[str] = []
    for one in worst:
        if one.value is None:
            continue
        named = f"{channel(language, one.channel)} {quantity(one.value, one.unit)}"
        if one.limit is not None:
            limit = quantity(one.limit, one.unit)
            named += say(language, f" (limit {limit})", f"（限值 {limit}）")
        elif one.expected is not None:
            expected = quantity(one.expected, one.unit)
            named += say(language, f" (expected {expected})", f"（预期 {expected}）")
        parts.append(named)
    since = moment(alert.onset, zone)
    when = say(language, f"deviates since {since}", f"偏离始于 {since}")
    line = listed(language, [*parts, when])
    return joined(line, prose(alert.message) if alert.message else "")


def _report(seen: AlertView, report: DiagnosisReport | None, language: Language) -> str:
    trace = plain(seen.alert.trace_id)
    if report is None:
        return say(
            language,
            f"*The report on {trace} is being written; it will stand here.*",
            f"*{trace} 的诊断报告正在生成，生成后显示于此。*",
        )
    diagnosis = report.diagnosis
    cause, by = prose(diagnosis.cause), word(language, plain(report.llm_model))
    grave, sure = word(language, report.severity), f"{diagnosis.confidence:.0%}"
    lines = [
        say(
            language,
            f"- Cause: {cause} (severity {grave}, confidence {sure}, by {by})",
            f"- 原因：{cause}（严重程度{grave}，置信度 {sure}，出自{by}）",
        )
    ]
    if diagnosis.immediate_action:
        action = prose(diagnosis.immediate_action)
        lines.append(say(language, f"- Now: {action}", f"- 立即：{action}"))
    if seen.orders:
        numbers = listed(language, [plain(one.order_no) for one in seen.orders])
        lines.append(say(language, f"- Work order: {numbers}", f"- 工单：{numbers}"))
    ask = say(
        language,
        f"*report on {trace}* shows it whole, with its evidence.",
        f"可问“{trace} 的报告”查看全文与证据。",
    )
    return joined("\n".join(lines), ask)
