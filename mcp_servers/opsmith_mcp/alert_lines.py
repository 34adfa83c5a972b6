"""An alert in a line, and its story: as it could be seen at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from opsmith.domain.alerts import Alert, AlertState, Comment, HeldBy
from opsmith.domain.diagnoses import DiagnosisReport, Evidence
from opsmith_mcp.alert_views import AlertLine, AlertMoment, ReportLine
from opsmith_mcp.figures import figure

if TYPE_CHECKING:
    from opsmith.storage.alert_queries import OrderMark
    from opsmith.storage.reports import Outline

_CHANNELS = 5
_MESSAGE = 160
"""Characters of a message that a list shows."""


def line_of(alert: Alert, as_of: datetime, *, is_past: bool = False) -> AlertLine:
    """An alert as it could be seen at `as_of`; what happened to it since is left out.

    Args:
        alert: As the log has it now.
        as_of: Plant time.
        is_past: `as_of` is not now, so what has no time of its own is not known.
    """
    went_on = _went_on(alert, as_of)
    onset, cleared = alert.spell_at(as_of)
    worst = sorted(alert.deviations, key=lambda deviation: -deviation.share)[:_CHANNELS]
    reason, held = _held_at(alert, as_of)
    return AlertLine(
        trace_id=alert.trace_id,
        device_id=alert.device_id,
        alert_level=alert.level_at(as_of) if is_past else alert.alert_level,
        alert_type=alert.alert_type,
        code=alert.code,
        message=alert.message[:_MESSAGE] if alert.message else None,
        source=alert.source,
        channels=() if went_on else tuple(one.channel for one in worst),
        onset=onset,
        first_seen=alert.first_seen,
        last_seen=None if went_on else alert.last_seen,
        cleared_at=cleared,
        state=None if went_on or _touched(alert, as_of) else alert.state,
        status=None if is_past else alert.status,
        count=None if went_on else alert.count,
        score=None if went_on else figure(alert.score),
        raises=None if went_on else alert.raises,
        flapping=None if went_on and alert.flapping else alert.flapping,
        suppressed=reason,
        held=held,
        grouped=alert.grouped,
    )


def report_line(report: Outline) -> ReportLine:
    """One version of a report in a line."""
    return ReportLine(
        version=report.version,
        made_by=report.llm_model,
        created_at=report.created_at,
        failure_mode=report.failure_mode,
        severity=report.severity,
        confidence=report.confidence,
    )


def timeline(
    alert: Alert,
    versions: Sequence[Outline],
    comments: Sequence[Comment],
    orders: Sequence[OrderMark],
) -> tuple[AlertMoment, ...]:
    """What happened to an alert, the first first."""
    found = [
        (alert.spells[0].onset if alert.spells else alert.onset, "the deviation began"),
        *((one.cleared_at, "cleared") for one in alert.spells),
        *((one.back_at, "came back") for one in alert.spells),
        (alert.first_seen, f"raised as {alert.alert_type}"),
        *((one.at, f"level rose to {one.alert_level}") for one in alert.levels[1:]),
        *_of_people(alert),
        (alert.cleared_at, "cleared"),
        *((hold.since, f"held back: {hold.reason}") for hold in alert.holds),
        *((hold.ended, "brought out") for hold in alert.holds if hold.outcome == "brought_out"),
        *((one.at, f"comment by {one.by}") for one in comments),
        *((one.created_at, f"report {one.version} by {one.llm_model}") for one in versions),
        *((one.created_at, f"work order {one.order_no}, {one.work_class}") for one in orders),
    ]
    moments = [AlertMoment(at=at, what=what) for at, what in found if at is not None]
    return tuple(sorted(moments, key=lambda one: one.at))


def brief(report: DiagnosisReport) -> DiagnosisReport:
    """A report without the tool results that its evidence cites."""
    evidence = tuple(_bare(one) for one in report.diagnosis.evidence)
    diagnosis = report.diagnosis.model_copy(update={"evidence": evidence})
    bare = (_bare(one) for one in report.decision.evidence)
    decision = report.decision.model_copy(update={"evidence": tuple(bare)})
    return report.model_copy(update={"diagnosis": diagnosis, "decision": decision})


def _bare(evidence: Evidence) -> Evidence:
    return evidence.model_copy(update={"result": dict[str, object]()})


def _went_on(alert: Alert, as_of: datetime) -> bool:
    return alert.last_seen > as_of or (alert.cleared_at is not None and alert.cleared_at > as_of)


def _touched(alert: Alert, as_of: datetime) -> bool:
    """Whether a person or a rule changed its state since."""
    if alert.acknowledged_at is not None and alert.acknowledged_at > as_of:
        return True
    return any(hold.since > as_of or (hold.ended or as_of) > as_of for hold in alert.holds)


def _held_at(alert: Alert, as_of: datetime) -> tuple[str | None, HeldBy | None]:
    """Why it was held back, and by what, at that time."""
    if not any(hold.since > as_of or (hold.ended or as_of) > as_of for hold in alert.holds):
        return alert.suppressed, alert.held
    for hold in alert.holds:
        if hold.since <= as_of and (hold.ended is None or hold.ended > as_of):
            return hold.reason, hold.by
    return None, None


def _of_people(alert: Alert) -> Iterator[tuple[datetime | None, str]]:
    who, at = alert.acknowledged_by, alert.acknowledged_at
    if any(hold.by is HeldBy.SHELVED and hold.since == at for hold in alert.holds):
        return
    if alert.state in (AlertState.ACKNOWLEDGED, AlertState.NORMAL):
        yield at, f"acknowledged by {who}"
    elif at is not None:
        yield at, f"seen by {who}"
