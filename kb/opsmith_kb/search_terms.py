"""The words of a question held against what is indexed: how well each is answered, and why."""

import math
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from opsmith_kb.search_lexicon import Lexicon, lexicon
from opsmith_kb.search_postings import Floats, Postings
from opsmith_kb.search_query import Meaning, Reader, Term
from opsmith_kb.search_spelling import Spelling

_PLAIN = 0.9
"""Strength from which a text speaks of a word, rather than names it beside."""
_NEWS = 3.0
"""Information of a word that no entry has, as of one that 1 entry in 20 has."""
_LONG = 6
"""Letters of a word outside the lexicon for which a misspelt one may be taken."""
_KEPT = 128
"""Words that are remembered with what answers them."""


@dataclass(frozen=True, slots=True)
class Match:
    """Why a word of the question is answered."""

    term: Term
    meaning: Meaning
    """The surest of those that the text holds."""
    names: Mapping[str, str]
    """A form -> how it is written."""

    @property
    def form(self) -> str:
        """The form that the text holds; a stem where it is English."""
        return self.meaning.form

    @property
    def told(self) -> str:
        """The word as it was typed, and what it was taken for where that is another."""
        names, form = self.names, self.meaning.form
        if self.meaning.how == "spelling":
            return f"{self.term.word} ≈ {names.get(self.term.meant, self.term.meant)}"
        if self.meaning.how in ("same", "plain") or form not in names:
            return self.term.word
        return f"{self.term.word} = {names[form]}"


@dataclass(slots=True)
class Scored:
    """A term held against all texts."""

    score: Floats
    sure: Floats
    news: float
    """Information in it, at most `_NEWS`."""


class Terms:
    """Reads questions for an index, and holds their words against it.

    Args:
        postings: Of what is indexed.
        own: Short Chinese phrases that are words here, beside those of the lexicon.
        words_of: The lexicon; None: the packaged one.
    """

    def __init__(
        self,
        postings: Postings[Any],
        own: Collection[str] = (),
        words_of: Lexicon | None = None,
    ) -> None:
        self._postings = postings
        long = (one for one in postings if len(one) >= _LONG and one.isascii())
        known = {token: token for token in long if token.isalpha()}
        words = words_of or lexicon()
        self._names = words.names
        self._reader = Reader(words, postings, Spelling({**known, **words.spellings}), own)
        self._scored = OrderedDict[tuple[str, str, float], Scored]()

    def read(self, text: str) -> list[Term]:
        """The words of a question."""
        return self._reader.terms(text)

    def score(self, term: Term) -> Scored:
        """How well each text answers a word."""
        # The same word read alike has the same meanings, which would be dear to compare.
        key = (term.word, term.meant, term.share)
        scored = self._scored.get(key)
        if scored is None:
            scored = self._scored[key] = self._score_anew(term)
            if len(self._scored) > _KEPT:
                self._scored.popitem(last=False)
        return scored

    def _score_anew(self, term: Term) -> Scored:
        """BM25 of a term, as of the form of it that a text says best."""
        size = self._postings.texts
        score, sure = np.zeros(size, np.float32), np.zeros(size, np.float32)
        found = [(one.sure, *self._postings.of_all(one.tokens)) for one in term.meanings]
        if found:
            places = np.concatenate([places for _, places, _ in found])
            strengths = np.concatenate([how * strong for how, _, strong in found])
            sures = np.concatenate([_sure(how, strong) for how, _, strong in found])
            np.maximum.at(score, places, strengths)
            np.maximum.at(sure, places, sures)
        holders = int(np.count_nonzero(sure >= 0.5 * sure.max(initial=1e-9)))
        if holders == 0:
            return Scored(score, sure, min(_NEWS, math.log(2 * size + 2)) * term.share)
        rarity = math.log(1 + (size - holders + 0.5) / (holders + 0.5))
        news = min(_NEWS, max(0.5, rarity)) * term.share
        return Scored(score * np.float32(rarity * term.share), sure, news)

    def why(self, terms: Sequence[Term], place: int) -> tuple[Match, ...]:
        """The words that a text answers, each with the meaning that is surest."""
        why = list[Match]()
        for term in terms:
            if term.telling and self.score(term).sure[place] > 0:
                strong = [self._postings.strength(one.tokens, place) for one in term.meanings]
                sures = [
                    float(_sure(one.sure, np.float32(how)))
                    for one, how in zip(term.meanings, strong, strict=True)
                ]
                why.append(Match(term, term.meanings[sures.index(max(sures))], self._names))
        return tuple(why)


def _sure(how: float, strengths: Floats | np.float32) -> Floats:
    """How sure a meaning is where a text holds it so strongly."""
    return np.float32(how) * np.minimum(np.float32(1), strengths / np.float32(_PLAIN))
