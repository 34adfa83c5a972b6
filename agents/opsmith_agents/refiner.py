"""A report that rules wrote, thought through again by an LLM: the next version, if it stands."""

import asyncio
import logging
import time
from typing import Any

from fastmcp import Client

from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Decision, Diagnosis
from opsmith.domain.events import AlertEvent, ReportEvent
from opsmith.errors import LlmUnavailable
from opsmith_agents.check import check, check_decision
from opsmith_agents.protocols import Decider, Diagnostician
from opsmith_agents.publisher import Outcome, Publisher
from opsmith_agents.rules import RULES
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.client import call

logger = logging.getLogger(__name__)

_LEAST_CLAIMS = 2
"""Claims of an LLM that must survive the check, and at least half of those it made."""


class Refiner:
    """Has an LLM supersede the rules' reports; the same event twice changes nothing.

    Args:
        plant: An open MCP client with the rights of the system; the LLM has one of its own.
        llm: Diagnoses.
        llm_decider: Decides on the LLM's diagnosis.
        decider: The rules', where the LLM does not decide.
        language: The plant's.
        seconds: After which the LLM is given up.
    """

    def __init__(
        self,
        plant: Client[Any],
        llm: Diagnostician,
        llm_decider: Decider,
        decider: Decider,
        language: Language = "en",
        seconds: float = 60.0,
    ) -> None:
        self._plant = plant
        self._publisher = Publisher(plant)
        self._llm = llm
        self._llm_decider = llm_decider
        self._decider = decider
        self._language: Language = language
        self._seconds = seconds

    async def refine(self, event: ReportEvent) -> Outcome:
        """Ask the LLM about the alert that the rules reported on; the rules' report is its draft.

        Raises:
            OpsmithError: A report or an order could not be written; the event should come again.
        """
        if event.report.llm_model != RULES:
            return Outcome(skipped="written by an LLM already")
        trace_id, began = event.report.trace_id, time.perf_counter()
        alert = (await call(self._plant, AlertHistory.get_alert, trace_id)).alert
        about = AlertEvent(change="updated", as_of=event.as_of, alert=alert)
        versions = (await self._publisher.reports(about)).versions
        if any(v.made_by != RULES and v.created_at == event.as_of for v in versions):
            return Outcome(skipped="an LLM has looked at this already")
        try:
            async with asyncio.timeout(self._seconds):
                draft = event.report.diagnosis
                told = await self._llm.diagnose(about, self._language, draft=draft)
                diagnosis = check(told, about)
                if not _survives(told, diagnosis):
                    return _stands(trace_id, "; ".join(diagnosis.removed) or "too few claims")
                decision = await self._decide(diagnosis, about)
        except (LlmUnavailable, TimeoutError) as error:
            return _stands(trace_id, str(error) or "no answer in time")
        return await self._publisher.publish(about, diagnosis, decision, began)

    async def _decide(self, diagnosis: Diagnosis, event: AlertEvent) -> Decision:
        try:
            decision = await self._llm_decider.decide(event, diagnosis)
        except LlmUnavailable as error:
            logger.warning("The rules decide on %s: %s", event.alert.trace_id, error)
            decision = await self._decider.decide(event, diagnosis)
        return check_decision(decision, diagnosis, event)


def _stands(trace_id: str, why: str) -> Outcome:
    logger.warning("The rules' report on %s stands: %s", trace_id, why)
    return Outcome(skipped=why)


def _survives(told: Diagnosis, kept: Diagnosis) -> bool:
    """Whether enough of what an LLM said stands on evidence."""
    facts = sum(claim.kind == "fact" for claim in kept.claims)
    if told.failure_mode != kept.failure_mode:
        return False
    return facts >= _LEAST_CLAIMS and 2 * len(kept.claims) >= len(told.claims)
