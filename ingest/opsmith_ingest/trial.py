"""What another setting would have done: stored readings through a fresh detector, nothing written.

Levels and times are those of the detector's alerts; what was held back by maintenance, shelves or
floods is in them, as it is a question about the detector alone.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from opsmith.domain.alerts import AlertChange, AlertLevel, AlertType
from opsmith.domain.devices import Device
from opsmith.domain.readings import Frame
from opsmith.ports import SeriesStore
from opsmith_detectors.fleet import Fleet

WARM_UP = 2000
"""Readings before the time in question from which a detector learns, as a worker's does."""

CHUNK = timedelta(hours=6)
"""Stretch of readings that are held at once."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One alert that a setting raises."""

    device_id: str
    alert_type: AlertType
    alert_level: AlertLevel
    """The highest that it came to."""
    first_seen: datetime
    last_seen: datetime
    """Of its last change in the time."""
    cleared: bool

    def is_like(self, other: "Tried") -> bool:
        """Whether both are the same event, raised a little sooner or later."""
        mine, theirs = self.cleared and self.last_seen, other.cleared and other.last_seen
        return (
            (self.device_id, self.alert_type) == (other.device_id, other.alert_type)
            and (not theirs or self.first_seen <= theirs)
            and (not mine or other.first_seen <= mine)
        )


@dataclass(frozen=True, slots=True)
class Trial:
    """Two settings on the same readings."""

    start: datetime
    end: datetime
    devices: int
    readings: int
    now: float
    """The setting as it is."""
    tried: float
    before: tuple[Tried, ...]
    """What the setting as it is raises, the oldest first."""
    after: tuple[Tried, ...]

    @property
    def gone(self) -> list[Tried]:
        """Alerts that would not come any more."""
        return [one for one in self.before if not any(one.is_like(o) for o in self.after)]

    @property
    def new(self) -> list[Tried]:
        """Alerts that would come besides."""
        return [one for one in self.after if not any(one.is_like(o) for o in self.before)]

    def days(self, zone: tzinfo) -> dict[date, tuple[Counter[str], Counter[str]]]:
        """Alerts of each day by level: as it is set, and as it was tried."""
        first = self.start.astimezone(zone).date()
        last = (self.end - timedelta(microseconds=1)).astimezone(zone).date()
        counted = {
            first + timedelta(days=i): (Counter[str](), Counter[str]())
            for i in range((last - first).days + 1)
        }
        for which, alerts in enumerate((self.before, self.after)):
            for one in alerts:
                day = one.first_seen.astimezone(zone).date()
                counted[day][which][one.alert_level.value] += 1
        return counted


def try_setting(
    series: SeriesStore,
    devices: Iterable[Device],
    start: datetime,
    end: datetime,
    now: float,
    tried: float,
    *,
    light: bool = False,
) -> Trial:
    """Replay the readings in [start, end) with the setting as it is, and with another.

    Args:
        series: Only read.
        devices: Whose readings, taken one after the other.
        start: Plant time; the detectors learn from some readings before it.
        end: Plant time.
        now: False alerts accepted per device and week, as it is set.
        tried: The same, as it might be.
        light: Judge each channel by itself, as the plant does.
    """
    readings, count = 0, 0
    found: dict[float, list[Tried]] = {now: [], tried: []}
    for device in devices:
        count += 1
        fleets = {setting: Fleet(accepted=setting, light=light) for setting in found}
        history = series.read_last(device.device_id, WARM_UP, start)
        changes: dict[float, list[AlertChange]] = {setting: [] for setting in found}
        for fleet in fleets.values():
            fleet.register(device.device_id, device.rated(), device.criticality)
            if len(history):
                fleet.step(Frame.of(history))
            fleet.adopt(device.device_id, ())
        at = start
        while at < end:
            batch = series.read(device.device_id, at, min(at + CHUNK, end))
            at += CHUNK
            readings += len(batch)
            if len(batch):
                frame = Frame.of(batch)
                for setting, fleet in fleets.items():
                    changes[setting].extend(each.change for each in fleet.step(frame).changes)
        for setting, decided in changes.items():
            found[setting].extend(_alerts(device.device_id, decided))

    def sorted_(alerts: Iterable[Tried]) -> tuple[Tried, ...]:
        return tuple(sorted(alerts, key=lambda one: (one.first_seen, one.device_id)))

    return Trial(
        start, end, count, readings, now, tried, sorted_(found[now]), sorted_(found[tried])
    )


def _alerts(device_id: str, changes: Iterable[AlertChange]) -> Iterable[Tried]:
    """The alerts that changes make: one for each device, type and first moment."""
    events: dict[tuple[AlertType, datetime], list[AlertChange]] = {}
    for change in changes:
        events.setdefault((change.alert_type, change.first_seen), []).append(change)
    for (alert_type, first_seen), story in events.items():
        yield Tried(
            device_id,
            alert_type,
            min(change.alert_level for change in story),
            first_seen,
            story[-1].last_seen,
            story[-1].change == "cleared",
        )
