"""The knowledge search as a tool: misspellings, what matched, and the filter by symptom."""

from typing import Any

import pytest
from fastmcp import Client

from opsmith.domain.base import State
from opsmith_mcp.client import call
from opsmith_mcp.knowledge import Knowledge

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
