"""How alike completed work orders are to a fault: their words, failure mode, code and device.

The words are weighed by how rare they are among the orders (tf-idf) and compared by the cosine,
Salton and Buckley (1988), Information Processing & Management 24(5), 513-523.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opsmith_kb.search_lexicon import query_terms
from opsmith_kb.tokens import tokens

COLUMNS = (
    "order_no", "device_id", "failure_mode", "failure_code", "description", "found", "done",
    "closing_notes", "actual_hours", "completed_at", "materials",
)  # fmt: skip
"""What is compared, and shown."""

NEWEST = 1000
"""Orders among which those of a failure mode alone are looked for: an alert waits for it."""

_CLOSELY = 400
"""Orders whose words are weighed exactly; those that share the rarest words are chosen first."""

_WORDS_ASKED = 40
"""Different words of a fault that are looked for; what matters is said by then."""

_WORDS, _MODE, _CODE, _DEVICE = 0.6, 0.2, 0.15, 0.05
_MEANT = 0.6
"""What a word of the same meaning counts, or of the other language, beside the word itself."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What the orders are compared to."""

    text: str
    failure_mode: str | None
    failure_code: str | None
    device_id: str | None


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike one order is."""

    row: Any
    score: float
    """0 to 1."""
    words: float
    """Cosine, 0 to 1."""
    shared: tuple[str, ...]
    same_mode: bool
    same_code: bool
    same_device: bool


def alike(rows: Sequence[Any], fault: Fault) -> list[Likeness]:
    """The orders that share words, mode or code with the fault, the most alike first."""
    asked = _asked(fault.text)
    texts = [_text(row).lower() for row in rows]
    holders = {form: _holding(texts, meanings) for form, (_, meanings) in asked.items()}
    rarity = {form: math.log(1 + len(rows) / (0.5 + sum(held))) for form, held in holders.items()}
    found = list[tuple[float, int]]()
    for i, row in enumerate(rows):
        rough = sum(rarity[form] for form, held in holders.items() if held[i])
        same = _same(fault.failure_mode, row.failure_mode) + _same(
            fault.failure_code, row.failure_code
        )
        if rough or same:
            found.append((rough + 100 * same, i))
    found.sort(key=lambda one: (-one[0], one[1]))
    likenesses = [_likeness(rows[i], fault, asked, rarity) for _, i in found[:_CLOSELY]]
    kept = [one for one in likenesses if one.words > 0 or one.same_mode or one.same_code]
    return sorted(kept, key=lambda one: (-one.score, one.row.order_no))


def _likeness(
    row: Any,
    fault: Fault,
    asked: Mapping[str, tuple[str, frozenset[str]]],
    rarity: Mapping[str, float],
) -> Likeness:
    counts = Counter(tokens(_text(row)) if asked else ())
    # A word weighs as the query's where both have it; one that was not asked for as a common one.
    common = min(rarity.values(), default=1.0)
    dot, shared, used = 0.0, list[str](), set[str]()
    for form, (word, meanings) in asked.items():
        often = max((counts[one] for one in meanings), default=0)
        if often:
            own = any(counts[one] for one in _parts((form,)))
            said = 1.0 if own else _MEANT
            dot += said * rarity[form] * rarity[form] * (1 + math.log(often))
            shared.append(word)
            used |= meanings
    squares = sum(
        (rarity[form] * (1 + math.log(max(counts[one] for one in meanings)))) ** 2
        for form, (_, meanings) in asked.items()
        if any(counts[one] for one in meanings)
    ) + sum((common * (1 + math.log(n))) ** 2 for one, n in counts.items() if one not in used)
    norm = math.sqrt(sum(weight * weight for weight in rarity.values()) * squares)
    words = min(1.0, dot / norm) if norm else 0.0
    same_mode = _same(fault.failure_mode, row.failure_mode)
    same_code = _same(fault.failure_code, row.failure_code)
    same_device = _same(fault.device_id, row.device_id)
    score = _WORDS * words + _MODE * same_mode + _CODE * same_code + _DEVICE * same_device
    return Likeness(row, score, words, tuple(shared), same_mode, same_code, same_device)


def _asked(text: str) -> dict[str, tuple[str, frozenset[str]]]:
    """The words of a fault by their form, each with all forms that mean it."""
    found = dict[str, tuple[str, frozenset[str]]]()
    for word, meanings in query_terms(text):
        if len(found) == _WORDS_ASKED:
            break
        found.setdefault(meanings[0], (word, frozenset(_parts(meanings))))
    return found


def _parts(meanings: Iterable[str]) -> Iterable[str]:
    for one in meanings:
        # Longer Chinese words are found by their pairs.
        if one[0] >= "\u3400" and len(one) > 2:
            yield from (one[i : i + 2] for i in range(len(one) - 1))
        else:
            yield one


def _holding(texts: Sequence[str], meanings: Iterable[str]) -> list[bool]:
    """Which texts may have a word that means it: fast, and never too few."""
    first, *others = {_key(one) for one in meanings}
    held = [first in text for text in texts]
    for key in others:
        held = [has or key in text for has, text in zip(held, texts, strict=True)]
    return held


def _key(form: str) -> str:
    """What a text has at least where it has a word of this form."""
    return form[:-1] if len(form) > 3 and form.endswith("i") else form


def _same(one: str | None, other: str | None) -> bool:
    return bool(one) and bool(other) and str(one).lower() == str(other).lower()


def _text(row: Any) -> str:
    return " ".join(filter(None, (row.description, row.found, row.done, row.closing_notes)))
