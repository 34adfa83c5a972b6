"""Queries of the alert log."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, or_, select, update

from opsmith.domain.alerts import (
    STANDING,
    Alert,
    AlertChange,
    AlertLevel,
    AlertState,
    Handling,
    trace_id_of,
)
from opsmith.domain.events import ALERTS, AlertEvent
from opsmith.errors import Conflict, NotFound
from opsmith.storage.database import Database, mapping
from opsmith.storage.outbox import announce
from opsmith.storage.tables import alert_log as table

CLEARED = {
    AlertState.UNACKNOWLEDGED: AlertState.RTN_UNACKNOWLEDGED,
    AlertState.ACKNOWLEDGED: AlertState.NORMAL,
    AlertState.SHELVED: AlertState.NORMAL,
}
RATE_LIMITED = "rate limit of new alerts per device and minute"
"""Why an alert was held back that a rise in level brings out."""
RAISED_AGAIN = {
    AlertState.RTN_UNACKNOWLEDGED: AlertState.UNACKNOWLEDGED,
    AlertState.NORMAL: AlertState.UNACKNOWLEDGED,
}

_ONE = select(table).where(table.c.trace_id == bindparam("wanted"))


class AlertStore:
    """The alert log: one row an event."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def apply(
        self,
        device_id: str,
        change: AlertChange,
        payload: dict[str, Any],
        suppressed: str | None = None,
    ) -> Alert | None:
        """Write what the alert logic decided, and announce it, in one transaction.

        Args:
            device_id: Whose alert it is.
            change: What was decided.
            payload: The reading it was decided on.
            suppressed: Why it must not be announced; None where it must.

        Returns:
            The alert as it is now; None where the row says this, or something later, already.
        """
        trace_id = trace_id_of(device_id, change.alert_type, change.first_seen)
        with self._database.write() as connection:
            before = _find(connection, trace_id)
            if before is None:
                alert = _new(trace_id, device_id, change, payload, suppressed)
                connection.execute(insert(table).values(**_columns(alert)))
            elif _is_later(change, before):
                alert = _updated(before, change)
                connection.execute(
                    update(table).where(table.c.trace_id == trace_id).values(**_columns(alert))
                )
            else:
                return None
            if alert.suppressed is None:
                announce(
                    connection,
                    ALERTS,
                    device_id,
                    AlertEvent(change=change.change, as_of=change.last_seen, alert=alert),
                )
        return alert

    def get(self, trace_id: str) -> Alert:
        """One alert. Raises `NotFound`."""
        with self._database.read() as connection:
            alert = _find(connection, trace_id)
        if alert is None:
            raise NotFound(f"No alert {trace_id!r}")
        return alert

    def find(
        self,
        device_id: str | None = None,
        level: AlertLevel | None = None,
        alert_type: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        standing: bool = False,
        suppressed: bool | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Alert]:
        """Alerts, the newest first; those that touch [start, end) where a window is given."""
        query = select(table).order_by(table.c.first_seen.desc(), table.c.trace_id)
        if device_id is not None:
            query = query.where(table.c.device_id == device_id)
        if level is not None:
            query = query.where(table.c.alert_level == level)
        if alert_type is not None:
            query = query.where(table.c.alert_type == alert_type)
        if start is not None:
            query = query.where(or_(table.c.cleared_at.is_(None), table.c.last_seen >= start))
        if end is not None:
            query = query.where(table.c.first_seen < end)
        if standing:
            # A suppressed alert keeps its state; whether it stands, its clearing says.
            held_back = (table.c.suppressed.is_not(None)) & (table.c.cleared_at.is_(None))
            query = query.where(or_(table.c.state.in_(STANDING), held_back))
        if suppressed is not None:
            is_not = table.c.suppressed.is_not(None) if suppressed else table.c.suppressed.is_(None)
            query = query.where(is_not)
        with self._database.read() as connection:
            rows = connection.execute(query.limit(limit).offset(offset)).all()
        return [_alert(row) for row in rows]

    def standing_at(self, device_id: str, at: datetime) -> list[Alert]:
        """The device's alerts that stood at that moment, so far as was known then."""
        query = select(table).where(
            table.c.device_id == device_id,
            table.c.first_seen < at,
            or_(table.c.cleared_at.is_(None), table.c.cleared_at >= at),
        )
        with self._database.read() as connection:
            return [_alert(row) for row in connection.execute(query)]

    def counts(self) -> dict[str, int]:
        """Alerts that stand, by level; `suppressed` counts those held back."""
        query = (
            select(table.c.alert_level, func.count())
            .where(table.c.state.in_(STANDING), table.c.suppressed.is_(None))
            .group_by(table.c.alert_level)
        )
        with self._database.read() as connection:
            return {level: count for level, count in connection.execute(query)}

    def acknowledge(self, trace_id: str, by: str, now: datetime) -> Alert:
        """A person has seen it. Acknowledging twice changes nothing. Raises `NotFound`."""
        states = {
            AlertState.UNACKNOWLEDGED: AlertState.ACKNOWLEDGED,
            AlertState.RTN_UNACKNOWLEDGED: AlertState.NORMAL,
        }

        def seen(alert: Alert) -> Alert:
            if alert.state not in states:
                return alert
            return alert.model_copy(
                update={
                    "state": states[alert.state],
                    "acknowledged_by": by,
                    "acknowledged_at": now,
                }
            )

        return self._change(trace_id, seen, now)

    def shelve(self, trace_id: str, until: datetime, by: str, now: datetime) -> Alert:
        """Put a standing alert aside until then. Raises `NotFound`, `Conflict`."""

        def shelved(alert: Alert) -> Alert:
            if alert.state not in STANDING:
                raise Conflict(
                    f"Alert {trace_id!r} is {alert.state}; only a standing one is shelved"
                )
            return alert.model_copy(
                update={
                    "state": AlertState.SHELVED,
                    "shelved_until": until,
                    "acknowledged_by": by,
                    "acknowledged_at": now,
                }
            )

        return self._change(trace_id, shelved, now)

    def set_handling(self, trace_id: str, status: Handling) -> None:
        """Say where opsmith's handling of it stands."""
        with self._database.write() as connection:
            connection.execute(
                update(table).where(table.c.trace_id == trace_id).values(status=status)
            )

    def _change(self, trace_id: str, change: Any, now: datetime) -> Alert:
        with self._database.write() as connection:
            before = _find(connection, trace_id)
            if before is None:
                raise NotFound(f"No alert {trace_id!r}")
            after: Alert = change(before)
            if after != before:
                connection.execute(
                    update(table).where(table.c.trace_id == trace_id).values(**_columns(after))
                )
                announce(
                    connection,
                    ALERTS,
                    after.device_id,
                    AlertEvent(change="operator", as_of=now, alert=after),
                )
        return after


def _find(connection: Connection, trace_id: str) -> Alert | None:
    row = connection.execute(_ONE, {"wanted": trace_id}).one_or_none()
    return None if row is None else _alert(row)


def _alert(row: Row[Any]) -> Alert:
    return Alert.model_validate(mapping(row))


def _columns(alert: Alert) -> dict[str, Any]:
    columns = dict(alert)
    columns["deviations"] = [deviation.model_dump() for deviation in alert.deviations]
    return columns


def _is_later(change: AlertChange, before: Alert) -> bool:
    """Whether a change tells the row anything new; a replayed one does not."""
    if change.last_seen != before.last_seen:
        return change.last_seen > before.last_seen
    return change.change == "cleared" and before.cleared_at is None


def _new(
    trace_id: str,
    device_id: str,
    change: AlertChange,
    payload: dict[str, Any],
    suppressed: str | None,
) -> Alert:
    return Alert(
        trace_id=trace_id,
        device_id=device_id,
        alert_level=change.alert_level,
        alert_type=change.alert_type,
        temperature=_number(payload.get("temperature")),
        vibration=_number(payload.get("vibration")),
        raw_payload=payload,
        status=Handling.PENDING if suppressed is None else Handling.IGNORED,
        state=(
            AlertState.UNACKNOWLEDGED if suppressed is None else AlertState.SUPPRESSED_BY_DESIGN
        ),
        score=change.score,
        deviations=change.deviations,
        count=change.count,
        onset=change.onset,
        first_seen=change.first_seen,
        last_seen=change.last_seen,
        cleared_at=change.last_seen if change.change == "cleared" else None,
        suppressed=suppressed,
        created_at=change.first_seen,
    )


def _updated(before: Alert, change: AlertChange) -> Alert:
    cleared = change.change == "cleared"
    states = CLEARED if cleared else RAISED_AGAIN
    level = min(before.alert_level, change.alert_level)
    if before.suppressed == RATE_LIMITED and level < before.alert_level:
        # A rate limit never holds back a higher level.
        shown = {"suppressed": None, "state": AlertState.UNACKNOWLEDGED, "status": Handling.PENDING}
        before = before.model_copy(update=shown)
    # What cleared and came back began anew: what lay between was normal.
    came_back = before.cleared_at is not None and not cleared
    return before.model_copy(
        update={
            "alert_level": level,
            "onset": change.onset if came_back else before.onset,
            "score": max(before.score, change.score),
            "deviations": change.deviations or before.deviations,
            "count": max(before.count, change.count),
            "last_seen": change.last_seen,
            "cleared_at": change.last_seen if cleared else None,
            "state": states.get(before.state, before.state),
        }
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
