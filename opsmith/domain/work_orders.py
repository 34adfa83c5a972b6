"""Work orders: what is to be done on a device, by whom, by when."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Model, Moment

OrderType = Literal["EMERGENCY", "PLANNED", "INSPECTION"]
WorkClass = Literal["corrective", "preventive", "condition_based"]


class OrderStatus(StrEnum):
    """Where a work order stands."""

    OPEN = "OPEN"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


UNDONE = (OrderStatus.OPEN, OrderStatus.IN_PROGRESS)


class Material(Model):
    """A part that the work needs."""

    part: str
    quantity: float = Field(default=1, gt=0)


class Plan(Model):
    """What a decision wants done."""

    order_type: OrderType
    work_class: WorkClass = "condition_based"
    priority: AlertLevel
    description: str
    steps: tuple[str, ...] = ()
    materials: tuple[Material, ...] = ()
    estimated_hours: float | None = Field(default=None, ge=0)
    due_at: Moment | None = None


class WorkOrder(Model):
    """One work order."""

    order_no: str = Field(description="Such as WO-20260228-001.")
    trace_id: str | None = Field(description="The alert that it was created for.")
    trace_ids: tuple[str, ...] = Field(default=(), description="All alerts that it answers.")
    device_id: str
    failure_mode: str | None = None
    order_type: OrderType
    work_class: WorkClass = "condition_based"
    priority: AlertLevel
    description: str
    steps: tuple[str, ...] = ()
    assigned_to: str | None = None
    reviewed_by: str | None = Field(default=None, description="None: no person has looked yet.")
    status: OrderStatus = OrderStatus.OPEN
    merged_into: str | None = Field(
        default=None, description="The order of the same fault that answers its alerts now."
    )
    estimated_hours: float | None = None
    actual_hours: float | None = None
    materials: tuple[Material, ...] = ()
    due_at: Moment | None = None
    failed_at: Moment | None = None
    restored_at: Moment | None = None
    created_at: Moment
    completed_at: Moment | None = None
