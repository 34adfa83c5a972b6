"""What earlier work on a device does to a ranking."""

from datetime import UTC, datetime, timedelta

import pytest

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import State, Window
from opsmith.domain.work_orders import OrderStatus
from opsmith_agents.rule_history import Weighed, weigh
from opsmith_mcp.knowledge import RankedMode, Ranking
from opsmith_mcp.order_views import OrderLine

NOW = datetime(2026, 2, 28, 12, tzinfo=UTC)


def mode(entry_id: str, probability: float, after_work: float, renewed: float) -> RankedMode:
    return RankedMode(
        entry_id=entry_id,
        name=entry_id,
        category="rotor",
        severity="HIGH",
        probability=probability,
        standing="supported",
        speaks_for=(),
        speaks_against=(),
        untested=(),
        unexplained=(),
        separating_test=None,
        group=(),
        about=None,
        after_work=after_work,
        renewed=renewed,
    )


RANKING = Ranking(
    state=State.OK,
    device_id="PUMP_01",
    device_type="pump",
    onset=NOW,
    as_of=NOW,
    window=Window(start=NOW, end=NOW),
    established=True,
    none_probability=0.1,
    ranked=(mode("bearing_wear", 0.45, 0.0, -0.8), mode("misalignment", 0.35, 0.8, -0.4)),
)


def order(failure_mode: str, days: float, status: OrderStatus = OrderStatus.COMPLETED) -> OrderLine:
    done = NOW - timedelta(days=days)
    return OrderLine(
        order_no="WO-20260101-001",
        trace_id=None,
        trace_ids=(),
        device_id="PUMP_01",
        failure_mode=failure_mode,
        failure_code=None,
        order_type="PLANNED",
        work_class="corrective",
        priority=AlertLevel.P2,
        status=status,
        description="Work.",
        assigned_to=None,
        reviewed_by=None,
        created_at=done - timedelta(days=1),
        planned_at=None,
        due_at=None,
        completed_at=done if status is OrderStatus.COMPLETED else None,
    )


def first(weighed: Weighed) -> str:
    return weighed.ranked[0].entry_id


def test_without_orders_the_readings_alone_rank() -> None:
    weighed = weigh(RANKING, (), NOW)
    assert (weighed.ranked, weighed.established) == (RANKING.ranked, True)
    assert weigh(None, (), NOW) == Weighed()


def test_what_comes_of_work_is_likelier_after_work_and_what_was_renewed_less() -> None:
    weighed = weigh(RANKING, [order("bearing_wear", 5)], NOW)
    assert first(weighed) == "misalignment"
    reasons = {one.entry_id: one.reason for one in weighed.shifts}
    assert reasons == {"misalignment": "history_worked", "bearing_wear": "history_renewed"}
    assert first(weigh(RANKING, [order("bearing_wear", 100)], NOW)) == "bearing_wear"


@pytest.mark.parametrize("status", [OrderStatus.COMPLETED, OrderStatus.OPEN])
def test_what_failed_before_or_was_found_already_is_likelier(status: OrderStatus) -> None:
    weighed = weigh(RANKING, [order("misalignment", 200, status)], NOW)
    by_id = {one.entry_id: one.probability for one in weighed.ranked}
    assert by_id["misalignment"] > 0.35 and by_id["bearing_wear"] < 0.45


def test_an_order_that_nobody_looked_at_is_no_second_opinion() -> None:
    echo = order("misalignment", 0, OrderStatus.OPEN).model_copy(update={"trace_ids": ("AL-1",)})
    assert weigh(RANKING, [echo], NOW).shifts == ()
    seen = echo.model_copy(update={"reviewed_by": "li"})
    assert [one.reason for one in weigh(RANKING, [seen], NOW).shifts] == ["history_found"]


def test_history_is_bounded_and_tells_nothing_of_what_is_to_come() -> None:
    many = [order("misalignment", 200, OrderStatus.OPEN)] * 9
    assert max(one.log_odds for one in weigh(RANKING, many, NOW).shifts) == 1.2
    assert weigh(RANKING, [order("bearing_wear", -1)], NOW).shifts == ()


def test_probabilities_that_are_not_told_keep_their_share() -> None:
    weighed = weigh(RANKING, [order("bearing_wear", 5)], NOW)
    assert sum(one.probability for one in weighed.ranked) < 1.0
