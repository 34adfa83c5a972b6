"""A device's recent past at even steps, kept in memory and continued by what is new."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock

import numpy as np
import numpy.typing as npt

from opsmith.domain.readings import Aggregates, FloatArray, TimeArray
from opsmith.ports import SeriesStore
from opsmith_detectors.machine import MOTION, TURNING, flags_of
from opsmith_mcp.windows import INSTANT, moment

MINUTE = 60
ROOM = 64_000_000
"""Bytes that are kept; the device that was asked for longest ago goes first."""
AGAIN = 10
"""Steps at the end that are read again: readings come late."""
MOST = 4320
"""Steps of a history, so that no device takes longer than another."""
_LARGEST = 1e12
"""Beyond it no instrument measures."""
_AT_REST = 0.15
"""Part of the running level: see `running`."""


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """n even steps of c channels."""

    step: int
    """Seconds."""
    end: datetime
    """Of the last step."""
    channels: tuple[str, ...]
    values: FloatArray
    """Shape (n, c): means, oldest first; NaN where nothing usable came."""

    @property
    def there(self) -> npt.NDArray[np.bool_]:
        """Shape (n,): steps with a value of any channel."""
        there: npt.NDArray[np.bool_] = np.any(np.isfinite(self.values), axis=1)
        return there

    def column(self, channel: str) -> FloatArray:
        """Shape (n,); all NaN where there is no such channel."""
        if channel not in self.channels:
            return np.full(len(self.values), np.nan)
        return self.values[:, self.channels.index(channel)]

    @property
    def season(self) -> int:
        """Steps of a day; 0: too coarse or too fine for a daily cycle."""
        steps = 86_400 // self.step
        return steps if 86_400 % self.step == 0 and 4 <= steps <= 1440 else 0


class Histories:
    """The recent past of many devices."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, int], History] = OrderedDict()
        self._lock = Lock()

    def has(self, device_id: str, as_of: datetime, step: int, count: int) -> bool:
        """Whether most of it is kept, so that asking for it is cheap."""
        with self._lock:
            kept = self._kept.get((device_id, step, min(count, MOST)))
        half = timedelta(seconds=step * (count // 2))
        return kept is not None and abs(_floor(as_of, step) - kept.end) < half

    def steps(
        self, series: SeriesStore, device_id: str, as_of: datetime, step: int, count: int
    ) -> History:
        """The last `count` whole steps of `step` seconds, whole minutes each.

        Steps begin at multiples of their length since 1970, so that what is kept stays right.

        Raises:
            Unavailable: The store does not answer.
        """
        count = min(count, MOST)
        end = _floor(as_of, step)
        key = (device_id, step, count)
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and kept.end == end:
            return kept
        length = timedelta(seconds=step)
        if kept is not None and kept.end - (count // 2) * length < end < kept.end:
            # Asked about a moment ago: what came since is not looked at.
            return replace(kept, end=end, values=kept.values[: -round((kept.end - end) / length)])
        if kept is not None and kept.end < end < kept.end + (count // 2) * length:
            found = _continued(series, device_id, kept, end, count)
        elif kept is not None and end < kept.end:
            return _gridded(
                series.aggregates(device_id, end - count * length, end), step, end, count
            )
        else:
            found = _gridded(
                series.aggregates(device_id, end - count * length, end), step, end, count
            )
        with self._lock:
            self._kept[key] = found
            self._kept.move_to_end(key)
            held = sum(one.values.nbytes for one in self._kept.values())
            while held > ROOM and len(self._kept) > 1:
                _, gone = self._kept.popitem(last=False)
                held -= gone.values.nbytes
        return found


def raw_steps(
    series: SeriesStore, device_id: str, as_of: datetime, step: int, count: int
) -> History:
    """The last `count` steps of `step` seconds from the readings themselves."""
    end, count = as_of + INSTANT, min(count, MOST)
    batch = series.read(device_id, end - timedelta(seconds=step * count), end)
    return _placed(batch.channels, batch.times, batch.values, step, end, count)


def since(history: History, begin: datetime | None) -> History:
    """The history without what was before: another machine, as it were."""
    if begin is None or begin <= begin_of(history):
        return history
    before = times_of(history) < np.datetime64(begin.replace(tzinfo=None), "us")
    return replace(history, values=np.where(before[:, None], np.nan, history.values))


def _continued(
    series: SeriesStore, device_id: str, kept: History, end: datetime, count: int
) -> History:
    length = timedelta(seconds=kept.step)
    new = round((end - kept.end) / length) + AGAIN
    tail = _gridded(series.aggregates(device_id, end - new * length, end), kept.step, end, new)
    if not set(tail.channels) <= set(kept.channels):
        read = series.aggregates(device_id, end - count * length, end)
        return _gridded(read, kept.step, end, count)
    late = np.full((new, len(kept.channels)), np.nan)
    late[:, [kept.channels.index(each) for each in tail.channels]] = tail.values
    values = np.concatenate([kept.values[: len(kept.values) - AGAIN], late])[-count:]
    return History(kept.step, end, kept.channels, values)


def _gridded(minutes: Aggregates, step: int, end: datetime, count: int) -> History:
    return _placed(minutes.channels, minutes.minutes, minutes.mean, step, end, count)


def _placed(
    channels: tuple[str, ...],
    times: TimeArray,
    values: FloatArray,
    step: int,
    end: datetime,
    count: int,
) -> History:
    """Means of what lies in each step."""
    out = np.full((count, len(channels)), np.nan)
    if len(times) and channels:
        last = np.datetime64(end.replace(tzinfo=None), "us")
        back = (last - times).astype(np.int64) - 1
        place = count - 1 - back // (step * 1_000_000)
        inside = (place >= 0) & (place < count)
        place, values = place[inside], values[inside]
        usable = np.isfinite(values) & (np.abs(np.where(np.isfinite(values), values, 0)) < _LARGEST)
        if len(place):
            heads = np.flatnonzero(np.append(True, place[1:] != place[:-1]))
            total = np.add.reduceat(np.where(usable, values, 0.0), heads, axis=0)
            number = np.add.reduceat(usable.astype(np.float64), heads, axis=0)
            out[place[heads]] = np.where(number > 0, total / np.maximum(number, 1), np.nan)
    return History(step, end, channels, out)


def at_rest(history: History) -> npt.NDArray[np.bool_]:
    """Shape (n,): steps at which the machine stood still, by the channels that show motion."""
    flags = [flags_of(each) for each in history.channels]
    turning = [i for i, each in enumerate(flags) if each & TURNING]
    moving = [i for i, each in enumerate(flags) if each & MOTION]
    if not moving or (not turning and len(moving) < 2):
        return np.zeros(len(history.values), dtype=np.bool_)
    away = np.abs(history.values[:, moving])
    nearest, furthest = _ends(away)
    if (nearest >= _AT_REST * furthest).all():
        return np.zeros(len(history.values), dtype=np.bool_)
    low = np.zeros(away.shape, dtype=np.bool_)
    for c in range(away.shape[1]):
        there = away[:, c][np.isfinite(away[:, c])]
        if len(there) < 30:
            continue
        # Of what runs: the median of the upper half, however long it stood still.
        level = float(np.quantile(there, 0.75))
        low[:, c] = away[:, c] < _AT_REST * level
    all_turning: npt.NDArray[np.bool_] = np.all(
        low[:, [moving.index(i) for i in turning]] if turning else low, axis=1
    )
    return all_turning & (2 * low.sum(axis=1) > len(moving))


def _ends(away: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The least and the largest of each column; NaN is neither."""
    low: FloatArray = np.nanmin(away, axis=0, initial=np.inf)
    high: FloatArray = np.nanmax(away, axis=0, initial=-np.inf)
    return low, high


def running_only(history: History) -> tuple[History, npt.NDArray[np.bool_]]:
    """The history without stops and the steps just after each: a machine warms up."""
    resting = at_rest(history)
    if not resting.any():
        return history, resting
    warm = max(1, min(30, 1800 // history.step))
    hidden = resting.copy()
    for back in range(1, warm + 1):
        hidden[back:] |= resting[:-back]
    return replace(history, values=np.where(hidden[:, None], np.nan, history.values)), resting


def times_of(history: History) -> TimeArray:
    """Shape (n,): the begin of each step."""
    last = np.datetime64(history.end.replace(tzinfo=None), "us")
    count = len(history.values)
    return last - np.arange(count, 0, -1) * np.timedelta64(history.step, "s")


def begin_of(history: History) -> datetime:
    """Of its first step."""
    return moment(times_of(history)[0]) if len(history.values) else history.end


def _floor(at: datetime, step: int) -> datetime:
    """The last multiple of the step; what happened at `at` itself belongs to the past."""
    seconds = int((at + INSTANT).timestamp())
    at = (at + INSTANT).replace(microsecond=0)
    return at - timedelta(seconds=seconds % step)
