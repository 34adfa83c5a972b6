"""The devices that a question names, by id, by name or by class and number."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

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


def may_be_id(text: str, devices: Sequence[Named]) -> bool:
    """Whether it is one rather than a word and a number."""
    if re.search(_NO_ID, text, re.IGNORECASE):
        return False
    words = {name for name, _ in slots.TYPES}
    words |= {run.lower() for one in devices for run in re.findall("[A-Za-z]+", one.device_id)}
    return " " not in text or text.split()[0].lower() in words
