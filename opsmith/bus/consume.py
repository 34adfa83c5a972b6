"""The loop of every stage: take a batch, do the work, commit; on a failure take it again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from opsmith.ports import Bus, Message

logger = logging.getLogger(__name__)

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 10.0
"""Seconds between attempts, doubling from the first to the longest."""


def _nothing() -> None:
    """Drop nothing."""


@dataclass
class Stage:
    """One consumer of topics, and how it is doing."""

    group: str
    """Whose committed place counts."""
    topics: tuple[str, ...]
    work: Callable[[Sequence[Message]], Awaitable[None]]
    """Does one batch. Where it raises, the batch is delivered again after a pause."""
    forget: Callable[[], None] = _nothing
    """Called before that, to drop what `work` half knows."""
    max_records: int = 2000
    """Size of a batch, at most."""
    failures: int = 0
    """In a row, until now."""

    async def run(self, bus: Bus, attempts: int | None = None) -> None:
        """Work until cancelled; nothing is committed before its work is done.

        Args:
            bus: Where the topics are.
            attempts: After how many failures in a row to give up and raise; None: never.
        """
        while True:
            consumer = await bus.subscribe(self.topics, self.group)
            try:
                while True:
                    messages = await consumer.getmany(self.max_records, timeout=1.0)
                    if messages:
                        await self.work(messages)
                        await consumer.commit(messages)
                        self.failures = 0
            except Exception:
                self.failures += 1
                self.forget()
                if attempts is not None and self.failures >= attempts:
                    raise
                pause = min(FIRST_PAUSE * 2 ** (self.failures - 1), LONGEST_PAUSE)
                logger.exception("%s failed; trying again in %.1f s", self.group, pause)
            finally:
                await consumer.close()
            await asyncio.sleep(pause)
