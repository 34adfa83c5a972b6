"""The loop of every stage: take a batch, do the work, commit; on a failure take it again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from opsmith.ports import Bus, Message

logger = logging.getLogger(__name__)

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 10.0
"""Seconds between attempts, doubling from the first to the longest."""


async def consume(
    bus: Bus,
    topics: Sequence[str],
    group: str,
    work: Callable[[Sequence[Message]], Awaitable[None]],
    on_failure: Callable[[], None] = lambda: None,
    max_records: int = 2000,
    attempts: int | None = None,
) -> None:
    """Work through topics until cancelled; nothing is committed before its work is done.

    Args:
        bus: Where the topics are.
        topics: What to consume.
        group: Whose committed place counts.
        work: Does one batch. Where it raises, the batch is delivered again after a pause.
        on_failure: Called before that, to drop what `work` half knows.
        max_records: Size of a batch, at most.
        attempts: After how many failures in a row to give up and raise the last; None: never.
    """
    pause = FIRST_PAUSE
    failures = 0
    while True:
        consumer = await bus.subscribe(topics, group)
        try:
            while True:
                messages = await consumer.getmany(max_records, timeout=1.0)
                if messages:
                    await work(messages)
                    await consumer.commit(messages)
                    pause, failures = FIRST_PAUSE, 0
        except Exception:
            failures += 1
            if attempts is not None and failures >= attempts:
                raise
            logger.exception("%s failed; trying again in %.1f s", group, pause)
            on_failure()
        finally:
            await consumer.close()
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
