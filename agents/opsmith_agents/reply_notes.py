"""The tools' notes in Chinese, and units in foreign texts as people write them."""

import re

from opsmith.domain.base import State

_TIME = r"(\d{4}-\d\d-\d\dT[\d:.+Z-]+)"
_NOTES: tuple[tuple[str, str], ...] = (
    (rf"No reading so early; the first is at {_TIME}\.", r"此前没有读数；最早的读数在 \1。"),
    (r"No reading of (\S+) has ever come in; .*?\.", r"\1 从未有过读数；请检查采集器。"),
    (
        rf"No reading in this window; the last was at {_TIME}, .*?\.",
        r"该时段没有读数；最近一次在 \1，可加长时段。",
    ),
    (
        rf"The last reading was at {_TIME}, .*? down\.",
        r"最近读数在 \1：传感器或采集器可能已中断。",
    ),
    (r"RUNNING, but no reading lately: ([^.]*)\.", r"处于运行状态但近期无读数：\1。"),
    (r"(\d+) to (\d+) of (\d+)\b[^.]*\.", r"第 \1 至 \2 条，共 \3 条。"),
    (r"No reading in the window that it is held against; .*?\.", r"对比时段没有读数。"),
    (r"Its maintenance ended at (\S+): .*?\.", r"检修已于 \1 到期，报警已恢复发出。"),
    (r"(\S+) has no rated limit registered: .*?\.", r"\1 没有登记额定限值，无从预测。"),
    (r"Too few readings for a forecast; .*?\.", r"读数太少，无法预测。"),
    (r"No other .*? with readings in the window .*?\.", r"该时段没有其他同类设备的读数。"),
    (r"(\d+) of (\d+) (channels|peers|gaps|pairs) are shown; .*?\.", r"列出 \2 项中的 \1 项。"),
    (r"The readings cannot be reached: .*? fine\.", r"读数无法查询，不能视为正常。"),
    (r"(What is measured|The age of readings) is not known: .*?\.", r"读数无法查询。"),
    (r"No alert of .*? in this window\.|No such (alert|device|work order)\b.*?\.", ""),
    (r"Only the newest readings were judged, .*?\.", r"只判断了最新的读数。"),
)
_STATES = {
    State.EMPTY: "没有结果。", State.STALE: "数据可能不是最新。", State.TRUNCATED: "未全部列出。",
    State.UNAVAILABLE: "无法查询，不能视为正常。",
}  # fmt: skip


def note_in_chinese(note: str, state: State) -> str:
    """What a tool noted, in Chinese; what is not known in Chinese falls away.

    >>> note_in_chinese("1 to 20 of 35; go on with next_cursor.", State.TRUNCATED)
    '第 1 至 20 条，共 35 条。'
    >>> note_in_chinese("Something that nobody put into Chinese.", State.STALE)
    '数据可能不是最新。'
    """
    said: list[str] = []
    for pattern, chinese in _NOTES:
        for hit in re.finditer(pattern, note):
            said.append(hit.expand(chinese))
    known = "".join(dict.fromkeys(said))
    if known or any(re.fullmatch(pattern, note) for pattern, _ in _NOTES):
        return known
    return _STATES.get(state, "")


def in_signs(text: str) -> str:
    """A text with UCUM codes behind its numbers as people write them.

    >>> in_signs("80 Cel, 0.5 [g], 1480 /min, 3 L/min, over 5 Cel per hour")
    '80 °C, 0.5 g, 1480 rpm, 3 L/min, over 5 °C per hour'
    """
    text = re.sub(r"\bCel\b", "°C", text)
    text = re.sub(r"\[g\]", "g", text)
    return re.sub(r"(?<=\d)( ?)/min\b", r" rpm", text)
