"""All servers over streamable HTTP in one process: `/mcp` all tools, `/mcp/<group>` one group's."""

import contextlib
import logging
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Mapping
from typing import Any

import anyio
from fastmcp import FastMCP
from mcp import McpError
from pydantic_core import to_json
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opsmith.errors import Unavailable
from opsmith.storage.keys import KeyStore
from opsmith_mcp.bearer import Doorman
from opsmith_mcp.frames import BadFrame, Gone, read_body, read_message, replay, single_headers
from opsmith_mcp.limits import Limits, Session, TooMuch, Turnstile
from opsmith_mcp.origins import Names

_SESSION = b"mcp-session-id"
_METHODS = ("GET", "POST", "DELETE")


class HttpServers:
    """An ASGI app of several MCP servers, behind keys and limits; serve it within `running`.

    Args:
        servers: By path, such as `/mcp/telemetry`.
        keys: Those that open.
        names: Hosts and pages that are let in.
        is_local: We listen on this machine's own address alone; see `Doorman`.
        limits: What is taken on at once.
    """

    def __init__(
        self,
        servers: Mapping[str, FastMCP[Any]],
        keys: KeyStore,
        names: Names,
        *,
        is_local: bool,
        limits: Limits | None = None,
    ) -> None:
        self.names = names
        self._limits = limits or Limits()
        self.turnstile = Turnstile(self._limits)
        self._doorman = Doorman(keys, is_local=is_local)
        self._apps = {
            path: server.http_app(
                path=path, json_response=False, stateless_http=False, host_origin_protection=False
            )
            for path, server in servers.items()
        }
        inside: ASGIApp = self._told
        if names.origins:
            inside = CORSMiddleware(
                inside,
                allow_origins=[*names.origins],
                allow_methods=[*_METHODS],
                allow_headers=[
                    "authorization", "content-type", "last-event-id", "mcp-protocol-version",
                    "mcp-session-id",
                ],
                expose_headers=["mcp-session-id"],
            )  # fmt: skip
        self._inner = inside
        self._state = "starting"
        self._began = time.monotonic()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Keep the servers running; at the end every session and stream is ended."""
        async with contextlib.AsyncExitStack() as stack:
            for logger in ("", "mcp.server.streamable_http", "fastmcp.server.server"):
                logging.getLogger(logger).addFilter(_is_news)
            for app in self._apps.values():
                await stack.enter_async_context(app.lifespan(app))
                _expire_idle(app, self._limits.idle_seconds)
            self._state = "ok"
            try:
                yield
            finally:
                self._state = "stopping"

    def health(self) -> dict[str, Any]:
        """How it goes, without anything that is nobody's business."""
        return {
            "status": self._state,
            "seconds": round(time.monotonic() - self._began),
            "servers": sorted(self._apps),
            "sessions": len(self.turnstile.sessions),
            "calls": self.turnstile.calls,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or say in a line why not."""
        assert scope["type"] == "http"
        answer = _Answer(send)
        await answer.of(self._checked(scope, receive, answer))

    async def _checked(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = single_headers(scope["headers"])
        if not self.names.is_host(headers.get(b"host", "")):
            raise BadFrame(421, -32600, "This host is not one of OPSMITH_MCP_HOSTS")
        if b"origin" in headers and not self.names.is_origin(headers[b"origin"]):
            raise BadFrame(403, -32600, "This origin is not one of OPSMITH_MCP_ORIGINS")
        await self._inner(scope, receive, send)

    async def _told(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Inside of what lets pages of other origins read the answer.
        answer = _Answer(send)
        await answer.of(self._inside(scope, receive, answer))

    async def _inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].rstrip("/")
        app = self._apps.get(path)
        if app is None:
            raise BadFrame(404, -32600, f"There are {', '.join(sorted(self._apps))}")
        if scope["method"] not in _METHODS:
            raise BadFrame(405, -32600, f"Use {', '.join(_METHODS)}")
        admitted = await self._doorman.admit(scope)
        if admitted is None:
            raise BadFrame(401, -32600, "A key is needed: Authorization: Bearer opsk_...")
        if self._state != "ok":
            raise TooMuch(503, 5, "Not ready; try again")
        user, holder = admitted
        self.turnstile.request(holder)
        scope = {**scope, "path": path, "raw_path": path.encode(), "user": user}
        headers = single_headers(scope["headers"])
        session_id = headers.get(_SESSION)
        session = self.turnstile.sessions.get(session_id or "")
        if session is not None and (session.holder, session.path) != (holder, path):
            raise BadFrame(404, -32600, "Session not found")
        if scope["method"] == "POST":
            await self._post(app, scope, headers, holder, receive, send)
            return
        if session_id is None:
            raise BadFrame(400, -32600, "Mcp-Session-Id is missing")
        with self.turnstile.within(session_id):
            await app(scope, receive, send)
        if scope["method"] == "DELETE":
            self.turnstile.closed(session_id)

    async def _post(
        self,
        app: ASGIApp,
        scope: Scope,
        headers: dict[bytes, str],
        holder: str,
        receive: Receive,
        send: Send,
    ) -> None:
        limits = self._limits
        body = await read_body(headers, receive, limits.body, limits.body_seconds)
        message = read_message(headers, body)
        again = replay(body, receive)
        if _SESSION not in headers and message.get("method") != "initialize":
            raise BadFrame(400, -32600, "Mcp-Session-Id is missing; begin with initialize")
        if "method" not in message:
            # An answer to what we asked a person: a call of his waits for it, and holds a place.
            with self.turnstile.within(headers.get(_SESSION)):
                await app(scope, again, send)
            return
        with self.turnstile.call(holder):
            if _SESSION in headers:
                with self.turnstile.within(headers[_SESSION]):
                    await app(scope, again, send)
            else:
                await self._open(app, scope, holder, again, send)

    async def _open(
        self,
        app: ASGIApp,
        scope: Scope,
        holder: str,
        receive: Receive,
        send: Send,
    ) -> None:
        for session_id, session in self.turnstile.room(holder):
            await self._end(session_id, session, scope)

        async def watched(sent: Message) -> None:
            if sent["type"] == "http.response.start" and sent["status"] < 400:
                for name, value in sent["headers"]:
                    if name == _SESSION:
                        self.turnstile.opened(value.decode("latin-1"), holder, scope["path"])
            await send(sent)

        await app(scope, receive, watched)

    async def _end(self, session_id: str, session: Session, scope: Scope) -> None:
        """End an idle session as the client that left it would have."""
        headers = [(b"host", b"localhost"), (_SESSION, session_id.encode("latin-1"))]
        path = session.path
        asked = {**scope, "method": "DELETE", "path": path, "raw_path": path.encode()}

        async def nothing() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def ignore(sent: Message) -> None:
            return

        await self._apps[path]({**asked, "headers": headers}, nothing, ignore)


class _Answer:
    """Sends on, and knows whether an answer has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._has_begun = False

    async def __call__(self, message: Message) -> None:
        self._has_begun = True
        await self._send(message)

    async def of(self, work: Awaitable[None]) -> None:
        """Let it answer, or answer with what was wrong."""
        try:
            await work
        except Gone:
            return
        except BadFrame as error:
            await self._refuse(error.status, error.code, str(error))
        except TooMuch as error:
            wait = str(math.ceil(error.wait)).encode()
            await self._refuse(error.status, -32000, str(error), (b"retry-after", wait))
        except Unavailable as error:
            await self._refuse(503, -32000, str(error), (b"retry-after", b"5"))

    async def _refuse(self, status: int, code: int, why: str, *more: tuple[bytes, bytes]) -> None:
        if self._has_begun:
            return
        error = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": why}}
        body = to_json(error)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            *more,
        ]
        if status == 401:
            headers.append((b"www-authenticate", b'Bearer realm="opsmith"'))
        if status == 405:
            headers.append((b"allow", ", ".join(_METHODS).encode()))
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a record of the SDK tells of more than a client that ended, or asked nonsense.

    It is told so in its answer; the SDK notes it as an error or on a hundred lines.
    """
    gone = (anyio.ClosedResourceError, anyio.BrokenResourceError, McpError)
    if record.exc_info and isinstance(record.exc_info[1], gone):
        return False
    return not record.getMessage().startswith(("Failed to validate ", "Response ID "))


def _expire_idle(app: Any, seconds: float) -> None:
    """Tell the SDK's session manager when a session is idle; FastMCP does not pass it on."""
    for route in app.routes:
        manager = getattr(route.endpoint, "session_manager", None)
        if manager is not None:
            manager.session_idle_timeout = seconds
