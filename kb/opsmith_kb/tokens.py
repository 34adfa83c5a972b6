"""Tokens of English and Chinese alike: lightly stemmed words, Chinese characters and pairs."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

_PIECE = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]+")
_ENGLISH_STOP = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be by for from has have i in is it its my no not of on or our the "
        "their there this to was what when where which while why with",
    )
)
_CHINESE_STOP = frozenset("的了和与或在是及其为有被把对等之")


def words(text: str) -> list[str]:
    """The English words and the runs of Chinese of a text, in order, in one width and case.

    >>> words("DE轴承 Vib_high")
    ['de', '轴承', 'vib', 'high']
    """
    return _PIECE.findall(unicodedata.normalize("NFKC", text).lower().replace("_", " "))


def is_chinese(word: str) -> bool:
    """Whether a word or a run begins with a Chinese character."""
    return word[0] >= "\u3400"


@lru_cache(1 << 16)
def stem(word: str) -> str:
    """Cut what English adds to a word's end, lightly.

    >>> [stem(word) for word in ("bearings", "leaking", "leaked", "pressure", "noisy", "gas")]
    ['bear', 'leak', 'leak', 'pressur', 'noisi', 'gas']
    """
    for ending in ("ings", "ing", "edly", "ed", "ies", "es", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)] + ("y" if ending == "ies" else "")
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    if len(word) > 4 and word.endswith("e"):
        return word[:-1]
    return word[:-1] + "i" if len(word) > 3 and word.endswith("y") else word


def tokens(text: str) -> list[str]:
    """The tokens of a text, in order: stems, Chinese characters and pairs of them.

    >>> tokens("轴承 wear")
    ['轴', '轴承', '承', 'wear']
    """
    return tokens_of(words(text))


def tokens_of(pieces: Sequence[str]) -> list[str]:
    """The tokens of a text that `words` has cut."""
    found: list[str] = []
    for piece in pieces:
        if piece[0] >= "\u3400":
            found += _chinese(piece)
        elif piece not in _ENGLISH_STOP:
            found.append(stem(piece))
    return found


def says_nothing(word: str) -> bool:
    """Whether it is a word that only joins others."""
    return word in _ENGLISH_STOP or word in _CHINESE_STOP


def _chinese(run: str) -> list[str]:
    found: list[str] = []
    for i, sign in enumerate(run):
        if sign not in _CHINESE_STOP:
            found.append(sign)
        if i + 1 < len(run):
            found.append(run[i : i + 2])
    return found
