"""The life of a work order, through its server: who may do what, and what is kept of it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from fastmcp import Client

from opsmith.access import Caller, Role
from opsmith.domain.alerts import AlertLevel
from opsmith.domain.devices import Device
from opsmith.domain.events import ORDERS, OrderEvent
from opsmith.domain.work_orders import Costs, FailureCode, Material, OrderStatus, WorkOrder
from opsmith.errors import BadInput, Conflict, NotFound
from opsmith.storage.outbox import Outbox
from opsmith_mcp.client import call, call_by_name
from opsmith_mcp.work_orders import WorkOrders, WorkOrderView

from .conftest import NOW, Plant

pytestmark = pytest.mark.anyio

ANN = Caller("ann", Role.OPERATOR, via="http")
BOB = Caller("bob", Role.ENGINEER, via="console", is_person=True)
CLOSED = (OrderStatus.COMPLETED, OrderStatus.CANCELLED)


@pytest.fixture
async def ann(plant: Plant) -> AsyncIterator[Client[Any]]:
    async with plant.client(ANN) as client:
        yield client


@pytest.fixture
async def bob(plant: Plant) -> AsyncIterator[Client[Any]]:
    async with plant.client(BOB) as client:
        yield client


async def made(client: Client[Any], text: str = "Replace the seal.") -> str:
    view = await call(client, WorkOrders.create_work_order, "PUMP_01", AlertLevel.P2, text)
    return view.order.order_no


async def started(client: Client[Any], order_no: str) -> WorkOrderView:
    return await call(client, WorkOrders.start_work_order, order_no)


async def test_an_order_is_planned_dispatched_and_closed_and_shows_who_did_what(
    plant: Plant, bob: Client[Any]
) -> None:
    plant.stores.orders.codes.put([FailureCode(code="SL-2", name="Seal leak", name_zh="密封泄漏")])
    number = await made(bob)
    due = NOW + timedelta(days=3)
    await call(
        bob,
        WorkOrders.update_work_order,
        number,
        assigned_to="Wang Wei",
        planned_at=NOW + timedelta(days=1),
        due_at=due,
        estimated_hours=4,
        reviewed=True,
    )
    await started(bob, number)
    view = await call(
        bob,
        WorkOrders.close_work_order,
        number,
        "COMPLETED",
        found="Seal faces worn.",
        done="Seal replaced.",
        actual_hours=5.5,
        failure_code="sl-2",
        failed_at=NOW - timedelta(hours=9),
        restored_at=NOW,
        materials=(Material(part="Seal kit", quantity=1),),
        costs=Costs(labour=300, materials=120.5, currency="EUR"),
    )
    order = view.order
    assert (order.status, order.completed_at, order.started_at) == (CLOSED[0], NOW, NOW)
    assert (order.created_by, order.reviewed_by, order.assigned_to) == ("bob", "bob", "Wang Wei")
    assert (order.failure_code, order.actual_hours) == ("SL-2", 5.5)
    assert view.failure is not None and view.failure.name_zh == "密封泄漏"
    closing, start, plan = view.history
    assert {one.by for one in view.history} == {"bob"} and view.changes == 3
    assert plan.changed["due_at"] == (None, due.isoformat())
    assert start.changed["status"] == ("OPEN", "IN_PROGRESS")
    assert closing.changed["costs"] == (None, "labour 300.0, materials 120.5, currency EUR")
    assert view == await call(bob, WorkOrders.get_work_order, number)


async def test_every_change_is_announced_once_and_the_same_again_not(
    plant: Plant, bob: Client[Any]
) -> None:
    number = await made(bob)
    for _ in range(2):
        await call(bob, WorkOrders.update_work_order, number, assigned_to="Wang Wei")
    for _ in range(2):
        await started(bob, number)
    for _ in range(2):
        await call(bob, WorkOrders.close_work_order, number, "COMPLETED", done="Done.")
    events = [
        OrderEvent.model_validate_json(one.value)
        for one in Outbox(plant.stores.database).waiting()
        if one.topic == ORDERS
    ]
    assert [(one.change, one.order.status) for one in events] == [
        ("created", OrderStatus.OPEN),
        ("updated", OrderStatus.OPEN),
        ("updated", OrderStatus.IN_PROGRESS),
        ("updated", OrderStatus.COMPLETED),
    ]


async def test_a_step_that_is_not_legal_is_refused_with_those_that_are(bob: Client[Any]) -> None:
    number = await made(bob)
    close = WorkOrders.close_work_order
    with pytest.raises(Conflict, match="OPEN and cannot become COMPLETED; legal: IN_PROGRESS or"):
        await call(bob, close, number, "COMPLETED")
    with pytest.raises(BadInput, match="why the order is cancelled"):
        await call(bob, close, number, "CANCELLED")
    await call(bob, close, number, "CANCELLED", closing_notes="Made twice.")
    with pytest.raises(Conflict, match="CANCELLED and cannot become COMPLETED"):
        await call(bob, close, number, "COMPLETED")
    with pytest.raises(Conflict, match="only `reviewed` can change"):
        await call(bob, WorkOrders.update_work_order, number, assigned_to="Wang Wei")
    seen = await call(bob, WorkOrders.update_work_order, number, reviewed=True)
    assert seen.order.reviewed_by == "bob"


async def test_a_closed_order_is_taken_up_again_within_thirty_days(
    plant: Plant, bob: Client[Any]
) -> None:
    def closed(days: float) -> str:
        number = f"OLD-{days}"
        order = WorkOrder(
            order_no=number,
            trace_id=None,
            device_id="PUMP_01",
            order_type="PLANNED",
            priority=AlertLevel.P2,
            description="x",
            status=OrderStatus.COMPLETED,
            created_at=NOW - timedelta(days=90),
            completed_at=NOW - timedelta(days=days),
            source="SAP",
        )
        plant.stores.orders.put([order], NOW)
        return number

    again = await started(bob, closed(30))
    assert (again.order.status, again.order.completed_at) == (OrderStatus.IN_PROGRESS, None)
    with pytest.raises(Conflict, match="more than 30 days ago; create_work_order"):
        await started(bob, closed(30.01))


async def test_an_operator_proposes_and_the_right_person_confirms(
    plant: Plant, ann: Client[Any], bob: Client[Any]
) -> None:
    number = await made(ann)
    dispatch = (await started(ann, number)).proposal
    assert dispatch is not None
    assert (dispatch.needs, dispatch.shown) == (
        "operator",
        f"{number}, PUMP_01: Replace the seal.\nstatus: OPEN -> IN_PROGRESS",
    )
    await call_by_name(bob, "confirm_proposal", {"proposal_id": dispatch.proposal_id})
    view = await call(
        ann,
        WorkOrders.close_work_order,
        number,
        "COMPLETED",
        done="Sealed.\nstatus: IN_PROGRESS -> OPEN",
        materials=(Material(part="Seal"),),
        restored_at=NOW,
    )
    assert view.order.status is OrderStatus.IN_PROGRESS
    assert view.proposal is not None and view.proposal.needs == "engineer"
    lines = view.proposal.shown.splitlines()
    assert lines[1] == "status: IN_PROGRESS -> COMPLETED"
    assert "done: nothing -> Sealed. status: IN_PROGRESS -> OPEN" in lines, "one line, as data"
    await call_by_name(bob, "confirm_proposal", {"proposal_id": view.proposal.proposal_id})
    order = plant.stores.orders.get(number)
    assert (order.status, order.restored_at) == (OrderStatus.COMPLETED, NOW)
    assert order.materials == (Material(part="Seal"),)
    assert [one.by for one in plant.stores.orders.changes(number)] == ["bob", "bob"]


async def test_what_cannot_be_is_refused_before_anybody_is_asked(
    plant: Plant, ann: Client[Any]
) -> None:
    plant.stores.orders.codes.put([FailureCode(code="SL-2", name="Seal leak")])
    number = await made(ann)
    close, update = WorkOrders.close_work_order, WorkOrders.update_work_order
    with pytest.raises(BadInput, match="No failure code 'SL-3'; did you mean 'SL-2'"):
        await call(ann, close, number, "CANCELLED", closing_notes="x", failure_code="SL-3")
    with pytest.raises(BadInput, match="restored_at is earlier than failed_at"):
        await call(
            ann,
            close,
            number,
            "CANCELLED",
            closing_notes="x",
            failed_at=NOW,
            restored_at=NOW - timedelta(hours=1),
        )
    with pytest.raises(BadInput, match="planned_at is later than due_at"):
        await call(ann, update, number, planned_at=NOW, due_at=NOW - timedelta(days=1))
    with pytest.raises(BadInput, match="due_at: given, and to be cleared"):
        await call(ann, update, number, due_at=NOW, clear=("due_at",))
    with pytest.raises(NotFound, match="list_work_orders"):
        await call(ann, update, "WO-1")
    assert (await call(ann, WorkOrders.get_work_order, number)).changes == 0


async def test_a_plan_is_taken_back(ann: Client[Any]) -> None:
    number = await made(ann)
    update = WorkOrders.update_work_order
    await call(ann, update, number, assigned_to="Wang Wei", due_at=NOW)
    view = await call(ann, update, number, clear=("assigned_to", "due_at"))
    assert (view.order.assigned_to, view.order.due_at) == (None, None)


async def test_orders_of_another_factory_do_not_exist(plant: Plant, bob: Client[Any]) -> None:
    plant.stores.devices.add([Device(device_id="FAN_9", factory_id="F9", line_id="L9")], NOW)
    alert = plant.raise_alert(10)
    number = await made(bob)
    there = await call(bob, WorkOrders.create_work_order, "FAN_9", AlertLevel.P2, "Balance it.")
    of_f9 = Caller("zoe", Role.ENGINEER, frozenset({"F9"}), is_person=True)
    async with plant.client(of_f9) as zoe:
        seen = await call(zoe, WorkOrders.list_work_orders)
        assert [one.order_no for one in seen.orders] == [there.order.order_no]
        counted = await call(zoe, WorkOrders.work_order_statistics, ("device",))
        assert (counted.total.orders, counted.groups[0].key) == (1, ("FAN_9",))
        assert (await call(zoe, WorkOrders.work_order_kpis)).rows[0].backlog == 1
        for tool in (WorkOrders.get_work_order, WorkOrders.start_work_order):
            with pytest.raises(NotFound):
                await call(zoe, tool, number)
        with pytest.raises(NotFound):
            await call(zoe, WorkOrders.update_work_order, number, assigned_to="zoe")
        with pytest.raises(NotFound):
            await call(zoe, WorkOrders.similar_work_orders, number)
        with pytest.raises(NotFound, match="No alert"):
            await call(
                zoe,
                WorkOrders.create_work_order,
                "FAN_9",
                AlertLevel.P2,
                "x",
                trace_id=alert.trace_id,
            )
