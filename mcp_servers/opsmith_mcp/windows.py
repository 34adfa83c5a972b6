"""Stretches of plant time that tools look at, and how fresh what they hold is."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from opsmith.clock import PlantClock, wall_clock
from opsmith.domain.base import State, Window
from opsmith.domain.readings import Aggregates, ReadingBatch, TimeArray
from opsmith.errors import Unavailable
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


def read(series: SeriesStore, device_id: str, window: Window) -> ReadingBatch:
    """The readings after the window's start, up to and including its end."""
    return series.read(device_id, window.start + INSTANT, window.end + INSTANT)


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

    def state(self, has_any: bool) -> State:
        """The state of a window of readings."""
        if not has_any:
            return State.EMPTY
        return State.STALE if self.is_stale else State.OK

    def note(self, device_id: str, has_any: bool) -> str | None:
        """Why the state is not ok, and what to do about it."""
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
        return Freshness(None, None, False, (), tail)
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
