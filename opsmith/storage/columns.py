"""Types of columns that keep the same values in SQLite and in MySQL, to the last bit."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Float, LargeBinary, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


def json_text(value: object) -> str:
    """What a JSON column keeps. Raises `ValueError` on NaN and infinities: they are no JSON."""
    return json.dumps(value, allow_nan=False)


class Utc(TypeDecorator[datetime]):
    """A moment in UTC with microseconds; both databases forget the zone, so it is put back."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """MySQL keeps microseconds only where it is told to."""
        if dialect.name == "mysql":
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store as naive UTC."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back as aware UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


class _JsonText(TypeDecorator[Any]):
    """JSON as the text that we make of it: MySQL's own type sorts keys and rounds numbers."""

    impl = mysql.LONGTEXT
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        """As SQLite's JSON: None is JSON's null."""
        return json_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Read it."""
        return None if value is None else json.loads(value)


Json = JSON().with_variant(_JsonText(), "mysql")
"""JSON that comes back as it went in."""

# MySQL's FLOAT has 24 bits; its TEXT and its BLOB end at 64 kB.
Real = Float().with_variant(mysql.DOUBLE(asdecimal=False), "mysql")
"""A number of 64 bits."""
Prose = Text().with_variant(mysql.MEDIUMTEXT(), "mysql")
"""Text of up to 16 MB."""
Blob = LargeBinary(2**24 - 1).with_variant(mysql.MEDIUMBLOB(), "mysql")
"""Bytes, up to 16 MB."""
