"""What a technician's words say was wrong, and an entry drafted from them."""

import re
from collections.abc import Sequence

from opsmith.domain.alerts import Deviation
from opsmith.domain.knowledge import KnowledgeEntry, Prose, Sign
from opsmith_kb.search_lexicon import query_terms
from opsmith_kb.tokens import tokens

_DENIES = re.compile(
    r"\b(no|not|non|without|never|nothing|normal|fine|false|isn't|wasn't|unknown|unclear)\b"
    r"|无|未|没|正常|误报|不明|并非|不是",
    re.IGNORECASE,
)
"""What may turn words around: then a person has to say what they mean."""
_LEAST = 3
"""Words of a finding that an entry can be drafted from."""
_DRAFTED = -1.0
"""Prior of a drafted entry: one order is not to outrank what is well known."""


def mode_of(words: str, entries: Sequence[KnowledgeEntry]) -> str | None:
    """The one failure mode whose id, or name in either language, is said in full; else None.

    Careful on purpose: what is learned from a finding that was misread is wrong for long.
    """
    if not words.strip() or _DENIES.search(words):
        return None
    held = set(tokens(words))
    best: list[tuple[int, str]] = []
    for entry in entries:
        names = (entry.entry_id, *(text.name for text in entry.text.values()))
        sizes = [len(terms) for name in names if (terms := _said(name, held))]
        if sizes:
            best.append((max(sizes), entry.entry_id))
    best.sort(reverse=True)
    if not best or (len(best) > 1 and best[1][0] == best[0][0]):
        return None
    return best[0][1]


def is_telling(words: str) -> bool:
    """Whether a finding says enough to draft an entry from it.

    >>> is_telling("Strainer gasket blown, debris in it"), is_telling("no fault"), is_telling("ok")
    (True, False, False)
    """
    return len(set(tokens(words))) >= _LEAST and not _DENIES.search(words)


def likeness(words: str, others: str) -> float:
    """Share of the words of two findings that both have, 0 to 1 (Jaccard)."""
    one, other = set(tokens(words)), set(tokens(others))
    return len(one & other) / max(1, len(one | other))


def draft(
    entry_id: str,
    device_type: str,
    found: str,
    done: str,
    deviations: Sequence[Deviation],
    hours: float,
    reference: str,
) -> KnowledgeEntry:
    """An entry in a technician's words, for a reviewer to complete; both languages alike."""
    told = " ".join(found.split())
    seen = [
        Sign(
            channel=one.channel,
            direction=one.direction,
            kinds=() if one.kind == "unknown" else (one.kind,),
            weight=0.8,
            note="Seen before the order; weight to be judged.",
        )
        for one in deviations
        if one.direction != "none" or one.kind != "unknown"
    ]
    symptoms = "; ".join(f"{one.channel} {one.direction}" for one in deviations)
    prose = Prose(
        name=told[:80],
        fault_pattern=told[:200],
        symptoms=symptoms,
        root_cause=told[:2000],
        solution=" ".join(done.split())[:2000],
        prevention="",
        immediate_action="",
        confirm_by="",
    )
    return KnowledgeEntry(
        entry_id=entry_id,
        device_types=(device_type,) if device_type not in ("", "unknown") else ("*",),
        category="unknown",
        severity="MEDIUM",
        prior=_DRAFTED,
        signs=tuple({one.channel: one for one in seen}.values()),
        hours=max(0.0, hours),
        text={"en": prose, "zh": prose},
        source="AI_GENERATED",
        reference=reference,
    )


def _said(name: str, held: set[str]) -> list[str]:
    """The words of a name, where the tokens have every one of them or its synonym; else none."""
    words = list[str]()
    for word, meanings in query_terms(name):
        if not any(_has(meaning, held) for meaning in meanings):
            return []
        words.append(word)
    return words


def _has(meaning: str, held: set[str]) -> bool:
    if len(meaning) > 2 and meaning[0] >= "\u3400":
        return all(meaning[i : i + 2] in held for i in range(len(meaning) - 1))
    return meaning in held
