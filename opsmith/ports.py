"""What we ask of a server, embedded or real. Adapters: `opsmith.storage`, `opsmith.bus`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from opsmith.domain.alerts import AlertLevel, AlertType
from opsmith.domain.readings import Aggregates, Frame, ReadingBatch


@dataclass(frozen=True, slots=True)
class Appended:
    """What an append changed."""

    new: int
    """Readings that were not there before, or that said something else."""
    repeated: int
    """Readings that were there already: nothing changed."""


@dataclass(frozen=True, slots=True)
class Extent:
    """From when to when a device has readings."""

    first: datetime
    last: datetime
    count: int


@dataclass(frozen=True, slots=True)
class AnomalyMark:
    """One change of an alert, at its place in the readings; the key is (trace_id, time, change)."""

    device_id: str
    time: datetime
    """The reading at which it was decided."""
    trace_id: str
    alert_type: AlertType
    change: Literal["raised", "updated", "cleared"]
    level: AlertLevel
    score: float
    """Dimensionless; 1 is the limit."""


class SeriesStore(Protocol):
    """Readings over time. Every method raises `Unavailable` where the server does not answer."""

    def append(self, frames: Sequence[Frame], *, live: bool) -> Appended:
        """Store readings durably, all or none, with their one-minute aggregates.

        The key is (device, time): a repeat changes nothing; another value for the same key and
        channel replaces the first. Late and out-of-order readings are welcome.

        Args:
            frames: Any number of devices; a device may come in more than one of them.
            live: False for imported history, which retention does not touch.
        """
        ...

    def read(
        self, device_id: str, start: datetime, end: datetime, channels: Sequence[str] | None = None
    ) -> ReadingBatch:
        """The readings in [start, end), oldest first; empty where there are none."""
        ...

    def read_last(self, device_id: str, count: int, before: datetime) -> ReadingBatch:
        """The last `count` readings before that moment, oldest first."""
        ...

    def aggregates(self, device_id: str, start: datetime, end: datetime) -> Aggregates:
        """The one-minute statistics of the minutes that start in [start, end)."""
        ...

    def extent(self, device_id: str) -> Extent | None:
        """From when to when the device has readings, or None."""
        ...

    def extents(self) -> Mapping[str, Extent]:
        """The same for every device that has any."""
        ...

    def newest(self) -> datetime | None:
        """The time of the newest reading of all, or None."""
        ...

    def mark(self, marks: Sequence[AnomalyMark]) -> None:
        """Store anomaly events durably, all or none; a repeat changes nothing."""
        ...

    def marks(self, device_id: str, start: datetime, end: datetime) -> Sequence[AnomalyMark]:
        """The anomaly events of a device in [start, end), oldest first."""
        ...

    def expire(self, raw_before: datetime, aggregates_before: datetime) -> int:
        """Delete live readings and aggregates older than that; how many raw readings went.

        Anomaly events go with the aggregates around them. Imported history stays.
        """
        ...

    def close(self) -> None:
        """Flush and close."""
        ...


class Cooldown(Protocol):
    """Remembers what was announced lately, so that one fault raises one alert."""

    def claim(self, key: str, period: timedelta, now: datetime) -> bool:
        """Claim `key` for `period` of plant time: True if it was free, False if claimed still."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a topic."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes


class Consumer(Protocol):
    """One member of a consumer group."""

    async def getmany(self, max_records: int, timeout: float) -> Sequence[Message]:
        """The next messages after those it got; empty after `timeout` seconds."""
        ...

    async def commit(self, messages: Sequence[Message]) -> None:
        """The work on these is done; whoever comes next starts after them."""
        ...

    async def close(self) -> None:
        """Leave the group; what was not committed is delivered again to whoever stays or comes."""
        ...


class Bus(Protocol):
    """Topics with the semantics of Kafka's: partitions by key, groups, at-least-once."""

    async def publish(self, topic: str, items: Sequence[tuple[str, bytes]]) -> None:
        """Append (key, value) pairs; returns when the bus has them. Waits where it is full."""
        ...

    async def subscribe(self, topics: Sequence[str], group: str) -> Consumer:
        """Join a group, at its committed place, or at the beginning where it has none."""
        ...

    async def close(self) -> None:
        """Close every consumer and connection."""
        ...
