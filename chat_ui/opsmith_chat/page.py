"""How a conversation becomes what Chainlit shows: steps, answers, charts, first questions.

Import it only after `opsmith_chat.folder.lay_out`.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# Chainlit types neither its callbacks nor its session.

import json
import logging
from collections.abc import Callable, Sequence
from typing import cast

import chainlit as cl
from chainlit.data.base import BaseDataLayer
from chainlit.utils import utc_now

from opsmith.domain.base import Language, State
from opsmith.errors import OpsmithError
from opsmith_agents.answers import Answer, Chart, Step
from opsmith_agents.assistant import Assistant
from opsmith_agents.grammar import language_of
from opsmith_agents.reply_words import plain
from opsmith_chat.chart import draw
from opsmith_chat.markdown import without_directives
from opsmith_chat.room import Room
from opsmith_chat.starters import first_questions
from opsmith_chat.steps import outcome, title
from opsmith_chat.wording import WORDS

logger = logging.getLogger(__name__)

LONGEST = 4000
"""Characters of a question."""

_CONVERSATION = "conversation"


class Page:
    """The page's behaviour.

    Args:
        room: What it is about.
    """

    def __init__(self, room: Room) -> None:
        self._room = room

    def open(self) -> None:
        """Take Chainlit's events; there is one page in a process."""
        cl.on_chat_start(self._begin)
        cl.on_message(self._answer)
        cl.set_starters(self._starters)
        # Else Chainlit keeps conversations wherever another program's DATABASE_URL points.
        cl.data_layer(cast(Callable[[], BaseDataLayer], _nothing_kept))

    async def _starters(self, user: cl.User | None, language: str | None) -> list[cl.Starter]:
        return [cl.Starter(label=one, message=one) for one in await first_questions(self._room)]

    async def _begin(self) -> None:
        cl.user_session.set(_CONVERSATION, self._room.converse())

    async def _answer(self, message: cl.Message) -> None:
        question = message.content.strip()
        language = language_of(question)
        words = WORDS[language]
        if len(question) > LONGEST:
            await _say(words.too_long.format(most=LONGEST, length=len(question)))
            return
        try:
            await self._ask(question, language)
        except OpsmithError as error:
            await _say(plain(str(error)))
        except Exception:
            # The outermost place of a conversation, which must survive one bad question.
            logger.exception("A question failed")
            await _say(words.failed)

    async def _ask(self, question: str, language: Language) -> None:
        conversation: object = cl.user_session.get(_CONVERSATION)
        assert isinstance(conversation, Assistant)
        shown: dict[int, cl.Step] = {}
        try:
            async for event in conversation.ask(question):
                match event:
                    case Step(state="running"):
                        shown[event.number] = await _started(event)
                    case Step():
                        await _ended(shown.pop(event.number), event)
                    case Answer():
                        await self._show(event)
        finally:
            # Stopped by the visitor, or failed: nothing may look as if it still ran.
            for step in shown.values():
                step.name += f" · {WORDS[language].stopped}"
                step.is_error = True
                step.end = utc_now()
                await step.update()

    async def _show(self, answer: Answer) -> None:
        words = WORDS[answer.language]
        if answer.made_by != "rules":
            by = words.by_model.format(model=plain(answer.made_by))
        else:
            by = words.by_rules if self._room.model else words.by_rules_alone
        elements = [] if answer.chart is None else [self._chart(answer.chart, answer.language)]
        await _say(f"{answer.text}\n\n*{by}*", elements)

    def _chart(self, chart: Chart, language: Language) -> cl.Plotly:
        figure = draw(chart, language, self._room.zone)
        element = cl.Plotly(name=chart.channel, figure=figure, display="inline", size="large")
        # What a figure cannot carry: no buttons that nobody asked for.
        drawn = json.loads(element.content)
        element.content = json.dumps({**drawn, "config": {"displayModeBar": False}})
        return element


def _nothing_kept() -> None:
    """No history yet."""


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


async def _say(text: str, elements: Sequence[cl.Plotly] = ()) -> None:
    await cl.Message(without_directives(text), elements=list(elements)).send()
