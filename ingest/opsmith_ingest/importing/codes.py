"""Failure codes of another system: a catalogue of what can be wrong."""

from collections.abc import Sequence
from datetime import datetime

from opsmith.domain.work_orders import FailureCode
from opsmith.errors import BadInput
from opsmith.storage.failure_codes import FailureCodeStore
from opsmith_ingest.importing.base import lacking, model_of
from opsmith_ingest.importing.fields import Reader
from opsmith_ingest.importing.heads import FieldSpec
from opsmith_ingest.importing.sheet import Row, Sheet
from opsmith_ingest.importing.words import fields_of


class CodeImport:
    """See `Importer`.

    Args:
        store: Where codes go.
        source: The other system's name, for rows that do not say it.
    """

    def __init__(self, store: FailureCodeStore, source: str) -> None:
        self._store, self._source = store, source

    def specs(self, sheet: Sheet) -> Sequence[FieldSpec]:
        """See `Importer.specs`."""
        del sheet
        return fields_of("codes")

    def start(self, reader: Reader) -> Sequence[str]:
        """See `Importer.start`."""
        self._reader = reader
        if not reader.has("code"):
            raise BadInput("No column has the codes; name it under columns.code")
        return () if reader.has("device_type") else ("every code holds for any class of device",)

    def build(self, row: Row) -> FailureCode:
        """See `Importer.build`."""
        fields = self._reader.fields(row)
        if "code" not in fields:
            raise lacking(self._reader, "code")
        names = (fields.get(name) for name in ("name", "name_zh", "description", "code"))
        fields["name"] = next(name for name in names if name)[:200]
        fields.setdefault("source", self._source)
        return model_of(FailureCode, fields, self._reader)

    def key(self, record: FailureCode) -> tuple[str, str]:
        """See `Importer.key`."""
        return record.code, record.device_type

    def put(self, records: Sequence[FailureCode], now: datetime) -> tuple[int, int]:
        """See `Importer.put`."""
        del now
        return self._store.put(records)
