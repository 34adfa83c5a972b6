"""Queries of the diagnosis reports."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from opsmith.domain.alerts import Handling
from opsmith.domain.diagnoses import DiagnosisReport
from opsmith.domain.events import REPORTS, ReportEvent
from opsmith.errors import NotFound
from opsmith.storage.database import Database, mapping
from opsmith.storage.outbox import announce
from opsmith.storage.tables import alert_log
from opsmith.storage.tables import diagnosis_report as table


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
        of_alert = table.c.trace_id == report.trace_id
        basis = (table.c.as_of == as_of, table.c.author == author, table.c.language == language)
        with self._database.write() as connection:
            known = connection.execute(select(table).where(of_alert, *basis)).one_or_none()
            if known is not None:
                return _report(known)
            status = update(alert_log).where(alert_log.c.trace_id == report.trace_id)
            if not connection.execute(status.values(status=Handling.COMPLETED)).rowcount:
                raise NotFound(f"No alert {report.trace_id!r} to report on")
            newest = connection.execute(select(func.max(table.c.version)).where(of_alert)).scalar()
            stored = report.model_copy(update={"version": (newest or 0) + 1, "as_of": as_of})
            values = dict(stored)
            values["diagnosis"] = stored.diagnosis.model_dump(mode="json")
            values["decision"] = stored.decision.model_dump(mode="json")
            connection.execute(insert(table).values(**values, author=author, language=language))
            event = ReportEvent(as_of=as_of, report=stored)
            announce(connection, REPORTS, stored.device_id, event)
        return stored

    def versions(self, trace_id: str) -> list[DiagnosisReport]:
        """All versions of an alert's report, the first first."""
        query = select(table).where(table.c.trace_id == trace_id).order_by(table.c.version)
        with self._database.read() as connection:
            return [_report(row) for row in connection.execute(query)]

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
