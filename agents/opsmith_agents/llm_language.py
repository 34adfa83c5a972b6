"""Whether a text is in the language that was asked for, names and units aside."""

import re
from collections.abc import Iterable

from opsmith.domain.base import Language

_ASIDE = re.compile(
    # Names such as PUMP_01 or bearing_wear, numbers with what hangs on them, citations, links.
    r"[A-Za-z0-9]*[_\d][A-Za-z0-9_.:-]*|https?://\S+|[°℃%µ²³×]\w?|\b(?:mm/s|MPa|rpm|kW|L/min|UTC)\b"
)
_HAN = re.compile(r"[㐀-䶿一-鿿]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
_OTHER = re.compile(r"[Ͱ-῿぀-ヿ가-힯]")
"""Greek to Thai, Japanese syllables, Korean: of neither language."""
_ENGLISH = re.compile(
    # Those that other languages in Latin letters do not have.
    r"\b(?:the|is|are|were|of|to|and|not|for|with|its|from|by|that|this|has|have|than|which"
    r"|or|at|it|without|when|where)\b",
    re.IGNORECASE,
)
_FEW = 24
"""Letters below which a text proves nothing: it may be a name."""
_FOREIGN = 0.15
"""Share of letters of neither language, above which a text is in neither."""
_MANY = 120
"""Letters above which a text without one common English word is not English."""


def speaks(text: str, language: Language) -> bool:
    """Whether a text is in that language; one of few letters always is.

    A Han character weighs as much as two Latin letters. A Chinese text may hold names of devices,
    channels and failure modes in English, an English one names in Chinese.

    >>> speaks("振动自 11:20 起上升，bearing_wear 最能解释。", "zh")
    True
    >>> speaks("The vibration of PUMP_01 climbs; bearing wear explains it best.", "zh")
    False
    """
    bare = _ASIDE.sub(" ", text)
    han, latin = 2 * len(_HAN.findall(bare)), len(_LATIN.findall(bare))
    other = 2 * len(_OTHER.findall(bare))
    everything = han + latin + other
    if everything < _FEW:
        return True
    if other > _FOREIGN * everything:
        return False
    if language == "zh":
        return han >= 0.4 * everything
    if latin < 0.6 * everything:
        return False
    return latin < _MANY or _ENGLISH.search(bare) is not None


def all_speak(texts: Iterable[str], language: Language) -> bool:
    """Whether each of several texts is, and all of them together."""
    known = [text for text in texts if text]
    return all(speaks(text, language) for text in (*known, " ".join(known)))
