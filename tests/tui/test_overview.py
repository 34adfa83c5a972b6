"""The overview: every line and device on one board, the worst first, whatever the size."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from driving import console, line_with, press
from textual.widgets import Input
from tui_plant import NOW, Plant, readings

from opsmith.domain.alerts import AlertLevel, Deviation
from opsmith.domain.base import Language
from opsmith.domain.devices import Device, DeviceStatus
from opsmith.domain.readings import Frame
from opsmith_tui.overview_board import Board
from opsmith_tui.overview_sparks import BARS

pytestmark = pytest.mark.anyio

OVER = Deviation(channel="pressure", unit="MPa", value=1.2, limit=1.0, share=1.0)


@pytest.fixture
def lines(plant: Plant) -> Plant:
    """Line A: one mixer stopped, one in maintenance, one silent for four hours, three quiet."""
    stores = plant.stores
    pump = Device(device_id="PUMP_01", device_type="pump", line_id="B", rated_temp_max=85.0)
    mixers = [
        Device(device_id=f"MIX_{n:02}", device_type="mixer", factory_id="F1", line_id="A")
        for n in range(1, 7)
    ]
    stores.devices.put([pump, *mixers], NOW)
    stores.devices.set_status("MIX_01", DeviceStatus.STOPPED, None, NOW)
    stores.devices.set_status("MIX_02", DeviceStatus.MAINTENANCE, NOW + timedelta(hours=3), NOW)
    batch = readings("MIX_03")
    old = replace(batch, times=batch.times - np.timedelta64(4, "h"))
    stores.series.append([Frame.of(old)], live=True)
    return plant


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_lines_and_devices_stand_in_order_of_urgency_with_their_state(
    lines: Plant, size: tuple[int, int], language: Language
) -> None:
    async with console(lines, language=language, room="overview").run_test(size=size) as pilot:
        screen = await press(pilot)
        strips = pilot.app.screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage]  Textual offers no other view of what is drawn
    assert {strip.cell_length for strip in strips} == {size[0]}
    assert screen.index("PUMP_01") < screen.index("FAN_07") < screen.index("MIX_03")
    assert "P1 PUMP_01" in screen and "P2 FAN_07" in screen and "· " in screen
    heading = line_with("F1", screen)
    silent, stopped = ("无数据", "停机") if language == "zh" else ("silent", "stopped")
    assert f"■ {stopped} 1" in heading and f"○ {silent} 1" in heading
    assert ("4时00分" if language == "zh" else "4h00m") in screen
    cells = screen.split("F1", 1)[1]
    for sign in ("■", "◆", "○"):
        assert sign in cells


async def test_a_cell_draws_the_channel_that_deviates_with_its_value_and_unit(
    lines: Plant,
) -> None:
    async with console(lines, room="overview").run_test(size=(80, 24)) as pilot:
        screen = (await press(pilot)).splitlines()
    row = next(n for n, line in enumerate(screen) if "P1 PUMP_01" in line)
    # Over its rated 85 °C: marked by a sign, not by colour alone.
    assert "▲92." in screen[row + 1] and "°C" in screen[row + 1]
    assert set(BARS) & set(screen[row + 1])
    row = next(n for n, line in enumerate(screen) if "P2 FAN_07" in line)
    assert " g" in screen[row + 1] and "▲" not in screen[row + 1]


async def test_the_cursor_walks_and_enter_opens_the_device_under_it(lines: Plant) -> None:
    app = console(lines, room="overview")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot)
        board = app.screen.query_one(Board)
        walked = list[object]()
        for key in ("down", "j", "right", "left", "right", "h", "k", "G", "g"):
            await press(pilot, key)
            walked.append(board.cursor)
        assert walked == [
            "FAN_07", "MIX_03", "MIX_01", "MIX_03", "MIX_01", "MIX_03", "FAN_07", "MIX_06",
            "PUMP_01",
        ]  # fmt: skip
        screen = await press(pilot, "j", "enter")
        assert "FAN_07" in screen
        assert app.screen is not board.screen
        await press(pilot, "escape")
        assert app.screen is board.screen and board.cursor == "FAN_07"


async def test_a_opens_the_worst_alert_of_the_device(lines: Plant) -> None:
    lines.raise_alert("FAN_07", "over_pressure", AlertLevel.P0, OVER, minutes=90)
    async with console(lines, room="overview").run_test(size=(120, 40)) as pilot:
        screen = await press(pilot, "g")
        assert line_with("P0 FAN_07", screen)
        screen = await press(pilot, "a")
        assert "P0 FAN_07  over pressure" in screen


async def test_a_device_without_an_alert_says_so(lines: Plant) -> None:
    app = console(lines, room="overview")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        assert "No alert stands on MIX_06." in await press(pilot, "G", "a")


async def test_a_line_is_folded_with_what_it_counts_and_unfolded(lines: Plant) -> None:
    async with console(lines, room="overview").run_test(size=(80, 24)) as pilot:
        screen = await press(pilot, "G", "x")
        assert "▸ A F1" in screen and "MIX_05" not in screen and "6 devices" in screen
        screen = await press(pilot, "enter")
        assert "▾ A F1" in screen and "MIX_05" in screen
        screen = await press(pilot, "X")
        assert "PUMP_01" not in screen and screen.count("▸") == 3
        assert "PUMP_01" in await press(pilot, "X")


async def test_a_filter_shows_what_contains_it_by_name_or_state_and_esc_ends_it(
    lines: Plant,
) -> None:
    app = console(lines, room="overview")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await press(pilot, "slash", *"maint")
        assert "MIX_02" in screen and "MIX_03" not in screen and "PUMP_01" not in screen
        # Its keys are letters while one types.
        assert app.screen.query_one("#filter", Input).value == "maint"
        screen = await press(pilot, "enter", "slash", *"zzz")
        assert "Nothing here contains “zzz”" in screen
        assert "PUMP_01" in await press(pilot, "escape")


async def test_a_click_moves_the_cursor_and_folds_a_line(lines: Plant) -> None:
    app = console(lines, room="overview")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = (await press(pilot)).splitlines()
        y = next(n for n, line in enumerate(screen) if "MIX_01" in line)
        await pilot.click(offset=(screen[y].index("MIX_01"), y))
        await press(pilot)
        board = app.screen.query_one(Board)
        assert board.cursor == "MIX_01"
        y = next(n for n, line in enumerate(screen) if "▾ A" in line)
        await pilot.click(offset=(3, y))
        assert "▸ A" in await press(pilot)


async def test_what_changes_in_the_plant_is_seen_at_the_next_look_and_the_cursor_stays(
    lines: Plant,
) -> None:
    app = console(lines, room="overview")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "G")
        lines.raise_alert("MIX_05", "over_pressure", AlertLevel.P0, OVER, minutes=1)
        lines.stores.devices.set_status("MIX_04", DeviceStatus.STOPPED, None, NOW)
        screen = await press(pilot, "r")
        assert app.screen.query_one(Board).cursor == "MIX_06"
        assert screen.index("P0 MIX_05") < screen.index("P1 PUMP_01")
        assert "■ stopped 2" in line_with("F1", screen)


async def test_of_many_devices_each_can_be_reached_with_its_own_level(plant: Plant) -> None:
    # More than the tree shows one by one.
    many = [Device(device_id=f"Z_{n:03}", line_id="LONG") for n in range(130)]
    plant.stores.devices.add(many, NOW)
    for n in range(100):
        device_id, level = f"Z_{n:03}", AlertLevel.P3 if n else AlertLevel.P0
        plant.raise_alert(device_id, "over_pressure", level, OVER, minutes=1)
    app = console(plant, room="overview")
    async with app.run_test(size=(80, 24)) as pilot:
        assert "P0 Z_000" in await press(pilot)
        assert "· Z_129".replace(" ", "") in (await press(pilot, "G")).replace(" ", "")
        screen = await press(pilot, "slash", *"z_099", "enter")
        assert "P3 Z_099" in screen
        assert "133 devices" in screen.splitlines()[1]


async def test_without_devices_the_board_says_where_they_come_from(empty_plant: Plant) -> None:
    async with console(empty_plant, room="overview").run_test(size=(80, 24)) as pilot:
        screen = await press(pilot, "j", "enter", "a", "x", "X", "G")
        assert "No device is known yet." in screen and "opsmith demo" in screen
        assert "尚无设备" in await press(pilot, "l")


async def test_names_from_outside_neither_steer_nor_style_the_board(empty_plant: Plant) -> None:
    bad = Device(device_id="[b]X\x1b[2J", device_name="[red]\u202e", line_id="[i]L\x07")
    empty_plant.stores.devices.add([bad], NOW)
    async with console(empty_plant, room="overview").run_test(size=(120, 40)) as pilot:
        screen = await press(pilot)
    assert "[b]X\ufffd[2J" in screen and "[i]L\ufffd" in screen
    assert "\x1b" not in screen and "\u202e" not in screen
