"""When new alerts are a flood, by the times at which they were raised.

Source: ANSI/ISA-18.2-2016 and EEMUA 191 (2013): a flood begins with more than 10 new alarms in
10 minutes per operator, and ends with fewer than 5 in 10 minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

SPAN = timedelta(minutes=10)
MOST = 10
"""New alerts within `SPAN` that are no flood yet."""
FEWEST = 5
"""New alerts within `SPAN` of which a flood still lives."""


@dataclass(frozen=True, slots=True)
class Flood:
    """One flood, [start, end)."""

    start: datetime
    """When the alert came that was one too many."""
    end: datetime
    """When it is over, if nothing more comes."""


def floods(times: Sequence[datetime]) -> list[Flood]:
    """The floods among new alerts.

    Args:
        times: When each was raised, the oldest first.

    Returns:
        The oldest first; the result depends on the times alone, not on when it is asked for.

    >>> noon = datetime(2026, 2, 28, 12)
    >>> (flood,) = floods([noon + timedelta(seconds=10 * i) for i in range(12)])
    >>> f"{flood.start:%H:%M:%S} to {flood.end:%H:%M:%S}"
    '12:01:40 to 12:11:10'
    """
    found: list[Flood] = []
    start: datetime | None = None
    for i, time in enumerate(times):
        if start is not None and times[i - FEWEST] + SPAN <= time:
            # The fifth newest before this one had grown too old already.
            found.append(Flood(start, times[i - FEWEST] + SPAN))
            start = None
        if start is None and i >= MOST and times[i - MOST] > time - SPAN:
            start = time
    if start is not None:
        found.append(Flood(start, times[len(times) - FEWEST] + SPAN))
    return found
