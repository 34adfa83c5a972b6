"""Consumes from Kafka as a member of a group, in a thread of its own."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Mapping, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import confluent_kafka as driver
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from opsmith.bus.kafka_client import FORBIDDEN, REFUSED, Link, error_of, translated
from opsmith.bus.kafka_messages import messages_of
from opsmith.bus.kafka_places import Places
from opsmith.bus.kafka_seat import Seat
from opsmith.bus.kafka_topics import MISSING, Topics
from opsmith.errors import OpsmithError
from opsmith.ports import Message, Place

SLICE = 0.1
"""Seconds that a wait lasts before it is looked at whether anybody still waits."""
PATIENCE = 3.0
"""Seconds that the brokers may be away before those who read are told."""
COMMITTING = 5.0
"""Seconds in which a commit is tried again while the brokers are away or change places."""
LEAVING = 2.0
"""Seconds to give back one's partitions."""
START = 5.0
"""Seconds to learn where a partition's work starts."""

UNSETTLED = frozenset(
    {
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError.FENCED_MEMBER_EPOCH,
        KafkaError.STALE_MEMBER_EPOCH,
        KafkaError._ASSIGNMENT_LOST,
        KafkaError._FENCED,
    }
)
"""Partitions are being shared out, or went to others meanwhile."""

DEAD = frozenset({KafkaError._FATAL, KafkaError.FENCED_INSTANCE_ID})
"""The client is of no use any more, as one that was away for so long that its name was given up.
Of a message that tells so the driver does not say that it is fatal."""

FINAL = FORBIDDEN | REFUSED | {KafkaError.INCONSISTENT_GROUP_PROTOCOL}
"""No attempt will help until somebody changes something."""


class KafkaConsumer:
    """See `opsmith.ports.Consumer`.

    Where it raises `Unavailable` it stays what it is: once the brokers are back, `getmany` goes
    on where it was. It rejoins its group by itself where it was away for too long.

    Args:
        config: Of the driver, with the group.
        topics: What it reads; they exist.
        known: Makes topics that are gone.
        where: The brokers, for errors.
        link: What is known about them.
        seat: Its name at the brokers; None: it has none.
    """

    def __init__(
        self,
        config: dict[str, Any],
        topics: Sequence[str],
        known: Topics,
        where: str,
        link: Link,
        seat: Seat | None = None,
    ) -> None:
        self._topics = list(topics)
        self._known = known
        self._where = where
        self._link = link
        self._seat = seat
        self._doing = f"reading {', '.join(topics)} as {config['group.id']}"
        self._places = Places()
        self._taking: Future[list[Message]] | None = None
        self._left: Sequence[Message] = ()
        self._error: OpsmithError | None = None
        self._dead: OpsmithError | None = None
        """The driver's client can do nothing more: whoever has it needs a new one."""
        self._committing: Future[list[TopicPartition]] | None = None
        self._unwanted = threading.Event()
        self.closed = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kafka-consumer")
        self._client = driver.Consumer(
            config
            | ({"group.instance.id": seat.name} if seat is not None else {})
            | {
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                # A member keeps what it has, so that it need not learn its devices anew.
                "partition.assignment.strategy": "cooperative-sticky",
                "heartbeat.interval.ms": min(3_000, config["session.timeout.ms"] // 3),
                # What is fetched ahead: about 24 MB at most, and soon again once it was taken.
                "queued.min.messages": 50_000,
                "queued.max.messages.kbytes": 16_384,
                "fetch.max.bytes": 8_388_608,
                "fetch.message.max.bytes": 1_048_576,
                "fetch.queue.backoff.ms": 10,
                "fetch.error.backoff.ms": 100,
                "topic.metadata.refresh.interval.ms": 60_000,
                "error_cb": link.failed,
            }
        )
        self._client.subscribe(
            self._topics, on_assign=self._gained, on_revoke=self._taken, on_lost=self._taken
        )

    async def getmany(self, max_records: int, timeout: float) -> Sequence[Message]:
        """See `Consumer.getmany`.

        Raises:
            BadInput: The brokers do not let us in, or the user lacks a right.
            Unavailable: The brokers have been away for 3 s.
        """
        found = self._left
        if not found:
            # A call that was cancelled may have left one that still takes messages.
            taking = self._taking
            if taking is None or taking.cancelled():
                self._unwanted.clear()
                taking = self._taking = self._thread.submit(self._take, max_records, timeout)
            try:
                found = await asyncio.wrap_future(taking)
            except asyncio.CancelledError:
                self._unwanted.set()
                raise
            except BaseException:
                self._taking = None
                raise
            self._taking = None
        self._left = found[max_records:]
        return found[:max_records]

    async def commit(self, messages: Sequence[Message]) -> None:
        """See `Consumer.commit`.

        Raises:
            BadInput: The user may not commit for the group.
            Unavailable: The brokers did not answer for 5 s.
        """
        offsets: dict[Place, int] = {}
        for topic, partition, offset, _, _ in messages:
            place = (topic, partition)
            if offsets.get(place, 0) <= offset:
                offsets[place] = offset + 1
        if offsets:
            await asyncio.wrap_future(self._thread.submit(self._commit, offsets, COMMITTING))

    async def rewind(self) -> None:
        """See `Consumer.rewind`.

        Raises:
            Unavailable: Where to go on is not known, and the brokers do not say.
        """
        # What a call that was cancelled still takes is delivered again too.
        self._unwanted.set()
        self._taking, self._left = None, ()
        await asyncio.wrap_future(self._thread.submit(self._rewind, None))

    def lost(self) -> frozenset[Place]:
        """See `Consumer.lost`."""
        return self._places.lost()

    def lag(self) -> int:
        """See `Consumer.lag`; asks nobody."""
        total = 0
        for (topic, partition), done in self._places.held.items():
            try:
                low, high = self._client.get_watermark_offsets(
                    TopicPartition(topic, partition), cached=True
                )
            except (KafkaException, RuntimeError):
                continue
            # They are below zero where nothing was fetched yet.
            total += max(0, high - max(done, low, 0))
        return total

    async def close(self) -> None:
        """See `Consumer.close`."""
        if self.closed:
            return
        self.closed = True
        self._unwanted.set()
        try:
            # Whoever is cancelled here leaves the group all the same.
            await asyncio.shield(asyncio.wrap_future(self._thread.submit(self._leave)))
        finally:
            if self._seat is not None:
                self._seat.leave()
            self._link.close()
            self._thread.shutdown(wait=False)

    def _leave(self) -> None:
        """Leave the group, in the thread."""
        if self._seat is not None:
            # Who has a name is kept for until the session ends, unless it gives up its topics.
            with contextlib.suppress(KafkaException):
                self._client.unsubscribe()
            end = time.monotonic() + LEAVING
            self._client.consume(1, SLICE)
            while self._places.held and self._dead is None and time.monotonic() < end:
                self._client.consume(1, SLICE)
        self._client.close()

    def _take(self, most: int, timeout: float) -> list[Message]:
        """The next messages, in the thread."""
        end = time.monotonic() + timeout
        while True:
            if self._dead is not None:
                raise self._dead
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            found = self._look(most, min(SLICE, max(0.0, end - time.monotonic())))
            if found:
                # What was fetched ahead says nothing of brokers that have gone since.
                if not self._link.suspect:
                    self._link.answered()
                return found
            if self._error is not None:
                continue
            self._ask()
            if owed := self._places.owed:
                self._commit(owed, 0)
            if time.monotonic() >= end or self._unwanted.is_set():
                return []

    def _look(self, most: int, wait: float) -> list[Message]:
        """What is there: at least one where one comes in time."""
        # The driver waits until it has all it was asked for: wait for one, then take what is there.
        try:
            raw = self._client.consume(1, wait)
            self._places.gone.clear()
            if raw and most > 1:
                raw += self._client.consume(most - 1, 0)
        except KafkaException as error:
            raise translated(error_of(error), self._where, self._doing) from error
        found = messages_of([m for m in raw if m.error() is None])
        if len(found) < len(raw):
            for m in raw:
                if error := m.error():
                    self._failed(error, m.topic() or "")
        if gone := self._places.gone:
            # They were fetched before the partition went, or went and came back.
            found = [m for m in found if (m.topic, m.partition) not in gone]
            self._rewind(gone)
        return found

    def _failed(self, error: KafkaError, topic: str) -> None:
        code = error.code()
        if code in MISSING:
            # Deleted, or so new that not every broker knows it; its offsets begin anew.
            self._known.forget(topic)
            self._places.renewed(topic)
            try:
                self._known.ensure((topic,))
            except OpsmithError as why:
                self._error = why
        elif code in DEAD or error.fatal():
            self._dead = translated(error, self._where, self._doing)
        elif code in FINAL:
            self._error = translated(error, self._where, self._doing)
        else:
            # Being too late for a poll included: the driver joins again.
            self._link.suspect = True

    def _ask(self) -> None:
        """Where the brokers seem to be away: whether they are, and for how long."""
        if self._link.refusal is not None:
            raise translated(self._link.refusal, self._where, self._doing)
        if not self._link.suspect:
            return
        try:
            self._client.list_topics(self._topics[0], timeout=1)
        except KafkaException as error:
            if self._link.away() >= PATIENCE or self._link.told:
                self._link.told = True
                raise translated(error_of(error), self._where, self._doing) from error
        else:
            self._link.answered()

    def _commit(self, offsets: Mapping[Place, int], patience: float) -> None:
        """Commit, in the thread; try again for `patience` seconds while the brokers are away."""
        end = time.monotonic() + patience
        left = self._places.owed | dict(offsets)
        while True:
            left = self._places.news(left)
            error = self._committed(left, max(SLICE, end - time.monotonic()))
            if error is None:
                return
            over = time.monotonic() >= end or self.closed
            if error.code() in FINAL or (over and patience):
                self._link.suspect = self._link.told = True
                raise translated(error, self._where, "committing")
            if over:
                return
            time.sleep(SLICE)

    def _committed(self, offsets: Mapping[Place, int], wait: float) -> KafkaError | None:
        """Commit once, within `wait` seconds; the error where it can succeed later."""
        if not offsets:
            return None
        wanted = [TopicPartition(t, p, offset) for (t, p), offset in offsets.items()]
        try:
            errors = [(p, p.error) for p in self._sent(wanted).result(wait)]
        except TimeoutError:
            return KafkaError(KafkaError._TIMED_OUT)
        except KafkaException as raised:
            errors = [(p, error_of(raised)) for p in wanted]
        failed: KafkaError | None = None
        for at, error in errors:
            place = (at.topic, at.partition)
            if error is None:
                self._link.answered()
                self._places.committed(place, offsets[place])
            elif error.code() in UNSETTLED:
                # It may stay ours, and no further message may come to commit it with; where it
                # went, the driver says so soon, the next member does the work again, and nothing
                # is owed any more.
                self._places.owe(place, offsets[place])
            else:
                failed = error
        return failed

    def _sent(self, wanted: list[TopicPartition]) -> "Future[list[TopicPartition]]":
        """Commit in a thread of its own: the driver waits for brokers that are away without end."""
        before = self._committing
        if before is not None and not before.done():
            # It may be of other offsets: who waits for it takes it for a failure in the end.
            return Future()
        done: Future[list[TopicPartition]] = Future()

        def commit() -> None:
            try:
                done.set_result(self._client.commit(offsets=wanted, asynchronous=False))
            except BaseException as error:
                done.set_exception(error)

        self._committing = done
        threading.Thread(target=commit, name="kafka-commit", daemon=True).start()
        return done

    def _gained(self, client: driver.Consumer, places: list[TopicPartition]) -> None:
        """The driver's callback: begin at the committed places."""
        try:
            starts = client.committed(places, timeout=START)
        except KafkaException:
            # The driver asks again by itself, until it knows.
            starts = places
        offsets = {(p.topic, p.partition): p.offset if p.error is None else -1 for p in starts}
        self._places.gained(offsets)
        client.incremental_assign(
            [
                TopicPartition(*place, offset if offset >= 0 else driver.OFFSET_STORED)
                for place, offset in offsets.items()
            ]
        )

    def _taken(self, client: driver.Consumer, places: list[TopicPartition]) -> None:
        """The driver's callback: they are no longer ours."""
        self._places.taken((place.topic, place.partition) for place in places)
        client.incremental_unassign(places)

    def _rewind(self, places: Set[Place] | None) -> None:
        """Go back to the committed places, of these partitions or of all, in the thread."""
        if self._dead is not None:
            raise self._dead
        held = {p: o for p, o in self._places.held.items() if places is None or p in places}
        try:
            at = self._client.position([TopicPartition(*place) for place in held])
            # Below zero where nothing was delivered.
            back = [p for p in at if p.offset > held[p.topic, p.partition]]
            unknown = [p for p in back if held[p.topic, p.partition] < 0]
            if unknown:
                for p in self._client.committed(unknown, timeout=START):
                    held[p.topic, p.partition] = p.offset
            for p in back:
                start = held[p.topic, p.partition]
                start = start if start >= 0 else driver.OFFSET_BEGINNING
                self._client.seek(TopicPartition(p.topic, p.partition, start))
        except KafkaException as error:
            raise translated(error_of(error), self._where, self._doing) from error
