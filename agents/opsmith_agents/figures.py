"""Find what a sentence asserts in particular: numbers with units, times, identifiers, citations."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import zip_longest
from typing import Literal

Kind = Literal["number", "time", "name", "citation"]

PERCENT, SIGMA, RATIO, SECONDS, OTHER = "%", "sigma", "x", "s", "?"
"""Units of a figure beside the UCUM codes; `?` is one that no evidence is measured in."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One particular of a sentence."""

    kind: Kind
    start: int
    end: int
    text: str
    value: float = 0.0
    """Of a number: in `unit`, times converted to seconds."""
    step: float = 1.0
    """Of a number: one unit of its last digit, in `unit`."""
    unit: str | None = None
    """None: it has none, so it counts or compares."""
    signed: bool = False
    clock: tuple[int | None, ...] = ()
    """Of a time: year, month, day, hour, minute, second; None where it is not said."""


_WIDE = {
    **{0xFF01 + i: chr(0x21 + i) for i in range(94) if chr(0x21 + i) not in ",;!?()"},
    **{ord(sign): "-" for sign in "−–—"},
    **{ord(sign): " " for sign in "\u00a0\u202f\u3000"},
    **{ord("℃"): "°C", ord("℉"): "°F", ord("µ"): "μ"},
}

_UNITS: dict[str, tuple[str, float]] = {
    "°C": ("Cel", 1), "Cel": ("Cel", 1), "degC": ("Cel", 1), "C": ("Cel", 1), "摄氏度": ("Cel", 1),
    "度": ("Cel", 1), "K": ("K", 1), "[g]": ("[g]", 1), "g": ("[g]", 1), "MPa": ("MPa", 1),
    "兆帕": ("MPa", 1), "A": ("A", 1), "安培": ("A", 1), "安": ("A", 1), "V": ("V", 1),
    "伏": ("V", 1), "L/min": ("L/min", 1), "l/min": ("L/min", 1), "升/分钟": ("L/min", 1),
    "升/分": ("L/min", 1), "rpm": ("/min", 1), "r/min": ("/min", 1), "/min": ("/min", 1),
    "转/分钟": ("/min", 1), "转/分": ("/min", 1), "kW": ("kW", 1), "千瓦": ("kW", 1),
    "mm/s": ("mm/s", 1), "毫米/秒": ("mm/s", 1), "%": (PERCENT, 1), "percent": (PERCENT, 1),
    "σ": (SIGMA, 1), "sigmas": (SIGMA, 1), "sigma": (SIGMA, 1), "个标准差": (SIGMA, 1),
    "standard deviations": (SIGMA, 1), "倍标准差": (SIGMA, 1), "标准差": (SIGMA, 1),
    "×": (RATIO, 1), "x": (RATIO, 1), "times": (RATIO, 1), "-fold": (RATIO, 1), "倍": (RATIO, 1),
    "ms": (SECONDS, 1e-3), "毫秒": (SECONDS, 1e-3), "s": (SECONDS, 1), "sec": (SECONDS, 1),
    "seconds": (SECONDS, 1), "second": (SECONDS, 1), "秒": (SECONDS, 1), "minutes": (SECONDS, 60),
    "minute": (SECONDS, 60), "mins": (SECONDS, 60), "min": (SECONDS, 60), "分钟": (SECONDS, 60),
    "hours": (SECONDS, 3600), "hour": (SECONDS, 3600), "hrs": (SECONDS, 3600),
    "hr": (SECONDS, 3600), "h": (SECONDS, 3600), "个小时": (SECONDS, 3600), "小时": (SECONDS, 3600),
    "days": (SECONDS, 86400), "day": (SECONDS, 86400), "d": (SECONDS, 86400),
    "天": (SECONDS, 86400), "weeks": (SECONDS, 604800), "week": (SECONDS, 604800),
    "个星期": (SECONDS, 604800), "周": (SECONDS, 604800),
}  # fmt: skip
_STRANGE = (
    "°F", "°", "bar", "mbar", "psi", "kPa", "Pa", "mA", "kA", "kV", "mV", "MW", "W", "Hz", "kHz",
    "m/s²", "m/s2", "m3/h", "m³/h", "mm", "cm", "μm", "um", "km", "m", "kg", "L", "l", "dB", "Nm",
    "kN", "N", "Ω", "元", "吨", "公斤", "毫米", "厘米", "微米", "米", "升", "巴", "个月", "年",
    "months", "month", "years", "year", "赫兹", "千帕", "牛", "伏特", "华氏度",
)  # fmt: skip


def _alternatives(words: list[str]) -> str:
    ordered = sorted(words, key=len, reverse=True)
    return "|".join(
        re.escape(w) + ("(?![A-Za-z0-9])" if re.match(r"[A-Za-z]", w[-1]) else "") for w in ordered
    )


_UNIT = _alternatives([*_UNITS, *_STRANGE])
_RATE = r"(?P<rate>\s?(?:/\s?h(?:our)?\b|/\s?小时|(?:per|an|a) hour\b|每小时))"
_NUMBER = re.compile(
    r"(?P<sign>(?<![\w)\].])[+-])?"
    r"(?<![A-Za-z0-9_.])(?P<digits>\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?P<fraction>\.\d+)?"
    r"(?P<power>[eE][+-]?\d{1,2}(?![A-Za-z0-9_]))?"
    rf"(?:\s?-?(?P<unit>{_UNIT})(?:{_RATE})?)?"
    r"(?P<tail>[A-Za-z_][A-Za-z0-9_]*)?"
)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?"
_CLOCK = r"(?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<s>\d{2})(?:\.\d+)?)?"
_TIMES = [
    (signs, re.compile(pattern, re.IGNORECASE))
    for signs, pattern in (
        (
            "-",
            r"(?P<y>\d{4})-(?P<mo>\d{2})-(?P<d>\d{2})(?:[T ]"
            + _CLOCK
            + r"(?:Z|[+-]\d{2}:?\d{2})?)?",
        ),
        ("年", r"(?P<y>\d{4})年(?P<mo>\d{1,2})月(?:(?P<d>\d{1,2})[日号])?(?:\s*" + _CLOCK + ")?"),
        ("月", r"(?P<mo>\d{1,2})月(?P<d>\d{1,2})[日号](?:\s*" + _CLOCK + ")?"),
        (" ", r"(?<!\d)(?P<d>\d{1,2}) " + _MONTH + r"(?:,? (?P<y>\d{4}))?(?![a-z])"),
        (" ", r"(?<![a-z])" + _MONTH + r" (?P<d>\d{1,2})(?!\d)(?:,? (?P<y>\d{4}))?"),
        ("/", r"(?P<y>\d{4})/(?P<mo>\d{1,2})/(?P<d>\d{1,2})"),
        (":", r"(?<![\d:])" + _CLOCK + r"(?![\d:])(?:\s?(?P<half>[ap])\.?m\b)?"),
        ("mM", r"(?<![\d.])(?P<h>\d{1,2})\s?(?P<half>[ap])\.?m\b"),
        ("点时", r"(?<!\d)(?P<h>\d{1,2})[点时](?:(?P<mi>\d{1,2})分?)?(?!间)"),
    )
]
"""Times, each behind the signs of which a text with such a time has one."""
_NAME = re.compile(
    r"(?<![A-Za-z0-9_])(?:[A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)+|[A-Za-z]+\d[A-Za-z0-9]*)"
    r"(?![A-Za-z0-9])"
)
_NUMBERED = re.compile(r"(?:\d+|[零一二两三四五六七八九十百]+)号|#\s?\d+|\d+#|No\. ?\d+")
"""How people number devices; a day of a month is found before."""
_CITATION = re.compile(r"(?<![A-Za-z0-9_-])E\d+(?![A-Za-z0-9_-])")
_RANGE = re.compile(r"\s?(?:-|~|to|and|至|到|和)\s?")
_WORDS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "dozen": 12, "fifteen": 15, "twenty": 20, "thirty": 30,
    "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    "hundred": 100, "thousand": 1000, "million": 1e6, "twice": 2, "double": 2, "doubled": 2,
    "triple": 3, "tripled": 3, "thrice": 3, "quadrupled": 4,
}  # fmt: skip
_WORD = re.compile(
    rf"(?<![A-Za-z])(?P<word>{'|'.join(_WORDS)})(?![A-Za-z])(?:[ -]?(?P<unit>{_UNIT}))?", re.I
)
_HAN_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_HAN_POWERS = {"十": 10, "百": 100, "千": 1000, "万": 10000}
_HAN = re.compile(
    r"(?P<cent>百分之)?(?P<han>[零〇一二两三四五六七八九十百千万]+|半(?=小时|天|年))(?(cent)|(?="
    rf"{_UNIT}|[次个台条点年月日号份处例成支根类种项只倍度]))(?P<unit>{_UNIT})?"
)
_DIGIT = re.compile(r"\d")
_ODD = re.compile(r"[^\x00-\x7f\W²³]|[¼-¾⅐-ↈ①-⓿❶-➓]")


def normal(text: str) -> str:
    """The text with full-width signs as ASCII, which is what `figures` counts positions in."""
    return text if text.isascii() else text.translate(_WIDE)


@lru_cache(maxsize=4096)
def figures(text: str) -> tuple[Figure, ...]:
    """Every particular that `normal(text)` asserts, from left to right.

    >>> [(f.text, f.value, f.unit) for f in figures("PUMP_01 rose by 12.5 °C in 2 h")]
    [('PUMP_01', 0.0, None), ('12.5 °C', 12.5, 'Cel'), ('2 h', 7200.0, 's')]
    >>> [(f.value, f.unit) for f in figures("温度升至 81.2 ℃，共三次")]
    [(81.2, 'Cel'), (3.0, None)]
    """
    text = normal(text)
    taken: list[Figure] = []

    def free(figure: Figure) -> bool:
        return not any(figure.start < one.end and one.start < figure.end for one in taken)

    for find in _finders(text):
        taken += [figure for figure in find(text) if free(figure)]
    return tuple(sorted(taken, key=lambda figure: figure.start))


def _finders(text: str) -> Iterator[Callable[[str], Iterator[Figure]]]:
    """Those that can find anything in it, in the order in which they take what they find."""
    is_ascii, has_digit = text.isascii(), _DIGIT.search(text) is not None
    if not is_ascii:
        yield _odd
    if has_digit:
        yield from (_citations, _times)
    if has_digit or "_" in text or not is_ascii:
        yield _names
    if has_digit:
        yield _numbers
    yield _words
    if not is_ascii:
        yield _han


def _citations(text: str) -> Iterator[Figure]:
    for m in _CITATION.finditer(text):
        yield Figure("citation", m.start(), m.end(), m.group())


def _times(text: str) -> Iterator[Figure]:
    done: list[tuple[int, int]] = []
    for signs, pattern in _TIMES:
        if not any(sign in text for sign in signs):
            continue
        for m in pattern.finditer(text):
            if any(m.start() < end and start < m.end() for start, end in done):
                continue
            done.append(m.span())
            yield Figure("time", m.start(), m.end(), m.group(), clock=_clock(m))


def _clock(m: re.Match[str]) -> tuple[int | None, ...]:
    said = m.groupdict()
    month = said.get("mo") or (
        f"{1 + _MONTHS.index(said['month'].lower())}" if said.get("month") else None
    )
    parts = (said.get("y"), month, said.get("d"), said.get("h"), said.get("mi"), said.get("s"))
    y, mo, d, h, mi, s = (int(part) if part else None for part in parts)
    if h is not None and said.get("half"):
        h = h % 12 + (12 if said["half"].lower() == "p" else 0)
    return y, mo, d, h, mi, s


def _names(text: str) -> Iterator[Figure]:
    for m in _NUMBERED.finditer(text):
        yield Figure("name", m.start(), m.end(), m.group())
    for m in _NAME.finditer(text):
        if re.search(r"[\d_]", m.group()) and m.group() not in ("m3", "m2"):
            yield Figure("name", m.start(), m.end(), m.group())


def _numbers(text: str) -> Iterator[Figure]:
    found = list(_NUMBER.finditer(text))
    for m, following in zip_longest(found, found[1:]):
        if m["tail"] and not m["unit"]:
            yield Figure("name", m.start(), m.end(), m.group())
            continue
        digits = f"{m['digits'].replace(',', '')}{m['fraction'] or ''}{m['power'] or ''}"
        value = float(f"{m['sign'] or ''}{digits}")
        places = len(m["fraction"] or ".") - 1 - int((m["power"] or "e0")[1:])
        measured = m
        if not m["unit"] and following and _RANGE.fullmatch(text, m.end(), following.start()):
            measured = following
        unit, scale = _unit(measured["unit"])
        before = text[max(0, m.start() - 8) : m.start()]
        if unit not in (None, SECONDS, OTHER) and (measured["rate"] or "每小时" in before):
            unit = f"{unit}/h"
        yield Figure(
            "number", m.start(), m.end(), m.group(),
            value * scale, 10.0**-places * scale, unit, bool(m["sign"]),
        )  # fmt: skip


def _unit(text: str | None) -> tuple[str | None, float]:
    return (None, 1.0) if text is None else _UNITS.get(text, (OTHER, 1.0))


def _words(text: str) -> Iterator[Figure]:
    for m in _WORD.finditer(text):
        unit, scale = _unit(m["unit"])
        value = _WORDS[m["word"].lower()] * scale
        yield Figure("number", m.start(), m.end(), m.group(), value, scale, unit)


def _han(text: str) -> Iterator[Figure]:
    for m in _HAN.finditer(text):
        value = _han_value(m["han"])
        # As in English, "one" is more often an article than a count.
        if value == 1 and not m["cent"]:
            continue
        unit, scale = (PERCENT, 1.0) if m["cent"] else _unit(m["unit"])
        yield Figure("number", m.start(), m.end(), m.group(), value * scale, scale, unit)


def _han_value(text: str) -> float:
    """Up to 99,999,999.

    >>> _han_value("一百二十三"), _han_value("十二"), _han_value("三万")
    (123.0, 12.0, 30000.0)
    """
    if text == "半":
        return 0.5
    total = section = digit = 0
    for sign in text:
        if sign in _HAN_DIGITS:
            digit = _HAN_DIGITS[sign]
        elif sign == "万":
            total, section, digit = total + (section + digit or 1) * 10000, 0, 0
        else:
            section, digit = section + (digit or 1) * _HAN_POWERS[sign], 0
    return float(total + section + digit)


def _odd(text: str) -> Iterator[Figure]:
    """Digits of other scripts: nothing measures in them, so they never stand."""
    for m in _ODD.finditer(text):
        if m.group().isnumeric() and m.group() not in _HAN_DIGITS and m.group() not in _HAN_POWERS:
            yield Figure("number", m.start(), m.end(), m.group(), float("nan"), 1.0, OTHER)


def says(figure: Figure, moment: datetime) -> bool:
    """Whether a time of a sentence is that moment, as far as it says."""
    parts = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    said = figure.clock
    if all(part is None for part in said):
        return False
    return all(part is None or part == own for part, own in zip(said, parts, strict=True))
