"""Whether a text is in the language that was asked for."""

import pytest

from opsmith.domain.base import Language
from opsmith_agents.llm_language import all_speak, speaks
from opsmith_kb.load import load_entries

ENGLISH = "The vibration of the pump climbs steadily and has crossed its limit."
CHINESE = "水泵振动持续上升，已超过限值，其余通道基本不变。"


@pytest.mark.parametrize(
    ("text", "language", "is_it"),
    [
        (ENGLISH, "en", True),
        (ENGLISH, "zh", False),
        (CHINESE, "zh", True),
        (CHINESE, "en", False),
        ("PUMP_01 的 vibration 升至 1.09 g，bearing_wear 最能解释，见 WO-2026-1。", "zh", True),
        ("Check the coupling of PUMP_01 (主给水泵) before it is started.", "en", True),
        ("1.09 g", "zh", True),
        ("ポンプの振動が上昇し続け、限界値を超えました。", "zh", False),
        ("Вибрация насоса растёт и превысила допустимый предел.", "en", False),
        ("Die Schwingung der Pumpe steigt seit Minuten stark an; vermutlich verschleißt das "
         "Wälzlager, weil alle anderen Größen in dieser Zeit unverändert bleiben.", "en", False),
        ("", "zh", True),
    ],
)  # fmt: skip
def test_the_script_of_a_text_tells_its_language(
    text: str, language: Language, is_it: bool
) -> None:
    assert speaks(text, language) is is_it


def test_one_text_of_many_in_another_language_is_enough() -> None:
    assert all_speak([CHINESE, CHINESE], "zh")
    assert not all_speak([CHINESE, ENGLISH], "zh")


def test_the_knowledge_is_in_the_languages_that_it_says() -> None:
    """What a model copies from it must not be taken for the other language."""
    for entry in load_entries():
        for language, prose in entry.text.items():
            for text in prose.model_dump().values():
                assert speaks(text, language), (entry.entry_id, text)
