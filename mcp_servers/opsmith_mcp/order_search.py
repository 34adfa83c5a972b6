"""Which work orders a caller means: devices, lines and numbers as people write them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, WithJsonSchema

from opsmith.access import scope
from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Moment
from opsmith.domain.devices import Device
from opsmith.domain.names import near, plain
from opsmith.domain.work_orders import (
    UNDONE,
    Costs,
    Material,
    OrderStatus,
    OrderType,
    WorkClass,
    WorkOrder,
)
from opsmith.errors import BadInput, NotFound
from opsmith.storage.devices import DeviceStore
from opsmith.storage.work_order_queries import DateField, OrderFilter
from opsmith.storage.work_orders import WorkOrderStore
from opsmith_mcp.lookup import find_device
from opsmith_mcp.order_views import Asked


def _brief(schema: dict[str, Any]) -> None:
    """All tools together have to cost a model few tokens: to leave it out is to give no value."""
    options: list[dict[str, Any]] = schema.pop("anyOf", [])
    for one in options:
        if one.get("type") != "null":
            schema.update({key: one[key] for key in one if key != "description"})
    for name in ("maxLength", "minLength", "maxItems", "maximum", "minimum"):
        schema.pop(name, None)


def _as(brief: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    def said(schema: dict[str, Any]) -> None:
        schema.clear()
        schema.update(brief)

    return said


_FEW = 20
"""Devices that are sooner looked up one by one."""

_BRIEF = Field(json_schema_extra=_brief)
_PARTS = {"type": "array", "items": {"type": "object"}}

_Name = Annotated[str, Field(max_length=64)]
_Text = Annotated[str, Field(max_length=4000)]
_Hours = Annotated[float, Field(ge=0, le=10_000)]
_Level = Annotated[AlertLevel, WithJsonSchema({"enum": [level.value for level in AlertLevel]})]
_Materials = Annotated[tuple[Material, ...], Field(max_length=40)]

Name = Annotated[_Name, _BRIEF]
MaybeName = Annotated[_Name | None, _BRIEF]
TurnedOut = Annotated[
    _Name | None,
    WithJsonSchema({"type": "string", "description": "What it was: entry_id, none or other."}),
]
Text = Annotated[_Text, Field(min_length=1), _BRIEF]
MaybeText = Annotated[_Text | None, _BRIEF]
Words = Annotated[Annotated[str, Field(max_length=100)] | None, _BRIEF]
Hours = Annotated[_Hours | None, Field(json_schema_extra=_brief)]
Priority = Annotated[_Level, Field(description="P0 is the most urgent.")]
MaybePriority = Annotated[_Level | None, _BRIEF]
MaybeClass = Annotated[WorkClass | None, _BRIEF]
Since = Annotated[Moment | None, _BRIEF]
At = Annotated[Moment | None, WithJsonSchema({"type": "string"})]
Version = Annotated[int, Field(ge=0, description="Of the report that asks for it.")]
Before = Annotated[Moment | None, Field(description="Exclusive.", json_schema_extra=_brief)]
Back = Annotated[Annotated[int, Field(ge=1, le=3650)] | None, _BRIEF]
Steps = Annotated[
    tuple[Annotated[str, Field(max_length=1000)], ...],
    Field(max_length=40),
    WithJsonSchema({"type": "array", "items": {"type": "string"}}),
]
Rows = Annotated[int, Field(ge=1, le=100, json_schema_extra=_brief)]
Dated = Annotated[DateField, WithJsonSchema({"type": "string"})]
Clear = Annotated[
    tuple[Literal["assigned_to", "planned_at", "due_at"], ...],
    Field(max_length=3, json_schema_extra=_brief),
]
Cursor = Annotated[Annotated[str, Field(max_length=16)] | None, _BRIEF]
Materials = Annotated[
    _Materials, WithJsonSchema({**_PARTS, "description": "Each of `part` and `quantity`."})
]
MaybeMaterials = Annotated[_Materials | None, WithJsonSchema(_PARTS)]
Spent = Annotated[
    Costs | None,
    WithJsonSchema({"type": "object", "description": "labour, materials, services, currency."}),
]
Status = Annotated[
    OrderStatus | Literal["UNDONE"] | None,
    Field(json_schema_extra=_as({"enum": [*(status.value for status in OrderStatus), "UNDONE"]})),
]

Key = Literal[
    "line", "device_type", "status", "order_type", "work_class", "priority", "failure_code",
    "failure_mode", "assigned_to", "source", "trace_id", "text", "reviewed",
]  # fmt: skip
_GIVEN = Annotated[dict[Key, _Name], Field(max_length=12)]
_VALUES = {"type": "object", "additionalProperties": {"type": "string"}}
Where = Annotated[
    _GIVEN | None,
    WithJsonSchema(
        {**_VALUES, "description": f"By {', '.join(get_args(Key))} (yes, no); '' is none."}
    ),
]
WhereToo = Annotated[
    _GIVEN | None, WithJsonSchema({**_VALUES, "description": "As list_work_orders has it."})
]
_FIXED: Mapping[str, tuple[str, ...]] = {
    "order_type": get_args(OrderType),
    "work_class": get_args(WorkClass),
    "priority": tuple(AlertLevel),
}
_STATUSES = {"undone": UNDONE, **{status.lower(): (status,) for status in OrderStatus}}
_YES = {"yes": True, "true": True, "no": False, "false": False}


def statuses(status: Status) -> tuple[OrderStatus, ...]:
    """The statuses that a word stands for; none: all."""
    if status is None:
        return ()
    return UNDONE if status == "UNDONE" else (OrderStatus(status),)


class OrderSearch:
    """Finds what a caller means, among what he may see."""

    def __init__(self, orders: WorkOrderStore, devices: DeviceStore) -> None:
        self._orders = orders
        self._devices = devices

    def order(self, order_no: str) -> WorkOrder:
        """The order of that number, here or where it comes from.

        Raises:
            NotFound: There is none.
            BadInput: Several systems have one of that number.
        """
        number = order_no.strip()
        for written in dict.fromkeys((number, number.upper())):
            try:
                return self._orders.get(written, scope())
            except NotFound:
                continue
        found = self._orders.numbered(number, scope())
        if len(found) == 1:
            return self._orders.get(found[0], scope())
        if found:
            raise BadInput(f"{number!r} may be any of {', '.join(found[:10])}; use one of these")
        raise NotFound(f"No work order {order_no!r}; list_work_orders names them")

    def device(self, device_id: str) -> str:
        """The id of the device that is meant; orders may name one that nobody registered."""
        try:
            return find_device(self._devices, device_id).device_id
        except NotFound:
            wanted = OrderFilter(scope(), device_id=device_id)
            if scope() is None and self._orders.count(wanted):
                return device_id
            raise

    def devices(self) -> list[Device]:
        """All that the caller may see."""
        return self._devices.list(factories=scope())

    def some(self, device_ids: Collection[str | None]) -> list[Device]:
        """Those of these devices that the caller may see; each is looked up, so few are cheap."""
        if len(device_ids) > _FEW:
            return [one for one in self.devices() if one.device_id in device_ids]
        found = [self._devices.find(one) for one in device_ids if one]
        factories = scope()
        return [
            one
            for one in found
            if one is not None and (factories is None or one.factory_id in factories)
        ]

    def line(self, line_id: str) -> str:
        """The line that is meant. Raises `NotFound`."""
        lines = sorted({device.line_id for device in self.devices()} - {""})
        for line in lines:
            if line == line_id or plain(line) == plain(line_id):
                return line
        there = ", ".join(lines[:20]) or "none"
        raise NotFound(f"No line {line_id!r}{near(line_id, lines) or ';'} lines: {there}")

    def meant(self, wanted: OrderFilter, where: Mapping[Key, str] | None = None) -> OrderFilter:
        """The filter with `where`, with the ids as they are stored, and the caller's scope.

        Raises:
            NotFound: No such device or line.
            BadInput: The window ends before it begins, or a value cannot be.
        """
        if wanted.since and wanted.until and wanted.until <= wanted.since:
            raise BadInput("until is exclusive and has to be later than since")
        given = dict[str, Any]()
        for key, value in (where or {}).items():
            if key == "reviewed":
                given[key] = _chosen(key, value, _YES)
            elif key == "status":
                given["statuses"] = _chosen(key, value, _STATUSES)
            elif key in _FIXED:
                given[key] = _chosen(key, value, {one.lower(): one for one in _FIXED[key]})
            else:
                given["line_id" if key == "line" else key] = value
        wanted = replace(wanted, **given, factories=scope())
        return replace(
            wanted,
            device_id=None if wanted.device_id is None else self.device(wanted.device_id),
            line_id=None if wanted.line_id is None else self.line(wanted.line_id),
        )


def _chosen(key: str, value: str, known: Mapping[str, Any]) -> Any:
    try:
        return known[value.strip().lower()]
    except KeyError:
        raise BadInput(f"No {key} {value!r}; there are {', '.join(known)}") from None


def asked(wanted: OrderFilter) -> Asked:
    """The dates that a filter is about."""
    return Asked(date_field=wanted.date_field, since=wanted.since, until=wanted.until)


def undated(orders: WorkOrderStore, wanted: OrderFilter) -> int:
    """How many orders are as meant, but have no such date."""
    return orders.count(replace(wanted, since=None, until=None, undated=True))
