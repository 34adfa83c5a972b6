"""What the knowledge search found, ordered anew by meaning where a model is at hand."""

from collections.abc import Sequence
from typing import TypeVar

from opsmith.ports import Vectors
from opsmith.storage.knowledge_documents import Quoted
from opsmith_kb.documents_search import PassageHit
from opsmith_kb.search import Hit
from opsmith_kb.search_meaning import entry_texts, order, passage_texts
from opsmith_mcp.meaning import Meaning

POOL = 20
"""Of each kind that are found by words and compared: as many as an answer may have."""
LATE = "Ordered by words alone: the embedding model did not answer in time."

Quotes = Sequence[tuple[Quoted, PassageHit]]
T = TypeVar("T", Hit, tuple[Quoted, PassageHit])


def reordered(
    meaning: Meaning, question: str, hits: Sequence[Hit], quotes: Quotes
) -> tuple[Sequence[Hit], Quotes, str | None]:
    """Entries and passages, those nearer in meaning before others that words answer as well.

    Returns:
        The entries, the passages, and a note where they are as they came for want of an answer.
    """
    if len(hits) < 2 and len(quotes) < 2:
        return hits, quotes, None
    candidates = [
        *(entry_texts(hit.entry) for hit in hits),
        *(passage_texts(quoted.document, quoted.passage) for quoted, _ in quotes),
    ]
    near = meaning.nearness(question, candidates)
    if near is None:
        return hits, quotes, LATE
    return (
        _ordered(hits, [hit.score for hit in hits], near[: len(hits)]),
        _ordered(quotes, [found.score for _, found in quotes], near[len(hits) :]),
        None,
    )


def _ordered(found: Sequence[T], scores: Sequence[float], near: Vectors) -> list[T]:
    return [found[place] for place in order(scores, near)]
