"""How a version of a report and its work order are written, whoever thought them out."""

import time
from dataclasses import dataclass
from typing import Any

from fastmcp import Client

from opsmith.domain.diagnoses import Decision, Diagnosis, DiagnosisReport
from opsmith.domain.events import AlertEvent
from opsmith.domain.work_orders import WorkOrder
from opsmith_agents.render import decision_text, diagnosis_text
from opsmith_mcp.alert_history import AlertHistory, ReportView
from opsmith_mcp.client import call
from opsmith_mcp.work_orders import WorkOrders


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one event."""

    report: DiagnosisReport | None = None
    """As it stands in the store; a repeat gives the one that stood already."""
    order: WorkOrder | None = None
    order_created: bool = False
    skipped: str | None = None
    """Why there was nothing to do."""


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
        newest = stored
        if any(line.version > stored.version for line in view.versions):
            newest = (await self.reports(event)).report or stored
        order, created = await self._order(event, newest)
        return Outcome(stored, order, created)

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


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
