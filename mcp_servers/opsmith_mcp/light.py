"""A session with a plant elsewhere for questions alone: what a first screen waits for.

The SDK and FastMCP take longer to load than a console may take to start. Questions need little of
them: a tool that only reads asks nothing back, so each call is one POST and its answer.
"""

import contextlib
import itertools
import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, NamedTuple, cast

import anyio
import httpx

from opsmith.errors import Unavailable

PROTOCOL = "2025-06-18"
"""Of MCP: the revision that this is written to."""
_SESSION = "mcp-session-id"


class Part(NamedTuple):
    """One part of an answer; only texts have a text."""

    type: str
    text: str


class Result(NamedTuple):
    """What a tool answered, in the names of MCP's `CallToolResult`."""

    isError: bool  # noqa: N815  its name there
    content: list[Part]
    structuredContent: dict[str, Any] | None  # noqa: N815  as above


class LightSession:
    """Calls tools that read over streamable HTTP; opened at the first call, and again if lost.

    Args:
        url: Of the MCP endpoint.
        key: Of opsmith; empty: none is needed there.
    """

    def __init__(self, url: str, key: str = "") -> None:
        headers = {"accept": "application/json, text/event-stream"}
        if key:
            headers["authorization"] = f"Bearer {key}"
        # How long an answer is waited for is up to who asks.
        self._http = httpx.AsyncClient(headers=headers, timeout=None)
        self._url = url
        self._numbers = itertools.count(1)
        self._opening = anyio.Lock()
        self._session: str | None = None
        self._tools: frozenset[str] | None = None

    async def call_tool_mcp(self, name: str, arguments: dict[str, Any]) -> Result:
        """Call a tool that only reads. Raises `Unavailable` where no answer comes."""
        got = await self._ask("tools/call", {"name": name, "arguments": arguments})
        parts = cast("list[Mapping[str, Any]]", got.get("content", []))
        return Result(
            bool(got.get("isError", False)),
            [Part(str(part.get("type")), str(part.get("text", ""))) for part in parts],
            got.get("structuredContent"),
        )

    async def tools(self) -> frozenset[str]:
        """Names of all tools. Raises `Unavailable` where no answer comes."""
        if self._tools is None:
            names, cursor = set[str](), ""
            while cursor is not None:
                page = await self._ask("tools/list", {"cursor": cursor} if cursor else {})
                names |= {str(tool["name"]) for tool in page["tools"]}
                cursor = page.get("nextCursor")
            self._tools = frozenset(names)
        return self._tools

    async def close(self) -> None:
        """End the session, if the plant is still there to be told."""
        if self._session is not None:
            with contextlib.suppress(httpx.HTTPError):
                await self._http.delete(self._url, headers={_SESSION: self._session}, timeout=2.0)
        await self._http.aclose()

    async def _ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        session = await self._opened()
        try:
            return await self._post(method, params, session)
        except _Gone:
            # It was idle for too long, or the plant was started again.
            if self._session == session:
                self._session = self._tools = None
            return await self._post(method, params, await self._opened())

    async def _opened(self) -> str:
        async with self._opening:
            session = self._session
            if session is None:
                client = {"name": "opsmith", "version": version("opsmith")}
                asked = {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": client}
                answer = await self._send("initialize", asked, None, next(self._numbers))
                session = answer.headers.get(_SESSION, "")
                await self._send("notifications/initialized", {}, session, None)
                self._session = session
            return session

    async def _post(self, method: str, params: dict[str, Any], session: str) -> dict[str, Any]:
        number = next(self._numbers)
        answer = await self._send(method, params, session, number)
        for message in _messages(answer):
            if message.get("id") != number:
                continue
            if "error" in message:
                raise Unavailable(f"{method}: {message['error'].get('message')}")
            return cast("dict[str, Any]", message["result"])
        raise Unavailable(f"{method}: the plant's answer ended before it was whole")

    async def _send(
        self, method: str, params: dict[str, Any], session: str | None, number: int | None
    ) -> httpx.Response:
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
        if number is not None:
            message["id"] = number
        headers = {"mcp-protocol-version": PROTOCOL}
        if session:
            headers[_SESSION] = session
        try:
            answer = await self._http.post(self._url, json=message, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise Unavailable(f"{self._url}: {error or type(error).__name__}") from error
        if answer.status_code == HTTPStatus.NOT_FOUND and session:
            raise _Gone(f"{self._url} has lost the session")
        if answer.is_error:
            raise Unavailable(f"{self._url}: {answer.status_code} {_why(answer)}")
        return answer


class _Gone(Unavailable):
    """The plant knows nothing of this session."""


def _messages(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    """Those of a body: one, or a stream of events."""
    if not answer.headers.get("content-type", "").startswith("text/event-stream"):
        yield _read(answer.text)
        return
    # Not `splitlines`: a text within may hold other signs that end a line.
    for event in answer.text.replace("\r\n", "\n").split("\n\n"):
        lines = (line for line in event.split("\n") if line.startswith("data:"))
        if data := "\n".join(line[5:] for line in lines).strip():
            yield _read(data)


def _read(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text)
    except ValueError as error:
        raise Unavailable(f"No answer of an MCP server: {text[:80]!r}") from error
    if not isinstance(message, dict):
        raise Unavailable(f"No answer of an MCP server: {text[:80]!r}")
    return cast("dict[str, Any]", message)


def _why(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, TypeError, KeyError):
        return answer.reason_phrase
