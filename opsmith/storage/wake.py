"""Wakes the live feeds of this process when something was announced."""

import contextlib
from collections.abc import Generator, Iterable
from threading import Lock

from opsmith.bell import MemoryBell


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
