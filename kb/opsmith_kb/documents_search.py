"""Find passages of documents by words, as entries are found: the same words, the same reading."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from opsmith_kb.search_lexicon import Lexicon, lexicon
from opsmith_kb.search_postings import Phrases, Postings, count
from opsmith_kb.search_terms import Terms

_HEADING = 3.0
"""How often a heading's words count."""
_TITLE = 1.0
"""The same of the document's title."""
_NOISE = 0.35
"""Share of the best score below which a passage is noise beside it."""
_COVERED = 0.4
"""Least share of the question's information that a passage has."""


@dataclass(frozen=True, slots=True)
class PassageHit:
    """A passage that was found."""

    place: int
    """In the sequence that the index was made of."""
    score: float
    matched: tuple[str, ...]
    """Words of the question; = what they mean, ≈ what was meant."""
    forms: tuple[str, ...]
    """The same as the passage may say them."""


class PassageIndex:
    """An index over passages, built once.

    Args:
        passages: (title of the document, heading, text) of each.
        words_of: The lexicon; None: the packaged one.
    """

    def __init__(
        self, passages: Sequence[tuple[str, str, str]], words_of: Lexicon | None = None
    ) -> None:
        words_of = words_of or lexicon()
        weigh = partial(_weigh, phrases=words_of.pairs)
        postings = Postings({str(i): one for i, one in enumerate(passages)}, weigh)
        self._size = postings.texts
        self._terms = Terms(postings, words_of=words_of)

    def search(self, text: str, limit: int = 5) -> list[PassageHit]:
        """The passages that answer best, best first; none where none covers what was asked."""
        terms = self._terms.read(text)
        scores, covered = np.zeros(self._size, np.float32), np.zeros(self._size, np.float32)
        asked = 0.0
        for term in terms:
            scored = self._terms.score(term)
            scores += scored.score
            if term.telling:
                covered += scored.news * scored.sure
                asked += scored.news
        if asked > 0:
            covered /= asked
        scores *= np.where(covered >= _COVERED, covered, 0.0)
        best = float(scores.max(initial=0.0))
        places = np.flatnonzero((scores > 0) & (scores >= _NOISE * best))
        hits = list[PassageHit]()
        for place in map(int, places[np.lexsort((places, -scores[places]))[:limit]]):
            why = self._terms.why(terms, place)
            told = dict.fromkeys(match.told for match in why)
            forms = dict.fromkeys(one for match in why for one in (match.term.word, match.form))
            hits.append(PassageHit(place, float(scores[place]), tuple(told), tuple(forms)))
        return hits


def _weigh(passage: tuple[str, str, str], phrases: Phrases) -> Mapping[str, float]:
    title, heading, text = passage
    weights = dict[str, float]()
    count(weights, text, 1.0, phrases)
    count(weights, heading, _HEADING, phrases)
    count(weights, " ".join(sorted(set(title.split()))), _TITLE, phrases)
    return weights


def snippet(text: str, forms: Sequence[str], length: int = 400) -> str:
    """The part of a text around the first of some words that it has.

    >>> snippet("aaa bbb ccc ddd eee", ["ddd"], 9)
    '…ccc ddd e…'
    """
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    found = (re.search(re.escape(form), line, re.IGNORECASE) for form in forms)
    first = min((one.start() for one in found if one), default=0)
    begin = max(0, min(first - length // 2, len(line) - length))
    part = line[begin : begin + length]
    return f"{'…' if begin else ''}{part}{'…' if begin + length < len(line) else ''}"
