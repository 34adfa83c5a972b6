"""One device: what it reads, what is usual, what was, what comes; and what is done with it."""

from datetime import timedelta

import pytest
from callers import READER
from driving import console, line_with, press
from tui_plant import NOW, Plant

from opsmith.domain.base import Language
from opsmith.domain.devices import Device, DeviceStatus
from opsmith_tui.alert import AlertRoom
from opsmith_tui.device import DeviceRoom

pytestmark = pytest.mark.anyio

OPEN = ("d",)
"""From the list of alerts, whose first is the pump's."""


def pump(plant: Plant) -> Device:
    return plant.stores.devices.get("PUMP_01")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_every_pane_is_reached_with_tab_in_every_size(
    plant: Plant, size: tuple[int, int], language: Language
) -> None:
    zh = language == "zh"
    async with console(plant, language=language).run_test(size=size) as pilot:
        screen = await press(pilot, *OPEN)
        assert isinstance(pilot.app.screen, DeviceRoom)
        assert ("趋势  温度 °C" if zh else "Trend  temperature °C") in screen
        # The readings themselves, not the frame alone.
        assert any("\u2801" <= sign <= "\u28ff" for sign in screen)
        assert ("限值 85" if zh else "limit 85") in screen
        screen = await press(pilot, "tab")
        assert "PUMP_01" in screen and "≤ 85 °C" in screen
        assert "WO-20260228-001" in await press(pilot, "tab")
        screen = await press(pilot, "tab")
        assert ("▲92." in screen) and ("超限" if zh else "beyond") in screen
        screen = await press(pilot, "tab")
        assert ("故障概率" if zh else "Fails within") in screen
        assert ("80 % 区间" if zh else "80 % interval") in screen
        strips = pilot.app.screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage]  Textual offers no other view of what is drawn
    assert {strip.cell_length for strip in strips} == {size[0]}


async def test_what_is_usual_is_told_from_before_the_deviation(plant: Plant) -> None:
    async with console(plant).run_test(size=(200, 60)) as pilot:
        screen = await press(pilot, *OPEN)
    # 70 °C until the alert's onset, not the 92 °C of now.
    told = line_with("usual", screen)
    low, high = (float(part) for part in told.split("usual ")[1].split(" (")[0].split(" – "))
    assert 68 < low < 70 < high < 72
    assert "24 h before 02-28 11:0" in told or "24 h before 02-28 11:2" in told


async def test_channels_and_windows_are_gone_through(plant: Plant) -> None:
    async with console(plant).run_test(size=(120, 40)) as pilot:
        screen = await press(pilot, *OPEN)
        assert "Trend  temperature °C  last 1h00m" in screen
        assert "▸ temperature" in screen
        screen = await press(pilot, "c", "+")
        assert "Trend  vibration g  last 6h00m" in screen and "▸ vibration" in screen
        screen = await press(pilot, "C", "-", "-", "-", "-")
        assert "Trend  temperature °C  last 15m" in screen
        assert "last 30d" in await press(pilot, *"+++++++")


async def test_enter_in_the_history_opens_the_alert_and_escape_leads_back(plant: Plant) -> None:
    app = console(plant)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN)
        # Elsewhere Enter opens nothing.
        await press(pilot, "enter")
        assert isinstance(app.screen, DeviceRoom)
        screen = await press(pilot, "tab", "tab", "enter")
        assert isinstance(app.screen, AlertRoom) and "over temperature" in screen
        await press(pilot, "escape")
        assert isinstance(app.screen, DeviceRoom)
        assert "Main channel" in await press(pilot, "escape")


async def test_maintenance_is_set_with_its_end_and_u_gives_back_what_was(plant: Plant) -> None:
    async with console(plant).run_test(size=(200, 60)) as pilot:
        await press(pilot, *OPEN)
        # Open the choices, then down from running over stopped to maintenance.
        screen = await press(pilot, "s", "enter", "down", "down", "enter", "tab", "3")
        assert "update_device_status" in screen and "MAINTENANCE" in screen
        assert "2026-02-28 15:00" in screen
        assert pump(plant).status is DeviceStatus.RUNNING
        screen = await press(pilot, "ctrl+s")
        assert pump(plant).status is DeviceStatus.MAINTENANCE
        assert pump(plant).maintenance_until == NOW + timedelta(hours=3)
        assert "◆ maintenance  until 2026-02-28 15:00:00 UTC" in screen
        screen = await press(pilot, "u")
        assert "Status before" in screen and "RUNNING" in screen
        await press(pilot, "y")
    assert (pump(plant).status, pump(plant).maintenance_until) == (DeviceStatus.RUNNING, None)


async def test_an_end_is_written_as_a_time_too_and_taken_back_with_its_end(plant: Plant) -> None:
    end = NOW + timedelta(hours=5)
    plant.stores.devices.set_status("PUMP_01", DeviceStatus.MAINTENANCE, end, NOW)
    async with console(plant).run_test(size=(120, 40)) as pilot:
        await press(pilot, "colon", *"PUMP_01")
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, DeviceRoom)
        await press(pilot, "s", "tab", *"2026-03-01 06:30", "ctrl+s")
        later = pump(plant).maintenance_until
        assert later is not None and f"{later:%Y-%m-%d %H:%M}" == "2026-03-01 06:30"
        await press(pilot, "u", "y")
    assert pump(plant).maintenance_until == end


async def test_an_end_that_is_no_time_is_told_and_nothing_is_done(plant: Plant) -> None:
    async with console(plant).run_test(size=(120, 40)) as pilot:
        await press(pilot, *OPEN)
        screen = await press(pilot, "s", "tab", *"soon", "ctrl+s")
        assert "not “soon”" in screen and "Exactly this" in screen
    assert pump(plant).status is DeviceStatus.RUNNING


async def test_a_work_order_is_created_for_the_device(plant: Plant) -> None:
    async with console(plant).run_test(size=(120, 40)) as pilot:
        await press(pilot, *OPEN)
        screen = await press(pilot, "n", "tab", *"Check oil", "ctrl+s")
        assert "Check oil" in screen
    orders = plant.stores.orders.find("PUMP_01")
    assert [one.description for one in orders if one.trace_id is None] == ["Check oil"]


async def test_the_baseline_is_renewed_since_the_time_that_is_shown(plant: Plant) -> None:
    async with console(plant).run_test(size=(120, 40)) as pilot:
        await press(pilot, *OPEN)
        screen = await press(pilot, "e")
        assert "renew_baseline" in screen and "2026-02-28 12:00:00" in screen
        assert pump(plant).baseline_at is None
        screen = await press(pilot, "ctrl+s")
        assert "since 2026-02-28 12:00:00 UTC" in screen
    assert pump(plant).baseline_at == NOW


@pytest.mark.parametrize("key", ["s", "n", "e"])
async def test_who_says_no_changes_nothing(plant: Plant, key: str) -> None:
    before, orders = pump(plant), plant.stores.orders.find("PUMP_01")
    async with console(plant).run_test(size=(80, 24)) as pilot:
        assert "Exactly this" in await press(pilot, *OPEN, key)
        assert "Exactly this" not in await press(pilot, "escape")
    assert (pump(plant), plant.stores.orders.find("PUMP_01")) == (before, orders)


async def test_without_the_right_to_change_it_says_so(plant: Plant) -> None:
    app = console(plant, READER)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await press(pilot, *OPEN, "s")
    assert "update_device_status" in screen and "Not enabled here" in screen


async def test_a_device_that_nobody_heard_of_says_so_in_every_pane(empty_plant: Plant) -> None:
    bad = Device(device_id="[b]X\x1b[2J", device_name="[red]\u202e", adopted=False)
    empty_plant.stores.devices.add([bad], NOW)
    async with console(empty_plant, room="overview").run_test(size=(120, 40)) as pilot:
        screen = await press(pilot, "enter")
        assert isinstance(pilot.app.screen, DeviceRoom)
        for text in ("no channel is known yet", "none ever", "No alert and no work order"):
            assert text in screen
        assert "[b]X\ufffd[2J" in screen
        assert "\x1b" not in screen and "\u202e" not in screen
        # Nothing to draw, nothing to open: no key does harm.
        await press(pilot, "c", "C", "+", "-", "tab", "tab", "enter", "r")
        assert "尚无通道" in await press(pilot, "l")


async def test_what_cannot_be_asked_is_told_in_its_pane_and_asked_again(plant: Plant) -> None:
    async with console(plant).run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN)
        with plant.broken():
            screen = await press(pilot, "tab", "tab", "r")
            assert "Could not be asked" in screen
        assert "Could not be asked" not in await press(pilot, "r")
