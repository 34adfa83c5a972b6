"""What a device usually reads at this time of the day and of the week, and how far off it is.

Each bin is learnt once a visit, from the mean of the visit, so that the sampling rate does not
matter. A reading that lies between its bin and the neighbours is no distance off: edges of a daily
pattern come a little early or late. A sampling slower than `SLOWEST` has no profile.
"""

from typing import Any

from opsmith.compiled import lean

DAY_BINS, WEEK_BINS = 96, 168
"""Quarters of an hour of a day; hours of a week."""
SLOWEST = 3700.0
"""Seconds between readings: an hour, and some jitter."""
_DAYS_KEPT, _WEEKS_KEPT = 14, 3
"""Visits over which a bin's mean reaches: two whole weeks, so that weekends are in it; and few
weeks, as seasons change."""

FIELDS: list[Any] = [
    ("day_sum", "f4"),
    ("day_off", "f4"),
    ("week_sum", "f4"),
    ("day_count", "i4"),
    ("week_count", "i4"),
    ("day_bin", "u1"),
    ("week_bin", "u1"),
    ("day", "f4", (DAY_BINS,)),
    ("day_spread", "f4", (DAY_BINS,)),
    ("week", "f4", (WEEK_BINS,)),
    ("day_visits", "u1", (DAY_BINS,)),
    ("week_visits", "u1", (WEEK_BINS,)),
]
"""`day_sum`, `day_off`, `day_count` (and `week_`): of this visit of bin `day_bin`, the sum of the
readings and of their absolute distances from the bin's mean, and their number. `day`, `day_spread`,
`day_visits`: the bins' means, their readings' mean absolute distances, and their visits."""


@lean
def day_bin_of(time_us: int) -> int:
    """Quarter of the hour since midnight, UTC."""
    return int(time_us // 1_000_000 % 86_400 // 900)


@lean
def week_bin_of(time_us: int) -> int:
    """Hour of the week; 0 began on 1 January 1970."""
    return int(time_us // 3_600_000_000 % 168)


@lean
def turn_day(s: Any, to: int, least: float, most: float) -> None:
    """Learn the bin just left; its mean moves as if it were off by `least` to `most` at most."""
    if s.day_count > 0:
        b = s.day_bin
        visits = int(s.day_visits[b])
        off = min(max(s.day_sum / s.day_count - s.day[b], least), most)
        if visits == 0:
            off = s.day_sum / s.day_count
        else:
            share = max(1 / visits, 1 / _DAYS_KEPT)
            s.day_spread[b] += share * (s.day_off / s.day_count - s.day_spread[b])
        s.day[b] += off * max(1 / (visits + 1), 1 / _DAYS_KEPT)
        s.day_visits[b] = min(visits + 1, 255)
    s.day_bin = to
    s.day_sum = s.day_off = 0.0
    s.day_count = 0


@lean
def turn_week(s: Any, to: int) -> None:
    """Learn the hour just left."""
    if s.week_count > 0:
        b = s.week_bin
        visits = int(s.week_visits[b])
        off = s.week_sum / s.week_count - s.week[b]
        s.week[b] += off * max(1 / (visits + 1), 1 / _WEEKS_KEPT)
        s.week_visits[b] = min(visits + 1, 255)
    s.week_bin = to
    s.week_sum = 0.0
    s.week_count = 0


@lean
def off_day(s: Any, b: int, y: float) -> float:
    """Signed distance of `y` from what lies between quarter `b` and its neighbours."""
    low = high = float(s.day[b])
    for near in (b - 1 if b > 0 else DAY_BINS - 1, b + 1 if b < DAY_BINS - 1 else 0):
        if s.day_visits[near] > 0:
            low, high = min(low, float(s.day[near])), max(high, float(s.day[near]))
    return y - min(max(y, low), high)


@lean
def off_week(s: Any, b: int, y: float) -> float:
    """Signed distance of `y` from what lies between hour `b` of the week and its neighbours."""
    low = high = float(s.week[b])
    for near in (b - 1 if b > 0 else WEEK_BINS - 1, b + 1 if b < WEEK_BINS - 1 else 0):
        if s.week_visits[near] > 0:
            low, high = min(low, float(s.week[near])), max(high, float(s.week[near]))
    return y - min(max(y, low), high)
