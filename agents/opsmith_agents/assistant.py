"""The assistant: answers questions about the plant, by an LLM where there is one, else by rules."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

from fastmcp import Client

from opsmith.clock import wall_clock
from opsmith.domain.base import Language
from opsmith.errors import Conflict, Denied, LlmUnavailable, NotFound, Unavailable
from opsmith_agents.answers import Answer, SoFar, Step, WatchedLedger
from opsmith_agents.evidence import EvidenceLedger
from opsmith_agents.grammar import language_of, understand
from opsmith_agents.memory import Memory
from opsmith_agents.proposed import ProposedCall
from opsmith_agents.replies_card import done
from opsmith_agents.reply_words import moment
from opsmith_agents.rule_assistant import RuleAssistant
from opsmith_agents.rule_cards import drafted
from opsmith_agents.wording_help import CHANGED, CONFIRM_HOW, EXPIRED, NO_CARD, NO_LLM, UNSURE
from opsmith_mcp.client import call_by_name

if TYPE_CHECKING:
    from pydantic_ai.models import Model

    from opsmith_agents.llm_assistant import LlmAssistant

logger = logging.getLogger(__name__)

_MOST_CARDS = 5
"""Cards that wait in one conversation; an older one falls away."""
_YES = re.compile(
    r"^\W*(yes|y|ok|okay|confirm|do it|go ahead|sure|是的?|好的?|确认|执行|同意|可以)\W*$",
    re.IGNORECASE,
)


class Assistant:
    """One conversation about the plant. It reads through the tools and changes nothing by itself.

    What it drafts comes as a card, `Answer.proposal`, and is done by `confirm`, which only a screen
    calls, with a client in the name of the person who pressed the button.

    Args:
        plant: An open MCP client of a server with read rights.
        model: See `opsmith_agents.models.model_from`; None: the rules answer alone.
        seconds: An answer of the LLM may take.
        zone: Of the times that it shows.
        prices: Of a million tokens of input and of output; 0: unknown.
        memory: Of a conversation that goes on; None: a new one.
        clock: Of people: cards expire by it.
    """

    def __init__(
        self,
        plant: Client[Any],
        model: Model | None = None,
        *,
        seconds: float = 25,
        zone: tzinfo = UTC,
        prices: tuple[float, float] = (0.0, 0.0),
        memory: Memory | None = None,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._plant = plant
        self._zone = zone
        self._clock = clock
        self._memory = memory or Memory()
        self._rules = RuleAssistant(zone)
        self._cards = {
            one.proposal_id: one for one in self._memory.cards if clock() < one.expires_at
        }
        self._llm: LlmAssistant | None = None
        if model is not None:
            # Only here, so that opsmith runs without the libraries of LLMs.
            from opsmith_agents.llm_assistant import LlmAssistant
            from opsmith_agents.llm_budget import Price

            price = Price(*prices) if any(prices) else None
            self._llm = LlmAssistant(model, plant, seconds, zone, price)
            for turn in self._memory.turns:
                self._llm.remember(turn.question, turn.answer)

    @property
    def memory(self) -> Memory:
        """What the conversation spoke of, to be kept by whoever wants to go on with it."""
        return self._memory.model_copy(update={"cards": self.cards})

    @property
    def cards(self) -> tuple[ProposedCall, ...]:
        """The cards that wait for a person."""
        return tuple(self._cards.values())

    def forget(self) -> None:
        """Begin anew: nothing that was said counts any more, and no card waits."""
        self._memory = Memory()
        self._cards.clear()
        if self._llm is not None:
            self._llm.forget()

    async def ask(
        self, text: str, language: Language | None = None
    ) -> AsyncGenerator[Step | Answer, None]:
        """Answer one question.

        Args:
            text: The question, English or Chinese.
            language: Of the answer; None: that of the question.

        Yields:
            Each tool call when it starts and when it has ended, then one `Answer`.
        """
        async with aclosing(self._follow(text, language, live=False)) as events:
            async for event in events:
                if not isinstance(event, SoFar):
                    yield event

    async def follow(
        self, text: str, language: Language | None = None
    ) -> AsyncGenerator[Step | SoFar | Answer, None]:
        """The same as `ask`, with what stands of an LLM's answer while the rest still comes.

        Of an answer that is left in the middle, the LLM remembers what stood by then.
        """
        async with aclosing(self._follow(text, language, live=True)) as events:
            async for event in events:
                yield event

    async def _follow(
        self, text: str, language: Language | None, *, live: bool
    ) -> AsyncGenerator[Step | SoFar | Answer, None]:
        events: asyncio.Queue[Step | SoFar | None] = asyncio.Queue()
        ledger = WatchedLedger(self._plant, events.put_nowait)
        stood = ""

        def tell(so_far: str) -> None:
            nonlocal stood
            stood = so_far
            events.put_nowait(SoFar(text=so_far))

        wanted = language or language_of(text)
        work = asyncio.create_task(self._answer(text, wanted, ledger, tell if live else None))
        work.add_done_callback(lambda _: events.put_nowait(None))
        try:
            while (event := await events.get()) is not None:
                yield event
            yield await work
        finally:
            if stood and not work.done() and self._llm is not None:
                self._llm.remember(text, f"{stood} [stopped here]", ledger.evidence)
            # Who asked may have gone away in the middle.
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def confirm(
        self, proposal_id: str, hands: Client[Any], *, otherwise: bool = False
    ) -> Answer:
        """Do what a card shows, exactly so and once, in the name of the person who confirms it.

        Args:
            proposal_id: Of the card.
            hands: An open client of a server whose caller is that person: it checks the person's
                role and writes the audit log.
            otherwise: Whether the person chose the other decision of a card that has two.

        Returns:
            What came of it, in the card's language.

        Raises:
            NotFound: No such card waits: done already, dismissed or forgotten.
            Conflict: It has expired, or what it is about has changed since; nothing was done.
            Denied: The person may not do it; the card waits still.
            Unavailable: It is not known whether it was done.
            OpsmithError: The tool refused it; nothing was done.
        """
        # Taken before anything is awaited: who presses twice finds it gone.
        card = self._cards.pop(proposal_id, None)
        if card is None:
            raise NotFound(NO_CARD[self._language()].format(number=proposal_id))
        language = card.language
        if self._clock() >= card.expires_at:
            at = moment(card.expires_at, self._zone)
            raise Conflict(EXPIRED[language].format(number=proposal_id, at=at))
        arguments = card.arguments
        if otherwise:
            if card.otherwise is None:
                raise NotFound(NO_CARD[language].format(number=proposal_id))
            arguments = card.otherwise
        again = await drafted(
            EvidenceLedger(hands),
            card.tool,
            card.arguments,
            language,
            self._zone,
            card.drafted_by,
            card.otherwise,
        )
        if again.shown != card.shown:
            raise Conflict(CHANGED[language].format(number=proposal_id))
        try:
            result = await call_by_name(hands, card.tool, arguments)
        except Denied:
            self._cards[proposal_id] = card
            raise
        except Unavailable as error:
            raise Unavailable(UNSURE[language].format(reason=error)) from error
        said = done(card.tool, result, language, self._zone)
        if card.tool == "create_work_order":
            number: str = result["order"]["order_no"]
            self._memory = self._memory.model_copy(update={"order_no": number})
        self._keep(f"[{card.tool} {proposal_id}]", said, "person", language)
        if self._llm is not None:
            self._llm.remember(f"[A person confirmed {card.tool}.]", said)
        return Answer(text=said, language=language, made_by="rules")

    def dismiss(self, proposal_id: str) -> None:
        """Let a card fall: nothing is done."""
        self._cards.pop(proposal_id, None)

    async def _answer(
        self,
        text: str,
        language: Language,
        ledger: WatchedLedger,
        tell: Callable[[str], None] | None,
    ) -> Answer:
        if understand(text).intent == "forget":
            answer, _ = await self._rules.answer(text, language, ledger, self._memory)
            self.forget()
            return answer
        if self._cards and _YES.match(text):
            said = CONFIRM_HOW[language].format(number=len(self._cards))
            return Answer(text=said, language=language, made_by="rules")
        answer = await self._answered(text, language, ledger, tell)
        if answer.proposal is not None:
            self._cards |= {one.proposal_id: one for one in (answer.proposal, *answer.more)}
            while len(self._cards) > _MOST_CARDS:
                del self._cards[next(iter(self._cards))]
        self._keep(text, answer.text, answer.made_by, language)
        return answer

    async def _answered(
        self,
        text: str,
        language: Language,
        ledger: WatchedLedger,
        tell: Callable[[str], None] | None,
    ) -> Answer:
        if self._llm is None:
            answer, self._memory = await self._rules.answer(text, language, ledger, self._memory)
            return answer
        try:
            answer = await self._llm.answer(text, language, ledger, tell)
        except LlmUnavailable as error:
            if tell is not None:
                tell("")
            logger.warning("The rules answer: %s", error)
            reason = str(error)
        else:
            self._memory = self._memory.after_calls(text, ledger.evidence)
            return answer
        answer, self._memory = await self._rules.answer(text, language, ledger, self._memory)
        self._llm.remember(text, answer.text, ledger.evidence)
        note = NO_LLM[language].format(reason=reason)
        return answer.model_copy(update={"text": f"*{note}*\n\n{answer.text}", "note": note})

    def _keep(self, question: str, said: str, made_by: str, language: Language) -> None:
        self._memory = self._memory.told(question, said, made_by, language)

    def _language(self) -> Language:
        turns = self._memory.turns
        return turns[-1].language if turns else "en"
