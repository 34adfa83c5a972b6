"""Whether the work orders of an alert are those that its fault asks for."""

from collections.abc import Mapping
from datetime import timedelta

from opsmith.app.evaluation.play import Played, Told
from opsmith.app.evaluation.truth import SENSOR
from opsmith.domain.alerts import AlertLevel
from opsmith.domain.work_orders import OrderStatus, WorkOrder

DUE_WITHIN: Mapping[AlertLevel, timedelta] = {
    AlertLevel.P0: timedelta(hours=4),
    AlertLevel.P1: timedelta(hours=24),
    AlertLevel.P2: timedelta(days=7),
    AlertLevel.P3: timedelta(days=30),
}
"""The latest that work of a priority may be due, from the last look at its alerts on."""


def faults_of_orders(played: Played, told: Told) -> list[str]:
    """What is wrong with the orders of one reported alert of a device that has a fault.

    `missing`, `twice`, `wrong_device`, `priority`, `due`, `type`, `touched` (an order of another
    system was changed); nothing: all is right.
    """
    standing = [order for order in told.orders if order.merged_into is None]
    if not standing:
        return ["missing"]
    found = ["twice"] if len(standing) > 1 else []
    for order in standing:
        found += _of_order(played, told, order)
    return sorted(set(found))


def touched(played: Played) -> bool:
    """Whether an order that stood before, and is closed, was changed."""
    before = {order.external_no: order for order in played.case.orders}
    return any(
        order.status is not OrderStatus.COMPLETED
        for order in played.orders
        if order.source == "import" and order.external_no in before
    )


def _of_order(played: Played, told: Told, order: WorkOrder) -> list[str]:
    found: list[str] = []
    if order.device_id != told.alert.device_id:
        found.append("wrong_device")
    answered = [one for one in played.told if one.alert.trace_id in order.trace_ids] or [told]
    level = min(one.alert.alert_level for one in answered)
    known = {one.alert.alert_level for one in played.of(told.alert.device_id)}
    # An order that an alert raised stays raised where the alert moves to another order.
    if order.priority > level or order.priority not in known:
        found.append("priority")
    looks = [r.as_of or r.created_at for one in answered for r in one.versions]
    last = max((order.created_at, *looks))
    latest = last + DUE_WITHIN[order.priority]
    if order.due_at is None or not order.created_at < order.due_at <= latest:
        found.append("due")
    if order.order_type not in _types(order, answered, order.priority):
        found.append("type")
    return found


def _types(order: WorkOrder, answered: list[Told], level: AlertLevel) -> frozenset[str]:
    """An instrument is looked at; an urgent machine fault is an emergency; the rest is planned."""
    said = {
        report.fault_category
        for one in answered
        for report in one.versions
        if report.failure_mode == order.failure_mode
    }
    if SENSOR in said:
        return frozenset({"INSPECTION"})
    if level is AlertLevel.P0:
        return frozenset({"EMERGENCY"})
    return frozenset({"INSPECTION" if order.failure_mode is None else "PLANNED"})
