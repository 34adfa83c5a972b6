"""Axes for pictures: round ticks of values and of times, and runs thinned to what can be seen."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from math import ceil, floor, isfinite, log1p, log10

import numpy as np
import numpy.typing as npt

from opsmith.domain.moments import to_time
from opsmith.domain.readings import FloatArray, TimeArray

_STEPS_S = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200,
    86400, 2 * 86400, 7 * 86400, 14 * 86400, 28 * 86400, 91 * 86400, 364 * 86400,
)  # fmt: skip
_DAY_S = 86400
_PAUSE = 5
"""Usual intervals without a value after which a line is broken."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to places; `low` is drawn at `start`, `high` at `end`."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False
    """By the logarithm of 1 + the value: 0 has a place, and large values stay on the sheet."""

    def __call__(self, values: FloatArray) -> FloatArray:
        """Shape (n,), the places of `values`; beyond the ends they are drawn at the ends."""
        values = np.clip(values, self.low, self.high)
        low, high = self.low, self.high
        if self.logarithmic:
            values, low, high = np.log1p(values), log1p(low), log1p(high)
        return self.start + (values - low) / (high - low) * (self.end - self.start)

    def at(self, value: float) -> float:
        """The place of one value."""
        return float(self(np.array([value]))[0])


def ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Round values within [low, high].

    >>> ticks(41.2, 58.7)
    [45.0, 50.0, 55.0]
    """
    raw = (high - low) / max(most, 1)
    unit = 10.0 ** floor(log10(raw)) if raw > 0 and isfinite(raw) else 1.0
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= raw * 0.999)
    first = ceil(low / step - 1e-9)
    return [round(i * step, 12) for i in range(first, floor(high / step + 1e-9) + 1)]


def labels(values: list[float]) -> list[str]:
    """Ticks with the digits that tell them apart.

    >>> labels([0.0, 0.25, 0.5]), labels([12000.0, 14000.0])
    (['0.00', '0.25', '0.50'], ['12,000', '14,000'])
    """
    step = min((abs(b - a) for a, b in pairwise(values)), default=0.0)
    digits = next((d for d in range(9) if abs(round(step, d) - step) <= 1e-6 * step), 9)
    if len(values) < 2:
        return [f"{value:,g}" for value in values]
    return [f"{value:,.{digits}f}" for value in values]


@dataclass(frozen=True, slots=True)
class TimeTick:
    """One tick of a time axis."""

    time: datetime
    label: str
    date: str
    """The day that begins here, or with which the axis begins; else empty."""


def time_ticks(start: datetime, end: datetime, zone: tzinfo, most: int = 9) -> list[TimeTick]:
    """Round local times in [start, end).

    >>> noon = datetime(2026, 2, 28, 12, tzinfo=UTC)
    >>> [tick.label for tick in time_ticks(noon, noon + timedelta(hours=1), UTC, 4)]
    ['12:00', '12:15', '12:30', '12:45']
    """
    span = (end - start).total_seconds()
    step = next((s for s in _STEPS_S if span / s <= most), _STEPS_S[-1])
    offset = start.astimezone(zone).utcoffset() or timedelta(0)
    shift = offset.total_seconds()
    first = ceil((start.timestamp() + shift) / step)
    last = ceil((end.timestamp() + shift) / step)
    found: list[TimeTick] = []
    day = ""
    for i in range(first, last):
        at = datetime.fromtimestamp(i * step - shift, UTC).astimezone(zone)
        if step >= _DAY_S:
            found.append(TimeTick(at, f"{at:%m-%d}", ""))
            continue
        label = f"{at:%H:%M:%S}" if step < 60 else f"{at:%H:%M}"
        date = f"{at:%Y-%m-%d}"
        found.append(TimeTick(at, label, date if date != day else ""))
        day = date
    return found


def places(times: TimeArray, start: datetime, end: datetime) -> FloatArray:
    """Shape (n,), where each time lies between start (0) and end (1)."""
    since = (times - to_time(start)).astype(np.int64)
    return since / ((end - start) / timedelta(microseconds=1))


def thinned(
    at: FloatArray, values: FloatArray, columns: int
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """The lines that show a run: of each column its least and its greatest value, in their order.

    Args:
        at: Shape (n,), where each value lies, 0 to 1, increasing.
        values: Shape (n,); NaN where there is none.
        columns: That can be told apart.

    Yields:
        Places and values of one unbroken line.
    """
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return
    at, values = at[known], values[known]
    usual = float(np.median(np.diff(at))) if len(at) > 1 else 0.0
    if len(at) > 2 * columns:
        kept = _extremes(np.minimum((at * columns).astype(np.int64), columns - 1), values)
        at, values = at[kept], values[kept]
    breaks = np.flatnonzero(np.diff(at) > max(_PAUSE * usual, 2.5 / columns)) + 1
    yield from zip(np.split(at, breaks), np.split(values, breaks), strict=True)


def path_of(at: FloatArray, values: FloatArray, across: Scale, up: Scale, columns: int) -> str:
    """The data of an SVG path through a run of readings, thinned to so many columns.

    Args:
        at: Shape (n,), where each stands on `across`.
        values: Shape (n,), NaN where there is none.
        across: From `at` to the picture.
        up: From values to the picture.
        columns: That can be told apart.
    """
    parts: list[str] = []
    for part_at, part in thinned(at, values, columns):
        points = zip(across(part_at).tolist(), up(part).tolist(), strict=True)
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        # A single reading is a dot: a line of no length with round ends.
        parts.append(f"M{path}" + ("h0" if len(part) == 1 else ""))
    return "".join(parts)


def _extremes(column: npt.NDArray[np.int64], values: FloatArray) -> npt.NDArray[np.int64]:
    begins = np.concatenate([[0], np.flatnonzero(np.diff(column)) + 1, [len(column)]]).tolist()
    kept: list[int] = []
    for first, last in pairwise(begins):
        part = values[first:last]
        kept += sorted({first + int(part.argmin()), first + int(part.argmax())})
    return np.array(kept, np.int64)
