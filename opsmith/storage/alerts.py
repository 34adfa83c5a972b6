"""Queries of the alert log."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from opsmith.domain.alert_filter import AlertFilter
from opsmith.domain.alerts import (
    STANDING,
    Alert,
    AlertChange,
    AlertLevel,
    AlertState,
    Handling,
    HeldBy,
    Hold,
    trace_id_of,
)
from opsmith.domain.events import ALERTS, AlertEvent
from opsmith.errors import Conflict, NotFound
from opsmith.storage.alert_comments import AlertComments
from opsmith.storage.alert_import import put
from opsmith.storage.alert_queries import AlertQueries
from opsmith.storage.alert_rows import (
    alert_of,
    brought_out,
    columns_of,
    held_back,
    is_later,
    new_alert,
    updated,
)
from opsmith.storage.database import Database
from opsmith.storage.holds import (
    OWN,
    HoldStore,
    came_out_as,
    count_group,
    find,
    put_on_shelf,
    shelf_hold,
    store,
    take_off_shelf,
)
from opsmith.storage.outbox import announce
from opsmith.storage.scope import in_factories
from opsmith.storage.tables import alert_log as table


class AlertStore:
    """The alert log: one row an event."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.holds = HoldStore(database)
        """What is held back, and by what."""
        self.queries = AlertQueries(database)
        """Counts and columns of many alerts."""
        self.comments = AlertComments(database)
        """What people wrote on alerts."""

    def apply(
        self,
        device_id: str,
        change: AlertChange,
        payload: dict[str, Any],
        hold: Hold | None = None,
        related_to: str | None = None,
    ) -> Alert | None:
        """Write what the alert logic decided, and announce it, in one transaction.

        Any number of workers may write the same change at the same time: one of them does.

        Args:
            device_id: Whose alert it is.
            change: What was decided.
            payload: The reading it was decided on.
            hold: What holds such an alert back now; None: nothing does.
            related_to: An alert just before a new one, as a hint.

        Returns:
            The alert as it is now; None where the row says this, or something later, already.
        """
        trace_id = trace_id_of(device_id, change.alert_type, change.first_seen)
        # Looked at first without the writer's lock: of a thousand repeats one has to write.
        known = self.find_one(trace_id)
        if known is not None and not is_later(change, known):
            return None
        try:
            return self._apply(trace_id, device_id, change, payload, hold, related_to)
        except IntegrityError:
            # Another worker was first with the row; it is there now.
            return self._apply(trace_id, device_id, change, payload, hold, related_to)

    def _apply(
        self,
        trace_id: str,
        device_id: str,
        change: AlertChange,
        payload: dict[str, Any],
        hold: Hold | None,
        related_to: str | None,
    ) -> Alert | None:
        with self._database.write() as connection:
            before = find(connection, trace_id)
            if before is None:
                alert = new_alert(trace_id, device_id, change, payload, hold, related_to)
                connection.execute(insert(table).values(**columns_of(alert)))
            elif is_later(change, before):
                alert = updated(before, change, hold)
                store(connection, alert)
            else:
                return None
            count_group(connection, before, alert)
            came_out = before is not None and before.held is not None and alert.held is None
            if _is_told(before, alert):
                first = came_out and before is not None and not before.was_told
                told = "raised" if first else change.change
                announce(
                    connection,
                    ALERTS,
                    device_id,
                    AlertEvent(change=told, as_of=change.last_seen, alert=alert),
                )
        return alert

    def put(self, alerts: Sequence[Alert], now: datetime) -> tuple[int, int]:
        """Write events of another system; the same ones again change nothing.

        They are not announced and not diagnosed. One stands only if it says so: without
        `cleared_at`, in a state of `STANDING`; any other is over at `cleared_at` or `last_seen`.
        What people did here with one that is there already stays.

        Args:
            alerts: With the ids by which they are known again; of two alike the last counts.
                One whose id an alert of another `source` has is left out.
            now: When new ones are written.

        Returns:
            How many are new, and how many were there and have changed.
        """
        with self._database.write() as connection:
            return put(connection, alerts, now)

    def find_one(self, trace_id: str) -> Alert | None:
        """One alert, or None."""
        with self._database.read() as connection:
            return find(connection, trace_id)

    def get(self, trace_id: str, factories: Collection[str] | None = None) -> Alert:
        """One alert, of a device in the factories. Raises `NotFound`."""
        with self._database.read() as connection:
            alert = find(connection, trace_id)
            if alert is not None and factories is not None:
                seen = select(table.c.trace_id).where(
                    table.c.trace_id == trace_id, in_factories(table.c.device_id, factories)
                )
                alert = alert if connection.execute(seen).one_or_none() else None
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
        which = AlertFilter(
            device_id=device_id,
            level=level,
            alert_type=alert_type,
            there_since=start,
            end=end,
            standing=standing,
            suppressed=suppressed,
        )
        return self.queries.page(which, limit, offset)

    def standing_at(self, device_id: str, at: datetime) -> list[Alert]:
        """Our own alerts of the device that stood then, so far as was known then."""
        query = select(table).where(
            table.c.device_id == device_id,
            table.c.source == OWN,
            table.c.first_seen < at,
            or_(table.c.cleared_at.is_(None), table.c.cleared_at >= at),
        )
        with self._database.read() as connection:
            return [alert_of(row) for row in connection.execute(query)]

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
        """Put a standing alert aside until then, and its repeats (device and type) with it.

        Raises:
            NotFound: No such alert.
            Conflict: It does not stand, or something else holds it back.
        """

        def shelved(alert: Alert) -> Alert:
            if alert.state not in STANDING:
                raise Conflict(
                    f"Alert {trace_id!r} is {alert.state}; only a standing one is shelved"
                )
            put = {"acknowledged_by": by, "acknowledged_at": now}
            hold = shelf_hold(by, now, until)
            return held_back(alert.model_copy(update=put), hold)

        return self._change(trace_id, shelved, now, put_on_shelf)

    def unshelve(self, trace_id: str, by: str, now: datetime) -> Alert:
        """End the shelving of an alert's device and type; what stands of it comes out.

        Raises:
            NotFound: No such alert.
        """

        def out(alert: Alert) -> Alert:
            if alert.held is not HeldBy.SHELVED or alert.cleared_at is not None:
                return alert
            return brought_out(alert, now)

        return self._change(trace_id, out, now, take_off_shelf)

    def set_handling(self, trace_id: str, status: Handling) -> None:
        """Say where opsmith's handling of it stands."""
        with self._database.write() as connection:
            connection.execute(
                update(table).where(table.c.trace_id == trace_id).values(status=status)
            )

    def _change(
        self,
        trace_id: str,
        change: Callable[[Alert], Alert],
        now: datetime,
        also: Callable[[Connection, Alert], None] | None = None,
    ) -> Alert:
        with self._database.write() as connection:
            before = find(connection, trace_id)
            if before is None:
                raise NotFound(f"No alert {trace_id!r}")
            after = change(before)
            if also is not None:
                also(connection, after)
            if after != before:
                store(connection, after)
                came_out = before.held is not None and after.held is None
                told = came_out_as(before) if came_out else "operator"
                announce(
                    connection,
                    ALERTS,
                    after.device_id,
                    AlertEvent(change=told, as_of=now, alert=after),
                )
        return after


def _is_told(before: Alert | None, after: Alert) -> bool:
    """Whether a change is announced: it came out, was out until now, or ends what was told."""
    if after.held is None:
        return True
    if before is None:
        return False
    return before.held is None or (after.cleared_at is not None and after.was_told)
