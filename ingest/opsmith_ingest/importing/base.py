"""What every import of records does with a row, whatever the record."""

import hashlib
from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from opsmith_ingest.importing.fields import Reader, Refusal
from opsmith_ingest.importing.heads import FieldSpec
from opsmith_ingest.importing.sheet import Row, Sheet

RecordT = TypeVar("RecordT", bound=BaseModel)
ModelT = TypeVar("ModelT", bound=BaseModel)


class Importer(Protocol[RecordT]):
    """Makes records of one kind from rows, and stores them."""

    def specs(self, sheet: Sheet) -> Sequence[FieldSpec]:
        """The fields that the rows of this table may have."""
        ...

    def start(self, reader: Reader) -> Sequence[str]:
        """Get to know how rows are read; what is assumed where the table does not say it.

        Raises:
            BadInput: A field lacks without which no row can be used.
        """
        ...

    def build(self, row: Row) -> RecordT:
        """The record that a row is. Raises `Refusal`."""
        ...

    def key(self, record: RecordT) -> Hashable:
        """What makes two rows the same record."""
        ...

    def put(self, records: Sequence[RecordT], now: datetime) -> tuple[int, int]:
        """Store records of different keys: how many were new, and how many others changed."""
        ...


def model_of(model: type[ModelT], fields: dict[str, Any], reader: Reader) -> ModelT:
    """The model, or the column that it does not take. Raises `Refusal`."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        column = reader.column_of(str(first["loc"][0])) if first["loc"] else None
        reason = first["msg"] if column else f"{name}: {first['msg']}"
        raise Refusal(f"{reason} (it is {str(first['input'])[:40]!r})", column) from error


def digest(*parts: object) -> str:
    """SHA-256 of texts, hexadecimal."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()


def lacking(reader: Reader, name: str) -> Refusal:
    """That a row does not say what it must."""
    column = reader.column_of(name)
    return Refusal("it is empty", column) if column else Refusal(f"nothing says its {name}")


def content_of(row: Row) -> str:
    """A row's cells as one text, for rows that have no number of their own."""
    return "\x1f".join(f"{name}={cell}" for name, cell in sorted(row.cells.items()))
