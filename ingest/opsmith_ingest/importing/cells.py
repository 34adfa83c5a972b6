"""What a cell of a foreign table says: text, a number, a moment, a word of ours."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import cast

from opsmith.domain.units import conversion
from opsmith_ingest.headers import unit_from
from opsmith_ingest.timestamps import ISO, TimeFormat, guess_format

Read = Callable[[object], object]
"""Gives what a cell says, None where it is empty. Raises `ValueError` with the reason."""

_EMPTY = frozenset(
    ["-", "--", "---", "/", "n/a", "#n/a", "na", "null", "none", "nan", "nil", "(null)", "无", "空"]
)
_NO_DATE = re.compile(
    r"[0:./\s-]+|9999.*|31\D12\D9999.*|(0001|1900)\D?0?1\D?0?1(\D.*)?|0?1\D0?1\D(0001|1900).*"
)
"""What systems write where there is no date."""
_NUMBER = re.compile(r"[-+]?(\d[\d.,' \u00a0]*|[.,]\d+)(?:[eE][-+]?\d+)?")
_CLOCK = re.compile(r"(\d{1,4}):([0-5]\d)(?::([0-5]\d))?")
_HOURS = {"min": 1 / 60, "mins": 1 / 60, "minutes": 1 / 60, "分钟": 1 / 60, "分": 1 / 60,
          "h": 1.0, "hr": 1.0, "hrs": 1.0, "hours": 1.0, "hour": 1.0, "小时": 1.0, "时": 1.0,
          "工时": 1.0, "d": 24.0, "day": 24.0, "days": 24.0, "天": 24.0, "日": 24.0,
          "s": 1 / 3600, "sec": 1 / 3600, "seconds": 1 / 3600, "秒": 1 / 3600}  # fmt: skip


def key_of(text: str) -> str:
    """A word without case, brackets and signs, to be looked up.

    >>> key_of("Work-Order No."), key_of("工单 编号")
    ('workorderno', '工单编号')
    """
    return re.sub(r"[\W_]+", "", text.casefold())


def text_of(cell: object) -> str:
    """The text in a cell, without spaces around it; empty where it says that there is none."""
    if cell is None or isinstance(cell, list | dict):
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        cell = int(cell)
    text = str(cell).strip()
    return "" if text.casefold() in _EMPTY else text


def read_text(cell: object) -> str | None:
    """See `Read`."""
    return text_of(cell) or None


def number_reader(decimal_comma: bool, unit: str | None = None, channel: str | None = None) -> Read:
    """Numbers with or without thousands parted, signs of money and units.

    Args:
        decimal_comma: A lone comma parts decimals.
        unit: Of numbers that name none, one of `opsmith.domain.units`; None: the channel's own.
        channel: What the number limits, into whose unit it is converted.
    """

    def read(cell: object) -> float | None:
        if isinstance(cell, int | float) and not isinstance(cell, bool):
            value, written = float(cell), None
        else:
            text = text_of(cell)
            if not text:
                return None
            match = _NUMBER.search(text)
            if match is None:
                raise ValueError(f"{_short(text)} is no number")
            rest = (text[: match.start()] + text[match.end() :]).strip()
            written = unit_from(rest) if rest else None
            if any(sign.isdigit() for sign in rest):
                raise ValueError(f"{_short(text)} is no number")
            value = _plain_number(match[0], decimal_comma)
        if channel is not None and (written or unit):
            factor, offset = conversion(written or unit or "", channel)
            value = round(value * factor + offset, 9)
        if value != value or value in (float("inf"), float("-inf")):
            raise ValueError("it is no finite number")
        return value

    return read


def hours_reader(decimal_comma: bool, unit: str | None) -> Read:
    """Durations in hours; `2:30` is two and a half.

    Args:
        decimal_comma: A lone comma parts decimals.
        unit: What the header says, such as `min`; None: hours.
    """
    number = number_reader(decimal_comma)
    usual = _HOURS.get(key_of(unit or "h"), 1.0)

    def read(cell: object) -> float | None:
        text = text_of(cell)
        clock = _CLOCK.fullmatch(text)
        if clock is not None:
            return int(clock[1]) + int(clock[2]) / 60 + int(clock[3] or 0) / 3600
        said = re.fullmatch(r"[\d.,\s]+([^\d.,\s]+)\.?", text)
        factor = _HOURS.get(said[1].casefold(), usual) if said else usual
        value = cast(float | None, number(cell))
        return None if value is None else round(value * factor, 6)

    return read


def is_decimal_comma(cells: Sequence[object]) -> bool:
    """Whether the numbers of a column are written `1,5`."""
    texts = [text_of(cell) for cell in cells]
    commas = sum(re.search(r"\d,(\d{1,2}|\d{4,})\D*$", text) is not None for text in texts)
    points = sum(re.search(r"\d\.\d+\D*$", text) is not None for text in texts)
    return commas > points


def moment_format(cells: Sequence[object], zone: tzinfo, pattern: str | None) -> TimeFormat:
    """How a column writes moments: as told, else as its cells show, else ISO 8601."""
    if pattern:
        return TimeFormat(pattern, zone)
    dated = [cell for cell in cells if not _NO_DATE.fullmatch(text_of(cell) or "0")]
    return guess_format(dated, zone) or TimeFormat(ISO, zone)


def moment_reader(format_: TimeFormat) -> Read:
    """Moments, UTC."""
    iso = TimeFormat(ISO, format_.zone)

    def read(cell: object) -> datetime | None:
        text = text_of(cell)
        if not text or _NO_DATE.fullmatch(text):
            return None
        for each in (format_, iso):
            try:
                moment = each.read(cell if each.per_second else text).replace(tzinfo=UTC)
            except ValueError:
                continue
            if not 1950 <= moment.year < 2200:
                raise ValueError(f"{_short(text)} is in no year of a plant's life")
            return moment
        raise ValueError(f"{_short(text)} is no time of the form {format_.pattern}")

    return read


def date_reader(format_: TimeFormat) -> Read:
    """Dates, as the plant's calendar has them."""
    read_moment = moment_reader(format_)

    def read(cell: object) -> date | None:
        moment = cast(datetime | None, read_moment(cell))
        return None if moment is None else moment.astimezone(format_.zone).date()

    return read


def word_reader(words: Mapping[str, str], ours: Sequence[str], *, in_parts: bool = False) -> Read:
    """Words that stand for ours.

    Args:
        words: By `key_of` of theirs: ours.
        ours: All that there are, each further on than the one before.
        in_parts: A cell may hold several; the one that is furthest on counts.
    """

    def read(cell: object) -> str | None:
        text = text_of(cell)
        if not text:
            return None
        found = words.get(key_of(text))
        if found is None and in_parts:
            parts = [words[key] for part in text.split() if (key := key_of(part)) in words]
            found = max(parts, key=ours.index, default=None)
        if found is None:
            raise ValueError(f"{_short(text)} is none of {', '.join(ours)}; map it under values")
        return found

    return read


def read_list(cell: object) -> tuple[object, ...] | None:
    """See `Read`: the items of a JSON list, or of a text with ; | 、 or line breaks between."""
    if isinstance(cell, list):
        return tuple(cast(list[object], cell)) or None
    parts = [part.strip() for part in re.split(r"[;|；、\n]+", text_of(cell))]
    return tuple(part for part in parts if part) or None


def read_ids(cell: object) -> tuple[str, ...] | None:
    """See `Read`: ids with anything between that is no part of one."""
    items = read_list(cell) or ()
    parts = [part for item in items for part in re.split(r"[,，\s]+", str(item))]
    return tuple(dict.fromkeys(part for part in parts if part)) or None


def _plain_number(text: str, decimal_comma: bool) -> float:
    text = re.sub(r"[' \u00a0]", "", text)
    comma, point = text.rfind(","), text.rfind(".")
    if comma >= 0 and point >= 0:
        decimal_comma = comma > point
    elif comma >= 0 and not decimal_comma and not re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+", text):
        decimal_comma = text.count(",") == 1
    elif point >= 0 and not (decimal_comma and re.fullmatch(r"[-+]?\d{1,3}(\.\d{3})+", text)):
        decimal_comma = False
    if decimal_comma:
        text = text.replace(".", "").replace(",", ".")
    return float(text.replace(",", "").rstrip("."))


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
