"""Work orders: what is to be done, and since when."""

from typing import Annotated

from pydantic import Field

from opsmith.clock import PlantClock
from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Moment, ToolResult
from opsmith.domain.work_orders import Material, OrderStatus, OrderType, WorkClass, WorkOrder
from opsmith.storage.alerts import AlertStore
from opsmith.storage.devices import DeviceStore
from opsmith.storage.work_orders import WorkOrderStore
from opsmith_mcp.arguments import Cursor, Days, DeviceId, Limit, TraceId, Until
from opsmith_mcp.server import writes


class WorkOrderList(ToolResult):
    """Work orders, the newest first."""

    as_of: Moment
    total: int
    orders: tuple[WorkOrder, ...]
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
        raise NotImplementedError

    def get_work_order(
        self, order_no: Annotated[str, Field(max_length=32, description="Such as WO-20260228-001")]
    ) -> WorkOrderView:
        """Show one work order whole."""
        raise NotImplementedError

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
        steps: tuple[str, ...] = (),
        materials: tuple[Material, ...] = (),
        estimated_hours: Annotated[float | None, Field(ge=0)] = None,
        due_at: Moment | None = None,
        at: Annotated[
            Moment | None, Field(description="Plant time of its creation; default now.")
        ] = None,
    ) -> WorkOrderView:
        """Create a work order, OPEN and unreviewed, or add to the one that is open already.

        With `trace_id` a second call changes nothing; an undone order of the same device and
        `failure_mode` is added to. `created` tells which.
        """
        raise NotImplementedError
