"""The words of the field that the search knows: what means the same, what says nothing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise

from opsmith_kb.search_sounds import sounds
from opsmith_kb.tokens import is_chinese, says_nothing, stem, words

_FILE = "search_words.txt"
_LONGEST = 8
"""Signs of the longest Chinese word that is looked for."""


@dataclass(frozen=True)
class Lexicon:
    """Forms, each a Chinese word or the stems of English ones with a space between."""

    meanings: Mapping[str, tuple[str, ...]]
    """A form -> all forms that mean the same, itself among them."""
    related: Mapping[str, tuple[str, ...]]
    """A form -> forms that an entry may say instead, less surely."""
    classes: Mapping[str, str]
    """A form -> the class of devices that it names."""
    general: frozenset[str]
    """Forms that say nothing of a fault."""
    elsewhere: frozenset[str]
    """Words of other machines and other matters, English ones as they are written."""
    by_sound: Mapping[tuple[str, ...], tuple[str, ...]]
    """Syllables -> Chinese forms of two signs or more that sound so."""
    spellings: Mapping[str, str]
    """An English word as it is written -> its stem."""
    names: Mapping[str, str]
    """A form -> how it is written."""
    pairs: frozenset[tuple[str, str]]
    """Two stems that follow each other in a form of several words."""
    longest: int
    """Words of the longest English form."""


def form_of(text: str) -> str:
    """The form under which a word or a few words are kept.

    >>> form_of("Mechanical seals"), form_of("机封")
    ('mechanical seal', '机封')
    """
    return " ".join(one if is_chinese(one) else stem(one) for one in words(text))


@cache
def lexicon() -> Lexicon:
    """The packaged lexicon."""
    return read_lexicon((files("opsmith_kb") / _FILE).read_text(encoding="utf-8"))


def read_lexicon(text: str) -> Lexicon:
    """Read the sections that the head of the file names."""
    lines = _sections(text)
    classes = {
        form_of(name): class_
        for class_, _, names in (line.partition(": ") for line in lines["classes"])
        for name in names.split(", ")
    }
    meanings = defaultdict[str, dict[str, None]](dict)
    groups = [[name.strip() for name in line.split(",")] for line in lines["same"]]
    groups += [
        [name for name, class_ in _named(lines["classes"]) if class_ == one]
        for one in dict.fromkeys(classes.values())
    ]
    for group in groups:
        forms = dict.fromkeys(form_of(name) for name in group)
        for form in forms:
            meanings[form].update(forms)
    related = defaultdict[str, dict[str, None]](dict)
    for line in lines["related"]:
        asked, _, others = line.partition(" -> ")
        found = [form_of(other) for other in others.split(", ")]
        for form in meanings.get(form_of(asked), {form_of(asked): None}):
            related[form].update(dict.fromkeys(found))
    by_sound = defaultdict[tuple[str, ...], list[str]](list)
    for form in meanings:
        if is_chinese(form) and len(form) > 1:
            by_sound[sounds(form)].append(form)
    written = {one for group in groups for name in group for one in words(name)}
    return Lexicon(
        meanings=_fixed(meanings),
        related=_fixed(related),
        classes=classes,
        general=_listed(lines["general"]),
        elsewhere=frozenset(one for line in lines["elsewhere"] for one in line.split()),
        by_sound={key: tuple(forms) for key, forms in by_sound.items()},
        spellings={one: stem(one) for one in sorted(written) if not is_chinese(one)},
        names={form_of(name): name for group in reversed(groups) for name in reversed(group)},
        pairs=frozenset(pair for form in meanings for pair in pairwise(form.split(" "))),
        longest=max(form.count(" ") + 1 for form in meanings),
    )


def singular(word: str) -> tuple[str, ...]:
    """An English word, and what it may be the plural of.

    >>> singular("boilers"), singular("batteries")
    (('boilers', 'boiler'), ('batteries', 'batterie', 'batteri', 'battery'))
    """
    ends = {"s": "", "es": "", "ies": "y"}
    return (
        word,
        *(word.removesuffix(end) + one for end, one in ends.items() if word.endswith(end)),
    )


def _listed(lines: Iterable[str]) -> frozenset[str]:
    return frozenset(form_of(one) for line in lines for one in line.split())


def _named(lines: Iterable[str]) -> list[tuple[str, str]]:
    split = [line.partition(": ") for line in lines]
    return [(name, class_) for class_, _, names in split for name in names.split(", ")]


def _sections(text: str) -> dict[str, list[str]]:
    found = defaultdict[str, list[str]](list)
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line.strip() and not line.startswith("#"):
            found[section].append(line.strip())
    return found


def _fixed(forms: Mapping[str, Mapping[str, None]]) -> dict[str, tuple[str, ...]]:
    return {form: tuple(others) for form, others in forms.items()}


def query_terms(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """The words of a text, each with the tokens that mean it, itself first.

    A Chinese word is matched as a whole, by its pairs, so that a shared character alone finds
    nothing.

    >>> [(word, meanings[:2]) for word, meanings in query_terms("轴承 in 泵房")]
    [('轴承', ('轴承', 'bear')), ('泵房', ('泵房',))]
    """
    terms: list[tuple[str, tuple[str, ...]]] = []
    for piece in words(text):
        if is_chinese(piece):
            terms += [(word, _meanings(word)) for word in _cut(piece)]
        elif not says_nothing(piece):
            terms.append((piece, _meanings(stem(piece))))
    return terms


def _cut(run: str) -> list[str]:
    """Cut a run of Chinese at the words of the field; what is between them stays in pairs."""
    found, rest, i = list[str](), "", 0
    known = lexicon().meanings
    while i < len(run):
        sizes = range(min(_LONGEST, len(run) - i), 1, -1)
        form = next((run[i : i + n] for n in sizes if run[i : i + n] in known), None)
        if form is None:
            rest += run[i]
            i += 1
            continue
        found += [*_pairs(rest), form]
        rest = ""
        i += len(form)
    return found + _pairs(rest)


def _pairs(run: str) -> list[str]:
    if len(run) <= 1:
        return [sign for sign in run if not says_nothing(sign)]
    pairs = (run[i : i + 2] for i in range(len(run) - 1))
    return [pair for pair in pairs if not all(says_nothing(sign) for sign in pair)]


def _meanings(form: str) -> tuple[str, ...]:
    """The form and what means the same, as far as a single token says it."""
    others = lexicon().meanings.get(form, ())
    one = (other for other in others if " " not in other and (len(other) > 1 or other.isascii()))
    return tuple(dict.fromkeys([form, *one]))
