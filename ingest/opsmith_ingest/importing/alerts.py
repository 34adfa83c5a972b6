"""Alerts and events of another system: what happened, as it told it."""

from collections.abc import Sequence
from datetime import datetime

from opsmith.domain.alerts import Alert, AlertState, Handling
from opsmith.errors import BadInput
from opsmith.storage.alerts import AlertStore
from opsmith_ingest.importing.base import digest, lacking, model_of
from opsmith_ingest.importing.fields import Reader, Refusal
from opsmith_ingest.importing.heads import FieldSpec
from opsmith_ingest.importing.registry import Registry
from opsmith_ingest.importing.sheet import Row, Sheet
from opsmith_ingest.importing.words import fields_of


class AlertImport:
    """See `Importer`.

    Args:
        store: The alert log.
        registry: Finds the devices.
        source: The other system's name, for rows that do not say it.
    """

    def __init__(self, store: AlertStore, registry: Registry, source: str) -> None:
        self._store, self._registry, self._source = store, registry, source

    def specs(self, sheet: Sheet) -> Sequence[FieldSpec]:
        """See `Importer.specs`."""
        del sheet
        return fields_of("alerts")

    def start(self, reader: Reader) -> Sequence[str]:
        """See `Importer.start`."""
        self._reader = reader
        if not reader.has("device_id"):
            raise BadInput("No column says which device an event is of; name it under columns")
        if not reader.has("first_seen"):
            raise BadInput("No column has the events' time; name it under columns.first_seen")
        notes = list[str]()
        if not reader.has("event_id"):
            notes.append("no column has the events' ids: device, time, code and message make one")
        if not reader.has("level"):
            notes.append("no column says the level: every event has P2")
        if not reader.has("cleared_at"):
            notes.append("no column says when an event ended: each counts as a moment")
        return notes

    def build(self, row: Row) -> Alert:
        """See `Importer.build`."""
        reader = self._reader
        fields = reader.fields(row)
        for name in ("device_id", "first_seen"):
            if name not in fields:
                raise lacking(reader, name)
        begin: datetime = fields["first_seen"]
        end: datetime | None = fields.get("cleared_at")
        if end is not None and end < begin:
            raise Refusal(
                f"it lies before {reader.column_of('first_seen')!r}", reader.column_of("cleared_at")
            )
        device_id = self._registry.resolve(str(fields["device_id"]), reader.column_of("device_id"))
        source = fields.get("source", self._source)
        given = fields.get("event_id")
        code, message = fields.get("code"), fields.get("message")
        trace_id = (
            imported_id(source, given)
            if given
            else imported_id(source, device_id, begin.isoformat(), code or "", message or "")
        )
        stands = end is None and fields.get("state") == "standing"
        return model_of(
            Alert,
            {
                "trace_id": trace_id,
                "device_id": device_id,
                "alert_level": fields.get("level", "P2"),
                "alert_type": "imported",
                "raw_payload": {**({"id": given} if given else {}), **reader.rest(row)},
                "status": Handling.IGNORED,
                "state": AlertState.UNACKNOWLEDGED if stands else AlertState.NORMAL,
                "count": max(1, int(fields.get("count", 1))),
                "onset": begin,
                "first_seen": begin,
                "last_seen": end or begin,
                "cleared_at": None if stands else end or begin,
                "code": code,
                "message": message,
                "source": source,
                "created_at": begin,
            },
            reader,
        )

    def key(self, record: Alert) -> str:
        """See `Importer.key`."""
        return record.trace_id

    def put(self, records: Sequence[Alert], now: datetime) -> tuple[int, int]:
        """See `Importer.put`."""
        self._registry.enter((alert.device_id for alert in records), now)
        return self._store.put(records, now)


def imported_id(source: str, *parts: str) -> str:
    """Our id of another system's event, from its own id or from what it says.

    >>> imported_id("SCADA", "4711") == imported_id("SCADA", "4711")
    True
    """
    return f"IM-{digest(source, *parts)[:32]}"
