"""What the assistant says of reports, orders, forecasts and knowledge, in Markdown."""

from datetime import tzinfo

from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Diagnosis
from opsmith_agents.reply_words import (
    caveat,
    channel,
    joined,
    listed,
    moment,
    plain,
    quantity,
    say,
    signed,
    table,
    word,
)
from opsmith_mcp.alert_history import ReportView
from opsmith_mcp.forecasting import FailureForecast
from opsmith_mcp.knowledge import EntryView, KnowledgeHits
from opsmith_mcp.work_orders import OrderLine, WorkOrderList, WorkOrderView


def report(seen: ReportView, language: Language, zone: tzinfo) -> str:
    """The stored report on an alert, as it was checked: nothing is diagnosed here."""
    trace = plain(seen.trace_id)
    if seen.report is None:
        return say(language, f"No report on alert {trace} yet.", f"报警 {trace} 尚无诊断报告。")
    stored, diagnosis = seen.report, seen.report.diagnosis
    head = say(
        language,
        f"**{plain(diagnosis.cause)}**\n\nReport, version {stored.version}, on alert {trace} of "
        f"{plain(stored.device_id)}, by {plain(stored.llm_model)}, "
        f"{moment(stored.created_at, zone)}. Severity {stored.severity}, confidence "
        f"{diagnosis.confidence:.0%}, category {word(language, stored.fault_category)}.",
        f"**{plain(diagnosis.cause)}**\n\n报警 {trace}（{plain(stored.device_id)}）第 "
        f"{stored.version} 版报告，出自{word(language, stored.llm_model)}，"
        f"{moment(stored.created_at, zone)}。严重程度{word(language, stored.severity)}，"
        f"置信度 {diagnosis.confidence:.0%}，类别{word(language, stored.fault_category)}。",
    )
    supposed = say(language, "supposed: ", "推断：")
    claims = "\n".join(
        f"- {supposed if one.kind == 'hypothesis' else ''}{plain(one.text)} "
        f"({', '.join(one.evidence)})"
        for one in diagnosis.claims
    )
    labels = say(language, "Now,For good,Confirm by,Decision", "立即,根治,确认方法,决定").split(",")
    texts = (
        diagnosis.immediate_action, diagnosis.lasting_action, diagnosis.confirm_by,
        stored.decision.reason,
    )  # fmt: skip
    todo = [f"- {label}: {plain(text)}" for label, text in zip(labels, texts, strict=True) if text]
    return joined(
        head,
        _hypotheses(diagnosis, language),
        claims,
        "\n".join(todo),
        _coverage(diagnosis, language),
        caveat(language, seen),
    )


def _hypotheses(diagnosis: Diagnosis, language: Language) -> str:
    if not diagnosis.hypotheses:
        return ""
    heads = say(language, "Candidate,Probability,Standing", "可能原因,概率,结论").split(",")
    rows = [
        [plain(one.name), f"{one.probability:.0%}", word(language, one.standing)]
        for one in diagnosis.hypotheses[:5]
    ]
    return table(heads, rows)


def _coverage(diagnosis: Diagnosis, language: Language) -> str:
    seen = diagnosis.coverage
    labels = say(language, "Checked,Empty,Stale,Unavailable", "已查,无结果,陈旧,无法查询")
    parts = (seen.checked, seen.empty, seen.stale, seen.unavailable)
    lines = [
        f"{label}: {', '.join(tools)}"
        for label, tools in zip(labels.split(","), parts, strict=True)
        if tools
    ]
    return f"*{'; '.join(lines)}*" if lines else ""


def orders(seen: WorkOrderList, language: Language, zone: tzinfo, *, by_due: bool = False) -> str:
    """Work orders, the newest first, or the one that is due first."""
    if not seen.orders:
        return say(language, "No such work order.", "没有相应工单。")
    heads = say(
        language,
        "Order,Device,Priority,Status,Due,Reviewed by,What",
        "工单,设备,优先级,状态,期限,审核人,内容",
    ).split(",")
    rows = [
        [
            plain(one.order_no),
            plain(one.device_id),
            one.priority.value,
            word(language, one.status.value),
            moment(one.due_at, zone),
            plain(one.reviewed_by or say(language, "nobody yet", "尚无人")),
            plain(_short(one.description)),
        ]
        for one in (sorted(seen.orders, key=_due) if by_due else seen.orders)
    ]
    head = say(language, f"{seen.total} work order(s):", f"共 {seen.total} 个工单：")
    return joined(head, table(heads, rows), caveat(language, seen))


def _due(one: OrderLine) -> tuple[bool, str]:
    return one.due_at is None, "" if one.due_at is None else one.due_at.isoformat()


def order(seen: WorkOrderView, language: Language, zone: tzinfo) -> str:
    """One work order whole."""
    one = seen.order
    hours = "-" if one.estimated_hours is None else f"{one.estimated_hours:g}"
    head = (
        f"**{plain(one.order_no)}** {plain(one.device_id)}, {one.order_type}, "
        f"{one.priority.value}, {word(language, one.status.value)}"
    )
    facts = say(
        language,
        f"Due {moment(one.due_at, zone)}; {hours} h estimated; "
        f"reviewed by {plain(one.reviewed_by or 'nobody yet')}; "
        f"alert {plain(one.trace_id or '-')}.",
        f"期限 {moment(one.due_at, zone)}；预计 {hours} 小时；"
        f"审核人 {plain(one.reviewed_by or '尚无')}；报警 {plain(one.trace_id or '-')}。",
    )
    steps = "\n".join(f"{n}. {plain(step)}" for n, step in enumerate(one.steps, 1))
    parts = listed(language, [f"{plain(m.part)} x {m.quantity:g}" for m in one.materials])
    needs = say(language, f"Parts: {parts}.", f"备件：{parts}。") if parts else ""
    return joined(head, facts, plain(one.description), steps, needs, caveat(language, seen))


def forecast(seen: FailureForecast, language: Language) -> str:
    """When a device's channels pass their limits."""
    device = plain(seen.device_id)
    if seen.probability_24h is None or seen.probability_7d is None:
        head = say(language, f"No forecast for {device}.", f"{device} 暂无法预测。")
    else:
        head = say(
            language,
            f"{device} passes a rated limit within 24 h with {seen.probability_24h:.0%}, within 7 "
            f"days with {seen.probability_7d:.0%}, if it goes on as it does.",
            f"若趋势不变，{device} 在 24 小时内超过额定限值的概率为 {seen.probability_24h:.0%}，"
            f"7 天内为 {seen.probability_7d:.0%}。",
        )
    over = [channel(language, one.channel) for one in seen.channels if one.hours == 0]
    if over:
        names = listed(language, over)
        head = say(
            language,
            f"{device} is past its rated limit already: {names}.",
            f"{device} 已超过额定限值：{names}。",
        )
    heads = say(
        language,
        "Channel,Now,Limit,Trend per hour,Hours to limit (80 % interval)",
        "通道,当前,限值,每小时趋势,距限值小时数（80 % 区间）",
    ).split(",")
    rows = [
        [
            channel(language, one.channel),
            quantity(one.now, one.unit),
            quantity(one.limit, one.unit),
            signed(one.slope_per_hour, one.unit),
            say(
                language,
                f"not within {seen.horizon_hours:g}",
                f"{seen.horizon_hours:g} 小时内不会",
            )
            if one.hours is None
            else say(language, "past it now", "已超过")
            if one.hours == 0
            else f"{one.hours:.1f} ({_hours(one.hours_low)} … {_hours(one.hours_high)})",
        ]
        for one in seen.channels
    ]
    return joined(head, table(heads, rows) if rows else "", caveat(language, seen))


def _hours(value: float | None) -> str:
    return "∞" if value is None else f"{value:.1f}"


def knowledge(seen: KnowledgeHits, language: Language) -> str:
    """Entries that were found."""
    if not seen.hits:
        return say(language, "Nothing found in the knowledge base.", "知识库中没有找到。")
    cause, remedy = say(language, "Symptoms,Remedy", "症状,处理").split(",")
    return joined(
        *(
            f"**{plain(one.name)}** ({one.entry_id}, {word(language, one.category)}, "
            f"{word(language, one.severity)})\n\n"
            f"- {cause}: {plain(one.symptoms)}\n- {remedy}: {plain(one.solution)}"
            for one in seen.hits
        ),
        say(
            language,
            f"*The best {len(seen.hits)} of {seen.total}.*",
            f"*共 {seen.total} 条，列出最相符的 {len(seen.hits)} 条。*",
        )
        if seen.total > len(seen.hits)
        else "",
    )


def entry(seen: EntryView, language: Language) -> str:
    """One failure mode whole."""
    labels = say(
        language,
        "Symptoms,Cause,Now,Remedy,Confirm by,Prevention",
        "症状,原因,立即,处理,确认方法,预防",
    ).split(",")
    texts = (
        seen.symptoms, seen.root_cause, seen.immediate_action, seen.solution, seen.confirm_by,
        seen.prevention,
    )  # fmt: skip
    lines = [f"- {label}: {plain(text)}" for label, text in zip(labels, texts, strict=True) if text]
    needs = say(
        language,
        f"{seen.hours:g} h of work{', with lock-out' if seen.lockout else ''}.",
        f"工时 {seen.hours:g} 小时{'，需上锁挂牌' if seen.lockout else ''}。",
    )
    head = f"**{plain(seen.name)}** ({seen.entry_id}, {word(language, seen.category)})"
    return joined(head, "\n".join(lines), needs)


def _short(text: str, most: int = 90) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
