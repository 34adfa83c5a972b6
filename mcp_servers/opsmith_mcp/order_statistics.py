"""Work orders counted and summed exactly, by any of their properties."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Literal

from opsmith.domain.base import unzoned
from opsmith.domain.devices import Device
from opsmith.domain.work_orders import FailureCode
from opsmith.storage.work_order_queries import OrderFilter
from opsmith.storage.work_orders import WorkOrderStore
from opsmith_mcp.order_views import OrderCount

GroupBy = Literal[
    "device", "device_type", "line", "status", "order_type", "work_class", "priority",
    "failure_code", "failure_mode", "assigned_to", "source", "month", "year",
]  # fmt: skip

_COLUMNS = (
    "device_id", "status", "order_type", "work_class", "priority", "failure_code", "failure_mode",
    "assigned_to", "source", "estimated_hours", "actual_hours", "costs",
)  # fmt: skip

_COSTS = ("labour", "materials", "services")

Key = tuple[str | None, ...]


@dataclass(slots=True)
class _Sums:
    """What is added up of orders."""

    orders: int = 0
    estimated: list[float] = field(default_factory=list[float])
    actual: list[float] = field(default_factory=list[float])
    costs: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    def add(self, row: Any) -> None:
        self.orders += 1
        if row.estimated_hours is not None:
            self.estimated.append(row.estimated_hours)
        if row.actual_hours is not None:
            self.actual.append(row.actual_hours)
        if row.costs:
            spent = [part for name in _COSTS if (part := row.costs.get(name)) is not None]
            if spent:
                self.costs.setdefault(row.costs.get("currency") or "", []).extend(spent)

    def merge(self, other: "_Sums") -> None:
        self.orders += other.orders
        self.estimated += other.estimated
        self.actual += other.actual
        for currency, spent in other.costs.items():
            self.costs.setdefault(currency, []).extend(spent)

    def count(self, key: Key, all_: int) -> OrderCount:
        return OrderCount(
            key=key,
            orders=self.orders,
            share=round(self.orders / all_, 4) if all_ else 0.0,
            # Summed without rounding on the way: the order of the rows does not show.
            estimated_hours=round(math.fsum(self.estimated), 3),
            actual_hours=round(math.fsum(self.actual), 3),
            without_actual_hours=self.orders - len(self.actual),
            costs={name: round(math.fsum(one), 2) for name, one in sorted(self.costs.items())},
        )


@dataclass(frozen=True, slots=True)
class Counted:
    """All orders that were meant, and the groups that they fall into."""

    total: OrderCount
    classes: Mapping[str, int]
    groups: Sequence[OrderCount]


def counted(
    orders: WorkOrderStore,
    wanted: OrderFilter,
    group_by: Sequence[GroupBy],
    devices: Callable[[], Iterable[Device]],
) -> Counted:
    """Count and sum the orders that are meant; months and years are the plant's.

    Args:
        orders: Where they are.
        wanted: Which.
        group_by: Their properties; none: no groups.
        devices: Gives those that the orders may be of, where lines or types are asked for.
    """
    date = f"{wanted.date_field}_at"
    rows = orders.facts(wanted, *_COLUMNS, date)
    known = (
        {device.device_id: device for device in devices()}
        if {"line", "device_type", "device"} & set(group_by)
        else {}
    )
    getters = [_getter(name, known, date, unzoned.get()) for name in group_by]
    sums = dict[Key, _Sums]()
    for row in rows:
        key = tuple([get(row) for get in getters])
        part = sums.get(key)
        if part is None:
            part = sums[key] = _Sums()
        part.add(row)
    whole = _Sums()
    for part in sums.values():
        whole.merge(part)
    classes = Counter[str](row.work_class for row in rows)
    groups = [one.count(key, whole.orders) for key, one in sums.items() if getters]
    in_time = [i for i, name in enumerate(group_by) if name in ("month", "year")]

    def rank(one: OrderCount) -> tuple[Any, ...]:
        return (
            tuple(one.key[i] or "" for i in in_time),
            -one.orders,
            tuple(part or "" for part in one.key),
        )

    groups.sort(key=rank)
    names = _names(orders, known, group_by)
    return Counted(whole.count((), whole.orders), classes, [names(one) for one in groups])


def _getter(
    name: GroupBy, known: Mapping[str, Device], date: str, zone: tzinfo
) -> Callable[[Any], str | None]:
    def of_device(row: Any) -> str | None:
        device = known.get(row.device_id)
        found = device and (device.line_id if name == "line" else device.device_type)
        return found or None

    def of_time(row: Any) -> str | None:
        at = getattr(row, date)
        return (
            None if at is None else f"{at.astimezone(zone):{'%Y-%m' if name == 'month' else '%Y'}}"
        )

    if name in ("line", "device_type"):
        return of_device
    if name in ("month", "year"):
        return of_time
    column = "device_id" if name == "device" else name
    return lambda row: getattr(row, column)


def _names(
    orders: WorkOrderStore, known: Mapping[str, Device], group_by: Sequence[GroupBy]
) -> Callable[[OrderCount], OrderCount]:
    """Adds what a failure code or a device is called."""
    if "failure_code" in group_by:
        place, codes = group_by.index("failure_code"), dict[str, FailureCode]()
        for code in orders.codes.list():
            # One that holds for any device comes first, as `*` does before letters.
            codes.setdefault(code.code.lower(), code)

        def of_code(one: OrderCount) -> OrderCount:
            code = codes.get((one.key[place] or "").lower())
            if code is None:
                return one
            names = {"name": code.name, "name_zh": code.name_zh or None}
            return one.model_copy(update=names)

        return of_code
    if "device" in group_by:
        place = group_by.index("device")

        def of_device(one: OrderCount) -> OrderCount:
            device = known.get(one.key[place] or "")
            return one.model_copy(update={"name": (device.device_name if device else "") or None})

        return of_device
    return lambda one: one
