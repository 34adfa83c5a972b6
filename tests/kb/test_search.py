"""Finding knowledge by words of either language."""

import pytest

from opsmith_kb.load import load_entries
from opsmith_kb.search import KnowledgeIndex

INDEX = KnowledgeIndex(load_entries())


def found(text: str, device_type: str | None = None, limit: int = 5) -> list[str]:
    return [hit.entry.entry_id for hit in INDEX.search(text, device_type, limit)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("轴承", "bearing_wear"),
        ("汽蚀", "cavitation"),
        ("气蚀", "cavitation"),
        ("漏油", "seal_leak"),
        ("松动", "looseness"),
        ("电流摆动", "rotor_bar_damage"),
        ("电机发烫", "overheating_cooling_lost"),
        ("bearing wear", "bearing_wear"),
        ("worn bearings", "bearing_wear"),
        ("pump loses flow and crackles", "cavitation"),
        ("seal leaking", "seal_leak"),
        ("reading frozen", "sensor_stuck"),
        ("unbalanced rotor", "rotor_imbalance"),
        ("clogged filter", "inlet_filter_blocked"),
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
