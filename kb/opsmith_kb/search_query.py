"""What a question asks for: its words, each with the forms in which an entry may say it.

A question is words and nothing else: there is no syntax, so there is nothing to inject.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, Protocol

from opsmith_kb.search_lexicon import Lexicon, singular
from opsmith_kb.search_sounds import sounds
from opsmith_kb.search_spelling import Spelling
from opsmith_kb.tokens import is_chinese, says_nothing, stem, words

How = Literal["same", "plain", "synonym", "related", "spelling"]
"""Why a form answers a word: it is the word, of the field or not; it means it, hints at it, or is
what was meant."""

_SURE: dict[How, float] = {
    "same": 1.0, "plain": 0.75, "synonym": 0.9, "spelling": 0.8, "related": 0.45,
}  # fmt: skip
_ONE_SIGN = 0.5
"""How sure a single Chinese character is, beside a word."""
_ELSEWHERE = 3.0
"""How many unknown words a word of another matter is worth."""
_IN_PASSING = 0.3
"""What a word that says nothing of a fault adds to a score."""
_LETTERS = 3
"""Letters of an English form that is looked for though another was asked."""
MOST_WORDS = 60
"""Words of a question that are looked at."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """One form in which an entry may say a word."""

    form: str
    tokens: tuple[str, ...]
    """Tokens that an entry must hold, all of them."""
    how: How
    sure: float


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a question."""

    word: str
    meanings: tuple[Meaning, ...]
    share: float = 1.0
    """How much of a word it is: pairs of an unknown Chinese run overlap."""
    telling: bool = True
    """False: it finds, but a question is not less answered without it."""
    class_: str | None = None
    """The class of devices that it names."""
    meant: str = ""
    """The form that it was taken for."""


class Vocabulary(Protocol):
    """The tokens that entries have."""

    def __contains__(self, token: object, /) -> bool:
        """Whether an entry has it."""
        ...


class Reader:
    """Reads questions.

    Args:
        lexicon: The words of the field.
        held: Tokens of the entries.
        spelling: Of the words of both.
        own: Short Chinese phrases that entries tell of themselves: words that no lexicon has.
    """

    def __init__(
        self,
        lexicon: Lexicon,
        held: Vocabulary,
        spelling: Spelling,
        own: Collection[str] = (),
    ) -> None:
        self._lexicon = lexicon
        self._held = held
        self._spelling = spelling
        self._own = frozenset(one for one in own if not self._known_in(one))
        self._own_by_sound = {sounds(one): one for one in sorted(self._own, reverse=True)}

    def _known_in(self, phrase: str) -> bool:
        """Whether it holds a word of the lexicon, by which it is read already."""
        known = (self._lexicon.meanings, self._lexicon.general)
        parts = {phrase[i:j] for j in range(2, len(phrase) + 1) for i in range(j - 1)}
        return any(part in one for part in parts for one in known)

    def terms(self, text: str) -> list[Term]:
        """The words of a question, in order, each once."""
        terms, english = list[Term](), list[str]()
        for piece in words(text)[:MOST_WORDS]:
            if is_chinese(piece):
                terms += self._english(english)
                english = []
                terms += self._chinese(piece[:MOST_WORDS])
            else:
                english.append(piece)
        terms += self._english(english)
        return list({term.word: term for term in reversed(terms)}.values())[::-1]

    def _english(self, run: Sequence[str]) -> Iterable[Term]:
        taken = [self._taken(word) for word in run]
        i = 0
        while i < len(run):
            for n in range(min(self._lexicon.longest, len(run) - i), 0, -1):
                forms = [
                    meant[0] if meant else stem(run[i + k])
                    for k, meant in enumerate(taken[i : i + n])
                ]
                form = " ".join(forms)
                alone = n == 1 and (says_nothing(run[i]) or run[i] in self._lexicon.general)
                if form in self._lexicon.meanings and not alone:
                    how: How = "spelling" if any(taken[i : i + n]) else "same"
                    yield self._known(" ".join(run[i : i + n]), form, how)
                    i += n
                    break
            else:
                yield from self._other(run[i], taken[i])
                i += 1

    def _taken(self, word: str) -> tuple[str, ...]:
        """The stems that a word nobody knows may have been meant for."""
        form, lexicon = stem(word), self._lexicon
        known = (
            says_nothing(word)
            or form in lexicon.general
            or word in lexicon.spellings
            or form in lexicon.meanings
            or self._elsewhere(word)
            or form in self._held
        )
        return () if known else self._spelling.nearest(word)

    def _elsewhere(self, word: str) -> bool:
        return any(one in self._lexicon.elsewhere for one in singular(word))

    def _other(self, word: str, meant: Sequence[str]) -> Iterable[Term]:
        """An English word that is none of the field's."""
        if says_nothing(word):
            return
        form = stem(word)
        if self._elsewhere(word) and form not in self._held:
            yield Term(word, (), share=_ELSEWHERE)
            return
        general = form in self._lexicon.general or word.isdigit()
        if form in self._held:
            share = _IN_PASSING if general else 1.0
            yield Term(word, (_meaning(form, "plain"),), share, telling=not general)
        elif not general:
            known = [self._known(word, form, "spelling") for form in meant]
            meanings = tuple(one for term in known for one in term.meanings)
            yield Term(word, meanings, meant=meant[0] if meant else "")

    def _known(self, word: str, form: str, how: How) -> Term:
        """A word of the field, or what it was meant to be."""
        same = self._lexicon.meanings.get(form, (form,))
        other: How = "synonym" if how == "same" else how
        # What an abbreviation stands for is looked for, not the letters in other entries.
        found = [
            _meaning(one, how if one == form else other)
            for one in same
            if one == form or len(one) >= _LETTERS or not one.isascii()
        ]
        found += [
            _meaning(one, "related")
            for hint in self._lexicon.related.get(form, ())
            for one in self._lexicon.meanings.get(hint, (hint,))
            if one not in same
        ]
        return Term(word, tuple(found), class_=self._lexicon.classes.get(form), meant=form)

    def _chinese(self, run: str) -> Iterable[Term]:
        rest, i = "", 0
        while i < len(run):
            size, term = self._word_at(run, i)
            if size == 0:
                rest += run[i]
                i += 1
                continue
            yield from self._pairs(rest)
            rest = ""
            if term is not None:
                yield term
            i += size
        yield from self._pairs(rest)

    def _word_at(self, run: str, i: int) -> tuple[int, Term | None]:
        """The longest known word that begins there: its length, 0 if none, None if it is empty."""
        lexicon = self._lexicon
        for size in range(min(8, len(run) - i), 1, -1):
            form = run[i : i + size]
            if form in lexicon.meanings:
                return size, self._known(form, form, "same")
            if form in lexicon.general:
                return size, None
            if form in self._own and not (size == 2 and self._begins(run, i + 1)):
                return size, Term(form, (_meaning(form, "same"),), meant=form)
            if form in lexicon.elsewhere and not self._holds(form):
                return size, Term(form, (), share=_ELSEWHERE)
            crossed = size == 2 and self._begins(run, i + 1)
            if not crossed and (meant := self._by_sound(form)) is not None:
                return size, self._known(form, meant, "spelling")
        if run[i] in lexicon.meanings and run[i : i + 2] not in self._held:
            return 1, self._known(run[i], run[i], "same")
        if run[i] in lexicon.elsewhere and not any(
            run[k : k + 2] in self._held for k in (i - 1, i) if k >= 0
        ):
            return 1, Term(run[i], (), share=_ELSEWHERE)
        return 0, None

    def _begins(self, run: str, i: int) -> bool:
        """Whether a known word of two signs or more begins there."""
        known = (self._lexicon.meanings, self._lexicon.general)
        return any(
            run[i : i + size] in one for size in (2, 3, 4) for one in known if i + size <= len(run)
        )

    def _holds(self, form: str) -> bool:
        """Whether entries have all pairs of a Chinese form."""
        return all(part in self._held for part in _meaning(form, "same").tokens)

    def _by_sound(self, form: str) -> str | None:
        """The word that was typed with another character of the same sound."""
        if (len(form) == 2 and form in self._held) or len(form) > 5:
            return None
        if any(says_nothing(sign) for sign in form):
            return None
        own = self._own_by_sound.get(heard := sounds(form))
        meant = [*self._lexicon.by_sound.get(heard, ()), *([] if own is None else [own])]
        if len(form) == 2 and form[::-1] in self._own:
            meant.append(form[::-1])
        return next((one for one in meant if (set(one) & set(form)) - self._lexicon.general), None)

    def _pairs(self, run: str) -> Iterable[Term]:
        """What no lexicon knows, in overlapping pairs."""
        general = self._lexicon.general
        if len(run) == 1 and run not in general and not says_nothing(run):
            yield Term(run, (_meaning(run, "same"),), share=0.5)
        share = len(run) / 2 / max(1, len(run) - 1)
        pairs = [run[i : i + 2] for i in range(len(run) - 1)]
        held = [pair in self._held for pair in pairs]
        for i, pair in enumerate(pairs):
            passing = any(sign in general or says_nothing(sign) for sign in pair)
            # A pair that no entry has, across the border of one that entries have, is no word.
            if held[i] or not (passing or any(held[max(0, i - 1) : i + 2])):
                part = share * _IN_PASSING if passing else share
                yield Term(pair, (_meaning(pair, "plain"),), share=part, telling=not passing)


def _meaning(form: str, how: How) -> Meaning:
    if is_chinese(form):
        parts = tuple(form[i : i + 2] for i in range(len(form) - 1)) or (form,)
    else:
        parts = tuple(f"{one} {other}" for one, other in pairwise(form.split(" "))) or (form,)
    one_sign = is_chinese(form) and len(form) == 1
    return Meaning(form, parts, how, _SURE[how] * (_ONE_SIGN if one_sign else 1.0))
