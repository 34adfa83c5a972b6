"""How each device's forecasts have done, the one that waits for what comes, and its health."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, insert, select

from opsmith.storage.database import Database, mapping
from opsmith.storage.tables import device_health, forecast_record

PLANT = "*"
"""Instead of a device's id: of the plant as a whole."""

_AT_ONCE = 500
_OF_ONE = select(forecast_record).where(forecast_record.c.device_id == bindparam("device"))
"""Built once: a forecast is answered with its record."""


class KeptRecord(NamedTuple):
    """The record of the forecasts of one channel of one device, at one step."""

    device_id: str
    channel: str
    step_s: int
    record: dict[str, Any]
    """JSON: of `opsmith_detectors.forecast_record.Record`, and the backtest's error."""
    pending: dict[str, Any] | None
    """JSON: the forecast that is held against what comes; None: none waits."""
    due_at: datetime | None
    """When all that it foretold will have come."""
    updated_at: datetime


class KeptHealth(NamedTuple):
    """What was last known of a device's health."""

    device_id: str
    as_of: datetime
    facts: dict[str, Any]


class ForecastStore:
    """Records and healths, a row each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def records(self, device_id: str) -> list[KeptRecord]:
        """All of a device, or of `PLANT`."""
        with self._database.read() as connection:
            rows = connection.execute(_OF_ONE, {"device": device_id}).all()
        return [KeptRecord(**mapping(row)) for row in rows]

    def save(self, records: Sequence[KeptRecord]) -> None:
        """Keep these instead of what was there; all or none."""
        if not records:
            return
        table = forecast_record
        with self._database.write() as connection:
            connection.execute(
                delete(table).where(
                    table.c.device_id == bindparam("a"),
                    table.c.channel == bindparam("b"),
                    table.c.step_s == bindparam("c"),
                ),
                [{"a": one.device_id, "b": one.channel, "c": one.step_s} for one in records],
            )
            connection.execute(insert(table), [one._asdict() for one in records])

    def healths(self, device_ids: Sequence[str]) -> Mapping[str, KeptHealth]:
        """What is kept of these devices; those of which nothing is are left out."""
        table, found = device_health, dict[str, KeptHealth]()
        with self._database.read() as connection:
            for start in range(0, len(device_ids), _AT_ONCE):
                some = device_ids[start : start + _AT_ONCE]
                rows = connection.execute(select(table).where(table.c.device_id.in_(some)))
                found.update({row.device_id: KeptHealth(**mapping(row)) for row in rows})
        return found

    def save_healths(self, healths: Collection[KeptHealth]) -> None:
        """Keep these instead of what was known of the devices; all or none."""
        if not healths:
            return
        table = device_health
        with self._database.write() as connection:
            ids = [one.device_id for one in healths]
            connection.execute(delete(table).where(table.c.device_id.in_(ids)))
            connection.execute(insert(table), [one._asdict() for one in healths])
