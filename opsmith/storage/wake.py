"""Wakes the live feeds of this process when something was announced."""

import asyncio
import contextlib
from collections.abc import Collection, Generator, Iterable
from threading import Lock


class MemoryBell:
    """See `opsmith.ports.Bell`; made and waited for in one event loop, rung from any thread."""

    def __init__(self, topics: Collection[str]) -> None:
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


class MemoryWake:
    """See `opsmith.ports.Wake`."""

    def __init__(self) -> None:
        self._bells: set[MemoryBell] = set()
        self._lock = Lock()

    def ring(self, *topics: str) -> None:
        """See `Wake.ring`."""
        with self._lock:
            bells = list(self._bells)
        for bell in bells:
            if not bell.topics.isdisjoint(topics):
                bell.ring()

    @contextlib.contextmanager
    def listen(self, topics: Iterable[str]) -> Generator[MemoryBell]:
        """See `Wake.listen`."""
        bell = MemoryBell(frozenset(topics))
        with self._lock:
            self._bells.add(bell)
        try:
            yield bell
        finally:
            with self._lock:
                self._bells.discard(bell)

    def close(self) -> None:
        """See `Wake.close`."""
