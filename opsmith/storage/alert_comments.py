"""What people wrote on alerts."""

from datetime import datetime

from sqlalchemy import func, insert, select

from opsmith.domain.alerts import Comment
from opsmith.errors import NotFound
from opsmith.storage.database import Database
from opsmith.storage.tables import alert_comment as table
from opsmith.storage.tables import alert_log


class AlertComments:
    """The comments on all alerts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, trace_id: str, by: str, text: str, at: datetime) -> None:
        """Write one. Raises `NotFound` where there is no such alert."""
        known = select(alert_log.c.trace_id).where(alert_log.c.trace_id == trace_id)
        with self._database.write() as connection:
            if connection.execute(known).one_or_none() is None:
                raise NotFound(f"No alert {trace_id!r}")
            connection.execute(insert(table).values(trace_id=trace_id, by=by, at=at, text=text))

    def newest(self, trace_id: str, limit: int) -> tuple[int, list[Comment]]:
        """How many an alert has, and the newest of them, the first first."""
        of_alert = table.c.trace_id == trace_id
        query = select(table.c.at, table.c.by, table.c.text).where(of_alert)
        with self._database.read() as connection:
            total = connection.execute(select(func.count()).where(of_alert)).scalar_one()
            rows = connection.execute(query.order_by(table.c.id.desc()).limit(limit)).all()
        return total, [Comment(at=at, by=by, text=text) for at, by, text in reversed(rows)]
