"""What all work orders that are meant come to: counts, key figures, calendar, bundles, likeness."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Literal, TypeVar

from opsmith.access import scope
from opsmith.clock import PlantClock
from opsmith.domain.base import Model, State, Window
from opsmith.domain.work_orders import UNDONE, OrderStatus
from opsmith.errors import BadInput
from opsmith.storage.work_order_queries import OrderFilter
from opsmith.storage.work_orders import WorkOrderStore
from opsmith_kb.classes import infer_device_type
from opsmith_mcp.order_kpis import COLUMNS as FIGURES
from opsmith_mcp.order_kpis import kpis
from opsmith_mcp.order_likeness import COLUMNS as COMPARED
from opsmith_mcp.order_likeness import NEWEST, Fault, Likeness, alike
from opsmith_mcp.order_plan import BUNDLE, CALENDAR, Slot, bundled, scheduled, slots
from opsmith_mcp.order_search import OrderSearch, asked, undated
from opsmith_mcp.order_statistics import GroupBy, counted
from opsmith_mcp.order_views import (
    ROOM,
    OrderBundles,
    PartUsed,
    SameFault,
    SimilarOrder,
    SimilarOrders,
    WorkOrderCalendar,
    WorkOrderKpis,
    WorkOrderStatistics,
    begin_of,
    beginning,
    page,
)
from opsmith_mcp.pages import Page
from opsmith_mcp.windows import INSTANT, now

Part = Literal["plant", "line", "device"]

M = TypeVar("M", bound=Model)

_UNKNOWN = "unknown"
_PARTS = 10
_NONE = "No such work order."


class OrderFigures:
    """Works out what the orders that a caller may see come to."""

    def __init__(self, orders: WorkOrderStore, search: OrderSearch, clock: PlantClock) -> None:
        self._orders = orders
        self._search = search
        self._clock = clock

    def statistics(
        self, wanted: OrderFilter, group_by: Sequence[GroupBy], cursor: str | None
    ) -> WorkOrderStatistics:
        """Count and sum; by month or year only what has the date is counted."""
        if len(set(group_by)) < len(group_by):
            raise BadInput("group_by names the same twice")
        found = counted(self._orders, wanted, group_by, self._search.devices)
        shown = _paged(found.groups, 100, cursor, "the filter")
        classes = {name: found.classes.get(name, 0) for name in ("preventive", "corrective")}
        per = classes["preventive"] / classes["corrective"] if classes["corrective"] else None
        is_dated = wanted.since is not None or wanted.until is not None
        return WorkOrderStatistics(
            state=shown.state if found.total.orders and group_by else _state(found.total.orders),
            note=shown.note or (None if found.total.orders else _NONE),
            as_of=now(self._clock),
            asked=asked(wanted),
            group_by=tuple(group_by),
            total=found.total,
            **classes,
            condition_based=found.classes.get("condition_based", 0),
            preventive_per_corrective=None if per is None else round(per, 4),
            undated=undated(self._orders, wanted) if is_dated else 0,
            groups=tuple(shown.rows),
            groups_total=len(found.groups),
            next_cursor=shown.next_cursor,
        )

    def kpis(
        self,
        wanted: OrderFilter,
        per: Part,
        since: datetime | None,
        until: datetime | None,
        cursor: str | None,
    ) -> WorkOrderKpis:
        """Key figures of a window, a year back from its end unless said otherwise."""
        as_of = now(self._clock)
        end = until or as_of + INSTANT
        window = Window(start=since or end - timedelta(days=365), end=end)
        _check(window)
        rows = self._orders.facts(self._search.meant(wanted), *FIGURES)
        found = kpis(rows, window, self._part(per))
        shown = _paged(found, 20, cursor, "device_id or line_id")
        return WorkOrderKpis(
            state=shown.state,
            note=shown.note or (None if rows else _NONE),
            as_of=as_of,
            window=window,
            undated=sum(
                row.status == OrderStatus.COMPLETED and row.completed_at is None for row in rows
            ),
            rows=tuple(shown.rows),
            rows_total=len(found),
            next_cursor=shown.next_cursor,
        )

    def calendar(
        self,
        wanted: OrderFilter,
        per: Slot,
        since: datetime | None,
        days: int,
        cursor: str | None,
    ) -> WorkOrderCalendar:
        """Undone orders by when they are planned, else due."""
        as_of = now(self._clock)
        start = since or as_of
        window = Window(start=start, end=start + timedelta(days=days))
        meant = replace(self._search.meant(wanted), statuses=UNDONE)
        rows = self._orders.facts(meant, *CALENDAR)
        found = scheduled(rows, window.start, window.end)
        # Half for the slots, which are all shown: there are at most 62 days.
        shown = _paged(found, 50, cursor, "days, device_id or line_id", ROOM // 2)
        return WorkOrderCalendar(
            state=shown.state,
            note=shown.note or (None if found else "Nothing is planned or due then."),
            as_of=as_of,
            window=window,
            total=len(found),
            overdue=sum(row.due_at is not None and row.due_at < as_of for row in rows),
            undated=sum(row.planned_at is None and row.due_at is None for row in rows),
            slots=tuple(slots(found, per)),
            orders=tuple(shown.rows),
            next_cursor=shown.next_cursor,
        )

    def bundles(self, wanted: OrderFilter, within: int, cursor: str | None) -> OrderBundles:
        """Orders of one device close to each other; cancelled ones are no work."""
        wanted = self._search.meant(wanted)
        if not wanted.statuses:
            kept = [one for one in OrderStatus if one is not OrderStatus.CANCELLED]
            wanted = replace(wanted, statuses=kept)
        date = f"{wanted.date_field}_at"
        every = self._orders.facts(wanted, *BUNDLE, date)
        rows = [row for row in every if getattr(row, date) is not None]
        found = bundled(rows, date, timedelta(days=within))
        shown = _paged(found, 50, cursor, "device_id, line_id, since or until")
        together = sum(one.count for one in found)
        is_dated = wanted.since is not None or wanted.until is not None
        return OrderBundles(
            state=shown.state,
            note=shown.note or (None if found else "No two orders of a device are that close."),
            as_of=now(self._clock),
            asked=asked(wanted),
            within_days=within,
            looked_at=len(rows),
            undated=undated(self._orders, wanted) if is_dated else len(every) - len(rows),
            bundles_total=len(found),
            bundled_orders=together,
            visits_saved=together - len(found),
            bundles=tuple(shown.rows),
            next_cursor=shown.next_cursor,
        )

    def similar(self, fault: Fault, limit: int, but: str | None = None) -> SimilarOrders:
        """Completed orders of the same class of device; never the one that is asked about."""
        # By the failure mode alone only its own orders are alike: no need to read all others.
        mode = None if fault.text else fault.failure_mode
        if mode is not None:
            # Not by status: the database would go by its index, through all that were ever done.
            lately = OrderFilter(scope(), failure_mode=mode, since=self._orders.horizon(NEWEST))
            every = self._orders.facts(lately, *COMPARED, "status")
            rows = [row for row in every if row.status == OrderStatus.COMPLETED]
        else:
            rows = self._orders.facts(
                OrderFilter(scope(), statuses=(OrderStatus.COMPLETED,)), *COMPARED
            )
        rows = [row for row in rows if row.order_no != but]
        if mode is not None:
            there = self._search.some({fault.device_id, *(row.device_id for row in rows)})
        else:
            there = self._search.devices()
        devices = {one.device_id: one for one in there}
        own = devices.get(fault.device_id or "")
        class_ = infer_device_type(own.channels, own.device_type) if own else _UNKNOWN
        if class_ != _UNKNOWN:
            same = {
                name
                for name, one in devices.items()
                if infer_device_type(one.channels, one.device_type) == class_
            }
            rows = [row for row in rows if row.device_id in same]
        found = alike(rows, fault)
        shown = page([_similar(one) for one in found[:limit]], 0, min(limit, len(found)), "limit")
        return SimilarOrders(
            state=shown.state,
            note=shown.note
            or (None if found else "No completed order is like it; try other words, or English."),
            as_of=now(self._clock),
            device_class=class_,
            looked_at=len(rows),
            took=_took([one.row for one in found if one.same_mode]) if fault.failure_mode else None,
            total=len(found),
            orders=tuple(shown.rows),
        )

    def _part(self, per: Part) -> Callable[[Any], str]:
        if per == "plant":
            return lambda row: "plant"
        if per == "device":
            return lambda row: row.device_id
        lines = {one.device_id: one.line_id for one in self._search.devices()}
        return lambda row: lines.get(row.device_id, "")


def _took(rows: Sequence[Any]) -> SameFault:
    hours = [row.actual_hours for row in rows if row.actual_hours is not None]
    used = defaultdict[str, list[float]](list)
    for row in rows:
        for one in row.materials or ():
            used[" ".join(str(one["part"]).split())[:80]].append(float(one.get("quantity", 1)))
    often = sorted(used.items(), key=lambda item: (-len(item[1]), item[0]))[:_PARTS]
    return SameFault(
        same_fault=len(rows),
        timed=len(hours),
        median_hours=round(median(hours), 2) if hours else None,
        low_hours=min(hours, default=None),
        high_hours=max(hours, default=None),
        parts=tuple(
            PartUsed(part=part, quantity=median(counts), used_in=len(counts))
            for part, counts in often
        ),
    )


def _similar(one: Likeness) -> SimilarOrder:
    row = one.row
    return SimilarOrder(
        order_no=row.order_no,
        device_id=row.device_id,
        likeness=round(one.score, 3),
        words=round(one.words, 3),
        shared_words=one.shared[:12],
        same_failure_mode=one.same_mode,
        same_failure_code=one.same_code,
        same_device=one.same_device,
        failure_mode=row.failure_mode,
        failure_code=row.failure_code,
        completed_at=row.completed_at,
        actual_hours=row.actual_hours,
        description=beginning(row.description, 240),
        found=row.found and beginning(row.found, 400),
        done=row.done and beginning(row.done, 400),
        closing_notes=row.closing_notes and beginning(row.closing_notes, 240),
    )


def _paged(
    rows: Sequence[M], limit: int, cursor: str | None, narrow_by: str, room: int = ROOM
) -> Page[M]:
    begin = begin_of(cursor)
    return page(rows[begin : begin + limit], begin, len(rows), narrow_by, room)


def _state(found: int) -> State:
    return State.OK if found else State.EMPTY


def _check(window: Window) -> None:
    if window.end <= window.start:
        raise BadInput("until is exclusive and has to be later than since")
