"""How a conversation becomes what Chainlit shows: steps, answers, charts, first questions.

Import it only after `opsmith_chat.folder.lay_out`.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# Chainlit types neither its callbacks nor its session.

import asyncio
import logging
import math
from pathlib import Path

import chainlit as cl
from chainlit.types import ThreadDict
from chainlit.utils import utc_now

from opsmith.domain.base import Language, State
from opsmith.errors import OpsmithError
from opsmith_agents.answers import Answer, Step
from opsmith_agents.grammar import language_of
from opsmith_agents.reply_words import plain
from opsmith_chat.answer_words import ANSWER_WORDS
from opsmith_chat.attached import Attached, File
from opsmith_chat.live_screen import tell_alerts
from opsmith_chat.markdown import without_directives
from opsmith_chat.reception import Reception
from opsmith_chat.room import Room
from opsmith_chat.sign_in_words import SIGN_IN_WORDS
from opsmith_chat.starters import first_questions
from opsmith_chat.steps import outcome, title
from opsmith_chat.telling import Telling
from opsmith_chat.visits import visit_of
from opsmith_chat.wording import WORDS

logger = logging.getLogger(__name__)

LONGEST = 4000
"""Characters of a question."""

_LANGUAGE = "language"
_STOPPED = "Task manually stopped."
"""What Chainlit says."""


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
            found = await first_questions(self._room, eyes)
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
        language = language_of(question) if question or not files else self._room.language
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
        events = visit.conversation.ask(question)
        if files and self._attached is not None:
            events = self._attached.answer(files, question, visit.eyes, visit.who, language)
        shown: dict[int, cl.Step] = {}
        try:
            async for event in events:
                match event:
                    case Step(state="running"):
                        shown[event.number] = await _started(event)
                    case Step():
                        await _ended(shown.pop(event.number), event)
                    case Answer():
                        await self._telling.tell(event)
        finally:
            # Stopped by the visitor, or failed: nothing may look as if it still ran.
            for step in shown.values():
                step.name += f" · {WORDS[language].stopped}"
                step.is_error = True
                step.end = utc_now()
                await step.update()


def _files_of(message: cl.Message) -> list[File]:
    """What came with a message."""
    return [File(Path(one.path), one.name) for one in message.elements or () if one.path]


async def _started(step: Step) -> cl.Step:
    run = cl.context.current_run
    parent = run.id if run else None
    shown = cl.Step(name=title(step), type="tool", parent_id=parent, icon="wrench")
    shown.input = step.arguments
    shown.start = utc_now()
    await shown.send()
    return shown


async def _ended(shown: cl.Step, step: Step) -> None:
    shown.name = title(step)
    shown.output = outcome(step)
    shown.language = "json"
    shown.is_error = step.state == State.UNAVAILABLE
    shown.end = utc_now()
    await shown.update()


async def _stopped() -> None:
    """Say it in the language of the question: Chainlit has said it in English just now."""
    language: Language = cl.user_session.get(_LANGUAGE) or "en"
    said = cl.chat_context.get()
    if said and said[-1].content == _STOPPED:
        said[-1].content = ANSWER_WORDS[language].stopped
        await said[-1].update()


async def _say(text: str) -> None:
    await cl.Message(without_directives(text)).send()
