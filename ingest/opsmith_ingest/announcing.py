"""What the alert logic decided comes out, or is held back with a reason and judged anew later.

An alert is held back, each with its reason on it, when its device is in MAINTENANCE or RETIRED,
when a person shelved such alerts, when its device or line raises too many at once, or when its
whole line fell silent. None is lost: what holds it back has an end, and what stands then is
announced, the most urgent first. What breaks through what: see `opsmith.storage.alert_rows`.

Everything is decided on the stores, in plant time: other workers and a restart see the same.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from opsmith.domain.alerts import (
    Alert,
    AlertChange,
    AlertLevel,
    HeldBy,
    Hold,
    trace_id_of,
)
from opsmith.domain.devices import Device, DeviceStatus
from opsmith.ports import AnomalyMark, Cooldown, SeriesStore
from opsmith.storage.alert_rows import URGENT, is_later
from opsmith.storage.alerts import AlertStore
from opsmith.storage.devices import DeviceStore
from opsmith.storage.holds import Neighbour
from opsmith_detectors.flood import SPAN, Flood, floods
from opsmith_ingest.silence import SilentLines
from opsmith_ingest.told import tell_alert

NEW_ALERTS = 5
"""New alerts that one device may announce within `RATE_PERIOD`."""
RATE_PERIOD = timedelta(minutes=1)

REVIEW = timedelta(seconds=10)
"""Plant time between two looks at what is held back."""

BEFORE = timedelta(hours=6)
"""How far back the new alerts of a line are looked at for the flood that they may still be in."""

CASCADE = timedelta(minutes=2)
"""Within this time after one alert, others on its line may well be its consequences."""

_COUNTED = (None, HeldBy.FLOOD, HeldBy.RATE_LIMIT)
"""What new alerts are held back by that count for a flood: what would have come out."""


class Announcer:
    """Writes what was decided, and holds back what nobody shall be told now.

    Args:
        series: Where anomaly events are marked.
        alerts: The alert log.
        devices: The registry.
        cooldown: Counts new alerts for the rate limit.
    """

    def __init__(
        self, series: SeriesStore, alerts: AlertStore, devices: DeviceStore, cooldown: Cooldown
    ) -> None:
        self._series = series
        self._alerts = alerts
        self._holds = alerts.holds
        self._devices = devices
        self._cooldown = cooldown
        self._reviewed: dict[bool, datetime] = {}
        """When it was looked last, at all devices and at those that were heard of."""
        self._lines = SilentLines(alerts, devices)
        self._known: dict[tuple[str, str, datetime], list[Neighbour]] | None = None
        """The new alerts of lines, during a review: many are held back by one flood."""

    def write(
        self,
        device_id: str,
        change: AlertChange,
        payload: dict[str, object],
        others: Sequence[str] = (),
    ) -> Alert | None:
        """Write one change, and announce it unless something holds it back.

        Args:
            device_id: Whose alert it is.
            change: What was decided.
            payload: The reading it was decided on.
            others: Devices of the line that were found silent in the same moment.

        Returns:
            The alert as it is now; None where the log says this already.
        """
        trace_id = trace_id_of(device_id, change.alert_type, change.first_seen)
        mark = AnomalyMark(
            device_id=device_id,
            time=change.last_seen,
            trace_id=trace_id,
            alert_type=change.alert_type,
            change=change.change,
            level=change.alert_level,
            score=change.score,
        )
        # Marked first: a repeat of the batch marks again, but raises nothing again.
        self._series.mark([mark])
        before = self._alerts.find_one(trace_id)
        if before is not None and not is_later(change, before):
            return None
        # Read anew each time: a maintenance that began a moment ago must not leak.
        device = self._devices.get(device_id)
        if before is not None and before.held is not None and before.cleared_at is None:
            # What held it back may have ended before this change: in the order of plant time.
            self._judge_anew(before, device, change.last_seen)
        hold = related = None
        if change.change != "cleared":
            hold = self._hold(device, change, before, others)
            related = self._cause(device, change, trace_id) if before is None else None
        alert = self._alerts.apply(device_id, change, payload, hold, related)
        tell_alert(change.change, alert)
        return alert

    def write_silent(self, changes: Sequence[tuple[str, AlertChange]]) -> int:
        """Write that devices have gone quiet, all found at once; how many alerts changed."""
        silent = [device_id for device_id, _ in changes]
        written = [
            self.write(device_id, change, {"device_id": device_id}, silent)
            for device_id, change in changes
        ]
        return sum(alert is not None for alert in written)

    def review(
        self, now: datetime, watched: Callable[[], Mapping[str, datetime]] | None = None
    ) -> None:
        """Judge anew what is held back and stands, where what holds it back is over.

        Args:
            now: Plant time.
            watched: Gives up to when each device has been watched; the others wait until they are
                heard of. None: everything is watched up to `now`.
        """
        last = self._reviewed.get(watched is None)
        if last is not None and timedelta(0) <= now - last < REVIEW:
            return
        self._reviewed[watched is None] = now
        held = self._holds.held()
        heard = watched() if watched is not None else None
        self._lines.forget({alert.grouped_under for alert in held})
        self._known = {}
        try:
            for alert in held:
                at = now if heard is None else heard.get(alert.device_id)
                device = None if at is None else self._devices.find(alert.device_id)
                if at is not None and device is not None:
                    self._judge_anew(alert, device, at)
        finally:
            self._known = None

    def _judge_anew(self, alert: Alert, device: Device, now: datetime) -> None:
        by_plan = self._by_plan(device, alert.alert_type, alert.alert_level, now)
        if by_plan is not None:
            if (by_plan.by, by_plan.until) != (alert.held, alert.held_until):
                self._holds.hold_back(alert.trace_id, by_plan)
            return
        match alert.held:
            case HeldBy.RATE_LIMIT:
                self._judge_rate(alert, now)
            case HeldBy.FLOOD:
                flood = self._flood(self._around(device, now), alert.first_seen)
                if flood is None or flood.end <= now:
                    self._holds.bring_out(alert.trace_id, now if flood is None else flood.end)
            case HeldBy.COLLECTOR:
                self._lines.judge_anew(alert, device, now)
            case HeldBy.SHELVED:
                self._holds.bring_out(alert.trace_id, _end(alert, alert.held_until, now))
            case _:
                ended = alert.held_until
                if device.status is not DeviceStatus.MAINTENANCE and device.updated_at is not None:
                    ended = min(ended or device.updated_at, device.updated_at)
                self._holds.bring_out(alert.trace_id, _end(alert, ended, now))

    def _judge_rate(self, alert: Alert, now: datetime) -> None:
        """A rate limit delays an alert that stands, and loses none."""
        until = alert.held_until or alert.first_seen + RATE_PERIOD
        while until <= now:
            if self._may_come(alert.device_id, alert.trace_id, until):
                self._holds.bring_out(alert.trace_id, until)
                return
            until += RATE_PERIOD
        if until != alert.held_until:
            self._holds.hold_back(alert.trace_id, _rate_limit(until, alert.first_seen))

    def _by_plan(
        self, device: Device, alert_type: str, level: AlertLevel, now: datetime
    ) -> Hold | None:
        """What a person arranged: the device out of service, or such alerts on the shelf."""
        if device.status is DeviceStatus.RETIRED:
            return Hold(by=HeldBy.RETIRED, reason="device is RETIRED", since=now)
        end = device.maintenance_end()
        if end is not None and now < end:
            reason = f"device is in MAINTENANCE until {end.isoformat()}"
            return Hold(by=HeldBy.MAINTENANCE, reason=reason, since=now, until=end)
        shelf = self._holds.shelf_of(device.device_id, alert_type, now)
        if shelf is not None and shelf.covers(level):
            return shelf.hold().model_copy(update={"since": now})
        return None

    def _hold(
        self, device: Device, change: AlertChange, before: Alert | None, others: Sequence[str]
    ) -> Hold | None:
        """What holds a raised or updated alert back, or None."""
        by_plan = self._by_plan(device, change.alert_type, change.alert_level, change.last_seen)
        if by_plan is not None:
            return by_plan
        again = before is not None and before.cleared_at is not None and before.held is not None
        if before is not None and not again:
            return None
        if change.alert_type == "no_data":
            return self._lines.hold(device, change.first_seen, others)
        if change.alert_level in URGENT:
            return None
        return self._too_many(device, change)

    def _too_many(self, device: Device, change: AlertChange) -> Hold | None:
        """Whether the line or the device raises more than a person can follow."""
        at = change.first_seen
        around = self._around(device, at)
        trace_id = trace_id_of(device.device_id, change.alert_type, at)
        counted = [one for one in around if one.trace_id != trace_id]
        flood = self._flood(counted, at, more=True)
        head = _head(counted, flood) if flood is not None else None
        if flood is not None and head is not None:
            where = f"line {device.line_id}" if device.line_id else "the plant"
            reason = f"flood on {where}: grouped under {head}"
            return Hold(by=HeldBy.FLOOD, reason=reason, since=at, under=head)
        if self._may_come(device.device_id, trace_id, at):
            return None
        return _rate_limit(at + RATE_PERIOD, at)

    def _may_come(self, device_id: str, trace_id: str, at: datetime) -> bool:
        key = f"rate:limit:{device_id}"
        return self._cooldown.claim(key, trace_id, NEW_ALERTS, RATE_PERIOD, at)

    def _around(self, device: Device, until: datetime) -> list[Neighbour]:
        """The new alerts of its line that came out, or would have without a flood."""
        key = (device.factory_id, device.line_id, until)
        if self._known is None or key not in self._known:
            found = self._holds.neighbours(device, until - BEFORE, until)
            found = [one for one in found if one.held in _COUNTED]
            if self._known is None:
                return found
            self._known[key] = found
        return self._known[key]

    def _flood(
        self, around: Sequence[Neighbour], at: datetime, *, more: bool = False
    ) -> Flood | None:
        """The flood that was on at that moment; with `more`, one alert at `at` counted too."""
        times = [one.first_seen for one in around]
        found = floods(sorted([*times, at]) if more else times)
        return next((one for one in reversed(found) if one.start <= at < one.end), None)

    def _cause(self, device: Device, change: AlertChange, trace_id: str) -> str | None:
        """The first alert of a cascade that this one may belong to: a hint, no more."""
        at = change.first_seen
        if not device.line_id:
            return None
        for one in self._holds.neighbours(device, at - CASCADE, at):
            leads = one.held in (None, HeldBy.RATE_LIMIT, HeldBy.FLOOD)
            if one.trace_id != trace_id and leads and one.alert_level <= change.alert_level:
                return one.related_to or one.trace_id
        return None


def _rate_limit(until: datetime, since: datetime) -> Hold:
    reason = "rate limit of new alerts per device and minute"
    return Hold(by=HeldBy.RATE_LIMIT, reason=reason, since=since, until=until)


def _end(alert: Alert, end: datetime | None, now: datetime) -> datetime:
    """When it comes out: at the end itself, whenever that is noticed, so that replays agree."""
    return now if end is None else max(alert.first_seen, min(end, now))


def _head(around: Sequence[Neighbour], flood: Flood) -> str | None:
    """Under which alert a flood is grouped: the first that came out of those that began it."""
    grouped = [
        one.grouped_under
        for one in around
        if one.held is HeldBy.FLOOD and one.first_seen >= flood.start
    ]
    if grouped:
        return grouped[0]
    began = (
        one.trace_id
        for one in around
        if one.held is None and flood.start - SPAN < one.first_seen <= flood.start
    )
    return next(began, None)
