"""What the detectors know of each device, as they left it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from opsmith.storage.database import Database
from opsmith.storage.tables import detector_state as table
from opsmith.storage.upsert import upsert

_AT_ONCE = 500
"""Devices asked for in one statement."""


class KeptState(NamedTuple):
    """What is known of a device."""

    state: bytes
    """The detectors alone can read it."""
    baseline_at: datetime | None
    """The device's when it was learnt: another one makes it worthless."""


class DetectorStates:
    """One state a device."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, states: Mapping[str, KeptState]) -> None:
        """Keep these instead of what was known of these devices; all or none."""
        if not states:
            return
        rows = [{"device_id": device_id, **kept._asdict()} for device_id, kept in states.items()]
        with self._database.write(apart=True) as connection:
            upsert(connection, table, rows, KeptState._fields)

    def find(self, device_ids: Sequence[str]) -> dict[str, KeptState]:
        """What is kept of these devices; those of which nothing is are left out."""
        found: dict[str, KeptState] = {}
        with self._database.read() as connection:
            for start in range(0, len(device_ids), _AT_ONCE):
                wanted = device_ids[start : start + _AT_ONCE]
                query = select(table.c.device_id, table.c.state, table.c.baseline_at)
                rows = connection.execute(query.where(table.c.device_id.in_(wanted)))
                found.update({row[0]: KeptState(row[1], row[2]) for row in rows})
        return found
