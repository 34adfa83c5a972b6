"""The in-process bus: Kafka's semantics in one event loop, announcements kept in a journal."""

import asyncio
import zlib
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from opsmith.bus.journal import Journal
from opsmith.ports import Message, Place

CAPACITY = 20_000
"""Messages a partition holds that its slowest group has not committed; publishers then wait."""


@dataclass
class _Partition:
    first: int = 0
    """Offset of the oldest message that is held."""
    held: deque[Message] = field(default_factory=deque[Message])

    @property
    def end(self) -> int:
        return self.first + len(self.held)


@dataclass
class _Group:
    topics: set[str] = field(default_factory=set[str])
    committed: dict[Place, int] = field(default_factory=dict[Place, int])
    members: list["MemoryConsumer"] = field(default_factory=list["MemoryConsumer"])


class MemoryBus:
    """See `opsmith.ports.Bus`.

    What was journaled and not committed is delivered after a restart, as Kafka would. A topic
    that no group ever subscribed to keeps its newest messages.

    Args:
        partitions: Of every topic.
        journal: Keeps the topics that it names; None: everything ends with the process.
    """

    def __init__(self, partitions: int = 3, journal: Journal | None = None) -> None:
        self._count = partitions
        self._journal = journal
        self._topics: dict[str, list[_Partition]] = {}
        self._groups: dict[str, _Group] = {}
        self._changed = asyncio.Condition()

    async def publish(self, topic: str, items: Sequence[tuple[str, bytes]]) -> None:
        """See `Bus.publish`."""
        partitions = self._partitions(topic)
        async with self._changed:
            for start in range(0, len(items), 1000):
                part = items[start : start + 1000]
                await self._changed.wait_for(lambda: self._has_room(topic))
                messages: list[Message] = []
                for key, value in part:
                    number = zlib.crc32(key.encode()) % self._count
                    partition = partitions[number]
                    message = Message(topic, number, partition.end, key, value)
                    partition.held.append(message)
                    messages.append(message)
                if self._journal is not None and self._is_journaled(topic):
                    self._journal.append(messages)
                self._trim(topic)
                self._changed.notify_all()

    async def subscribe(self, topics: Sequence[str], group: str) -> "MemoryConsumer":
        """See `Bus.subscribe`."""
        async with self._changed:
            known = self._groups.setdefault(group, _Group())
            for topic in topics:
                partitions = self._partitions(topic)
                known.topics.add(topic)
                for number, partition in enumerate(partitions):
                    stored = self._journal and self._journal.committed(group, topic, number)
                    place = max(stored or 0, partition.first)
                    known.committed.setdefault((topic, number), place)
            consumer = MemoryConsumer(self, group)
            known.members.append(consumer)
            self._rebalance(known)
            self._changed.notify_all()
        return consumer

    async def behind(self, group: str) -> int:
        """See `Bus.behind`."""
        return self.lag(group)

    def lag(self, group: str, places: Collection[Place] | None = None) -> int:
        """Messages that the group has not committed, of some partitions or of all."""
        known = self._groups.get(group)
        if known is None:
            return 0
        return sum(
            self._topics[topic][number].end - offset
            for (topic, number), offset in known.committed.items()
            if places is None or (topic, number) in places
        )

    def committed(self, group: str, places: Collection[Place]) -> dict[Place, int]:
        """Where the group goes on in these partitions."""
        return {place: self._groups[group].committed[place] for place in places}

    async def close(self) -> None:
        """See `Bus.close`."""
        for group in self._groups.values():
            for member in list(group.members):
                await member.close()
        if self._journal is not None:
            self._journal.close()

    def _is_journaled(self, topic: str) -> bool:
        return self._journal is not None and self._journal.keeps(topic)

    def _partitions(self, topic: str) -> list[_Partition]:
        if topic not in self._topics:
            made = [_Partition() for _ in range(self._count)]
            if self._journal is not None and self._is_journaled(topic):
                for number, partition in enumerate(made):
                    partition.first = self._journal.first(topic, number)
                    partition.held.extend(self._journal.read(topic, number))
            self._topics[topic] = made
        return self._topics[topic]

    def _has_room(self, topic: str) -> bool:
        groups = [group for group in self._groups.values() if topic in group.topics]
        return all(
            partition.end - min(group.committed[topic, number] for group in groups) < CAPACITY
            for number, partition in enumerate(self._topics[topic])
            if groups
        )

    def _trim(self, topic: str) -> None:
        """Drop what every group has committed."""
        groups = [group for group in self._groups.values() if topic in group.topics]
        for number, partition in enumerate(self._topics[topic]):
            # With nobody to wait for, a topic keeps its newest messages, as retention would.
            done = min(
                (group.committed[topic, number] for group in groups),
                default=partition.end - CAPACITY,
            )
            while partition.held and partition.first < done:
                partition.held.popleft()
                partition.first += 1

    def _rebalance(self, group: _Group) -> None:
        for index, member in enumerate(group.members):
            member.assign(
                {
                    place: offset
                    for place, offset in group.committed.items()
                    if place[1] % len(group.members) == index
                }
            )

    async def take(
        self, consumer: "MemoryConsumer", max_records: int, timeout: float
    ) -> list[Message]:
        """For consumers: the next messages of the partitions they hold."""
        async with self._changed:
            try:
                async with asyncio.timeout(timeout):
                    await self._changed.wait_for(
                        lambda: consumer.closed or self._is_behind(consumer)
                    )
            except TimeoutError:
                return []
            taken: list[Message] = []
            for (topic, number), offset in consumer.positions.items():
                partition = self._topics[topic][number]
                start = max(offset, partition.first) - partition.first
                stop = min(len(partition.held), start + max_records - len(taken))
                taken.extend(partition.held[index] for index in range(start, stop))
                consumer.positions[topic, number] = partition.first + max(start, stop)
            return taken

    def _is_behind(self, consumer: "MemoryConsumer") -> bool:
        return any(
            self._topics[topic][number].end > offset
            for (topic, number), offset in consumer.positions.items()
        )

    async def done(self, name: str, messages: Sequence[Message]) -> None:
        """For consumers: commit these messages' offsets."""
        async with self._changed:
            group = self._groups[name]
            for message in messages:
                place = (message.topic, message.partition)
                group.committed[place] = max(group.committed[place], message.offset + 1)
            for topic in {message.topic for message in messages}:
                if self._journal is not None and self._is_journaled(topic):
                    self._journal.commit(name, topic, group.committed)
                self._trim(topic)
            self._changed.notify_all()

    async def leave(self, consumer: "MemoryConsumer") -> None:
        """For consumers: hand the partitions to those who stay."""
        async with self._changed:
            group = self._groups[consumer.group]
            if consumer in group.members:
                group.members.remove(consumer)
                self._rebalance(group)
            self._changed.notify_all()


class MemoryConsumer:
    """See `opsmith.ports.Consumer`."""

    def __init__(self, bus: MemoryBus, group: str) -> None:
        self._bus = bus
        self.group = group
        self.closed = False
        self.positions: dict[Place, int] = {}
        self._lost: set[Place] = set()

    def assign(self, positions: dict[Place, int]) -> None:
        """Hold these partitions from here on; those kept go on where they were."""
        self._lost |= self.positions.keys() - positions.keys()
        self.positions = {
            place: max(offset, self.positions.get(place, 0)) for place, offset in positions.items()
        }

    async def getmany(self, max_records: int, timeout: float) -> list[Message]:
        """See `Consumer.getmany`."""
        return await self._bus.take(self, max_records, timeout)

    async def commit(self, messages: Sequence[Message]) -> None:
        """See `Consumer.commit`."""
        held = [m for m in messages if (m.topic, m.partition) in self.positions]
        await self._bus.done(self.group, held)

    async def rewind(self) -> None:
        """See `Consumer.rewind`."""
        self.positions = self._bus.committed(self.group, self.positions)

    def lost(self) -> frozenset[Place]:
        """See `Consumer.lost`."""
        lost, self._lost = self._lost, set()
        return frozenset(lost)

    def lag(self) -> int:
        """See `Consumer.lag`."""
        return self._bus.lag(self.group, self.positions)

    async def close(self) -> None:
        """See `Consumer.close`."""
        self.closed = True
        await self._bus.leave(self)
