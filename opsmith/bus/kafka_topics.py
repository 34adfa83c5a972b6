"""Kafka's topics as opsmith needs them: found, or made once, and never changed."""

import threading
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, TypeVar

import confluent_kafka as driver
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from opsmith.bus.kafka_client import ANSWER, FORBIDDEN, Link, configuration, error_of, translated
from opsmith.domain.events import ALERTS, DEAD, ORDERS, RAW, REPORTS
from opsmith.errors import BadInput, Unavailable
from opsmith.settings import Settings

T = TypeVar("T")

RAW_KEPT = timedelta(hours=24)
"""Readings are in the series store by then."""
KEPT = timedelta(days=30)
"""Dead letters and announcements: a month to look at what went wrong, and to do it again."""
SEGMENT = timedelta(hours=1)
"""Kafka deletes whole segments: what is kept for hours needs short ones."""

MISSING = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC})

PATIENCE = 5.0
"""Seconds that a question is asked again while there is no answer."""
MOMENT = 1.0
"""Seconds that one question waits before it is looked at why there is no answer."""


class Topics:
    """What the brokers know of topics and groups. Its methods block, for 5 s where none answers.

    The driver's admin client ends the whole process where brokers go away under some of its
    requests, so it only makes topics, right after the brokers have answered something else.

    Args:
        settings: Where the brokers are, and how many partitions a new topic gets.
        link: What is known about them.
    """

    def __init__(self, settings: Settings, link: Link) -> None:
        self._where = settings.kafka_servers
        self._partitions = settings.kafka_partitions
        self._link = link
        # Nobody reads its log, which would only grow.
        self._config = configuration(settings) | {"log_level": 0}
        self._known: set[str] = set()
        self._clients: dict[str, driver.Consumer] = {}
        self._lock = threading.Lock()

    def ensure(self, topics: Iterable[str]) -> None:
        """Make the topics that do not exist; those that do are taken as they are.

        Raises:
            BadInput: One does not exist and we may not make it, or a name is none.
            Unavailable: The brokers do not answer.
        """
        with self._lock:
            for topic in topics:
                if topic not in self._known:
                    if not self._is_there(topic):
                        self._make(topic)
                        self._await(topic)
                    self._known.add(topic)

    def knows(self, topic: str) -> bool:
        """Whether it was there when somebody looked."""
        return topic in self._known

    def forget(self, topic: str) -> None:
        """It is gone: have it made again by the next `ensure`."""
        self._known.discard(topic)

    def behind(self, group: str, topics: Iterable[str]) -> int:
        """Messages that the group has not committed, of these topics and of ours that it read.

        Raises:
            BadInput: We may not ask that.
            Unavailable: The brokers do not answer.
        """
        read = set(topics)
        total = 0
        with self._lock:
            for topic in sorted(read | {RAW, DEAD, ALERTS, REPORTS, ORDERS}):
                try:
                    total += self._behind(group, topic, topic in read)
                except BadInput:
                    if topic in read:
                        raise
        return total

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
            self._link.close()

    def _behind(self, group: str, topic: str, is_read: bool) -> int:
        places = [TopicPartition(topic, number) for number in range(self._partitions_of(topic))]
        if not places:
            return 0
        client, doing = self._client(group), f"asking what the group {group} has read"
        done = self._answer(lambda: client.committed(places, timeout=MOMENT), doing)
        if not is_read and all(place.offset < 0 for place in done):
            return 0
        ends = self._answer(
            lambda: [client.get_watermark_offsets(place, timeout=MOMENT) for place in done], doing
        )
        # What was deleted meanwhile is not waiting any more.
        return sum(
            max(0, high - max(place.offset, low))
            for place, (low, high) in zip(done, ends, strict=True)
        )

    def _client(self, group: str = "opsmith") -> driver.Consumer:
        """One that asks in the name of the group, and never joins it."""
        if group not in self._clients:
            config = self._config | {"group.id": group, "error_cb": self._link.failed}
            self._clients[group] = driver.Consumer(config)
        return self._clients[group]

    def _is_there(self, topic: str) -> bool:
        try:
            return self._partitions_of(topic) > 0
        except BadInput:
            if self._link.refusal is not None:
                raise
            # The brokers do not say whether what we may not see exists; making it shows.
            return False

    def _partitions_of(self, topic: str) -> int:
        """0 where it does not exist."""
        doing = f"looking for the topic {topic}"
        client = self._client()
        # The brokers make none for being asked: a consumer's questions do not allow that.
        found = self._answer(lambda: client.list_topics(topic, timeout=MOMENT), doing)
        error: KafkaError | None = found.topics[topic].error
        if error is None:
            return len(found.topics[topic].partitions)
        if error.code() in MISSING:
            return 0
        raise self._unnamed(topic, error) or translated(error, self._where, doing)

    def _make(self, topic: str) -> None:
        kept = RAW_KEPT if topic == RAW else KEPT
        config = {"retention.ms": _milliseconds(kept), "cleanup.policy": "delete"}
        if topic == RAW:
            config["segment.ms"] = _milliseconds(SEGMENT)
        admin: Any = AdminClient(self._config)
        new = NewTopic(topic, self._partitions, -1, config=config)
        try:
            admin.create_topics([new], request_timeout=ANSWER)[topic].result(ANSWER + 1)
        except KafkaException as raised:
            error = error_of(raised)
            if error.code() == KafkaError.TOPIC_ALREADY_EXISTS:
                # Somebody else was quicker.
                return
            if error.code() in FORBIDDEN or error.code() == KafkaError.POLICY_VIOLATION:
                raise BadInput(
                    f"Kafka at {self._where} has no topic {topic} that we may see, and we may not "
                    f"make it ({error.str()}); grant the user READ and WRITE, or CREATE, or have "
                    f"it made with {self._partitions} partitions and "
                    f"retention.ms={config['retention.ms']}"
                ) from raised
            raise self._unnamed(topic, error) or translated(
                error, self._where, f"making the topic {topic}"
            ) from raised

    def _await(self, topic: str) -> None:
        """A broker may take a moment to hear what another one made."""
        end = time.monotonic() + ANSWER
        while not self._partitions_of(topic):
            if time.monotonic() >= end:
                raise Unavailable(f"Kafka at {self._where} made the topic {topic}, but lacks it")
            time.sleep(0.05)

    def _unnamed(self, topic: str, error: KafkaError) -> BadInput | None:
        if error.code() in {KafkaError.TOPIC_EXCEPTION, KafkaError.INVALID_REQUEST}:
            return BadInput(f"Kafka at {self._where} takes no topic {topic!r}: {error.str()}")
        return None

    def _answer(self, ask: Callable[[], T], doing: str) -> T:
        """What the brokers say, once they do.

        Args:
            ask: Waits a moment for it.
            doing: For the error.
        """
        end = time.monotonic() + PATIENCE
        while True:
            try:
                answer = ask()
            except KafkaException as raised:
                error = error_of(raised)
                for client in self._clients.values():
                    # Serves what befell the client, such as a wrong password.
                    client.poll(0)
                refusal = self._link.refusal
                if refusal is not None or error.code() in FORBIDDEN or time.monotonic() >= end:
                    raise translated(refusal or error, self._where, doing) from raised
                self._link.away()
                time.sleep(0.05)
            else:
                self._link.answered()
                return answer


def _milliseconds(period: timedelta) -> str:
    return str(int(period.total_seconds() * 1000))
