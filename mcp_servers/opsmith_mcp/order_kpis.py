"""Key figures of maintenance, each with how many orders it is of and what was left out."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from statistics import fmean
from typing import Any

from opsmith.domain.base import Window
from opsmith.domain.work_orders import UNDONE, OrderStatus
from opsmith_mcp.order_views import OrderKpis

COLUMNS = (
    "device_id", "status", "order_type", "work_class", "estimated_hours", "created_at", "due_at",
    "failed_at", "restored_at", "completed_at",
)  # fmt: skip
"""What the figures are made of."""

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def kpis(rows: Sequence[Any], window: Window, per: Callable[[Any], str]) -> list[OrderKpis]:
    """The figures of each part of the plant, the one with the largest backlog first.

    Args:
        rows: Of all orders of the parts, with `COLUMNS`, of whatever time.
        window: What the figures are about; the backlog is that of its end.
        per: Names the part that an order belongs to.
    """
    parts = dict[str, list[Any]]()
    for row in rows:
        parts.setdefault(per(row), []).append(row)
    found = [_of(name, part, window) for name, part in parts.items()]
    return sorted(found, key=lambda one: (-one.backlog, -one.created, one.of))


def _of(name: str, rows: Sequence[Any], window: Window) -> OrderKpis:
    def within(at: datetime | None) -> bool:
        return at is not None and window.start <= at < window.end

    kept = [row for row in rows if row.status != OrderStatus.CANCELLED]
    made = [row for row in kept if within(row.created_at)]
    return OrderKpis(
        of=name,
        **_backlog(rows, window.end),
        **_failures([row for row in kept if within(row.failed_at)]),
        corrective_without_failed=sum(
            row.work_class == "corrective" and row.failed_at is None for row in made
        ),
        created=len(made),
        **_mix(made),
        **_closing(
            [r for r in kept if r.status == OrderStatus.COMPLETED and within(r.completed_at)]
        ),
    )


def _backlog(rows: Iterable[Any], end: datetime) -> dict[str, Any]:
    """What was undone at `end`: created before, and not closed by then."""
    undone = [
        row
        for row in rows
        if row.created_at < end
        and (row.status in UNDONE or (row.completed_at is not None and row.completed_at >= end))
    ]
    hours = [row.estimated_hours for row in undone if row.estimated_hours is not None]
    ages = [(end - row.created_at) / _DAY for row in undone]
    return {
        "backlog": len(undone),
        "backlog_hours": round(sum(hours), 3),
        "backlog_without_hours": len(undone) - len(hours),
        "backlog_age_days": _mean(ages),
        "backlog_oldest_days": round(max(ages), 2) if ages else None,
        "overdue": sum(row.due_at is not None and row.due_at < end for row in undone),
        "backlog_without_due": sum(row.due_at is None for row in undone),
    }


def _failures(rows: Sequence[Any]) -> dict[str, Any]:
    repairs = [
        (row.restored_at - row.failed_at) / _HOUR
        for row in rows
        if row.restored_at is not None and row.restored_at >= row.failed_at
    ]
    gaps, unknown = list[float](), 0
    ordered = sorted(rows, key=lambda row: (row.device_id, row.failed_at))
    for _, failures in groupby(ordered, key=lambda row: row.device_id):
        for up_since, failed in pairwise(_apart(failures)):
            if up_since[1] is None:
                unknown += 1
            else:
                gaps.append((failed[0] - up_since[1]) / _HOUR)
    return {
        "failures": len(rows),
        "mttr_hours": _mean(repairs),
        "mttr_n": len(repairs),
        "mttr_left_out": len(rows) - len(repairs),
        "mtbf_hours": _mean(gaps),
        "mtbf_n": len(gaps),
        "mtbf_left_out": unknown,
    }


def _apart(failures: Iterable[Any]) -> list[tuple[datetime, datetime | None]]:
    """From when to when one device was down; failures that begin within another are part of it."""
    found = list[tuple[datetime, datetime | None]]()
    for row in failures:
        end = row.restored_at
        if end is not None and end < row.failed_at:
            end = None
        if found:
            begin, up = found[-1]
            if row.failed_at == begin or (up is not None and row.failed_at <= up):
                ends = [one for one in (up, end) if one is not None]
                found[-1] = (begin, max(ends, default=None))
                continue
        found.append((row.failed_at, end))
    return found


def _mix(made: Sequence[Any]) -> dict[str, Any]:
    unplanned = sum(row.order_type == "EMERGENCY" for row in made)
    preventive = sum(row.work_class == "preventive" for row in made)
    corrective = sum(row.work_class == "corrective" for row in made)
    return {
        "planned": len(made) - unplanned,
        "unplanned": unplanned,
        "planned_share": _share(len(made) - unplanned, len(made)),
        "preventive": preventive,
        "corrective": corrective,
        "preventive_per_corrective": _share(preventive, corrective),
    }


def _closing(completed: Sequence[Any]) -> dict[str, Any]:
    dated = [row for row in completed if row.due_at is not None]
    took = [
        (row.completed_at - row.created_at) / _HOUR
        for row in completed
        if row.completed_at >= row.created_at
    ]
    return {
        "completed": len(completed),
        "on_time_share": _share(sum(row.completed_at <= row.due_at for row in dated), len(dated)),
        "on_time_n": len(dated),
        "on_time_left_out": len(completed) - len(dated),
        "closing_hours": _mean(took),
        "closing_n": len(took),
        "closing_left_out": len(completed) - len(took),
    }


def _mean(values: Sequence[float]) -> float | None:
    return round(fmean(values), 3) if values else None


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
