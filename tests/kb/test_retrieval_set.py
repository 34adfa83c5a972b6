"""The retrieval test set itself: its questions have answers that exist."""

from collections import Counter

from retrieval import questions

from opsmith_kb.load import load_entries

ASKED = questions()


def test_each_question_is_asked_once_and_its_answers_are_entries() -> None:
    known = {entry.entry_id for entry in load_entries()}
    assert {id_ for question in ASKED for id_ in question.accepted} <= known
    assert max(Counter(question.id for question in ASKED).values()) == 1
    assert max(Counter((one.text, one.device_type) for one in ASKED).values()) == 1
    assert all((question.kind == "none") == (not question.accepted) for question in ASKED)


def test_half_is_chinese_and_a_good_third_held_out() -> None:
    assert 0.4 <= sum(question.lang == "zh" for question in ASKED) / len(ASKED) <= 0.6
    assert 0.3 <= sum(question.held for question in ASKED) / len(ASKED) <= 0.5
