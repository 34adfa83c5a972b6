"""How an answer is told: its text, who made it, its charts, tables, evidence and card."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# Chainlit types neither its messages nor its session.

import json
from datetime import tzinfo

import chainlit as cl
from chainlit.element import Element

from opsmith.access import Role
from opsmith.domain.base import Language
from opsmith_agents.answers import Answer
from opsmith_agents.charts import Chart
from opsmith_agents.reply_words import joined, plain
from opsmith_chat.answer_words import ANSWER_WORDS
from opsmith_chat.cards import Cards
from opsmith_chat.chart import draw
from opsmith_chat.evidence import cited, mark, sheet
from opsmith_chat.markdown import without_directives
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
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._cards = Cards(room.zone)

    def open(self) -> None:
        """Take the presses of its buttons; there is one page in a process."""
        self._cards.open()

    async def tell(self, answer: Answer) -> None:
        """Show an answer, and its card as a message of its own."""
        card, text = answer.proposal, answer.text
        if card is not None:
            text = text.removesuffix(card.shown).strip()
        if text:
            text, evidence = cited(text, answer.evidence, answer.language)
            zone, elements = self._room.zone, _files(text, answer.language)
            if answer.chart is not None:
                elements.append(plot(answer.chart, answer.language, zone))
            for one in evidence:
                sheeted = without_directives(sheet(one, answer.language, zone))
                name = mark(one.evidence_id)
                elements.append(
                    cl.Text(name=name, content=sheeted, display="page", mime="text/plain")
                )
            said = joined(_noted(text, answer), f"*{self._made_by(answer)}*")
            await cl.Message(without_directives(said), elements=elements).send()
        if card is not None:
            await self._cards.show(card)

    def _made_by(self, answer: Answer) -> str:
        words = WORDS[answer.language]
        if answer.made_by == "rules":
            return words.by_rules if self._room.model else words.by_rules_alone
        by = words.by_model.format(model=plain(answer.made_by))
        return f"{by} {_took(answer)}".strip()


def plot(chart: Chart, language: Language, zone: tzinfo) -> cl.Plotly:
    """A chart as Chainlit shows it."""
    figure = draw(chart, language, zone)
    element = cl.Plotly(name=f"chart-{chart.kind}", figure=figure, display="inline", size="large")
    # What a figure cannot carry: no buttons that nobody asked for.
    drawn = json.loads(element.content)
    element.content = json.dumps({**drawn, "config": {"displayModeBar": False}})
    return element


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


def _files(text: str, language: Language) -> list[Element]:
    name = ANSWER_WORDS[language].table
    return [
        cl.File(name=f"{name}-{number}.csv", content=as_csv(rows), mime="text/csv")
        for number, rows in enumerate(tables(text), 1)
        if number <= _TABLES
    ]
