"""An MCP session of a client, opened at the first question and again when it breaks."""

import contextlib
from collections.abc import Callable, Generator
from contextlib import AsyncExitStack
from typing import Any, Concatenate, ParamSpec, TypeVar

import anyio
import httpx
from fastmcp import Client
from fastmcp.exceptions import FastMCPError
from mcp import McpError
from pydantic import ValidationError

from opsmith.errors import Unavailable
from opsmith_mcp.client import call

P = ParamSpec("P")
T = TypeVar("T")

FAILURES = (
    FastMCPError,
    McpError,
    httpx.HTTPError,
    anyio.ClosedResourceError,
    anyio.BrokenResourceError,
    OSError,
    # What the client raises where it cannot open a session, or has lost it.
    RuntimeError,
    TimeoutError,
    # A server of another version answers with other fields.
    ValidationError,
)
"""What a client raises where it has no answer."""


class Session:
    """Raises `Unavailable` where it has no answer.

    Args:
        client: Open or not; one that was open already stays open.
    """

    def __init__(self, client: Client[Any]) -> None:
        self._client = client
        self._held = AsyncExitStack()
        self._opened = False
        self._opening = anyio.Lock()
        self._tools: frozenset[str] | None = None

    async def call(
        self, tool: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call a tool; see `opsmith_mcp.client.call`."""
        client = await self.client()
        with _told():
            return await call(client, tool, *args, **kwargs)

    async def tools(self) -> frozenset[str]:
        """Names of all tools."""
        client = await self.client()
        if self._tools is None:
            with _told():
                self._tools = frozenset(known.name for known in await client.list_tools())
        return self._tools

    async def client(self) -> Client[Any]:
        """The client, open."""
        async with self._opening:
            if not self._opened or not self._client.is_connected():
                with _told():
                    await self._open()
        return self._client

    async def close(self) -> None:
        """Leave the session; it ends if we opened it."""
        if self._opened:
            self._opened = False
            await self._held.aclose()

    async def _open(self) -> None:
        if self._opened:
            # What is left of the broken one must go before another can begin.
            await self._client.close()
            self._held = AsyncExitStack()
            self._tools = None
        await self._held.enter_async_context(self._client)
        self._opened = True


@contextlib.contextmanager
def _told() -> Generator[None]:
    try:
        yield
    except FAILURES as error:
        raise Unavailable(f"{error}" or type(error).__name__) from error
