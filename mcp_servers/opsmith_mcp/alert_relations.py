"""Which alerts come together more often than chance would have it."""

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from opsmith.domain.base import Model, Moment, State, ToolResult, Window
from opsmith_mcp.figures import figure
from opsmith_mcp.pages import begin_of, fitting, page_at

MOST_COMPARED = 40
"""Of what is compared, the most frequent: 1,560 ordered pairs."""

Compared = Literal["type", "code", "device", "device_type", "level"]
Nearness = Literal["device", "line", "plant"]


class Event(NamedTuple):
    """An alert, as far as what came with it needs."""

    at: datetime
    key: str | None
    """What is compared."""
    where: str | None = None
    """Only what has the same is near."""


class Way(Model):
    """How often one was followed by the other."""

    count: int = Field(description="Alerts of the first with one of the second within the time.")
    share: float = Field(description="Of the first's alerts, 0 to 1.")
    lift: float | None = Field(
        description="`count` by what chance gives if the second came at its mean rate of the "
        "window, at random (Poisson): 1 is chance."
    )


class Pair(Model):
    """Two that come together."""

    a: str
    b: str
    a_count: int
    b_count: int
    a_then_b: Way = Field(description="b at the same moment or after, within the time.")
    b_then_a: Way


class CoOccurrences(ToolResult):
    """What comes together: pairs by how much more often than chance, the most first."""

    as_of: Moment
    window: Window = Field(description="Raised in [start, end).")
    by: str
    near: str = Field(description="Alerts count as together on the same device, line or anywhere.")
    within_minutes: float
    total: int = Field(description="Alerts raised in the window, those held back among them.")
    compared: int = Field(description="Different values of `by` that were compared.")
    not_compared: int = Field(description="Rarer ones; narrow the question to compare them.")
    pairs_total: int = Field(description="Pairs that came together at least `at_least` times.")
    pairs: tuple[Pair, ...]
    next_cursor: str | None


def together(
    events: Sequence[Event],
    window: Window,
    by: Compared,
    near: Nearness,
    minutes: float,
    at_least: int,
    limit: int,
    cursor: str | None,
    as_of: datetime,
) -> CoOccurrences:
    """Find the pairs.

    Args:
        events: The alerts of the window, the first first.
        window: From when to when.
        by: What `Event.key` is.
        near: What `Event.where` is.
        minutes: Within which they are together.
        at_least: Pairs that were together less often either way are left out.
        limit: Pairs of a page.
        cursor: Where the page begins.
        as_of: Plant time.
    """
    counts = Counter(event.key for event in events if event.key)
    keys = [key for key, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]
    kept = keys[:MOST_COMPARED]
    ranked: list[tuple[float, Pair]] = []
    board = _Board(events, kept, window, minutes * 60)
    for i, a in enumerate(kept):
        for b in kept[i + 1 :]:
            there, chance_there = board.followed(a, b)
            back, chance_back = board.followed(b, a)
            if max(there, back) < at_least:
                continue
            pair = Pair(
                a=a,
                b=b,
                a_count=counts[a],
                b_count=counts[b],
                a_then_b=_way(there, counts[a], chance_there),
                b_then_a=_way(back, counts[b], chance_back),
            )
            ranked.append((there + back - chance_there - chance_back, pair))
    ranked.sort(key=lambda one: (-one[0], one[1].a, one[1].b))
    begin = begin_of(cursor)
    shown = [pair for _, pair in ranked[begin : begin + limit]]
    page = page_at(fitting(shown), begin, len(ranked), "at_least, a line or a device")
    return CoOccurrences(
        state=page.state if events else State.EMPTY,
        note=page.note,
        as_of=as_of,
        window=window,
        by=by,
        near=near,
        within_minutes=minutes,
        total=len(events),
        compared=len(kept),
        not_compared=len(keys) - len(kept),
        pairs_total=len(ranked),
        pairs=tuple(page.rows),
        next_cursor=page.next_cursor,
    )


class _Board:
    """The events of each key, place after place on one line: far enough apart never to be near."""

    def __init__(
        self, events: Sequence[Event], keys: Sequence[str], window: Window, seconds: float
    ) -> None:
        self._within = int(seconds * 1e6)
        length = (window.end - window.start).total_seconds()
        self._exposure = seconds / length if length else 0.0
        places: dict[str | None, int] = {}
        marks: dict[str, list[int]] = {key: [] for key in keys}
        apart = int(length * 1e6) + self._within + 1
        for at, key, where in events:
            place = places.setdefault(where, len(places))
            if key in marks:
                passed = round((at - window.start).total_seconds() * 1e6)
                marks[key].append(place * apart + passed)
        self._marks: dict[str, NDArray[np.int64]] = {
            key: np.sort(np.array(of_key, dtype=np.int64)) for key, of_key in marks.items()
        }
        self._at: dict[str, dict[int, int]] = {
            key: _tally(of_key // apart) for key, of_key in self._marks.items()
        }

    def followed(self, first: str, second: str) -> tuple[int, float]:
        """How many of the first had one of the second within the time, and how many by chance."""
        a, b = self._marks[first], self._marks[second]
        following = np.searchsorted(b, a, "left")
        there = following < len(b)
        near = b[following[there]] - a[there] <= self._within
        chance = sum(
            number * -math.expm1(-self._at[second].get(place, 0) * self._exposure)
            for place, number in self._at[first].items()
        )
        return int(near.sum()), chance


def _tally(places: NDArray[np.int64]) -> dict[int, int]:
    found, counts = np.unique(places, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def _way(count: int, of: int, chance: float) -> Way:
    lift = figure(count / chance) if chance > 0 else None
    return Way(count=count, share=round(count / of, 4), lift=lift)
