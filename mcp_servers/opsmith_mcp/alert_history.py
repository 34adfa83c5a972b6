"""Alert history: what was raised, and what people and opsmith did about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from opsmith.access import scope
from opsmith.clock import PlantClock
from opsmith.domain.alert_filter import AlertFilter
from opsmith.domain.alerts import Alert, Comment
from opsmith.domain.base import Moment, State
from opsmith.errors import NotFound
from opsmith_mcp.alert_analytics import AlertAnalytics
from opsmith_mcp.alert_arguments import (
    AlertId,
    Before,
    Code,
    Device,
    Level,
    Line,
    Next,
    OperatorState,
    Remark,
    SignedBy,
    Since,
    Source,
    Spoken,
    Text,
    Type,
    Under,
    Version,
    signed,
)
from opsmith_mcp.alert_lines import brief, line_of, report_line, timeline
from opsmith_mcp.alert_views import (
    AlertHistoryView,
    AlertLine,
    AlertList,
    AlertMoment,
    AlertView,
    OrderOfAlert,
    Report,
    ReportLine,
    ReportView,
    ShelfLine,
)
from opsmith_mcp.arguments import DeviceId, Until
from opsmith_mcp.lookup import find_device
from opsmith_mcp.marks import system_only, writes
from opsmith_mcp.pages import begin_of, fitting, page_at
from opsmith_mcp.why import why
from opsmith_mcp.windows import INSTANT, back, now

if TYPE_CHECKING:
    from opsmith.storage.alerts import AlertStore
    from opsmith.storage.devices import DeviceStore
    from opsmith.storage.reports import ReportStore

__all__ = [
    "MOST_SHELVES",
    "AlertHistory",
    "AlertHistoryView",
    "AlertLine",
    "AlertList",
    "AlertMoment",
    "AlertView",
    "ReportLine",
    "ReportView",
    "ShelfLine",
]

MOST_SHELVES = 20
"""Shelves that a list shows: more aside than that is not looked after."""

_LINES = 30
"""Alerts of a device's history that are listed; all are counted."""

_COMMENTS = 30
"""Comments on an alert that are looked at; as many of them are shown as `_ROOM` has room for."""

_ROOM = 6000
"""Characters of the comments on one alert that are shown."""

_ORDERS = 20
"""Work orders of one alert that are shown."""


class AlertHistory(AlertAnalytics):
    """The tools of alerts and reports."""

    def __init__(
        self, alerts: AlertStore, reports: ReportStore, devices: DeviceStore, clock: PlantClock
    ) -> None:
        super().__init__(alerts.queries, devices, clock)
        self._alerts = alerts
        self._reports = reports
        self._devices = devices

    def get_alert_history(
        self,
        device_id: DeviceId,
        days: Annotated[int, Field(ge=1, le=3650)] = 7,
        until: Until = None,
    ) -> AlertHistoryView:
        """Count and list a device's alerts of the last days, those held back among them.

        Use it to see whether a deviation is new, repeats or gets worse.
        """
        device = find_device(self._devices, device_id)
        as_of = until or self._clock()
        window = back(as_of, days * 1440)
        which = AlertFilter(
            device_id=device.device_id, there_since=window.start, end=as_of + INSTANT
        )
        rows = self._alerts.queries.page(which, _LINES, 0)
        if len(rows) < _LINES:
            counts = Counter((one.level_at(as_of), one.alert_type) for one in rows)
        else:
            counts = self._counts(which, as_of)
        total = sum(counts.values())
        lines = fitting([line_of(one, as_of, is_past=until is not None) for one in rows])
        page = page_at(lines, 0, total, "days; list_alerts has all")
        by_level, by_type = Counter[str](), Counter[str]()
        for (level, alert_type), number in counts.items():
            by_level[level] += number
            by_type[alert_type] += number
        return AlertHistoryView(
            state=page.state,
            note=page.note
            or (None if total else f"No alert of {device.device_id} in this window."),
            device_id=device.device_id,
            as_of=as_of,
            window=window,
            total=total,
            by_level=dict(sorted(by_level.items())),
            by_type=dict(sorted(by_type.items())),
            alerts=tuple(page.rows),
        )

    def list_alerts(
        self,
        standing: bool = True,
        level: Level = None,
        device_id: Device = None,
        days: Annotated[int, Field(ge=1, le=3650)] = 7,
        include_suppressed: bool = False,
        limit: Annotated[int, Field(ge=1, le=100)] = 50,
        cursor: Next = None,
        line_id: Line = None,
        alert_type: Type = None,
        code: Code = None,
        state: OperatorState = None,
        source: Source = None,
        text: Text = None,
        since: Since = None,
        until: Before = None,
        under: Under = None,
    ) -> AlertList:
        """List the plant's alerts, the newest first; by default those that stand.

        With standing=false those that were there in the last `days`, or in [since, until).
        `text` searches messages and codes; `source` is opsmith or where it was imported from.
        Shelved, grouped or in maintenance: with `include_suppressed`.
        """
        which = self._meaning.of(
            device_id=device_id, line_id=line_id, level=level, alert_type=alert_type,
            code=code, state=state, source=source, text=text,
        )  # fmt: skip
        if under is not None:
            which, include_suppressed = replace(which, under=self._alert(under).trace_id), True
        # What stands is told even while the store that keeps the plant's time does not answer.
        present = now(self._clock) if standing else self._clock()
        window = self._meaning.window(which, since, until, present, days=days)
        as_of = min(window.end, present)
        is_past = window.end <= present
        if standing and is_past:
            which = replace(which, stood_at=window.end)
        elif standing:
            which = replace(which, standing=True, there_since=window.start)
        else:
            which = replace(which, there_since=window.start, end=window.end)
        shown = replace(which, suppressed=None if include_suppressed else False)
        total, begin = self._queries.total(shown), begin_of(cursor)
        rows = self._queries.page(shown, limit, begin)
        lines = fitting([line_of(one, as_of, is_past=is_past) for one in rows])
        page = page_at(lines, begin, total, "level, device_id or days")
        held = self._queries.grouped(replace(which, suppressed=True), ["held"])
        shelves = self._alerts.holds.shelves(present, scope())
        return AlertList(
            state=page.state if total else State.EMPTY,
            note=page.note or (None if total else "No such alert."),
            as_of=as_of,
            window=window,
            total=total,
            alerts=tuple(page.rows),
            held_back={by or "other": number for by, number in held},
            shelves=tuple(ShelfLine(**dict(shelf)) for shelf in shelves[:MOST_SHELVES]),
            next_cursor=page.next_cursor,
        )

    def get_alert(self, trace_id: AlertId) -> AlertView:
        """Show one alert whole: deviations, state, timeline, comments, orders, reports.

        `why` tells whether and why it was held back, until when, and what would bring it out.
        """
        return self._view(self._alert(trace_id))

    def get_report(
        self,
        trace_id: AlertId,
        version: Version = None,
        full: Annotated[bool, Field(description="With the tool results it cites.")] = False,
        language: Spoken = None,
    ) -> ReportView:
        """Show the diagnosis report on an alert: the newest version, in `language` if any is.

        Of an alert that is grouped under another: the report on that one.
        """
        alert, note = self._alert(trace_id), None
        head = self._head(alert) if version is None else None
        if head is not None:
            note = f"{alert.trace_id} of {alert.device_id} is grouped under {head.trace_id} of "
            note += f"{head.device_id}: one cause, one report, that on {head.trace_id}."
            alert = head
        versions = self._reports.versions(alert.trace_id)
        chosen = [one for one in versions if version in (None, one.version)]
        if version is not None and not chosen:
            there = ", ".join(str(one.version) for one in versions) or "none"
            raise NotFound(f"No version {version} of the report on {trace_id!r}; there is {there}")
        spoken = [one for one in chosen if one.diagnosis.language == language]
        report = (spoken or chosen or [None])[-1]
        return ReportView(
            state=State.OK if report else State.EMPTY,
            note=note if report else f"Not reported yet; its handling is {alert.status}.",
            trace_id=alert.trace_id,
            as_of=now(self._clock),
            report=report if full or report is None else brief(report),
            versions=self._lines(alert.trace_id),
        )

    @writes(idempotent=True)
    def acknowledge_alert(self, trace_id: AlertId, by: SignedBy = None) -> AlertView:
        """Note that a person has seen an alert; acknowledging twice changes nothing."""
        alert = self._alert(trace_id)
        return self._view(self._alerts.acknowledge(alert.trace_id, signed(by), now(self._clock)))

    @writes
    def shelve_alert(
        self,
        trace_id: AlertId,
        minutes: Annotated[int, Field(ge=0, le=1440, description="0 ends it now.")],
        by: SignedBy = None,
    ) -> AlertView:
        """Put a standing alert, and repeats of its type on the device, aside for some minutes.

        What stands at the end is told then; a rise to P0 or P1 is told at once.
        """
        alert, at = self._alert(trace_id), now(self._clock)
        if minutes == 0:
            return self._view(self._alerts.unshelve(alert.trace_id, signed(by), at))
        until = at + timedelta(minutes=minutes)
        return self._view(self._alerts.shelve(alert.trace_id, until, signed(by), at))

    @writes
    def comment_alert(
        self,
        trace_id: AlertId,
        text: Remark,
        by: SignedBy = None,
    ) -> AlertView:
        """Add a person's comment to an alert; it stays as it is written."""
        alert = self._alert(trace_id)
        self._alerts.comments.add(alert.trace_id, signed(by), text, now(self._clock))
        return self._view(alert)

    @system_only(idempotent=True)
    def record_report(
        self,
        report: Report,
        as_of: Annotated[Moment, Field(description="Up to when its author looked.")],
    ) -> ReportView:
        """Store the next version of the report on an alert; the same again changes nothing."""
        stored = self._reports.record(report, as_of)
        return ReportView(
            trace_id=stored.trace_id,
            as_of=now(self._clock),
            report=stored,
            versions=self._lines(stored.trace_id),
        )

    def _head(self, alert: Alert) -> Alert | None:
        """The alert under which one is grouped, where there is a report on it."""
        under = alert.grouped_under and self._alerts.find_one(alert.grouped_under)
        if not under or not self._reports.outlines(under.trace_id):
            return None
        return self._alert(under.trace_id)

    def _alert(self, trace_id: str) -> Alert:
        try:
            return self._alerts.get(trace_id.strip(), scope())
        except NotFound as error:
            raise NotFound(f"{error}; list_alerts gives the ids") from error

    def _view(self, alert: Alert) -> AlertView:
        versions = self._reports.outlines(alert.trace_id)
        orders = self._queries.orders_for(alert.trace_id, _ORDERS)
        total, comments = self._alerts.comments.newest(alert.trace_id, _COMMENTS)
        return AlertView(
            as_of=now(self._clock),
            alert=alert,
            why=why(alert),
            reports=tuple(report_line(one) for one in versions),
            orders=tuple(OrderOfAlert.model_validate(one, from_attributes=True) for one in orders),
            comments=_newest(comments),
            comments_total=total,
            timeline=timeline(alert, versions, comments, orders),
        )

    def _counts(self, which: AlertFilter, as_of: datetime) -> Counter[tuple[str, str]]:
        """How many there are of each level and type, the level as it was at that time."""
        counts: Counter[tuple[str, str]] = Counter()
        for level, alert_type, number in self._queries.grouped(which, ["level", "type"]):
            counts[level, alert_type] += number
        for alert in self._queries.risen_since(which, as_of):
            counts[alert.alert_level, alert.alert_type] -= 1
            counts[alert.level_at(as_of), alert.alert_type] += 1
        return +counts

    def _lines(self, trace_id: str) -> tuple[ReportLine, ...]:
        return tuple(report_line(one) for one in self._reports.outlines(trace_id))


def _newest(comments: list[Comment]) -> tuple[Comment, ...]:
    """As many of the newest as there is room for, the first first."""
    return tuple(fitting(comments[::-1], _ROOM))[::-1]
