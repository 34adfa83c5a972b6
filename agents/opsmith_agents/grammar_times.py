"""The times that a question names: a length, a day, a time of day."""

import re

from opsmith_agents import grammar_slots as slots


def minutes_in(text: str, *, words: bool = True) -> int | None:
    """The length of time that is named, in minutes.

    Args:
        text: The question.
        words: Take `last week` for one too.

    >>> minutes_in("last 3 hours"), minutes_in("过去十二小时"), minutes_in("半小时")
    (180, 720, 30)
    >>> minutes_in("two days"), minutes_in("this week"), minutes_in("pump 2")
    (2880, 10080, None)
    """
    for minutes, unit in slots.SPANS:
        # A year's number before a month's is no length.
        pattern = rf"(?<![\d:])({slots.NUMBER}|\b(?:{'|'.join(slots.WORD_NUMBERS)})\b)\s*(?:{unit})"
        hit = re.search(pattern, text, re.IGNORECASE)
        if hit and not re.search(r"\d{4}年?$", text[: hit.start()]):
            return max(1, round(_number(hit.group(1)) * minutes))
    if not words:
        return None
    for minutes, pattern in slots.WORD_SPANS:
        if re.search(pattern, text, re.IGNORECASE):
            return minutes
    return None


def day_in(text: str) -> int | None:
    """The day that is named, from today.

    >>> day_in("the day before yesterday"), day_in("昨天的报警"), day_in("today"), day_in("")
    (-2, -1, 0, None)
    """
    return next(
        (day for day, pattern in slots.DAYS if re.search(pattern, text, re.IGNORECASE)), None
    )


def clock_in(text: str) -> tuple[int, int] | None:
    """A time of day, as hour and minute.

    >>> clock_in("up to 11:30"), clock_in("at 3 pm"), clock_in("14点半"), clock_in("line 3")
    ((11, 30), (15, 0), (14, 30), None)
    """
    hit = re.search(slots.CLOCK, text, re.IGNORECASE)
    if hit is None:
        return None
    hours, minutes, twelve, half, han, past = hit.groups()
    hour = int(hours or twelve or han)
    if half is not None:
        hour = hour % 12 + 12 * (half.lower() == "pm")
    minute = 30 if past == "半" else int(minutes or past or 0)
    return (hour, minute) if hour < 24 and minute < 60 else None


def _number(said: str) -> float:
    if said.lower() in slots.WORD_NUMBERS:
        return slots.WORD_NUMBERS[said.lower()]
    if re.fullmatch(r"[\d.]+", said):
        return float(said)
    tens, ten, ones = said.partition("十")
    if not ten:
        return slots.HAN[said]
    return 10 * (slots.HAN[tens] if tens else 1) + (slots.HAN[ones] if ones else 0)
