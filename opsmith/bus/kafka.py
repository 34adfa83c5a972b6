"""The bus on Apache Kafka: any number of processes on any hosts share the work."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from confluent_kafka import KafkaException

from opsmith.bus.kafka_client import Link, Outage, configuration, error_of
from opsmith.bus.kafka_consumer import KafkaConsumer
from opsmith.bus.kafka_producer import KafkaProducer
from opsmith.bus.kafka_seat import take_seat
from opsmith.bus.kafka_topics import Topics
from opsmith.errors import BadInput
from opsmith.settings import Settings

POLL_INTERVAL = 300.0
"""Seconds that a batch's work may take before its partitions go to others."""


class KafkaBus:
    """See `opsmith.ports.Bus`. Nothing is connected before the first call.

    Args:
        settings: The brokers, and how they are spoken to.
        poll_interval: Seconds from one `getmany` to the next after which they go to others;
            at least `kafka_session`.
        seats: Folder in which members keep their names, so that one that was killed goes on at
            once when it is started again; None: it waits until its old self counts as dead.

    Raises:
        BadInput: The driver is not installed, or takes the settings for wrong.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        poll_interval: float = POLL_INTERVAL,
        seats: Path | None = None,
    ) -> None:
        self._settings = settings
        self._seats = seats
        self._where = settings.kafka_servers
        self._member = {
            "session.timeout.ms": int(settings.kafka_session * 1000),
            "max.poll.interval.ms": int(poll_interval * 1000),
        }
        self._outage = Outage(self._where)
        self._config = configuration(settings)
        self._producer: KafkaProducer | None = None
        self._consumers: list[KafkaConsumer] = []
        self._read: dict[str, set[str]] = {}
        self._topics = Topics(settings, Link(self._outage))

    @property
    def away(self) -> float | None:
        """Seconds since the brokers stopped answering, or None while they answer."""
        return self._outage.seconds

    async def publish(self, topic: str, items: Sequence[tuple[str, bytes]]) -> None:
        """See `Bus.publish`, and `KafkaProducer.publish` for what it raises."""
        if not items:
            return
        await self._ensure((topic,))
        if self._producer is None:
            self._producer = self._made_producer()
        await self._producer.publish(topic, items)

    async def subscribe(self, topics: Sequence[str], group: str) -> KafkaConsumer:
        """See `Bus.subscribe`. The topics are made where they do not exist.

        Raises:
            BadInput: A topic does not exist and may not be made.
            Unavailable: The brokers do not answer.
        """
        await self._ensure(topics)
        config = self._config | self._member | {"group.id": group}
        seat = None
        if self._seats is not None:
            seat = await asyncio.to_thread(take_seat, self._seats, group)
        link = Link(self._outage)
        try:
            consumer = KafkaConsumer(config, topics, self._topics, self._where, link, seat)
        except KafkaException as error:
            if seat is not None:
                seat.leave()
            raise self._refused(error) from error
        self._read.setdefault(group, set()).update(topics)
        self._consumers = [c for c in self._consumers if not c.closed] + [consumer]
        return consumer

    async def behind(self, group: str) -> int:
        """See `Bus.behind`."""
        return await asyncio.to_thread(self._topics.behind, group, self._read.get(group, ()))

    async def close(self) -> None:
        """See `Bus.close`."""
        consumers, self._consumers = self._consumers, []
        await asyncio.gather(*(consumer.close() for consumer in consumers))
        producer, self._producer = self._producer, None
        if producer is not None:
            await asyncio.to_thread(producer.close)
        await asyncio.to_thread(self._topics.close)

    async def _ensure(self, topics: Sequence[str]) -> None:
        if not all(map(self._topics.knows, topics)):
            try:
                await asyncio.to_thread(self._topics.ensure, topics)
            except KafkaException as error:
                raise self._refused(error) from error

    def _made_producer(self) -> KafkaProducer:
        try:
            return KafkaProducer(
                self._config,
                self._settings.kafka_idempotent,
                self._topics,
                self._where,
                Link(self._outage),
            )
        except KafkaException as error:
            raise self._refused(error) from error

    def _refused(self, error: KafkaException) -> BadInput:
        return BadInput(
            f"Kafka's driver does not take the settings OPSMITH_KAFKA_...: {error_of(error).str()}"
        )
