"""Events: what the stages announce on the topics."""

from typing import Literal

from opsmith.domain.alerts import Alert
from opsmith.domain.base import Model, Moment
from opsmith.domain.diagnoses import DiagnosisReport
from opsmith.domain.work_orders import WorkOrder

RAW = "raw_sensor_data"
DEAD = "raw_sensor_data.dlq"
ALERTS = "alerts"
REPORTS = "diagnosis_reports"
ORDERS = "work_orders"

FOLLOWED = (ALERTS, REPORTS, ORDERS)
"""What people and programs that watch the plant are told of."""

PARTITIONS = 3
"""Of every topic; keyed by the device, so that one device's messages keep their order."""


class AlertEvent(Model):
    """An alert was raised, updated, cleared, or touched by an operator (topic `alerts`)."""

    change: Literal["raised", "updated", "cleared", "operator"]
    as_of: Moment
    alert: Alert


class ReportEvent(Model):
    """A version of a report was stored (topic `diagnosis_reports`)."""

    as_of: Moment
    report: DiagnosisReport


class OrderEvent(Model):
    """A work order was created or changed (topic `work_orders`)."""

    change: Literal["created", "updated"]
    as_of: Moment
    order: WorkOrder
