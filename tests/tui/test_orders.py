"""The room of work orders: what is undone, and what a person does with it."""

from datetime import UTC, datetime, timedelta

import pytest
from callers import READER
from driving import console, line_with, press
from tui_plant import NOW, Plant

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Language
from opsmith.domain.work_orders import OrderStatus, Plan, WorkOrder

pytestmark = pytest.mark.anyio


def order_of(plant: Plant, device_id: str = "PUMP_01") -> WorkOrder:
    [order] = plant.stores.orders.find(device_id)
    return order


@pytest.fixture
def busy(plant: Plant) -> Plant:
    """The pump's order (P1, due tomorrow), and a late one of a fan."""
    late = Plan(
        order_type="INSPECTION",
        priority=AlertLevel.P2,
        description="Look at the belt [b]now[/b].",
        steps=("Stop the fan.",),
        due_at=NOW - timedelta(hours=3),
    )
    plant.stores.orders.create("FAN_07", late, NOW - timedelta(days=1))
    return plant


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_the_undone_are_listed_the_most_urgent_first_with_what_is_late(
    busy: Plant, size: tuple[int, int]
) -> None:
    async with console(busy, room="orders").run_test(size=size) as pilot:
        screen = await press(pilot)
        assert screen.index("PUMP_01") < screen.index("FAN_07")
        assert "LATE" in line_with("FAN_07", screen) and "1 late" in screen
        assert "LATE" not in line_with("PUMP_01", screen)
        assert "Replace the drive-end bearing." in screen
        screen = await press(pilot, "j", "enter", "G")
        assert "1. Stop the fan." in screen and "Look at the belt [b]now[/b]." in screen


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_an_order_is_assigned_and_the_assignment_taken_back(
    busy: Plant, language: Language
) -> None:
    async with console(busy, language=language, room="orders").run_test(size=(120, 40)) as pilot:
        screen = await press(pilot, "a")
        assert "update_work_order" in screen and "Li Wei" in screen
        assert order_of(busy).assigned_to is None
        await press(pilot, "ctrl+s")
        assert order_of(busy).assigned_to == "Li Wei"
        await press(pilot, "u", "y")
    assert order_of(busy).assigned_to is None


async def test_an_order_is_planned_in_the_plants_time_and_planned_back(busy: Plant) -> None:
    before = order_of(busy)
    async with console(busy, room="orders").run_test(size=(120, 40)) as pilot:
        await press(pilot, "p", *"2026-03-01 08:30", "tab", *"soon", "ctrl+s")
        screen = await press(pilot)
        assert "No time: soon" in screen and order_of(busy) == before
        await press(pilot, "ctrl+u", *"2026-03-02 17:00", "ctrl+s")
        planned = order_of(busy)
        assert planned.planned_at == datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
        assert planned.due_at == datetime(2026, 3, 2, 17, tzinfo=UTC)
        await press(pilot, "u", "y")
    after = order_of(busy)
    assert (after.planned_at, after.due_at) == (before.planned_at, before.due_at)


async def test_an_order_is_reviewed_started_and_closed_with_what_was_found(busy: Plant) -> None:
    async with console(busy, room="orders").run_test(size=(120, 40)) as pilot:
        assert "not reviewed" in await press(pilot)
        await press(pilot, "m", "y")
        assert order_of(busy).reviewed_by == "Li Wei"
        await press(pilot, "x", "y")
        assert order_of(busy).status is OrderStatus.IN_PROGRESS
        screen = await press(pilot, "c", "tab", *"cage broken", "tab", *"new bearing", "tab", "5")
        assert "found         cage broken" in screen
        screen = await press(pilot, "ctrl+s")
        assert "in progress 0" in screen and "▸completed 1" in screen
        closed = order_of(busy)
        assert (closed.status, closed.found, closed.done, closed.actual_hours) == (
            OrderStatus.COMPLETED, "cage broken", "new bearing", 5.0,
        )  # fmt: skip
        assert "PUMP_01" not in await press(pilot, "s")


async def test_what_nobody_has_begun_can_only_be_cancelled_and_with_a_reason(busy: Plant) -> None:
    async with console(busy, room="orders").run_test(size=(120, 40)) as pilot:
        screen = await press(pilot, "c", "ctrl+s")
        assert "outcome   CANCELLED" in screen and "Notes is needed" in screen
        await press(pilot, *["tab"] * 5, *"twice", "ctrl+s")
        cancelled = order_of(busy)
        assert (cancelled.status, cancelled.closing_notes) == (OrderStatus.CANCELLED, "twice")
        assert "cancelled 1" in await press(pilot)


async def test_an_order_is_created_for_a_device(busy: Plant) -> None:
    async with console(busy, room="orders").run_test(size=(120, 40)) as pilot:
        await press(pilot, "n", *"FAN_08", "tab", "tab", *"Clean it", "ctrl+s")
    made = order_of(busy, "FAN_08")
    assert (made.description, made.priority) == ("Clean it", AlertLevel.P2)


@pytest.mark.parametrize("key", ["n", "a", "p", "m", "x", "c"])
async def test_who_says_no_changes_nothing(busy: Plant, key: str) -> None:
    before = [order_of(busy), order_of(busy, "FAN_07")]
    async with console(busy, room="orders").run_test(size=(80, 24)) as pilot:
        assert "Exactly this" in await press(pilot, key)
        assert "Exactly this" not in await press(pilot, "escape")
    assert [order_of(busy), order_of(busy, "FAN_07")] == before


def ordered(plant: Plant, count: int) -> None:
    """So many orders of a fan that can wait, all newer than those of the plant."""
    for number in range(count):
        plan = Plan(
            order_type="PLANNED", priority=AlertLevel.P3, description=f"Clean guard {number:03}."
        )
        plant.stores.orders.create("FAN_08", plan, NOW - timedelta(minutes=count - number))


@pytest.mark.parametrize(
    ("size", "language", "heads"),
    [
        ((80, 24), "en", ["▸open 2", "in progress 0", "completed 0", "cancelled 0"]),
        ((120, 40), "zh", ["▸待处理 2", "进行中 0", "已完成 0", "已取消 0"]),
    ],
)
async def test_states_stand_side_by_side_or_below_each_other_with_how_many_they_have(
    busy: Plant, size: tuple[int, int], language: Language, heads: list[str]
) -> None:
    async with console(busy, language=language, room="orders").run_test(size=size) as pilot:
        lines = (await press(pilot)).splitlines()
        places = [next(at for at, line in enumerate(lines) if head in line) for head in heads]
        assert len(set(places)) == (1 if size[0] >= 100 else len(heads))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_cursor_stays_on_an_order_that_comes_into_another_state(
    busy: Plant, size: tuple[int, int]
) -> None:
    async with console(busy, room="orders").run_test(size=size) as pilot:
        screen = await press(pilot, "x", "y")
        assert "open 1" in screen and "▸in progress 1" in screen
        assert "▸open 1" in await press(pilot, "left")
        assert "Look at the belt" in await press(pilot, "enter")
        assert "▸in progress 1" in await press(pilot, "escape", "right")
        await press(pilot, "a", "ctrl+s")
    assert order_of(busy).assigned_to == "Li Wei" and order_of(busy, "FAN_07").assigned_to is None


async def test_a_click_chooses_a_card_and_a_second_one_opens_it(busy: Plant) -> None:
    async with console(busy, room="orders").run_test(size=(120, 40)) as pilot:
        at = next(y for y, line in enumerate((await press(pilot)).splitlines()) if "FAN_07" in line)
        await pilot.click(offset=(6, at))
        assert "1. Stop the fan." in await press(pilot)
        await pilot.click(offset=(6, at))
        assert "WO-20260227-001" in await press(pilot) and len(pilot.app.screen_stack) == 3


async def test_of_many_orders_the_urgent_come_first_and_the_others_when_they_are_wanted(
    busy: Plant,
) -> None:
    ordered(busy, 230)
    async with console(busy, room="orders").run_test(size=(120, 40)) as pilot:
        screen = await press(pilot)
        assert "open 232" in screen and "of 232 loaded" in screen
        assert screen.index("PUMP_01") < screen.index("FAN_07") < screen.index("FAN_08")
        screen = await press(pilot, "G", "G", "G", "G")
        assert "of 232 loaded" not in screen and "Clean guard 229." in screen


async def test_the_filter_finds_what_is_not_loaded(busy: Plant) -> None:
    ordered(busy, 230)
    async with console(busy, room="orders").run_test(size=(120, 40)) as pilot:
        assert "of 232 loaded" in await press(pilot)
        screen = await press(pilot, "/", *"guard 000", "enter")
        assert "open 1 of 232" in screen and "Clean guard 000." in screen
        await press(pilot, "a", "ctrl+s")
        assert "open 232" in await press(pilot, "escape")
    assigned = [one for one in busy.stores.orders.find("FAN_08", limit=300) if one.assigned_to]
    assert [one.description for one in assigned] == ["Clean guard 000."]


async def test_what_is_closed_is_not_changed_any_more(busy: Plant) -> None:
    app = console(busy, room="orders")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await press(pilot, "c", *["tab"] * 5, *"twice", "ctrl+s")
        before = order_of(busy)
        for key in ("a", "p", "m", "x", "c"):
            assert "Exactly this" not in await press(pilot, key)
        assert "This order is closed" in await press(pilot)
    assert order_of(busy) == before


async def test_the_console_is_left_while_an_order_is_asked_for(busy: Plant) -> None:
    app = console(busy, room="orders")
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot)
        await pilot.press("j", "q")
    assert app.return_code == 0


async def test_the_history_is_told_in_the_operators_language(busy: Plant) -> None:
    async with console(busy, language="zh", room="orders").run_test(size=(120, 40)) as pilot:
        await press(pilot, "a", "ctrl+s")
        await press(pilot, "x", "y")
        screen = await press(pilot, "enter", "G")
        assert "负责人: 无 → Li Wei" in screen and "状态: 待处理 → 进行中" in screen


async def test_its_alert_and_its_device_are_opened(busy: Plant) -> None:
    async with console(busy, room="orders").run_test(size=(120, 40)) as pilot:
        assert "Report of record" in await press(pilot, "e")
        await press(pilot, "escape")
        assert "Nameplate" in await press(pilot, "d")
        assert "Replace the drive-end bearing." in await press(pilot, "escape")


async def test_who_may_only_read_is_told_so(busy: Plant) -> None:
    app = console(busy, READER, room="orders")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        assert "Not enabled here" in await press(pilot, "a")
    assert order_of(busy).assigned_to is None


async def test_where_nothing_is_to_do_it_says_how_to_go_on(empty_plant: Plant) -> None:
    async with console(empty_plant, room="orders", language="zh").run_test() as pilot:
        assert "没有未完成的工单。" in await press(pilot)
