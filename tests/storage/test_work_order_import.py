"""Orders and failure codes of other systems: written once, followed, and numbered apart."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.work_orders import FailureCode, Material, OrderStatus, Plan, WorkOrder
from opsmith.errors import BadInput
from opsmith.storage.database import Database
from opsmith.storage.outbox import Outbox
from opsmith.storage.work_orders import WorkOrderStore

NOW = datetime(2026, 2, 28, 12, tzinfo=UTC)


@pytest.fixture
def database(tables_url: str) -> Generator[Database]:
    database = Database(tables_url)
    yield database
    database.close()


def foreign(number: str, source: str = "SAP", **more: Any) -> WorkOrder:
    fields: dict[str, Any] = {
        "order_no": number,
        "trace_id": None,
        "device_id": "PUMP_01",
        "order_type": "PLANNED",
        "work_class": "preventive",
        "priority": AlertLevel.P3,
        "description": "Grease the bearings",
        "created_at": NOW,
        "source": source,
    }
    return WorkOrder(**(fields | more))


def test_the_same_import_again_changes_nothing_and_is_never_announced(database: Database) -> None:
    orders = WorkOrderStore(database)
    batch = [foreign(str(4_000_000 + i)) for i in range(1000)]
    assert orders.put(batch, NOW) == (1000, 0)
    assert orders.put(batch, NOW + timedelta(days=1)) == (0, 0)
    assert orders.get("4000007").external_no == "4000007"
    assert Outbox(database).waiting() == []


def test_an_order_whose_number_is_taken_or_too_long_gets_one_and_keeps_its_own_beside(
    database: Database,
) -> None:
    orders = WorkOrderStore(database)
    long = "MAINTENANCE/2017/PUMP-STATION-4/000123"
    assert orders.put([foreign("17"), foreign("17", "MAXIMO"), foreign(long)], NOW) == (3, 0)
    assert orders.get("17").source == "SAP"
    (made,) = set(orders.numbered("17")) - {"17"}
    assert (made[:3], len(made), orders.get(made).source) == ("IM-", 19, "MAXIMO")
    (number,) = orders.numbered(long.lower())
    assert orders.get(number).external_no == long
    assert orders.put([foreign("17", "MAXIMO"), foreign(long)], NOW) == (0, 0)
    with pytest.raises(BadInput, match="longer than 64"):
        orders.put([foreign("9" * 65)], NOW)


def test_what_its_system_changes_is_followed_and_what_was_changed_here_stays(
    database: Database,
) -> None:
    orders = WorkOrderStore(database)
    orders.put([foreign("17")], NOW)
    orders.change("17", lambda one: one.model_copy(update={"priority": AlertLevel.P1}), "Li", NOW)
    closed = foreign("17", status=OrderStatus.COMPLETED, materials=(Material(part="grease"),))
    assert orders.put([closed], NOW) == (0, 1)
    seen = orders.get("17")
    assert (seen.status, seen.priority) == (OrderStatus.COMPLETED, AlertLevel.P1)
    assert [(one.by, one.changed) for one in orders.changes("17")] == [
        ("Li", {"priority": ("P3", "P1")}),
        (
            "import",
            {"status": ("OPEN", "COMPLETED"), "materials": (None, "part grease, quantity 1")},
        ),
    ]
    assert orders.put([closed], NOW) == (0, 0)


def test_what_an_import_does_not_say_is_left_alone(database: Database) -> None:
    orders = WorkOrderStore(database)
    orders.put([foreign("17", failure_code="F1", status=OrderStatus.COMPLETED)], NOW)
    assert orders.put([foreign("17")], NOW) == (0, 0)
    assert orders.put([foreign("17", failure_code=None)], NOW) == (0, 1)
    assert orders.get("17").status is OrderStatus.COMPLETED


def test_numbers_of_other_systems_do_not_stand_in_the_way_of_ours(database: Database) -> None:
    orders = WorkOrderStore(database)
    names = ("WO-20260228-9", "WO-20260228-010", "WO-20260228-A", "WO-20260228-004")
    orders.put([foreign(name) for name in names], NOW)
    plan = Plan(order_type="PLANNED", priority=AlertLevel.P2, description="x")
    made = {orders.create("PUMP_01", plan, NOW)[0].order_no for _ in range(7)}
    assert len(made) == 7 and not made & set(names)


def test_an_alert_stays_with_the_order_that_answers_it(database: Database) -> None:
    orders = WorkOrderStore(database)
    plan = Plan(order_type="PLANNED", priority=AlertLevel.P2, description="x")
    ours, _ = orders.create("PUMP_01", plan, NOW, "T-1", "cavitation")
    orders.put([foreign("17", trace_id="T-1"), foreign("18", trace_ids=("T-1", "T-2"))], NOW)
    assert [one.order_no for one in orders.find(trace_id="T-1")] == [ours.order_no]
    assert [one.order_no for one in orders.find(trace_id="T-2")] == ["18"]


def test_a_failure_code_means_what_it_does_on_that_class_of_device(database: Database) -> None:
    codes = WorkOrderStore(database).codes
    anywhere = FailureCode(code="F10", name="Leak", name_zh="泄漏", description="")
    pumps = FailureCode(code="F10", device_type="pump", name="Seal leak", description="")
    assert codes.put([anywhere, pumps]) == (2, 0)
    assert codes.put([anywhere, pumps]) == (0, 0)
    assert codes.put([anywhere.model_copy(update={"name": "External leak"})]) == (0, 1)
    assert [codes.find("f10", kind) for kind in ("pump", "motor")] == [
        pumps,
        anywhere.model_copy(update={"name": "External leak"}),
    ]
    assert codes.find("F11") is None
    assert [one.device_type for one in codes.list("pump")] == ["*", "pump"]
