"""How a conversation becomes what Chainlit shows: steps, answers, charts, first questions.

Import it only after `opsmith_chat.folder.lay_out`.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# Chainlit types neither its callbacks nor its session.

import asyncio
import logging
import math
from collections.abc import AsyncIterator
from pathlib import Path

import chainlit as cl
from chainlit.types import ThreadDict

from opsmith.domain.base import Language
from opsmith.errors import OpsmithError
from opsmith_agents.answers import Answer, SoFar, Step
from opsmith_agents.grammar import language_of
from opsmith_agents.reply_words import plain
from opsmith_chat.answer_words import ANSWER_WORDS
from opsmith_chat.attached import Attached, File
from opsmith_chat.calls import Calls
from opsmith_chat.growing import Growing, reword_stop
from opsmith_chat.live_screen import tell_alerts
from opsmith_chat.markdown import without_directives
from opsmith_chat.reception import Reception
from opsmith_chat.room import Room
from opsmith_chat.sign_in_words import SIGN_IN_WORDS
from opsmith_chat.speaking import language_in, spoken
from opsmith_chat.starters import first_questions
from opsmith_chat.telling import Telling
from opsmith_chat.visits import visit_of
from opsmith_chat.wording import WORDS

logger = logging.getLogger(__name__)

LONGEST = 4000
"""Characters of a question."""

_LANGUAGE = "language"
_GROWING = "growing"


class Page:
    """The page's behaviour.

    Args:
        room: What it is about.
        reception: Where those who come are received.
    """

    def __init__(self, room: Room, reception: Reception) -> None:
        self._room = room
        self._reception = reception
        self._telling = Telling(room, reception.history.address)
        trier, zone = room.trier, room.zone
        self._attached = None if trier is None else Attached(trier, zone, room.shelf)

    def open(self) -> None:
        """Take Chainlit's events; there is one page in a process."""
        self._reception.open()
        cl.on_chat_start(self._begin)
        cl.on_chat_resume(self._resume)
        cl.on_chat_end(self._leave)
        cl.on_message(self._heard)
        cl.on_stop(_stopped)
        self._telling.open()
        cl.set_starters(self._starters)

    async def _starters(self, user: cl.User | None, language: str | None) -> list[cl.Starter]:
        if user is None:
            return []
        who = await asyncio.to_thread(self._room.people.now, user.identifier)
        async with self._room.open(who) as (eyes, _):
            wanted = language_in(language or "") or self._room.language
            found = await first_questions(self._room, eyes, wanted)
        return [cl.Starter(label=one, message=one) for one in found]

    async def _begin(self) -> None:
        await tell_alerts(await self._reception.ready(), self._room)

    async def _resume(self, thread: ThreadDict) -> None:
        await self._begin()
        await self._telling.resume(thread["steps"])

    async def _heard(self, message: cl.Message) -> None:
        # Who is quick asks before the visit has begun.
        await tell_alerts(await self._reception.ready(), self._room)
        if wait := self._reception.pace():
            words = SIGN_IN_WORDS[language_of(message.content)]
            await _say(words.too_fast.format(seconds=math.ceil(wait)))
            return
        await self._answer(message)

    async def _leave(self) -> None:
        await self._reception.leave()

    async def _answer(self, message: cl.Message) -> None:
        question = message.content.strip()
        files = _files_of(message)
        is_said = question or not files
        language = language_of(question) if is_said else spoken(self._room.language)
        cl.user_session.set(_LANGUAGE, language)
        words = WORDS[language]
        if len(question) > LONGEST:
            await _say(words.too_long.format(most=LONGEST, length=len(question)))
            return
        try:
            await self._ask(question, files, language)
        except OpsmithError as error:
            await _say(plain(str(error)))
        except Exception:
            # The outermost place of a conversation, which must survive one bad question.
            logger.exception("A question failed")
            await _say(words.failed)

    async def _ask(self, question: str, files: list[File], language: Language) -> None:
        visit = visit_of()
        events: AsyncIterator[Step | SoFar | Answer] = visit.conversation.follow(question)
        if files and self._attached is not None:
            events = self._attached.answer(files, question, visit.eyes, visit.who, language)
        calls, growing = Calls(), Growing()
        cl.user_session.set(_GROWING, growing)
        is_whole = False
        try:
            async for event in events:
                match event:
                    case Step():
                        await calls.take(event)
                    case SoFar():
                        await growing.grow(event.text)
                    case Answer():
                        is_whole = True
                        await self._telling.tell(event, growing)
        finally:
            # Stopped by the visitor, or failed.
            await calls.stop(WORDS[language].stopped)
            if not is_whole:
                await growing.stop(ANSWER_WORDS[language].stopped_here)


def _files_of(message: cl.Message) -> list[File]:
    """What came with a message."""
    return [File(Path(one.path), one.name) for one in message.elements or () if one.path]


async def _stopped() -> None:
    """Say it in the language of the question: Chainlit has said it in English just now."""
    language: Language = cl.user_session.get(_LANGUAGE) or spoken("en")
    growing: object = cl.user_session.get(_GROWING)
    await reword_stop(
        growing if isinstance(growing, Growing) else None, ANSWER_WORDS[language].stopped
    )


async def _say(text: str) -> None:
    await cl.Message(without_directives(text)).send()
