"""Maintenance knowledge, through its server."""

from typing import Any

import pytest
from fastmcp import Client

from opsmith.domain.base import Language, State
from opsmith.errors import NotFound
from opsmith_mcp.client import call
from opsmith_mcp.knowledge import Knowledge
from opsmith_mcp.telemetry import Telemetry

from .conftest import NOW, ONSET, Plant

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("keyword", "language"), [("bearing", "en"), ("轴承", "zh")])
async def test_knowledge_is_found_in_both_languages(
    reader: Client[Any], keyword: str, language: Language
) -> None:
    seen = await call(
        reader, Knowledge.search_maintenance_kb, "pump", keyword, language=language, limit=2
    )
    assert seen.hits[0].entry_id == "bearing_wear"
    assert (seen.hits[0].name == "Bearing wear") is (language == "en")
    assert len(seen.hits) == 2
    assert seen.state is State.TRUNCATED


async def test_a_word_that_nothing_holds_is_empty_with_a_way_on(reader: Client[Any]) -> None:
    seen = await call(reader, Knowledge.search_maintenance_kb, "pump", "xylophone")
    assert (seen.state, seen.total) == (State.EMPTY, 0)
    assert seen.note is not None and "keyword" in seen.note


async def test_an_entry_says_what_to_do_in_the_language_asked_for(reader: Client[Any]) -> None:
    english = await call(reader, Knowledge.get_kb_entry, "bearing_wear")
    chinese = await call(reader, Knowledge.get_kb_entry, "Bearing_Wear ", language="zh")
    assert english.solution != chinese.solution
    assert english.parts == chinese.parts
    assert english.hours > 0
    with pytest.raises(NotFound, match="did you mean 'bearing_wear'"):
        await call(reader, Knowledge.get_kb_entry, "bearingwear1")


async def test_modes_are_ranked_with_what_speaks_for_and_against(reader: Client[Any]) -> None:
    seen = await call(reader, Knowledge.match_failure_modes, "PUMP_01", ONSET)
    assert seen.established
    assert seen.device_type == "pump"
    assert seen.measured == ("current", "pressure", "temperature", "vibration")
    first = seen.ranked[0]
    assert first.standing == "supported"
    assert first.category in ("bearing", "rotor", "structure")
    assert first.speaks_for[0].startswith("vibration rose")
    assert "[g]" in first.speaks_for[0]
    assert "bearing_wear" in (first.entry_id, *first.group)
    assert first.separating_test
    assert sum(mode.probability for mode in seen.ranked) + seen.none_probability <= 1.001
    assert seen.considered > len(seen.ranked)


async def test_the_ranking_looks_at_what_the_description_of_the_change_looked_at(
    reader: Client[Any],
) -> None:
    ranking = await call(reader, Knowledge.match_failure_modes, "PUMP_01", ONSET, until=NOW)
    change = await call(reader, Telemetry.describe_change, "PUMP_01", ONSET, until=NOW)
    assert ranking.window == change.window


async def test_without_a_change_no_cause_is_established(reader: Client[Any]) -> None:
    before = ONSET.replace(hour=10)
    seen = await call(
        reader, Knowledge.match_failure_modes, "PUMP_01", before, until=before.replace(minute=50)
    )
    assert not seen.established
    assert seen.none_probability > 0.5


async def test_a_ranking_without_readings_is_never_a_cause(
    plant: Plant, reader: Client[Any]
) -> None:
    unheard = await call(reader, Knowledge.match_failure_modes, "MOTOR_01", ONSET)
    assert (unheard.state, unheard.established) == (State.EMPTY, False)
    async with plant.without_series().client() as client:
        unknown = await call(client, Knowledge.match_failure_modes, "PUMP_01", ONSET)
    assert (unknown.state, unknown.established, unknown.ranked) == (State.UNAVAILABLE, False, ())
