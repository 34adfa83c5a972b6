"""A question with its tool calls, its answer and its cards, as they are read in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text
from textual.widget import Widget

from opsmith_tui.assistant_words import ASSISTANT
from opsmith_tui.figures import plain, zoned
from opsmith_tui.prose import Prose
from opsmith_tui.room import style_of
from opsmith_tui.wording import RESULT_STATES, Wording

if TYPE_CHECKING:
    from opsmith_agents.answers import Answer, Step
    from opsmith_agents.proposed import ProposedCall

LONGEST = 60
"""Signs of an argument that a step shows."""


@dataclass
class Card:
    """A proposed change, and what became of it."""

    call: ProposedCall
    said: str = ""
    """What became of it; empty: it waits."""


@dataclass(eq=False)
class Exchange:
    """One question and all that came of it."""

    question: str
    steps: dict[int, Step] = field(default_factory=dict[int, "Step"])
    so_far: str = ""
    answer: Answer | None = None
    wrong: str = ""
    """Why there is no whole answer."""
    is_earlier: bool = False
    """It was said before the console was opened."""
    cards: list[Card] = field(default_factory=list[Card])

    @property
    def is_open(self) -> bool:
        """The answer still comes."""
        return self.answer is None and not self.wrong


class Drawing:
    """Draws exchanges in the language and the theme as they are.

    Args:
        words: The language.
        widget: Whose theme gives the colours.
        zone: Of the times until which cards wait.
    """

    def __init__(self, words: Wording, widget: Widget, zone: tzinfo) -> None:
        self._words = words
        self._widget = widget
        self._zone = zone

    def of(self, exchange: Exchange) -> Group:
        """An exchange whole."""
        return Group(*self._parts(exchange), Text())

    def _parts(self, exchange: Exchange) -> Iterator[RenderableType]:
        words = self._words
        asked = Text(f"{words(ASSISTANT, 'you')}: ", style_of("text-accent", self._widget))
        asked.append(plain(exchange.question), "bold")
        if exchange.is_earlier:
            asked.append(f"  ({words(ASSISTANT, 'earlier')})", "dim")
        yield asked
        for step in exchange.steps.values():
            yield Padding(self._step(step), (0, 0, 0, 2))
        if exchange.answer is not None:
            yield from self._answer(exchange.answer)
        elif exchange.so_far:
            yield Padding(Prose(exchange.so_far), (0, 0, 0, 2))
        if exchange.is_open:
            yield Text(f"  {words(ASSISTANT, 'thinking')}", "italic")
        if exchange.wrong:
            yield Text(f"  {exchange.wrong}", style_of("text-error", self._widget))
        for card in exchange.cards:
            yield self._card(card)

    def _step(self, step: Step) -> Text:
        words, runs = self._words, step.state == "running"
        given = ", ".join(
            f"{name}={_short(value)}" for name, value in step.arguments.items() if value is not None
        )
        text = Text(f"{plain(step.tool)}({given})", "dim")
        state = words(ASSISTANT, "running") if runs else words(RESULT_STATES, step.state)
        text.append(f" → {state}")
        if step.seconds is not None:
            text.append(f" {step.seconds * 1000:.0f} ms")
        return text

    def _answer(self, answer: Answer) -> Iterator[RenderableType]:
        text = answer.text
        if answer.note:
            text = text.removeprefix(f"*{answer.note}*").strip()
            yield Text(f"  ⚠ {plain(answer.note)}", style_of("text-warning", self._widget))
        if answer.proposal is not None:
            text = text.removesuffix(answer.proposal.shown).strip()
        if text:
            yield Padding(Prose(text), (0, 0, 0, 2))
        if answer.chart is not None:
            # Only here: drawing it takes a library that the first screen does without.
            from opsmith_tui.answer_chart import AnswerChart

            chart = AnswerChart(answer.chart, self._words, self._zone)
            yield Padding(chart, (0, 0, 0, 2))
        if answer.evidence:
            said = Text(f"{self._words(ASSISTANT, 'evidence')}:", "dim")
            for one in answer.evidence:
                state = self._words(RESULT_STATES, one.state)
                said.append(f"  [{plain(one.evidence_id)}] {plain(one.tool)} {state}")
            yield Padding(said, (0, 0, 0, 2))
        yield Text(f"  {self._made_by(answer)}", "italic dim")

    def _made_by(self, answer: Answer) -> str:
        words = self._words
        if answer.made_by in ("rules", "person"):
            return words(ASSISTANT, answer.made_by)
        said = [words(ASSISTANT, "model", model=plain(answer.made_by))]
        if (usage := answer.usage) is not None:
            said.append(
                words(
                    ASSISTANT,
                    "tokens",
                    input=usage.input_tokens,
                    output=usage.output_tokens,
                    requests=usage.requests,
                )
            )
            if usage.cost is not None:
                said.append(words(ASSISTANT, "cost", cost=f"{usage.cost:.4f}"))
        return ", ".join(said)

    def _card(self, card: Card) -> RenderableType:
        words, call = self._words, card.call
        title = Text(words(ASSISTANT, "card", number=call.proposal_id))
        if card.said:
            # Its first line says that nothing is done yet.
            _, _, what = call.shown.partition("\n")
            return Panel(Group(Prose(what), Prose(card.said)), title=title, border_style="dim")
        waits = "card_until" if call.otherwise is None else "card_two"
        at = zoned(call.expires_at.astimezone(self._zone))
        keys = Text(words(ASSISTANT, waits, at=at), "bold")
        style = style_of("text-accent", self._widget)
        inside = Group(Prose(call.shown), keys)
        return Panel(inside, title=title, border_style=style)


def _short(value: object) -> str:
    text = plain(value).replace("\n", " ")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
