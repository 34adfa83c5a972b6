"""The audit's room: who changed what, and whether the log of it is whole."""

import json

import pytest
from callers import ENGINEER, READER
from driving import line_with, press, sat_at
from sqlalchemy import text
from tui_plant import NOW, Plant

from opsmith.access import Caller, Role
from opsmith.domain.base import Language
from opsmith_mcp.client import connect
from opsmith_mcp.groups import EVERY, plant_server
from opsmith_tui.console import Console

pytestmark = pytest.mark.anyio

ADMIN = Caller("Wang Fang", Role.ADMIN, via="console", is_person=True)


def console(plant: Plant, caller: Caller = ADMIN, language: Language = "en") -> Console:
    client = connect(plant_server(plant.stores, EVERY, caller=caller))
    return sat_at(client, language, by=caller.name, room="audit")


def write(plant: Plant, count: int = 1) -> None:
    """Rows as the guard writes them; what was said comes from outside."""
    for number in range(count):
        said = {"device_id": f"PUMP_{number:02d}", "text": "felt [b]hot[/b]"}
        outcome = "done" if number % 2 else "refused"
        plant.stores.audit.append(ENGINEER, "comment_alert", json.dumps(said), outcome, NOW)


async def test_each_change_made_here_is_read_in_the_log(plant: Plant) -> None:
    async with console(plant).run_test(size=(120, 40)) as pilot:
        assert "Nobody has changed anything yet." in await press(pilot)
        await press(pilot, "2", "a", "y")
        screen = await press(pilot, "8", "r")
        row = line_with("acknowledge_alert", screen)
        assert "Wang Fang" in row and "console" in row and "✓ done" in row
        screen = await press(pilot, "l")
        assert "✓ 已执行" in line_with("acknowledge_alert", screen)


async def test_a_row_is_shown_whole_with_what_it_was_given_as_it_is(plant: Plant) -> None:
    write(plant)
    async with console(plant).run_test(size=(80, 24)) as pilot:
        assert "✗ refused" in line_with("comment_alert", await press(pilot))
        screen = await press(pilot, "enter")
        assert "felt [b]hot[/b]" in screen and "device_id: PUMP_00" in screen
        assert "Row 1" in screen and "Row 1" not in await press(pilot, "escape")


async def test_older_rows_come_with_a_key_and_at_the_end_of_the_list(plant: Plant) -> None:
    write(plant, 50)
    async with console(plant).run_test(size=(120, 70)) as pilot:
        screen = await press(pilot)
        assert "PUMP_49" in screen and "PUMP_29" not in screen
        assert "PUMP_29" in await press(pilot, "m")
        screen = await press(pilot, "G")
        assert "PUMP_00" in screen and "50 rows, all there are" in screen
        write(plant, 1)
        screen = await press(pilot, "r")
        assert "51 rows" in screen


async def test_rows_are_filtered_by_what_is_typed(plant: Plant) -> None:
    write(plant, 12)
    async with console(plant).run_test(size=(120, 40)) as pilot:
        screen = await press(pilot, "slash", *"pump_07")
        assert "PUMP_07" in screen and "PUMP_08" not in screen


async def test_a_key_says_whether_the_chain_is_whole(plant: Plant) -> None:
    write(plant, 5)
    async with console(plant).run_test(size=(120, 40)) as pilot:
        assert "The chain is whole: 5 rows" in await press(pilot, "v")
        with plant.database.write() as connection:
            connection.execute(text("UPDATE audit_log SET caller = 'nobody' WHERE seq = 3"))
        assert "BROKEN at row 3" in await press(pilot, "v")
        assert "第 3 行断裂" in await press(pilot, "l")


async def test_who_is_no_admin_is_told_how_to_become_one(plant: Plant) -> None:
    async with console(plant, READER).run_test(size=(80, 24)) as pilot:
        screen = await press(pilot)
        assert "it needs the role admin" in screen and "opsmith keys add" in screen
        assert "it needs the role admin" in await press(pilot, "v", "m", "enter")
