"""Rows of the alert log: what each change makes of one, without asking the database.

What breaks through what (after ISA-18.2-2016: rationalised priorities, shelving, suppression by
design and out of service are separate states with separate owners):

| held back by         | who owns it             | what brings it out before its end              |
|----------------------|-------------------------|------------------------------------------------|
| rate limit           | nobody: it guards       | any rise in level                              |
| flood                | nobody: it guards       | a rise to P0 or P1                             |
| shelf                | the person who shelved  | a rise to P0 or P1 above the level that he saw |
| maintenance, retired | who works on the device | nothing: who has the device sees it himself    |
| collector            | nobody: it groups       | nothing: the group's head says it              |

To ISA-18.2 HI and HIHI are two alarms, shelved one by one: a rise is not what was shelved.
"""

import math
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from opsmith.domain.alerts import (
    BY_PLAN,
    Alert,
    AlertChange,
    AlertLevel,
    AlertState,
    Handling,
    HeldBy,
    Hold,
    LevelSince,
    Spell,
)
from opsmith.storage.database import mapping

URGENT = (AlertLevel.P0, AlertLevel.P1)
"""Levels that no guard against too many alerts holds back."""

_KEPT = 20
"""Holds and spells of one event that comes and goes: enough to tell its story."""
_LISTS = ("holds", "levels", "spells")

_CLEARED = {
    AlertState.UNACKNOWLEDGED: AlertState.RTN_UNACKNOWLEDGED,
    AlertState.ACKNOWLEDGED: AlertState.NORMAL,
    AlertState.SHELVED: AlertState.NORMAL,
}
_RAISED_AGAIN = {
    AlertState.RTN_UNACKNOWLEDGED: AlertState.UNACKNOWLEDGED,
    AlertState.NORMAL: AlertState.UNACKNOWLEDGED,
}


def alert_of(row: Row[Any]) -> Alert:
    """The alert that a row holds."""
    columns = mapping(row)
    lists = {name: columns[name] or () for name in _LISTS}
    return Alert.model_validate({**columns, **lists})


def columns_of(alert: Alert) -> dict[str, Any]:
    """The row that holds an alert."""
    columns = dict(alert)
    # What passed its limit beyond all measure is kept as the greatest number that there is.
    columns["score"] = min(alert.score, sys.float_info.max)
    columns["deviations"] = [deviation.model_dump() for deviation in alert.deviations]
    for name in _LISTS:
        columns[name] = [one.model_dump(mode="json") for one in columns[name]]
    return columns


def is_later(change: AlertChange, before: Alert) -> bool:
    """Whether a change tells the row anything new; a replayed one does not."""
    if change.last_seen != before.last_seen:
        return change.last_seen > before.last_seen
    return change.change == "cleared" and before.cleared_at is None


def new_alert(
    trace_id: str,
    device_id: str,
    change: AlertChange,
    payload: dict[str, Any],
    hold: Hold | None,
    related_to: str | None,
) -> Alert:
    """The first row of an event."""
    alert = Alert(
        trace_id=trace_id,
        device_id=device_id,
        alert_level=change.alert_level,
        alert_type=change.alert_type,
        temperature=_number(payload.get("temperature")),
        vibration=_number(payload.get("vibration")),
        raw_payload=payload,
        status=Handling.PENDING if hold is None else Handling.IGNORED,
        score=change.score,
        deviations=change.deviations,
        count=change.count,
        onset=change.onset,
        first_seen=change.first_seen,
        last_seen=change.last_seen,
        cleared_at=change.last_seen if change.change == "cleared" else None,
        flapping=change.flapping,
        raises=change.raises,
        related_to=related_to,
        created_at=change.first_seen,
    )
    return alert if hold is None else held_back(alert, hold)


def updated(before: Alert, change: AlertChange, hold: Hold | None) -> Alert:
    """The row after a change.

    Args:
        before: The row until now.
        change: What the alert logic decided.
        hold: What holds such an alert back at the time of the change.
    """
    cleared = change.change == "cleared"
    came_back = before.cleared_at is not None and not cleared
    level = min(before.alert_level, change.alert_level)
    levels = before.levels
    if level != before.alert_level:
        first = LevelSince(at=before.first_seen, alert_level=before.alert_level)
        risen = LevelSince(at=change.last_seen, alert_level=level)
        levels = (*(levels or (first,)), risen)
    worse = change.score > before.score or not before.deviations
    states = _CLEARED if cleared else _RAISED_AGAIN
    after = before.model_copy(
        update={
            "alert_level": level,
            "levels": levels,
            "spells": (*before.spells, *_spell_before(before, change))[-_KEPT:],
            # What cleared and came back began anew: what lay between was normal.
            "onset": change.onset if came_back else before.onset,
            "score": max(before.score, change.score),
            "deviations": (change.deviations if worse else ()) or before.deviations,
            "count": max(before.count, change.count),
            "raises": max(before.raises, change.raises),
            "flapping": before.flapping or change.flapping,
            "last_seen": change.last_seen,
            "cleared_at": change.last_seen if cleared else None,
            "state": states.get(before.state, before.state),
        }
    )
    if cleared:
        return _ended(after, change.last_seen, "cleared") if before.held is not None else after
    if hold is not None:
        return held_back(after, hold)
    if before.held is not None and (came_back or _breaks_through(before, after)):
        return brought_out(after, change.last_seen)
    return after


def _spell_before(before: Alert, change: AlertChange) -> Iterator[Spell]:
    """The spell that the change is the return from, if it is one."""
    if before.cleared_at is not None and change.change != "cleared":
        yield Spell(onset=before.onset, cleared_at=before.cleared_at, back_at=change.last_seen)


def held_back(alert: Alert, hold: Hold) -> Alert:
    """The alert kept from the operators, or kept for another reason or time than before."""
    holds = alert.holds
    if holds and holds[-1].ended is None:
        last, holds = holds[-1], holds[:-1]
        if (last.by, last.under) == (hold.by, hold.under):
            hold = hold.model_copy(update={"since": last.since})
        else:
            holds = (*holds, last.model_copy(update={"ended": hold.since}))
    match hold.by:
        case HeldBy.SHELVED:
            state = AlertState.SHELVED
        case by if by in BY_PLAN:
            state = AlertState.OUT_OF_SERVICE
        case _:
            state = AlertState.SUPPRESSED_BY_DESIGN
    return alert.model_copy(
        update={
            "state": state,
            "suppressed": hold.reason,
            "held": hold.by,
            "held_until": hold.until,
            "grouped_under": hold.under,
            "shelved_until": hold.until if hold.by is HeldBy.SHELVED else None,
            "holds": (*holds, hold)[-_KEPT:],
        }
    )


def brought_out(alert: Alert, at: datetime) -> Alert:
    """The alert given to the operators after all; no person has seen it as it is now."""
    out: dict[str, Any] = {
        "state": AlertState.UNACKNOWLEDGED,
        "suppressed": None,
        "held": None,
        "held_until": None,
        "grouped_under": None,
        "shelved_until": None,
    }
    if not alert.was_told:
        out["status"] = Handling.PENDING
    return _ended(alert, at, "brought_out").model_copy(update=out)


def _ended(alert: Alert, at: datetime, outcome: str) -> Alert:
    if not alert.holds or alert.holds[-1].ended is not None:
        return alert
    last = alert.holds[-1].model_copy(update={"ended": at, "outcome": outcome})
    return alert.model_copy(update={"holds": (*alert.holds[:-1], last)})


def _breaks_through(before: Alert, after: Alert) -> bool:
    """Whether an alert that is held back comes out, nothing holding others of its kind back."""
    rose = after.alert_level < before.alert_level
    match before.held:
        case HeldBy.RATE_LIMIT:
            return rose
        case HeldBy.FLOOD:
            return rose and after.alert_level in URGENT
        case HeldBy.SHELVED:
            is_over = before.held_until is not None and before.held_until <= after.last_seen
            return is_over or (rose and after.alert_level in URGENT)
        case HeldBy.COLLECTOR:
            return False
        case _:
            return True


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
