"""The plant as the console reaches it: MCP tools, a session that is opened again when it breaks."""

import asyncio
from collections.abc import Callable
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

PERSON = 600.0
"""Seconds that a person may take to answer what the plant asks."""

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


class Plant:
    """One MCP session, opened at the first question.

    Args:
        client: Open or not; one that was open already stays open.
        patience: Seconds to wait for an answer.
    """

    def __init__(self, client: Client[Any], patience: float = 10.0) -> None:
        self._client = client
        self._patience = patience
        self._session = AsyncExitStack()
        self._opened = False
        self._opening = asyncio.Lock()
        self._tools: frozenset[str] | None = None

    async def ask(
        self, tool: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call a tool that reads.

        Raises:
            OpsmithError: The tool refused; the message says why.
            Unavailable: No answer.
        """
        return await self._call(self._patience, tool, *args, **kwargs)

    async def do(
        self, tool: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call a tool that changes the plant, which may ask the operator first. Raises as `ask`."""
        return await self._call(PERSON, tool, *args, **kwargs)

    async def _call(
        self,
        patience: float,
        tool: Callable[Concatenate[Any, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        try:
            async with asyncio.timeout(patience):
                await self._open()
                return await call(self._client, tool, *args, **kwargs)
        except TimeoutError as error:
            raise Unavailable(f"{tool.__name__}: no answer in {patience:g} s") from error
        except FAILURES as error:
            raise Unavailable(f"{error}" or type(error).__name__) from error

    async def has(self, tool: Callable[..., object]) -> bool:
        """Whether the server publishes a tool.

        Raises:
            Unavailable: No answer.
        """
        if self._tools is None:
            try:
                async with asyncio.timeout(self._patience):
                    await self._open()
                    self._tools = frozenset(known.name for known in await self._client.list_tools())
            except FAILURES as error:
                raise Unavailable(f"{error}" or type(error).__name__) from error
        return tool.__name__ in self._tools

    async def client(self) -> Client[Any]:
        """The client, open, for the assistant, which chooses the tools itself.

        Raises:
            Unavailable: No answer.
        """
        try:
            async with asyncio.timeout(self._patience):
                await self._open()
        except FAILURES as error:
            raise Unavailable(f"{error}" or type(error).__name__) from error
        return self._client

    async def close(self) -> None:
        """Leave the session; it ends if we opened it."""
        if self._opened:
            self._opened = False
            await self._session.aclose()

    async def _open(self) -> None:
        async with self._opening:
            if self._opened and self._client.is_connected():
                return
            if self._opened:
                # The session broke: what is left of it must go before another can begin.
                await self._client.close()
                self._session = AsyncExitStack()
                self._tools = None
            await self._session.enter_async_context(self._client)
            self._opened = True
