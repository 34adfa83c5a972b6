"""How an answer is told: its text, who made it, its charts, tables, evidence and card."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# Chainlit types neither its messages nor its session.

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, tzinfo
from itertools import islice
from typing import ClassVar

import chainlit as cl
from chainlit.element import Element, ElementSize, ElementType
from chainlit.step import StepDict
from pydantic.dataclasses import dataclass

from opsmith.access import Role
from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Evidence
from opsmith_agents.answers import Answer
from opsmith_agents.charts import Chart
from opsmith_agents.reply_words import joined, plain
from opsmith_chat.answer_words import ANSWER_WORDS
from opsmith_chat.cards import Cards
from opsmith_chat.chart import draw
from opsmith_chat.evidence import FOLDED, Folded, cited, mark
from opsmith_chat.growing import Growing
from opsmith_chat.room import Room
from opsmith_chat.tables import as_csv, tables
from opsmith_chat.visits import visit_of
from opsmith_chat.wording import WORDS

_TABLES = 4
"""Tables of one answer that are files too."""


class Telling:
    """Tells answers to whom Chainlit serves here and now.

    Args:
        room: What the page is about.
        address: Where an element's content is, by the ids of its conversation and its own.
    """

    def __init__(self, room: Room, address: Callable[[str, str], str]) -> None:
        self._room = room
        self._address = address
        self._cards = Cards(room.zone)

    def open(self) -> None:
        """Take the presses of its buttons; there is one page in a process."""
        self._cards.open()

    async def resume(self, steps: list[StepDict]) -> None:
        """See `opsmith_chat.cards.Cards.resume`."""
        await self._cards.resume(steps)

    async def tell(self, answer: Answer, growing: Growing) -> None:
        """Show an answer, and its card as a message of its own.

        Args:
            answer: What is said in the end.
            growing: What is shown of it already.
        """
        card, text = answer.proposal, answer.text
        if card is not None:
            text = text.removesuffix(card.shown).strip()
        if text:
            text, evidence = cited(text, answer.evidence, answer.language)
            said = joined(_noted(text, answer), f"*{self._made_by(answer)}*")
            # The words first: whoever waits reads them while the rest is drawn.
            message = await growing.end(said)
            for element in self._beside(text, evidence, answer):
                element.url = self._address(element.thread_id, element.id)
                await element.send(for_id=message.id)
        if card is not None:
            for one in (card, *answer.more):
                await self._cards.show(one)

    def _beside(self, text: str, evidence: Sequence[Evidence], answer: Answer) -> Iterator[Element]:
        """What is shown beside the words, each drawn when it is asked for."""
        if answer.chart is not None:
            yield plot(answer.chart, answer.language, self._room.zone)
        yield from _files(text, answer.language)
        for one in evidence:
            folded = Folded(language=answer.language, evidence=one).model_dump_json()
            name = mark(one.evidence_id)
            yield cl.Text(name=name, content=folded, display="page", mime=FOLDED)

    def _made_by(self, answer: Answer) -> str:
        words = WORDS[answer.language]
        if answer.made_by == "rules":
            return words.by_rules if self._room.model else words.by_rules_alone
        by = words.by_model.format(model=plain(answer.made_by))
        return f"{by} {_took(answer)}".strip()


@dataclass
class Plot(Element):
    """A figure as Chainlit shows it; its own class checks what we drew, which takes 20 ms."""

    type: ClassVar[ElementType] = "plotly"
    size: ElementSize | None = "large"


def plot(chart: Chart, language: Language, zone: tzinfo) -> Plot:
    """A chart as Chainlit shows it."""
    # Without the buttons that nobody asked for.
    figure = {**draw(chart, language, zone), "config": {"displayModeBar": False}}
    content = json.dumps(figure, default=datetime.isoformat, allow_nan=False)
    return Plot(name=f"chart-{chart.kind}", content=content, mime="application/json")


def _took(answer: Answer) -> str:
    """What a model took for it, for those who look after it."""
    usage, words = answer.usage, ANSWER_WORDS[answer.language]
    if usage is None or visit_of().who.role < Role.ENGINEER:
        return ""
    said = words.tokens.format(
        input=usage.input_tokens, output=usage.output_tokens, requests=usage.requests
    )
    if usage.cost is not None:
        said += ", " + words.cost.format(cost=f"{usage.cost:.4f}")
    return f"({said})"


def _noted(text: str, answer: Answer) -> str:
    """The text, with why another answered than should have as a line of its own on top."""
    if not answer.note:
        return text
    rest = text.removeprefix(f"*{answer.note}*").strip()
    return f"> ⚠ {plain(answer.note)}\n\n{rest}"


def _files(text: str, language: Language) -> Iterator[Element]:
    name = ANSWER_WORDS[language].table
    for number, rows in enumerate(islice(tables(text), _TABLES), 1):
        yield cl.File(name=f"{name}-{number}.csv", content=as_csv(rows), mime="text/csv")
