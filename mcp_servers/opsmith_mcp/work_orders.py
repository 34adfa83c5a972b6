"""Work orders: the tools."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from opsmith.access import Role, caller, scope
from opsmith.clock import PlantClock
from opsmith.domain.base import State
from opsmith.domain.learning import NOTHING, OTHER
from opsmith.domain.names import near
from opsmith.domain.work_orders import UNDONE, OrderStatus, OrderType, Plan, WorkClass, WorkOrder
from opsmith.errors import BadInput, NotFound
from opsmith.storage.alerts import AlertStore
from opsmith.storage.devices import DeviceStore
from opsmith.storage.work_order_queries import DateField, OrderFilter
from opsmith.storage.work_order_rows import differences
from opsmith.storage.work_orders import WorkOrderStore
from opsmith_mcp.lookup import find_device
from opsmith_mcp.marks import Shown, changes, writes
from opsmith_mcp.order_figures import OrderFigures, Part
from opsmith_mcp.order_life import closed, edited, started
from opsmith_mcp.order_likeness import Fault
from opsmith_mcp.order_outcomes import Outcomes
from opsmith_mcp.order_plan import Slot
from opsmith_mcp.order_search import (
    At,
    Back,
    Before,
    Clear,
    Cursor,
    Dated,
    Hours,
    Materials,
    MaybeClass,
    MaybeMaterials,
    MaybeName,
    MaybePriority,
    MaybeText,
    Name,
    OrderSearch,
    Priority,
    Rows,
    Since,
    Spent,
    Status,
    Steps,
    Text,
    TurnedOut,
    Version,
    Where,
    WhereToo,
    Words,
    asked,
    statuses,
)
from opsmith_mcp.order_statistics import GroupBy
from opsmith_mcp.order_views import (
    OrderBundles,
    OrderLine,
    SimilarOrders,
    WorkOrderCalendar,
    WorkOrderKpis,
    WorkOrderList,
    WorkOrderStatistics,
    WorkOrderView,
    begin_of,
    fitted,
    line_of,
    page,
)
from opsmith_mcp.similar_cases import SimilarCases
from opsmith_mcp.windows import now

__all__ = ["OrderLine", "WorkOrderList", "WorkOrderView", "WorkOrders"]

_UNTOLD = frozenset({"started_at", "completed_at"})
"""They are set to the time at which a change is done, which nobody knows before."""

_HISTORY = 6_000
"""Characters of JSON that an order's history may take."""


class WorkOrders:
    """The tools of work orders."""

    def __init__(
        self,
        orders: WorkOrderStore,
        devices: DeviceStore,
        alerts: AlertStore,
        clock: PlantClock,
        outcomes: Outcomes | None = None,
        cases: SimilarCases | None = None,
    ) -> None:
        self._orders = orders
        self._outcomes = outcomes
        self._cases = cases
        self._devices = devices
        self._alerts = alerts
        self._clock = clock
        self._search = OrderSearch(orders, devices)
        self._figures = OrderFigures(orders, self._search, clock)

    def list_work_orders(
        self,
        device_id: MaybeName = None,
        status: Status = None,
        text: Words = None,
        days: Back = None,
        limit: Rows = 50,
        cursor: Cursor = None,
        until: Before = None,
        since: Since = None,
        date_field: DateField = "created",
        overdue: bool = False,
        where: Where = None,
    ) -> WorkOrderList:
        """List work orders, the newest first, with their exact total.

        `text` is looked for in number, codes and all that was written.
        """
        # What is overdue is so now; all else is as it was.
        as_of = until if until and not overdue else now(self._clock)
        if days is not None:
            # Without the plant's time nobody knows which days are meant.
            as_of = until or self._clock()
            since = max(filter(None, (since, as_of - timedelta(days=days))))
        wanted = OrderFilter(
            device_id=device_id,
            statuses=statuses(status),
            text=text,
            overdue_at=as_of if overdue else None,
            date_field=date_field,
            since=since,
            until=until,
        )
        wanted = self._search.meant(wanted, where)
        begin = begin_of(cursor)
        rows = [line_of(order) for order in self._orders.search(wanted, limit, begin)]
        total = begin + len(rows)
        if len(rows) == limit or (begin and not rows):
            total = self._orders.count(wanted)
        shown = page(rows, begin, total, "device_id, status, text or dates")
        return WorkOrderList(
            state=shown.state,
            note=shown.note or (None if rows else "No such work order."),
            as_of=as_of,
            asked=asked(wanted),
            total=total,
            orders=tuple(shown.rows),
            next_cursor=shown.next_cursor,
        )

    def get_work_order(self, order_no: Name) -> WorkOrderView:
        """Show one work order whole, with the history of its changes."""
        return self._view(self._search.order(order_no))

    @writes(idempotent=True)
    def create_work_order(
        self,
        device_id: Name,
        priority: Priority,
        description: Text,
        trace_id: MaybeName = None,
        failure_mode: MaybeName = None,
        order_type: OrderType = "PLANNED",
        work_class: WorkClass = "condition_based",
        steps: Steps = (),
        materials: Materials = (),
        estimated_hours: Hours = None,
        due_at: At = None,
        planned_at: At = None,
        at: At = None,
        version: Version = 0,
    ) -> WorkOrderView:
        """Create a work order, or add to the open one of the same alert or fault.

        `created` tells which. With `trace_id` a second call changes nothing.
        """
        device = find_device(self._devices, device_id)
        if trace_id is not None:
            self._check_alert(trace_id, device.device_id)
        plan = Plan(
            order_type=order_type,
            work_class=work_class,
            priority=priority,
            description=description,
            steps=steps,
            materials=materials,
            estimated_hours=estimated_hours,
            planned_at=planned_at,
            due_at=due_at,
        )
        order, created = self._orders.create(
            device.device_id,
            plan,
            at or now(self._clock),
            trace_id,
            failure_mode,
            caller().name,
            version if trace_id is not None else 0,
        )
        note = None if created else f"{order.order_no} answers this already; it was not made anew."
        return self._view(order).model_copy(
            update={"note": note, "created": created, "as_of": at or now(self._clock)}
        )

    @writes(idempotent=True)
    def update_work_order(
        self,
        order_no: Name,
        assigned_to: MaybeName = None,
        planned_at: At = None,
        due_at: At = None,
        priority: MaybePriority = None,
        description: MaybeText = None,
        work_class: MaybeClass = None,
        estimated_hours: Hours = None,
        materials: MaybeMaterials = None,
        reviewed: bool = False,
        clear: Clear = (),
    ) -> WorkOrderView:
        """Assign, plan or change an undone work order, or note that you `reviewed` it."""
        given = _given(
            assigned_to=assigned_to,
            planned_at=planned_at,
            due_at=due_at,
            priority=priority,
            description=description,
            work_class=work_class,
            estimated_hours=estimated_hours,
            materials=materials,
        )
        if both := given.keys() & set(clear):
            raise BadInput(f"{', '.join(sorted(both))}: given, and to be cleared")
        given |= dict.fromkeys(clear)
        reviewer = caller().name if reviewed else None
        order = self._search.order(order_no)
        return self._changed(order, lambda before: edited(before, given, reviewer))

    @changes(needs=Role.OPERATOR, confirms=Role.OPERATOR, shows="_show_start_work_order")
    def start_work_order(self, order_no: Name) -> WorkOrderView:
        """Dispatch an OPEN work order, or take up again one closed in the last 30 days."""
        at = now(self._clock)
        view = self._changed(self._search.order(order_no), lambda before: started(before, at))
        if self._outcomes is not None:
            self._outcomes.reopened(view.order.order_no)
        return view

    def _show_start_work_order(self, order_no: Name) -> Shown:
        order = self._search.order(order_no)
        return self._shown(order, started(order, now(self._clock)))

    @changes(needs=Role.OPERATOR, confirms=Role.ENGINEER, shows="_show_close_work_order")
    def close_work_order(
        self,
        order_no: Name,
        outcome: Literal["COMPLETED", "CANCELLED"],
        closing_notes: MaybeText = None,
        found: MaybeText = None,
        done: MaybeText = None,
        actual_hours: Hours = None,
        failure_code: MaybeName = None,
        failed_at: At = None,
        restored_at: At = None,
        materials: MaybeMaterials = None,
        costs: Spent = None,
        failure_mode: TurnedOut = None,
    ) -> WorkOrderView:
        """Complete a work order IN_PROGRESS, or cancel an undone one: `closing_notes` say why."""
        told = self._turned_out(failure_mode)
        order, edit = self._closing(
            order_no,
            outcome,
            closing_notes=closing_notes,
            found=found,
            done=done,
            actual_hours=actual_hours,
            failure_code=failure_code,
            failed_at=failed_at,
            restored_at=restored_at,
            materials=materials,
            costs=costs,
            failure_mode=told,
        )
        view = self._changed(order, edit)
        if self._outcomes is not None:
            self._outcomes.closed(view.order, told)
        return view

    def _show_close_work_order(self, order_no: str, outcome: str, **report: Any) -> Shown:
        told = self._turned_out(report.pop("failure_mode", None))
        order, edit = self._closing(order_no, outcome, **report, failure_mode=told)
        shown = self._shown(order, edit(order))
        if told is None or shown.text is None:
            return shown
        return shown._replace(text=f"{shown.text}\nturned out to be: {told}")

    def _closing(
        self, order_no: str, outcome: str, **report: Any
    ) -> tuple[WorkOrder, Callable[[WorkOrder], WorkOrder]]:
        """The order, and what closes it with what was reported."""
        order, at = self._search.order(order_no), now(self._clock)
        code = self._code(report.get("failure_code"), order.device_id)
        given = _given(**{**report, "failure_code": code})
        if given.get("failure_mode") in (NOTHING, OTHER):
            # Neither is a mode that an order can be of.
            del given["failure_mode"]
        return order, lambda before: closed(before, OrderStatus(outcome), given, at)

    def _turned_out(self, failure_mode: str | None) -> str | None:
        return self._outcomes.meant(failure_mode) if self._outcomes else failure_mode

    def work_order_statistics(
        self,
        group_by: Annotated[tuple[GroupBy, ...], Field(max_length=2)] = (),
        device_id: MaybeName = None,
        where: WhereToo = None,
        date_field: Dated = "created",
        since: Since = None,
        until: Before = None,
        cursor: Cursor = None,
    ) -> WorkOrderStatistics:
        """Count work orders exactly, sum hours and costs, in groups: "how many", "how often"."""
        wanted = OrderFilter(device_id=device_id, date_field=date_field, since=since, until=until)
        return self._figures.statistics(self._search.meant(wanted, where), group_by, cursor)

    def work_order_kpis(
        self,
        per: Part = "plant",
        device_id: MaybeName = None,
        line_id: MaybeName = None,
        since: Since = None,
        until: Before = None,
        cursor: Cursor = None,
    ) -> WorkOrderKpis:
        """Give backlog, overdue, MTTR, MTBF, planned and on-time share; default the last year."""
        wanted = OrderFilter(device_id=device_id, line_id=line_id)
        return self._figures.kpis(wanted, per, since, until, cursor)

    def work_order_calendar(
        self,
        since: Since = None,
        days: Annotated[int, Field(ge=1, le=62)] = 14,
        per: Slot = "day",
        device_id: MaybeName = None,
        line_id: MaybeName = None,
        cursor: Cursor = None,
    ) -> WorkOrderCalendar:
        """Show undone work by day or week, as planned or else due: orders, hours, people."""
        wanted = OrderFilter(device_id=device_id, line_id=line_id)
        return self._figures.calendar(wanted, per, since, days, cursor)

    def bundle_work_orders(
        self,
        within_days: Annotated[int, Field(ge=0, le=90)] = 14,
        undone: bool = False,
        date_field: Dated = "created",
        device_id: MaybeName = None,
        line_id: MaybeName = None,
        since: Since = None,
        until: Before = None,
        cursor: Cursor = None,
    ) -> OrderBundles:
        """Find orders of one device that one visit could do: each within days of the next."""
        wanted = OrderFilter(
            device_id=device_id,
            line_id=line_id,
            statuses=UNDONE if undone else (),
            date_field=date_field,
            since=since,
            until=until,
        )
        return self._figures.bundles(wanted, within_days, cursor)

    def similar_work_orders(
        self,
        order_no: MaybeName = None,
        device_id: MaybeName = None,
        text: MaybeText = None,
        failure_mode: MaybeName = None,
        trace_id: MaybeName = None,
        limit: Annotated[int, Field(ge=1, le=10)] = 5,
    ) -> SimilarOrders:
        """Find completed orders like an order, or like a device's fault: what was found and done.

        Give `order_no`, or `device_id` with `text` or `failure_mode`, or an alert's `trace_id`.
        """
        if trace_id is not None:
            return self._like_alert(trace_id, text, failure_mode, limit)
        if order_no is not None:
            order = self._search.order(order_no)
            words = " ".join(filter(None, (text, order.description, order.found)))
            mode = failure_mode or order.failure_mode
            fault = Fault(words, mode, order.failure_code, order.device_id)
            return self._figures.similar(fault, limit, order.order_no)
        if device_id is None or not (text or failure_mode):
            raise BadInput("Give trace_id, order_no, or device_id with text or failure_mode")
        device = find_device(self._devices, device_id)
        fault = Fault(text or "", failure_mode, None, device.device_id)
        return self._figures.similar(fault, limit)

    def _like_alert(
        self, trace_id: str, text: str | None, failure_mode: str | None, limit: int
    ) -> SimilarOrders:
        """Orders like an alert, and the cases that showed themselves as it does."""
        alert = self._alerts.get(trace_id.strip(), scope())
        outline = self._cases.diagnosis(alert.trace_id) if self._cases else None
        mode = failure_mode or (outline.failure_mode if outline else None)
        words = " ".join(filter(None, (text, alert.message, outline.cause if outline else None)))
        found = self._figures.similar(Fault(words, mode, None, alert.device_id), limit)
        cases = self._cases.like(alert.trace_id, limit) if self._cases else []
        if not cases:
            return found
        return found.model_copy(
            update={
                "cases": tuple(cases[: fitted(cases, _HISTORY)]),
                "state": State.OK if found.state is State.EMPTY else found.state,
                "note": None if found.state is State.EMPTY else found.note,
            }
        )

    def _view(self, order: WorkOrder) -> WorkOrderView:
        history = self._orders.changes(order.order_no)[::-1]
        code = order.failure_code
        return WorkOrderView(
            as_of=now(self._clock),
            order=order,
            failure=self._orders.codes.find(code, self._class(order.device_id)) if code else None,
            history=tuple(history[: fitted(history, _HISTORY)]),
            changes=len(history),
        )

    def _changed(self, order: WorkOrder, edit: Callable[[WorkOrder], WorkOrder]) -> WorkOrderView:
        by, at = caller().name, now(self._clock)
        return self._view(self._orders.change(order.order_no, edit, by, at))

    def _shown(self, before: WorkOrder, after: WorkOrder) -> Shown:
        view = self._view(before)
        told = {
            name: f"{name}: {_line(old)} -> {_line(new)}"
            for name, (old, new) in differences(before, after).items()
            if name not in _UNTOLD
        }
        if not told:
            return Shown(None, view, before.device_id)
        head = f"{before.order_no}, {before.device_id}: {_line(before.description)[:160]}"
        return Shown("\n".join((head, *told.values())), view, before.device_id)

    def _class(self, device_id: str) -> str | None:
        device = self._devices.find(device_id)
        return device.device_type if device else None

    def _code(self, code: str | None, device_id: str) -> str | None:
        """The plant's code as it is written there; any, where the plant has none."""
        if code is None:
            return None
        known = self._orders.codes.find(code, self._class(device_id))
        if known is not None:
            return known.code
        codes = [one.code for one in self._orders.codes.list()]
        if codes:
            hint = near(code, codes) or f"; such as {', '.join(codes[:5])}"
            raise BadInput(f"No failure code {code!r}{hint}")
        return code.strip()

    def _check_alert(self, trace_id: str, device_id: str) -> None:
        """Raises `NotFound` where the alert is not there for the caller, `BadInput` otherwise."""
        alert = self._alerts.get(trace_id)
        if alert.device_id == device_id:
            return
        other = self._devices.find(alert.device_id)
        if not caller().sees(other.factory_id if other else ""):
            raise NotFound(f"No alert {trace_id!r}")
        raise BadInput(f"Alert {trace_id!r} is of {alert.device_id}, not {device_id}")


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _line(text: str | None) -> str:
    """A value in one line: text from outside cannot look like a line of ours."""
    return "nothing" if text is None else " ".join(text.split())
