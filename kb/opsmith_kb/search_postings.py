"""Which texts hold a token and how strongly: postings of BM25 in arrays."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from itertools import pairwise
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from opsmith.domain.knowledge import KnowledgeEntry
from opsmith_kb.search_lexicon import Lexicon, lexicon
from opsmith_kb.tokens import stem, tokens_of, words

_K1, _B = 1.2, 0.75
"""As Robertson and Zaragoza (2009), The Probabilistic Relevance Framework, give them."""
_WEIGHTS = {
    "name": 6.0, "fault_pattern": 2.0, "symptoms": 1.0, "root_cause": 1.0, "solution": 0.7,
    "prevention": 0.3, "immediate_action": 0.3, "confirm_by": 0.3,
}  # fmt: skip
"""How often a field's words count; a name says what the entry is about."""
_ALSO = 2.5
"""Of what people also say."""

Floats = NDArray[np.float32]
Places = NDArray[np.int32]
Phrases = Set[tuple[str, str]]
"""Pairs of English stems that are a token of their own."""


Text = TypeVar("Text")


class Postings(Generic[Text]):
    """Token -> the places of the texts that hold it, with its strength in each.

    Args:
        texts: By key, in the order of their places.
        weigh: The tokens of a text, each with how often it counts.
        before: Of the texts as they were: what has not changed is not read again.
    """

    def __init__(
        self,
        texts: Mapping[str, Text],
        weigh: Callable[[Text], Mapping[str, float]],
        before: "Postings[Text] | None" = None,
    ) -> None:
        self._ids: dict[str, int] = {} if before is None else before._ids
        known = {} if before is None else before._read
        self._read: dict[str, tuple[Text, Places, Floats]] = {}
        for key, text in texts.items():
            read = known.get(key)
            if read is None or (read[0] is not text and read[0] != text):
                read = self._tokens_of(text, weigh(text))
            self._read[key] = read
        rows = list(self._read.values())
        self.texts = len(rows)
        self._size = len(self._ids)
        self._sort([ids for _, ids, _ in rows], [weights for _, _, weights in rows])

    def _tokens_of(self, text: Text, weights: Mapping[str, float]) -> tuple[Text, Places, Floats]:
        ids = [self._ids.setdefault(token, len(self._ids)) for token in weights]
        return (
            text,
            np.array(ids, np.int32),
            np.fromiter(weights.values(), np.float32, len(weights)),
        )

    def _sort(self, ids: Sequence[Places], weights: Sequence[Floats]) -> None:
        none = [np.zeros(0, np.int32)]
        sizes = np.array([len(one) for one in ids], np.int64)
        lengths = np.array([one.sum() for one in weights], np.float32)
        flat, often = np.concatenate(ids or none), np.concatenate(weights or none)
        places = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        order = np.argsort(flat, kind="stable")
        self._places = places[order]
        shorter = (
            1 - _B + _B * lengths / max(1e-9, float(lengths.mean())) if len(sizes) else lengths
        )
        often = often[order].astype(np.float32)
        strengths = often * (_K1 + 1) / (often + _K1 * shorter[self._places])
        self._strengths: Floats = strengths.astype(np.float32)
        counts = np.bincount(flat, minlength=self._size)
        self._starts = np.concatenate(([0], np.cumsum(counts)))

    def __contains__(self, token: object) -> bool:
        """Whether a text holds it."""
        return self.count(token) > 0

    def __iter__(self) -> Iterator[str]:
        """The tokens that texts hold."""
        return (token for token in self._ids if token in self)

    def count(self, token: object) -> int:
        """How many texts hold it."""
        at = self._ids.get(token, self._size) if isinstance(token, str) else self._size
        return int(self._starts[at + 1] - self._starts[at]) if at < self._size else 0

    def of(self, token: str) -> tuple[Places, Floats]:
        """The places of the texts that hold a token, and how strongly: 0 to 2.2, no rarity."""
        at = self._ids.get(token, self._size)
        if at >= self._size:
            return self._places[:0], self._strengths[:0]
        here = slice(int(self._starts[at]), int(self._starts[at + 1]))
        return self._places[here], self._strengths[here]

    def of_all(self, parts: Sequence[str]) -> tuple[Places, Floats]:
        """The texts that hold all parts of a form; a form is as strong as its weakest part."""
        places, strengths = self.of(parts[0])
        for part in parts[1:]:
            others, weaker = self.of(part)
            places, mine, theirs = np.intersect1d(
                places, others, assume_unique=True, return_indices=True
            )
            strengths = np.minimum(strengths[mine], weaker[theirs])
        return places, strengths

    def strength(self, parts: Sequence[str], place: int) -> float:
        """How strongly one text holds a form; 0 where it does not."""
        weakest = math.inf
        for part in parts:
            places, strengths = self.of(part)
            at = int(places.searchsorted(place))
            if at == len(places) or places[at] != place:
                return 0.0
            weakest = min(weakest, float(strengths[at]))
        return weakest


def weigh(entry: KnowledgeEntry, words_of: Lexicon | None = None) -> Mapping[str, float]:
    """The tokens of an entry, each with how often it counts; of the packaged lexicon if of none."""
    weights = dict[str, float]()
    phrases = (words_of or lexicon()).pairs
    count(weights, f"{entry.entry_id} {entry.category} {entry.iso_code}", 1.0, phrases)
    count(weights, " ".join(entry.parts + entry.parts_zh), 1.0, phrases)
    for prose in entry.text.values():
        for field, weight in _WEIGHTS.items():
            count(weights, str(getattr(prose, field)), weight, phrases)
    for said in entry.also.values():
        for phrase in said:
            count(weights, phrase, _ALSO, phrases)
    return weights


def count(weights: dict[str, float], text: str, weight: float, phrases: Phrases) -> None:
    """Add the tokens of a text to `weights`, each as often as it is there times `weight`."""
    for token, often in Counter(tokens_and_pairs(text, phrases)).items():
        weights[token] = weights.get(token, 0.0) + weight * often


def tokens_and_pairs(text: str, phrases: Phrases) -> list[str]:
    """The tokens of a text, and the pairs of English words of which a lexicon's phrases are.

    >>> tokens_and_pairs("rotor out of balance 转子", lexicon().pairs)
    ['rotor', 'out', 'balanc', '转', '转子', '子', 'out of', 'of balanc']
    """
    pieces = words(text)
    stems = ["" if piece[0] >= "\u3400" else stem(piece) for piece in pieces]
    pairs = (f"{one} {other}" for one, other in pairwise(stems) if (one, other) in phrases)
    return [*tokens_of(pieces), *pairs]
