"""Every screen as it looks, in three sizes and both languages.

A screen that was changed on purpose: look at it, then `pytest tests/tui/test_screens.py
--snapshot-update`, and look at the difference before it is committed. Colours are not compared:
nothing is told by colour alone, so the text has to say it.
"""

import re
from collections.abc import Sequence

import pytest
from callers import ADMIN
from driving import console, press
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from tui_plant import NOW, Plant, drafted

from opsmith.domain.base import Language
from opsmith_kb.load import load_entries
from opsmith_mcp.groups import EVERY

pytestmark = pytest.mark.anyio

SCREENS: dict[str, tuple[str, Sequence[str]]] = {
    "overview": ("overview", ()),
    "alerts": ("alerts", ()),
    "alerts-suppressed": ("alerts", ("s",)),
    "alert": ("alerts", ("enter",)),
    "device": ("alerts", ("d",)),
    "orders": ("orders", ()),
    "decide": ("decide", ()),
    "decide-entry": ("decide", ()),
    "knowledge": ("knowledge", (*"bearing", "enter")),
    "assistant": ("assistant", (*"help", "enter")),
    "system": ("system", ()),
    "audit": ("audit", ()),
    "form": ("alerts", ("z",)),
    "help": ("alerts", ("question_mark",)),
}
"""Each with its room, and the keys that lead there from it."""


KNOWN = ("bearing_wear", "lubrication_loss", "seal_leak")
"""Entries that the plant's knowledge base has."""


class Screens(SingleFileSnapshotExtension):
    """One text file a screen, so that a difference is read as a screen."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(Screens)


def settled(screen: str) -> str:
    """A screen without what differs from run to run: chance in names, people's clock."""
    screen = re.sub(r"(AL-\d{8}-)[0-9a-f]{10}", r"\g<1>0123456789", screen)
    for form in (r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d", r"\d\d-\d\d \d\d:\d\d:\d\d"):
        screen = re.sub(form, _of_the_plant, screen)
    screen = re.sub(r"(migration|迁移版本) \d{4}", r"\g<1> 0000", screen)
    return re.sub(r"\b\d+ (ms|kB)\b", r"# \1", screen)


def _of_the_plant(found: re.Match[str]) -> str:
    is_plant = re.search(r"(^|2026-)0[23]-", found[0]) is not None
    return found[0] if is_plant else re.sub(r"\d", "0", found[0])


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=lambda size: f"{size[0]}")
@pytest.mark.parametrize("name", SCREENS)
async def test_a_screen_looks_as_it_was_seen_last(
    plant: Plant,
    snapshot: SnapshotAssertion,
    name: str,
    size: tuple[int, int],
    language: Language,
) -> None:
    plant.stores.entries.add([one for one in load_entries() if one.entry_id in KNOWN], NOW)
    if name == "decide-entry":
        drafted(plant)
    room, keys = SCREENS[name]
    app = console(plant, ADMIN, language, room, EVERY)
    async with app.run_test(size=size) as pilot:
        screen = await press(pilot, *keys)
    assert settled(screen) == snapshot
