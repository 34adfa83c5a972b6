"""Ids that have what was typed so far: for completion, and for short lists."""

from collections.abc import Collection

from sqlalchemy import func, select

from opsmith.storage.database import Database
from opsmith.storage.scope import in_factories
from opsmith.storage.tables import alert_log, diagnosis_report


def trace_ids(
    database: Database,
    typed: str,
    factories: Collection[str] | None,
    limit: int,
    *,
    reported: bool = False,
) -> tuple[list[str], int]:
    """Ids of alerts that have `typed` in them, the newest first, and how many there are.

    Args:
        database: Where they are.
        typed: In any case; empty: all.
        factories: Of whose devices; None: all.
        limit: At most so many.
        reported: Only those that have a report.
    """
    column = alert_log.c.trace_id
    where = [column.icontains(typed, autoescape=True)] if typed else []
    if factories is not None:
        where.append(in_factories(alert_log.c.device_id, factories))
    if reported:
        where.append(column.in_(select(diagnosis_report.c.trace_id)))
    newest = select(column).where(*where).order_by(alert_log.c.first_seen.desc(), column)
    count = select(func.count()).select_from(alert_log).where(*where)
    with database.read() as connection:
        found = list(connection.execute(newest.limit(limit)).scalars())
        if len(found) < limit:
            return found, len(found)
        return found, connection.execute(count).scalar_one()
