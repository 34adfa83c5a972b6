"""When undone work falls due, and which orders of a device one visit could do."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Literal

from opsmith.domain.base import unzoned
from opsmith_mcp.order_views import (
    BundledOrder,
    CalendarOrder,
    CalendarSlot,
    OrderBundle,
    beginning,
)

Slot = Literal["day", "week"]

CALENDAR = (
    "order_no", "device_id", "priority", "status", "estimated_hours", "assigned_to", "planned_at",
    "due_at", "description",
)  # fmt: skip
"""What the calendar is made of."""

BUNDLE = ("order_no", "device_id", "status", "work_class", "estimated_hours", "actual_hours")
"""What bundles are made of, beside the date."""

MOST_BUNDLED = 20
"""Orders of one bundle that are listed; all are counted."""

_DAY = timedelta(days=1)


def scheduled(rows: Iterable[Any], since: datetime, until: datetime) -> list[CalendarOrder]:
    """The orders that are planned, or where nothing is planned due, in [since, until)."""
    found = list[CalendarOrder]()
    for row in rows:
        at = row.planned_at or row.due_at
        if at is None or not since <= at < until:
            continue
        found.append(
            CalendarOrder(
                at=at,
                by="planned" if row.planned_at else "due",
                order_no=row.order_no,
                device_id=row.device_id,
                priority=row.priority,
                status=row.status,
                hours=row.estimated_hours,
                assigned_to=row.assigned_to,
                description=beginning(row.description, 80),
            )
        )
    return sorted(found, key=lambda one: (one.at, one.priority, one.order_no))


def slots(orders: Sequence[CalendarOrder], per: Slot) -> list[CalendarSlot]:
    """Hours and people by the plant's days, or its weeks from Monday on."""
    found = list[CalendarSlot]()
    for begins, group in groupby(orders, key=lambda one: _begin(one.at, per)):
        those = list(group)
        people = dict[str, float]()
        for one in those:
            name = one.assigned_to or ""
            people[name] = round(people.get(name, 0.0) + (one.hours or 0.0), 3)
        found.append(
            CalendarSlot(
                begins=begins,
                orders=len(those),
                hours=round(sum(one.hours or 0.0 for one in those), 3),
                without_hours=sum(one.hours is None for one in those),
                by_person=dict(sorted(people.items())),
            )
        )
    return found


def _begin(at: datetime, per: Slot) -> datetime:
    local = at.astimezone(unzoned.get())
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday()) if per == "week" else day


def bundled(rows: Iterable[Any], date: str, within: timedelta) -> list[OrderBundle]:
    """Orders of one device, each at most `within` after the one before it; the newest first.

    Args:
        rows: With `BUNDLE` and the date, which each has.
        date: Name of the date's column.
        within: Between one order and the next.
    """
    ordered = sorted(rows, key=lambda row: (row.device_id, getattr(row, date), row.order_no))
    chains = list[list[Any]]()
    for row in ordered:
        last = chains[-1][-1] if chains else None
        if (
            last is not None
            and last.device_id == row.device_id
            and getattr(row, date) - getattr(last, date) <= within
        ):
            chains[-1].append(row)
        else:
            chains.append([row])
    found = [_bundle(chain, date) for chain in chains if len(chain) > 1]
    return sorted(found, key=lambda one: (-one.until.timestamp(), one.device_id))


def _bundle(chain: Sequence[Any], date: str) -> OrderBundle:
    times = [getattr(row, date) for row in chain]
    orders = [
        BundledOrder(
            order_no=row.order_no,
            at=times[i],
            days_after=round((times[i] - times[i - 1]) / _DAY, 3) if i else 0.0,
            status=row.status,
            work_class=row.work_class,
            hours=_hours(row),
        )
        for i, row in enumerate(chain[:MOST_BUNDLED])
    ]
    return OrderBundle(
        device_id=chain[0].device_id,
        since=times[0],
        until=times[-1],
        span_days=round((times[-1] - times[0]) / _DAY, 3),
        count=len(chain),
        hours=round(sum(_hours(row) or 0.0 for row in chain), 3),
        orders=tuple(orders),
    )


def _hours(row: Any) -> float | None:
    return row.estimated_hours if row.actual_hours is None else row.actual_hours
