"""Work orders of another maintenance system."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from opsmith.domain.work_orders import Costs, Material, WorkOrder
from opsmith.errors import BadInput
from opsmith.storage.work_orders import WorkOrderStore
from opsmith_ingest.importing.alerts import imported_id
from opsmith_ingest.importing.base import content_of, digest, lacking, model_of
from opsmith_ingest.importing.cells import text_of
from opsmith_ingest.importing.fields import Reader, Refusal
from opsmith_ingest.importing.heads import FieldSpec, unit_in
from opsmith_ingest.importing.registry import Registry
from opsmith_ingest.importing.sheet import Row, Sheet
from opsmith_ingest.importing.words import fields_of

_MONEY = {
    "CNY": "cny;rmb;元;人民币;¥;￥",
    "EUR": "eur;euro;€",
    "USD": "usd;us$;$;美元",
    "GBP": "gbp;£",
    "JPY": "jpy;日元",
    "CHF": "chf",
}


_MOMENTS = ("created_at", "planned_at", "started_at", "completed_at", "due_at", "failed_at",
            "restored_at")  # fmt: skip
_COSTS = ("cost_labour", "cost_materials", "cost_services")
_AFTER = re.compile(r"^(.*?)\s*[x×*]\s*(\d+(?:[.,]\d+)?)\s*(?:pcs?|ea|个|件|只|套|台)?$", re.I)
_BEFORE = re.compile(r"^(\d+(?:[.,]\d+)?)\s*[x×*]\s*(.+)$", re.I)


class OrderImport:
    """See `Importer`.

    Args:
        store: Where orders go.
        registry: Finds the devices.
        source: The other system's name, for rows that do not say it.
    """

    def __init__(self, store: WorkOrderStore, registry: Registry, source: str) -> None:
        self._store, self._registry, self._source = store, registry, source
        self._currency = ""

    def specs(self, sheet: Sheet) -> Sequence[FieldSpec]:
        """See `Importer.specs`."""
        del sheet
        return fields_of("orders")

    def start(self, reader: Reader) -> Sequence[str]:
        """See `Importer.start`."""
        self._reader = reader
        if not reader.has("device_id"):
            raise BadInput("No column says which device an order is of; name it under columns")
        if not any(reader.has(name) for name in _MOMENTS):
            raise BadInput("No column has a date of the orders; name one under columns.created_at")
        for name in (*_COSTS, "cost_total"):
            column = reader.column_of(name)
            if column and not self._currency:
                self._currency = _currency(unit_in(column) or "") or ""
        notes = list[str]()
        if not reader.has("external_no"):
            notes.append("no column has the orders' numbers: a row is known by its content")
        if not reader.has("work_class"):
            notes.append("no column says the class: every order counts as corrective")
        if not reader.has("priority"):
            notes.append("no column says the priority: every order has P2")
        if not reader.has("status"):
            notes.append("no column says the status: an order with an end is COMPLETED")
        if reader.column_of("cost_total"):
            notes.append("a total without its parts stands under services")
        return notes

    def build(self, row: Row) -> WorkOrder:
        """See `Importer.build`."""
        reader = self._reader
        fields = reader.fields(row)
        theirs = fields.pop("device_id", None)
        if theirs is None:
            raise lacking(reader, "device_id")
        fields["device_id"] = self._registry.resolve(str(theirs), reader.column_of("device_id"))
        fields.setdefault("source", self._source)
        number = fields.get("external_no") or f"row-{digest(content_of(row))[:24]}"
        fields |= {"external_no": number, "order_no": number}
        self._settle_times(fields)
        _settle_class(fields)
        fields.setdefault("priority", "P2")
        fields.setdefault("description", fields.get("found") or fields.get("done") or "")
        self._settle_costs(fields)
        if "materials" in fields:
            fields["materials"] = self._materials(fields["materials"])
        self._settle_alerts(fields)
        return model_of(WorkOrder, fields, reader)

    def key(self, record: WorkOrder) -> tuple[str, str | None]:
        """See `Importer.key`."""
        return record.source, record.external_no

    def put(self, records: Sequence[WorkOrder], now: datetime) -> tuple[int, int]:
        """See `Importer.put`."""
        self._registry.enter((order.device_id for order in records), now)
        return self._store.put(records, now)

    def _settle_times(self, fields: dict[str, Any]) -> None:
        known = [fields[name] for name in _MOMENTS if name in fields]
        if not known:
            raise Refusal("it has no date", self._reader.column_of("created_at"))
        fields.setdefault("created_at", min(known))
        for first, second in (("failed_at", "restored_at"), ("started_at", "completed_at")):
            if first in fields and second in fields and fields[second] < fields[first]:
                column = self._reader.column_of(second)
                raise Refusal(f"it lies before {self._reader.column_of(first)!r}", column)
        if "status" not in fields:
            ended, begun = "completed_at" in fields, "started_at" in fields
            fields["status"] = "COMPLETED" if ended else "IN_PROGRESS" if begun else "OPEN"
        if fields["status"] in ("OPEN", "IN_PROGRESS"):
            # An order that is undone has no end, whatever a template of theirs filled in.
            fields.pop("completed_at", None)

    def _settle_costs(self, fields: dict[str, Any]) -> None:
        named = {name: fields.pop(name) for name in (*_COSTS, "cost_total") if name in fields}
        currency = fields.pop("currency", None)
        total = named.pop("cost_total", None)
        if total is not None and not named:
            named["cost_services"] = total
        if not named:
            return
        for name, value in named.items():
            if value < 0:
                raise Refusal("costs are not negative", self._reader.column_of(name))
        parts = {name.removeprefix("cost_"): value for name, value in named.items()}
        written = _currency(str(currency)) or str(currency).upper() if currency else self._currency
        fields["costs"] = model_of(Costs, {**parts, "currency": written}, self._reader)

    def _materials(self, given: object) -> tuple[Material, ...]:
        try:
            return materials_of(given)
        except ValueError as error:
            raise Refusal(str(error), self._reader.column_of("materials")) from error

    def _settle_alerts(self, fields: dict[str, Any]) -> None:
        source = fields.pop("alert_source", None) or fields["source"]
        theirs = fields.get("trace_ids")
        if theirs:
            ours = tuple(
                each if each.startswith(("AL-", "IM-")) else imported_id(source, each)
                for each in theirs
            )
            fields |= {"trace_ids": ours, "trace_id": ours[0]}
        else:
            fields["trace_id"] = None


def materials_of(given: object) -> tuple[Material, ...]:
    """The parts in a cell: `Bearing 6205 x2; Seal`, or a JSON list of texts or {part, quantity}.

    Raises:
        ValueError: It is no list of parts.

    >>> [(m.part, m.quantity) for m in materials_of("Bearing 6205 x2; Seal")]
    [('Bearing 6205', 2.0), ('Seal', 1)]
    """
    if isinstance(given, list):
        return tuple(_part(item) for item in cast(list[object], given))
    texts = re.split(r"[;|；、\n]+", text_of(given))
    return tuple(_part(text.strip()) for text in texts if text.strip())


def _part(item: object) -> Material:
    if isinstance(item, dict):
        return Material.model_validate(item)
    text = text_of(item)
    if match := _AFTER.match(text):
        part, quantity = match[1], match[2]
    elif match := _BEFORE.match(text):
        part, quantity = match[2], match[1]
    else:
        return Material(part=text)
    return Material(part=part.strip(), quantity=float(quantity.replace(",", ".")))


def _settle_class(fields: dict[str, Any]) -> None:
    """A class and a type of ours, from whichever of them the row says."""
    said = fields.get("work_class", "corrective")
    if said == "inspection":
        fields |= {"work_class": "preventive", "order_type": "INSPECTION"}
    elif said == "emergency":
        fields |= {"work_class": "corrective", "order_type": "EMERGENCY"}
    else:
        fields["work_class"] = said
        is_urgent = said == "corrective" and fields.get("priority") == "P0"
        fields.setdefault("order_type", "EMERGENCY" if is_urgent else "PLANNED")


def _currency(text: str) -> str | None:
    plain = text.strip().casefold()
    return next((code for code, names in _MONEY.items() if plain in names.split(";")), None)
