"""Work orders: what is to be done on a device, by whom, by when."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Model, Moment, Window
from opsmith.domain.knowledge import Skill

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


class Costs(Model):
    """What the work cost."""

    labour: float | None = Field(default=None, ge=0)
    materials: float | None = Field(default=None, ge=0)
    services: float | None = Field(default=None, ge=0)
    currency: str = Field(default="", max_length=8, description="ISO 4217, such as CNY or EUR.")


class FailureCode(Model):
    """A code by which the plant classes its failures."""

    code: str = Field(min_length=1, max_length=64)
    device_type: str = Field(default="*", max_length=64, description="`*`: of any class.")
    name: str = Field(max_length=200)
    name_zh: str = Field(default="", max_length=200)
    description: str = ""
    source: str = Field(default="import", max_length=64)


class OrderChange(Model):
    """What was changed in an order at once."""

    at: Moment
    by: str
    changed: dict[str, tuple[str | None, str | None]] = Field(
        description="By field: what it was, what it is; None: nothing."
    )


class Plan(Model):
    """What a decision wants done."""

    order_type: OrderType
    work_class: WorkClass = "condition_based"
    priority: AlertLevel
    description: str
    steps: tuple[str, ...] = ()
    materials: tuple[Material, ...] = ()
    estimated_hours: float | None = Field(default=None, ge=0)
    skills: tuple[Skill, ...] = Field(default=(), description="Trades, who leads first.")
    isolation: bool = Field(default=False, description="The work needs isolation (lock-out).")
    window: Window | None = Field(
        default=None, description="The plant's planned stop that it fits into; None: any time."
    )
    planned_at: Moment | None = Field(default=None, description="When the work is to begin.")
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
    costs: Costs | None = None
    failure_code: str | None = Field(default=None, description="The plant's own code.")
    found: str | None = Field(default=None, description="What was found wrong, in its words.")
    done: str | None = Field(default=None, description="What was done about it.")
    closing_notes: str | None = None
    source: str = Field(default="opsmith", description="Where it comes from.")
    external_no: str | None = Field(default=None, description="Its number where it comes from.")
    created_by: str | None = None
    planned_at: Moment | None = Field(default=None, description="When the work is to begin.")
    started_at: Moment | None = None
    due_at: Moment | None = None
    failed_at: Moment | None = Field(default=None, description="When the device failed.")
    restored_at: Moment | None = Field(default=None, description="When it could run again.")
    created_at: Moment
    completed_at: Moment | None = Field(default=None, description="Or cancelled.")
    updated_at: Moment | None = None
