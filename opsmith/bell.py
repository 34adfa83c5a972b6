"""A bell that one feed of an event loop listens to."""

import asyncio
import contextlib
from collections.abc import Iterable


class MemoryBell:
    """See `opsmith.ports.Bell`; made and waited for in one event loop, rung from any thread."""

    def __init__(self, topics: Iterable[str] = ()) -> None:
        self.topics = frozenset(topics)
        self._rung = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    async def wait(self, timeout: float) -> bool:
        """See `Bell.wait`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._rung.wait()
        rung = self._rung.is_set()
        self._rung.clear()
        return rung

    def ring(self) -> None:
        """Wake whoever waits, or will."""
        # A loop that has ended has nobody who waits.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._rung.set)
