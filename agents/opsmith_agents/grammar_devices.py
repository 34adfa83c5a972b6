"""The devices that a question names, by id, by name or by class and number."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from opsmith_agents import grammar_slots as slots

ID = re.compile(r"(?<![\w-])(?!(?:AL|WO)-)[A-Za-z]{1,20}[ _-]?\d{1,6}[A-Za-z]?\b")
_NO_ID = r"^(last|past|next|in|for|over|within|top|the|of|and|to|at|[vp]|line|version)[ _-]?\d"
_HAN_DIGITS = {han: str(number) for number, han in enumerate("零一二三四五六七八九")} | {"十": "10"}


@dataclass(frozen=True, slots=True)
class Named:
    """A device by the names that people use."""

    device_id: str
    device_name: str = ""
    device_type: str = ""


def in_english(text: str) -> str:
    """The text with classes in English, and numbers behind them: `pump 1` for `1号泵`."""
    for name, pattern in slots.TYPES:
        text = re.sub(pattern, f" {name} ", text, flags=re.IGNORECASE)
    text = re.sub(r"([一二三四五六七八九十])(?=号)", lambda hit: _HAN_DIGITS[hit.group()], text)
    words = "|".join(slots.WORD_NUMBERS)
    text = re.sub(
        rf"\b(pump|motor|compressor|fan|line) +({words})\b",
        lambda hit: f"{hit[1]} {slots.WORD_NUMBERS[hit[2].lower()]}",
        text,
        flags=re.IGNORECASE,
    )
    return re.sub(r"(?<![\d.])(\d+)\s*(?:号|#)\s*([A-Za-z]+)", r"\2 \1", text)


def devices_in(plain: str, text: str, devices: Sequence[Named]) -> list[str]:
    """The devices that are named, by id or by name; of overlapping ones the longest alone."""
    spans: list[tuple[int, int, str]] = []
    for one in devices:
        pattern = _id_said(one.device_id, one.device_type)
        hit = pattern.search(plain) if pattern else None
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


# A plant has more devices than `re` keeps patterns: they would be made anew with each question.
@lru_cache(maxsize=10_000)
def _id_said(device_id: str, device_type: str) -> re.Pattern[str] | None:
    """How an id is said."""
    runs = re.findall(r"[A-Za-z]+|\d+|[^\W\d_a-zA-Z]+", device_id)
    if not runs:
        return None
    parts = [rf"0*{int(run)}" if run.isdigit() else re.escape(run) for run in runs]
    between = r"[\s_\-#./]*(?:no\.?|number|号)?\s*"
    said = between.join(parts)
    if len(runs) == 2 and device_type and runs[1].isdigit():
        # COMP_01 is also compressor 1; who has no such id is asked which is meant.
        said += rf"|{re.escape(device_type)}{between}{parts[1]}"
    return re.compile(rf"(?<![A-Za-z0-9])(?:{said})(?![A-Za-z0-9]|[_-]\d)", re.IGNORECASE)


@lru_cache(maxsize=10_000)
def _name_said(name: str) -> tuple[re.Pattern[str], ...]:
    """How a name is said, in each of its languages."""
    names = [
        [re.escape(sign) for sign in one if not sign.isspace()]
        for one in re.split(r"\s+/\s+", name)
    ]
    return tuple(
        re.compile(r"\s*".join(signs) + r"(?![0-9])", re.IGNORECASE)
        for signs in names
        if len(signs) > 1
    )


def _name_in(text: str, name: str) -> re.Match[str] | None:
    """Where a device's name stands, in one of its languages, blanks aside."""
    hits = (pattern.search(text) for pattern in _name_said(name))
    return next((hit for hit in hits if hit), None)


def without_names(text: str, devices: Sequence[Named]) -> str:
    """The text without the ids and names as they are written."""
    for one in devices:
        for written in _written(one):
            text = written.sub(" ", text)
    return text


@lru_cache(maxsize=10_000)
def _written(one: Named) -> tuple[re.Pattern[str], ...]:
    names = (one.device_id, *re.split(r"\s+/\s+", one.device_name))
    return tuple(re.compile(re.escape(name), re.IGNORECASE) for name in names if name)


def may_be_id(text: str, devices: Sequence[Named]) -> bool:
    """Whether it is one rather than a word and a number."""
    if re.search(_NO_ID, text, re.IGNORECASE):
        return False
    words = {name for name, _ in slots.TYPES}
    words |= {run.lower() for one in devices for run in re.findall("[A-Za-z]+", one.device_id)}
    return " " not in text or text.split()[0].lower() in words
