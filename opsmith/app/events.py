"""The live feed: `/ws/events`, a WebSocket for who follows the plant.

Frames are JSON objects. The first is `hello`; each after it is a `frame` with its `cursor` and what
is new: `events` (alerts, diagnosis_reports, work_orders, in their order), `readings` (the newest of
each device that has one since the last frame), `health`. Who comes again with `?cursor=` gets the
events that he missed; where they are no longer kept, `hello` says `missed` and he has to ask the
tools for the state. A follower who is slow gets fewer and fuller frames.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from opsmith.access import Caller
from opsmith.app.bootstrap import Plant
from opsmith.app.feed_follower import Follower, Wanted, wanted_of
from opsmith.app.feed_hub import Hub
from opsmith.clock import wall_clock
from opsmith.domain.readings import Frame
from opsmith.errors import BadInput, Unavailable
from opsmith.storage.keys import KeyStore
from opsmith_mcp.bearer import Doorman, caller_of
from opsmith_mcp.frames import BadFrame, single_headers
from opsmith_mcp.origins import Names

PATH = "/ws/events"

PROTOCOL = "opsmith.events"
"""The subprotocol, for browsers: they cannot send an Authorization header, and say the key as a
second one, `bearer.opsk_...`."""

GAP = 0.1
"""Seconds between two frames of a follower, at least."""

PULSE = 15.0
"""Seconds after which a follower who has nothing new is told so."""

PATIENCE = 10.0
"""Seconds that a frame may take to leave; a follower who takes none of it is left."""

RECHECK = 10.0
"""Seconds after which a follower's key is looked at again."""

FOLLOWERS, OF_ONE = 256, 120
"""At once; in all, and with one key."""

REFUSED, BUSY, GONE = 1008, 1013, 1001
"""Close codes: not for you, or not so; too many, or too slow; we stop."""

logger = logging.getLogger(__name__)


class Refused(Exception):
    """Somebody who cannot follow, and why.

    Args:
        code: Of the close, or of HTTP where it was not opened yet.
        why: In a line.
    """

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


class Events:
    """An ASGI app for `PATH`; serve it within `running`.

    Args:
        plant: What is followed.
        names: Hosts and pages that are let in.
        is_local: We listen on this machine's own address alone; see `Doorman`.
        facts: What this process says of itself.
        listen: See `Hub`.
    """

    def __init__(
        self,
        plant: Plant,
        names: Names,
        *,
        is_local: bool,
        facts: Callable[[], dict[str, Any]],
        listen: Callable[[Callable[[Sequence[Frame]], None] | None], None],
    ) -> None:
        self._doorman = Doorman(KeyStore(plant.stores.database), is_local=is_local)
        self._names = names
        self._hub = Hub(plant, facts, listen)
        self._holders = Counter[str]()
        self._over = asyncio.Event()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Let it be followed for as long as the block runs; at the end all are sent away."""
        task = asyncio.create_task(self._hub.run())
        try:
            yield
        finally:
            self._over.set()
            task.cancel()
            await asyncio.wait([task])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one follower until he leaves."""
        if scope["type"] != "websocket":
            answer = JSONResponse(
                {"error": f"{PATH} is a WebSocket"}, 426, {"upgrade": "websocket"}
            )
            await answer(scope, receive, send)
            return
        await receive()
        try:
            wanted = self._wanted(scope)
            scope = _with_key(scope)
            who, holder = await self._who(scope)
            self._make_room(holder)
        except Refused as error:
            await _deny(scope, send, error.code, str(error))
            return
        except Unavailable as error:
            await _deny(scope, send, 503, str(error))
            return
        try:
            await _accept(scope, send)
            await self._serve(scope, receive, send, who, wanted)
        except Refused as error:
            await _close(send, error.code, str(error))
        except Unavailable as error:
            await _close(send, BUSY, str(error))
        finally:
            self._holders[holder] -= 1

    def _wanted(self, scope: Scope) -> Wanted:
        try:
            headers = single_headers(scope["headers"])
            wanted = wanted_of(scope.get("query_string", b""))
        except BadFrame as error:
            raise Refused(error.status, str(error)) from error
        except BadInput as error:
            raise Refused(400, str(error)) from error
        if not self._names.is_host(headers.get(b"host", "")):
            raise Refused(421, "This host is not one of OPSMITH_MCP_HOSTS")
        if b"origin" in headers and not self._names.is_origin(headers[b"origin"]):
            raise Refused(403, "This origin is not one of OPSMITH_MCP_ORIGINS")
        return wanted

    async def _who(self, scope: Scope) -> tuple[Caller, str]:
        admitted = await self._doorman.admit(scope)
        if admitted is None:
            raise Refused(401, "A key is needed: Authorization: Bearer opsk_...")
        user, holder = admitted
        return caller_of(user), holder

    def _make_room(self, holder: str) -> None:
        if self._over.is_set():
            raise Refused(503, "The plant is being stopped")
        if self._holders.total() >= FOLLOWERS or self._holders[holder] >= OF_ONE:
            raise Refused(503, "Too many follow already; try again later")
        self._holders[holder] += 1

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, who: Caller, wanted: Wanted
    ) -> None:
        async with self._hub.following() as bounds:
            follower = Follower(self._hub, who, wanted, bounds)
            tasks: list[asyncio.Task[Any]] = [
                asyncio.create_task(self._tell(scope, send, follower)),
                asyncio.create_task(_left(receive)),
                asyncio.create_task(self._over.wait()),
            ]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            if tasks[0] in done:
                await tasks[0]
            if tasks[1] not in done:
                raise Refused(GONE, "The plant is being stopped")

    async def _tell(self, scope: Scope, send: Send, follower: Follower) -> None:
        """Send frames until it cannot be."""
        loop = asyncio.get_running_loop()
        await _sent(send, follower.hello(wall_clock()))
        checked = loop.time()
        while True:
            news = self._hub.news
            frame = await follower.frame()
            if frame is None:
                try:
                    async with asyncio.timeout(PULSE):
                        await news.wait()
                    continue
                except TimeoutError:
                    frame = follower.pulse()
            await _sent(send, frame)
            if loop.time() - checked > RECHECK:
                await self._recheck(scope, follower.who)
                checked = loop.time()
            await asyncio.sleep(GAP)

    async def _recheck(self, scope: Scope, before: Caller) -> None:
        try:
            who, _ = await self._who(scope)
        except Refused as error:
            raise Refused(REFUSED, "This key opens no more") from error
        if who != before:
            raise Refused(BUSY, "Your rights have changed; come again")


async def _accept(scope: Scope, send: Send) -> None:
    message: dict[str, Any] = {"type": "websocket.accept"}
    if PROTOCOL in scope.get("subprotocols", ()):
        message["subprotocol"] = PROTOCOL
    await send(message)


async def _deny(scope: Scope, send: Send, status: int, why: str) -> None:
    """Answer the request to open with a status and the reason, where the server can."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": REFUSED})
        return
    answer = JSONResponse({"error": why}, status)
    headers = answer.raw_headers
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": answer.body})


async def _close(send: Send, code: int, why: str) -> None:
    # He may have left, which is as good.
    with contextlib.suppress(OSError, RuntimeError):
        # At most 123 bytes go into the frame.
        reason = why.encode()[:120].decode(errors="ignore")
        await send({"type": "websocket.close", "code": code, "reason": reason})


async def _sent(send: Send, text: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            await send({"type": "websocket.send", "text": text})
    except TimeoutError as error:
        raise Refused(BUSY, "Too slow; come again with your cursor") from error


async def _left(receive: Receive) -> None:
    """Return when the follower has left; what he says is nothing to us."""
    while (await receive())["type"] != "websocket.disconnect":
        pass


def _with_key(scope: Scope) -> Scope:
    """A browser's key where the others have it."""
    for one in scope.get("subprotocols", ()):
        if one.startswith("bearer."):
            key = one.removeprefix("bearer.").encode("latin-1", "replace")
            if not any(name == b"authorization" for name, _ in scope["headers"]):
                headers = [*scope["headers"], (b"authorization", b"Bearer " + key)]
                return {**scope, "headers": headers}
    return scope


def beside(events: Events, page: ASGIApp) -> ASGIApp:
    """The feed under its path, and a page for the rest."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        is_ours = scope.get("path", "").rstrip("/") == PATH
        await (events if is_ours else page)(scope, receive, send)

    return app
