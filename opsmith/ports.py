"""What we ask of a server, embedded or real. Adapters: `opsmith.storage`, `opsmith.bus`."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, Protocol

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
    """Remembers what was announced lately, for all workers; it may forget, and then lets more by.

    Every method raises `Unavailable` where the server does not answer.
    """

    def claim(self, key: str, member: str, most: int, period: timedelta, now: datetime) -> bool:
        """Take one of `most` places under `key` for `period` of plant time, in one atomic step.

        Args:
            key: What is limited, such as `rate:limit:PUMP_01`.
            member: Who takes the place; one that holds a place still keeps it: True again.
            most: Places under the key.
            period: How long a place is held, from `now` on.
            now: Plant time; a place that was taken later than `now` counts as held.

        Returns:
            Whether it has a place.
        """
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class Message(NamedTuple):
    """One message of a topic."""

    topic: str
    partition: int
    offset: int
    key: str
    """Empty text where it has none, or one that is no UTF-8."""
    value: bytes


Place = tuple[str, int]
"""A topic and the number of a partition."""


class Consumer(Protocol):
    """One member of a consumer group."""

    async def getmany(self, max_records: int, timeout: float) -> Sequence[Message]:
        """The next messages after those it got; empty after `timeout` seconds."""
        ...

    async def commit(self, messages: Sequence[Message]) -> None:
        """The work on these is done; whoever comes next starts after them.

        Of partitions that went to others meanwhile nothing is committed: they do the work again.
        """
        ...

    async def rewind(self) -> None:
        """Deliver again what was delivered and not committed."""
        ...

    def lost(self) -> frozenset[Place]:
        """Partitions that were taken from this member since it was asked last."""
        ...

    def lag(self) -> int:
        """Messages of this member's partitions that it has not committed, as known by now."""
        ...

    async def close(self) -> None:
        """Leave the group; what was not committed is delivered again to whoever stays or comes."""
        ...


class Bus(Protocol):
    """Topics with the semantics of Kafka's: partitions by key, groups, at-least-once.

    Every method, and those of its consumers, raise `Unavailable` where the brokers do not answer.
    """

    async def publish(self, topic: str, items: Sequence[tuple[str, bytes]]) -> None:
        """Append (key, value) pairs; returns when the bus has them. Waits where it is full.

        Where it raises, any of them may have been appended: publish them all again.
        """
        ...

    async def subscribe(self, topics: Sequence[str], group: str) -> Consumer:
        """Join a group, at its committed place, or at the beginning where it has none."""
        ...

    async def behind(self, group: str) -> int:
        """Messages of its topics that the group has not committed, whoever its members are."""
        ...

    async def close(self) -> None:
        """Close every consumer and connection."""
        ...


class Bell(Protocol):
    """What one feed listens to."""

    async def wait(self, timeout: float) -> bool:
        """Return once it was rung since the last wait, or after `timeout` seconds; whether so."""
        ...


class Wake(Protocol):
    """Wakes live feeds when something was announced; what is new they read from the tables.

    A ring may be lost, and then costs a feed the time until its next look. Nothing raises.
    """

    def ring(self, *topics: str) -> None:
        """Say that something was announced on these topics; from any thread, at once."""
        ...

    def listen(self, topics: Iterable[str]) -> AbstractContextManager[Bell]:
        """Listen to these topics from within an event loop; rings are kept between two waits."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...
