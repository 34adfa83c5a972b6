"""The loop of every stage: take a batch, do the work, commit; on a failure take it again."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

from opsmith.errors import OpsmithError, Unavailable
from opsmith.metrics import CONSUMER_LAG, STAGE_FAILURES, WORKER, step
from opsmith.ports import Bus, Consumer, Message, Place

logger = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
"""Seconds between attempts, doubling from the first to the longest."""

TOLD_EVERY = 100
"""Failures in a row of which one is logged."""

PATIENCE = 1.0
"""Seconds that a stage waits for messages; it ticks as often."""


class Work:
    """What a stage does with its messages; of these calls none runs beside another."""

    async def do(self, messages: Sequence[Message]) -> None:
        """Do one batch. Where it raises, the batch is delivered again after a pause."""
        raise NotImplementedError

    def forget(self) -> None:
        """Drop what is half known, after a failure."""

    async def lose(self, places: Collection[Place] | None) -> None:
        """Drop what is known of these partitions, or of all: others may work on them now."""

    async def tick(self, lag: int) -> None:
        """Called about every second, also where no messages come; `lag` of them wait."""

    async def leave(self) -> None:
        """The last call: put away what the next one needs."""


@dataclass
class Stage:
    """One consumer of topics, and how it is doing."""

    group: str
    """Whose committed place counts."""
    topics: tuple[str, ...]
    work: Work
    max_records: int = 2000
    """Size of a batch, at most."""
    failures: int = 0
    """In a row, until now."""
    error: str = ""
    """What the last of them said; empty where it does not fail."""
    lag: int = 0
    """Messages of its partitions that wait, as of the last turn."""
    joined: bool = False
    """It is a member of its group."""

    async def run(self, bus: Bus, attempts: int | None = None) -> None:
        """Work until cancelled; nothing is committed before its work is done.

        What is being done when it is cancelled is done to its end.

        Args:
            bus: Where the topics are.
            attempts: After how many failures in a row to give up and raise; None: never.
        """
        consumer: Consumer | None = None
        ticked = 0.0
        WORKER.labels(self.group).set(1)
        try:
            while True:
                try:
                    if consumer is None:
                        consumer = await bus.subscribe(self.topics, self.group)
                        self.joined = True
                    await self._turn(consumer)
                    if time.monotonic() - ticked >= PATIENCE:
                        ticked = time.monotonic()
                        await _whole(self.work.tick(self.lag))
                except Exception as error:
                    self.failures += 1
                    STAGE_FAILURES.labels(self.group).inc()
                    self.work.forget()
                    if attempts is not None and self.failures >= attempts:
                        raise
                    held, consumer = consumer, await _rewound(consumer)
                    if held is not None and consumer is None:
                        await _whole(self.work.lose(None))
                    await asyncio.sleep(self._pause(error))
        finally:
            await _whole(self._leave(consumer))

    async def _turn(self, consumer: Consumer) -> None:
        messages = await consumer.getmany(self.max_records, PATIENCE)
        lost = consumer.lost()
        if lost:
            await _whole(self.work.lose(lost))
        if messages:
            await _whole(self._done(consumer, messages))
        self.lag = consumer.lag()
        CONSUMER_LAG.labels(self.group).set(self.lag)
        if messages or not self.lag:
            self.failures, self.error = 0, ""

    async def _done(self, consumer: Consumer, messages: Sequence[Message]) -> None:
        with step(self.group, "work"):
            await self.work.do(messages)
        with step(self.group, "commit"):
            await consumer.commit(messages)

    async def _leave(self, consumer: Consumer | None) -> None:
        try:
            await self.work.leave()
        except Unavailable:
            logger.warning(
                "%s could not put away what it knows; it will be found again", self.group
            )
        finally:
            if consumer is not None:
                await consumer.close()

    def _pause(self, error: Exception) -> float:
        self.error = str(error) or type(error).__name__
        if self.failures % TOLD_EVERY == 1:
            # What a part of ours says on purpose is a line; a bug shows where it is.
            trace = None if isinstance(error, OpsmithError) else error
            logger.warning("%s takes it again: %s", self.group, self.error, exc_info=trace)
        return min(FIRST_PAUSE * 2.0 ** min(self.failures - 1, 10), LONGEST_PAUSE)


async def _rewound(consumer: Consumer | None) -> Consumer | None:
    """The consumer, back at its committed places; None where it can be used no longer."""
    if consumer is None:
        return None
    try:
        await consumer.rewind()
    except Exception:
        await consumer.close()
        return None
    return consumer


async def _whole(work: Awaitable[T]) -> T:
    """Do it to its end, even where that is cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
