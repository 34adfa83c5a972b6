"""Find knowledge by words, English or Chinese: BM25 over the entries' fields."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from opsmith.domain.knowledge import KnowledgeEntry
from opsmith_kb.classes import applies_to, infer_device_type
from opsmith_kb.tokens import query_terms, tokens

_K1, _B = 1.2, 0.75
"""As Robertson and Zaragoza (2009), The Probabilistic Relevance Framework, give them."""
_WEIGHTS = {"name": 6, "fault_pattern": 2, "symptoms": 2, "root_cause": 1, "solution": 1}
"""How often a field's words count; a name says what the entry is about."""


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that was found."""

    entry: KnowledgeEntry
    score: float
    """Dimensionless, greater is better; 0 where nothing was asked for."""
    matched: tuple[str, ...]
    """The words of the query that it holds, or that a synonym stands for."""


class KnowledgeIndex:
    """An index over entries, built once."""

    def __init__(self, entries: Sequence[KnowledgeEntry]) -> None:
        self._entries = tuple(entries)
        self._counts = [_count(entry) for entry in self._entries]
        self._lengths = [sum(counts.values()) for counts in self._counts]
        self._mean_length = sum(self._lengths) / max(1, len(self._lengths))
        self._holders: Counter[str] = Counter(t for counts in self._counts for t in counts)

    def search(self, text: str, device_type: str | None = None, limit: int = 5) -> list[Hit]:
        """The entries that answer best, best first; none where no word is known.

        Without words, the entries of the class itself come before those for any machine.

        Args:
            text: Words in either language; empty lists them all.
            device_type: Only entries that hold for this class; None: all.
            limit: At most so many.
        """
        places = [i for i, entry in enumerate(self._entries) if _holds(entry, device_type)]
        if not text.strip():
            named = sorted(places, key=lambda i: _generality(self._entries[i], device_type))
            return [Hit(self._entries[i], 0.0, ()) for i in named[:limit]]
        terms = query_terms(text)
        hits = [hit for i in places if (hit := self._score(i, terms)) is not None]
        hits.sort(key=lambda hit: (-hit.score, hit.entry.entry_id))
        if not hits:
            return []
        # What holds only a common word of a longer question is noise beside a good answer.
        return [hit for hit in hits if hit.score >= 0.25 * hits[0].score][:limit]

    def _score(self, place: int, terms: Sequence[tuple[str, tuple[str, ...]]]) -> Hit | None:
        score, matched = 0.0, list[str]()
        for word, meanings in terms:
            best = max(self._weigh(place, meaning) for meaning in meanings)
            if best > 0:
                score += best
                matched.append(word)
        if not matched:
            return None
        share = len(matched) / len(terms)
        return Hit(self._entries[place], score * (0.5 + 0.5 * share), tuple(dict.fromkeys(matched)))

    def _weigh(self, place: int, meaning: str) -> float:
        """BM25 of one meaning; a Chinese word of several pairs is as good as its rarest pair."""
        counts = self._counts[place]
        parts = [meaning] if meaning in self._holders else _parts(meaning)
        return min((self._weigh_token(place, counts, part) for part in parts), default=0.0)

    def _weigh_token(self, place: int, counts: Counter[str], token: str) -> float:
        often = counts[token]
        if not often:
            return 0.0
        holders, all_ = self._holders[token], len(self._entries)
        rarity = math.log(1 + (all_ - holders + 0.5) / (holders + 0.5))
        length = 1 - _B + _B * self._lengths[place] / self._mean_length
        return rarity * often * (_K1 + 1) / (often + _K1 * length)


def _holds(entry: KnowledgeEntry, device_type: str | None) -> bool:
    return device_type is None or applies_to(entry, infer_device_type((), device_type))


def _generality(entry: KnowledgeEntry, device_type: str | None) -> int:
    """0 where the entry names the class, 2 where it holds for anything."""
    if device_type is not None and infer_device_type((), device_type) in entry.device_types:
        return 0
    return 2 if "*" in entry.device_types else 1


def _parts(meaning: str) -> list[str]:
    if len(meaning) > 2 and meaning[0] >= "\u3400":
        return [meaning[i : i + 2] for i in range(len(meaning) - 1)]
    return []


def _count(entry: KnowledgeEntry) -> Counter[str]:
    counts: Counter[str] = Counter(tokens(entry.entry_id))
    counts.update(
        tokens(f"{entry.category} {entry.iso_code} {' '.join(entry.parts + entry.parts_zh)}")
    )
    for prose in entry.text.values():
        for field in type(prose).model_fields:
            weight = _WEIGHTS.get(field, 1)
            for token in tokens(str(getattr(prose, field))):
                counts[token] += weight
    return counts
