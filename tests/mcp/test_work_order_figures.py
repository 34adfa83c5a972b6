"""What the orders of years come to, through their server: counted by hand beside it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastmcp import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsmith.access import Caller, Role
from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import State
from opsmith.domain.work_orders import Costs, FailureCode, OrderStatus, WorkOrder
from opsmith.errors import BadInput, NotFound
from opsmith.storage.alerts import AlertStore
from opsmith.storage.database import Database
from opsmith.storage.devices import DeviceStore
from opsmith.storage.work_orders import WorkOrderStore
from opsmith_mcp.client import call, connect
from opsmith_mcp.groups import plant_server
from opsmith_mcp.work_orders import WorkOrders

from .conftest import NOW, Plant

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BEIJING = ZoneInfo("Asia/Shanghai")
BATCHES = count()


def at(text: str) -> datetime:
    """A time of Beijing."""
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING).astimezone(UTC)


def past(number: int, created_at: datetime, **more: Any) -> WorkOrder:
    fields: dict[str, Any] = {
        "order_no": str(number),
        "trace_id": None,
        "device_id": "PUMP_01",
        "order_type": "PLANNED",
        "work_class": "preventive",
        "priority": AlertLevel.P3,
        "description": "Grease the bearings",
        "status": OrderStatus.COMPLETED,
        "created_at": created_at,
        "completed_at": created_at + DAY,
        "source": "SAP",
    }
    return WorkOrder(**(fields | more))


async def asked(plant: Plant, orders: Sequence[WorkOrder]) -> Client[Any]:
    plant.stores.orders.put(orders, NOW)
    who = Caller("reader", Role.VIEWER, may_write=False)
    return connect(plant_server(plant.stores, ["work_orders"], caller=who, zone=BEIJING))


async def test_preventive_orders_of_a_year_are_counted_to_the_plants_midnight(
    plant: Plant,
) -> None:
    orders = [
        past(1, at("2016-12-31T23:59:59")),
        past(2, at("2017-01-01T00:00:00")),
        past(3, at("2017-06-15T12:00:00")),
        past(4, at("2017-12-31T23:59:59")),
        past(5, at("2018-01-01T00:00:00")),
        past(6, at("2017-03-01T00:00:00"), work_class="corrective"),
        past(7, at("2017-03-01T00:00:00"), device_id="PUMP_02"),
    ]
    async with await asked(plant, orders) as client:
        tool = WorkOrders.work_order_statistics
        since, until = at("2017-01-01"), at("2018-01-01")
        seen = await call(
            client,
            tool,
            device_id="pump 1",
            where={"work_class": "preventive"},
            since=since,
            until=until,
        )
        assert seen.total.orders == 3
        every = await call(client, tool, ("year",), "PUMP_01")
        assert [(one.key, one.orders) for one in every.groups] == [
            (("2016",), 1),
            (("2017",), 4),
            (("2018",), 1),
        ]
        assert (every.preventive, every.corrective, every.preventive_per_corrective) == (5, 1, 5)
        listed = await call(
            client, WorkOrders.list_work_orders, "PUMP_01", since=since, until=until
        )
        assert {one.order_no for one in listed.orders} == {"2", "3", "4", "6"}


async def test_failure_codes_are_counted_by_name_with_their_hours_and_costs(plant: Plant) -> None:
    plant.stores.orders.codes.put([FailureCode(code="SL", name="Seal leak", name_zh="密封泄漏")])
    orders = [
        past(1, NOW, failure_code="SL", actual_hours=0.1, costs=Costs(labour=10, currency="EUR")),
        past(2, NOW, failure_code="SL", actual_hours=0.2, costs=Costs(materials=5, currency="CNY")),
        past(3, NOW, failure_code="BW", estimated_hours=3),
        past(4, NOW),
    ]
    async with await asked(plant, orders) as client:
        seen = await call(client, WorkOrders.work_order_statistics, ("failure_code",))
        first, *rest = seen.groups
        assert (first.key, first.name, first.name_zh) == (("SL",), "Seal leak", "密封泄漏")
        assert (first.orders, first.share, first.actual_hours) == (2, 0.5, 0.3)
        assert first.costs == {"CNY": 5, "EUR": 10}
        assert [(one.key, one.orders) for one in rest] == [((None,), 1), (("BW",), 1)]
        assert (seen.total.orders, seen.total.without_actual_hours) == (4, 2)
        none = await call(client, WorkOrders.list_work_orders, where={"failure_code": ""})
        assert [one.order_no for one in none.orders] == ["4"]


async def test_mean_times_to_repair_and_between_failures_say_what_they_leave_out(
    plant: Plant,
) -> None:
    def failed(number: int, hours: float, took: float | None, **more: Any) -> WorkOrder:
        begin = NOW - 100 * DAY + hours * HOUR
        end = None if took is None else begin + took * HOUR
        return past(
            number, begin, work_class="corrective", failed_at=begin, restored_at=end, **more
        )

    orders = [
        failed(1, 0, 4),
        failed(2, 104, 6),  # 100 h after
        failed(3, 106, 2),  # while the one before lasted: the same down time
        failed(4, 410, None),  # 300 h after
        failed(5, 500, 8),  # after one that is not known to have ended
        failed(6, 0, 20, device_id="PUMP_02"),
        failed(7, 50, 10, status=OrderStatus.CANCELLED),
        past(8, NOW - 50 * DAY, work_class="corrective"),
        failed(9, -9000, 1),  # before the window
    ]
    async with await asked(plant, orders) as client:
        (seen,) = (await call(client, WorkOrders.work_order_kpis)).rows
        assert (seen.failures, seen.mttr_n, seen.mttr_left_out) == (6, 5, 1)
        assert seen.mttr_hours == pytest.approx((4 + 6 + 2 + 8 + 20) / 5)
        assert (seen.mtbf_n, seen.mtbf_left_out) == (2, 1)
        assert seen.mtbf_hours == pytest.approx((100 + 300) / 2)
        assert seen.corrective_without_failed == 1
        rows = (await call(client, WorkOrders.work_order_kpis, "device")).rows
        assert {one.of: one.mttr_n for one in rows} == {"PUMP_01": 4, "PUMP_02": 1}


async def test_the_backlog_is_that_of_the_windows_end_and_work_is_on_time_or_not(
    plant: Plant,
) -> None:
    undone: dict[str, Any] = {"status": OrderStatus.OPEN, "completed_at": None}
    orders = [
        past(1, NOW - 10 * DAY, due_at=NOW - DAY, estimated_hours=3, **undone),
        past(2, NOW - 20 * DAY, **undone),
        past(3, NOW - 40 * DAY, completed_at=NOW - 5 * DAY, due_at=NOW - 6 * DAY),
        past(4, NOW - 50 * DAY, completed_at=NOW - 44 * DAY, due_at=NOW - 44 * DAY),
        past(5, NOW - 30 * DAY, order_type="EMERGENCY", completed_at=NOW - 29 * DAY),
        past(6, NOW - 30 * DAY, completed_at=None),
        past(7, NOW - 30 * DAY, status=OrderStatus.CANCELLED),
    ]
    async with await asked(plant, orders) as client:
        view = await call(client, WorkOrders.work_order_kpis)
        (seen,) = view.rows
        assert (seen.backlog, seen.backlog_hours, seen.backlog_without_hours) == (2, 3, 1)
        assert (seen.backlog_age_days, seen.backlog_oldest_days) == (15, 20)
        assert (seen.overdue, seen.backlog_without_due, view.undated) == (1, 1, 1)
        assert (seen.created, seen.unplanned, seen.planned_share) == (6, 1, round(5 / 6, 4))
        assert (seen.completed, seen.on_time_share, seen.on_time_n) == (3, 0.5, 2)
        assert seen.closing_hours == pytest.approx((35 + 6 + 1) * 24 / 3)
        then = await call(client, WorkOrders.work_order_kpis, until=NOW - 15 * DAY)
        assert then.rows[0].backlog == 2, "the second, and the third that was undone then"


async def test_the_calendar_shows_days_of_the_plant_with_hours_and_people(plant: Plant) -> None:
    undone: dict[str, Any] = {"status": OrderStatus.OPEN, "completed_at": None}
    orders = [
        past(1, NOW, planned_at=at("2026-03-02T23:00"), due_at=at("2026-03-09T08:00"),
             estimated_hours=4, assigned_to="Wang Wei", **undone),
        past(2, NOW, due_at=at("2026-03-02T01:00"), **undone),
        past(3, NOW, due_at=at("2026-03-08T01:00"), estimated_hours=2, **undone),
        past(4, NOW, due_at=NOW - DAY, **undone),
        past(5, NOW, **undone),
        past(6, NOW, due_at=at("2026-03-02T01:00")),
    ]  # fmt: skip
    async with await asked(plant, orders) as client:
        seen = await call(client, WorkOrders.work_order_calendar)
        assert [(one.begins, one.orders, one.hours, one.by_person) for one in seen.slots] == [
            (at("2026-03-02T00:00"), 2, 4, {"": 0, "Wang Wei": 4}),
            (at("2026-03-08T00:00"), 1, 2, {"": 2}),
        ]
        assert [(one.order_no, one.by) for one in seen.orders] == [
            ("2", "due"),
            ("1", "planned"),
            ("3", "due"),
        ]
        assert (seen.total, seen.overdue, seen.undated) == (3, 1, 1)
        weeks = (await call(client, WorkOrders.work_order_calendar, per="week")).slots
        assert [(one.begins, one.orders) for one in weeks] == [(at("2026-03-02T00:00"), 3)]


async def test_orders_of_a_device_within_two_weeks_of_the_next_are_bundled(plant: Plant) -> None:
    begin = NOW - 200 * DAY
    cancelled = OrderStatus.CANCELLED
    orders = [
        past(1, begin),
        past(2, begin + 14 * DAY, actual_hours=2, estimated_hours=9),
        past(3, begin + 28 * DAY, estimated_hours=3),
        past(4, begin + 43 * DAY),
        past(5, begin + 29 * DAY, device_id="PUMP_02"),
        past(6, begin + 44 * DAY, status=cancelled),
        past(7, begin + 31 * DAY, device_id="PUMP_02"),
    ]
    async with await asked(plant, orders) as client:
        seen = await call(client, WorkOrders.bundle_work_orders)
        assert [[one.order_no for one in b.orders] for b in seen.bundles] == [
            ["5", "7"],
            ["1", "2", "3"],
        ]
        chain = seen.bundles[1]
        assert (chain.count, chain.span_days, chain.hours) == (3, 28, 5)
        assert [one.days_after for one in chain.orders] == [0, 14, 14]
        assert (seen.looked_at, seen.bundled_orders, seen.visits_saved) == (6, 5, 3)
        assert (await call(client, WorkOrders.bundle_work_orders, 13)).bundles_total == 1
        none = await call(client, WorkOrders.bundle_work_orders, undone=True)
        assert none.state is State.EMPTY


async def test_what_was_done_about_the_like_before_is_found_in_either_language(
    plant: Plant,
) -> None:
    orders = [
        past(1, NOW, description="Loud bearing", found="Bearing worn out", done="Bearing replaced",
             failure_mode="bearing_wear", actual_hours=6),
        past(2, NOW, description="水泵轴承异响", found="轴承磨损", done="更换轴承",
             device_id="PUMP_02"),
        past(3, NOW, description="Painted the casing"),
        past(4, NOW, description="Bearing noise", device_id="MOTOR_01"),
        past(5, NOW, description="Bearing noise", status=OrderStatus.CANCELLED),
    ]  # fmt: skip
    async with await asked(plant, orders) as client:
        tool = WorkOrders.similar_work_orders
        seen = await call(
            client, tool, device_id="PUMP_01", text="bearing noise", failure_mode="bearing_wear"
        )
        assert [one.order_no for one in seen.orders] == ["1", "2"]
        first, second = seen.orders
        assert first.same_failure_mode and first.same_device and first.actual_hours == 6
        assert (first.done, second.done) == ("Bearing replaced", "更换轴承")
        assert first.likeness > second.likeness > 0
        chinese = await call(client, tool, device_id="PUMP_02", text="轴承异响")
        assert [one.order_no for one in chinese.orders][:2] == ["2", "1"]
        of_one = await call(client, tool, "2")
        assert [one.order_no for one in of_one.orders] == ["1"], "itself is no past order"
        with pytest.raises(BadInput, match="order_no, or device_id"):
            await call(client, tool)


async def test_a_list_is_paged_to_its_exact_end_and_never_too_long(plant: Plant) -> None:
    orders = [past(i, NOW - i * HOUR, description="更换轴承" * 40) for i in range(1200)]
    async with await asked(plant, orders) as client:
        seen, cursor = list[str](), None
        while True:
            page = await call(client, WorkOrders.list_work_orders, limit=100, cursor=cursor)
            assert page.total == 1200
            assert len(page.model_dump_json()) < 24_000
            seen += [one.order_no for one in page.orders]
            cursor = page.next_cursor
            if cursor is None:
                break
            assert page.state is State.TRUNCATED
        assert seen == [str(i) for i in range(1200)]
        with pytest.raises(BadInput, match="next_cursor"):
            await call(client, WorkOrders.list_work_orders, cursor="x")


async def test_a_number_is_found_as_people_and_other_systems_write_it(plant: Plant) -> None:
    long = "PM/2017/STATION-4/PUMP/000123"
    orders = [past(1, NOW, order_no=long), past(2, NOW), past(2, NOW, source="MAXIMO")]
    async with await asked(plant, orders) as client:
        get = WorkOrders.get_work_order
        assert (await call(client, get, long.lower())).order.external_no == long
        assert (await call(client, get, "2")).order.source == "SAP"
        with pytest.raises(NotFound, match="No work order '3'"):
            await call(client, get, "3")


async def test_a_filter_that_cannot_be_says_what_there_is(plant: Plant) -> None:
    async with await asked(plant, []) as client:
        tool = WorkOrders.list_work_orders
        with pytest.raises(BadInput, match="corrective, preventive, condition_based"):
            await call(client, tool, where={"work_class": "reactive"})
        with pytest.raises(NotFound, match="No line 'L002'; lines: L001"):
            await call(client, tool, where={"line": "L002"})
        with pytest.raises(BadInput, match="later than since"):
            await call(client, tool, since=NOW, until=NOW)
        assert (await call(client, tool, where={"line": "l-1"})).state is State.EMPTY


@pytest.fixture
def anything(tmp_path: Path) -> Iterator[tuple[WorkOrderStore, WorkOrders]]:
    database = Database(f"sqlite:///{tmp_path / 'any.db'}")
    orders = WorkOrderStore(database)
    yield orders, WorkOrders(orders, DeviceStore(database), AlertStore(database), lambda: NOW)
    database.close()


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.integers(0, 24 * 400),
            st.sampled_from(["preventive", "corrective", "condition_based"]),
            st.sampled_from(["F1", "F2", None]),
        ),
        max_size=60,
    ),
    st.integers(0, 40),
)
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_counts_and_bundles_are_those_of_counting_by_hand(
    anything: tuple[WorkOrderStore, WorkOrders],
    rows: list[tuple[int, int, str, str | None]],
    within: int,
) -> None:
    store, tools = anything
    source = f"S{next(BATCHES)}"
    orders = [
        past(i, NOW - hours * HOUR, device_id=f"{source}-{device}", work_class=kind,
             failure_code=code, source=source)
        for i, (device, hours, kind, code) in enumerate(rows)
    ]  # fmt: skip
    store.put(orders, NOW)
    where: Any = {"source": source}
    seen = tools.work_order_statistics(("work_class", "failure_code"), where=where)
    by_hand = Counter((kind, code) for _, _, kind, code in rows)
    assert {one.key: one.orders for one in seen.groups} == by_hand
    assert seen.total.orders == len(rows) == tools.list_work_orders(where=where).total
    for device in range(4):
        times = sorted(hours for one, hours, _, _ in rows if one == device)
        if times:
            close = sum(late - early <= 24 * within for early, late in pairwise(times))
            bundles = tools.bundle_work_orders(within, device_id=f"{source}-{device}")
            assert bundles.visits_saved == close
