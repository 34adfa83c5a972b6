"""Wakes the live feeds of all processes that share a Redis; it carries no news itself."""

import contextlib
from collections.abc import Iterable
from contextlib import AbstractContextManager
from threading import Event, Lock, Thread

from opsmith.bell import MemoryBell
from opsmith.errors import OpsmithError
from opsmith.storage.redis_client import RedisClient
from opsmith.storage.wake import MemoryWake

PAUSE = 1.0
"""Seconds until a Redis that did not answer is tried again; until then the feeds look by time."""

_LOOK = 0.2
"""Seconds between looks at whether it was closed."""

_GATHERED = 0.01
"""Seconds in which rings of the same topic are one."""


class RedisWake:
    """See `opsmith.ports.Wake`; nobody waits for Redis, and what it loses is lost.

    Args:
        url: See `RedisClient`.

    Raises:
        BadInput: The URL cannot be used.
    """

    def __init__(self, url: str) -> None:
        self._client = RedisClient(url)
        # Channels know no database numbers.
        self._channel = f"opsmith:{self._client.number}:wake"
        self._near = MemoryWake()
        self._waiting: set[str] = set()
        self._lock = Lock()
        self._rung, self._closing = Event(), Event()
        self._threads = [
            Thread(target=one, daemon=True, name=f"wake-{name}")
            for name, one in (("out", self._send), ("in", self._receive))
        ]
        for thread in self._threads:
            thread.start()

    def ring(self, *topics: str) -> None:
        """See `Wake.ring`."""
        self._near.ring(*topics)
        with self._lock:
            self._waiting.update(topics)
        self._rung.set()

    def listen(self, topics: Iterable[str]) -> AbstractContextManager[MemoryBell]:
        """See `Wake.listen`."""
        return self._near.listen(topics)

    def close(self) -> None:
        """See `Wake.close`."""
        self._closing.set()
        self._rung.set()
        for thread in self._threads:
            thread.join(2 * PAUSE)
        self._client.close()

    def _send(self) -> None:
        while not self._closing.is_set():
            self._rung.wait()
            self._closing.wait(_GATHERED)
            self._rung.clear()
            with self._lock:
                topics, self._waiting = sorted(self._waiting), set()
            if not topics:
                continue
            try:
                with self._client.translated():
                    self._client.raw.publish(self._channel, "\n".join(topics))
            except OpsmithError:
                self._closing.wait(PAUSE)

    def _receive(self) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(OpsmithError), self._client.translated():
                self._hear()
            self._closing.wait(PAUSE)

    def _hear(self) -> None:
        """Pass on what others ring, until the connection breaks."""
        heard = self._client.raw.pubsub(ignore_subscribe_messages=True)
        try:
            heard.subscribe(self._channel)
            while not self._closing.is_set():
                message = heard.get_message(timeout=_LOOK)
                if message is not None:
                    self._near.ring(*message["data"].decode(errors="replace").split("\n"))
        finally:
            heard.close()
