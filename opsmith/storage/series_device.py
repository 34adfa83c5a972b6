"""One device's readings in the file: packed segments, the tail that still grows, the minutes."""

import sqlite3
from collections.abc import Collection, Iterator
from math import ceil

import numpy as np

from opsmith.storage.series_blocks import decode, encode
from opsmith.storage.series_hours import Hours
from opsmith.storage.series_minutes import HOUR, MINUTE, Minutes, overlay, summarize
from opsmith.storage.series_rows import NONE, IntArray, Rows, join, merge

_TAIL = 64
"""Readings at which the tail is sealed into a segment."""
_SMALL = 1024
"""A segment of fewer readings still takes neighbours in."""
_SEGMENT = 4096
_END = 2**63 - 1
NEVER = -_END
"""Before any reading."""

_OVERLAP = """
    device_id = :device AND t_last >= :start AND t_first < :end AND t_last <= coalesce(
        (SELECT min(t_last) FROM sensor_raw WHERE device_id = :device AND t_last >= :end), :last)
"""
"""Segments never overlap, so that at most one reaches beyond the end."""


class Device:
    """The readings of one device, within one transaction.

    Invariants: segments do not overlap; the tail is later than every segment (`sealed` is the time
    of the last reading that ever was in one); the stored minutes rest on the segments alone, so
    that streaming does not rewrite them at every reading.

    All times are µs since 1970 UTC.
    """

    def __init__(self, db: sqlite3.Connection, device_id: str) -> None:
        self._db = db
        self._device_id = device_id
        self._hours = Hours(db, device_id)
        self._sealed = self._expired = NEVER
        self._tail = NONE
        self._dirty = False
        found = db.execute(
            "SELECT first, last, count FROM extent WHERE device_id = ?", (device_id,)
        ).fetchone()
        self._first, self._last, self._count = found or (_END, -_END, 0)
        found = db.execute(
            "SELECT sealed, expired, blob FROM sensor_tail WHERE device_id = ?", (device_id,)
        ).fetchone()
        if found:
            self._sealed, self._expired, blob = found
            self._tail = decode(blob) if blob else NONE

    @property
    def folded(self) -> int:
        """The time of the last reading that ever was here."""
        return int(self._tail.times[-1]) if len(self._tail) else self._sealed

    @property
    def extent(self) -> tuple[int, int, int]:
        """First, last and number of its readings."""
        return self._first, self._last, self._count

    def show(self, rows: Rows) -> None:
        """Tell readings too that are later than all here; not to be saved."""
        self._first = min(self._first, int(rows.times[0]))
        self._last = int(rows.times[-1])
        self._count += len(rows)
        self._tail = join([self._tail, rows]) if len(self._tail) else rows

    def add(self, rows: Rows) -> int:
        """Merge one or more readings in; how many are new or say something else.

        Nothing is durable before `save`.
        """
        assert (np.diff(rows.times) > 0).all(), "times increase strictly"
        self._first = min(self._first, int(rows.times[0]))
        self._last = max(self._last, int(rows.times[-1]))
        late = int(np.searchsorted(rows.times, self._sealed, "right"))
        new = self._amend(rows.part(slice(late))) if late else 0
        if late == len(rows):
            return new
        merged = merge(self._tail, rows.part(slice(late, None)) if late else rows)
        if len(merged.changed) or merged.spared:
            self._tail = merged.rows
            self._count += merged.added
            self._dirty = True
            if len(self._tail) >= _TAIL:
                self._seal()
        return new + len(merged.changed)

    def save(self) -> None:
        """Write what `add` and `expire` left in memory."""
        if not self._dirty:
            return
        self._db.execute(
            "INSERT INTO sensor_tail VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET sealed = excluded.sealed, expired = excluded.expired, blob = excluded.blob",
            (
                self._device_id,
                self._sealed,
                self._expired,
                encode(self._tail, compact=False) if len(self._tail) else None,
            ),
        )
        if self._count:
            self._db.execute(
                "INSERT INTO extent VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
                " SET first = excluded.first, last = excluded.last, count = excluded.count",
                (self._device_id, self._first, self._last, self._count),
            )
        else:
            self._db.execute("DELETE FROM extent WHERE device_id = ?", (self._device_id,))

    def read(self, start: int, end: int, channels: Collection[str] | None = None) -> Rows:
        """The readings in [start, end), of all channels or some that any of them carries."""
        tail = self._tail.between(start, end)
        if channels is not None:
            tail = tail.only(channels)
        return join(
            [*self._segments(start, end, channels), *([tail] if len(tail) else [])]
        ).carried()

    def read_last(self, count: int, before: int) -> Rows:
        """The last `count` readings before that moment."""
        parts = [self._tail.between(-_END, before)]
        missing = count - len(parts[0])
        if missing > 0:
            segments = self._db.execute(
                f"SELECT blob FROM sensor_raw WHERE {_OVERLAP} ORDER BY t_last DESC",
                self._span(-_END, before),
            )
            for (blob,) in segments:
                parts.append(decode(blob).between(-_END, before))
                missing -= len(parts[-1])
                if missing <= 0:
                    break
            segments.close()
        rows = join([part for part in reversed(parts) if len(part)])
        return rows.part(slice(max(0, len(rows) - count), None)).carried()

    def minutes(self, start: int, end: int) -> Minutes:
        """The statistics of the minutes that start in [start, end)."""
        first, last = start - start % HOUR, end + -end % HOUR
        stored = self._hours.read(first, last)
        tail = self._tail.between(first, last)
        if len(tail):
            stored = overlay(stored, summarize(tail.carried(), stored))
        return stored.part((stored.starts >= start) & (stored.starts < end))

    def expire(self, raw_before: int, minutes_before: int) -> int:
        """Delete live readings and minutes older than that; how many readings went.

        `save` must follow.
        """
        tail = self._tail.between(-_END, max(raw_before, minutes_before))
        if tail.live.any():
            self._seal()
        gone = 0
        found = self._db.execute(
            f"SELECT id, t_last, n, live FROM sensor_raw WHERE live > 0 AND {_OVERLAP}",
            self._span(-_END, raw_before),
        ).fetchall()
        for segment, t_last, n, live in found:
            if live == n and t_last < raw_before:
                self._db.execute("DELETE FROM sensor_raw WHERE id = ?", (segment,))
                gone += n
                self._expired = max(self._expired, t_last)
                continue
            (blob,) = self._db.execute(
                "SELECT blob FROM sensor_raw WHERE id = ?", (segment,)
            ).fetchone()
            rows = decode(blob)
            old = rows.live & (rows.times < raw_before)
            if old.any():
                self._put_segments(rows.part(~old), segment)
                gone += int(old.sum())
                self._expired = max(self._expired, int(rows.times[old][-1]))
        if gone:
            self._count -= gone
            self._dirty = True
            self._measure()
        self._hours.expire(minutes_before)
        return gone

    def _span(self, start: int, end: int) -> dict[str, str | int]:
        return {"device": self._device_id, "start": start, "end": end, "last": _END}

    def _segments(
        self, start: int, end: int, channels: Collection[str] | None = None
    ) -> Iterator[Rows]:
        if start >= end:
            return
        found = self._db.execute(
            f"SELECT blob FROM sensor_raw WHERE {_OVERLAP} ORDER BY t_last", self._span(start, end)
        )
        for (blob,) in found:
            rows = decode(blob, channels).between(start, end)
            if len(rows):
                yield rows

    def _put_segments(self, rows: Rows, replaced: int | None) -> None:
        count = ceil(len(rows) / _SEGMENT)
        bounds = [len(rows) * index // count for index in range(count + 1)]
        for low, high in zip(bounds, bounds[1:], strict=False):
            part = rows.part(slice(low, high)) if count > 1 else rows
            self._db.execute(
                "REPLACE INTO sensor_raw VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    replaced,
                    self._device_id,
                    int(part.times[0]),
                    int(part.times[-1]),
                    len(part),
                    int(part.live.sum()),
                    encode(part),
                ),
            )
            replaced = None

    def _seal(self) -> None:
        rows = self._tail
        self._hours.extend(rows)
        segment, before = self._neighbour(int(rows.times[0]), len(rows))
        self._put_segments(join([before, rows]) if segment else rows, segment)
        self._sealed = int(rows.times[-1])
        self._tail = NONE
        self._dirty = True

    def _neighbour(self, time: int, n: int) -> tuple[int | None, Rows]:
        """The segment before that time, if it has room for n more readings."""
        found = self._db.execute(
            "SELECT id, n, blob FROM sensor_raw WHERE device_id = ? AND t_last < ?"
            " ORDER BY t_last DESC LIMIT 1",
            (self._device_id, time),
        ).fetchone()
        if not found or found[1] >= _SMALL or found[1] + n > _SEGMENT:
            return None, NONE
        return found[0], decode(found[2])

    def _amend(self, rows: Rows) -> int:
        """Merge readings that are not later than every segment; each goes where it belongs."""
        new = 0
        touched: list[IntArray] = []
        while len(rows):
            time = int(rows.times[0])
            found: tuple[int, int, int, int, bytes] | None = self._db.execute(
                "SELECT id, t_first, t_last, n, blob FROM sensor_raw"
                " WHERE device_id = ? AND t_last >= ? ORDER BY t_last LIMIT 1",
                (self._device_id, time),
            ).fetchone()
            segment, old, group = None, NONE, rows
            if found:
                ident, t_first, t_last, n, blob = found
                group = rows.part(slice(int(np.searchsorted(rows.times, t_last, "right"))))
                reaches_in = int(group.times[-1]) >= t_first
                if reaches_in or (n < _SMALL and n + len(group) <= _SEGMENT):
                    segment, old = ident, decode(blob)
            if segment is None:
                segment, old = self._neighbour(time, len(group))
            merged = merge(old, group)
            if len(merged.changed) or merged.spared:
                self._put_segments(merged.rows, segment)
                self._count += merged.added
                self._dirty = True
                touched.append(group.times if merged.spared else merged.changed)
                new += len(merged.changed)
            rows = rows.part(slice(len(group), None))
        if touched:
            self._recompute(np.concatenate(touched))
        return new

    def _recompute(self, times: IntArray) -> None:
        """Take the minutes of those times anew from the segments."""
        minutes = np.unique(times - times % MINUTE)
        gaps = (np.flatnonzero(np.diff(minutes) > HOUR) + 1).tolist()
        for low, high in zip([0, *gaps], [*gaps, len(minutes)], strict=True):
            run = minutes[low:high]
            rows = join(list(self._segments(int(run[0]), int(run[-1]) + MINUTE)))
            rows = rows.part(np.isin(rows.times - rows.times % MINUTE, run))
            self._hours.retake(rows, self._expired)

    def _measure(self) -> None:
        ends: list[tuple[int, int]] = []
        for order in ("ASC", "DESC"):
            ends += self._db.execute(
                "SELECT t_first, t_last FROM sensor_raw WHERE device_id = ?"
                f" ORDER BY t_last {order} LIMIT 1",
                (self._device_id,),
            )
        if len(self._tail):
            ends.append((int(self._tail.times[0]), int(self._tail.times[-1])))
        self._first = min((first for first, _ in ends), default=_END)
        self._last = max((last for _, last in ends), default=-_END)
