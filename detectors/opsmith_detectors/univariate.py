"""The detector of a device with one channel: distances from its own past, by how rare they are.

Each reading is held against seven expectations, each distance is turned into a chance by the tails
of its own past (`tails`), and the rarest counts:

| statistic | distance of | from |
| --- | --- | --- |
| JUMP | the reading | the level of the last readings |
| DAY | the reading | the same time on earlier days, in units of that time's spread |
| DAYS | the last readings | the same times on earlier days |
| WEEKS | the last readings | the same times in earlier weeks |
| SHIFT | the level of the last 60 readings | that of the last 1,000 |
| SPREAD | the mean absolute jump of the last 60 readings | that of the last 1,000 |
| FLAT | readings in a row of one value | such runs before |

The limit is the surprise that chance would bring `rate` times a week over all seven. What is beyond
begins an event, which is told once (`univariate_events`).
"""

from math import isfinite, log
from typing import Any

import numpy as np
import numpy.typing as npt

from opsmith.compiled import lean
from opsmith_detectors import profile, tails, univariate_events
from opsmith_detectors.tails import LEARN, bounded, learn, surprise
from opsmith_detectors.univariate_events import NOTHING, RAMP, SPIKE, STEP, STUCK, VARIANCE

Records = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float64]

JUMP, DAY, DAYS, WEEKS, SHIFT, SPREAD, FLAT = range(7)
_STATISTICS = 7

RATE = 1.0
"""Default: false alerts accepted per device and week."""
GRACE = 60
"""Readings of a device in which nothing is scored."""
_SHORT, _LAST, _LONG = 20, 60, 1000
"""Readings over which levels reach: the last ones; enough of them to see their spread to 10 %;
and what is usual now."""
_WEEK_S, _DAY_S = 604_800.0, 86_400.0
_EXCURSION, _UNREST = 2.0, 10.0
"""By what the later readings of an excursion count less: more than halved, every weekend would be
news. Unrest has no weekends, and builds up slowly: learnt faster, it would never be told."""
_LEAST_RUN = 10
"""Equal readings in a row that are no coincidence whatever the tail says."""

UNIVARIATE = np.dtype(
    [
        ("time", "i8"),
        ("start", "i8"),
        ("origin", "f8"),
        ("seen", "i4"),
        ("interval", "f4"),
        ("last", "f4"),
        ("resolution", "f4"),
        ("run", "i4"),
        ("level", "f4"),
        ("middle", "f4"),
        ("long", "f4"),
        ("rough", "f4"),
        ("usual_rough", "f4"),
        ("off_days", "f4"),
        ("off_weeks", "f4"),
        ("calm", "i4"),
        ("judged", "i4", (_STATISTICS,)),
        *univariate_events.FIELDS,
        *tails.fields(2 * _STATISTICS),
        *profile.FIELDS,
    ],
    align=True,
)
"""One device; all zero: nothing known. Values are relative to `origin`, its first reading.

`time`, `start`: of the last and the first reading, microseconds since 1970; `interval`: usual
seconds between readings; `resolution`: least change seen; `run`: readings since the value last
changed; `level`, `middle`, `long`: means of the last 20 (bounded), 60 and 1,000; `rough`,
`usual_rough`: mean absolute jumps of the last 60 and 1,000; `off_days`, `off_weeks`: mean distances
from the profiles; `calm`: readings since one alone was beyond its edge; `judged`: readings per
statistic.
"""
OUT = 5
"""Length of what `step` fills: score; expected value; signed deviation, in standard deviations of
a normal distribution; kind, as in `univariate_events.KINDS`; 1 while an event goes on, else 0."""


@lean
def _two_sided(s: Any, k: int, z: float, floor: float, young: int, limit: float, how: int) -> float:
    """Surprise of a signed distance, which is learnt then."""
    n = int(s.judged[k])
    found = 0.0
    if n >= young:
        side, far = (2 * k, z) if z > 0 else (2 * k + 1, -z)
        found = surprise(s, side, n, far, floor)
    excursion = _UNREST if k == SPREAD else _EXCURSION
    learn(s, 2 * k, n, young, z, floor, limit, how, excursion)
    learn(s, 2 * k + 1, n, young, -z, floor, limit, how, excursion)
    s.judged[k] = n + 1
    return found


@lean
def _share(over: int, seen: int) -> float:
    """Weight of a new reading in a mean over the last ones."""
    return max(2 / (over + 1), 1 / (seen + 1))


@lean
def _tick(s: Any, time_us: int) -> float:
    """The device's usual interval, seconds, after a reading at `time_us`."""
    if s.seen > 0:
        passed = (time_us - s.time) / 1e6
        # A pause is not the usual interval.
        if s.seen > 10:
            passed = min(passed, 5.0 * s.interval)
        s.interval += max(1 / s.seen, 0.02) * (passed - s.interval)
    else:
        s.start = time_us
    s.time = time_us
    return max(float(s.interval), 1e-3)


@lean
def _foremost(out: FloatArray, found: float, k: int, distance: float, expected: float) -> None:
    """Keep the most surprising statistic in `out`: surprise, expected value, distance, which."""
    if found > out[0]:
        out[0], out[1], out[2], out[3] = found, expected, distance, k


@lean
def _learn_middle(s: Any, y: float, jump: float, bound: float, n: int) -> None:
    """Learn what SHIFT and SPREAD compare, which is done with this reading in it."""
    s.middle += _share(_LAST, n) * (y - s.middle)
    if n > 0:
        s.rough += _share(_LAST, n) * (abs(jump) - s.rough)
        s.usual_rough += _share(_LONG, n) * (abs(bound) - s.usual_rough)


@lean
def _against_day(
    s: Any, y: float, interval: float, floor: float, limit: float, how: int, out: FloatArray
) -> float:
    """DAY and DAYS; the distance if it alone was surprising, else 0."""
    per_day = int(_DAY_S / interval)
    b = profile.day_bin_of(s.time)
    if b != s.day_bin or s.day_count == 0:
        # Tails that are known bound what one day can do to the profile.
        is_known = s.judged[DAYS] > per_day
        below = float(s.edge[2 * DAY + 1]) if is_known else np.inf
        above = float(s.edge[2 * DAY]) if is_known else np.inf
        profile.turn_day(s, b, -below, above)
    point = 0.0
    if s.day_visits[b] > 0:
        off = profile.off_day(s, b, y)
        s.off_days += 2 / (_SHORT + 1) * (off - s.off_days)
        scaled = off
        if s.day_visits[b] > 1 and s.usual_rough > 0:
            scaled = off * s.usual_rough / (s.day_spread[b] + s.usual_rough)
        if s.time - s.start > 1e6 * _DAY_S:
            found = _two_sided(s, DAY, scaled, 0.5 * floor, per_day, limit, how)
            if found > 0:
                point = off
            _foremost(out, found, DAY, scaled, y - off)
            found = _two_sided(s, DAYS, s.off_days, floor, per_day, limit, how)
            _foremost(out, found, DAYS, s.off_days, y - off)
        s.day_off += abs(y - s.day[b])
    s.day_sum += y
    s.day_count += 1
    return point


@lean
def _against_weeks(
    s: Any, y: float, interval: float, floor: float, limit: float, how: int, out: FloatArray
) -> None:
    b = profile.week_bin_of(s.time)
    if b != s.week_bin or s.week_count == 0:
        profile.turn_week(s, b)
    if s.week_visits[b] > 0:
        off = profile.off_week(s, b, y)
        s.off_weeks += 2 / (_SHORT + 1) * (off - s.off_weeks)
        if s.time - s.start > 1e6 * _WEEK_S:
            young = int(_WEEK_S / interval)
            found = _two_sided(s, WEEKS, s.off_weeks, floor, young, limit, how)
            _foremost(out, found, WEEKS, s.off_weeks, y - off)
    s.week_sum += y
    s.week_count += 1


@lean
def _against_levels(s: Any, floor: float, limit: float, how: int, out: FloatArray) -> None:
    """SHIFT and SPREAD."""
    shift = s.middle - s.long
    found = _two_sided(s, SHIFT, shift, floor, 2 * GRACE, limit, how)
    _foremost(out, found, SHIFT, shift, float(s.long))
    if s.seen > GRACE:
        ratio = max(float(s.rough), floor) / max(float(s.usual_rough), floor)
        spread = ratio if ratio >= 1 else -1 / ratio
        found = _two_sided(s, SPREAD, spread, 1.0, 2 * GRACE, limit, how)
        _foremost(out, found, SPREAD, spread, float(s.level))


@lean
def _against_runs(s: Any, y: float, limit: float, out: FloatArray) -> bool:
    """FLAT; a run is learnt when it ends. Whether this one alone is beyond the limit."""
    runs = int(s.judged[FLAT])
    if s.seen == 0:
        return False
    if y == s.last:
        s.run += 1
        if s.run >= _LEAST_RUN and runs >= GRACE:
            found = surprise(s, 2 * FLAT, runs, 1.0 + s.run, 1.0)
            _foremost(out, found, FLAT, 1.0 + s.run, float(s.level))
            return found >= limit
        return False
    learn(s, 2 * FLAT, runs, GRACE, 1.0 + s.run, 1.0, limit, LEARN, 1.0)
    s.beyond[2 * FLAT] = 0
    s.judged[FLAT] = runs + 1
    s.run = 0
    return False


@lean
def _kind_of(s: Any, which: int) -> int:
    if which == FLAT:
        return STUCK
    if which == SPREAD:
        return VARIANCE
    if which <= DAY:
        return SPIKE
    return RAMP if s.calm > _LAST else STEP


@lean
def _describe(s: Any, floor: float, kind: int, out: FloatArray) -> None:
    """Turn what `_foremost` kept into what `step` gives, but for the score."""
    which, distance = int(out[3]), out[2]
    side = 2 * which if distance > 0 else 2 * which + 1
    edge = max(float(s.edge[side]), floor if which < SPREAD else 1.0)
    out[1] += s.origin
    out[2] = tails.EDGE_SIGMAS * distance / edge
    out[3] = s.kind if s.stands > 0 else kind
    out[4] = 1.0 if s.stands > 0 else 0.0


@lean
def step(records: Records, r: int, time_us: int, x: float, rate: float, out: FloatArray) -> None:
    """Score one reading, then learn it.

    Args:
        records: Shape (N,), of `UNIVARIATE`.
        r: The device.
        time_us: Microseconds since 1970, UTC; later than that of the reading before.
        x: The reading; NaN where absent or bad: nothing is scored or learnt.
        rate: False alerts accepted per device and week.
        out: Shape (`OUT`,), filled. A score is 0 or more, 1 is the limit; an alert stands while
            the last of them is 1.
    """
    s = records[r]
    out[0] = out[2] = 0.0
    out[1] = x
    out[3] = s.kind if s.stands > 0 else NOTHING
    out[4] = 1.0 if s.stands > 0 else 0.0
    if not isfinite(x):
        return
    interval = _tick(s, time_us)
    n = int(s.seen)
    if n == 0:
        s.origin = x
    y = float(np.float32(x - s.origin))
    change = abs(y - s.last)
    if change > 1e-9 * abs(x) and (s.resolution == 0 or change < s.resolution):
        s.resolution = change
    # Half a step of the sensor, and what single precision can tell.
    floor = max(0.5 * s.resolution, 1e-6 * abs(y), 1e-30)
    limit = log(max(_WEEK_S / interval * _STATISTICS / rate, 2.0))
    how = univariate_events.how_to_learn(s)

    jump = y - s.level
    bound = bounded(s, 2 * JUMP, jump) if n > GRACE else jump
    out[1], out[2], out[3] = s.level, jump, JUMP
    found = _two_sided(s, JUMP, jump, floor, GRACE, limit, how)
    _foremost(out, found, JUMP, jump, float(s.level))
    point = jump if found > 0 else 0.0
    if interval <= profile.SLOWEST:
        off = _against_day(s, y, interval, floor, limit, how, out)
        point = off if off != 0 else point
        _against_weeks(s, y, interval, floor, limit, how, out)
    _learn_middle(s, y, jump, bound, n)
    _against_levels(s, floor, limit, how, out)
    is_stuck = _against_runs(s, y, limit, out)
    s.calm += 1
    if point != 0:
        s.calm = 0
        s.hits += 1
        s.side += 1 if point > 0 else -1
    s.level += _share(_SHORT, n) * bound
    s.long += _share(_LONG, n) * (y - s.long)
    s.last = y
    s.seen = n + 1

    kind = _kind_of(s, int(out[3])) if out[0] > 0 else NOTHING
    out[0] = univariate_events.tell(s, out[0] / limit, kind, interval) if n >= GRACE else 0.0
    univariate_events.know_better(s, is_stuck)
    _describe(s, floor, kind, out)
