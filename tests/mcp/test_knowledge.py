"""Maintenance knowledge, through its server."""

from collections.abc import Sequence
from typing import Any

import pytest
from fastmcp import Client

from opsmith.domain.base import Language, State
from opsmith.errors import NotFound
from opsmith_mcp.client import call
from opsmith_mcp.failure_modes import Symptom, SymptomView
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
    assert (english.parts[0], chinese.parts[0]) == ("bearing set", "轴承组")
    assert english.separable_from.keys() == chinese.separable_from.keys()
    assert "laser" in english.separable_from["misalignment"]
    assert "激光" in chinese.separable_from["misalignment"]
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


async def test_the_failure_modes_of_a_class_are_listed_with_the_channels_that_show_them(
    reader: Client[Any],
) -> None:
    pump = await call(reader, Knowledge.list_failure_modes, "离心泵", language="zh")
    motor = await call(reader, Knowledge.list_failure_modes, "motor", category="electrical")
    every = await call(reader, Knowledge.list_failure_modes, "*")
    listed, page = [*every.modes], every
    while page.next_cursor is not None:
        page = await call(reader, Knowledge.list_failure_modes, "*", cursor=page.next_cursor)
        listed += page.modes
    strange = await call(reader, Knowledge.list_failure_modes, "conveyor belt")
    modes = {one.entry_id: one for one in pump.modes}
    assert pump.device_type == "pump" and modes["bearing_wear"].name == "轴承磨损"
    assert modes["bearing_wear"].channels[:2] == ("bearing_temperature", "vibration")
    assert "flow" not in modes["bearing_wear"].channels
    assert {one.category for one in motor.modes} == {"electrical"}
    assert every.state is State.TRUNCATED and every.next_cursor is not None
    assert len({one.entry_id for one in listed}) == every.total > pump.total
    assert not {one.entry_id for one in strange.modes} & {"cavitation"}


async def test_described_symptoms_lead_to_the_modes_that_show_so_and_what_to_look_for(
    reader: Client[Any],
) -> None:
    worn = [
        Symptom(channel="vibration", direction="up", kind="ramp"),
        Symptom(channel="bearing_temperature", direction="up"),
        Symptom(channel="flow", direction="none"),
    ]
    seen = await call(reader, Knowledge.find_failure_modes, "pump", tuple(worn))
    first = seen.found[0]
    assert first.standing == "supported" and first.category in ("bearing", "lubrication")
    assert {"vibration", "bearing_temperature"} <= set(first.explains)
    assert first.separating_test and first.look_for
    assert "bearing_wear" in [one.entry_id for one in seen.found[:2]]
    assert sum(one.probability for one in seen.found) + seen.none_probability <= 1.001
    falling = [Symptom(channel="vibration", direction="down")]
    other = await call(reader, Knowledge.find_failure_modes, "pump", tuple(falling))
    assert "bearing_wear" not in [one.entry_id for one in other.found]
    colour = [Symptom(channel="colour", direction="up")]
    none = await call(reader, Knowledge.find_failure_modes, "pump", tuple(colour))
    assert none.note is not None and "does not speak of colour" in none.note


def as_told(shown: Sequence[SymptomView]) -> tuple[Symptom, ...]:
    """What somebody would tell who sees all that a mode shows, a symptom a channel."""
    told = dict[str, Symptom]()
    for name in dict.fromkeys(one.channel for one in shown if one.weight > 0):
        if name[0] in "@*":
            continue
        signs = [one for one in shown if one.channel == name and one.weight > 0]
        kinds = [kind for one in signs for kind in one.kinds]
        ways = [one.direction for one in signs if one.direction != "any"]
        is_unrest = bool(kinds) and not {"step", "ramp"} & set(kinds)
        way = ways[0] if ways else "none" if is_unrest else "up"
        kind = kinds[0] if kinds else "unknown"
        told[name] = Symptom.model_validate({"channel": name, "direction": way, "kind": kind})
    return tuple(told.values())[:12]


async def test_every_mode_is_found_again_by_the_symptoms_that_it_shows(plant: Plant) -> None:
    lost, tried = list[str](), 0
    async with plant.client() as client:
        for entry in plant.stores.entries.all():
            shown = await call(client, Knowledge.show_symptoms, entry.entry_id)
            told = as_told(shown.symptoms)
            if any(one.channel[0] in "@*" for one in shown.symptoms):
                # It shows in how channels move together, not in what each does.
                continue
            if all(one.direction == "none" and one.kind == "unknown" for one in told):
                continue
            tried += 1
            class_ = entry.device_types[0]
            found = await call(client, Knowledge.find_failure_modes, class_, told)
            if entry.entry_id not in [one.entry_id for one in found.found[:4]]:
                lost.append(entry.entry_id)
    assert tried > 15 and lost == []


async def test_symptoms_of_a_mode_name_the_others_that_show_so(reader: Client[Any]) -> None:
    seen = await call(reader, Knowledge.show_symptoms, "bearing_wear")
    chinese = await call(reader, Knowledge.show_symptoms, "bearing_wear", language="zh")
    weights = [one.weight for one in seen.symptoms]
    assert weights == sorted(weights, reverse=True)
    vibration = next(one for one in seen.symptoms if one.channel == "vibration")
    assert vibration.says == "vibration rises (ramp, step)"
    assert "rotor_imbalance" in vibration.also_in and "bearing_wear" not in vibration.also_in
    assert next(one for one in chinese.symptoms if one.channel == "flow").says == "flow 不变"
