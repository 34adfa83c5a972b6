"""The life of a work order: which steps are legal, and what each writes."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from opsmith.domain.work_orders import UNDONE, OrderStatus, WorkOrder
from opsmith.errors import BadInput, Conflict

REOPENS = timedelta(days=30)
"""A closed order is taken up again so long; after that it is history, and a new one is made."""

_LEGAL = {
    OrderStatus.OPEN: (OrderStatus.IN_PROGRESS, OrderStatus.CANCELLED),
    OrderStatus.IN_PROGRESS: (OrderStatus.COMPLETED, OrderStatus.CANCELLED),
    OrderStatus.COMPLETED: (OrderStatus.IN_PROGRESS,),
    OrderStatus.CANCELLED: (OrderStatus.IN_PROGRESS,),
}


def edited(order: WorkOrder, given: Mapping[str, Any], reviewer: str | None) -> WorkOrder:
    """The order with what was given; a closed one can only be reviewed. Raises `Conflict`."""
    changes = {name: value for name, value in given.items() if getattr(order, name) != value}
    if changes and order.status not in UNDONE:
        raise Conflict(
            f"{order.order_no} is {order.status}: only `reviewed` can change; start_work_order "
            f"takes it up again, within {REOPENS.days} days"
        )
    if reviewer is not None and order.reviewed_by is None:
        changes["reviewed_by"] = reviewer
    after = order.model_copy(update=changes)
    if changes and after.planned_at and after.due_at and after.planned_at > after.due_at:
        raise BadInput("planned_at is later than due_at; move one of them")
    return after


def started(order: WorkOrder, now: datetime) -> WorkOrder:
    """The order IN_PROGRESS: dispatched, or taken up again. Raises `Conflict`."""
    if order.status is OrderStatus.IN_PROGRESS:
        return order
    if order.merged_into is not None:
        raise Conflict(f"{order.order_no} was merged into {order.merged_into}; start that one")
    if order.status is not OrderStatus.OPEN:
        closed = order.completed_at
        if closed is None or now - closed > REOPENS:
            when = "at an unknown time" if closed is None else f"at {closed.isoformat()}"
            raise Conflict(
                f"{order.order_no} was {order.status} {when}, more than {REOPENS.days} days ago; "
                "create_work_order makes a new one"
            )
    _check(order, OrderStatus.IN_PROGRESS)
    return order.model_copy(
        update={
            "status": OrderStatus.IN_PROGRESS,
            "started_at": order.started_at or now,
            "completed_at": None,
        }
    )


def closed(
    order: WorkOrder, outcome: OrderStatus, given: Mapping[str, Any], now: datetime
) -> WorkOrder:
    """The order COMPLETED or CANCELLED, with what was given.

    Raises:
        Conflict: The step is not legal, or it is closed already and says otherwise.
        BadInput: It was restored before it failed, or nothing says why it is cancelled.
    """
    if order.status is outcome and all(getattr(order, name) == given[name] for name in given):
        return order
    _check(order, outcome)
    after = order.model_copy(update={**given, "status": outcome, "completed_at": now})
    if outcome is OrderStatus.CANCELLED and not after.closing_notes:
        raise BadInput("closing_notes has to say why the order is cancelled")
    if after.failed_at and after.restored_at and after.restored_at < after.failed_at:
        raise BadInput("restored_at is earlier than failed_at; one of them is wrong")
    return after


def _check(order: WorkOrder, status: OrderStatus) -> None:
    if status not in _LEGAL[order.status]:
        legal = " or ".join(_LEGAL[order.status])
        raise Conflict(
            f"{order.order_no} is {order.status} and cannot become {status}; legal: {legal}"
        )
