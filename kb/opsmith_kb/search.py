"""Find knowledge by words, English or Chinese: BM25 over the entries' fields.

A question's words are read with the lexicon of the field (`search_words.txt`): synonyms of both
languages, abbreviations, misspellings by letters and by sound. An entry is found where it covers
enough of what was asked; where none does nothing is found, rather than the least unlike.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from opsmith.domain.alerts import Direction
from opsmith.domain.knowledge import KnowledgeEntry
from opsmith_kb.classes import ROTATING, applies_to, infer_device_type
from opsmith_kb.search_lexicon import lexicon
from opsmith_kb.search_postings import Floats, Postings
from opsmith_kb.search_query import Meaning, Reader, Term
from opsmith_kb.search_spelling import Spelling
from opsmith_kb.signs import measurement_name

_COVERED = 0.33
"""Share of the information asked for that an entry must cover to answer. On the questions that are
not held out, from 0.25 to 0.4 one or two fewer are answered, and one or two strange ones fewer."""
_PLAIN = 0.9
"""Strength from which an entry speaks of a word, rather than names it beside."""
_NEWS = 4.0
"""Information of a word that no entry has, as of one that 1 entry in 55 has."""
_APT = 1.1
"""What an entry as broad as the question gains."""
_RESEMBLING = 0.25
"""Share of the best entry's score under which another is noise beside it."""
_CLASS_GIVEN, _CLASS_NEWS = 1.0, 2.0
"""Information in the class that was chosen, and in one that the question names."""
_CLASS_NAMED = 0.8
"""What an entry of the class that the question names gains, beside its words."""
_OTHER_CLASS = 0.75
"""What is left of the score of an entry that does not hold for the class that is named."""
_LONG = 6
"""Letters of a word outside the lexicon for which a misspelt one may be taken."""
_KEPT = 128
"""Words, and filters, whose entries are remembered."""


Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Symptom:
    """A change that an entry must name among its signs."""

    channel: str
    direction: Direction | None = None
    """None: whichever."""

    @classmethod
    def read(cls, text: str) -> "Symptom":
        """Read a channel, and a direction if one is told.

        >>> Symptom.read("bearing temperature up")
        Symptom(channel='bearing_temperature', direction='up')
        >>> Symptom.read("flow")
        Symptom(channel='flow', direction=None)
        """
        *channel, last = text.lower().split() or [""]
        for direction in ("up", "down"):
            if channel and last == direction:
                return cls("_".join(channel), direction)
        return cls("_".join([*channel, last]))


@dataclass(frozen=True, slots=True)
class Match:
    """Why a word of the question is answered."""

    term: Term
    meaning: Meaning
    """The surest of those that the entry holds."""

    @property
    def told(self) -> str:
        """The word as it was typed, and what it was taken for where that is another."""
        names, form = lexicon().names, self.meaning.form
        if self.meaning.how == "spelling":
            return f"{self.term.word} ≈ {names.get(self.term.meant, self.term.meant)}"
        if self.meaning.how in ("same", "plain") or form not in names:
            return self.term.word
        return f"{self.term.word} = {names[form]}"


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that was found."""

    entry: KnowledgeEntry
    score: float
    """Dimensionless, greater is better; 0 where nothing was asked for."""
    covered: float
    """Share of the question's information that it answers, 0 to 1."""
    why: tuple[Match, ...] = ()

    @property
    def matched(self) -> tuple[str, ...]:
        """The words of the question that it holds, or that a synonym stands for."""
        return tuple(match.term.word for match in self.why)


@dataclass(frozen=True, slots=True)
class Found:
    """What a question found."""

    total: int
    hits: tuple[Hit, ...]
    """The best, best first."""


@dataclass(slots=True)
class _Scored:
    """A term held against all entries."""

    score: Floats
    sure: Floats
    news: float
    """Information in it, at most `_NEWS`."""


class KnowledgeIndex:
    """An index over entries, built once.

    Args:
        entries: In any order.
        before: An index over the entries as they were; only what changed is read again.
    """

    def __init__(
        self, entries: Sequence[KnowledgeEntry], before: "KnowledgeIndex | None" = None
    ) -> None:
        self._entries = tuple(sorted(entries, key=lambda entry: entry.entry_id))
        self._postings = Postings(self._entries, None if before is None else before._postings)
        long = (one for one in self._postings if len(one) >= _LONG and one.isascii())
        known = {token: token for token in long if token.isalpha()}
        words = lexicon()
        self._reader = Reader(words, self._postings, Spelling({**known, **words.spellings}))
        self._all = np.ones(len(self._entries), np.bool_)
        self._masks = dict[Hashable, Mask]()
        self._scored = OrderedDict[tuple[str, str, float], _Scored]()

    def search(self, text: str, device_type: str | None = None, limit: int = 5) -> list[Hit]:
        """The entries that answer best, best first; see `find`."""
        return list(self.find(text, device_type, limit).hits)

    def find(
        self,
        text: str,
        device_type: str | None = None,
        limit: int = 5,
        symptoms: Sequence[Symptom] = (),
    ) -> Found:
        """The entries that answer best, best first; none where none covers what was asked.

        Without words, the entries of the class itself come before those for any machine.

        Args:
            text: Words in either language; empty lists them all.
            device_type: Only entries that hold for this class; None: all.
            limit: At most so many hits; `total` counts all.
            symptoms: Only entries that name all of these changes.
        """
        held = self._held(device_type) & self._showing(symptoms)
        if not text.strip():
            places = sorted(
                (int(i) for i in np.flatnonzero(held)),
                key=lambda i: _generality(self._entries[i], device_type),
            )
            hits = (Hit(self._entries[i], 0.0, 1.0) for i in places[:limit])
            return Found(len(places), tuple(hits))
        terms = self._reader.terms(text)
        scores, covered = self._weigh(terms, device_type)
        scores[~held | (covered < _COVERED)] = 0.0
        best = float(scores.max(initial=0.0))
        # What holds only a common word of a longer question is noise beside a good answer.
        places = np.flatnonzero((scores > 0) & (scores >= _RESEMBLING * best))
        first = places[np.lexsort((places, -scores[places]))[:limit]]
        hits = tuple(
            Hit(self._entries[i], float(scores[i]), float(covered[i]), self._why(terms, i))
            for i in map(int, first)
        )
        return Found(len(places), hits)

    def _weigh(self, terms: Sequence[Term], device_type: str | None) -> tuple[Floats, Floats]:
        """Score and covered share of every entry."""
        size = len(self._entries)
        scores, covered = np.zeros(size, np.float32), np.zeros(size, np.float32)
        asked = 0.0
        named = [term for term in terms if term.class_ is not None]
        classes = [str(term.class_) for term in named]
        for term in terms:
            if term.class_ is not None:
                continue
            scored = self._score(term)
            scores += scored.score
            if term.telling:
                covered += scored.news * scored.sure
                asked += scored.news
        if asked > 0:
            for class_, news in {
                device_type: _CLASS_GIVEN,
                **dict.fromkeys(classes, _CLASS_NEWS),
            }.items():
                if class_ is not None:
                    covered += news * self._held(class_)
                    asked += news
            covered /= asked
            scores *= 0.5 + 0.5 * covered
        elif named:
            covered[:] = 1.0
        scores *= self._breadth(device_type, named)
        for term in named:
            scores *= np.where(self._held(term.class_), 1.0, _OTHER_CLASS)
            own = self._named(str(term.class_))
            scores += np.where(own & ((scores > 0) | (asked == 0)), _CLASS_NAMED, 0.0)
        return scores, covered

    def _breadth(self, device_type: str | None, named: Sequence[Term]) -> Floats:
        """Without a class what holds for many machines is likelier meant, with one its own."""
        if device_type is not None:
            apt = self._named(infer_device_type((), device_type))
        elif named:
            return np.ones(len(self._entries), np.float32)
        else:
            apt = self._named(ROTATING) | self._named("*")
        return np.where(apt, _APT, 1).astype(np.float32)

    def _score(self, term: Term) -> _Scored:
        # The same word read alike has the same meanings, which would be dear to compare.
        key = (term.word, term.meant, term.share)
        scored = self._scored.get(key)
        if scored is None:
            scored = self._scored[key] = self._score_anew(term)
            if len(self._scored) > _KEPT:
                self._scored.popitem(last=False)
        return scored

    def _score_anew(self, term: Term) -> _Scored:
        """BM25 of a term, as of the form of it that an entry says best."""
        size = len(self._entries)
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
            return _Scored(score, sure, _NEWS * term.share)
        rarity = math.log(1 + (size - holders + 0.5) / (holders + 0.5))
        news = min(_NEWS, max(0.5, rarity)) * term.share
        return _Scored(score * np.float32(rarity * term.share), sure, news)

    def _why(self, terms: Sequence[Term], place: int) -> tuple[Match, ...]:
        """The words that an entry answers, each with the meaning that is surest."""
        why = list[Match]()
        for term in terms:
            if term.telling and self._score(term).sure[place] > 0:
                strong = [self._postings.strength(one.tokens, place) for one in term.meanings]
                sures = [
                    float(_sure(one.sure, np.float32(how)))
                    for one, how in zip(term.meanings, strong, strict=True)
                ]
                why.append(Match(term, term.meanings[sures.index(max(sures))]))
        return tuple(why)

    def _held(self, device_type: str | None) -> Mask:
        """Which entries hold for a class."""
        if device_type is None:
            return self._all
        class_ = infer_device_type((), device_type)
        return self._mask(("holds", class_), lambda entry: applies_to(entry, class_))

    def _named(self, class_: str) -> Mask:
        """Which entries name a class themselves."""
        return self._mask(("names", class_), lambda entry: class_ in entry.device_types)

    def _showing(self, symptoms: Sequence[Symptom]) -> Mask:
        masks = [
            self._mask(("shows", symptom), partial(_shows, symptom=symptom)) for symptom in symptoms
        ]
        return np.logical_and.reduce([self._all, *masks])

    def _mask(self, key: Hashable, holds: Callable[[KnowledgeEntry], bool]) -> Mask:
        """Which entries a filter keeps, remembered."""
        mask = self._masks.get(key)
        if mask is None:
            mask = np.array([holds(entry) for entry in self._entries], np.bool_)
            if len(self._masks) < _KEPT:
                self._masks[key] = mask
        return mask


def _sure(how: float, strengths: Floats | np.float32) -> Floats:
    """How sure a meaning is where an entry holds it so strongly."""
    return np.float32(how) * np.minimum(np.float32(1), strengths / np.float32(_PLAIN))


def _shows(entry: KnowledgeEntry, symptom: Symptom) -> bool:
    asked = measurement_name(symptom.channel)
    return any(
        sign.weight > 0
        and sign.direction != "none"
        and measurement_name(sign.channel) == asked
        and (symptom.direction is None or sign.direction in (symptom.direction, "any"))
        for sign in entry.signs
    )


def _generality(entry: KnowledgeEntry, device_type: str | None) -> int:
    """0 where the entry names the class, 2 where it holds for anything."""
    if device_type is not None and infer_device_type((), device_type) in entry.device_types:
        return 0
    return 2 if "*" in entry.device_types else 1
