"""The plant's own words for the search: groups of words that mean the same, a line each."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from opsmith.errors import BadInput
from opsmith_kb.search_lexicon import Lexicon, form_of
from opsmith_kb.search_sounds import sounds
from opsmith_kb.tokens import is_chinese, stem, words

HEAD = "[same]"
"""The first line of such a file that is neither empty nor a comment."""
_LINES, _NAMES, _LONGEST = 2000, 20, 64
_CHINESE = 8
"""Signs of the longest Chinese word that a question is searched for."""


def is_own_words(text: str) -> bool:
    r"""Whether a text is a file of own words.

    >>> is_own_words("# Ours\n[same]\nKZL, bearing\n"), is_own_words("KZL, bearing")
    (True, False)
    """
    return next(_told(text), (0, ""))[1] == HEAD


def groups_of(text: str) -> list[list[str]]:
    r"""The groups of a file of own words.

    >>> groups_of("[same]\nKZL, bearing, 轴承\n")
    [['KZL', 'bearing', '轴承']]

    Raises:
        BadInput: A line that is no group, by its number.
    """
    groups = list[list[str]]()
    for number, line in [*_told(text)][1:]:
        names = [name.strip() for name in line.replace("，", ",").split(",")]
        why = None
        if line.startswith("["):
            why = f"only one section, {HEAD}"
        elif len(names) < 2:
            why = "give two words or more that mean the same, with commas between"
        elif len(names) > _NAMES or any(len(name) > _LONGEST for name in names):
            why = f"at most {_NAMES} words of {_LONGEST} signs"
        elif any(is_chinese(name) and len(name) > _CHINESE for name in names if name):
            why = f"a Chinese word of at most {_CHINESE} signs"
        elif strange := [name for name in names if not form_of(name)]:
            why = f"{strange[0]!r} is no word"
        if why:
            raise BadInput(f"line {number}: {why}")
        groups.append(names)
    if len(groups) > _LINES:
        raise BadInput(f"{len(groups)} lines; at most {_LINES}")
    return groups


def with_own_words(base: Lexicon, groups: Sequence[Sequence[str]]) -> Lexicon:
    """The words of the field and the plant's.

    A word that the field does not have means all that its neighbours of the line mean; what the
    field's words mean to each other stays as it was.
    """
    if not groups:
        return base
    added = defaultdict[str, dict[str, None]](dict)
    classes, spellings, names = dict(base.classes), dict(base.spellings), dict(base.names)
    for group in groups:
        forms = {form_of(name): name for name in group}
        meant = [each for form in forms for each in base.meanings.get(form, (form,))]
        class_ = next((base.classes[form] for form in forms if form in base.classes), None)
        for form, name in forms.items():
            names.setdefault(form, name)
            is_new = form not in base.meanings
            added[form].update(dict.fromkeys([form, *(meant if is_new else forms)]))
            if is_new and class_ is not None:
                classes[form] = class_
            spellings |= {one: stem(one) for one in words(name) if not is_chinese(one)}
    by_sound = dict(base.by_sound)
    for form in added:
        if is_chinese(form) and len(form) > 1 and form not in base.meanings:
            by_sound[sounds(form)] = (*by_sound.get(sounds(form), ()), form)
    meanings = {
        form: tuple(dict.fromkeys([*base.meanings.get(form, ()), *others]))
        for form, others in added.items()
    }
    return replace(
        base,
        meanings={**base.meanings, **meanings},
        classes=classes,
        # What a plant gives a meaning to says something.
        general=base.general - added.keys(),
        elsewhere=base.elsewhere - spellings.keys() - added.keys(),
        by_sound=by_sound,
        spellings=spellings,
        names=names,
        pairs=base.pairs | {pair for form in added for pair in pairwise(form.split(" "))},
        longest=max(base.longest, *(form.count(" ") + 1 for form in added)),
    )


def _told(text: str) -> Iterator[tuple[int, str]]:
    """The lines that say something, with their numbers."""
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    return ((number, line) for number, line in lines if line and not line.startswith("#"))
