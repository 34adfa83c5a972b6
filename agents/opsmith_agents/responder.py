"""From an alert to its report and its work order: the rules at once, an LLM after them."""

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastmcp import Client

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Decision, Diagnosis, DiagnosisReport, Severity
from opsmith.domain.events import AlertEvent
from opsmith.domain.work_orders import WorkOrder
from opsmith.errors import LlmUnavailable
from opsmith_agents.check import check, check_decision
from opsmith_agents.protocols import Decider, Diagnostician
from opsmith_agents.render import decision_text, diagnosis_text
from opsmith_agents.rules import RULES
from opsmith_mcp.alert_history import AlertHistory, ReportView
from opsmith_mcp.client import call
from opsmith_mcp.work_orders import WorkOrders

logger = logging.getLogger(__name__)

_LEAST_CLAIMS = 2
"""Claims of an LLM that must survive the check, and at least half of those it made."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one event."""

    reports: tuple[DiagnosisReport, ...] = ()
    """As they stand in the store, the newest last; a repeat gives those that stood already."""
    order: WorkOrder | None = None
    order_created: bool = False
    skipped: str | None = None
    """Why there was nothing to do."""


@dataclass(frozen=True, slots=True)
class _Before:
    """What stands on an alert already."""

    at: datetime
    """Up to when the newest version looked."""
    level: AlertLevel | None
    """Of its order; None where it wanted none."""
    failure_mode: str | None
    """As the rules saw it last; so the severity."""
    severity: Severity

    def may_sharpen(self, event: AlertEvent) -> bool:
        """Whether a new look may show more: as much was seen since the last as before it."""
        if self._must_again(event) or self.level is None:
            return True
        onset = event.alert.onset
        return event.as_of - onset >= 2 * (max(self.at, onset) - onset)

    def differs(self, now: Diagnosis, decision: Decision, event: AlertEvent) -> bool:
        """Whether a new look is worth a new version."""
        seen = (now.failure_mode, now.severity, decision.create_order)
        stood = (self.failure_mode, self.severity, self.level is not None)
        return self._must_again(event) or seen != stood

    def _must_again(self, event: AlertEvent) -> bool:
        """The level rose; or this event came before, and its order may not have been written."""
        rose = self.level is not None and event.alert.alert_level < self.level
        return rose or self.at == event.as_of


class Responder:
    """Answers alerts; the same event twice changes nothing.

    Args:
        plant: An open MCP client with the rights of the system.
        rules: Writes version 1, at once.
        decider: Decides on the rules' diagnosis, and on the LLM's where that has no own decider.
        llm: Writes a version that supersedes the rules', if what it says stands.
        llm_decider: Decides on the LLM's diagnosis.
        language: The plant's.
        llm_seconds: After which an LLM is given up.
    """

    def __init__(
        self,
        plant: Client[Any],
        rules: Diagnostician,
        decider: Decider,
        llm: Diagnostician | None = None,
        llm_decider: Decider | None = None,
        language: Language = "en",
        llm_seconds: float = 60.0,
    ) -> None:
        self._plant = plant
        self._rules = rules
        self._decider = decider
        self._llm = llm
        self._llm_decider = llm_decider
        self._language: Language = language
        self._llm_seconds = llm_seconds

    async def respond(self, event: AlertEvent) -> Outcome:
        """Diagnose, report, decide and order, as far as the event asks for it.

        A raised alert gets a report and, where the decision says so, an order. An updated one is
        diagnosed again where its level rose or where as much was seen since the last look as
        before it; it gets a new version only if failure mode, severity or level are others then.

        Raises:
            OpsmithError: A report or an order could not be written; the event should come again.
        """
        if event.change not in ("raised", "updated"):
            return Outcome(skipped=f"{event.change} asks for nothing")
        if event.alert.suppressed is not None:
            return Outcome(skipped="suppressed")
        before = await self._before(event) if event.change == "updated" else None
        if before is not None and not before.may_sharpen(event):
            return Outcome(skipped="nothing new since the last look")
        began = time.perf_counter()
        draft = check(await self._rules.diagnose(event, self._language), event)
        decision = check_decision(await self._decider.decide(event, draft), draft, event)
        if before is not None and not before.differs(draft, decision, event):
            return Outcome(skipped="the diagnosis is the same")
        report, order, created = await self._publish(event, draft, decision, began)
        if self._llm is None:
            return Outcome((report,), order, created)
        second = await self._with_llm(self._llm, event, draft)
        if second is None:
            return Outcome((report,), order, created)
        led, led_order, led_created = second
        return Outcome((report, led), led_order or order, created or led_created)

    async def _with_llm(
        self, llm: Diagnostician, event: AlertEvent, draft: Diagnosis
    ) -> tuple[DiagnosisReport, WorkOrder | None, bool] | None:
        """The LLM's version, or None where it gives none that stands."""
        versions = (await self._reports(event)).versions
        if any(v.made_by != RULES and v.created_at == event.as_of for v in versions):
            return None
        trace_id, began = event.alert.trace_id, time.perf_counter()
        try:
            async with asyncio.timeout(self._llm_seconds):
                told = await llm.diagnose(event, self._language, draft=draft)
                diagnosis = check(told, event)
                if not _survives(told, diagnosis):
                    cut = "; ".join(diagnosis.removed)
                    logger.warning("The rules' report on %s stands: %s", trace_id, cut)
                    return None
                decision = await self._decide_on(diagnosis, event)
        except (LlmUnavailable, TimeoutError) as error:
            why = str(error) or "no answer in time"
            logger.warning("The rules' report on %s stands: %s", trace_id, why)
            return None
        return await self._publish(event, diagnosis, decision, began)

    async def _decide_on(self, diagnosis: Diagnosis, event: AlertEvent) -> Decision:
        try:
            decision = await (self._llm_decider or self._decider).decide(event, diagnosis)
        except LlmUnavailable as error:
            logger.warning("The rules decide on %s: %s", event.alert.trace_id, error)
            decision = await self._decider.decide(event, diagnosis)
        return check_decision(decision, diagnosis, event)

    async def _publish(
        self, event: AlertEvent, diagnosis: Diagnosis, decision: Decision, began: float
    ) -> tuple[DiagnosisReport, WorkOrder | None, bool]:
        """Store a version; the order follows the newest one, whichever that is by now."""
        report = _report(event, diagnosis, decision, (time.perf_counter() - began) * 1e3)
        view = await call(self._plant, AlertHistory.record_report, report, event.as_of)
        stored = view.report
        assert stored is not None, "record_report gives back what it stored"
        newest = stored
        if any(line.version > stored.version for line in view.versions):
            newest = (await self._reports(event)).report or stored
        order, created = await self._order(event, newest)
        return stored, order, created

    async def _order(
        self, event: AlertEvent, report: DiagnosisReport
    ) -> tuple[WorkOrder | None, bool]:
        plan = report.decision.plan
        if not report.decision.create_order or plan is None:
            return None, False
        view = await call(
            self._plant,
            WorkOrders.create_work_order,
            report.device_id,
            plan.priority,
            plan.description,
            trace_id=report.trace_id,
            failure_mode=report.failure_mode,
            order_type=plan.order_type,
            work_class=plan.work_class,
            steps=plan.steps,
            materials=plan.materials,
            estimated_hours=plan.estimated_hours,
            due_at=plan.due_at,
            at=event.as_of,
        )
        return view.order, view.created

    async def _before(self, event: AlertEvent) -> _Before | None:
        view = await self._reports(event)
        rules = [line for line in view.versions if line.made_by == RULES]
        if view.report is None or not rules:
            return None
        plan = view.report.decision.plan
        return _Before(
            view.report.created_at,
            plan.priority if plan else None,
            rules[-1].failure_mode,
            rules[-1].severity,
        )

    async def _reports(self, event: AlertEvent) -> ReportView:
        return await call(self._plant, AlertHistory.get_report, event.alert.trace_id)


def _report(
    event: AlertEvent, diagnosis: Diagnosis, decision: Decision, latency_ms: float
) -> DiagnosisReport:
    """The columns of the table, filled from the typed parts."""
    return DiagnosisReport(
        trace_id=event.alert.trace_id,
        version=1,
        device_id=event.alert.device_id,
        diagnosis_text=diagnosis_text(diagnosis),
        decision_text=decision_text(decision, diagnosis.language),
        failure_mode=diagnosis.failure_mode,
        fault_category=diagnosis.fault_category,
        severity=diagnosis.severity,
        recommended_action=_shortened(diagnosis.immediate_action, 500),
        llm_model=diagnosis.made_by,
        tokens_used=diagnosis.tokens_used + decision.tokens_used,
        latency_ms=round(latency_ms, 3),
        created_at=event.as_of,
        diagnosis=diagnosis,
        decision=decision,
    )


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _survives(told: Diagnosis, kept: Diagnosis) -> bool:
    """Whether enough of what an LLM said stands on evidence."""
    facts = sum(claim.kind == "fact" for claim in kept.claims)
    if told.failure_mode != kept.failure_mode:
        return False
    return facts >= _LEAST_CLAIMS and 2 * len(kept.claims) >= len(told.claims)
