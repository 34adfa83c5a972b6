"""What we ask of a server, embedded or real. Adapters: `opsmith.storage`, `opsmith.bus`."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from opsmith.access import Caller
from opsmith.domain.alerts import AlertLevel, AlertType
from opsmith.domain.readings import Aggregates, Frame, ReadingBatch

Vectors = npt.NDArray[np.float32]


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


class Embedder(Protocol):
    """Turns texts into vectors: the nearer two point, the more alike is what the texts mean."""

    @property
    def name(self) -> str:
        """The model and where it is; vectors of another name are not comparable."""
        ...

    def embed(self, texts: Sequence[str], seconds: float) -> Vectors:
        """The vectors of texts, in their order, shape (n, d), each of length 1.

        Raises:
            Unavailable: The model gave no usable answer in that time, or failed too often lately.
        """
        ...

    def close(self) -> None:
        """Close the connections."""
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


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in."""

    caller: Caller
    stamp: str
    """Changes with the password, and when he is shut out: a sign-in holds until then."""


class Users(Protocol):
    """Who signs in. Every method raises `Unavailable` where the tables do not answer."""

    def has_any(self) -> bool:
        """Whether a user was ever made: from then on nobody comes in without a password."""
        ...

    def sign_in(self, name: str, password: str) -> Account | None:
        """Whose name and password these are; None for a wrong one and for who is disabled.

        It takes as long for a name that there is as for one that there is not.
        """
        ...

    def find(self, name: str) -> Account | None:
        """The user of that name, where he may come in."""
        ...

    def end(self, sign_in: str, until: datetime) -> None:
        """End a sign-in, which would have ended by itself at `until`."""
        ...

    def is_ended(self, sign_in: str) -> bool:
        """Whether it was ended."""
        ...


@dataclass(frozen=True, slots=True)
class ChatThread:
    """One conversation of one person."""

    thread_id: str
    name: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ChatStep:
    """What was said, or called, in a conversation."""

    step_id: str
    kind: str
    """What Chainlit calls its type, such as `user_message` or `tool`."""
    text: str
    """What is found by searching; empty for what is not spoken."""
    body: Mapping[str, Any]
    """JSON object, as the page has it."""
    created_at: datetime
    parent_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChatElement:
    """A chart, a table or a file of a conversation."""

    element_id: str
    mime: str
    body: Mapping[str, Any]
    """JSON object, as the page has it."""
    content: bytes
    """At most 16 MB; empty in a `KeptThread`."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ChatFeedback:
    """What somebody thought of an answer."""

    feedback_id: str
    step_id: str
    """The answer's."""
    owner: str
    good: bool
    comment: str
    question: str
    answer: str
    at: datetime
    trace_id: str | None = None
    """The alert that it was about."""
    version: int | None = None
    """Of that alert's report, as it was then."""


@dataclass(frozen=True, slots=True)
class KeptThread:
    """A conversation with all that is in it, the oldest first."""

    thread: ChatThread
    steps: Sequence[ChatStep]
    elements: Sequence[ChatElement]
    feedback: Sequence[ChatFeedback]


class ChatHistory(Protocol):
    """Conversations, each for its owner's eyes: of another's every method finds nothing.

    Every method raises `Unavailable` where the tables do not answer.
    """

    def together(self) -> AbstractContextManager[None]:
        """What is written within the block stands or falls together."""
        ...

    def begin(self, owner: str, thread_id: str, at: datetime, name: str | None = None) -> None:
        """Make a conversation where there is none; give it a name where one is given.

        Raises:
            NotFound: It is somebody else's.
        """
        ...

    def owns(self, owner: str, thread_id: str) -> bool:
        """Whether there is such a conversation of that person."""
        ...

    def threads(
        self, owner: str, limit: int, after: str | None = None, search: str = ""
    ) -> Sequence[ChatThread]:
        """Conversations, the one that was used last first.

        Args:
            owner: Whose.
            limit: At most so many.
            after: Go on after this one.
            search: Part of its name, or of something that was said in it.
        """
        ...

    def thread(self, owner: str, thread_id: str) -> KeptThread | None:
        """A conversation, or None."""
        ...

    def drop(self, owner: str, thread_id: str) -> None:
        """Forget a conversation; what was thought of its answers about alerts stays."""
        ...

    def drop_unused(self, since: datetime) -> int:
        """Forget everybody's conversations in which nothing was said since; gives how many."""
        ...

    def remember(self, owner: str, thread_id: str, memory: str) -> None:
        """Keep what the assistant goes on with."""
        ...

    def memory(self, owner: str, thread_id: str) -> str | None:
        """What was kept so last, or None."""
        ...

    def keep(self, owner: str, thread_id: str, *kept: ChatStep | ChatElement) -> None:
        """Keep steps and elements, each in the place of what was kept of it.

        Raises:
            NotFound: As `begin`, or one is in another conversation; nothing is kept.
        """
        ...

    def drop_step(self, owner: str, step_id: str) -> None:
        """Forget a step."""
        ...

    def element(self, owner: str, thread_id: str, element_id: str) -> ChatElement | None:
        """An element with its content, or None."""
        ...

    def drop_element(self, owner: str, element_id: str) -> None:
        """Forget an element."""
        ...

    def judge(
        self, owner: str, step_id: str, good: bool, comment: str, at: datetime
    ) -> ChatFeedback:
        """Keep what the owner thinks of an answer, in the place of what he thought before.

        Args:
            owner: Whose conversation it is in.
            step_id: Of the answer, or of the step that it came of.
            good: Whether it helped.
            comment: In his words.
            at: When.

        Raises:
            NotFound: No answer of his has that id.
        """
        ...

    def drop_feedback(self, owner: str, feedback_id: str) -> None:
        """Take it back."""
        ...

    def feedback_about(self, trace_id: str) -> Sequence[ChatFeedback]:
        """What people thought of the answers about an alert, the oldest first."""
        ...
