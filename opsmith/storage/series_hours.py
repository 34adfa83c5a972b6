"""Hours: the one-minute statistics of one device in the file, one packed row an hour."""

import sqlite3
from collections.abc import Iterator

import numpy as np

from opsmith.storage.series_minutes import (
    HOUR,
    MINUTE,
    Minutes,
    Origin,
    chain,
    decode_hour,
    encode_hour,
    overlay,
    summarize,
)
from opsmith.storage.series_rows import Rows


class Hours:
    """The stored minutes of one device, within one transaction; times in µs since 1970 UTC."""

    def __init__(self, db: sqlite3.Connection, device_id: str) -> None:
        self._db = db
        self._device_id = device_id

    def read(self, start: int, end: int) -> Minutes:
        """The minutes of the hours that start in [start, end)."""
        found = self._db.execute(
            "SELECT hour, blob FROM sensor_agg_1m"
            " WHERE device_id = ? AND hour >= ? AND hour < ? ORDER BY hour",
            (self._device_id, start, end),
        )
        return chain([decode_hour(blob, hour) for hour, blob in found])

    def extend(self, rows: Rows) -> None:
        """Store the minutes of readings that are later than all those the stored ones rest on."""
        for hour, part in _by_hour(rows):
            old = self.read(hour, hour + HOUR)
            self._put(hour, overlay(old, summarize(part, old)))

    def retake(self, rows: Rows, expired: int) -> None:
        """Store minutes anew from all the readings of them that there are.

        Args:
            rows: The readings.
            expired: Time of the last reading that retention deleted. A minute of live readings up
                to then outlived some of them, so it stays as it is.
        """
        for hour, part in _by_hour(rows):
            old = self.read(hour, hour + HOUR)
            fixed = old.starts[(old.starts <= expired) & (old.origin & Origin.LIVE > 0)]
            part = part.part(~np.isin(part.times - part.times % MINUTE, fixed))
            if len(part):
                self._put(hour, overlay(old, summarize(part)))

    def expire(self, before: int) -> None:
        """Delete the minutes that only live readings made and that ended before that."""
        device = self._device_id
        self._db.execute(
            "DELETE FROM sensor_agg_1m WHERE device_id = ? AND hour <= ? AND live = n",
            (device, before - HOUR),
        )
        mixed = self._db.execute(
            "SELECT hour, blob FROM sensor_agg_1m WHERE device_id = ? AND hour < ? AND live > 0",
            (device, before),
        ).fetchall()
        for hour, blob in mixed:
            minutes = decode_hour(blob, hour)
            kept = minutes.part(
                (minutes.origin != Origin.LIVE) | (minutes.starts + MINUTE > before)
            )
            if not len(kept.starts):
                self._db.execute(
                    "DELETE FROM sensor_agg_1m WHERE device_id = ? AND hour = ?", (device, hour)
                )
            elif len(kept.starts) < len(minutes.starts):
                self._put(hour, kept)

    def _put(self, hour: int, minutes: Minutes) -> None:
        self._db.execute(
            "INSERT INTO sensor_agg_1m VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET n = excluded.n, live = excluded.live, blob = excluded.blob",
            (
                self._device_id,
                hour,
                len(minutes.starts),
                int((minutes.origin == Origin.LIVE).sum()),
                encode_hour(minutes),
            ),
        )


def _by_hour(rows: Rows) -> Iterator[tuple[int, Rows]]:
    hours = rows.times - rows.times % HOUR
    heads = [0, *(np.flatnonzero(np.diff(hours)) + 1).tolist()]
    for low, high in zip(heads, [*heads[1:], len(rows)], strict=True):
        yield int(hours[low]), rows.part(slice(low, high)).carried()
