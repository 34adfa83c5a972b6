"""What the tools of work orders answer: lists, one order, and how much of it fits."""

import json
from collections.abc import Sequence
from typing import TypeVar

from pydantic import Field

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Model, Moment, State, ToolResult, Window
from opsmith.domain.proposals import ChangeResult
from opsmith.domain.work_orders import (
    FailureCode,
    OrderChange,
    OrderStatus,
    OrderType,
    WorkClass,
    WorkOrder,
)
from opsmith.errors import BadInput
from opsmith_mcp.pages import Page
from opsmith_mcp.similar_cases import SimilarCase

M = TypeVar("M", bound=Model)

ROOM = 19_000
"""Characters of JSON that the rows of one answer may take: under 6,000 tokens with the rest."""


class Asked(Model):
    """The dates that were looked at, half open; None: without that end."""

    date_field: str = Field(description="Which of an order's dates.")
    since: Moment | None
    until: Moment | None = Field(description="Exclusive.")


class OrderLine(Model):
    """One work order in a list."""

    order_no: str
    trace_id: str | None
    trace_ids: tuple[str, ...] = Field(description="The alerts that it answers, 10 at most.")
    device_id: str
    failure_mode: str | None
    failure_code: str | None
    order_type: OrderType
    work_class: WorkClass
    priority: AlertLevel
    status: OrderStatus
    description: str = Field(description="The beginning.")
    assigned_to: str | None
    reviewed_by: str | None = Field(description="None: no person has looked yet.")
    created_at: Moment
    planned_at: Moment | None
    due_at: Moment | None
    completed_at: Moment | None


class WorkOrderList(ToolResult):
    """Work orders, the newest first."""

    as_of: Moment
    asked: Asked
    total: int = Field(description="All that were found, not only those shown.")
    orders: tuple[OrderLine, ...]
    next_cursor: str | None


class WorkOrderView(ChangeResult):
    """One work order."""

    as_of: Moment
    order: WorkOrder
    failure: FailureCode | None = Field(default=None, description="What its code means.")
    created: bool = Field(
        default=False, description="True: this call made it; False: it stood already."
    )
    history: tuple[OrderChange, ...] = Field(
        default=(), description="Who changed what, the newest first."
    )
    changes: int = Field(default=0, description="All of them, not only those shown.")


class OrderCount(Model):
    """Work orders that have the same values."""

    key: tuple[str | None, ...] = Field(description="As `group_by` asks; None: they have none.")
    name: str | None = Field(default=None, description="Of the code or device, in words.")
    name_zh: str | None = None
    orders: int
    share: float = Field(description="Of all that were counted, 0 to 1.")
    estimated_hours: float
    actual_hours: float = Field(description="Of those that have them.")
    without_actual_hours: int
    costs: dict[str, float] = Field(description="By currency; '' where none was said.")


class WorkOrderStatistics(ToolResult):
    """Work orders, counted and summed exactly."""

    as_of: Moment
    asked: Asked
    group_by: tuple[str, ...]
    total: OrderCount
    preventive: int
    corrective: int
    condition_based: int
    preventive_per_corrective: float | None = Field(description="None: nothing was corrective.")
    undated: int = Field(description="Left out: otherwise as asked, but without that date.")
    groups: tuple[OrderCount, ...] = Field(description="Most orders first; months in order.")
    groups_total: int
    next_cursor: str | None


class OrderKpis(Model):
    """Key figures of the work on the plant, a line or a device; times in hours unless said."""

    of: str
    backlog: int = Field(description="Orders that were undone at the window's end.")
    backlog_hours: float = Field(description="Estimated, of those that have an estimate.")
    backlog_without_hours: int
    backlog_age_days: float | None = Field(description="Mean, since they were created.")
    backlog_oldest_days: float | None
    overdue: int = Field(description="Of the backlog: due before the window's end.")
    backlog_without_due: int = Field(description="They cannot be overdue.")
    failures: int = Field(description="Orders not cancelled whose failed_at is in the window.")
    mttr_hours: float | None = Field(description="Mean of restored_at - failed_at (EN 13306).")
    mttr_n: int
    mttr_left_out: int = Field(description="Failures without a restored_at after failed_at.")
    mtbf_hours: float | None = Field(
        description="Mean time from restored_at to the device's next failed_at (ISO 14224: up "
        "time, idle or not); failures that overlap are one."
    )
    mtbf_n: int
    mtbf_left_out: int = Field(description="Failures followed by another, not known restored.")
    corrective_without_failed: int = Field(
        description="Corrective orders of the window that say no failed_at: in no MTTR or MTBF."
    )
    created: int = Field(description="In the window, not cancelled.")
    planned: int = Field(description="Of those, PLANNED and INSPECTION.")
    unplanned: int = Field(description="Of those, EMERGENCY.")
    planned_share: float | None = Field(description="0 to 1.")
    preventive: int
    corrective: int
    preventive_per_corrective: float | None
    completed: int = Field(description="In the window.")
    on_time_share: float | None = Field(description="Completed by due_at, 0 to 1.")
    on_time_n: int
    on_time_left_out: int = Field(description="Completed, without due_at.")
    closing_hours: float | None = Field(description="Mean of completed_at - created_at.")
    closing_n: int
    closing_left_out: int = Field(description="Completed before they were created.")


class WorkOrderKpis(ToolResult):
    """Key figures in a window."""

    as_of: Moment
    window: Window
    undated: int = Field(description="COMPLETED without completed_at: in no figure of closing.")
    rows: tuple[OrderKpis, ...] = Field(description="The whole, or the largest backlog first.")
    rows_total: int
    next_cursor: str | None


class CalendarSlot(Model):
    """A day or a week of the plant's calendar."""

    begins: Moment
    orders: int
    hours: float = Field(description="Estimated, of those that have an estimate.")
    without_hours: int
    by_person: dict[str, float] = Field(description="Hours; '' is nobody yet.")


class CalendarOrder(Model):
    """One undone order in the calendar."""

    at: Moment
    by: str = Field(description="`planned` or `due`: which date `at` is.")
    order_no: str
    device_id: str
    priority: AlertLevel
    status: OrderStatus
    hours: float | None = Field(description="Estimated.")
    assigned_to: str | None
    description: str = Field(description="The beginning.")


class WorkOrderCalendar(ToolResult):
    """Undone orders by when they are planned, or else due."""

    as_of: Moment
    window: Window
    total: int
    overdue: int = Field(description="Undone and due before `as_of`, in the window or not.")
    undated: int = Field(description="Undone without planned_at and due_at: in no slot.")
    slots: tuple[CalendarSlot, ...] = Field(description="Those that have orders.")
    orders: tuple[CalendarOrder, ...]
    next_cursor: str | None


class BundledOrder(Model):
    """One order of a bundle."""

    order_no: str
    at: Moment
    days_after: float = Field(description="After the one before it; 0 for the first.")
    status: OrderStatus
    work_class: WorkClass
    hours: float | None = Field(description="Actual, else estimated.")


class OrderBundle(Model):
    """Orders of one device, each within the asked days of the next."""

    device_id: str
    since: Moment
    until: Moment = Field(description="Of the last one.")
    span_days: float
    count: int
    hours: float
    orders: tuple[BundledOrder, ...] = Field(description="The first 20.")


class OrderBundles(ToolResult):
    """Orders that could be done in one visit."""

    as_of: Moment
    asked: Asked
    within_days: int
    looked_at: int = Field(description="Orders that are not cancelled and have that date.")
    undated: int = Field(description="Left out: without that date.")
    bundles_total: int
    bundled_orders: int
    visits_saved: int = Field(description="Bundled orders less bundles.")
    bundles: tuple[OrderBundle, ...] = Field(description="The newest first.")
    next_cursor: str | None


class SimilarOrder(Model):
    """A completed order that is like what was asked about."""

    order_no: str
    device_id: str
    likeness: float = Field(description="0 to 1: words 0.6, mode 0.2, code 0.15, device 0.05.")
    words: float = Field(description="Likeness of the words alone, 0 to 1.")
    shared_words: tuple[str, ...]
    same_failure_mode: bool
    same_failure_code: bool
    same_device: bool
    failure_mode: str | None
    failure_code: str | None
    completed_at: Moment | None
    actual_hours: float | None
    description: str
    found: str | None
    done: str | None
    closing_notes: str | None


class PartUsed(Model):
    """A part that such work took."""

    part: str
    quantity: float = Field(description="Median of the orders that took it.")
    used_in: int = Field(description="Orders that took it.")


class SameFault(Model):
    """What the completed orders of the same failure mode took."""

    same_fault: int = Field(description="How many there are.")
    timed: int = Field(description="Those whose hours are known.")
    median_hours: float | None
    low_hours: float | None = Field(description="The fewest.")
    high_hours: float | None = Field(description="The most.")
    parts: tuple[PartUsed, ...] = Field(description="Used most first, 10 at most.")


class SimilarOrders(ToolResult):
    """Completed orders of the same class of device, the most alike first."""

    as_of: Moment
    device_class: str
    looked_at: int = Field(
        description="Completed orders of that class; by mode alone: of the newest 1000."
    )
    took: SameFault | None = Field(default=None, description="Where a failure mode was asked for.")
    total: int = Field(description="Those of them that are alike at all.")
    orders: tuple[SimilarOrder, ...]
    cases: tuple[SimilarCase, ...] = Field(
        default=(), description="Past alerts that showed alike, where trace_id was given."
    )


def line_of(order: WorkOrder) -> OrderLine:
    """An order as lists show it."""
    columns = {name: value for name, value in order if name in OrderLine.model_fields}
    columns["description"] = beginning(order.description)
    columns["trace_ids"] = order.trace_ids[:10]
    return OrderLine.model_validate(columns)


def beginning(text: str, most: int = 160) -> str:
    """The beginning of a text, with an ellipsis where it goes on."""
    return text if len(text) <= most else text[: most - 1] + "…"


def begin_of(cursor: str | None) -> int:
    """Where the page of a cursor begins. Raises `BadInput`."""
    if cursor is not None and not cursor.isdecimal():
        raise BadInput(f"No cursor {cursor!r}; use the next_cursor of the page before")
    return int(cursor or 0)


def fitted(rows: Sequence[Model], room: int = ROOM) -> int:
    """How many of the rows an answer has room for; at least one."""
    for i, row in enumerate(rows):
        room -= len(json.dumps(row.model_dump(mode="json")))
        if room < 0:
            return max(i, 1)
    return len(rows)


def page(rows: Sequence[M], begin: int, total: int, narrow_by: str, room: int = ROOM) -> Page[M]:
    """The page of these rows that fits, the first of which is row `begin` of `total`."""
    shown = rows[: fitted(rows, room)]
    end = begin + len(shown)
    if end < total and shown:
        note = f"{begin + 1} to {end} of {total}; go on with next_cursor, or narrow by {narrow_by}."
        return Page(shown, str(end), State.TRUNCATED, note)
    return Page(shown, None, State.OK if shown else State.EMPTY, None)
