"""Queries of the diagnosis reports."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, select, update

from opsmith.domain.alerts import Handling
from opsmith.domain.diagnoses import DiagnosisReport, Severity
from opsmith.domain.events import REPORTS, ReportEvent
from opsmith.errors import NotFound
from opsmith.storage.database import Database, mapping
from opsmith.storage.outbox import announce
from opsmith.storage.tables import alert_log
from opsmith.storage.tables import diagnosis_report as table

# Built once: SQLAlchemy takes longer to put a statement together than SQLite to answer it.
_OF_ALERT = table.c.trace_id == bindparam("of_alert")
_STANDING = select(table).where(
    _OF_ALERT,
    table.c.as_of == bindparam("at"),
    table.c.author == bindparam("by"),
    table.c.language == bindparam("spoken"),
)
_REPORTED = (
    update(alert_log)
    .where(alert_log.c.trace_id == bindparam("of_alert"))
    .values(status=Handling.COMPLETED)
)
_NEWEST = select(func.max(table.c.version)).where(_OF_ALERT)
_INSERT = insert(table)
_VERSIONS = select(table).where(_OF_ALERT).order_by(table.c.version)
_OUTLINES = (
    select(
        table.c.version,
        table.c.llm_model,
        table.c.created_at,
        table.c.failure_mode,
        table.c.severity,
        table.c.diagnosis["confidence"].as_float().label("confidence"),
    )
    .where(_OF_ALERT)
    .order_by(table.c.version)
)


@dataclass(frozen=True, slots=True)
class Outline:
    """What a list tells of one version of a report."""

    version: int
    llm_model: str
    created_at: datetime
    failure_mode: str | None
    severity: Severity
    confidence: float


class ReportStore:
    """Versions of reports; the newest of an alert is the one of record."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, report: DiagnosisReport, as_of: datetime) -> DiagnosisReport:
        """Store a report as the alert's next version, once for each basis.

        Its basis is (alert, `as_of`, author, language).

        Args:
            report: Its `version` is replaced by the one it gets.
            as_of: Plant time up to which its author looked.

        Returns:
            The report as stored; the one that stood already where it is a repeat.

        Raises:
            NotFound: No such alert.
        """
        author = "rules" if report.llm_model == "rules" else "llm"
        language = report.diagnosis.language
        alert = {"of_alert": report.trace_id}
        basis = alert | {"at": as_of, "by": author, "spoken": language}
        with self._database.write() as connection:
            known = connection.execute(_STANDING, basis).one_or_none()
            if known is not None:
                return _report(known)
            if not connection.execute(_REPORTED, alert).rowcount:
                raise NotFound(f"No alert {report.trace_id!r} to report on")
            newest = connection.execute(_NEWEST, alert).scalar()
            stored = report.model_copy(update={"version": (newest or 0) + 1, "as_of": as_of})
            values = dict(stored)
            values["diagnosis"] = stored.diagnosis.model_dump(mode="json")
            values["decision"] = stored.decision.model_dump(mode="json")
            connection.execute(_INSERT, values | {"author": author, "language": language})
            event = ReportEvent(as_of=as_of, report=stored)
            announce(connection, REPORTS, stored.device_id, event)
        return stored

    def versions(self, trace_id: str) -> list[DiagnosisReport]:
        """All versions of an alert's report, the first first."""
        with self._database.read() as connection:
            rows = connection.execute(_VERSIONS, {"of_alert": trace_id})
            return [_report(row) for row in rows]

    def outlines(self, trace_id: str) -> list[Outline]:
        """The same in a few words each, without reading what they rest on."""
        with self._database.read() as connection:
            rows = connection.execute(_OUTLINES, {"of_alert": trace_id})
            return [Outline(*row) for row in rows]

    def newest(
        self, device_id: str | None = None, limit: int = 100, offset: int = 0
    ) -> list[DiagnosisReport]:
        """The newest version for each alert, the newest alert first."""
        last = (
            select(table.c.trace_id, func.max(table.c.version).label("version"))
            .group_by(table.c.trace_id)
            .subquery()
        )
        query = (
            select(table)
            .join(
                last,
                (table.c.trace_id == last.c.trace_id) & (table.c.version == last.c.version),
            )
            .order_by(table.c.created_at.desc(), table.c.trace_id)
        )
        if device_id is not None:
            query = query.where(table.c.device_id == device_id)
        with self._database.read() as connection:
            rows = connection.execute(query.limit(limit).offset(offset)).all()
        return [_report(row) for row in rows]


def _report(row: Row[Any]) -> DiagnosisReport:
    columns = mapping(row)
    for own in ("id", "author", "language"):
        del columns[own]
    return DiagnosisReport.model_validate(columns)
