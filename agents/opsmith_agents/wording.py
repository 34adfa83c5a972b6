"""What the rules say, in English and in Chinese: a template each, its numbers put in by code."""

import re
from collections.abc import Iterable
from datetime import datetime

from opsmith.domain.base import Language
from opsmith.domain.forecasts import TimeToLimit
from opsmith.domain.units import MEASUREMENTS
from opsmith_agents.wording_sentences import SENTENCES, TERMS

_UNITS = {"Cel": "°C", "[g]": "g", "/min": "rpm"}
_SHOWN = frozenset(known.unit for known in MEASUREMENTS.values())


def say(key: str, language: Language, **parts: str) -> str:
    """One sentence of `SENTENCES`, filled in.

    >>> say("silent", "en", device="PUMP_01", at="12:00 UTC")
    'PUMP_01 has sent no reading since 12:00 UTC.'
    """
    return SENTENCES[key][language].format(**parts)


def term(word: str, language: Language) -> str:
    """A word of ours as people say it; one that we do not know stays as it is."""
    return TERMS[word][language] if word in TERMS else word


def channel_name(channel: str, language: Language) -> str:
    """A channel as people call it, its id beside it where that is not the same.

    >>> channel_name("vibration", "zh"), channel_name("vibration2", "zh"), channel_name("x7", "zh")
    ('振动', '振动（vibration2）', 'x7')
    """
    if language == "en":
        return channel
    if channel in TERMS:
        return TERMS[channel][language]
    kind = re.sub(r"_?\d+$", "", channel)
    return f"{TERMS[kind][language]}（{channel}）" if kind in TERMS else channel


def listed(words: Iterable[str], language: Language) -> str:
    """Words in a row."""
    return ("、" if language == "zh" else ", ").join(words)


def amount(value: float, unit: str | None = None) -> str:
    """A number at the digits that it deserves, with its unit.

    >>> amount(81.234, "Cel"), amount(0.52, "[g]"), amount(1480.4, "/min"), amount(3.14159)
    ('81.2 °C', '0.520 g', '1480 rpm', '3.14')
    """
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    shown = f"{value:.{digits}f}"
    return f"{shown} {_UNITS.get(unit, unit)}" if unit in _SHOWN and unit else shown


def share(value: float) -> str:
    """A share of one as whole per cent."""
    return f"{100 * value:.0f} %"


def moment(at: datetime) -> str:
    """Plant time, UTC, to the second."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def hours(value: float, language: Language) -> str:
    """Hours, in words."""
    return f"{value:.1f} 小时" if language == "zh" else f"{value:.1f} h"


def crossing(line: TimeToLimit, language: Language) -> str | None:
    """When a channel passes its limit, as forecast; None where it does not, or nobody can say."""
    if not line.hours or line.hours_low is None or line.hours_high is None:
        return None
    return say(
        "forecast",
        language,
        channel=channel_name(line.channel, language),
        limit=amount(line.limit, line.unit),
        hours=hours(line.hours, language),
        low=hours(line.hours_low, language),
        high=hours(line.hours_high, language),
    )


def joined(sentences: Iterable[str], language: Language) -> str:
    """Sentences as one text."""
    return ("" if language == "zh" else " ").join(sentence for sentence in sentences if sentence)
