"""What the page wants kept is written behind it, many at a time."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from opsmith.errors import OpsmithError, Unavailable
from opsmith.ports import ChatElement, ChatHistory, ChatStep

logger = logging.getLogger(__name__)

Write = Callable[[], object]

_AT_ONCE = 20
_PAUSE = 0.5
"""Seconds in which what belongs together comes together: an answer is one write, not twenty."""


@dataclass(eq=False, slots=True)
class _Pieces:
    """What of one conversation waits to be kept, each piece as it is now."""

    history: ChatHistory
    owner: str
    thread_id: str
    kept: dict[str, ChatStep | ChatElement] = field(
        default_factory=dict[str, ChatStep | ChatElement]
    )
    memory: str | None = None

    def __call__(self) -> None:
        self.history.keep(self.owner, self.thread_id, *self.kept.values())
        if self.memory is not None:
            self.history.remember(self.owner, self.thread_id, self.memory)


class Writing:
    """A queue of writes; nobody who asks a question waits for the disk.

    Args:
        history: Where they go.
    """

    def __init__(self, history: ChatHistory) -> None:
        self._history = history
        self._waiting: deque[Write | asyncio.Future[None]] = deque()
        self._open: dict[tuple[str, str], _Pieces] = {}
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def keep(
        self, owner: str, thread_id: str, what: ChatStep | ChatElement, memory: str | None = None
    ) -> None:
        """Have a piece of a conversation kept, and what the assistant goes on with after it."""
        pieces = self._open.get((owner, thread_id))
        if pieces is None:
            pieces = self._open[owner, thread_id] = _Pieces(self._history, owner, thread_id)
            self._add(pieces)
        pieces.kept[what.step_id if isinstance(what, ChatStep) else what.element_id] = what
        pieces.memory = memory or pieces.memory

    def put(self, write: Write) -> None:
        """Have it written after all that was put before; from within the event loop."""
        self._open.clear()
        self._add(write)

    async def flush(self) -> None:
        """Return when all that was put so far is written."""
        if self._task is None or self._task.done():
            return
        written = asyncio.get_running_loop().create_future()
        self._open.clear()
        self._waiting.append(written)
        self._hurry.set()
        # Whoever gives up waiting stops no write.
        await asyncio.wait([written])

    def _add(self, write: Write) -> None:
        self._waiting.append(write)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())

    async def _work(self) -> None:
        while self._waiting:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PAUSE):
                    await self._hurry.wait()
            batch: list[Write] = []
            told: list[asyncio.Future[None]] = []
            self._open.clear()
            while self._waiting and len(batch) < _AT_ONCE:
                match self._waiting.popleft():
                    case asyncio.Future() as written:
                        told.append(written)
                    case write:
                        batch.append(write)
            if batch:
                await asyncio.to_thread(self._write, batch)
            for written in told:
                written.set_result(None)
            if not any(isinstance(one, asyncio.Future) for one in self._waiting):
                self._hurry.clear()

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
