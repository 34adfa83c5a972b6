"""Hours: the one-minute statistics of one device in the file, one packed row an hour."""

import sqlite3

import numpy as np

from opsmith.storage.series_minutes import (
    HOUR,
    MINUTE,
    NO_MINUTES,
    Minutes,
    Origin,
    chain,
    decode_hour,
    encode_hour,
    overlay,
    summarize,
)
from opsmith.storage.series_rows import IntArray, Rows


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

    def put(self, rows: Rows, *, going_on: bool) -> None:
        """Store the minutes of one or more readings.

        Args:
            rows: The readings.
            going_on: They are later than all that the stored minutes rest on; else they are all
                the readings of their minutes, which are taken anew from them.
        """
        hours = rows.times - rows.times % HOUR
        heads = [0, *(np.flatnonzero(np.diff(hours)) + 1).tolist()]
        for low, high in zip(heads, [*heads[1:], len(rows)], strict=True):
            hour = int(hours[low])
            part = rows.part(slice(low, high)).carried()
            old = self.read(hour, hour + HOUR)
            if going_on:
                self._put_hour(hour, overlay(old, summarize(part, old)))
                continue
            part = part.part(~np.isin(part.times - part.times % MINUTE, self._settled(old)))
            if len(part):
                self._put_hour(hour, overlay(old, summarize(part)))

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
                self._put_hour(hour, kept)

    def _settled(self, minutes: Minutes) -> IntArray:
        """Minutes that outlived their readings: what comes late cannot be counted among them."""
        found = self._db.execute("SELECT raw_before FROM retention").fetchone()
        if not found:
            return NO_MINUTES.starts
        return minutes.starts[(minutes.starts < found[0]) & (minutes.origin & Origin.LIVE > 0)]

    def _put_hour(self, hour: int, minutes: Minutes) -> None:
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
