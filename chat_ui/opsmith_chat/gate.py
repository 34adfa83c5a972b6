"""The gate behind the door: which of Chainlit's routes there are, and for whom."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# Chainlit types no token.

import re
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any

import jwt
from chainlit.auth.cookie import get_token_from_cookies
from chainlit.auth.jwt import get_jwt_secret
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opsmith.errors import Unavailable
from opsmith_chat.sign_in import LOCAL, People, SignedIn, asking, asking_from

BODY, FILE = 1_000_000, 34_000_000
"""Bytes of a request, and of one that brings a file."""

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_ID = r"[0-9A-Za-z._-]{1,64}"
_OPEN = [
    ("GET HEAD", rf"/|/login|/thread/{_ID}|/element/{_ID}"),
    ("GET HEAD", r"/(?:assets|public|avatars)/[^\\]+|/favicon|/logo"),
    ("GET", r"/auth/config|/project/translations"),
    ("POST", r"/login|/logout|/auth/header"),
]
"""What everybody may ask for: the page without anything of the plant in it."""
_CLOSED = [
    ("GET", rf"/user|/project/settings|/project/thread/{_ID}|/kept/{_ID}/{_ID}"),
    ("GET", rf"/project/thread/{_ID}/element/{_ID}|/project/file/{_ID}"),
    ("POST", r"/set-session-cookie|/project/threads|/project/action|/project/file"),
    ("PUT DELETE", r"/feedback|/project/thread|/project/element"),
    ("GET POST", r"/ws/socket\.io/?"),
]
"""What those may ask for who came in. What is in neither list is not there: Chainlit would share
conversations with everybody, lengthen a sign-in for ever, and open MCP servers of others."""


class Gate:
    """Lets in who may come in, and says to what is behind it who that is.

    Args:
        app: Chainlit, and what is beside it.
        people: Who may come in.
        arrange: Awaited before somebody is told how to sign in, or does.
    """

    def __init__(
        self, app: ASGIApp, people: People, arrange: Callable[[], Awaitable[None]]
    ) -> None:
        self._app = app
        self._people = people
        self._arrange = arrange

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            try:
                await self._request(scope, receive, send)
            except Unavailable as error:
                await JSONResponse({"detail": str(error)}, 503)(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        is_open = _is_listed(_OPEN, scope["method"], path)
        if not is_open and not _is_listed(_CLOSED, scope["method"], path):
            await _say(404, "Not found")(scope, receive, send)
            return
        refused = _refused_body(headers, scope["method"], path)
        if refused is not None:
            await refused(scope, receive, send)
            return
        signed = signed_in(headers)
        caller = None
        if not is_open:
            caller = await self._people.find(signed) if signed else None
            if caller is None or (caller is LOCAL and is_from_elsewhere(headers)):
                await _say(401, "Unauthorized")(scope, receive, send)
                return
        elif path in ("/auth/config", "/auth/header", "/login"):
            await self._arrange()
        if path == "/logout" and signed is not None:
            await self._people.leave(signed)
        elif path == "/auth/header" and is_from_elsewhere(headers):
            await _say(401, "Unauthorized")(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                _harden(MutableHeaders(scope=message), scope, headers, kept=not is_open)
            await send(message)

        asking_from.set(str((scope.get("client") or ("",))[0]))
        token = asking.set(caller)
        try:
            await self._app(_bare(scope), receive, send_safely)
        finally:
            asking.reset(token)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask again with each message, in both directions: who is shut out is out at once."""
        headers = Headers(scope=scope)
        signed = signed_in(headers)

        async def is_in() -> bool:
            try:
                caller = await self._people.find(signed) if signed else None
            except Unavailable:
                return False
            return caller is not None and not (caller is LOCAL and is_from_elsewhere(headers))

        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        if not _is_listed(_CLOSED, "GET", path) or not await is_in():
            await send({"type": "websocket.close", "code": 1008})
            return
        is_over = False

        async def received() -> Message:
            nonlocal is_over
            message = await receive()
            if message["type"] == "websocket.receive" and not (is_over or await is_in()):
                is_over = True
                await send({"type": "websocket.close", "code": 1008})
            return {"type": "websocket.disconnect", "code": 1008} if is_over else message

        async def sent(message: Message) -> None:
            nonlocal is_over
            if is_over:
                return
            if message["type"] == "websocket.send" and not await is_in():
                is_over = True
                message = {"type": "websocket.close", "code": 1008}
            await send(message)

        assert signed is not None
        token = asking.set(await self._people.find(signed))
        try:
            await self._app(_bare(scope), received, sent)
        finally:
            asking.reset(token)


def signed_in(headers: Headers) -> SignedIn | None:
    """Who a request's cookie says it is, where the signature is ours and has not expired."""
    try:
        cookies = {name: one.value for name, one in SimpleCookie(headers.get("cookie", "")).items()}
    except CookieError:
        return None
    token = get_token_from_cookies(cookies)
    if not token:
        return None
    try:
        said: dict[str, Any] = jwt.decode(token, get_jwt_secret() or "", algorithms=["HS256"])
        return SignedIn.read(said["identifier"], said["metadata"], said["exp"])
    except (jwt.InvalidTokenError, KeyError, TypeError, AttributeError):
        return None


def _is_listed(listed: list[tuple[str, str]], method: str, path: str) -> bool:
    return any(method in methods.split() and re.fullmatch(form, path) for methods, form in listed)


def is_from_elsewhere(headers: Headers) -> bool:
    """Whether a request came through a proxy: who sent it is not at this machine."""
    return any(name in headers for name in _FORWARDED)


def _refused_body(headers: Headers, method: str, path: str) -> JSONResponse | None:
    if "transfer-encoding" in headers and method != "GET":
        return _say(411, "Content-Length is missing")
    length = headers.get("content-length", "0")
    most = FILE if path == "/project/file" else BODY
    if not (length.isascii() and length.isdigit()) or int(length) > most:
        return _say(413, f"At most {most:,} bytes")
    return None


def _say(status: int, why: str) -> JSONResponse:
    return JSONResponse({"detail": why}, status)


def _bare(scope: Scope) -> Scope:
    """The request without the header that would be as good as the cookie, and was not looked at."""
    headers = [one for one in scope["headers"] if one[0].lower() != b"authorization"]
    return {**scope, "headers": headers}


def _harden(made: MutableHeaders, scope: Scope, asked: Headers, *, kept: bool) -> None:
    if kept:
        made["cache-control"] = "no-store"
    if scope.get("scheme") == "https" or asked.get("x-forwarded-proto") == "https":
        cookies = made.getlist("set-cookie")
        if cookies:
            del made["set-cookie"]
        for one in cookies:
            is_secure = "secure" in one.lower().replace(" ", "").split(";")
            made.append("set-cookie", one if is_secure else f"{one}; Secure")
