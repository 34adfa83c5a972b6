"""The knowledge's room: a fault in words, what answers, and each answer whole."""

from pathlib import Path

import pytest
from callers import READER
from driving import console, line_with, press
from made_documents import pdf
from tui_plant import NOW, Plant

from opsmith.domain.base import Language
from opsmith_kb.classes import CLASSES
from opsmith_kb.documents import digest_of, parse
from opsmith_kb.load import load_entries
from opsmith_mcp.groups import ALL
from opsmith_tui.console import Console

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def known(plant: Plant) -> None:
    """The plant's knowledge is that of the product."""
    plant.stores.entries.add(load_entries(), NOW)


def knowledge(plant: Plant, language: Language = "en") -> Console:
    return console(plant, language=language, room="knowledge")


def typed(words: str) -> list[str]:
    return [*("space" if sign == " " else sign for sign in words), "enter"]


def take(plant: Plant, folder: Path) -> None:
    """A manual of two pages into the plant's knowledge."""
    path = folder / "Feed pump.pdf"
    pages = [
        ["Feed pump, read this before you start."],
        ["Gland nut: tighten to 35 newton metres.", "Then [b]turn[/b] the shaft by hand."],
    ]
    path.write_bytes(pdf(pages, {1: "Gland"}, "Feed pump"))
    sha256, size = digest_of(path)
    plant.stores.manuals.documents.add(parse(path), path.name, sha256, size, "Li Wei", NOW)


@pytest.mark.parametrize(
    ("words", "language", "name", "why"),
    [
        ("seal leaking", "en", "Shaft seal leak", "leaking"),
        ("lubricaton", "en", "≈", "lubrication"),
        ("轴承", "zh", "轴承磨损", "轴承"),
        ("轴承", "en", "Bearing wear", "轴承"),
    ],
)
async def test_words_in_either_language_and_with_a_slip_find_the_mode_and_say_why(
    plant: Plant, words: str, language: Language, name: str, why: str
) -> None:
    async with knowledge(plant, language).run_test(size=(80, 24)) as pilot:
        screen = await press(pilot, *typed(words))
        row = line_with(name, screen)
        assert why in row and row in screen.splitlines()[4:8]


async def test_without_words_every_failure_mode_is_listed_page_by_page(plant: Plant) -> None:
    total = len(plant.stores.entries.all())
    async with knowledge(plant).run_test(size=(120, 40)) as pilot:
        assert f"any class 25 of {total}" in await press(pilot)
        assert f"any class 50 of {total}" in await press(pilot, "escape", "G")
        screen = await press(pilot, *"l")
        assert f"全部类别 50／共 {total}" in screen and "Severity" not in screen


async def test_the_class_is_part_of_what_is_asked(plant: Plant) -> None:
    async with knowledge(plant).run_test(size=(120, 40)) as pilot:
        screen = await press(pilot, *"bearing", "enter")
        assert "Spindle bearings" in screen
        steps = CLASSES.index("pump") + 1
        screen = await press(pilot, *"c" * steps)
        assert "pump" in line_with("found", screen)
        assert "Spindle bearings" not in screen and "Bearing wear" in screen
        assert "Spindle bearings" in await press(pilot, *"C" * steps)


async def test_an_entry_is_read_whole_beside_the_list(plant: Plant) -> None:
    async with knowledge(plant).run_test(size=(120, 70)) as pilot:
        screen = await press(pilot, *typed("bearing wear"))
        for told in ("Do now", "Symptoms", "Cause", "Remedy", "Lock-out", "Labour", "Parts"):
            assert told in screen
        assert "⚠ NEEDED" in screen and "bearing set" in screen
        screen = await press(pilot, "enter", "G")
        assert "Look-alikes" in screen and "written by people" in screen
        screen = await press(pilot, "g", "escape", "l")
        assert "症状" in screen and "轴承组" in screen and "Symptoms" not in screen


async def test_a_narrow_terminal_shows_the_entry_over_the_list(plant: Plant) -> None:
    async with knowledge(plant).run_test(size=(80, 24)) as pilot:
        screen = await press(pilot, *typed("bearing wear"))
        assert "Do now" not in screen
        screen = await press(pilot, "enter")
        assert "Do now" in screen and "Source" not in screen
        assert "立即处置" in await press(pilot, "l")
        assert "来源" in await press(pilot, "G")
        screen = await press(pilot, "escape")
        assert "立即处置" not in screen and "轴承磨损" in screen


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_passage_is_read_with_its_page_and_what_it_says_is_no_markup(
    plant: Plant, tmp_path: Path, size: tuple[int, int]
) -> None:
    take(plant, tmp_path)
    async with knowledge(plant).run_test(size=size) as pilot:
        screen = await press(pilot, *typed("gland nut newton metres"), "G")
        assert "Feed pump" in line_with("p. 2", screen)
        screen = await press(pilot, "enter")
        assert "35 newton metres" in screen and "Feed pump · p. 2" in screen
        assert "[b]turn[/b]" in screen.split("The whole page")[1]


async def test_nothing_found_says_how_to_go_on(plant: Plant) -> None:
    async with knowledge(plant).run_test(size=(80, 24)) as pilot:
        screen = await press(pilot, *"qqqzzzxxx", "enter")
        assert "Nothing found for “qqqzzzxxx” (any class)." in screen and "another class" in screen
        assert "(chiller)" in await press(pilot, "escape", "c")
        assert "Severity" in await press(pilot, "escape")


async def test_a_figure_is_text_in_the_line_and_a_room_outside_it(plant: Plant) -> None:
    async with knowledge(plant).run_test(size=(80, 24)) as pilot:
        assert "2c" in line_with("any class", await press(pilot, *"2c"))
        assert "PUMP_01" in await press(pilot, "escape", "2")
        screen = await press(pilot, "5", "escape", "escape", "slash", *typed("seal"))
        assert "Shaft seal leak" in screen


async def test_where_the_server_has_no_knowledge_the_room_says_so(plant: Plant) -> None:
    groups = [group for group in ALL if group != "knowledge"]
    app = console(plant, READER, room="knowledge", groups=groups)
    async with app.run_test(size=(80, 24)) as pilot:
        assert "The knowledge is not open to you here." in await press(pilot)
        assert "此处无法查看知识库" in await press(pilot, "escape", "l")
