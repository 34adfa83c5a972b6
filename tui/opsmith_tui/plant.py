"""The plant as the console reaches it: its MCP tools, those that read and those that change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from pydantic import ValidationError

from opsmith.errors import Unavailable
from opsmith_mcp.client import call

if TYPE_CHECKING:
    from fastmcp import Client
    from fastmcp.client.elicitation import ElicitationHandler

    from opsmith_mcp.light import LightSession
    from opsmith_tui.session import Session

PERSON = 600.0
"""Seconds that a person may take to answer what the plant asks."""

P = ParamSpec("P")
T = TypeVar("T")


class Plant:
    """Asks and does.

    Args:
        connect: Makes the client; called when it is first needed.
        light: What questions go through instead, so that the first screen need not wait for the
            client's libraries; None: the client.
        patience: Seconds to wait for an answer.
    """

    def __init__(
        self,
        connect: Callable[[], Client[Any]],
        light: LightSession | None = None,
        patience: float = 10.0,
    ) -> None:
        self._connect = connect
        self._light = light
        self._patience = patience
        self._session: Session | None = None
        self._beginning = asyncio.Lock()
        self.asked: ElicitationHandler[Any, Any] | None = None
        """Answers what the plant asks before it changes what stops or moves a machine."""

    async def ask(
        self, tool: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call a tool that reads.

        Raises:
            OpsmithError: The tool refused; the message says why.
            Unavailable: No answer.
        """
        if self._light is None:
            return await self._within(self._patience, tool, *args, **kwargs)
        return await _answer(
            tool.__name__, self._patience, call(self._light, tool, *args, **kwargs)
        )

    async def do(
        self, tool: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call a tool that changes the plant, which may ask the operator first. Raises as `ask`."""
        return await self._within(PERSON, tool, *args, **kwargs)

    async def has(self, tool: Callable[..., object]) -> bool:
        """Whether the server publishes a tool.

        Raises:
            Unavailable: No answer.
        """
        asked = self._light or await self._begun()
        return tool.__name__ in await _answer("tools", self._patience, asked.tools())

    async def client(self) -> Client[Any]:
        """The client, open, for who chooses the tools himself.

        Raises:
            Unavailable: No answer.
        """
        session = await self._begun()
        return await _answer("session", self._patience, session.client())

    async def close(self) -> None:
        """Leave the plant."""
        if self._light is not None:
            await self._light.close()
        if self._session is not None:
            await self._session.close()

    async def _within(
        self,
        patience: float,
        tool: Callable[Concatenate[Any, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        session = await self._begun()
        return await _answer(tool.__name__, patience, session.call(tool, *args, **kwargs))

    async def _begun(self) -> Session:
        async with self._beginning:
            if self._session is None:
                # The libraries take a second to load; meanwhile keys are answered.
                self._session = await asyncio.to_thread(self._begin)
        return self._session

    def _begin(self) -> Session:
        from opsmith_tui.session import Session

        client = self._connect()
        if self.asked is not None:
            client.set_elicitation_callback(self.asked)  # pyright: ignore[reportUnknownMemberType]  FastMCP leaves its context open
        return Session(client)


async def _answer(name: str, patience: float, call: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(patience):
            return await call
    except TimeoutError as error:
        raise Unavailable(f"{name}: no answer in {patience:g} s") from error
    except ValidationError as error:
        # A server of another version answers with other fields.
        raise Unavailable(f"{name}: {error}") from error
