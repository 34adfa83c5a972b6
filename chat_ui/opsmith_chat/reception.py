"""The reception: who signs in, the visit of each session, and the history that it goes on with."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# Chainlit types neither its configuration nor its session.

import logging
import time
from collections.abc import Callable, Mapping
from typing import cast

import anyio.to_thread
import chainlit as cl
from chainlit.auth import create_jwt
from chainlit.auth.cookie import set_auth_cookie
from chainlit.config import config
from chainlit.data.base import BaseDataLayer
from chainlit.session import WebsocketSession
from fastapi import HTTPException
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from opsmith.errors import Unavailable
from opsmith_agents.memory import Memory
from opsmith_chat.history import History
from opsmith_chat.room import Room, Visit
from opsmith_chat.sign_in import LOCAL, asking_from
from opsmith_chat.sign_in_words import SIGN_IN_WORDS
from opsmith_chat.speaking import spoken
from opsmith_chat.visits import Visits, find_visit
from opsmith_mcp.limits import Bucket

logger = logging.getLogger(__name__)

_EACH = Bucket(per_second=0.5, burst=15)
"""Questions of one conversation."""
_PERSON = Bucket(per_second=1.0, burst=60)
"""Questions of one person, in all conversations."""
_MOST = 2000


class Reception:
    """Receives those who come.

    Args:
        room: What they come for.
        root: Path under which the page is; empty at the top.
    """

    def __init__(self, room: Room, root: str) -> None:
        self._room = room
        self._visits = Visits(room)
        self._paces: dict[str, Bucket] = {}
        self.history = History(room.history, root, _memory)

    def open(self) -> None:
        """Take Chainlit's events of sign-in and history."""
        cl.data_layer(cast(Callable[[], BaseDataLayer], lambda: self.history))
        # Until somebody asks, nobody comes in but by a password.
        config.code.password_auth_callback = self._sign_in

    async def arrange(self) -> None:
        """Ask for a password, unless the one at the machine comes in without. For `Gate`."""
        is_open = await self._room.people.is_open()
        config.code.password_auth_callback = None if is_open else self._sign_in
        config.code.header_auth_callback = self._let_in if is_open else None

    async def let_in(self, request: Request, answer: Response) -> None:
        """Give the one at the machine his cookie, where he needs no password."""
        if await self._room.people.is_open():
            user = cl.User(identifier=LOCAL.name, metadata=self._room.people.let_in())
            set_auth_cookie(request, answer, create_jwt(user))

    async def ready(self) -> Visit:
        """The visit of the session that Chainlit serves here and now; begun where there is none."""
        session = cl.context.session
        user = session.user
        name = LOCAL.name if user is None else user.identifier
        who = await anyio.to_thread.run_sync(self._room.people.now, name)
        memory = None
        if isinstance(session, WebsocketSession) and session.thread_id_to_resume:
            memory = await self._recalled(session.thread_id_to_resume)
        return await self._visits.ready(who, memory)

    def pace(self) -> float:
        """Seconds until who asks here and now may ask; 0: now, and the question is counted."""
        now, session = time.monotonic(), cl.context.session
        if len(self._paces) > _MOST:
            self._paces = {key: one for key, one in self._paces.items() if not one.is_full(now)}
        wait = self._bucket(f"session {session.id}", _EACH).take(now)
        if wait or session.user is None or session.user.identifier == LOCAL.name:
            return wait
        return self._bucket(f"person {session.user.identifier}", _PERSON).take(now)

    async def leave(self) -> None:
        """A page was closed, or lost its connection: close the visits that have ended."""
        await self._visits.sweep()

    async def close(self) -> None:
        """End every visit; return when everything is kept."""
        await self._visits.close()
        await self.history.close()

    async def _recalled(self, thread_id: str) -> Memory | None:
        kept = await self.history.memory(thread_id)
        try:
            return None if kept is None else Memory.model_validate_json(kept)
        except ValidationError as error:
            logger.warning("The memory of %r cannot be read, it begins anew: %s", thread_id, error)
            return None

    async def _sign_in(self, name: str, password: str) -> cl.User:
        people, words = self._room.people, SIGN_IN_WORDS[spoken(self._room.language)]
        wait = people.wait(name, asking_from.get())
        if wait:
            raise HTTPException(429, words.too_often, {"retry-after": str(int(wait) + 1)})
        try:
            found = await people.sign_in(name, password)
        except Unavailable as error:
            raise HTTPException(503, str(error)) from error
        if found is None:
            logger.warning("Nobody was let in as %r from %s", name[:100], asking_from.get())
            raise HTTPException(401, words.wrong)
        return cl.User(identifier=name, metadata=found)

    async def _let_in(self, headers: Mapping[str, str]) -> cl.User | None:
        return cl.User(identifier=LOCAL.name, metadata=self._room.people.let_in())

    def _bucket(self, key: str, like: Bucket) -> Bucket:
        if key not in self._paces:
            self._paces[key] = Bucket(like.per_second, like.burst)
        return self._paces[key]


def _memory() -> str | None:
    visit = find_visit()
    return None if visit is None else visit.conversation.memory.model_dump_json()
