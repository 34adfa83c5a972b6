import asyncio
from typing import Any

import pytest
from driving import console, line_with, press, sat_at, seen, settle
from textual.pilot import Pilot
from tui_plant import Plant

from opsmith.domain.alerts import AlertLevel, Deviation
from opsmith.domain.base import Language
from opsmith_mcp.client import connect
from opsmith_tui.table import Table

pytestmark = pytest.mark.anyio

MOVED_BY = frozenset(
    [
        "up",
        "down",
        "left",
        "right",
        "home",
        "end",
        "pageup",
        "pagedown",
        "ctrl+home",
        "ctrl+end",
        "ctrl+pageup",
        "ctrl+pagedown",
        "tab",
        "shift+tab",
        "ctrl+c",
        "super+c",
        "ctrl+q",
    ]
)
"""Keys that move about as everywhere, or are the terminal's own."""
NAMED = {
    "enter": "↵", "question_mark": "?", "colon": ":", "slash": "/", "escape": "Esc",
    "ctrl+p": "Ctrl+P", "ctrl+d": "Ctrl+D", "ctrl+u": "Ctrl+U", "2": "1", "3": "1", "4": "1",
    "5": "1", "6": "1", "7": "1",
}  # fmt: skip
AT_THE_LIST = {"en": "Main channel", "zh": "主要通道"}

OVER = Deviation(channel="pressure", unit="MPa", value=1.2, limit=1.0, share=1.0)


async def test_the_list_shows_what_stands_with_its_value_limit_and_unit(plant: Plant) -> None:
    async with console(plant).run_test(size=(80, 24)) as pilot:
        screen = await press(pilot)
    pump = line_with("over temp", screen).split()
    assert pump[:2] == ["P1", "PUMP_01"]
    assert "UNACK" in pump and "30m" in pump
    assert "temperature 92.4 °C, limit 85" in screen
    assert "vibration 1.25 g, expected 0.5" in screen
    assert "FAN_08" not in screen
    head = screen.splitlines()[1].split()
    assert head[:6] == ["P0", "0", "P1", "1", "2", "standing"]
    assert "P2 1  P3 0" in screen
    assert "● live" in screen and "2026-02-28 12:00:00 UTC" in screen


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_the_cause_is_read_without_opening_anything(
    plant: Plant, size: tuple[int, int]
) -> None:
    async with console(plant).run_test(size=size) as pilot:
        screen = await press(pilot)
    assert "The drive-end bearing overheats" in screen
    assert "62%" in screen and "rules" in screen


async def test_a_wide_screen_shows_when_how_often_and_how_far(plant: Plant) -> None:
    async with console(plant).run_test(size=(120, 40)) as pilot:
        screen = await press(pilot)
    row = line_with("over temperature", screen)
    assert row.split()[5:10] == ["02-28", "11:30:00", "30m", "1800", "1.4"]


async def test_suppressed_alerts_come_with_s_and_go_with_s(plant: Plant) -> None:
    async with console(plant).run_test() as pilot:
        assert "FAN_08" in await press(pilot, "s")
        assert "FAN_08" not in await press(pilot, "s")


async def test_the_cursor_stays_on_its_alert_when_a_worse_one_comes(plant: Plant) -> None:
    app = console(plant)
    async with app.run_test() as pilot:
        await press(pilot, "j")
        before = app.screen.query_one(Table).chosen
        plant.raise_alert("COMP_01", "over_pressure", AlertLevel.P0, OVER, minutes=1)
        screen = await press(pilot, "r")
        assert app.screen.query_one(Table).chosen == before
    assert screen.index("COMP_01") < screen.index("PUMP_01") < screen.index("FAN_07")


async def test_a_click_sorts_moves_the_cursor_and_opens(plant: Plant) -> None:
    app = console(plant)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await press(pilot)
        assert screen.index("PUMP_01") < screen.index("FAN_07")
        for mark, before, after in (("↓", "FAN_07", "PUMP_01"), ("↑", "PUMP_01", "FAN_07")):
            await pilot.click(Table, offset=(8, 0))
            screen = await press(pilot)
            assert f"Device {mark}" in screen
            assert screen.index(before) < screen.index(after)
        table = app.screen.query_one(Table)
        await pilot.click(Table, offset=(8, 2))
        await press(pilot)
        assert table.cursor_row == 1
        await pilot.click(Table, offset=(8, 2))
        assert "Timeline" in await press(pilot)


async def test_the_list_follows_the_plant_by_itself(plant: Plant) -> None:
    async def appears(pilot: Pilot[Any], device_id: str) -> None:
        async with asyncio.timeout(30):
            while device_id not in seen(pilot):
                await pilot.pause()

    app = sat_at(connect(plant.server()), refresh_seconds=0.1)
    async with app.run_test() as pilot:
        await appears(pilot, "PUMP_01")
        plant.raise_alert("COMP_01", "over_pressure", AlertLevel.P0, OVER, minutes=1)
        await appears(pilot, "COMP_01")


async def test_enter_opens_the_report_of_record_and_escape_goes_back(plant: Plant) -> None:
    async with console(plant).run_test(size=(160, 70)) as pilot:
        screen = await press(pilot, "enter")
        for text in (
            "version 1 of 1, written by rules",
            "The drive-end bearing overheats: temperature and vibration",
            "62%",
            "Bearing wear  supported [E1]",
            "the current did not change",
            "Measure the oil temperature at the cooler's inlet and outlet.",
            "Temperature reached 92.4 °C. [E1]",
            "The lubricant has aged. [E1 E2]",
            "WO-20260228-001",
            "not reviewed by a person yet",
            "2026-02-28 11:20:00",
            "telemetry, knowledge",
            "limit 85",
        ):
            assert text in screen
        assert "Main channel" in await press(pilot, "escape")


async def test_a_newer_version_takes_the_place_of_the_older_one(plant: Plant) -> None:
    async with console(plant).run_test(size=(160, 70)) as pilot:
        await press(pilot, "enter")
        [hot] = plant.stores.alerts.find("PUMP_01")
        plant.report(hot, made_by="glm-4", minutes=1)
        assert "version 2 of 2, written by glm-4" in await press(pilot, "r")


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_evidence_is_chosen_and_read(plant: Plant, size: tuple[int, int]) -> None:
    async with console(plant).run_test(size=size) as pilot:
        await press(pilot, "enter")
        screen = await press(pilot, "tab", "tab")
        assert "device_id=PUMP_01, window_mins=60" in screen
        screen = await press(pilot, "j")
        assert "No such work order." in screen
        await press(pilot, "k")
        screen = await press(pilot, "enter", "G")
        assert '"limit_high": 85.0' in screen


async def test_the_trend_is_drawn_with_its_limit_and_the_next_channel_comes_with_c(
    plant: Plant,
) -> None:
    async with console(plant).run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter")
        screen = await press(pilot, "tab")
        assert "Trend  temperature °C" in screen and "limit 85" in screen
        # Braille cells: the readings themselves, not the frame alone.
        assert any("\u2801" <= sign <= "\u28ff" for sign in screen)
        assert "Trend  vibration g" in await press(pilot, "c")


async def test_l_switches_the_language_everywhere_at_once(plant: Plant) -> None:
    async with console(plant).run_test(size=(120, 60)) as pilot:
        await press(pilot, "enter")
        screen = await press(pilot, "l")
        assert "候选原因" in screen and "Hypotheses" not in screen
        screen = await press(pilot, "escape")
        assert "温度 92.4 °C, 限值 85" in screen and "Main channel" not in screen
        assert "Main channel" in await press(pilot, "l")


async def test_double_width_signs_keep_the_columns_in_line(plant: Plant) -> None:
    async with console(plant, language="zh").run_test(size=(120, 30)) as pilot:
        await press(pilot)
        strips = pilot.app.screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage]  as in `seen`
    assert {strip.cell_length for strip in strips} == {120}


async def test_when_the_plant_fails_the_rows_stay_and_are_marked_stale(plant: Plant) -> None:
    async with console(plant).run_test(size=(120, 30)) as pilot:
        await press(pilot)
        with plant.broken():
            screen = await press(pilot, "r")
            assert "STALE since 12:00:00" in screen and "live" not in screen
            assert "PUMP_01" in screen and "FAN_07" in screen
        screen = await press(pilot, "r")
        assert "STALE" not in screen and "● live" in screen


async def test_a_plant_that_fails_from_the_start_says_why_and_is_asked_again(plant: Plant) -> None:
    async with console(plant).run_test(size=(120, 30)) as pilot:
        with plant.broken():
            screen = await press(pilot, "r")
            assert "The plant does not answer." in screen and "alert_log" in screen
        assert "PUMP_01" in await press(pilot, "r")


async def test_a_lost_session_is_opened_again(plant: Plant) -> None:
    client = connect(plant.server())
    async with sat_at(client).run_test() as pilot:
        await press(pilot)
        await client.close()
        plant.raise_alert("COMP_01", "over_pressure", AlertLevel.P0, OVER, minutes=1)
        assert "COMP_01" in await press(pilot, "r")
    assert not client.is_connected()


async def test_a_client_that_was_open_stays_open(plant: Plant) -> None:
    async with connect(plant.server()) as client:
        async with sat_at(client).run_test() as pilot:
            await press(pilot)
        assert client.is_connected()


async def test_an_empty_plant_says_what_to_do_and_every_key_is_harmless(empty_plant: Plant) -> None:
    async with console(empty_plant).run_test(size=(80, 24)) as pilot:
        screen = await press(pilot)
        assert "No alert stands." in screen and "opsmith doctor" in screen
        screen = await press(pilot, "j", "k", "enter", "a", "s", "r", "t", "G")
        assert "No alert stands." in screen
        empty_plant.raise_alert("COMP_01", "over_pressure", AlertLevel.P0, OVER, minutes=1)
        await press(pilot, "r")
        assert "P0 COMP_01" in await press(pilot, "enter")


async def test_text_from_the_plant_can_neither_steer_the_terminal_nor_style_it(
    empty_plant: Plant,
) -> None:
    alert = empty_plant.raise_alert("[b]X\x1b[2J", "over_pressure", AlertLevel.P0, OVER)
    empty_plant.report(alert, made_by="[link=http://x]m\u202e")
    async with console(empty_plant).run_test(size=(120, 60)) as pilot:
        screens = await press(pilot) + await press(pilot, "enter")
    assert "[b]X\ufffd[2J" in screens and "[link=http://x]m\ufffd" in screens
    assert "\x1b" not in screens and "\u202e" not in screens


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_page_of_keys_names_every_key_that_is_bound(
    plant: Plant, language: Language
) -> None:
    app = console(plant, language=language)
    async with app.run_test(size=(90, 70)) as pilot:
        await press(pilot)
        bound = set(app.active_bindings) - MOVED_BY
        screen = await press(pilot, "question_mark")
        page = [line.strip(" │") for line in screen.splitlines() if "│" in line]
        named = {sign for line in page for sign in line.split("  ")[0].split()}
        unnamed = {key for key in bound if NAMED.get(key, key) not in named}
        assert not unnamed, unnamed
        assert AT_THE_LIST[language] in await press(pilot, "escape")


async def test_a_room_is_found_again_as_it_was_left(plant: Plant) -> None:
    async with console(plant).run_test(size=(120, 40)) as pilot:
        await press(pilot, "j")
        screen = await press(pilot, "1", "7", "8", "1", "2")
        assert "Main channel" in screen
        assert "FAN_07  unacknowledged" in screen
        # From an alert that is open, too.
        assert "PUMP_01" in await press(pilot, "enter", "1")
        assert "FAN_07  unacknowledged" in await press(pilot, "2")


async def test_q_leaves_at_once(plant: Plant) -> None:
    app = console(plant)
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("q")
        assert app.return_code == 0


async def test_what_comes_while_an_answer_is_on_its_way_is_looked_for_after_it(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = connect(plant.server())
    asked, let_go = asyncio.Event(), asyncio.Event()
    whole = client.call_tool_mcp

    async def held(name: str, *args: Any, **kwargs: Any) -> Any:
        answer = await whole(name, *args, **kwargs)
        if name == "list_alerts":
            asked.set()
            await let_go.wait()
        return answer

    monkeypatch.setattr(client, "call_tool_mcp", held)
    app = sat_at(client)
    async with app.run_test(size=(120, 40)) as pilot:
        await asked.wait()
        plant.raise_alert("PUMP_01", "over_pressure", AlertLevel.P0, OVER)
        await pilot.press("r")
        let_go.set()
        assert "over pressure" in await press(pilot)


async def test_the_palette_finds_an_alert_by_its_type_and_a_work_order_by_its_number(
    plant: Plant,
) -> None:
    [alert] = plant.stores.alerts.find("PUMP_01")
    [order] = plant.stores.orders.find("PUMP_01")
    async with console(plant, room="overview").run_test(size=(120, 40)) as pilot:
        screen = await press(pilot, "colon", *"over temp")
        assert alert.trace_id in line_with("PUMP_01", screen) and "open this alert" in screen
        screen = await press(pilot, "down", "enter")
        assert "AlertRoom" in str(pilot.app.screen) and "over temperature" in screen
        screen = await press(pilot, "escape", "colon", *order.order_no)
        assert "go to this work order" in screen
        screen = await press(pilot, "down", "enter")
        assert order.order_no in screen and "OrdersRoom" in str(pilot.app.screen)
