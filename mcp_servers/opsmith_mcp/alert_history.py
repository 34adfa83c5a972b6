"""Alert history: what was raised, what people did with it, what was reported."""

from typing import Annotated

from pydantic import Field, WithJsonSchema

from opsmith.clock import PlantClock
from opsmith.domain.alerts import Alert, AlertLevel, AlertState, AlertType, Handling
from opsmith.domain.base import Model, Moment, ToolResult, Window
from opsmith.domain.diagnoses import DiagnosisReport, Severity
from opsmith.storage.alerts import AlertStore
from opsmith.storage.devices import DeviceStore
from opsmith.storage.reports import ReportStore
from opsmith_mcp.arguments import By, Cursor, Days, DeviceId, Limit, TraceId, Until
from opsmith_mcp.server import system_only, writes

Report = Annotated[
    DiagnosisReport,
    # Its own schema is longer than those of all other tools together, and only code calls it.
    WithJsonSchema({"type": "object", "description": "A `DiagnosisReport` of opsmith."}),
]


class AlertLine(Model):
    """One alert in a list."""

    trace_id: str
    device_id: str
    alert_level: AlertLevel
    alert_type: AlertType
    channels: tuple[str, ...] = Field(description="Those that deviated, the most first.")
    first_seen: Moment
    last_seen: Moment
    cleared_at: Moment | None = Field(description="None: not cleared up to `as_of`.")
    state: AlertState | None = Field(description="Operator's state; None: it changed since.")
    status: Handling | None = Field(description="Of the handling; None: it changed since.")
    count: int | None = Field(description="Readings that deviated; None: it went on since.")
    score: float | None = Field(description="1 is the limit; None: it went on since.")
    suppressed: str | None = Field(description="Why it was held back; None: it was announced.")


class AlertHistoryView(ToolResult):
    """Alerts of one device in a window."""

    device_id: str
    as_of: Moment
    window: Window
    total: int
    by_level: dict[str, int]
    by_type: dict[str, int]
    alerts: tuple[AlertLine, ...] = Field(description="The newest first.")


class AlertList(ToolResult):
    """Alerts of the plant, the newest first."""

    as_of: Moment
    window: Window
    total: int
    alerts: tuple[AlertLine, ...]
    next_cursor: str | None


class ReportLine(Model):
    """One version of a report in a list."""

    version: int
    made_by: str = Field(description="Name of the LLM, or `rules`.")
    created_at: Moment
    failure_mode: str | None = Field(description="Knowledge entry; None: not established.")
    severity: Severity
    confidence: float = Field(ge=0, le=1)


class AlertMoment(Model):
    """Something that happened to an alert."""

    at: Moment
    what: str


class AlertView(ToolResult):
    """One alert, whole."""

    as_of: Moment
    alert: Alert
    reports: tuple[ReportLine, ...] = Field(description="Versions, the first first.")
    timeline: tuple[AlertMoment, ...]


class ReportView(ToolResult):
    """One version of the report on an alert."""

    trace_id: str
    as_of: Moment
    report: DiagnosisReport | None = Field(description="None: there is none yet.")
    versions: tuple[ReportLine, ...]


class AlertHistory:
    """The tools of alerts and reports."""

    def __init__(
        self, alerts: AlertStore, reports: ReportStore, devices: DeviceStore, clock: PlantClock
    ) -> None:
        self._alerts = alerts
        self._reports = reports
        self._devices = devices
        self._clock = clock

    def get_alert_history(
        self, device_id: DeviceId, days: Days = 7, until: Until = None
    ) -> AlertHistoryView:
        """Count and list a device's alerts of the last days, those held back among them.

        Use it to see whether a deviation is new, repeats or gets worse. For the whole plant
        call `list_alerts`; for one alert `get_alert`.
        """
        raise NotImplementedError

    def list_alerts(
        self,
        standing: Annotated[bool, Field(description="Only those that still stand.")] = True,
        level: AlertLevel | None = None,
        device_id: DeviceId | None = None,
        days: Days = 7,
        include_suppressed: bool = False,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> AlertList:
        """List the plant's alerts, the newest first; by default those that stand."""
        raise NotImplementedError

    def get_alert(self, trace_id: TraceId) -> AlertView:
        """Show one alert whole: deviations, operator's state, timeline, versions of its report."""
        raise NotImplementedError

    def get_report(
        self,
        trace_id: TraceId,
        version: Annotated[int | None, Field(ge=1, description="Default the newest.")] = None,
        full: Annotated[
            bool, Field(description="With the tool results that its evidence cites.")
        ] = False,
    ) -> ReportView:
        """Show the diagnosis report on an alert, with its claims, evidence and decision.

        Without `full` each evidence keeps tool, arguments, state and digest, and its `result`
        is empty.
        """
        raise NotImplementedError

    @writes(idempotent=True)
    def acknowledge_alert(self, trace_id: TraceId, by: By) -> AlertView:
        """Note that a person has seen an alert; acknowledging twice changes nothing."""
        raise NotImplementedError

    @writes
    def shelve_alert(
        self,
        trace_id: TraceId,
        minutes: Annotated[int, Field(ge=1, le=1440)],
        by: By,
    ) -> AlertView:
        """Put a standing alert aside for some minutes."""
        raise NotImplementedError

    @system_only(idempotent=True)
    def record_report(
        self,
        report: Report,
        as_of: Annotated[Moment, Field(description="Up to when its author looked.")],
    ) -> ReportView:
        """Store the next version of the report on an alert; the store gives the version.

        A repeat with the same alert, `as_of` and author gives back what stands already.
        """
        raise NotImplementedError
