"""What a question asks for: a grammar of intents in English and Chinese, for when no LLM is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Language
from opsmith.domain.work_orders import OrderStatus
from opsmith_agents import grammar_slots as slots
from opsmith_agents.grammar_devices import (
    ID,
    Named,
    devices_in,
    in_english,
    may_be_id,
    without_names,
)
from opsmith_agents.grammar_times import clock_in, day_in, minutes_in
from opsmith_agents.grammar_typos import mended
from opsmith_agents.grammar_words import INTENTS, Intent

__all__ = ["Named", "Question", "has", "language_of", "rest", "understand"]


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, as far as it was understood."""

    intent: Intent
    language: Language
    is_said: bool = False
    """The intent is in its words; else it follows from what the question is about."""
    devices: tuple[str, ...] = ()
    """Ids that it may mean; more than one: it is open which, unless they are named."""
    are_named: bool = False
    """The devices are named one by one, not as a class."""
    unheard: str | None = None
    """What looks like a device's id, but is none that is known."""
    device_type: str | None = None
    channels: tuple[str, ...] = ()
    trace_id: str | None = None
    order_no: str | None = None
    minutes: int | None = None
    """Length of the window asked for."""
    day: int | None = None
    """A day of the plant's calendar, from today: 0, -1."""
    at: tuple[int, int] | None = None
    """Hour and minute up to which to look, where a time of day is named."""
    against: str | None = None
    """What to compare with: yesterday, last_week, peers, before."""
    line: str | None = None
    state: str | None = None
    """Of devices in a list: RUNNING, STOPPED or MAINTENANCE."""
    is_silent: bool = False
    """Devices are asked for that send nothing."""
    runs_again: bool = False
    """A maintenance is to end."""
    level: AlertLevel | None = None
    """Of alerts, or of an order that is to be made."""
    is_unseen: bool = False
    """Alerts are asked for that nobody acknowledged."""
    order_status: OrderStatus | str | None = None
    """Or UNDONE."""
    overdue: bool = False
    by_due: bool = False
    """Orders are asked for by when they are due."""
    words: str = ""
    """What to search the knowledge for."""
    is_now: bool = False
    """The present is asked for by its name."""
    has_pronoun: bool = False
    has_other: bool = False
    """The other one is meant, of two."""
    follows: bool = False
    """It goes on from the question before, by its words."""
    is_bare: bool = False
    """Beside what it is about it says nothing."""

    @property
    def channel(self) -> str | None:
        """The first channel that is named."""
        return self.channels[0] if self.channels else None

    @property
    def has_time(self) -> bool:
        """A time is named, if only the present."""
        return self.is_now or (self.minutes, self.day, self.at) != (None, None, None)


_LONGEST = 600
"""Characters that are looked at: more is no question."""
_WHICH = r"\b(which|what|list|how many)\b|哪些|多少台"
_WRONG = r"\bwrong\b|\bproblems?\b|\bunusual\b|\bstrange\b|\babnormal|问题|故障|异常|不正常"


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
    language = language_of(text)
    text = mended(" ".join(text[:_LONGEST].split()))
    plain = in_english(text)
    found = devices_in(plain, text, devices)
    device_type = next((name for name, pattern in slots.TYPES if has(pattern, text)), None)
    are_named = bool(found)
    unheard = None
    line = _first_group(slots.LINE, text)
    if not found:
        typed = [one.device_id for one in devices if one.device_type.lower() == device_type]
        id_like = ID.search(plain)
        if id_like and id_like.group() != line and may_be_id(id_like.group(), devices):
            unheard = id_like.group()
        elif device_type is not None:
            found = typed
    channels = _channels(text)
    against = next((name for name, pattern in slots.AGAINST if has(pattern, text)), None)
    level = next((level for level, pattern in slots.LEVELS if has(pattern, text)), None)
    intent, is_said = _intent(text, found, are_named, channels, heard=not unheard, level=level)
    if intent != "compare":
        against = None
    trace = re.search(r"\bAL-\d{8}-[0-9a-f]{10}", text, re.I)
    order = re.search(r"\bWO-\d{8}-\d+", text, re.I)
    return Question(
        intent=intent,
        language=language,
        is_said=is_said,
        devices=tuple(found),
        are_named=are_named,
        unheard=unheard,
        device_type=device_type,
        channels=channels,
        trace_id="AL-" + trace.group()[3:].lower() if trace else None,
        order_no=order.group().upper() if order else None,
        minutes=minutes_in(text, words=against is None),
        day=day_in(text) if against is None else None,
        at=clock_in(text),
        against=against,
        line=line.upper() if line else None,
        state=next((name for name, pattern in slots.STATES if has(pattern, text)), None),
        is_silent=has(slots.SILENT, text),
        runs_again=has(slots.RUN_AGAIN, text),
        level=level,
        is_unseen=has(slots.UNSEEN, text),
        order_status=next((one for one, said in slots.ORDER_STATES if has(said, text)), None),
        overdue=has(slots.OVERDUE, text),
        by_due=has(slots.DUE, text),
        words=" ".join(slots.NOISE.sub(" ", text).split()).strip(" ?？.。!！,，"),
        is_now=has(slots.NOW, text),
        has_pronoun=has(slots.PRONOUN, text),
        has_other=has(slots.OTHER, text),
        follows=has(slots.FOLLOWS, text),
        is_bare=not rest(plain, devices),
    )


def has(pattern: str, text: str) -> bool:
    """Whether a pattern stands anywhere in a text, in any case."""
    return re.search(pattern, text, re.IGNORECASE) is not None


def rest(text: str, devices: Sequence[Named] = ()) -> str:
    """What a question says beside what the grammar knows.

    >>> rest("is it ok now?"), rest("今天天气怎么样"), rest("how is the weather")
    ('', '天气', 'weather')
    """
    for pattern in _KNOWN:
        text = pattern.sub(" ", text)
    text = _FILLERS.sub(" ", without_names(text, devices))
    return " ".join(re.sub(r"[\W\d_]+", " ", text).split())


_FILLERS = re.compile(slots.FILLERS, re.IGNORECASE)
_KNOWN = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        ID.pattern,
        r"\b(AL|WO)-\S+",
        *(said for name, said in INTENTS if name not in ("help", "change")),
        *(said for _, said in slots.CHANNELS),
        *(said for _, said in slots.TYPES),
        *(said for _, said in slots.DAYS),
        *(said for _, said in slots.WORD_SPANS),
        *(rf"(?:{slots.NUMBER})\s*(?:{said})" for _, said in slots.SPANS),
        slots.CLOCK,
    )
]


def _channels(text: str) -> tuple[str, ...]:
    """The channels that are named, in the order of the text; of overlapping ones the longest."""
    left, found = text, list[tuple[int, str]]()
    for name, pattern in slots.CHANNELS:
        hit = re.search(pattern, left, re.IGNORECASE)
        if hit is None:
            continue
        numbered = re.search(rf"{name}[ _]?(\d)\b", left, re.I)
        found.append((hit.start(), name + (numbered.group(1) if numbered else "")))
        left = left[: hit.start()] + " " * (hit.end() - hit.start()) + left[hit.end() :]
    return tuple(name for _, name in sorted(found))


def _intent(
    text: str,
    devices: Sequence[str],
    is_named: bool,
    channels: tuple[str, ...],
    *,
    heard: bool,
    level: AlertLevel | None,
) -> tuple[Intent, bool]:
    """What is asked for, and whether its words say so."""
    device, many = len(devices) == 1 or not heard, is_named and len(devices) > 1
    said: Intent | None = next((name for name, said in INTENTS if has(said, text)), None)
    if said == "alerts" and device and has(_WRONG, text):
        return "why", True
    asks_which = said == "status" or (said is None and bool(devices))
    if asks_which and not is_named and has(_WHICH, text):
        return "devices", True
    if said == "overview" and is_named:
        return "status", True
    if said in (None, "status", "devices") and channels:
        return "trend", said is not None
    if said is None and level:
        return "alerts", True
    if said is None or (said == "devices" and is_named):
        if many:
            return "compare", True
        return ("status" if device else "unknown"), False
    return said, True


def _first_group(pattern: str, text: str) -> str | None:
    hit = re.search(pattern, text, re.IGNORECASE)
    return next((group for group in hit.groups() if group), None) if hit else None
