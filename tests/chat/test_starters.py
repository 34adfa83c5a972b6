from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from chat.busy_plant import busy_plant
from fastmcp import Client

from opsmith.access import Caller, Role
from opsmith.app.bootstrap import open_plant
from opsmith_agents.grammar import Named, understand
from opsmith_chat.starters import near_handover, questions
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server

pytestmark = pytest.mark.anyio

DEVICES = [Named("PUMP_01"), Named("PUMP_02"), Named("FAN_07")]


@pytest.fixture
async def eyes(tmp_path: Path) -> AsyncIterator[Client[Any]]:
    """PUMP_01 warms towards its limit, with a P1 alert; it is 12:00 UTC."""
    with open_plant(busy_plant(tmp_path)) as plant:
        who = Caller("Li", Role.VIEWER, via="chat")
        async with connect(plant_server(plant.stores, caller=who)) as eyes:
            yield eyes


async def test_what_is_urgent_comes_first_and_help_last(eyes: Client[Any]) -> None:
    offered = await questions(eyes, "en", UTC)
    assert offered[0] == "Which alerts stand now? (1 urgent)"
    assert "Why did PUMP_01 alarm?" in offered
    assert offered[-1] == "What can you do?"
    assert not any("handover" in one for one in offered), "at noon no shift ends"


async def test_the_handover_is_offered_where_a_shift_ends_by_the_plants_clock(
    eyes: Client[Any],
) -> None:
    # 12:00 UTC is 14:00 in Berlin's summer and 13:00 in its winter: within the hour.
    offered = await questions(eyes, "en", ZoneInfo("Europe/Berlin"))
    assert "Shift handover, last 8 hours" in offered


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_each_is_a_question_that_the_rules_understand(
    eyes: Client[Any], language: str
) -> None:
    spoken = "zh" if language == "zh" else "en"
    offered = await questions(eyes, spoken, ZoneInfo("Europe/Berlin"))
    found = [understand(one, DEVICES) for one in offered]
    assert all(one.language == spoken for one in found)
    assert "unknown" not in {one.intent for one in found}
    assert [one.intent for one in found[:3]] == ["alerts", "why", "trend"]
    assert found[0].level is None, "nothing is left out of what stands"
    assert found[-1].intent == "help"


def test_a_shift_ends_near_six_fourteen_and_twenty_two() -> None:
    day = datetime(2026, 2, 28, tzinfo=UTC)
    near = [hour for hour in range(24) if near_handover(day + timedelta(hours=hour), UTC)]
    assert near == [5, 6, 7, 13, 14, 15, 21, 22, 23]
