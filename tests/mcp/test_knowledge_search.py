"""The knowledge search as a tool: misspellings, what matched, and the filter by symptom."""

from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client
from made_documents import pdf

from opsmith.clock import wall_clock
from opsmith.domain.base import State
from opsmith_kb.documents import digest_of, parse
from opsmith_mcp.client import call
from opsmith_mcp.knowledge import Knowledge

from .conftest import Plant

pytestmark = pytest.mark.anyio


async def test_a_hit_shows_what_was_meant_and_the_sentence_that_answers(
    reader: Client[Any],
) -> None:
    seen = await call(reader, Knowledge.search_maintenance_kb, "motor", "轴成 vib", language="zh")
    assert seen.hits[0].entry_id == "bearing_wear"
    assert seen.hits[0].matched[0] == "轴成 ≈ 轴承"
    assert "振动" in seen.hits[0].snippet


async def test_entries_are_listed_by_the_change_that_they_show(reader: Client[Any]) -> None:
    falling, rising = [
        await call(reader, Knowledge.search_maintenance_kb, "pump", limit=20, symptom=symptom)
        for symptom in ("current down", "current up")
    ]
    strange = await call(reader, Knowledge.search_maintenance_kb, "pump", symptom="sweetness up")
    assert {"cavitation", "dry_running"} <= {hit.entry_id for hit in falling.hits}
    assert "cavitation" not in {hit.entry_id for hit in rising.hits}
    assert "motor_overload" in {hit.entry_id for hit in rising.hits}
    assert (strange.state, strange.total) == (State.EMPTY, 0)


async def test_a_matter_that_is_not_the_plants_is_not_answered(reader: Client[Any]) -> None:
    seen = await call(reader, Knowledge.search_maintenance_kb, "*", "recipe for tomato soup")
    assert (seen.state, seen.hits, seen.passages) == (State.EMPTY, (), ())


def brought(plant: Plant, path: Path) -> None:
    """Take a file into the plant's documents, as the import does."""
    sha256, size = digest_of(path)
    plant.stores.manuals.documents.add(parse(path), path.name, sha256, size, "bob", wall_clock())


async def test_a_plants_own_words_are_understood_once_it_has_brought_them(
    plant: Plant, reader: Client[Any], tmp_path: Path
) -> None:
    async def first(*asked: Any) -> str | None:
        seen = await call(reader, Knowledge.search_maintenance_kb, *asked)
        return seen.hits[0].entry_id if seen.hits else None

    asked = [("motor", "KZL"), ("motor", "黑圈坏"), ("pump", "wet mouse")]
    path = tmp_path / "Feed pump.pdf"
    path.write_bytes(pdf([["Start up."], ["Each KZL takes 20 g of grease."]]))
    brought(plant, path)
    assert [await first(*one) for one in asked] == [None, None, None]
    words = tmp_path / "words.txt"
    words.write_text("# Ours\n[same]\nKZL, bearing wear\n黑圈坏，轴承磨损\nwet mouse, cavitation\n")
    brought(plant, words)
    assert [await first(*one) for one in asked] == ["bearing_wear", "bearing_wear", "cavitation"]
    seen = await call(reader, Knowledge.search_maintenance_kb, "motor", "黑圈坏", "zh")
    assert seen.hits[0].matched[0].startswith("黑圈坏 = ")
    manual = await call(reader, Knowledge.search_maintenance_kb, "*", "bearing wear grease")
    assert [one.uri for one in manual.passages] == ["manual://feed-pump.2"]
    nothing = await call(reader, Knowledge.search_maintenance_kb, "*", "[same] Ours wet")
    assert not any("own-words" in one.uri for one in nothing.passages)
    words.write_text("[same]\nKZM, bearing wear\n")
    brought(plant, words)
    assert [await first(*one) for one in asked] == [None, None, None]
    assert await first("motor", "KZM") == "bearing_wear"
