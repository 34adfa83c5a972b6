"""Figures, times, names and tables in the assistant's Markdown."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, tzinfo

from opsmith.domain.base import Language, State, ToolResult
from opsmith_agents.reply_notes import in_signs, note_in_chinese
from opsmith_agents.wording import channel_name, term
from opsmith_agents.wording_sentences import TERMS

_SHOWN = {"Cel": "°C", "[g]": "g", "/min": "rpm", "1": "", "K": "K"}

_ZH = {
    "pump": "泵", "motor": "电机", "compressor": "压缩机", "fan": "风机", "unknown": "未知",
    "RUNNING": "运行", "STOPPED": "停机", "MAINTENANCE": "检修", "RETIRED": "退役",
    "normal": "正常", "unacknowledged": "未确认", "acknowledged": "已确认",
    "returned_to_normal_unacknowledged": "已恢复未确认", "shelved": "已搁置",
    "suppressed_by_design": "设计抑制", "out_of_service": "停用",
    "OPEN": "待处理", "IN_PROGRESS": "进行中", "COMPLETED": "已完成", "CANCELLED": "已取消",
    "ACCEPTED": "已接受", "REJECTED": "已拒绝",
    "CRITICAL": "危急", "HIGH": "高", "MEDIUM": "中", "LOW": "低",
    "supported": "支持", "refuted": "排除", "untested": "未检验",
    "bearing": "轴承", "rotor": "转子", "seal": "密封", "hydraulic": "水力", "process": "工艺",
    "cooling": "冷却", "lubrication": "润滑", "electrical": "电气", "structure": "结构",
    "sensor": "传感器", "control": "控制", "rules": "规则", "gearbox": "齿轮箱",
    "conveyor": "输送机", "valve": "阀门", "EMERGENCY": "紧急", "PLANNED": "计划",
    "INSPECTION": "点检", "level": "水平", "spread": "波动", "peak": "尖峰", "appeared": "新出现",
    "gone": "已消失", "viewer": "查看者", "operator": "操作员", "engineer": "工程师",
    "admin": "管理员", "maintenance": "检修", "rate_limit": "限流", "flood": "报警泛滥",
    "collector": "采集器中断", "retired": "退役",
    "empty": "无结果", "stale": "数据陈旧", "truncated": "未列全", "unavailable": "无法查询",
}  # fmt: skip


def say(language: Language, en: str, zh: str) -> str:
    """The one of the two that the language wants."""
    return zh if language == "zh" else en


def word(language: Language, code: str) -> str:
    """A code of ours as people say it; one that we do not know stays as it is.

    >>> word("zh", "OPEN"), word("en", "out_of_service"), word("zh", "over_temp")
    ('待处理', 'out of service', '超温')
    """
    if language == "zh" and code in _ZH:
        return _ZH[code]
    if code in TERMS and code != "unknown":
        return term(code, language)
    return plain(code.replace("_", " ") if code.islower() else code)


def channel(language: Language, name: str) -> str:
    """A channel as people call it."""
    return plain(channel_name(name, language))


def plain(text: str) -> str:
    r"""Foreign text in one line that neither marks up nor links anything.

    >>> plain("see [here](http://x)\n|")
    'see \\[here\\](http://x) \\|'
    """
    shown = "".join(
        sign if unicodedata.category(sign) not in ("Cc", "Cf", "Cs") else " " for sign in text
    )
    return re.sub(r"([\\`*\[\]<|])", r"\\\1", " ".join(shown.split()))


def prose(text: str) -> str:
    r"""Foreign text like `plain`, its units as people write them.

    >>> prose("above 80 Cel [see]")
    'above 80 °C \\[see\\]'
    """
    return plain(in_signs(text))


def not_found_in_chinese(said: str) -> str:
    """What a tool could not find, in Chinese.

    >>> not_found_in_chinese("No device 'PMUP_01'; did you mean 'PUMP_01'?")
    "没有找到：设备 'PMUP_01'。是否指 'PUMP_01'？"
    """
    hit = re.match(r"No (device|alert|work order|channel) ('[^']*')", said)
    if hit is None:
        return f"没有找到：{said}"
    kind = {"device": "设备", "alert": "报警", "work order": "工单", "channel": "通道"}[hit[1]]
    meant = re.search(r"did you mean ('[^']*')", said)
    return f"没有找到：{kind} {hit[2]}。" + (f"是否指 {meant[1]}？" if meant else "")


def quantity(value: float | None, unit: str | None) -> str:
    """A value to four digits, with its unit as people write it.

    >>> quantity(92.418, "Cel"), quantity(None, "A"), quantity(12345.6, None)
    ('92.42 °C', '-', '12346')
    """
    if value is None:
        return "-"
    number = f"{value:.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"
    return f"{number} {unit_sign(unit)}".strip()


def unit_sign(unit: str | None) -> str:
    """A UCUM code as people write it."""
    return "" if unit is None else _SHOWN.get(unit, plain(unit))


def signed(value: float | None, unit: str | None) -> str:
    """The same, with its sign: a slope or a change."""
    return "-" if value is None else ("+" if value >= 0 else "") + quantity(value, unit)


def moment(at: datetime | None, zone: tzinfo) -> str:
    """A point in time to the second, in a zone, with the zone's name."""
    return "-" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"


def duration(seconds: float | None, language: Language) -> str:
    """A length of time, to two places.

    >>> duration(7530, "en"), duration(42, "zh"), duration(None, "en")
    ('2 h 5 min', '42 秒', '-')
    """
    if seconds is None:
        return "-"
    whole = max(round(seconds), 0)
    second, minute, hour, day = say(language, "s,min,h,d", "秒,分钟,小时,天").split(",")
    if whole < 60:
        return f"{whole} {second}"
    if whole < 3600:
        return f"{whole // 60} {minute}"
    if whole < 86400:
        rest = f" {whole % 3600 // 60} {minute}" if whole % 3600 >= 60 else ""
        return f"{whole // 3600} {hour}{rest}"
    rest = f" {whole % 86400 // 3600} {hour}" if whole % 86400 >= 3600 else ""
    return f"{whole // 86400} {day}{rest}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; its cells are Markdown already."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def listed(language: Language, items: Sequence[str]) -> str:
    """Items in one line."""
    return say(language, ", ", "、").join(items)


def caveat(language: Language, result: ToolResult) -> str:
    """What a reader must know of how complete a result is, or nothing."""
    if result.state is State.OK:
        return ""
    note = result.note or ""
    if language == "zh":
        note = note_in_chinese(note, result.state)
    note = plain(note)
    if result.state is State.EMPTY:
        return f"*{note}*" if note else ""
    return f"*{word(language, result.state.value)}{': ' if note else ''}{note}*"


def joined(*parts: str) -> str:
    """Paragraphs; empty ones fall away."""
    return "\n\n".join(part for part in parts if part)
