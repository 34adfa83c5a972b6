"""Find knowledge by words, English or Chinese: BM25 over the entries' fields.

A question's words are read with the lexicon of the field (`search_words.txt`): synonyms of both
languages, abbreviations, misspellings by letters and by sound. An entry is found where it covers
enough of what was asked; where none does nothing is found, rather than the least unlike.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from opsmith.domain.alerts import Direction
from opsmith.domain.knowledge import KnowledgeEntry
from opsmith_kb.channels import channel_of
from opsmith_kb.classes import ROTATING, applies_to, infer_device_type
from opsmith_kb.search_lexicon import Lexicon, lexicon
from opsmith_kb.search_postings import Floats, Postings, weigh
from opsmith_kb.search_query import Term
from opsmith_kb.search_terms import Match, Terms
from opsmith_kb.signs import measurement_name
from opsmith_kb.tokens import is_chinese

_COVERED = 0.33
"""Share of the information asked for that an entry must cover to answer. On the questions that are
not held out, from 0.25 to 0.4 one or two fewer are answered, and one or two strange ones fewer."""
_COVERED_ANYWHERE = 0.5
"""The same where no class of devices is chosen or named: the question may be of anything."""
_COVERED_BESIDE = 0.6
"""The same where it answers none of the field's words, but only such as anyone says."""
_ANCHOR = 0.4
"""How sure a word of the field is answered at least, to be one that an entry is about."""
_APT = 1.2
"""What an entry as broad as the question gains."""
_RESEMBLING = 0.25
"""Share of the best entry's score under which another is noise beside it."""
_CLASS_GIVEN, _CLASS_NEWS = 1.0, 2.0
"""Information in the class that was chosen, and in one that the question names."""
_CLASS_NAMED = 0.8
"""What an entry of the class that the question names gains, beside its words."""
_OTHER_CLASS = 0.75
"""What is left of the score of an entry that does not hold for the class that is named."""
_PHRASE = 4
"""Signs of the longest Chinese phrase of an entry that is taken for a word."""
_KEPT = 128
"""Filters whose entries are remembered."""


_DIRECTIONS: dict[Direction, tuple[str, ...]] = {
    "up": ("up", "rising", "high", "higher", "升高", "上升", "增大", "增加", "变大", "偏高", "过高",
           "太高", "高", "大"),
    "down": ("down", "falling", "low", "lower", "下降", "降低", "减小", "减少", "变小", "偏低",
             "过低", "太低", "低", "小"),
}  # fmt: skip
"""How people say which way a channel went, the longer words first."""

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
        >>> Symptom.read("轴承温度升高"), Symptom.read("振动")
        (Symptom(channel='bearing_temperature', direction='up'), Symptom(channel='vibration', \
direction=None))
        """
        told = " ".join(text.lower().replace("_", " ").split())
        for direction, words in _DIRECTIONS.items():
            for word in words:
                rest = told.removesuffix(word if is_chinese(word) else f" {word}").strip()
                if rest and rest != told:
                    return cls(channel_of(rest), direction)
        return cls(channel_of(told))


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that was found."""

    entry: KnowledgeEntry
    score: float
    """Dimensionless, greater is better; 0 where nothing was asked for."""
    covered: float
    """Share of the question's information that it answers, 0 to 1."""
    why: tuple[Match, ...] = ()
    words_of: Lexicon = field(default_factory=lexicon)
    """By which the question was read."""

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


class KnowledgeIndex:
    """An index over entries, built once.

    Args:
        entries: In any order.
        before: An index over the entries as they were; only what changed is read again.
        words_of: The lexicon; None: the packaged one.
    """

    def __init__(
        self,
        entries: Sequence[KnowledgeEntry],
        before: "KnowledgeIndex | None" = None,
        words_of: Lexicon | None = None,
    ) -> None:
        self._words_of = words_of or lexicon()
        if before is not None and before._words_of is not self._words_of:
            before = None
        self._entries = tuple(sorted(entries, key=lambda entry: entry.entry_id))
        self._postings = Postings(
            {entry.entry_id: entry for entry in self._entries},
            partial(weigh, words_of=self._words_of),
            None if before is None else before._postings,
        )
        self._terms = Terms(self._postings, _own_words(self._entries), self._words_of)
        self._all = np.ones(len(self._entries), np.bool_)
        self._masks = dict[Hashable, Mask]()

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
        terms = self._terms.read(text)
        scores, covered, anchored = self._weigh(terms, device_type)
        placed = device_type is not None or any(term.class_ for term in terms)
        needed = _COVERED if placed else _COVERED_ANYWHERE
        scores[~held | (covered < np.where(anchored, needed, _COVERED_BESIDE))] = 0.0
        best = float(scores.max(initial=0.0))
        # What holds only a common word of a longer question is noise beside a good answer.
        places = np.flatnonzero((scores > 0) & (scores >= _RESEMBLING * best))
        first = places[np.lexsort((places, -scores[places]))[:limit]]
        hits = tuple(
            Hit(
                self._entries[i],
                float(scores[i]),
                float(covered[i]),
                self._terms.why(terms, i),
                self._words_of,
            )
            for i in map(int, first)
        )
        return Found(len(places), hits)

    def _weigh(self, terms: Sequence[Term], device_type: str | None) -> tuple[Floats, Floats, Mask]:
        """Score and covered share of every entry, and whether it answers a word of the field."""
        size = len(self._entries)
        anchored = np.zeros(size, np.bool_)
        scores, covered = np.zeros(size, np.float32), np.zeros(size, np.float32)
        asked = 0.0
        named = [term for term in terms if term.class_ is not None]
        classes = [str(term.class_) for term in named]
        for term in terms:
            if term.class_ is not None:
                continue
            scored = self._terms.score(term)
            scores += scored.score
            if term.telling:
                covered += scored.news * scored.sure
                asked += scored.news
                if any(one.how != "plain" for one in term.meanings):
                    anchored |= scored.sure > _ANCHOR
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
            covered[:], anchored[:] = 1.0, True
        scores *= self._breadth(device_type, named)
        for term in named:
            scores *= np.where(self._held(term.class_), 1.0, _OTHER_CLASS)
            own = self._named(str(term.class_))
            scores += np.where(own & ((scores > 0) | (asked == 0)), _CLASS_NAMED, 0.0)
        return scores, covered, anchored

    def _breadth(self, device_type: str | None, named: Sequence[Term]) -> Floats:
        """Without a class what holds for many machines is likelier meant, with one its own."""
        if device_type is not None:
            apt = self._named(infer_device_type((), device_type))
        elif named:
            return np.ones(len(self._entries), np.float32)
        else:
            apt = self._named(ROTATING) | self._named("*")
        return np.where(apt, _APT, 1).astype(np.float32)

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


def _own_words(entries: Sequence[KnowledgeEntry]) -> set[str]:
    """The short Chinese phrases in which entries say what people call them."""
    return {
        phrase
        for entry in entries
        for phrase in entry.also.get("zh", ())
        if 2 <= len(phrase) <= _PHRASE and all(is_chinese(sign) for sign in phrase)
    }


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
