"""How a version of a report and its work order are written, whoever thought them out."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastmcp import Client

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.diagnoses import Decision, Diagnosis, DiagnosisReport, ProposedChange
from opsmith.domain.events import AlertEvent
from opsmith.domain.proposals import Proposal
from opsmith.domain.work_orders import OrderStatus, Plan, WorkOrder
from opsmith.metrics import ORDERS, REPORTS
from opsmith.observability import tell
from opsmith_agents.render import decision_text, diagnosis_text
from opsmith_agents.rules import RULES
from opsmith_mcp.alert_history import AlertHistory, ReportView
from opsmith_mcp.client import call
from opsmith_mcp.proposals import Proposals
from opsmith_mcp.reasons import Reason
from opsmith_mcp.work_orders import WorkOrders

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one event."""

    report: DiagnosisReport | None = None
    """As it stands in the store; a repeat gives the one that stood already."""
    order: WorkOrder | None = None
    order_created: bool = False
    skipped: str | None = None
    """Why there was nothing to do."""
    proposals: tuple[Proposal, ...] = ()
    """What was filed for a person, or was before; some of it he may have decided."""


class Publisher:
    """Writes reports and orders; the same twice changes nothing.

    Args:
        plant: An open MCP client with the rights of the system.
    """

    def __init__(self, plant: Client[Any]) -> None:
        self._plant = plant

    async def publish(
        self, event: AlertEvent, diagnosis: Diagnosis, decision: Decision, began: float
    ) -> Outcome:
        """Store a version; the order follows the newest one, whichever that is by now."""
        report = _report(event, diagnosis, decision, (time.perf_counter() - began) * 1e3)
        view = await call(self._plant, AlertHistory.record_report, report, event.as_of)
        stored = view.report
        assert stored is not None, "record_report gives back what it stored"
        # A repeat gives back what stood, with the time that that took.
        if stored.latency_ms == report.latency_ms:
            author = RULES if stored.llm_model == RULES else "llm"
            REPORTS.labels(author).inc()
            tell(logger, "report stored", version=stored.version, by=stored.llm_model)
        newest = stored
        if any(line.version > stored.version for line in view.versions):
            newest = (await self.reports(event)).report or stored
        order, created = await self._order(event, newest)
        proposals = await self._propose(newest, order)
        return Outcome(stored, order, created, proposals=proposals)

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
            planned_at=_beginning(plan),
            at=event.as_of,
            version=report.version,
        )
        if view.created:
            ORDERS.labels(plan.priority.value).inc()
            tell(
                logger, "order created", order_no=view.order.order_no, priority=plan.priority.value
            )
        return view.order, view.created

    async def _propose(
        self, report: DiagnosisReport, order: WorkOrder | None
    ) -> tuple[Proposal, ...]:
        """File what the newest version calls for; what only an earlier one did waits no longer."""
        decision, waiting = report.decision, list[Proposal]()
        for change in decision.changes:
            says = report.diagnosis.cause if decision.create_order else decision.reason
            for arguments in await self._arguments(report, change, order):
                reason = Reason(
                    trace_id=report.trace_id,
                    version=report.version,
                    level=_level(report),
                    says=says,
                    language=report.diagnosis.language,
                )
                filed = await call(
                    self._plant, Proposals.propose_change, change.tool, arguments, reason
                )
                if filed.proposal is not None:
                    waiting.append(filed.proposal)
        if report.version > 1:
            kept = tuple(one.proposal_id for one in waiting)
            await call(
                self._plant,
                Proposals.withdraw_proposals,
                report.device_id,
                report.trace_id,
                superseded=True,
                keep=kept,
            )
        return tuple(waiting)

    async def _arguments(
        self, report: DiagnosisReport, change: ProposedChange, order: WorkOrder | None
    ) -> list[dict[str, Any]]:
        """The whole call of a change; none where the order that it is about is not as needed."""
        if change.tool == "update_device_status":
            return [{**change.arguments, "device_id": report.device_id}]
        if change.tool == "start_work_order":
            stands = order is not None and order.status is OrderStatus.OPEN
            return [{"order_no": order.order_no}] if order is not None and stands else []
        if report.decision.create_order or report.version == 1:
            return []
        alert = await call(self._plant, AlertHistory.get_alert, report.trace_id)
        found = list[dict[str, Any]]()
        for one in alert.orders:
            if one.status != OrderStatus.OPEN:
                continue
            there = (await call(self._plant, WorkOrders.get_work_order, one.order_no)).order
            if there.trace_ids == (report.trace_id,):
                found.append({**change.arguments, "order_no": one.order_no})
        return found

    async def withdraw(self, event: AlertEvent) -> None:
        """Nobody is to confirm any more what was proposed for an alert that has cleared."""
        alert = event.alert
        await call(self._plant, Proposals.withdraw_proposals, alert.device_id, alert.trace_id)

    async def reports(self, event: AlertEvent) -> ReportView:
        """The versions of the alert's report, with the newest."""
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


def _beginning(plan: Plan) -> datetime | None:
    """When the work begins: not after it is due, whoever brought that forward."""
    begins, due = plan.planned_at, plan.due_at
    return None if begins is not None and due is not None and begins > due else begins


def _level(report: DiagnosisReport) -> AlertLevel:
    """How urgent it was taken to be; the least where nothing is to be done."""
    plan = report.decision.plan
    return plan.priority if plan is not None else AlertLevel.P3


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
