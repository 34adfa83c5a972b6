"""The frame of `opsmith top` as plain text."""

from collections.abc import Sequence
from datetime import timedelta

from rich.cells import cell_len

from opsmith.app.top import Top, TopAlert, TopModel
from opsmith.domain.base import Language, State
from opsmith_tui.figures import age, channel_name, deviation_text, plain, zoned
from opsmith_tui.overview_words import SIGNS, STATUSES
from opsmith_tui.system_words import CIRCUITS
from opsmith_tui.wording import SHORT_STATES, TYPES, Texts, Wording

SILENT = 20
"""Silent devices that the frame names; JSON names all."""
GAP = "  "

TOP: Texts = {
    "devices": ("Devices", "设备"),
    "alerts": ("Alerts", "报警"),
    "orders": ("Work orders", "工单"),
    "stores": ("Stores", "存储"),
    "llm": ("LLM", "大模型"),
    "silent": ("Silent", "无数据"),
    "open": ("{count} open, {overdue} overdue", "未完成 {count}，逾期 {overdue}"),
    "standing": ("{count} standing", "未恢复 {count}"),
    "none": ("no alert stands", "没有未恢复的报警"),
    "more": ("and {count} more", "另有 {count} 台"),
    "unknown": ("not known: the readings cannot be reached", "未知：无法访问读数"),
    "admins": ("for admins alone", "仅管理员可见"),
    "answers": ("ok", "正常"),
    "fails": ("DOES NOT ANSWER", "无应答"),
    "level": ("Lvl", "级别"),
    "device": ("Device", "设备"),
    "type": ("Type", "类型"),
    "state": ("State", "状态"),
    "age": ("Age", "已持续"),
    "channel": ("Main channel", "主要通道"),
}


def frame(top: Top, language: Language) -> str:
    """The frame as text, without colours; each row is one line."""
    words = Wording(language)
    lines = [f"opsmith top  {zoned(top.as_of)}", ""]
    facts = [("devices", _devices(top, words)), ("alerts", _levels(top, words))]
    orders = words(TOP, "open", count=top.orders_open, overdue=top.orders_overdue)
    facts += [("orders", orders), ("stores", _stores_text(top, words))]
    if top.llm:
        facts.append(("llm", _llm_text(top.llm, words)))
    if top.silent is None:
        facts.append(("silent", f"✗ {words(TOP, 'unknown')}"))
    elif top.silent:
        facts.append(("silent", _silent_text(top, words)))
    labels = [(words(TOP, label), text) for label, text in facts]
    wide = max(cell_len(label) for label, _ in labels)
    lines += [f"{_filled(label, wide)}{GAP}{text}" for label, text in labels]
    if top.alerts:
        lines += ["", *_table(top, words)]
    return "\n".join(line.rstrip() for line in lines)


def _devices(top: Top, words: Wording) -> str:
    parts = [
        f"{SIGNS[status.value]} {words(STATUSES, status.value)} {count}"
        for status, count in top.by_status.items()
    ]
    if top.silent:
        parts.append(f"{SIGNS['SILENT']} {words(TOP, 'silent').casefold()} {top.silent}")
    return GAP.join((str(top.devices), *parts))


def _levels(top: Top, words: Wording) -> str:
    if not top.standing:
        return words(TOP, "none")
    levels = (f"{level.value} {count}" for level, count in top.by_level.items())
    return GAP.join((words(TOP, "standing", count=top.standing), *levels))


def _stores_text(top: Top, words: Wording) -> str:
    if top.stores is None:
        return words(TOP, "admins")
    told = list[str]()
    for one in top.stores:
        fails = one.state is State.UNAVAILABLE
        says = words(TOP, "fails" if fails else "answers")
        text = f"{'✗' if fails else '✓'} {plain(one.store)} {says}"
        told.append(f"{text} ({_one_line(one.note)})" if one.note else text)
    return GAP.join(told)


def _llm_text(models: Sequence[TopModel], words: Wording) -> str:
    told = list[str]()
    for one in models:
        known = one.circuit in CIRCUITS
        said = words(CIRCUITS, one.circuit) if known else plain(one.circuit)
        told.append(f"{plain(one.model)} {said}")
    return GAP.join(told)


def _silent_text(top: Top, words: Wording) -> str:
    names = [_one_line(name) for name in top.silent_devices[:SILENT]]
    more = (top.silent or 0) - len(names)
    return ", ".join(names) + (f" {words(TOP, 'more', count=more)}" if more > 0 else "")


def _table(top: Top, words: Wording) -> list[str]:
    columns = ("level", "device", "type", "state", "age", "channel")
    rows = [tuple(words(TOP, column) for column in columns)]
    rows += [_row(one, words) for one in top.alerts]
    wide = [max(cell_len(row[c]) for row in rows) for c in range(len(columns))]
    return [GAP.join(_filled(cell, wide[c]) for c, cell in enumerate(row)) for row in rows]


def _row(one: TopAlert, words: Wording) -> tuple[str, ...]:
    channel, most = "-" if one.channel is None else channel_name(one.channel, words), one.deviation
    return (
        one.alert_level.value,
        _one_line(one.device_id),
        words(TYPES, one.alert_type),
        "-" if one.state is None else words(SHORT_STATES, one.state),
        age(timedelta(seconds=one.age_seconds), words.language),
        channel if most is None or most.value is None else _one_line(deviation_text(most, words)),
    )


def _one_line(text: str) -> str:
    return plain(text).replace("\n", " ")


def _filled(text: str, wide: int) -> str:
    return text + " " * (wide - cell_len(text))
