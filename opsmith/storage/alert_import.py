"""Events of other systems in the alert log: written once, changed where theirs changed them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from opsmith.domain.alerts import STANDING, Alert, AlertState, Handling
from opsmith.storage.alert_rows import alert_of, columns_of
from opsmith.storage.tables import alert_log as table

_AT_ONCE = 500
"""Events that are looked up by one statement."""

_GIVEN = (
    "device_id", "alert_level", "alert_type", "code", "message", "onset", "first_seen",
    "last_seen", "cleared_at", "count", "score", "deviations", "temperature", "vibration",
    "raw_payload",
)  # fmt: skip
"""What another system says of its event; the rest is what people here did with it."""


def put(connection: Connection, alerts: Sequence[Alert], now: datetime) -> tuple[int, int]:
    """See `AlertStore.put`; in the caller's transaction."""
    given = list({alert.trace_id: alert for alert in alerts}.values())
    new = changed = 0
    for begin in range(0, len(given), _AT_ONCE):
        some = given[begin : begin + _AT_ONCE]
        wanted = select(table).where(table.c.trace_id.in_([one.trace_id for one in some]))
        known = {row.trace_id: alert_of(row) for row in connection.execute(wanted)}
        fresh = [_imported(one) for one in some if one.trace_id not in known]
        if fresh:
            rows = [columns_of(one) | {"created_at": now} for one in fresh]
            connection.execute(insert(table), rows)
        new += len(fresh)
        changed += sum(
            _update(connection, known[one.trace_id], one)
            for one in some
            if one.trace_id in known and known[one.trace_id].source == one.source
        )
    return new, changed


def _update(connection: Connection, before: Alert, given: Alert) -> bool:
    after = _imported_again(before, given)
    if after == before:
        return False
    columns = columns_of(after)
    values = {name: columns[name] for name in (*_GIVEN, "state")}
    change = update(table).where(table.c.trace_id == before.trace_id)
    connection.execute(change.values(**values))
    return True


def _imported(alert: Alert) -> Alert:
    """An event of another system as its row holds it: told to nobody, handled by nobody."""
    stands = alert.state in STANDING and alert.cleared_at is None
    over = {"state": AlertState.NORMAL, "cleared_at": alert.cleared_at or alert.last_seen}
    return alert.model_copy(update={"status": Handling.IGNORED, **({} if stands else over)})


def _imported_again(before: Alert, given: Alert) -> Alert:
    """The row of an event of another system after it was imported once more."""
    now = _imported(given)
    update: dict[str, Any] = {name: getattr(now, name) for name in _GIVEN}
    if (now.cleared_at is None) != (before.cleared_at is None):
        update["state"] = now.state
    return before.model_copy(update=update)
