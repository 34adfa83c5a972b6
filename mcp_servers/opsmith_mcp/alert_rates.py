"""Rates of events: peaks, floods, chatter."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

TEN_MINUTES = 600.0
FLOOD = 10
"""New alerts in 10 minutes for each operator: more is a flood (ISA-18.2-2016, 16)."""

CALM = 5
"""New alerts in 10 minutes for each operator: fewer ends one (ISA-18.2-2016, 16)."""

CHATTER = (3, 60.0)
"""So many of the same kind within so many seconds chatter (EEMUA 191)."""

FLEETING = 60.0
"""Seconds: what clears within them is gone before anybody can respond."""

Kinship = tuple[str, str, str | None]
"""Device, type and code."""


class Raised(NamedTuple):
    """As much of an alert as its statistics need."""

    trace_id: str
    device: str
    type: str
    code: str | None
    level: str
    source: str
    flapping: bool
    first_seen: datetime
    cleared_at: datetime | None
    acknowledged_at: datetime | None

    @property
    def kind(self) -> Kinship:
        """What makes two of them the same: device, type, code."""
        return (self.device, self.type, self.code)

    @property
    def standing_s(self) -> float | None:
        """Seconds from raise to clearing; None: not known, as of an event without an end."""
        if self.cleared_at is None or self.cleared_at <= self.first_seen:
            return None
        return (self.cleared_at - self.first_seen).total_seconds()


def peak(times: Sequence[float], seconds: float = TEN_MINUTES) -> tuple[int, float | None]:
    """The most events in any stretch (t - seconds, t], and the first such t.

    >>> peak([0.0, 1.0, 599.0, 600.0])
    (3, 599.0)
    """
    at = np.asarray(times)
    if not len(at):
        return 0, None
    counts = np.searchsorted(at, at, "right") - np.searchsorted(at, at - seconds, "right")
    most = int(np.argmax(counts))
    return int(counts[most]), float(at[most])


def floods(times: Sequence[float], operators: int = 1) -> list[tuple[float, float, int]]:
    """Start, end and count of each flood.

    It begins with the first of more than `FLOOD` events an operator in 10 minutes, and ends when
    fewer than `CALM` came within the last 10.

    Args:
        times: Seconds, rising.
        operators: Among whom they are shared.

    >>> floods([float(i) for i in range(11)])
    [(0.0, 606.0, 11)]
    """
    found: list[tuple[float, float, int]] = []
    begin = after = 0
    for now, at in enumerate(times):
        while times[begin] <= at - TEN_MINUTES:
            begin += 1
        if now < after or now - max(begin, after) + 1 <= FLOOD * operators:
            continue
        first = max(begin, after)
        end, after = _calm(times, first, at, operators)
        found.append((times[first], end, after - first))
    return found


def _calm(times: Sequence[float], first: int, since: float, operators: int) -> tuple[float, int]:
    """When a flood that was seen at `since` is over, and the index of the first event after."""
    for gone in range(first, len(times)):
        end = times[gone] + TEN_MINUTES
        left = bisect_right(times, end) - bisect_right(times, times[gone])
        if end > since and left < CALM * operators:
            # The end itself belongs no more to the flood.
            return end, max(gone + 1, bisect_left(times, end))
    raise AssertionError("the last event is always followed by calm")


def chattering(alerts: Iterable[Raised]) -> set[Kinship]:
    """Kinds that were raised so often within so short a time at least once."""
    least, within = CHATTER
    seen: defaultdict[Kinship, list[datetime]] = defaultdict(list)
    found: set[Kinship] = set()
    for alert in alerts:
        times = seen[alert.kind]
        times.append(alert.first_seen)
        if len(times) >= least and (times[-1] - times[-least]).total_seconds() <= within:
            found.add(alert.kind)
    return found
