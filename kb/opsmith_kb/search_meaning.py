"""What was found by words, ordered anew by how near in meaning it is to the question."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from opsmith.domain.documents import Document, Passage
from opsmith.domain.knowledge import KnowledgeEntry
from opsmith_kb.search_postings import Floats

_LONGEST = 480
"""Signs of a text that are compared: models that read 512 tokens take it whole, also in Chinese.
Longer texts were found no better."""
_WEIGHT = 0.15
"""Share of the best score by words that what is nearest in meaning gains over what is farthest.

What words find is right so often that meaning may only settle what they leave close: whatever the
vectors say, one that answers by more than this share better stays before the other. With a real
model from 0.15 to 0.3 is best; with vectors by chance 0.15 costs least.
Nothing comes in by meaning alone: the questions of the test set that words do not answer are less
like the entry that would answer them than many a strange question is like some entry."""
_ALIKE = 1e-4
"""Cosines that lie nearer together tell nothing."""


def entry_texts(entry: KnowledgeEntry) -> tuple[str, ...]:
    """What of an entry is compared, one text a language: the nearest of them counts."""
    return tuple(
        f"{prose.name}. {'; '.join(entry.also.get(language, ()))}. {prose.symptoms} "
        f"{prose.root_cause}"[:_LONGEST]
        for language, prose in entry.text.items()
    )


def passage_texts(document: Document, passage: Passage) -> tuple[str, ...]:
    """What of a passage of a document is compared."""
    return (f"{document.title}. {passage.heading}. {passage.text}"[:_LONGEST],)


def order(scores: Sequence[float], near: Floats) -> list[int]:
    """The places of what was found, the best first; where it is even, as they came.

    Args:
        scores: By words, greater is better, at least 0.
        near: Shape (n,), cosines with the question.

    >>> order([1.0, 0.95, 0.5], np.array([0.1, 0.6, 0.9], np.float32))
    [1, 0, 2]
    >>> order([1.0, 0.9, 0.5], np.full(3, 0.4, np.float32))
    [0, 1, 2]
    """
    words, nearer = np.array(scores, np.float64), near.astype(np.float64)
    best = float(words.max(initial=0.0))
    least, most = float(nearer.min(initial=1.0)), float(nearer.max(initial=-1.0))
    if best <= 0 or most - least < _ALIKE:
        return list(range(len(scores)))
    # Rounded, that the last bits of another machine do not decide.
    gained: NDArray[np.float64] = np.round((nearer - least) / (most - least), 3)
    together: NDArray[np.float64] = np.round(words / best + _WEIGHT * gained, 6)
    return [int(place) for place in np.argsort(-together, kind="stable")]
