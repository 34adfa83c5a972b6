"""What a run of the chain came to: alerts, reports, work orders, as JSON or as tables."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from opsmith.app.bootstrap import Plant
from opsmith.domain.alerts import Alert
from opsmith.domain.base import Language
from opsmith.domain.diagnoses import DiagnosisReport
from opsmith.domain.work_orders import WorkOrder
from opsmith.errors import NotFound
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
            "reports": [report_json(report) for report in self.reports],
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
    language = plant.settings.language
    reports = [of_record(stores.reports.versions(alert.trace_id), language) for alert in alerts]
    orders = {
        order.order_no: order
        for alert in alerts
        for order in stores.orders.find(trace_id=alert.trace_id, limit=MOST)
    }
    return Outcome(
        alerts=alerts,
        reports=tuple(report for report in reports if report is not None),
        orders=tuple(orders[number] for number in sorted(orders)),
        counts=counts,
        seconds=seconds,
    )


def report_of(plant: Plant, trace_id: str, version: int | None = None) -> DiagnosisReport:
    """A version of an alert's report; without one, the report of record in the plant's language.

    Raises:
        NotFound: No such alert, or no such report of it.
    """
    stores = plant.stores
    alert = stores.alerts.get(trace_id)
    reports = stores.reports.versions(trace_id)
    if version is not None:
        reports = [report for report in reports if report.version == version]
    chosen = of_record(reports, plant.settings.language)
    if chosen is None:
        if version is not None:
            raise NotFound(f"Alert {trace_id!r} has no version {version}")
        head = alert.grouped_under
        way = f"; it is grouped under {head}: opsmith report {head}" if head else " yet"
        raise NotFound(f"Alert {trace_id!r} has no report{way}")
    return chosen


def of_record(reports: Sequence[DiagnosisReport], language: Language) -> DiagnosisReport | None:
    """The newest version in a language; where there is none in it, the newest of all."""
    spoken = [report for report in reports if report.diagnosis.language == language]
    return max(spoken or reports, key=lambda report: report.version, default=None)


def report_json(report: DiagnosisReport) -> dict[str, Any]:
    """A report with the claims and the evidence at the top, where one looks for them."""
    fields = report.model_dump(mode="json")
    diagnosis = fields["diagnosis"]
    for name in ("claims", "evidence", "hypotheses", "coverage"):
        fields[name] = diagnosis.pop(name)
    return fields
