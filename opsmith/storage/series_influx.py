"""The series store in InfluxDB, 2.x or 1.8."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from weakref import WeakValueDictionary

from opsmith.domain.readings import Aggregates, Frame, ReadingBatch
from opsmith.ports import AnomalyMark, Appended, Extent
from opsmith.storage.series_influx_append import Append, Known
from opsmith.storage.series_influx_expire import expire, roll_up
from opsmith.storage.series_influx_marks import read_marks, write_marks
from opsmith.storage.series_influx_minutes import all_minutes
from opsmith.storage.series_influx_rows import read_last, read_rows
from opsmith.storage.series_influx_setup import Influx, policies
from opsmith.storage.series_influx_state import NEVER, extents, micros, moment, newest, rolled

_LATELY = 2.0
"""Seconds that a list of all devices may be old, as to what other processes wrote."""

_known: WeakValueDictionary[tuple[str, str], Known] = WeakValueDictionary()


class InfluxSeriesStore:
    """Readings in InfluxDB, for any number of threads, processes and machines.

    An append is acknowledged by the server before it returns; where it raises, any part of it may
    be there, and the same append again completes it. Of one device one process at a time should
    append, as Kafka's partitions see to: what two append at the same moment may count as new twice
    in `Appended`, never in the store.

    Args:
        url: Such as `http://127.0.0.1:8086`.
        token: Of 2.x; of 1.8 `user:password`, or empty where it has no users.
        org: Organisation, of 2.x.
        bucket: Database of 1.8; what the buckets of 2.x begin with. Made where it does not exist.
        raw_days: Days that the server keeps live readings at least; None: for ever. An existing
            retention policy is adjusted.
        aggregate_days: The same for their minutes and for anomaly events.
        patience: Seconds that the server has for an answer.

    Raises:
        BadInput: The server is of another version, or refuses us; so with every method.
        Unavailable: It does not answer; so with every method.
    """

    def __init__(
        self,
        url: str,
        token: str = "",
        org: str = "opsmith",
        bucket: str = "opsmith",
        raw_days: int | None = None,
        aggregate_days: int | None = None,
        patience: float = 30.0,
    ) -> None:
        self._server = Influx(url, token, org, bucket, patience)
        self._server.prepare(policies(raw_days, aggregate_days))
        self._known = _known.setdefault((url.rstrip("/"), bucket), Known())
        self._listed: tuple[float, int, Mapping[str, Extent]] = (NEVER, 0, {})

    @property
    def version(self) -> int:
        """The server's, 1 or 2."""
        return self._server.version

    def append(self, frames: Sequence[Frame], *, live: bool) -> Appended:
        """See `SeriesStore.append`."""
        total = sum(map(len, frames))
        if not total:
            return Appended(0, 0)
        devices = {device_id for frame in frames for device_id in frame.devices}
        with self._known.lock:
            self._known.learn(self._server, devices)
            # Whatever goes wrong on the way: what is there then has to be asked for.
            self._known.forget(devices)
            append = Append(self._server, self._known, live=live)
            for frame in frames:
                append.add(frame)
            append.finish()
            self._known.sure(devices)
        return Appended(append.new, total - append.new)

    def read(
        self, device_id: str, start: datetime, end: datetime, channels: Sequence[str] | None = None
    ) -> ReadingBatch:
        """See `SeriesStore.read`."""
        rows = read_rows(self._server, device_id, micros(start), micros(end), channels)
        return rows.batch(device_id)

    def read_last(self, device_id: str, count: int, before: datetime) -> ReadingBatch:
        """See `SeriesStore.read_last`."""
        return read_last(self._server, device_id, count, micros(before)).batch(device_id)

    def aggregates(self, device_id: str, start: datetime, end: datetime) -> Aggregates:
        """See `SeriesStore.aggregates`; a mean may differ in its last digits."""
        until = rolled(self._server, device_id).get(device_id, NEVER)
        return all_minutes(self._server, device_id, micros(start), micros(end), until)

    def extent(self, device_id: str) -> Extent | None:
        """See `SeriesStore.extent`."""
        return extents(self._server, device_id).get(device_id)

    def extents(self) -> Mapping[str, Extent]:
        """See `SeriesStore.extents`; of other processes it is some seconds old."""
        told, changes, listed = self._listed
        if changes == self._known.changes and time.monotonic() - told < _LATELY:
            return listed
        changes = self._known.changes
        listed = extents(self._server)
        self._listed = (time.monotonic(), changes, listed)
        return listed

    def newest(self) -> datetime | None:
        """See `SeriesStore.newest`."""
        found = newest(self._server)
        return None if found is None else moment(found)

    def mark(self, marks: Sequence[AnomalyMark]) -> None:
        """See `SeriesStore.mark`."""
        write_marks(self._server, marks)

    def marks(self, device_id: str, start: datetime, end: datetime) -> Sequence[AnomalyMark]:
        """See `SeriesStore.marks`."""
        return read_marks(self._server, device_id, micros(start), micros(end))

    def expire(self, raw_before: datetime, aggregates_before: datetime) -> int:
        """See `SeriesStore.expire`; what is to go is counted into minutes before."""
        raw, minutes = micros(raw_before), micros(aggregates_before)
        roll_up(self._server, self._known, raw)
        return expire(self._server, self._known, raw, minutes)

    def close(self) -> None:
        """See `SeriesStore.close`; nothing waits."""
        self._server.close()
