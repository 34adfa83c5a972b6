"""Stretches of plant time that tools look at, and how fresh what they hold is."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from opsmith.clock import PlantClock, wall_clock
from opsmith.domain.base import State, Window
from opsmith.domain.readings import Aggregates, ReadingBatch, TimeArray
from opsmith.errors import BadInput, Unavailable
from opsmith.ports import SeriesStore

INSTANT = timedelta(microseconds=1)
"""Least step of plant time: a window that ends at a reading ends an instant later."""

LATELY = 200
"""Readings at the end that tell which channels are alive."""

_MINUTE = timedelta(minutes=1)
_SILENCE = timedelta(minutes=5)
_INTERVALS = 10


def now(clock: PlantClock) -> datetime:
    """Plant time; of the wall where the store that keeps the plant's time does not answer."""
    try:
        return clock()
    except Unavailable:
        return wall_clock()


def back(end: datetime, minutes: float) -> Window:
    """The minutes before `end`; what happened at `end` itself belongs to them."""
    return Window(start=end - timedelta(minutes=minutes), end=end)


@dataclass(frozen=True, slots=True)
class Span:
    """A window as a caller named it, and which instants belong to it."""

    window: Window
    start: datetime
    """The first instant of it."""
    end: datetime
    """The first instant after it."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.window.end - self.window.start).total_seconds()


def span_of(minutes: float, until: datetime | None, since: datetime | None, at: datetime) -> Span:
    """The minutes before `until`, or exactly [since, until) where a start is named.

    Args:
        minutes: Ignored where `since` is given.
        until: None: the present, and what happened at it belongs to the window.
        since: First instant of the window.
        at: The present.

    Raises:
        BadInput: It would begin where it ends, or later.
    """
    end = until or at
    if since is None:
        window = back(end, minutes)
        return Span(window, window.start + INSTANT, end + INSTANT)
    if since >= end:
        raise BadInput(f"since {since.isoformat()} is not before until {end.isoformat()}")
    return Span(Window(start=since, end=end), since, end if until else end + INSTANT)


def whole_minutes(series: SeriesStore, device_id: str, window: Window) -> Aggregates:
    """The one-minute statistics of the minutes that lie in the window as a whole.

    One that has begun may hold readings that came after its end.
    """
    return series.aggregates(device_id, window.start, window.end - _MINUTE + INSTANT)


def moment(time: np.datetime64) -> datetime:
    """A time of an array as an aware datetime."""
    naive: datetime = time.astype("datetime64[us]").item()
    return naive.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old a device's last reading is, and whether that is older than it should be."""

    last: datetime | None
    age: float | None
    """Seconds."""
    is_stale: bool
    measured: tuple[str, ...]
    """Channels that lately had values."""
    tail: ReadingBatch
    first: datetime | None = None
    """The first reading of all, where there is none before the moment asked about."""

    def state(self, has_any: bool) -> State:
        """The state of a window of readings."""
        if not has_any:
            return State.EMPTY
        return State.STALE if self.is_stale else State.OK

    def note(self, device_id: str, has_any: bool) -> str | None:
        """Why the state is not ok, and what to do about it."""
        if self.first is not None:
            return f"No reading so early; the first is at {self.first.isoformat()}."
        if self.last is None:
            return (
                f"No reading of {device_id} has ever come in; check its collector, or import some."
            )
        when = f"{self.last.isoformat()}, {_ago(self.age or 0)} before"
        if not has_any:
            return f"No reading in this window; the last was at {when}: widen window_mins."
        if self.is_stale:
            return f"The last reading was at {when}: sensors or collector may be down."
        return None


def freshness(series: SeriesStore, device_id: str, end: datetime) -> Freshness:
    """How fresh a device's readings are at `end`. Raises `Unavailable`.

    Stale means: silent for longer than 5 minutes and than 10 times its usual interval.
    """
    tail = series.read_last(device_id, LATELY, end + INSTANT)
    if not len(tail):
        later = series.extent(device_id)
        return Freshness(None, None, False, (), tail, later.first if later else None)
    last = moment(tail.times[-1])
    age = max(0.0, (end - last).total_seconds())
    alive = ~np.isnan(tail.values).all(axis=0)
    measured = tuple(tail.channels[i] for i in np.flatnonzero(alive))
    return Freshness(last, age, is_silent(age, usual_interval(tail.times)), measured, tail)


def usual_interval(times: TimeArray) -> float:
    """Seconds between readings, the median; 0 where there are fewer than two."""
    if len(times) < 2:
        return 0.0
    return float(np.median(np.diff(times)) / np.timedelta64(1, "s"))


def is_silent(age: float, interval: float) -> bool:
    """Whether readings that come every `interval` seconds should have come since."""
    return age > max(_SILENCE.total_seconds(), _INTERVALS * interval)


def _ago(seconds: float) -> str:
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
