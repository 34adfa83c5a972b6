"""What a question asks for: a grammar of intents in English and Chinese, for when no LLM is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Language
from opsmith.domain.work_orders import OrderStatus
from opsmith_agents.grammar_words import (
    CHANNELS,
    CLOCK,
    DUE,
    HAN,
    INTENTS,
    LEVELS,
    LINE,
    NOISE,
    ORDER_STATES,
    SPANS,
    STATES,
    TYPES,
    WORD_SPANS,
    Intent,
)


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
    """Ids that it may mean; more than one: it is open which, unless they are named."""
    are_named: bool = False
    """The devices are named one by one, not as a class."""
    unheard: str | None = None
    """What looks like a device's id, but is none that is known."""
    device_type: str | None = None
    channel: str | None = None
    trace_id: str | None = None
    order_no: str | None = None
    minutes: int | None = None
    """Length of the window asked for."""
    at: tuple[int, int] | None = None
    """Hour and minute up to which to look, where a time of day is named."""
    line: str | None = None
    state: str | None = None
    """Of devices in a list: RUNNING, STOPPED or MAINTENANCE."""
    level: AlertLevel | None = None
    """Of alerts."""
    order_status: OrderStatus | None = None
    by_due: bool = False
    """Orders are asked for by when they are due."""
    words: str = ""
    """What to search the knowledge for."""


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
    device_type = next((name for name, pattern in TYPES if _has(pattern, text)), None)
    are_named = bool(found)
    unheard = None
    line = _first_group(LINE, text)
    if not found:
        typed = [one.device_id for one in devices if one.device_type.lower() == device_type]
        id_like = _ID.search(plain)
        if id_like and not _has(_NO_ID, id_like.group()) and id_like.group() != line:
            unheard = id_like.group()
        elif device_type is not None:
            found = typed
    named = bool(unheard) or len(found) == 1
    channel = next((name for name, pattern in CHANNELS if _has(pattern, text)), None)
    if channel is not None and (number := re.search(rf"{channel}[ _]?(\d)\b", text, re.I)):
        channel += number.group(1)
    trace = re.search(r"\bAL-\d{8}-[0-9a-f]{10}", text, re.I)
    order = re.search(r"\bWO-\d{8}-\d+", text, re.I)
    return Question(
        intent=_intent(text, named, channel),
        language=language_of(text),
        devices=tuple(found),
        are_named=are_named,
        unheard=unheard,
        device_type=device_type,
        channel=channel,
        trace_id="AL-" + trace.group()[3:].lower() if trace else None,
        order_no=order.group().upper() if order else None,
        minutes=_minutes(text),
        at=_clock(text),
        line=line.upper() if line else None,
        state=next((name for name, pattern in STATES if _has(pattern, text)), None),
        level=next((level for level, pattern in LEVELS if _has(pattern, text)), None),
        order_status=next((one for one, pattern in ORDER_STATES if _has(pattern, text)), None),
        by_due=_has(DUE, text),
        words=" ".join(NOISE.sub(" ", text).split()).strip(" ?？.。!！,，"),
    )


def _has(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE) is not None


def _intent(text: str, device: bool, channel: str | None) -> Intent:
    said: Intent | None = next((name for name, said in INTENTS if _has(said, text)), None)
    if said == "alerts" and device and _has(r"\bwrong\b|\bproblems?\b|问题|故障", text):
        return "why"
    if (
        said == "status"
        and not device
        and _has(r"\b(which|what|list|how many)\b|哪些|多少台", text)
    ):
        return "devices"
    if said in (None, "status", "devices") and channel is not None:
        return "trend"
    if said is None or (said == "devices" and device):
        return "status" if device else "unknown"
    return said


def _in_english(text: str) -> str:
    for name, pattern in TYPES:
        text = re.sub(pattern, f" {name} ", text, flags=re.IGNORECASE)
    return re.sub(r"(?<![\d.])(\d+)\s*(?:号|#)\s*([A-Za-z]+)", r"\2 \1", text)


def _devices_in(plain: str, text: str, devices: Sequence[Named]) -> list[str]:
    """The devices that are named, by id or by name; of overlapping ones the longest alone."""
    spans: list[tuple[int, int, str]] = []
    for one in devices:
        runs = re.findall(r"[A-Za-z]+|\d+|[^\W\d_a-zA-Z]+", one.device_id)
        parts = [rf"0*{int(run)}" if run.isdigit() else re.escape(run) for run in runs]
        between = r"[\s_\-#./]*(?:no\.?|number|号)?\s*"
        said = between.join(parts)
        if len(runs) == 2 and one.device_type and runs[1].isdigit():
            # COMP_01 is also compressor 1; who has no such id is asked which is meant.
            said += rf"|{re.escape(one.device_type)}{between}{parts[1]}"
        pattern = rf"(?<![A-Za-z0-9])(?:{said})(?![A-Za-z0-9]|[_-]\d)"
        hit = re.search(pattern, plain, re.IGNORECASE) if parts else None
        if hit := hit or _name_in(text, one.device_name):
            spans.append((*hit.span(), one.device_id))
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


def _name_in(text: str, name: str) -> re.Match[str] | None:
    """Where a device's name stands, in one of its languages, blanks aside."""
    for one in re.split(r"\s+/\s+", name):
        signs = [re.escape(sign) for sign in one if not sign.isspace()]
        if len(signs) > 1 and (
            hit := re.search(r"\s*".join(signs) + r"(?![0-9])", text, re.IGNORECASE)
        ):
            return hit
    return None


def _first_group(pattern: str, text: str) -> str | None:
    hit = re.search(pattern, text, re.IGNORECASE)
    return next((group for group in hit.groups() if group), None) if hit else None


def _clock(text: str) -> tuple[int, int] | None:
    """A time of day, as hour and minute.

    >>> _clock("temperature at 11:30"), _clock("at 3 pm"), _clock("14点半"), _clock("line 3")
    ((11, 30), (15, 0), (14, 30), None)
    """
    hit = re.search(CLOCK, text, re.IGNORECASE)
    if hit is None:
        return None
    hours, minutes, twelve, half, han, past = hit.groups()
    hour = int(hours or twelve or han)
    if half is not None:
        hour = hour % 12 + 12 * (half.lower() == "pm")
    minute = 30 if past == "半" else int(minutes or past or 0)
    return (hour, minute) if hour < 24 and minute < 60 else None


def _minutes(text: str) -> int | None:
    for minutes, words in SPANS:
        hit = re.search(rf"(\d+(?:\.\d+)?|[一二两三四五六七八九十半])\s*(?:{words})", text, re.I)
        if hit and not re.search(r"\d{4}年?$", text[: hit.start()]):
            amount = hit.group(1)
            number = HAN[amount] if amount in HAN else float(amount)
            return max(1, round(number * minutes))
    return next((minutes for minutes, words in WORD_SPANS if _has(words, text)), None)
