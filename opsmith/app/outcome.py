"""What a run of the chain came to: alerts, reports, work orders, as JSON or as tables."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from opsmith.app.bootstrap import Plant
from opsmith.domain.alerts import Alert
from opsmith.domain.diagnoses import DiagnosisReport
from opsmith.domain.work_orders import WorkOrder
from opsmith_ingest.pipeline import Counts

MOST = 10_000
"""Rows of a kind that one run shows."""


@dataclass(frozen=True)
class Outcome:
    """The alerts of a stretch of plant time, and what came of them."""

    alerts: tuple[Alert, ...]
    """The oldest first."""
    reports: tuple[DiagnosisReport, ...]
    """The report of record of each alert, in the alerts' order."""
    orders: tuple[WorkOrder, ...]
    counts: Counts
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """One object with the arrays `alerts`, `reports`, `work_orders`, and `counts`."""
        return {
            "alerts": [alert.model_dump(mode="json") for alert in self.alerts],
            "reports": [_report(report) for report in self.reports],
            "work_orders": [order.model_dump(mode="json") for order in self.orders],
            "counts": {
                **asdict(self.counts),
                "alerts": len(self.alerts),
                "reports": len(self.reports),
                "work_orders": len(self.orders),
                "seconds": round(self.seconds, 2),
            },
        }


def outcome_of(
    plant: Plant,
    devices: set[str],
    start: datetime,
    end: datetime,
    counts: Counts,
    seconds: float,
) -> Outcome:
    """Look up what stands in the stores for these devices and the time in [start, end)."""
    stores = plant.stores
    alerts = tuple(
        sorted(
            (
                alert
                for device in devices
                for alert in stores.alerts.find(device, start=start, end=end, limit=MOST)
                if alert.first_seen >= start
            ),
            key=lambda alert: (alert.first_seen, alert.trace_id),
        )
    )
    versions = [stores.reports.versions(alert.trace_id) for alert in alerts]
    orders = {
        order.order_no: order
        for alert in alerts
        for order in stores.orders.find(trace_id=alert.trace_id, limit=MOST)
    }
    return Outcome(
        alerts=alerts,
        reports=tuple(reports[-1] for reports in versions if reports),
        orders=tuple(orders[number] for number in sorted(orders)),
        counts=counts,
        seconds=seconds,
    )


def _report(report: DiagnosisReport) -> dict[str, Any]:
    """A report with the claims and the evidence at the top, where one looks for them."""
    fields = report.model_dump(mode="json")
    diagnosis = fields["diagnosis"]
    for name in ("claims", "evidence", "hypotheses", "coverage"):
        fields[name] = diagnosis.pop(name)
    return fields
