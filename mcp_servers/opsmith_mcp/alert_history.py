"""Alert history: what was raised, what people did with it, what was reported."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, WithJsonSchema

from opsmith.clock import PlantClock
from opsmith.domain.alerts import (
    Alert,
    AlertLevel,
    AlertState,
    AlertType,
    Handling,
    HeldBy,
)
from opsmith.domain.base import Model, Moment, State, ToolResult, Window
from opsmith.domain.diagnoses import DiagnosisReport, Severity
from opsmith.errors import NotFound
from opsmith.storage.alerts import AlertStore
from opsmith.storage.devices import DeviceStore
from opsmith.storage.reports import Outline, ReportStore
from opsmith_mcp.arguments import By, Cursor, Days, DeviceId, Limit, TraceId, Until
from opsmith_mcp.figures import figure
from opsmith_mcp.lookup import find_device
from opsmith_mcp.pages import MOST, page_of
from opsmith_mcp.server import system_only, writes
from opsmith_mcp.why import Why, why
from opsmith_mcp.windows import INSTANT, back, now

MOST_SHELVES = 20
"""Shelves that a list shows: more aside than that is not looked after."""

_LINES = 30
"""Alerts of a device's history that are listed; all are counted."""

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
    onset: Moment = Field(description="When the deviation began.")
    first_seen: Moment
    last_seen: Moment = Field(description="Written when its count doubles, it rises or clears.")
    cleared_at: Moment | None = Field(description="None: not cleared up to `as_of`.")
    state: AlertState | None = Field(description="Operator's state; None: it changed since.")
    status: Handling | None = Field(description="Of the handling; None: it changed since.")
    count: int | None = Field(description="Readings that deviated; None: it went on since.")
    score: float | None = Field(description="1 is the limit; None: it went on since.")
    raises: int | None = Field(description="Times raised within the event; None: it went on since.")
    flapping: bool = Field(description="It comes and goes; it is told once.")
    suppressed: str | None = Field(description="Why it was held back; None: it was announced.")
    held: HeldBy | None
    grouped: int = Field(description="Alerts that are grouped under this one.")


class ShelfLine(Model):
    """Alerts of one device and type that a person put aside, those to come among them."""

    device_id: str
    alert_type: AlertType
    alert_level: AlertLevel = Field(description="Of the alert that was shelved.")
    shelved_by: str
    shelved_at: Moment
    shelved_until: Moment


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
    shelves: tuple[ShelfLine, ...] = Field(description="What is put aside, the next to end first.")
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
    why: Why
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
        device = find_device(self._devices, device_id)
        as_of = until or self._clock()
        window = back(as_of, days * 1440)
        found = self._alerts.find(
            device_id=device.device_id, start=window.start, end=as_of + INSTANT, limit=MOST
        )
        page = page_of(found, _LINES, None, "days")
        return AlertHistoryView(
            state=page.state,
            note=page.note
            or (None if found else f"No alert of {device.device_id} in this window."),
            device_id=device.device_id,
            as_of=as_of,
            window=window,
            total=len(found),
            by_level=dict(sorted(Counter(alert.alert_level.value for alert in found).items())),
            by_type=dict(sorted(Counter(alert.alert_type for alert in found).items())),
            alerts=tuple(_line(alert, as_of) for alert in page.rows),
        )

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
        """List the plant's alerts, the newest first; by default those that stand.

        Those that are shelved, in maintenance or grouped come with `include_suppressed`.
        """
        device = find_device(self._devices, device_id) if device_id is not None else None
        # What stands is told even while the store that keeps the plant's time does not answer.
        as_of = now(self._clock) if standing else self._clock()
        window = back(as_of, days * 1440)
        found = self._alerts.find(
            device_id=device.device_id if device else None,
            level=level,
            start=window.start,
            standing=standing,
            suppressed=None if include_suppressed else False,
            limit=MOST,
        )
        page = page_of(found, limit, cursor, "level, device_id or days")
        return AlertList(
            state=page.state,
            note=page.note or (None if found else "No such alert."),
            as_of=as_of,
            window=window,
            total=len(found),
            alerts=tuple(_line(alert, as_of) for alert in page.rows),
            shelves=tuple(
                ShelfLine(**dict(shelf))
                for shelf in self._alerts.holds.shelves(as_of)[:MOST_SHELVES]
            ),
            next_cursor=page.next_cursor,
        )

    def get_alert(self, trace_id: TraceId) -> AlertView:
        """Show one alert whole: deviations, operator's state, timeline, versions of its report.

        `why` tells whether and why it was held back, until when, and what would bring it out.
        """
        return self._view(self._alert(trace_id))

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
        alert = self._alert(trace_id)
        versions = self._reports.versions(alert.trace_id)
        chosen = [one for one in versions if version in (None, one.version)]
        if version is not None and not chosen:
            there = ", ".join(str(one.version) for one in versions) or "none"
            raise NotFound(f"No version {version} of the report on {trace_id!r}; there is {there}")
        report = chosen[-1] if chosen else None
        return ReportView(
            state=State.OK if report else State.EMPTY,
            note=None if report else f"Not reported yet; its handling is {alert.status}.",
            trace_id=alert.trace_id,
            as_of=now(self._clock),
            report=report if full or report is None else _brief(report),
            versions=self._lines(alert.trace_id),
        )

    @writes(idempotent=True)
    def acknowledge_alert(self, trace_id: TraceId, by: By) -> AlertView:
        """Note that a person has seen an alert; acknowledging twice changes nothing."""
        return self._view(self._alerts.acknowledge(trace_id.strip(), by, now(self._clock)))

    @writes
    def shelve_alert(
        self,
        trace_id: TraceId,
        minutes: Annotated[int, Field(ge=0, le=1440, description="0 ends it now.")],
        by: By,
    ) -> AlertView:
        """Put a standing alert, and repeats of its type on the device, aside for some minutes.

        What stands at the end is told then; a rise to P0 or P1 is told at once.
        """
        at = now(self._clock)
        if minutes == 0:
            return self._view(self._alerts.unshelve(trace_id.strip(), by, at))
        until = at + timedelta(minutes=minutes)
        return self._view(self._alerts.shelve(trace_id.strip(), until, by, at))

    @system_only(idempotent=True)
    def record_report(
        self,
        report: Report,
        as_of: Annotated[Moment, Field(description="Up to when its author looked.")],
    ) -> ReportView:
        """Store the next version of the report on an alert; the store gives the version.

        A repeat with the same alert, `as_of` and author gives back what stands already.
        """
        stored = self._reports.record(report, as_of)
        return ReportView(
            trace_id=stored.trace_id,
            as_of=now(self._clock),
            report=stored,
            versions=self._lines(stored.trace_id),
        )

    def _alert(self, trace_id: str) -> Alert:
        try:
            return self._alerts.get(trace_id.strip())
        except NotFound as error:
            raise NotFound(f"{error}; list_alerts gives the ids") from error

    def _view(self, alert: Alert) -> AlertView:
        versions = self._reports.outlines(alert.trace_id)
        return AlertView(
            as_of=now(self._clock),
            alert=alert,
            why=why(alert),
            reports=tuple(_report_line(one) for one in versions),
            timeline=_timeline(alert, versions),
        )

    def _lines(self, trace_id: str) -> tuple[ReportLine, ...]:
        return tuple(_report_line(one) for one in self._reports.outlines(trace_id))


def _line(alert: Alert, as_of: datetime) -> AlertLine:
    """An alert as it could be seen at `as_of`; what happened to it since is left out."""
    touched = [alert.last_seen, alert.cleared_at, alert.acknowledged_at]
    went_on = any(at is not None and at > as_of for at in touched)
    cleared = alert.cleared_at if alert.cleared_at and alert.cleared_at <= as_of else None
    return AlertLine(
        trace_id=alert.trace_id,
        device_id=alert.device_id,
        alert_level=alert.alert_level,
        alert_type=alert.alert_type,
        channels=tuple(one.channel for one in sorted(alert.deviations, key=lambda d: -d.share)[:5]),
        onset=alert.onset,
        first_seen=alert.first_seen,
        last_seen=min(alert.last_seen, as_of),
        cleared_at=cleared,
        state=None if went_on else alert.state,
        status=None if went_on else alert.status,
        count=None if went_on else alert.count,
        score=None if went_on else figure(alert.score),
        raises=None if went_on else alert.raises,
        flapping=alert.flapping,
        suppressed=alert.suppressed,
        held=alert.held,
        grouped=alert.grouped,
    )


def _report_line(report: Outline) -> ReportLine:
    return ReportLine(
        version=report.version,
        made_by=report.llm_model,
        created_at=report.created_at,
        failure_mode=report.failure_mode,
        severity=report.severity,
        confidence=report.confidence,
    )


def _timeline(alert: Alert, versions: Sequence[Outline]) -> tuple[AlertMoment, ...]:
    found = [
        (alert.onset, "the deviation began"),
        (alert.first_seen, f"raised as {alert.alert_type}"),
        (alert.acknowledged_at, f"touched by {alert.acknowledged_by}: now {alert.state}"),
        (alert.cleared_at, "cleared"),
        *((hold.since, f"held back: {hold.reason}") for hold in alert.holds),
        *((hold.ended, "brought out") for hold in alert.holds if hold.outcome == "brought_out"),
        *((one.created_at, f"report {one.version} by {one.llm_model}") for one in versions),
    ]
    moments = [AlertMoment(at=at, what=what) for at, what in found if at is not None]
    return tuple(sorted(moments, key=lambda one: one.at))


def _brief(report: DiagnosisReport) -> DiagnosisReport:
    evidence = tuple(
        one.model_copy(update={"result": dict[str, object]()}) for one in report.diagnosis.evidence
    )
    diagnosis = report.diagnosis.model_copy(update={"evidence": evidence})
    return report.model_copy(update={"diagnosis": diagnosis})
