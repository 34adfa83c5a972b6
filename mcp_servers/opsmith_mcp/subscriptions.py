"""Tell a client that a document it subscribed to has changed."""

import asyncio
import contextvars
import hashlib
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.to_thread
from mcp import McpError
from mcp.types import INVALID_PARAMS, ErrorData
from pydantic import AnyUrl

from opsmith.access import Caller, acting_as
from opsmith.domain.events import ALERTS, ORDERS, REPORTS
from opsmith.errors import NotFound, OpsmithError, Unavailable
from opsmith.ports import Bell, Wake

EVERY = 5.0
"""Seconds between looks."""

LEAST = 0.25
"""Seconds between looks at least, however often something is announced."""

MOST = 50
"""Documents of one client."""

_PATIENCE = 2.0
_NOT_FOUND = -32002


@dataclass(slots=True)
class _Watch:
    caller: Caller
    digest: bytes


class Subscriptions:
    """Who wants to know of which document; each is looked at in his own name.

    Args:
        read: Text of a document by its URI, as the caller sees it. Raises `OpsmithError`.
        who: Says who calls, within a call.
        every: Seconds between looks.
        wake: Rings when something was announced, so that it is looked at once; None: nothing does.
    """

    def __init__(
        self,
        read: Callable[[str], str],
        who: Callable[[], Caller],
        every: float = EVERY,
        wake: Wake | None = None,
    ) -> None:
        self._read = read
        self._who = who
        self._every = every
        self._wake = wake
        # A session that has ended takes its subscriptions with it.
        self._watched = weakref.WeakKeyDictionary[Any, dict[str, _Watch]]()
        self._task: asyncio.Task[None] | None = None

    async def subscribe(self, session: Any, uri: str) -> None:
        """Watch a document for a client. Raises `McpError` where there is none such."""
        caller = self._who()
        try:
            digest = await self._digest(caller, uri)
        except NotFound as error:
            raise McpError(ErrorData(code=_NOT_FOUND, message=str(error))) from error
        except OpsmithError as error:
            words = f"{type(error).__name__}: {error}"
            raise McpError(ErrorData(code=INVALID_PARAMS, message=words)) from error
        watched = self._watched.setdefault(session, {})
        if uri not in watched and len(watched) >= MOST:
            words = f"At most {MOST} subscriptions; unsubscribe from one first"
            raise McpError(ErrorData(code=INVALID_PARAMS, message=words))
        watched[uri] = _Watch(caller, digest)
        if self._task is None or self._task.done():
            # It outlives this request, and must not take its context for its own.
            context = contextvars.Context()
            self._task = asyncio.get_running_loop().create_task(self._run(), context=context)

    async def unsubscribe(self, session: Any, uri: str) -> None:
        """Watch it no longer."""
        watched = self._watched.get(session, {})
        watched.pop(uri, None)
        if not watched:
            self._watched.pop(session, None)

    async def look(self) -> None:
        """Look at every document once, and tell of those that have changed."""
        for session in list(self._watched):
            for uri, watch in list(self._watched.get(session, {}).items()):
                await self._look_at(session, uri, watch)

    async def _run(self) -> None:
        if self._wake is None:
            await self._looking(None)
        else:
            with self._wake.listen((ALERTS, REPORTS, ORDERS)) as bell:
                await self._looking(bell)

    async def _looking(self, bell: Bell | None) -> None:
        pause = 0.0
        while True:
            await asyncio.sleep(self._every if bell is None else pause)
            if bell is not None:
                # What is announced from here on rings for the next look.
                await bell.wait(self._every)
            if not self._watched:
                return
            await self.look()
            pause = min(LEAST, self._every)

    async def _look_at(self, session: Any, uri: str, watch: _Watch) -> None:
        try:
            digest = await self._digest(watch.caller, uri)
        except Unavailable:
            return
        except OpsmithError:
            digest = b""
        if digest == watch.digest:
            return
        watch.digest = digest
        try:
            with anyio.move_on_after(_PATIENCE):
                await session.send_resource_updated(AnyUrl(uri))
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            self._watched.pop(session, None)

    async def _digest(self, caller: Caller, uri: str) -> bytes:
        def read() -> bytes:
            with acting_as(caller):
                return hashlib.sha256(self._read(uri).encode()).digest()

        return await anyio.to_thread.run_sync(read)
