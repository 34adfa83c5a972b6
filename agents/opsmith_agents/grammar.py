"""What a question asks for: a grammar of intents in English and Chinese, for when no LLM is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from opsmith.domain.base import Language

Intent = Literal[
    "help", "devices", "status", "trend", "alerts", "why", "orders", "create_order", "forecast",
    "knowledge", "unknown",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Named:
    """A device by the names that people use."""

    device_id: str
    device_name: str = ""
    device_type: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, as far as it was understood."""

    intent: Intent
    language: Language
    devices: tuple[str, ...] = ()
    """Ids that it may mean; more than one: it is open which."""
    unheard: str | None = None
    """What looks like a device's id, but is none that is known."""
    device_type: str | None = None
    channel: str | None = None
    trace_id: str | None = None
    order_no: str | None = None
    minutes: int | None = None
    """Length of the window asked for."""
    words: str = ""
    """What to search the knowledge for."""


_INTENTS: tuple[tuple[Intent, str], ...] = (
    (
        "create_order",
        r"\b(create|raise|make|open|write|issue)\b (me )?(a |an |the |new )*(work ?)?order\b"
        r"|(新建|创建|开具|开一?[个张]|下一?[个张]?|生成|派)\s*(维修|检修)?(工单|派工单)",
    ),
    (
        "help",
        r"^\W*(help|hi|hello|hey|帮助|你好|您好)\b|what can you|how do i use|who are you"
        r"|^\W*[?？]\W*$|^(帮助|你好|您好)|你能|能做什么|会什么|怎么用|如何使用|使用说明",
    ),
    ("orders", r"\bwork ?orders?\b|\borders?\b|\bjobs?\b|\bWO-\d|工单|派工|维修单"),
    (
        "forecast",
        r"\bforecast|\bpredict|\bprognos|\bremaining\b|\bRUL\b|\bhow long\b|\bwhen will\b"
        r"|\bwill .*\b(fail|last|exceed|reach|break)|预测|寿命|预计|还能(用|运行|撑|跑|坚持)"
        r"|多久(会|后|坏|超)|何时会|什么时候会|会不会(坏|超)|趋势预报",
    ),
    (
        "why",
        r"\bAL-\d{8}-|\bwhy\b|\bdiagnos|\b(root )?causes?\b|\breport\b|\bevidence\b|\bexplain\b"
        r"|\bwhat happened\b|为什么|为何|原因|诊断|报告|怎么回事|怎么了|依据|证据|解释",
    ),
    (
        "knowledge",
        r"\bhow (do|to|can|should)\b|\bfix(es|ing)?\b|\brepair|\bremed(y|ies)\b|\bsymptoms?\b"
        r"|\bknowledge\b|\bmanual\b|\bprocedure\b|\bsearch\b|\blook up\b|\bfailure modes?\b"
        r"|知识|手册|处理|维修|检修|怎么修|怎么办|如何修|方案|症状|故障模式|搜索|查询.*资料",
    ),
    (
        "trend",
        r"\btrends?\b|\bchart|\bplot|\bgraph|\bcurve|\bdraw\b|\bhistory of (?!alert)"
        r"|趋势|曲线|图|走势|变化|历史数据",
    ),
    (
        "alerts",
        r"\balerts?\b|\balarms?\b|\bfaults?\b|\bproblems?\b|\bissues?\b|\bwrong\b|\bstanding\b"
        r"|\babnormal|\banomal|报警|报警|警报|警告|异常|故障|问题|不正常",
    ),
    (
        "status",
        r"\bstatus\b|\bstate\b|\bhealth|\bhow (is|are|'s)\b|\bhow's\b|\brunning\b|\bokay?\b"
        r"|\bdoing\b|\bcondition\b|\bnameplate\b|\blimits?\b|\breadings?\b|\bvalues?\b"
        r"|状态|状况|情况|怎么样|如何|正常吗|运行|铭牌|额定|读数|还好吗",
    ),
    (
        "devices",
        r"\bdevices?\b|\bmachines?\b|\bequipment\b|\bassets?\b|\bpumps\b|\bmotors\b"
        r"|\bcompressors\b|\bfans\b|设备|机器|机组|台账",
    ),
)

_CHANNELS: tuple[tuple[str, str], ...] = (
    (
        "fluid_temperature",
        r"\bfluid[ _]temp(erature)?\b|(介质|流体|液体|油)温度?",
    ),
    ("vibration_velocity", r"\bvibration[ _]velocity\b|振动(速度|烈度)"),
    ("temperature", r"\btemp(erature)?s?\d*\b|\bhow hot\b|温度|多热|发热|过热"),
    ("vibration", r"\bvibrations?\d*\b|\bvibrates?\b|\bvibrating\b|振动|震动|抖动"),
    ("pressure", r"\bpressures?\d*\b|压力"),
    (
        "current",
        r"\bcurrent\d*\b(?!,? *(alert|alarm|status|state|situation|work|order|value|reading"
        r"|problem|fault|condition))|\bamps?\b|\bamperage\b|电流",
    ),
    ("voltage", r"\bvoltages?\d*\b|电压"),
    ("flow", r"\bflow( ?rate)?\d*\b|流量"),
    ("speed", r"\bspeed\d*\b|\brpm\b|转速"),
    ("power", r"\bpower\d*\b|功率"),
)

_TYPES = (
    ("pump", r"\bpumps?\b|水泵|油泵|泵"),
    ("motor", r"\bmotors?\b|电动机|电机|马达"),
    ("compressor", r"\bcompressors?\b|空压机|压缩机"),
    ("fan", r"\bfans?\b|\bblowers?\b|鼓风机|引风机|风机|风扇"),
    ("gearbox", r"\bgear ?box(es)?\b|齿轮箱|减速机|减速箱"),
    ("conveyor", r"\bconveyors?\b|输送机|皮带机|传送带"),
    ("valve", r"\bvalves?\b|阀门|阀"),
)
"""Words for device classes; what stands in Chinese is put into English before ids are sought."""

_SPANS: tuple[tuple[int, str], ...] = (
    (1, r"minutes?|mins?\b|分钟"),
    (60, r"hours?|hrs?\b|h\b|个?小时"),
    (1440, r"days?|d\b|天|日"),
    (10080, r"weeks?|个?(?:星期|周)"),
    (43200, r"months?|个?月"),
)
_WORD_SPANS = (
    (60, r"\b(last|past) hour\b|(上|近|过去|最近)一?个?小时"),
    (1440, r"\btoday\b|\b(last|past) day\b|今天|今日|当天"),
    (2880, r"\byesterday\b|昨天"),
    (10080, r"\b(this|last|past) week\b|[本这上]周|一周|[本这上]个?星期"),
    (43200, r"\b(this|last|past) month\b|[本这上]个?月"),
)
_HAN = {char: number for number, char in enumerate("零一二三四五六七八九十")} | {"两": 2, "半": 0.5}
_NOISE = re.compile(
    r"\b(how|do|does|did|i|to|can|should|we|you|the|a|an|of|for|on|in|is|are|what|which|search|find"
    r"|look|up|show|tell|me|about|please|knowledge|base|manual|procedure|fix|repair|failure|modes?"
    r"|causes?|symptoms?|remedy|remedies|with|it)\b"
    r"|请问?|帮我|我想|搜索|查询|查找|查一?下|一下|知识库?|手册|资料|应该|怎么|如何|怎样|处理|维修"
    r"|检修|修理?|办|什么|有哪些|关于|的|了|吗|呢|方案|症状|故障模式|是",
    re.IGNORECASE,
)


_ID = re.compile(r"(?<![\w-])(?!(?:AL|WO)-)[A-Za-z]{1,20}[ _-]?\d{1,6}[A-Za-z]?\b")
_NO_ID = r"^(last|past|next|in|for|over|within|top|the|of|and|to|at|[vp]|line|version)[ _-]?\d"


def language_of(text: str) -> Language:
    """Chinese where there is a Chinese character, else English.

    >>> language_of("PUMP_01 怎么样")
    'zh'
    """
    return "zh" if re.search(r"[\u4e00-\u9fff]", text) else "en"


def understand(text: str, devices: Sequence[Named] = ()) -> Question:
    """Say what a question asks for, as far as the grammar goes.

    >>> asked = understand("Trend of vibration of pump 1, last 3 hours", [Named("PUMP_01")])
    >>> asked.intent, asked.devices, asked.channel, asked.minutes
    ('trend', ('PUMP_01',), 'vibration', 180)
    >>> understand("1号泵为什么报警？", [Named("PUMP_01")]).intent
    'why'
    """
    plain = _in_english(text)
    found = _devices_in(plain, text, devices)
    device_type = next((name for name, pattern in _TYPES if _has(pattern, text)), None)
    unheard = None
    if not found:
        typed = [one.device_id for one in devices if one.device_type.lower() == device_type]
        id_like = _ID.search(plain)
        if id_like and not _has(_NO_ID, id_like.group()):
            unheard = id_like.group()
        elif device_type is not None:
            found = typed
    named = bool(unheard) or len(found) == 1
    channel = next((name for name, pattern in _CHANNELS if _has(pattern, text)), None)
    if channel is not None and (number := re.search(rf"{channel}[ _]?(\d)\b", text, re.I)):
        channel += number.group(1)
    trace = re.search(r"\bAL-\d{8}-[0-9a-f]{10}", text, re.I)
    order = re.search(r"\bWO-\d{8}-\d+", text, re.I)
    return Question(
        intent=_intent(text, named, channel),
        language=language_of(text),
        devices=tuple(found),
        unheard=unheard,
        device_type=device_type,
        channel=channel,
        trace_id="AL-" + trace.group()[3:].lower() if trace else None,
        order_no=order.group().upper() if order else None,
        minutes=_minutes(text),
        words=" ".join(_NOISE.sub(" ", text).split()).strip(" ?？.。!！,，"),
    )


def _has(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE) is not None


def _intent(text: str, device: bool, channel: str | None) -> Intent:
    said: Intent | None = next((name for name, said in _INTENTS if _has(said, text)), None)
    if said == "alerts" and device and _has(r"\bwrong\b|\bproblems?\b|问题|故障", text):
        return "why"
    if said in (None, "status", "devices") and channel is not None:
        return "trend"
    if said is None or (said == "devices" and device):
        return "status" if device else "unknown"
    return said


def _in_english(text: str) -> str:
    for name, pattern in _TYPES:
        text = re.sub(pattern, f" {name} ", text, flags=re.IGNORECASE)
    return re.sub(r"(?<![\d.])(\d+)\s*(?:号|#)\s*([A-Za-z]+)", r"\2 \1", text)


def _devices_in(plain: str, text: str, devices: Sequence[Named]) -> list[str]:
    """The devices that are named, by id or by name; of overlapping ones the longest alone."""
    spans: list[tuple[int, int, str]] = []
    for one in devices:
        runs = re.findall(r"[A-Za-z]+|\d+|[^\W\d_a-zA-Z]+", one.device_id)
        parts = [rf"0*{int(run)}" if run.isdigit() else re.escape(run) for run in runs]
        between = r"[\s_\-#./]*(?:no\.?|number|号)?\s*"
        pattern = rf"(?<![A-Za-z0-9]){between.join(parts)}(?![A-Za-z0-9]|[_-]\d)"
        if parts and (hit := re.search(pattern, plain, re.IGNORECASE)):
            spans.append((*hit.span(), one.device_id))
        elif len(one.device_name) > 1 and one.device_name.lower() in text.lower():
            start = text.lower().index(one.device_name.lower())
            spans.append((start, start + len(one.device_name), one.device_id))
    longest = [
        one
        for one in spans
        if not any(
            other is not one
            and other[0] <= one[0]
            and one[1] <= other[1]
            and other[1] - other[0] > one[1] - one[0]
            for other in spans
        )
    ]
    return [device_id for *_, device_id in sorted(longest)]


def _minutes(text: str) -> int | None:
    for minutes, words in _SPANS:
        hit = re.search(rf"(\d+(?:\.\d+)?|[一二两三四五六七八九十半])\s*(?:{words})", text, re.I)
        if hit and not re.search(r"\d{4}年?$", text[: hit.start()]):
            amount = hit.group(1)
            number = _HAN[amount] if amount in _HAN else float(amount)
            return max(1, round(number * minutes))
    return next((minutes for minutes, words in _WORD_SPANS if _has(words, text)), None)
