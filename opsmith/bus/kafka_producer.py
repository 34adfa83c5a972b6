"""Publishes to Kafka: everything is acknowledged, or the caller hears that it is not."""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from opsmith.bus.kafka_client import Link, error_of, translated
from opsmith.bus.kafka_topics import MISSING, Topics
from opsmith.errors import BadInput, OpsmithError

DELIVERY = 20.0
"""Seconds that the brokers have to acknowledge a message."""
LARGEST = 8_000_000
"""Bytes of a message that are offered to the brokers, who take about a million by default."""
QUEUED = 20_000
"""Messages that wait for acknowledgement at most; publishers then wait."""
QUEUED_KB = 32_768
"""The same in kilobytes."""
FULL = 0.01
"""Seconds between looks at whether there is room again."""
SERVED = 0.2
"""Seconds between looks at whether to stop, where nothing happens."""
TURN = 500
"""Messages that are handed over before the rest of the event loop has its turn."""

UNFIT = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_MSG_SIZE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.INVALID_RECORD,
    }
)
"""The brokers will never take this message."""


class _Batch:
    """One call of `publish`: how much of it is decided, and what went wrong."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.decided = loop.create_future()
        self.sent = 0
        self.error: KafkaError | None = None
        self.unfit: str | None = None
        self._loop = loop
        self._reported = 0
        self._complete = False

    def complete(self) -> None:
        """All are handed over. Called by the event loop, as is what counts `sent`."""
        self._complete = True
        if self._reported == self.sent:
            self._decide()

    def reported(self, error: KafkaError | None, message: Message) -> None:
        """The driver's word on one message, in the thread that serves the producer."""
        if error is not None:
            self.failed(error, message.key(), len(message))
        self._reported += 1
        if self._complete and self._reported == self.sent:
            # The loop may have gone, with whoever waited.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._decide)

    def failed(self, error: KafkaError, key: bytes | None, size: int) -> None:
        """One message will not be appended."""
        if error.code() in UNFIT:
            name = (key or b"").decode(errors="replace")[:64]
            self.unfit = self.unfit or f"a message of {size} bytes of {name!r}: {error.str()}"
        else:
            self.error = self.error or error

    def _decide(self) -> None:
        if not self.decided.done():
            self.decided.set_result(None)


class KafkaProducer:
    """One producer, and the thread that serves it.

    Args:
        config: Of the driver, as for all clients.
        idempotent: Have the brokers drop what is repeated after an error.
        known: Told about topics that are gone.
        where: The brokers, for errors.
        link: What is known about them.
    """

    def __init__(
        self, config: dict[str, Any], idempotent: bool, known: Topics, where: str, link: Link
    ) -> None:
        self._known = known
        self._where = where
        self._link = link
        self._config = config | {
            "acks": "all",
            "enable.idempotence": idempotent,
            # Without it, a second request in flight would change the order after an error.
            "max.in.flight.requests.per.connection": 5 if idempotent else 1,
            "linger.ms": 5,
            "compression.type": "lz4",
            # The partition that Java's producers choose for the key.
            "partitioner": "murmur2_random",
            "message.timeout.ms": int(DELIVERY * 1000),
            "message.max.bytes": LARGEST,
            "queue.buffering.max.messages": QUEUED,
            "queue.buffering.max.kbytes": QUEUED_KB,
            "retry.backoff.ms": 100,
            "retry.backoff.max.ms": 1_000,
            "error_cb": link.failed,
        }
        self._client = Producer(self._config)
        self._topic = ""
        self._fatal: KafkaError | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="kafka-producer", daemon=True)
        self._thread.start()

    async def publish(self, topic: str, items: Sequence[tuple[str, bytes]]) -> None:
        """See `Bus.publish`.

        Raises:
            BadInput: The brokers will never take one of them. Some or all of the others were
                appended; published one by one, only what is unfit raises this.
            Unavailable: Not all were acknowledged in 20 s.
        """
        self._topic = topic
        if self._fatal is not None:
            self._client = Producer(self._config)
            self._fatal = None
        batch = _Batch(asyncio.get_running_loop())
        for number, (key, value) in enumerate(items):
            while not self._handed(batch, topic, key, value):
                await asyncio.sleep(FULL)
            if number % TURN == TURN - 1:
                await asyncio.sleep(0)
        batch.complete()
        await batch.decided
        doing = f"publishing to the topic {topic}"
        if batch.error is not None:
            if batch.error.code() in MISSING:
                self._known.forget(topic)
            raise self._translated(batch.error, doing)
        if batch.unfit is not None:
            raise BadInput(
                f"Kafka at {self._where} will never take {batch.unfit}; shorten it, or raise "
                f"max.message.bytes of the topic {topic}"
            )

    def close(self) -> None:
        """Deliver what waits, as far as the brokers answer; blocks for 5 s at most."""
        with suppress(KafkaException):
            self._client.flush(5)
        self._closing.set()
        self._thread.join(5)
        self._link.close()

    def _handed(self, batch: _Batch, topic: str, key: str, value: bytes) -> bool:
        """Whether there was room for it; an unfit one needs none."""
        name = key.encode(errors="replace")
        try:
            self._client.produce(topic, value, name, on_delivery=batch.reported)
        except BufferError:
            return False
        except KafkaException as error:
            batch.failed(error_of(error), name, len(value))
        else:
            batch.sent += 1
        return True

    def _serve(self) -> None:
        while not self._closing.is_set():
            if self._fatal is not None:
                # Until somebody publishes again.
                self._closing.wait(SERVED)
            elif not self._polled():
                self._end()
            elif self._link.suspect and self._topic:
                self._ask()

    def _polled(self) -> bool:
        """Whether the producer is still of use."""
        try:
            self._client.poll(SERVED)
        except KafkaException as error:
            self._link.failed(error_of(error))
        return self._link.refusal is None or not self._link.refusal.fatal()

    def _end(self) -> None:
        """Give up what waits: such a producer takes nothing any more, another one may."""
        with suppress(KafkaException):
            self._client.purge()
        for _ in range(10):
            with suppress(KafkaException):
                if not self._client.flush(SERVED):
                    break
        self._fatal, self._link.refusal = self._link.refusal, None

    def _ask(self) -> None:
        try:
            self._client.list_topics(self._topic, timeout=1)
        except KafkaException:
            self._link.away()
        else:
            self._link.answered()

    def _translated(self, error: KafkaError, doing: str) -> OpsmithError:
        fatal = self._fatal
        if fatal is not None and fatal.code() == KafkaError.CLUSTER_AUTHORIZATION_FAILED:
            return BadInput(
                f"Kafka at {self._where} forbids {doing} ({fatal.str()}); grant its user WRITE, "
                "or, with old brokers, set OPSMITH_KAFKA_IDEMPOTENT=false"
            )
        return translated(fatal or self._link.refusal or error, self._where, doing)
