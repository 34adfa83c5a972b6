"""Work orders, through their server."""

from datetime import timedelta
from typing import Any

import pytest
from fastmcp import Client

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import State
from opsmith.domain.work_orders import Material, OrderStatus
from opsmith.errors import BadInput, NotFound
from opsmith_mcp.client import call
from opsmith_mcp.work_orders import WorkOrders

from .conftest import NOW, Plant

pytestmark = pytest.mark.anyio


async def test_an_order_for_an_alert_is_made_once(plant: Plant, writer: Client[Any]) -> None:
    alert = plant.raise_alert(10)
    views = [
        await call(
            writer,
            WorkOrders.create_work_order,
            "pump 1",
            AlertLevel.P1,
            "Replace the bearing.",
            trace_id=alert.trace_id,
            failure_mode="bearing_wear",
            steps=("Lock out.", "Replace."),
            materials=(Material(part="6310 C3", quantity=2),),
            at=NOW,
        )
        for _ in range(2)
    ]
    assert [view.created for view in views] == [True, False]
    assert views[0].order == views[1].order
    assert views[0].order.order_no == "WO-20260228-001"
    assert views[0].order.status is OrderStatus.OPEN
    assert views[0].order.reviewed_by is None
    assert views[0].order.materials == (Material(part="6310 C3", quantity=2),)


async def test_the_open_order_of_the_same_fault_is_added_to(
    plant: Plant, writer: Client[Any]
) -> None:
    first, second = plant.raise_alert(60), plant.raise_alert(10)
    views = [
        await call(
            writer,
            WorkOrders.create_work_order,
            "PUMP_01",
            level,
            "Replace the bearing.",
            trace_id=alert.trace_id,
            failure_mode="bearing_wear",
        )
        for alert, level in ((first, AlertLevel.P2), (second, AlertLevel.P1))
    ]
    assert not views[1].created
    assert set(views[1].order.trace_ids) == {first.trace_id, second.trace_id}
    assert views[1].order.priority is AlertLevel.P1


async def test_an_order_names_a_device_and_an_alert_that_belong_together(
    plant: Plant, writer: Client[Any]
) -> None:
    alert = plant.raise_alert(10)
    create = WorkOrders.create_work_order
    with pytest.raises(BadInput, match="is of PUMP_01, not PUMP_02"):
        await call(writer, create, "PUMP_02", AlertLevel.P1, "x", trace_id=alert.trace_id)
    with pytest.raises(NotFound, match="No alert 'AL-0'"):
        await call(writer, create, "PUMP_01", AlertLevel.P1, "x", trace_id="AL-0")
    assert (await call(writer, WorkOrders.list_work_orders)).total == 0


async def test_orders_are_listed_by_device_text_and_age(plant: Plant, writer: Client[Any]) -> None:
    asked = ((0, "seal_leak", "Replace the seal. " * 40), (40, "bearing_wear", "Replace it."))
    for days, mode, text in asked:
        await call(
            writer,
            WorkOrders.create_work_order,
            "PUMP_01",
            AlertLevel.P2,
            text,
            failure_mode=mode,
            at=NOW - timedelta(days=days),
        )
    every = await call(writer, WorkOrders.list_work_orders, device_id="pump-1")
    assert [line.created_at for line in every.orders] == [NOW, NOW - timedelta(days=40)]
    assert len(every.orders[0].description) == 160
    recent = await call(writer, WorkOrders.list_work_orders, days=30)
    assert recent.total == 1
    found = await call(writer, WorkOrders.list_work_orders, text="bearing")
    assert found.total == 1
    none = await call(writer, WorkOrders.list_work_orders, device_id="MOTOR_01")
    assert none.state is State.EMPTY


async def test_one_order_is_shown_whole(plant: Plant, writer: Client[Any]) -> None:
    text = "Replace the seal. " * 40
    made = await call(writer, WorkOrders.create_work_order, "PUMP_01", AlertLevel.P2, text)
    seen = await call(writer, WorkOrders.get_work_order, made.order.order_no.lower())
    assert seen.order == made.order
    assert seen.order.description == text
