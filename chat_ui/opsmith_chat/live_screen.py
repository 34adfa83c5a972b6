"""One conversation of Chainlit as a place where alerts are told, and the choice of their level."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# Chainlit types neither its session nor its widgets.

import asyncio
import contextlib
from typing import cast

import chainlit as cl
from chainlit.input_widget import Select
from chainlit.server import sio
from chainlit.session import WebsocketSession

from opsmith.domain.base import Language
from opsmith_agents.reply_words import say
from opsmith_chat.live import DEFAULT, LEVELS, Live
from opsmith_chat.markdown import without_directives
from opsmith_chat.room import Room, Visit
from opsmith_chat.speaking import spoken

_TOLD = "told"

SETTING = "alerts"
"""Name of the choice among Chainlit's chat settings."""


async def tell_alerts(visit: Visit, room: Room) -> None:
    """Offer the choice of a level, and tell this conversation of new alerts until the visit ends.

    Call it where Chainlit has begun a conversation, or resumed one; twice in a visit is once.

    Args:
        visit: Who is told.
        room: In whose language the choice is, where the browser names none of ours.
    """
    if cl.user_session.get(_TOLD) is visit:
        return
    cl.user_session.set(_TOLD, visit)
    language = spoken(room.language)
    screen = _Conversation(cast(WebsocketSession, cl.context.session), visit, language)
    await _offer(language, screen.level())
    live = Live(visit.eyes, screen, room.zone)
    task = asyncio.create_task(live.run(room.wake))

    async def end() -> None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    visit.at_end.push_async_callback(end)


async def _offer(language: Language, chosen: str) -> None:
    labels = {
        say(language, "Only P0, at once", "仅 P0（立即处理）"): "P0",
        say(language, "P0 and P1, this shift", "P0 与 P1（本班处理）"): "P1",
        say(language, "P0 to P2, this week", "P0 至 P2（本周处理）"): "P2",
        say(language, "None", "不提示"): "off",
    }
    choice = Select(
        id=SETTING,
        label=say(language, "New alerts told here without asking", "主动提示的新报警"),
        items=labels,
        initial_value=chosen,
    )
    await cl.ChatSettings([choice]).send()


class _Said:
    """See `opsmith_chat.live.Said`."""

    def __init__(self, message: cl.Message) -> None:
        self._message = message

    async def change(self, text: str) -> None:
        """See `opsmith_chat.live.Said.change`."""
        self._message.content = without_directives(text)
        await self._message.update()


class _Conversation:
    """See `opsmith_chat.live.Screen`."""

    def __init__(self, session: WebsocketSession, visit: Visit, language: Language) -> None:
        self._session = session
        self._visit = visit
        self._language: Language = language

    def is_there(self) -> bool:
        """See `opsmith_chat.live.Screen.is_there`."""
        # A phone that sleeps loses its socket, and gets another when it wakes.
        return sio.manager.is_connected(self._session.socket_id, "/") is True

    def level(self) -> str:
        """See `opsmith_chat.live.Screen.level`."""
        chosen = str(self._session.chat_settings.get(SETTING, DEFAULT))
        return chosen if chosen in LEVELS else DEFAULT

    def language(self) -> Language:
        """See `opsmith_chat.live.Screen.language`."""
        turns = self._visit.conversation.memory.turns
        return turns[-1].language if turns else self._language

    async def say(self, text: str) -> _Said:
        """See `opsmith_chat.live.Screen.say`."""
        message = cl.Message(without_directives(text))
        await message.send()
        return _Said(message)
