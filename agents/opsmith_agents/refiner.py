"""A report that rules wrote, thought through again by an LLM: the next version, if it stands."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from fastmcp import Client

from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Decision, Diagnosis
from opsmith.domain.events import AlertEvent, ReportEvent
from opsmith.errors import LlmUnavailable
from opsmith.health import Outages
from opsmith.metrics import DIAGNOSIS_SECONDS, LLM_COST, LLM_DROPPED
from opsmith.observability import about, tell
from opsmith_agents.check import SEVERITIES, check, check_decision
from opsmith_agents.flood import with_group
from opsmith_agents.protocols import Decider, Diagnostician
from opsmith_agents.publisher import Outcome, Publisher
from opsmith_agents.rules import RULES
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.client import call

logger = logging.getLogger(__name__)

LLM = "llm"
"""Its name among the parts, and among those who diagnose."""

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
        outages: Told when no LLM answers, and when one does again; None: nobody is.
        models: How each LLM of the chain does, in JSON values.
    """

    def __init__(
        self,
        plant: Client[Any],
        llm: Diagnostician,
        llm_decider: Decider,
        decider: Decider,
        language: Language = "en",
        seconds: float = 60.0,
        outages: Outages | None = None,
        models: Callable[[], Sequence[dict[str, Any]]] = list,
    ) -> None:
        self._plant = plant
        self._models = models
        self._outages = outages or Outages()
        self._publisher = Publisher(plant)
        self._llm = llm
        self._llm_decider = llm_decider
        self._decider = decider
        self._language: Language = language
        self._seconds = seconds
        self._done: Counter[str] = Counter()
        self._spent: Counter[str] = Counter()
        self._cost = 0.0
        self._last = ""

    @property
    def facts(self) -> dict[str, Any]:
        """What became of the LLM's work so far, for those who watch the stages."""
        return {
            "llm_models": list(self._models()),
            "llm_reports": self._done["published"],
            "rules_stand": self._done["stands"],
            "llm_tokens": self._spent["tokens"],
            "llm_cost": round(self._cost, 6),
            "llm_last": self._last,
        }

    async def refine(self, event: ReportEvent) -> Outcome:
        """Ask the LLM about the alert that the rules reported on; the rules' report is its draft.

        Raises:
            OpsmithError: A report or an order could not be written; the event should come again.
        """
        if event.report.llm_model != RULES:
            return Outcome(skipped="written by an LLM already")
        with about(trace_id=event.report.trace_id, device_id=event.report.device_id):
            return await self._refine(event)

    async def _refine(self, event: ReportEvent) -> Outcome:
        trace_id, began = event.report.trace_id, time.perf_counter()
        alert = (await call(self._plant, AlertHistory.get_alert, trace_id)).alert
        about = AlertEvent(change="updated", as_of=event.as_of, alert=alert)
        if alert.suppressed is not None:
            return Outcome(skipped="suppressed by now")
        versions = (await self._publisher.reports(about)).versions
        if any(v.made_by != RULES and v.created_at == event.as_of for v in versions):
            return Outcome(skipped="an LLM has looked at this already")
        draft = event.report.diagnosis
        try:
            async with asyncio.timeout(self._seconds):
                told = await self._llm.diagnose(about, self._language, draft=draft)
        except (LlmUnavailable, TimeoutError) as error:
            why = str(error) or "no answer in time"
            self._outages.failed(LLM, why, "the rules' reports stand")
            return self._stands(trace_id, why)
        self._outages.answered(LLM)
        diagnosis = _no_milder(check(told, about), draft)
        if not _survives(told, diagnosis):
            why = f"{told.made_by}: {'; '.join(diagnosis.removed) or 'too few claims'}"
            return self._stands(trace_id, why, told)
        diagnosis = check(await with_group(self._plant, about, diagnosis), about)
        left = self._seconds - (time.perf_counter() - began)
        decision = await self._decide(diagnosis, about, max(left, 0.0))
        self._tell("published", f"{trace_id}: {diagnosis.path}", diagnosis, decision)
        seconds = time.perf_counter() - began
        DIAGNOSIS_SECONDS.labels(LLM).observe(seconds)
        made = {"by": diagnosis.made_by, "failure_mode": diagnosis.failure_mode}
        tell(logger, "diagnosed", **made, seconds=seconds)
        return await self._publisher.publish(about, diagnosis, decision, began)

    async def _decide(self, diagnosis: Diagnosis, event: AlertEvent, seconds: float) -> Decision:
        try:
            async with asyncio.timeout(seconds):
                decision = await self._llm_decider.decide(event, diagnosis)
        except (LlmUnavailable, TimeoutError) as error:
            why = str(error) or "no answer in time"
            logger.warning("The rules decide on %s: %s", event.alert.trace_id, why)
            decision = await self._decider.decide(event, diagnosis)
        return check_decision(decision, diagnosis, event)

    def _stands(self, trace_id: str, why: str, told: Diagnosis | None = None) -> Outcome:
        # That no LLM answers is told once, as the outage that it is.
        level = logging.INFO if told is None else logging.WARNING
        logger.log(level, "The rules' report on %s stands: %s", trace_id, why)
        LLM_DROPPED.labels("unproven" if told is not None else "unavailable").inc()
        self._tell("stands", f"{trace_id}: {why}", told)
        return Outcome(skipped=why)

    def _tell(self, what: str, line: str, *spent: Diagnosis | Decision | None) -> None:
        self._done[what] += 1
        self._last = line[:300]
        for one in spent:
            if one is not None:
                self._spent["tokens"] += one.tokens_used
                self._cost += one.cost
                LLM_COST.inc(one.cost)


def _no_milder(diagnosis: Diagnosis, rules: Diagnosis) -> Diagnosis:
    """The same, no less severe than the rules take it."""
    severity = max(diagnosis.severity, rules.severity, key=SEVERITIES.index)
    return diagnosis.model_copy(update={"severity": severity})


def _survives(told: Diagnosis, kept: Diagnosis) -> bool:
    """Whether enough of what an LLM said stands on evidence."""
    facts = sum(claim.kind == "fact" for claim in kept.claims)
    if told.failure_mode != kept.failure_mode:
        return False
    return facts >= _LEAST_CLAIMS and 2 * len(kept.claims) >= len(told.claims)
