"""Finding knowledge by words of either language."""

from datetime import UTC, datetime

import pytest
from hostile_strings import STRINGS
from hypothesis import given, settings
from hypothesis import strategies as st
from retrieval import questions

from opsmith.storage.database import Database
from opsmith.storage.knowledge import KnowledgeStore
from opsmith_kb.load import load_entries
from opsmith_kb.search import KnowledgeIndex, Symptom
from opsmith_kb.search_snippet import snippet
from opsmith_kb.tokens import words

INDEX = KnowledgeIndex(load_entries())


def found(text: str, device_type: str | None = None, limit: int = 5) -> list[str]:
    return [hit.entry.entry_id for hit in INDEX.search(text, device_type, limit)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("轴承", "bearing_wear"),
        ("泵汽蚀", "cavitation"),
        ("泵气蚀", "cavitation"),
        ("轴封漏油", "seal_leak"),
        ("松动", "looseness"),
        ("电流摆动", "rotor_bar_damage"),
        ("电机发烫", "overheating_cooling_lost"),
        ("bearing wear", "bearing_wear"),
        ("worn bearings", "bearing_wear"),
        ("pump loses flow and crackles", "cavitation"),
        ("seal leaking", "seal_leak"),
        ("reading frozen", "sensor_stuck"),
        ("unbalanced rotor", "rotor_imbalance"),
        ("clogged compressor filter", "inlet_filter_blocked"),
        ("rotor_imbalance", "rotor_imbalance"),
    ],
)
def test_words_of_the_field_find_their_failure_mode_first(text: str, first: str) -> None:
    assert found(text)[0] == first


def test_a_word_finds_what_the_other_language_calls_it() -> None:
    assert set(found("轴承", limit=50)) == set(found("bearing", limit=50))


@pytest.mark.parametrize("text", ["qwertz blub", "蝴蝶", "the of", "！？", "12345"])
def test_what_nobody_wrote_about_finds_nothing(text: str) -> None:
    assert found(text) == []


def test_a_class_is_asked_alone_and_by_any_of_its_names() -> None:
    assert "cavitation" not in found("cavitation", "motor")
    assert found("cavitation", "离心泵") == found("cavitation", "Centrifugal pump")
    assert found("bearing", "compressor")[0] == "bearing_wear"


def test_no_words_list_the_class_its_own_first() -> None:
    all_ = found("", "compressor", limit=100)
    assert {"air_leak", "bearing_wear", "sensor_stuck"} <= set(all_)
    assert not {"cavitation", "rotor_bar_damage"} & set(all_)
    assert all_.index("air_leak") < all_.index("bearing_wear") < all_.index("sensor_stuck")


def test_a_hit_says_which_words_it_answers() -> None:
    (hit, *_) = INDEX.search("crackling 泵 zzz")
    assert hit.matched == ("crackling", "泵")


def test_a_misspelt_word_is_taken_for_the_one_that_was_meant_and_says_so() -> None:
    (letters, *_) = INDEX.search("beering worn", "motor")
    (sounds, *_) = INDEX.search("轴成异响")
    assert letters.why[0].told == "beering ≈ bearing"
    assert sounds.why[0].told == "轴成 ≈ 轴承"
    assert letters.entry.entry_id == sounds.entry.entry_id == "bearing_wear"


def test_the_sentence_that_answers_is_shown_in_the_language_asked_for() -> None:
    (hit, *_) = INDEX.search("marbles in the pump")
    assert hit.entry.entry_id == "cavitation"
    assert "gravel" in snippet(hit, "en") and "砂石" in snippet(hit, "zh")


def test_only_entries_with_a_symptom_are_found_where_one_is_asked_for() -> None:
    falling = Symptom("current", "down")
    by_words = INDEX.find("pump flow", "pump", 50)
    both = INDEX.find("pump flow", "pump", 50, [falling])
    assert [Symptom.read(told) for told in ("电流下降", "current down", "current")] == [
        falling,
        falling,
        Symptom("current"),
    ]
    alone = INDEX.find("", "pump", 100, [falling])
    ids = {hit.entry.entry_id for hit in both.hits}
    assert 0 < both.total < by_words.total and "cavitation" in ids
    assert ids <= {hit.entry.entry_id for hit in alone.hits}
    assert not {"motor_overload", "sensor_clock"} & {hit.entry.entry_id for hit in alone.hits}


@pytest.mark.parametrize("text", STRINGS)
def test_a_question_is_words_whatever_else_it_looks_like(text: str) -> None:
    if plain := " ".join(words(text)):
        assert INDEX.find(text) == INDEX.find(plain)
    else:
        assert INDEX.find(text).total == (len(load_entries()) if not text.strip() else 0)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.sampled_from([None, "pump", "", "*", "机床", "' OR 1=1"]))
def test_no_question_breaks_the_search(text: str, device_type: str | None) -> None:
    found = INDEX.find(text, device_type)
    assert len(found.hits) == min(5, found.total)
    assert [hit.score for hit in found.hits] == sorted(
        (hit.score for hit in found.hits), reverse=True
    )


def test_a_very_long_question_is_answered_by_its_beginning() -> None:
    first, *_ = INDEX.search("cavitation " * 20_000, "pump")
    assert first.entry.entry_id == "cavitation"


def test_an_index_of_what_changed_finds_as_a_new_one_does() -> None:
    entries = list(load_entries())
    changed = entries[3].model_copy(update={"entry_id": "zebra_stripes", "iso_code": "ZZZ"})
    now = [*entries[5:], changed, entries[0].model_copy(update={"parts": ("flux capacitor",)})]
    again, anew = KnowledgeIndex(now, before=KnowledgeIndex(entries)), KnowledgeIndex(now)
    for text in ("flux capacitor", "zebra stripes", "bearing", "漏油", entries[1].text["zh"].name):
        assert again.find(text) == anew.find(text)
    assert again.search("flux capacitor")[0].entry.entry_id == entries[0].entry_id


def test_the_plants_own_entries_are_found_alike_in_either_database(tables_url: str) -> None:
    (leak,) = (entry for entry in load_entries() if entry.entry_id == "air_leak")
    own = leak.model_copy(update={"entry_id": "own_leak", "parts_zh": ()})
    database = Database(tables_url)
    store = KnowledgeStore(database)
    store.add([*load_entries(), own], datetime(2026, 3, 1, tzinfo=UTC))
    stored, loaded = KnowledgeIndex(store.all()), KnowledgeIndex([own, *load_entries()])
    database.close()
    assert "own_leak" in [hit.entry.entry_id for hit in stored.search("compressed air leak")]
    for question in questions():
        asked = (question.text, question.device_type)
        assert [(hit.entry.entry_id, hit.score) for hit in stored.search(*asked)] == [
            (hit.entry.entry_id, hit.score) for hit in loaded.search(*asked)
        ]
