"""The embedded series store: columnar blobs in one SQLite file, no server."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.readings import Aggregates, ReadingBatch
from opsmith.ports import AnomalyMark, Appended, Extent
from opsmith.storage.series_device import Device
from opsmith.storage.series_file import SeriesFile
from opsmith.storage.series_minutes import HOUR
from opsmith.storage.series_rows import rows_of

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

    Raises:
        BadInput: The file cannot be opened, or is something else.
        Unavailable: It stays locked for longer than `patience`; so with every method.
    """

    def __init__(self, path: Path, patience: float = 10.0) -> None:
        self._file = SeriesFile(path, patience)

    def append(self, batches: Sequence[ReadingBatch], *, live: bool) -> Appended:
        """See `SeriesStore.append`."""
        filled = [batch for batch in batches if len(batch)]
        if not filled:
            return Appended(0, 0)
        with self._file.writing() as db:
            devices: dict[str, Device] = {}
            new = 0
            for batch in filled:
                if batch.device_id not in devices:
                    devices[batch.device_id] = Device(db, batch.device_id)
                new += devices[batch.device_id].add(rows_of(batch, live))
            for device in devices.values():
                device.save()
        return Appended(new, sum(map(len, filled)) - new)

    def read(
        self, device_id: str, start: datetime, end: datetime, channels: Sequence[str] | None = None
    ) -> ReadingBatch:
        """See `SeriesStore.read`."""
        with self._file.reading() as db:
            rows = Device(db, device_id).read(
                _micros(start), _micros(end), None if channels is None else set(channels)
            )
        return rows.batch(device_id)

    def read_last(self, device_id: str, count: int, before: datetime) -> ReadingBatch:
        """See `SeriesStore.read_last`."""
        with self._file.reading() as db:
            rows = Device(db, device_id).read_last(count, _micros(before))
        return rows.batch(device_id)

    def aggregates(self, device_id: str, start: datetime, end: datetime) -> Aggregates:
        """See `SeriesStore.aggregates`."""
        with self._file.reading() as db:
            minutes = Device(db, device_id).minutes(_micros(start), _micros(end))
        return minutes.aggregates(device_id)

    def extent(self, device_id: str) -> Extent | None:
        """See `SeriesStore.extent`."""
        with self._file.reading() as db:
            found = db.execute(
                "SELECT first, last, count FROM extent WHERE device_id = ?", (device_id,)
            ).fetchone()
        return Extent(_moment(found[0]), _moment(found[1]), found[2]) if found else None

    def extents(self) -> Mapping[str, Extent]:
        """See `SeriesStore.extents`."""
        with self._file.reading() as db:
            found = db.execute(
                "SELECT device_id, first, last, count FROM extent ORDER BY device_id"
            ).fetchall()
        return {
            device_id: Extent(_moment(first), _moment(last), count)
            for device_id, first, last, count in found
        }

    def newest(self) -> datetime | None:
        """See `SeriesStore.newest`."""
        with self._file.reading() as db:
            (last,) = db.execute("SELECT max(last) FROM extent").fetchone()
        return None if last is None else _moment(last)

    def expire(self, raw_before: datetime, aggregates_before: datetime) -> int:
        """See `SeriesStore.expire`; one device at a time, so that writers get their turn."""
        raw, minutes = _micros(raw_before), _micros(aggregates_before)
        with self._file.reading() as db:
            devices = [
                device_id for (device_id,) in db.execute("SELECT device_id FROM sensor_tail")
            ]
        gone = 0
        for device_id in devices:
            with self._file.writing() as db:
                device = Device(db, device_id)
                gone += device.expire(raw, minutes)
                device.save()
        with self._file.writing() as db:
            # A mark goes with the minutes around it, so that imported history keeps its own.
            db.execute(
                "DELETE FROM anomaly_events WHERE time < ? AND NOT EXISTS ("
                " SELECT 1 FROM sensor_agg_1m WHERE device_id = anomaly_events.device_id"
                " AND hour > time - ? AND hour <= time)",
                (minutes, HOUR),
            )
        return gone

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
