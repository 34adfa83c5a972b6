"""Conversations of the chat on both databases: kept, found, forgotten, each for its owner alone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsmith.domain.alerts import AlertChange, AlertLevel
from opsmith.domain.devices import Device
from opsmith.errors import NotFound
from opsmith.ports import ChatElement, ChatStep
from opsmith.storage.alerts import AlertStore
from opsmith.storage.chat_history import ChatHistoryStore
from opsmith.storage.database import Database
from opsmith.storage.devices import DeviceStore

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def database(tables_url: str) -> Iterator[Database]:
    database = Database(tables_url)
    yield database
    database.close()


@pytest.fixture
def history(database: Database) -> ChatHistoryStore:
    return ChatHistoryStore(database)


def said(number: str, text: str, minutes: float = 0, kind: str = "user_message") -> ChatStep:
    at = NOW + timedelta(minutes=minutes)
    return ChatStep(number, kind, text, {"id": number, "output": text, "n": [1.5, None]}, at)


def chart(number: str, content: bytes = b'{"data": []}') -> ChatElement:
    return ChatElement(number, "application/json", {"id": number, "type": "plotly"}, content, NOW)


def test_a_conversation_comes_back_as_it_was_said(history: ChatHistoryStore) -> None:
    history.begin("anna", "t1", NOW, "温度 <b>?</b>\n  why")
    history.keep("anna", "t1", said("s2", "because 😀", 2, "assistant_message"))
    history.keep("anna", "t1", said("s1", "why?", 1))
    history.keep("anna", "t1", said("s1", "why so?", 1))
    history.keep("anna", "t1", chart("e1", bytes(range(256)) * 4))
    history.remember("anna", "t1", "{}")
    kept = history.thread("anna", "t1")
    assert kept is not None
    assert kept.thread.name == "温度 <b>?</b> why"
    assert kept.thread.updated_at == NOW + timedelta(minutes=2)
    assert [step.text for step in kept.steps] == ["why so?", "because 😀"]
    assert kept.steps[0].body["n"] == [1.5, None]
    assert [element.body["type"] for element in kept.elements] == ["plotly"]
    element = history.element("anna", "t1", "e1")
    assert element is not None
    assert element.content == bytes(range(256)) * 4
    assert history.memory("anna", "t1") == "{}"


def test_of_anothers_conversation_nothing_is_found_or_changed(history: ChatHistoryStore) -> None:
    history.keep("anna", "t1", said("s1", "secret"))
    history.keep("anna", "t1", said("s2", "answer", 1, "assistant_message"))
    history.keep("anna", "t1", chart("e1"))
    history.keep("ben", "t2", said("s3", "mine"))
    mine = history.judge("anna", "s2", True, "", NOW)

    assert not history.owns("ben", "t1")
    assert history.thread("ben", "t1") is None
    assert history.element("ben", "t1", "e1") is None
    assert history.element("ben", "t2", "e1") is None
    assert history.memory("ben", "t1") is None
    assert history.threads("ben", 10, search="secret") == []
    for wrong in (
        lambda: history.begin("ben", "t1", NOW, "taken"),
        lambda: history.keep("ben", "t1", said("s9", "x")),
        lambda: history.keep("ben", "t2", said("s1", "overwritten")),
        lambda: history.keep("ben", "t1", chart("e9")),
        lambda: history.keep("ben", "t2", chart("e1", b"overwritten")),
        lambda: history.judge("ben", "s2", False, "", NOW),
    ):
        with pytest.raises(NotFound):
            wrong()
    history.remember("ben", "t1", "overwritten")
    history.drop_step("ben", "s1")
    history.drop_element("ben", "e1")
    history.drop_feedback("ben", mine.feedback_id)
    history.drop("ben", "t1")

    kept = history.thread("anna", "t1")
    assert kept is not None
    assert [step.text for step in kept.steps] == ["secret", "answer"]
    assert [one.good for one in kept.feedback] == [True]
    assert history.memory("anna", "t1") is None
    element = history.element("anna", "t1", "e1")
    assert element is not None
    assert element.content == b'{"data": []}'


def test_conversations_come_page_by_page_the_last_used_first(history: ChatHistoryStore) -> None:
    for number in range(7):
        # Two of them at the same moment.
        at = NOW + timedelta(minutes=min(number, 5))
        history.begin("anna", f"t{number}", at, f"talk {number}")
    found = list[str]()
    after = None
    while page := history.threads("anna", 3, after):
        found += [one.thread_id for one in page]
        after = found[-1]
    assert found == ["t6", "t5", "t4", "t3", "t2", "t1", "t0"]


@pytest.mark.parametrize(
    ("sought", "found"),
    [("PUMP_01", {"t1"}), ("pump", {"t1"}), ("100%", {"t2"}), ("%", {"t2"}), ("_", {"t1"}),
     ("轴承", {"t3"}), ("night", {"t2"}), ("tool", set[str]()), (" ", {"t1", "t2", "t3"})],
)  # fmt: skip
def test_search_finds_names_and_what_was_said(
    history: ChatHistoryStore, sought: str, found: set[str]
) -> None:
    history.keep("anna", "t1", said("s1", "status of PUMP_01"))
    history.keep("anna", "t1", said("s2", "tool", kind="tool"))
    history.begin("anna", "t2", NOW, "Night shift")
    history.keep("anna", "t2", said("s3", "load 100%", kind="assistant_message"))
    history.keep("anna", "t3", said("s4", "轴承温度"))
    assert {one.thread_id for one in history.threads("anna", 9, search=sought)} == found


def test_feedback_on_an_answer_about_an_alert_outlives_the_conversation(
    database: Database, history: ChatHistoryStore
) -> None:
    DeviceStore(database).add([Device(device_id="PUMP_01")], NOW)
    raised = AlertChange(
        change="raised",
        alert_type="over_temp",
        alert_level=AlertLevel.P1,
        first_seen=NOW,
        last_seen=NOW,
        onset=NOW,
        count=1,
        score=1.4,
        deviations=(),
    )
    AlertStore(database).apply("PUMP_01", raised, {}, None)
    with database.read() as connection:
        trace_id = connection.exec_driver_sql("select trace_id from alert_log").scalar_one()
    history.keep("anna", "t1", said("s1", "why?"))
    answer = said("s2", f"See {trace_id}.", 1, "assistant_message")
    history.keep("anna", "t1", replace(answer, parent_id="run"))
    history.keep("anna", "t1", said("s3", "help", 2))
    history.keep("anna", "t1", said("s4", "Ask me.", 3, "assistant_message"))
    history.judge("anna", "run", True, "", NOW)
    history.judge("anna", "run", False, "It was the bearing", NOW)
    history.judge("anna", "s4", True, "", NOW)
    history.drop("anna", "t1")
    assert history.thread("anna", "t1") is None
    (one,) = history.feedback_about(trace_id)
    assert (one.good, one.comment, one.question) == (False, "It was the bearing", "why?")
    assert one.answer == f"See {trace_id}."
    with database.read() as connection:
        count = connection.exec_driver_sql("select count(*) from chat_feedback").scalar_one()
    assert count == 1


def test_conversations_that_nobody_goes_on_with_are_forgotten(history: ChatHistoryStore) -> None:
    for number in range(130):
        history.keep("anna", f"a{number}", said(f"s{number}", "old", 1), chart(f"e{number}"))
    history.keep("ben", "old", said("o1", "begun long ago", -9999))
    history.keep("ben", "old", said("o2", "goes on", 3))
    assert history.drop_unused(NOW + timedelta(minutes=2)) == 130
    assert history.thread("anna", "a7") is None
    assert history.element("anna", "a7", "e7") is None
    assert [one.thread_id for one in history.threads("ben", 9)] == ["old"]


def test_what_holds_a_piece_of_another_conversation_is_not_kept(history: ChatHistoryStore) -> None:
    history.keep("anna", "t1", said("s1", "mine"))
    with pytest.raises(NotFound):
        history.keep("ben", "t2", said("s2", "his"), said("s1", "taken"), chart("e1"))
    assert history.thread("ben", "t2") is None


def test_what_is_written_together_falls_together(history: ChatHistoryStore) -> None:
    history.begin("anna", "t1", NOW)
    with pytest.raises(NotFound), history.together():
        history.begin("ben", "t2", NOW)
        history.begin("ben", "t1", NOW)
    assert not history.owns("ben", "t2")


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text_comes_back_as_it_was(history: ChatHistoryStore, text: str) -> None:
    history.keep("anna", "t1", said("s1", text))
    kept = history.thread("anna", "t1")
    assert kept is not None
    assert kept.steps[0].text == text
    assert kept.steps[0].body["output"] == text
