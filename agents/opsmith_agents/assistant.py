"""The assistant: answers questions about the plant, by an LLM where there is one, else by rules."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Any

from fastmcp import Client

from opsmith.domain.base import Language
from opsmith.errors import LlmUnavailable
from opsmith_agents.answers import Answer, Step, WatchedLedger
from opsmith_agents.grammar import language_of
from opsmith_agents.rule_assistant import RuleAssistant
from opsmith_agents.wording_help import NO_LLM

if TYPE_CHECKING:
    from pydantic_ai.models import Model

    from opsmith_agents.llm_assistant import LlmAssistant

logger = logging.getLogger(__name__)


class Assistant:
    """One conversation about the plant. It reads through the tools and changes nothing.

    Args:
        plant: An open MCP client of a server with read rights.
        model: See `opsmith_agents.models.model_from`; None: the rules answer alone.
        seconds: An answer of the LLM may take.
        zone: Of the times that it shows.
    """

    def __init__(
        self,
        plant: Client[Any],
        model: Model | None = None,
        *,
        seconds: float = 25,
        zone: tzinfo = UTC,
    ) -> None:
        self._plant = plant
        self._rules = RuleAssistant(zone)
        self._llm: LlmAssistant | None = None
        if model is not None:
            # Only here, so that opsmith runs without the libraries of LLMs.
            from opsmith_agents.llm_assistant import LlmAssistant

            self._llm = LlmAssistant(model, plant, seconds, zone)

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
        steps: asyncio.Queue[Step | None] = asyncio.Queue()
        ledger = WatchedLedger(self._plant, steps.put_nowait)
        work = asyncio.create_task(self._answer(text, language or language_of(text), ledger))
        work.add_done_callback(lambda _: steps.put_nowait(None))
        try:
            while (step := await steps.get()) is not None:
                yield step
            yield await work
        finally:
            # Who asked may have gone away in the middle.
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def _answer(self, text: str, language: Language, ledger: WatchedLedger) -> Answer:
        if self._llm is None:
            return await self._rules.answer(text, language, ledger)
        try:
            return await self._llm.answer(text, language, ledger)
        except LlmUnavailable as error:
            logger.warning("The rules answer: %s", error)
            answer = await self._rules.answer(text, language, ledger)
            note = NO_LLM[language].format(reason=error)
            told = f"*{note}*\n\n{answer.text}"
            return answer.model_copy(update={"text": told, "note": note})
