"""What was found by words stays found, whatever an embedding model says of it."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from retrieval import Question, quality, questions

from opsmith_kb.load import load_entries
from opsmith_kb.search import Hit, KnowledgeIndex
from opsmith_kb.search_meaning import order

INDEX = KnowledgeIndex(load_entries())
ASKED = questions()


def by_chance(question: Question, hits: Sequence[Hit]) -> list[float]:
    rng = np.random.default_rng(int(question.id.lstrip("abcdefghijklmnopqrstuvwxyz")))
    return list(rng.uniform(-1, 1, len(hits)))


def against_it(question: Question, hits: Sequence[Hit]) -> list[float]:
    return [-1.0 if hit.entry.entry_id in question.accepted else 1.0 for hit in hits]


@pytest.mark.parametrize(
    ("near", "mrr"), [(by_chance, 0.9), (against_it, 0.85)], ids=["chance", "against"]
)
def test_a_model_that_talks_nonsense_cannot_break_the_search(
    near: Callable[[Question, Sequence[Hit]], list[float]], mrr: float
) -> None:
    def found(question: Question) -> list[str]:
        hits = INDEX.search(question.text, question.device_type, 20)
        scores = [hit.score for hit in hits]
        places = order(scores, np.array(near(question, hits), np.float32))
        return [hits[place].entry.entry_id for place in places]

    seen = quality(ASKED, found)
    assert seen.recall_at_3 >= 0.95
    assert seen.mrr >= mrr
    assert seen.abstention >= 0.9


def test_what_words_leave_even_keeps_its_order_where_meaning_is_even_too() -> None:
    near = np.array([0.3, 0.3, 0.3, 0.2], np.float32)
    assert order([1.0, 1.0, 1.0, 1.0], near) == [0, 1, 2, 3]
    assert order([], np.zeros(0, np.float32)) == []
    assert order([0.0, 0.0], np.array([0.1, 0.9], np.float32)) == [0, 1]
