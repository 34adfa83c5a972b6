"""What a version of a report called for is done once, whatever becomes of the order after it."""

from datetime import UTC, datetime, timedelta

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.work_orders import Plan
from opsmith.storage.database import Database
from opsmith.storage.work_orders import WorkOrderStore

T = datetime(2026, 3, 1, 8, tzinfo=UTC)
PLAN = Plan(order_type="INSPECTION", priority=AlertLevel.P2, description="Look.")


def test_a_call_that_comes_again_after_its_order_became_another_faults_makes_no_second_order(
    tables_url: str,
) -> None:
    database = Database(tables_url)
    orders = WorkOrderStore(database)

    def ordered(after: int, trace_id: str, mode: str, version: int) -> tuple[str, bool]:
        at = T + timedelta(minutes=after)
        order, new = orders.create("P1", PLAN, at, trace_id, mode, version=version)
        return order.order_no, new

    first = ordered(0, "one", "imbalance", 1)
    ordered(1, "two", "imbalance", 1)
    # The alert that the order began with turns out to be something else.
    ordered(2, "one", "looseness", 2)
    stands = orders.find()
    assert ordered(1, "two", "imbalance", 1) == (first[0], False)
    assert ordered(0, "one", "imbalance", 1) == (first[0], False)
    assert orders.find() == stands
    # A newer version of the report is not a repeat.
    assert ordered(3, "two", "imbalance", 2)[1]
    database.close()
