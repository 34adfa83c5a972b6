"""What the assistant says of orders, forecasts and knowledge, in Markdown, in both languages."""

from collections.abc import Sequence
from datetime import tzinfo

from opsmith.domain.base import Language
from opsmith.domain.forecasts import TimeToLimit
from opsmith_agents.reply_words import (
    caveat,
    channel,
    joined,
    listed,
    moment,
    plain,
    prose,
    quantity,
    say,
    signed,
    table,
    word,
)
from opsmith_mcp.forecasting import FailureForecast
from opsmith_mcp.knowledge import EntryView, KnowledgeHits
from opsmith_mcp.manuals import PassageHit
from opsmith_mcp.work_orders import OrderLine, WorkOrderList, WorkOrderView


def orders(seen: WorkOrderList, language: Language, zone: tzinfo, *, by_due: bool = False) -> str:
    """Work orders, the newest first, or the one that is due first."""
    if not seen.orders:
        return say(language, "No such work order.", "没有相应工单。")
    head = say(language, f"{seen.total} work order(s):", f"共 {seen.total} 个工单：")
    rows = order_rows(sorted(seen.orders, key=_due) if by_due else seen.orders, language, zone)
    return joined(head, rows, caveat(language, seen))


def order_rows(orders: Sequence[OrderLine], language: Language, zone: tzinfo) -> str:
    """Orders as a table, in the order given; nothing where there is none."""
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
            prose(_short(one.description)),
        ]
        for one in orders
    ]
    return table(heads, rows) if rows else ""


def _due(one: OrderLine) -> tuple[bool, str]:
    return one.due_at is None, "" if one.due_at is None else one.due_at.isoformat()


def order(seen: WorkOrderView, language: Language, zone: tzinfo) -> str:
    """One work order whole."""
    one = seen.order
    hours = "-" if one.estimated_hours is None else f"{one.estimated_hours:g}"
    head = (
        f"**{plain(one.order_no)}** {plain(one.device_id)}, {word(language, one.order_type)}, "
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
    steps = "\n".join(f"{n}. {prose(step)}" for n, step in enumerate(one.steps, 1))
    parts = listed(language, [f"{plain(m.part)} x {m.quantity:g}" for m in one.materials])
    needs = say(language, f"Parts: {parts}.", f"备件：{parts}。") if parts else ""
    return joined(head, facts, prose(one.description), steps, needs, caveat(language, seen))


def forecast(
    seen: FailureForecast, language: Language, wanted: Sequence[TimeToLimit] | None = None
) -> str:
    """When a device's channels, or those that are wanted, pass their limits."""
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
        for one in (seen.channels if wanted is None else wanted)
    ]
    return joined(head, table(heads, rows) if rows else "", caveat(language, seen))


def _hours(value: float | None) -> str:
    return "∞" if value is None else f"{value:.1f}"


def knowledge(seen: KnowledgeHits, language: Language) -> str:
    """Entries that were found."""
    if not seen.hits and not seen.passages:
        return say(language, "Nothing found in the knowledge base.", "知识库中没有找到。")
    cause, remedy = say(language, "Symptoms,Remedy", "症状,处理").split(",")
    return joined(
        *(
            f"**{plain(one.name)}** ({one.entry_id}, {word(language, one.category)}, "
            f"{word(language, one.severity)})\n\n"
            f"- {cause}: {prose(one.symptoms)}\n- {remedy}: {prose(one.solution)}"
            for one in seen.hits
        ),
        say(
            language,
            f"*The best {len(seen.hits)} of {seen.total}.*",
            f"*共 {seen.total} 条，列出最相符的 {len(seen.hits)} 条。*",
        )
        if seen.total > len(seen.hits)
        else "",
        *(_quoted(one, language) for one in seen.passages),
    )


def _quoted(one: PassageHit, language: Language) -> str:
    """A passage of one of the plant's documents, with where it stands."""
    where = [plain(one.document)]
    if one.page is not None:
        where.append(say(language, f"page {one.page}", f"第 {one.page} 页"))
    if one.heading:
        where.append(plain(one.heading))
    return f"**{', '.join(where)}** ({one.uri})\n\n> {prose(one.quote)}"


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
    lines = [f"- {label}: {prose(text)}" for label, text in zip(labels, texts, strict=True) if text]
    needs = say(
        language,
        f"{seen.hours:g} h of work{', with lock-out' if seen.lockout else ''}.",
        f"工时 {seen.hours:g} 小时{'，需上锁挂牌' if seen.lockout else ''}。",
    )
    head = f"**{plain(seen.name)}** ({seen.entry_id}, {word(language, seen.category)})"
    return joined(head, "\n".join(lines), needs)


def _short(text: str, most: int = 90) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
