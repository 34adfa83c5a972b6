"""Work orders: what is to be done, and since when."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from opsmith.clock import PlantClock
from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Model, Moment, ToolResult
from opsmith.domain.work_orders import (
    Material,
    OrderStatus,
    OrderType,
    Plan,
    WorkClass,
    WorkOrder,
)
from opsmith.errors import BadInput
from opsmith.storage.alerts import AlertStore
from opsmith.storage.devices import DeviceStore
from opsmith.storage.work_orders import WorkOrderStore
from opsmith_mcp.arguments import Cursor, Days, DeviceId, Limit, TraceId, Until
from opsmith_mcp.lookup import find_device
from opsmith_mcp.pages import MOST, page_of
from opsmith_mcp.server import writes
from opsmith_mcp.windows import INSTANT, now


class OrderLine(Model):
    """One work order in a list."""

    order_no: str
    trace_id: str | None
    device_id: str
    failure_mode: str | None
    order_type: OrderType
    work_class: WorkClass
    priority: AlertLevel
    status: OrderStatus
    description: str = Field(description="The beginning.")
    assigned_to: str | None
    reviewed_by: str | None = Field(description="None: no person has looked yet.")
    created_at: Moment
    due_at: Moment | None
    completed_at: Moment | None


class WorkOrderList(ToolResult):
    """Work orders, the newest first."""

    as_of: Moment
    total: int
    orders: tuple[OrderLine, ...]
    next_cursor: str | None


class WorkOrderView(ToolResult):
    """One work order."""

    as_of: Moment
    order: WorkOrder
    created: bool = Field(
        default=False, description="True: this call made it; False: it stood already."
    )


class WorkOrders:
    """The tools of work orders."""

    def __init__(
        self,
        orders: WorkOrderStore,
        devices: DeviceStore,
        alerts: AlertStore,
        clock: PlantClock,
    ) -> None:
        self._orders = orders
        self._devices = devices
        self._alerts = alerts
        self._clock = clock

    def list_work_orders(
        self,
        device_id: DeviceId | None = None,
        status: OrderStatus | None = None,
        text: Annotated[
            str | None, Field(max_length=100, description="In number, text or failure mode.")
        ] = None,
        days: Days | None = None,
        limit: Limit = 50,
        cursor: Cursor = None,
        until: Until = None,
    ) -> WorkOrderList:
        """List work orders, the newest first, such as what was done on a device before."""
        as_of = until or (now(self._clock) if days is None else self._clock())
        device = find_device(self._devices, device_id) if device_id is not None else None
        found = self._orders.find(
            device_id=device.device_id if device else None,
            statuses=(status,) if status else (),
            text=text,
            start=as_of - timedelta(days=days) if days is not None else None,
            end=until + INSTANT if until else None,
            limit=MOST,
        )
        page = page_of(found, limit, cursor, "device_id, status, text or days")
        return WorkOrderList(
            state=page.state,
            note=page.note or (None if found else "No such work order."),
            as_of=as_of,
            total=len(found),
            orders=tuple(_line(order) for order in page.rows),
            next_cursor=page.next_cursor,
        )

    def get_work_order(
        self, order_no: Annotated[str, Field(max_length=32, description="Such as WO-20260228-001")]
    ) -> WorkOrderView:
        """Show one work order whole: its steps, materials, hours and the alerts that it answers."""
        order = self._orders.get(order_no.strip().upper())
        return WorkOrderView(as_of=now(self._clock), order=order)

    @writes(idempotent=True)
    def create_work_order(
        self,
        device_id: DeviceId,
        priority: AlertLevel,
        description: Annotated[str, Field(min_length=1, max_length=4000)],
        trace_id: TraceId | None = None,
        failure_mode: Annotated[
            str | None, Field(max_length=64, description="Id of the knowledge entry.")
        ] = None,
        order_type: OrderType = "PLANNED",
        work_class: WorkClass = "condition_based",
        steps: Annotated[tuple[str, ...], Field(max_length=40)] = (),
        materials: Annotated[tuple[Material, ...], Field(max_length=40)] = (),
        estimated_hours: Annotated[float | None, Field(ge=0)] = None,
        due_at: Moment | None = None,
        at: Annotated[
            Moment | None, Field(description="Plant time of its creation; default now.")
        ] = None,
    ) -> WorkOrderView:
        """Create a work order, OPEN and unreviewed, or add to the one that is open already.

        With `trace_id` a second call changes nothing. An undone order of the same device and
        `failure_mode` is added to; without `failure_mode`, the newest that nobody has reviewed.
        `created` tells which.
        """
        device = find_device(self._devices, device_id)
        if trace_id is not None:
            alert = self._alerts.get(trace_id)
            if alert.device_id != device.device_id:
                raise BadInput(
                    f"Alert {trace_id!r} is of {alert.device_id}, not {device.device_id}"
                )
        plan = Plan(
            order_type=order_type,
            work_class=work_class,
            priority=priority,
            description=description,
            steps=steps,
            materials=materials,
            estimated_hours=estimated_hours,
            due_at=due_at,
        )
        created_at = at or now(self._clock)
        order, created = self._orders.create(
            device.device_id, plan, created_at, trace_id, failure_mode
        )
        note = None if created else f"{order.order_no} answers this already; it was not made anew."
        return WorkOrderView(note=note, as_of=created_at, order=order, created=created)


def _line(order: WorkOrder) -> OrderLine:
    columns = {name: value for name, value in order if name in OrderLine.model_fields}
    text = order.description
    columns["description"] = text if len(text) <= 160 else text[:159] + "…"
    return OrderLine.model_validate(columns)
