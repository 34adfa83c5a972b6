"""The live feed of a plant elsewhere: tells the console that something was announced there."""

import asyncio
import contextlib
import json
from collections.abc import Generator, Iterable
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

import websockets

from opsmith.bell import MemoryBell
from opsmith.errors import BadInput

PATH = "/ws/events"

AGAIN = 2.0
"""Seconds before a connection that was lost is opened again."""

_CLOSED = (OSError, TimeoutError, websockets.WebSocketException)


class FarWake:
    """See `opsmith.ports.Wake`: over the WebSocket of `opsmith serve`, opened again when it breaks.

    Args:
        url: Of the plant, such as `http://plant.example:8321`.
        key: Of opsmith; empty: none is needed there.

    Raises:
        BadInput: The URL is none.
    """

    def __init__(self, url: str, key: str = "") -> None:
        self._url = feed_url(url)
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._cursor = ""
        self.is_connected = False
        """Whether what happens there is told of here now."""

    def ring(self, *topics: str) -> None:
        """See `Wake.ring`; who is elsewhere has nothing to announce."""

    @contextlib.contextmanager
    def listen(self, topics: Iterable[str]) -> Generator[MemoryBell]:
        """See `Wake.listen`."""
        bell = MemoryBell()
        task = asyncio.get_running_loop().create_task(self._run(",".join(topics), bell))
        try:
            yield bell
        finally:
            task.cancel()

    def close(self) -> None:
        """See `Wake.close`."""

    async def _run(self, topics: str, bell: MemoryBell) -> None:
        while True:
            with contextlib.suppress(*_CLOSED):
                await self._follow(topics, bell)
            self.is_connected = False
            # What came meanwhile is seen by looking.
            bell.ring()
            await asyncio.sleep(AGAIN)

    async def _follow(self, topics: str, bell: MemoryBell) -> None:
        address = f"{self._url}?topics={topics}&cursor={self._cursor}"
        async with websockets.connect(address, additional_headers=self._headers) as socket:
            self.is_connected = True
            async for text in socket:
                frame = cast("dict[str, Any]", json.loads(text))
                self._cursor = str(frame.get("cursor", ""))
                if frame.get("events") or frame.get("missed"):
                    bell.ring()


def feed_url(url: str) -> str:
    """The feed's address from the plant's.

    >>> feed_url("https://plant.example/")
    'wss://plant.example/ws/events'

    Raises:
        BadInput: It is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadInput(f"No URL of a plant: {url!r}; such as http://127.0.0.1:8321")
    scheme = "wss" if parts.scheme == "https" else "ws"
    return urlunsplit((scheme, parts.netloc, parts.path.rstrip("/") + PATH, "", ""))
