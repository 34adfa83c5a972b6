"""The visits of a page: each is entered for a session of Chainlit, and left when that has ended."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# Chainlit types no session.

import asyncio
import logging
from dataclasses import dataclass, field

import chainlit as cl
from chainlit.context import ChainlitContextException
from chainlit.session import WebsocketSession

from opsmith.access import Caller
from opsmith_agents.memory import Memory
from opsmith_chat.room import Room, Visit

logger = logging.getLogger(__name__)

_VISIT = "visit"
_SECONDS = 30.0
"""Between two looks for sessions that ended."""


def visit_of() -> Visit:
    """The visit of whom Chainlit serves here and now."""
    visit: object = cl.user_session.get(_VISIT)
    assert isinstance(visit, Visit)
    return visit


def find_visit() -> Visit | None:
    """The same, or None where there is none."""
    try:
        visit: object = cl.user_session.get(_VISIT)
    except ChainlitContextException:
        return None
    return visit if isinstance(visit, Visit) else None


@dataclass(slots=True)
class _Stay:
    began: asyncio.Future[Visit]
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Visits:
    """The visits that go on.

    Each runs in a task of its own: what it opens must be closed where it was opened, and Chainlit
    begins and ends a session in different tasks.

    Args:
        room: What is visited.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._stays: dict[str, _Stay] = {}
        self._sweeper: asyncio.Task[None] | None = None

    async def ready(self, who: Caller, memory: Memory | None = None) -> Visit:
        """The visit of the session that Chainlit serves here and now; begun where there is none.

        Args:
            who: Whose it is.
            memory: Of the conversation that he goes on with, where it begins.
        """
        name: str = cl.context.session.id
        stay = self._stays.get(name)
        if stay is None:
            stay = self._stays[name] = _Stay(asyncio.get_running_loop().create_future())
            stay.task = asyncio.create_task(self._run(stay, who, memory))
            if self._sweeper is None or self._sweeper.done():
                self._sweeper = asyncio.create_task(self._watch())
        try:
            # Whoever waits may give up; the visit goes on.
            visit = await asyncio.shield(stay.began)
        except Exception:
            self._stays.pop(name, None)
            raise
        cl.user_session.set(_VISIT, visit)
        return visit

    async def sweep(self) -> None:
        """Close the visits whose session has ended."""
        for name in list(self._stays):
            session = WebsocketSession.get_by_id(name)
            if session is None or session.to_clear:
                await self._leave(name)

    async def close(self) -> None:
        """Close every visit."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for name in list(self._stays):
            await self._leave(name)

    async def _leave(self, name: str) -> None:
        stay = self._stays.pop(name, None)
        if stay is not None and stay.task is not None:
            stay.ended.set()
            await asyncio.wait([stay.task])

    async def _run(self, stay: _Stay, who: Caller, memory: Memory | None) -> None:
        try:
            async with self._room.visit(who, memory) as visit:
                stay.began.set_result(visit)
                await stay.ended.wait()
        except Exception as error:
            if stay.began.done():
                logger.exception("A visit did not end in order")
            else:
                stay.began.set_exception(error)

    async def _watch(self) -> None:
        while self._stays:
            await asyncio.sleep(_SECONDS)
            await self.sweep()
