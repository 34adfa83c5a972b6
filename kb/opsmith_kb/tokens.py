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

_SYNONYMS: tuple[tuple[str, ...], ...] = (
    ("bearing", "轴承"),
    ("vibration", "vib", "振动", "震动"),
    ("leak", "leakage", "泄漏", "漏油", "漏水", "渗漏", "漏液"),
    ("seal", "密封", "机封", "轴封"),
    ("temperature", "temp", "温度"),
    ("overheating", "overheat", "过热", "发烫", "超温"),
    ("pressure", "压力"),
    ("current", "amps", "电流"),
    ("voltage", "电压"),
    ("flow", "流量"),
    ("cavitation", "汽蚀", "气蚀"),
    ("imbalance", "unbalance", "unbalanced", "不平衡"),
    ("misalignment", "misaligned", "不对中"),
    ("looseness", "loose", "松动"),
    ("impeller", "叶轮"),
    ("valve", "阀门", "阀"),
    ("pump", "泵"),
    ("motor", "电机", "电动机", "马达"),
    ("compressor", "压缩机", "空压机"),
    ("sensor", "transmitter", "传感器", "变送器"),
    ("stuck", "frozen", "卡死", "不变"),
    ("dropout", "missing", "掉线", "缺失"),
    ("drift", "drifting", "漂移"),
    ("wear", "worn", "磨损"),
    ("lubrication", "grease", "润滑", "油脂"),
    ("filter", "strainer", "滤芯", "滤网", "过滤器"),
    ("blocked", "clogged", "plugged", "堵塞", "堵"),
    ("cooling", "cooler", "冷却", "冷却器"),
    ("overload", "过载"),
    ("noise", "noisy", "噪声", "噪音", "异响"),
    ("level", "液位"),
    ("dry", "空转", "干运转", "干转"),
    ("wire", "cable", "接线", "电缆"),
)
"""Words of the field that mean the same; a query for one finds the others."""


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


def _by_form() -> dict[str, tuple[str, ...]]:
    forms: dict[str, tuple[str, ...]] = {}
    for group in _SYNONYMS:
        for word in group:
            forms[word if word[0] >= "\u3400" else stem(word)] = group
    return forms


_FORMS = _by_form()
_LONGEST = max(len(form) for form in _FORMS)


def query_terms(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """The words of a query, each with the token sequences that mean it.

    A Chinese word is matched as a whole, by its pairs, so that a shared character alone finds
    nothing.

    >>> query_terms("轴承")
    [('轴承', ('轴承', 'bear'))]
    """
    terms: list[tuple[str, tuple[str, ...]]] = []
    for piece in _PIECE.findall(unicodedata.normalize("NFKC", text).lower().replace("_", " ")):
        if piece[0] >= "\u3400":
            terms += [(word, _meanings(word, word)) for word in _words(piece)]
        elif piece not in _ENGLISH_STOP:
            terms.append((piece, _meanings(piece, stem(piece))))
    return terms


def _words(run: str) -> list[str]:
    """Cut a run of Chinese at the words of the field; what is between them stays in pairs."""
    words: list[str] = []
    rest = ""
    i = 0
    while i < len(run):
        form = next(
            (
                run[i : i + n]
                for n in range(min(_LONGEST, len(run) - i), 0, -1)
                if run[i : i + n] in _FORMS
            ),
            None,
        )
        if form is None:
            rest += run[i]
            i += 1
            continue
        words += _pairs(rest)
        rest = ""
        words.append(form)
        i += len(form)
    return words + _pairs(rest)


def _pairs(run: str) -> list[str]:
    if len(run) <= 1:
        return [sign for sign in run if sign not in _CHINESE_STOP]
    return [run[i : i + 2] for i in range(len(run) - 1) if not set(run[i : i + 2]) <= _CHINESE_STOP]


def _meanings(word: str, form: str) -> tuple[str, ...]:
    same: Sequence[str] = _FORMS.get(form, ())
    others = [one if one[0] >= "\u3400" else stem(one) for one in same]
    return tuple(dict.fromkeys([form, *others]))
