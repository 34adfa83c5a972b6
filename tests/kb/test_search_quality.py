"""How well knowledge is found, on the retrieval test set; `benchmarks/knowledge_search.py` more."""

from itertools import product

import pytest
from retrieval import Question, quality, questions

from opsmith_kb.load import load_entries
from opsmith_kb.search import KnowledgeIndex

ASKED = questions()
INDEX = KnowledgeIndex(load_entries())


def found(question: Question) -> list[str]:
    return [hit.entry.entry_id for hit in INDEX.search(question.text, question.device_type)]


def test_questions_are_answered_among_the_first_three_and_strange_ones_not_at_all() -> None:
    all_ = quality(ASKED, found)
    assert all_.recall_at_3 >= 0.95
    assert all_.mrr >= 0.85
    assert all_.abstention >= 0.9


@pytest.mark.parametrize(
    ("held", "lang"), list(product((False, True), ("en", "zh"))), ids=lambda one: str(one)
)
def test_neither_language_nor_what_was_held_out_fares_much_worse(held: bool, lang: str) -> None:
    part = [one for one in ASKED if (one.held, one.lang) == (held, lang)]
    seen = quality(part, found)
    assert seen.recall_at_3 >= 0.85 and seen.mrr >= 0.8 and seen.abstention >= 0.75
