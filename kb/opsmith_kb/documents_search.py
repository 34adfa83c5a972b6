"""Find passages of documents by words: BM25 over their tokens."""

import math
import re
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from opsmith_kb.tokens import query_terms, tokens

_K1, _B = 1.2, 0.75
"""As Robertson and Zaragoza (2009), The Probabilistic Relevance Framework, give them."""
_HEADING = 3
"""How often a heading's words count."""
_NOISE = 0.35
"""Share of the best score below which a passage is noise beside it."""
_NEEDED = 0.5
"""Least share of the question's words that a passage has."""


_ASKING = frozenset(
    re.findall(
        r"\w+",
        "how much many what which when where who do does did can could should must need needs "
        "often please tell me you we i 怎么 多少 什么 如何 哪些 哪个 请问 应该 需要 怎样 几个",
    )
)
"""Words that make a question and are not looked for."""


@dataclass(frozen=True, slots=True)
class PassageHit:
    """A passage that was found."""

    place: int
    """In the sequence that the index was made of."""
    score: float
    matched: tuple[str, ...]


class PassageIndex:
    """An index over passages, built once.

    Args:
        passages: (title of the document, heading, text) of each.
    """

    def __init__(self, passages: Sequence[tuple[str, str, str]]) -> None:
        self._held: dict[str, tuple[array[int], array[int]]] = {}
        self._lengths = array("I")
        for place, (title, heading, text) in enumerate(passages):
            counts = Counter(tokens(text))
            for token in tokens(heading):
                counts[token] += _HEADING
            for token in set(tokens(title)):
                counts[token] += 1
            self._lengths.append(sum(counts.values()))
            for token, often in counts.items():
                places, times = self._held.setdefault(token, (array("I"), array("I")))
                places.append(place)
                times.append(often)
        self._mean = sum(self._lengths) / max(1, len(self._lengths))

    def search(self, text: str, limit: int = 5) -> list[PassageHit]:
        """The passages that answer best, best first; none where no word is known."""
        every = query_terms(text)
        terms = [one for one in every if one[0] not in _ASKING] or every
        scores = dict[int, float]()
        matched = dict[int, list[str]]()
        for word, meanings in terms:
            best = dict[int, float]()
            for meaning in meanings:
                for place, score in self._weigh(meaning).items():
                    best[place] = max(best.get(place, 0.0), score)
            for place, score in best.items():
                scores[place] = scores.get(place, 0.0) + score
                matched.setdefault(place, []).append(word)
        found = [
            PassageHit(place, score * share, tuple(dict.fromkeys(matched[place])))
            for place, score in scores.items()
            if (share := len(matched[place]) / len(terms)) >= _NEEDED
        ]
        found.sort(key=lambda hit: (-hit.score, hit.place))
        return [hit for hit in found[:limit] if hit.score >= _NOISE * found[0].score]

    def _weigh(self, meaning: str) -> dict[int, float]:
        """BM25 of one meaning; a longer Chinese word is as good as its rarest pair."""
        if meaning in self._held or len(meaning) <= 2 or meaning[0] < "\u3400":
            return self._weigh_token(meaning)
        pairs = [self._weigh_token(meaning[i : i + 2]) for i in range(len(meaning) - 1)]
        return {
            place: min(pair[place] for pair in pairs)
            for place in set(pairs[0]).intersection(*pairs[1:])
        }

    def _weigh_token(self, token: str) -> dict[int, float]:
        held = self._held.get(token)
        if held is None:
            return {}
        places, times = held
        rarity = math.log(1 + (len(self._lengths) - len(places) + 0.5) / (len(places) + 0.5))
        return {
            place: rarity * often * (_K1 + 1)
            / (often + _K1 * (1 - _B + _B * self._lengths[place] / self._mean))
            for place, often in zip(places, times, strict=True)
        }  # fmt: skip


def snippet(text: str, matched: Sequence[str], length: int = 400) -> str:
    """The part of a text around the first word of a question that it has.

    >>> snippet("aaa bbb ccc ddd eee", ["ddd"], 9)
    '…ccc ddd e…'
    """
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    found = (re.search(re.escape(word), line, re.IGNORECASE) for word in matched)
    first = min((one.start() for one in found if one), default=0)
    begin = max(0, min(first - length // 2, len(line) - length))
    part = line[begin : begin + length]
    return f"{'…' if begin else ''}{part}{'…' if begin + length < len(line) else ''}"
