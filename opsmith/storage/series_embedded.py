"""The embedded series store: columnar blobs in one SQLite file, no server."""

import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.readings import Aggregates, Frame, ReadingBatch
from opsmith.ports import AnomalyMark, Appended, Extent
from opsmith.storage.series_device import NEVER
from opsmith.storage.series_file import SeriesFile
from opsmith.storage.series_journal import Journal
from opsmith.storage.series_minutes import HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _micros(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MICROSECOND


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


class EmbeddedSeriesStore:
    """Readings in a SQLite file, for any number of threads and of processes on one machine.

    What was appended survives the death of the process; a power cut may take the last moments.
    Readings come back with the channels that at least one of them carried.

    Args:
        path: The file; made, with its folder, where it does not exist.
        patience: Seconds to wait for another writer.
        held: Bytes of readings that may wait in the journal, in memory and in the file.

    Raises:
        BadInput: The file cannot be opened, or is something else.
        Unavailable: It stays locked for longer than `patience`; so with every method.
    """

    def __init__(self, path: Path, patience: float = 10.0, held: int = 128_000_000) -> None:
        self._file = SeriesFile(path, patience)
        self._journal = Journal(held)

    def append(self, frames: Sequence[Frame], *, live: bool) -> Appended:
        """See `SeriesStore.append`."""
        total = sum(map(len, frames))
        if not total:
            return Appended(0, 0)
        with self._writing() as db:
            new = self._journal.append(db, frames, live)
        return Appended(new, total - new)

    def read(
        self, device_id: str, start: datetime, end: datetime, channels: Sequence[str] | None = None
    ) -> ReadingBatch:
        """See `SeriesStore.read`."""
        with self._file.reading() as db:
            rows = self._journal.device(db, device_id).read(
                _micros(start), _micros(end), None if channels is None else set(channels)
            )
        return rows.batch(device_id)

    def read_last(self, device_id: str, count: int, before: datetime) -> ReadingBatch:
        """See `SeriesStore.read_last`."""
        with self._file.reading() as db:
            rows = self._journal.device(db, device_id).read_last(count, _micros(before))
        return rows.batch(device_id)

    def aggregates(self, device_id: str, start: datetime, end: datetime) -> Aggregates:
        """See `SeriesStore.aggregates`."""
        with self._file.reading() as db:
            minutes = self._journal.device(db, device_id).minutes(_micros(start), _micros(end))
        return minutes.aggregates(device_id)

    def extent(self, device_id: str) -> Extent | None:
        """See `SeriesStore.extent`."""
        with self._file.reading() as db:
            first, last, count = self._journal.device(db, device_id).extent
        return Extent(_moment(first), _moment(last), count) if count else None

    def extents(self) -> Mapping[str, Extent]:
        """See `SeriesStore.extents`."""
        with self._file.reading() as db:
            found = {
                device_id: (first, last, count)
                for device_id, first, last, count in db.execute(
                    "SELECT device_id, first, last, count FROM extent"
                )
            }
            for device_id, (first, last, count) in self._journal.extents(db).items():
                before = found.get(device_id, (first, last, 0))
                found[device_id] = (before[0], last, before[2] + count)
        return {
            device_id: Extent(_moment(first), _moment(last), count)
            for device_id, (first, last, count) in sorted(found.items())
        }

    def newest(self) -> datetime | None:
        """See `SeriesStore.newest`."""
        with self._file.reading() as db:
            (last,) = db.execute("SELECT max(last) FROM extent").fetchone()
            newest = max(NEVER if last is None else last, self._journal.newest(db))
        return None if newest == NEVER else _moment(newest)

    def expire(self, raw_before: datetime, aggregates_before: datetime) -> int:
        """See `SeriesStore.expire`; one device at a time, so that writers get their turn."""
        raw, minutes = _micros(raw_before), _micros(aggregates_before)
        with self._file.reading() as db:
            devices = {
                device_id for (device_id,) in db.execute("SELECT device_id FROM sensor_tail")
            } | self._journal.extents(db).keys()
        gone = 0
        for device_id in sorted(devices):
            with self._writing() as db:
                device = self._journal.device(db, device_id, write=True)
                gone += device.expire(raw, minutes)
                device.save()
        with self._writing() as db:
            self._journal.fold(db)
            # A mark goes with the minutes around it, so that imported history keeps its own.
            db.execute(
                "DELETE FROM anomaly_events WHERE time < ? AND NOT EXISTS ("
                " SELECT 1 FROM sensor_agg_1m WHERE device_id = anomaly_events.device_id"
                " AND hour > time - ? AND hour <= time)",
                (minutes, HOUR),
            )
        return gone

    @contextmanager
    def _writing(self) -> Generator[sqlite3.Connection]:
        with self._file.writing(self._journal.committed) as db:
            self._journal.begin(db)
            yield db

    def mark(self, marks: Sequence[AnomalyMark]) -> None:
        """See `SeriesStore.mark`."""
        with self._file.writing() as db:
            db.executemany(
                "REPLACE INTO anomaly_events"
                " (trace_id, time, change, device_id, alert_type, level, score)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        mark.trace_id,
                        _micros(mark.time),
                        mark.change,
                        mark.device_id,
                        mark.alert_type,
                        mark.level.value,
                        mark.score,
                    )
                    for mark in marks
                ],
            )

    def marks(self, device_id: str, start: datetime, end: datetime) -> Sequence[AnomalyMark]:
        """See `SeriesStore.marks`."""
        with self._file.reading() as db:
            found = db.execute(
                "SELECT time, trace_id, alert_type, change, level, score FROM anomaly_events"
                " WHERE device_id = ? AND time >= ? AND time < ? ORDER BY time, trace_id, change",
                (device_id, _micros(start), _micros(end)),
            ).fetchall()
        return [
            AnomalyMark(device_id, _moment(time), trace_id, kind, change, AlertLevel(level), score)
            for time, trace_id, kind, change, level, score in found
        ]

    def close(self) -> None:
        """See `SeriesStore.close`."""
        self._file.close()
