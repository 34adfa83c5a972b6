"""What the page wants kept is written behind it, in order, many at a time."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from opsmith.errors import OpsmithError, Unavailable
from opsmith.ports import ChatHistory

logger = logging.getLogger(__name__)

Write = Callable[[], object]

_AT_ONCE = 200


class Writing:
    """A queue of writes; nobody who asks a question waits for the disk.

    Args:
        history: Where they go.
    """

    def __init__(self, history: ChatHistory) -> None:
        self._history = history
        self._waiting: deque[Write] = deque()
        self._task: asyncio.Task[None] | None = None

    def put(self, write: Write) -> None:
        """Have it written after all that was put before; from within the event loop."""
        self._waiting.append(write)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())

    async def flush(self) -> None:
        """Return when all that was put is written."""
        while self._task is not None and not self._task.done():
            # Whoever gives up waiting stops no write.
            await asyncio.wait([self._task])

    async def _work(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
            await asyncio.to_thread(self._write, batch)

    def _write(self, batch: list[Write]) -> None:
        try:
            with self._history.together():
                for write in batch:
                    write()
        except Unavailable as error:
            logger.warning("%d changes are not kept in the history: %s", len(batch), error)
        except OpsmithError:
            # One that cannot be written does not take the others with it.
            for write in batch:
                try:
                    write()
                except OpsmithError as error:
                    logger.warning("Not kept in the history: %s", error)
        except Exception:
            logger.exception("Not kept in the history")
