"""Figures, times and foreign text as a person reads them in a terminal."""

import unicodedata
from datetime import datetime, timedelta

from opsmith.domain.alerts import Deviation
from opsmith.domain.base import Language
from opsmith_tui.wording import ALERT, CHANNELS, Wording

SHOWN_UNITS = {"Cel": "°C", "[g]": "g", "/min": "rpm", "1": ""}
"""UCUM codes that people write otherwise."""

AGE_UNITS: dict[Language, tuple[str, str, str, str]] = {
    "en": ("s", "m", "h", "d"),
    "zh": ("秒", "分", "时", "天"),
}


def plain(text: object) -> str:
    r"""Foreign text without what steers a terminal: control, formatting and bidi signs.

    >>> plain("PUMP\x1b[31m_01")
    'PUMP�[31m_01'
    """
    return "".join(
        sign if sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cf", "Cs") else "\ufffd"
        for sign in str(text).replace("\t", "    ")
    )


def unit(code: str | None) -> str:
    """A UCUM code as people write it."""
    return "" if code is None else SHOWN_UNITS.get(code, plain(code))


def number(value: float | None) -> str:
    """A value to four digits, never in powers of ten where it can be read without.

    >>> [number(value) for value in (85.0, 0.52345, 12345.6, 0.00001, None)]
    ['85', '0.5234', '12346', '1e-05', '-']
    """
    if value is None:
        return "-"
    return f"{value:.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


def quantity(value: float | None, code: str | None) -> str:
    """A value with its unit.

    >>> quantity(92.41, "Cel")
    '92.41 °C'
    """
    return f"{number(value)} {unit(code)}".strip()


def moment(at: datetime | None) -> str:
    """A point of plant time, to the second."""
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"


def zoned(at: datetime | None) -> str:
    """A point of plant time, with its zone."""
    return "-" if at is None else f"{moment(at)} {at:%Z}"


def age(passed: timedelta, language: Language) -> str:
    """How long ago, to two places.

    >>> age(timedelta(seconds=7530), "en"), age(timedelta(seconds=42), "zh")
    ('2h05m', '42秒')
    """
    seconds = max(int(passed.total_seconds()), 0)
    s, m, h, d = AGE_UNITS[language]
    if seconds < 60:
        return f"{seconds}{s}"
    if seconds < 3600:
        return f"{seconds // 60}{m}"
    if seconds < 86400:
        return f"{seconds // 3600}{h}{seconds % 3600 // 60:02d}{m}"
    return f"{seconds // 86400}{d}{seconds % 86400 // 3600}{h}"


def channel_name(channel: str, words: Wording) -> str:
    """A channel in the operator's language; one that we do not know keeps its own name."""
    return words(CHANNELS, channel) if channel in CHANNELS else plain(channel)


def deviation_text(deviation: Deviation, words: Wording) -> str:
    """One channel against what it passed or what was expected of it, with its unit."""
    name = channel_name(deviation.channel, words)
    text = f"{name} {quantity(deviation.value, deviation.unit)}"
    if deviation.limit is not None:
        return f"{text}, {words(ALERT, 'limit')} {number(deviation.limit)}"
    if deviation.expected is not None:
        return f"{text}, {words(ALERT, 'expected')} {number(deviation.expected)}"
    return text
