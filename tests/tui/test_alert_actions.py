"""What an operator does with an alert: shown first, done once, taken back where it can be."""

import pytest
from callers import READER
from driving import console, line_with, press
from tui_plant import NOW, Plant

from opsmith.domain.alerts import Alert, AlertLevel, AlertState, Deviation
from opsmith.domain.work_orders import WorkOrder

pytestmark = pytest.mark.anyio

OVER = Deviation(channel="pressure", unit="MPa", value=1.2, limit=1.0, share=1.0)


def pump(plant: Plant) -> Alert:
    [alert] = plant.stores.alerts.find("PUMP_01")
    return alert


async def test_an_acknowledgement_is_shown_exactly_then_signed_and_stored(plant: Plant) -> None:
    async with console(plant).run_test(size=(120, 40)) as pilot:
        screen = await press(pilot, "a")
        assert "acknowledge_alert" in screen and "Li Wei" in screen
        assert pump(plant).trace_id in screen
        assert pump(plant).state is AlertState.UNACKNOWLEDGED
        screen = await press(pilot, "enter")
    assert (pump(plant).state, pump(plant).acknowledged_by) == (AlertState.ACKNOWLEDGED, "Li Wei")
    assert " acknowledged " in line_with("over temperature", screen)


@pytest.mark.parametrize("key", ["a", "z", "m", "n"])
@pytest.mark.parametrize("way_out", ["escape", "click"])
async def test_who_says_no_changes_nothing(plant: Plant, key: str, way_out: str) -> None:
    before, orders = pump(plant), plant.stores.orders.find("PUMP_01")
    async with console(plant).run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter", key)
        if way_out == "escape":
            await press(pilot, "escape")
        else:
            await pilot.click("#cancel")
        assert "Exactly this" not in await press(pilot)
    assert pump(plant) == before
    assert plant.stores.orders.find("PUMP_01") == orders


async def test_an_alert_is_shelved_for_a_time_and_u_takes_it_back(plant: Plant) -> None:
    async with console(plant).run_test(size=(120, 40)) as pilot:
        screen = await press(pilot, "z")
        assert "minutes   60" in screen
        await press(pilot, *"90", "ctrl+s")
        until = pump(plant).shelved_until
        assert until is not None and (until - NOW).total_seconds() == 90 * 60
        assert "PUMP_01" not in await press(pilot, "r")
        screen = await press(pilot, "u")
        assert "End the shelving of" in screen and "minutes   0" in screen
        screen = await press(pilot, "y")
        assert pump(plant).shelved_until is None
        assert "PUMP_01" in screen
        # Taken back once, it is not there to be taken back again.
        assert "Exactly this" not in await press(pilot, "u")


async def test_minutes_that_cannot_be_are_told_and_nothing_is_done(plant: Plant) -> None:
    async with console(plant).run_test(size=(120, 40)) as pilot:
        screen = await press(pilot, "z", *"1441", "ctrl+s")
        assert "0 to 1440 minutes" in screen and "Exactly this" in screen
    assert pump(plant).shelved_until is None


async def test_a_comment_is_kept_as_it_is_written_and_read_with_the_alert(plant: Plant) -> None:
    async with console(plant).run_test(size=(160, 100)) as pilot:
        await press(pilot, "m", *"felt [b]hot[/b]", "ctrl+s")
        screen = await press(pilot, "enter")
        assert "Li Wei: felt [b]hot[/b]" in screen


async def test_a_work_order_is_created_for_the_alert(plant: Plant) -> None:
    def orders() -> list[WorkOrder]:
        return list(plant.stores.orders.find("FAN_07"))

    assert not orders()
    async with console(plant).run_test(size=(120, 40)) as pilot:
        await press(pilot, "j", "n")
        screen = await press(pilot, "tab", "end", *" now")
        assert "create_work_order" in screen and "high vibration now" in screen
        await press(pilot, "ctrl+s")
    [order] = orders()
    assert order.description == "high vibration now"
    assert order.priority is AlertLevel.P2
    [alert] = plant.stores.alerts.find("FAN_07")
    assert order.trace_id == alert.trace_id


async def test_without_the_right_to_write_a_change_says_so(plant: Plant) -> None:
    async with console(plant, READER).run_test(size=(120, 40), notifications=True) as pilot:
        screen = await press(pilot, "a")
    assert "acknowledge_alert" in screen and "Not enabled here" in screen
    assert pump(plant).state is AlertState.UNACKNOWLEDGED


async def test_a_new_p0_rings_in_every_room_once_and_can_be_silenced(
    plant: Plant, capsys: pytest.CaptureFixture[str]
) -> None:
    app = console(plant)
    rung = list[str]()
    app.bell = lambda: rung.append("bell")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await press(pilot)
        plant.raise_alert("COMP_01", "over_pressure", AlertLevel.P0, OVER, minutes=1)
        app.feel()
        screen = await press(pilot, "enter")
        assert "P0: COMP_01, over pressure" in screen
        assert rung == ["bell"]
        app.feel()
        await press(pilot, "b")
        plant.raise_alert("COMP_02", "over_pressure", AlertLevel.P0, OVER, minutes=1)
        app.feel()
        screen = await press(pilot)
        assert "P0: COMP_02" in screen
    assert rung == ["bell"]


async def test_why_an_alert_was_held_back_is_read_in_the_list(plant: Plant) -> None:
    async with console(plant).run_test(size=(120, 40)) as pilot:
        screen = await press(pilot, "s", "G")
        assert "held back" in screen and "MAINTENANCE, which silences its alerts" in screen
        assert "该报警" not in screen
        screen = await press(pilot, "l")
        assert "检修状态" in screen


async def test_a_form_that_is_left_for_another_room_is_answered_with_no(plant: Plant) -> None:
    before = pump(plant)
    async with console(plant).run_test(size=(120, 40)) as pilot:
        assert "Exactly this" in await press(pilot, "a", "ctrl+p", *"to decide")
        screen = await press(pilot, "enter")
        assert "Exactly this" not in screen and "decide" in str(pilot.app.screen).casefold()
        assert not [worker for worker in pilot.app.workers if not worker.is_finished]
    assert pump(plant) == before
