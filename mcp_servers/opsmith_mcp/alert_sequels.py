"""What followed alerts: the next work order, or the next alert, of the same device."""

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Model, Moment, State, ToolResult, Window
from opsmith_mcp.figures import figure
from opsmith_mcp.pages import begin_of, fitting, page_at

MOST_GROUPS = 20
"""Groups that one answer shows; the rest are counted."""

Grouping = Literal["type", "code", "device", "level", "source"]


class Cause(NamedTuple):
    """An alert that something may have followed."""

    trace_id: str
    device: str
    level: str
    type: str
    code: str | None
    source: str
    at: datetime


class Sequel(NamedTuple):
    """Something that came: a work order, or an alert."""

    at: datetime
    name: str


class Followed(Model):
    """How often something followed within the days."""

    key: str = Field(description="`none`: alerts without one.")
    alerts: int
    followed: int
    share: float = Field(description="`followed` of `alerts`, 0 to 1.")
    lift: float | None = Field(
        description="`followed` by what chance gives if what followed came at each device's mean "
        "rate of the window, at random (Poisson): 1 is chance."
    )
    median_hours: float | None = Field(description="From alert to what came first after it.")


class Example(Model):
    """An alert and what came first after it."""

    trace_id: str
    device_id: str
    alert_level: AlertLevel
    alert_type: str
    code: str | None
    first_seen: Moment
    then: str = Field(description="order_no of the work order, or trace_id of the alert.")
    then_at: Moment
    hours: float


class Sequels(ToolResult):
    """What followed alerts on the same device within some days.

    That it followed is no proof that the alert led to it: `lift` tells how far beyond chance.
    """

    as_of: Moment
    window: Window = Field(description="Alerts raised in [start, end).")
    what: str
    days: float
    overall: Followed
    waiting: int = Field(description="Not followed, but their days are not over at `as_of` yet.")
    group_by: str
    groups_total: int
    groups: tuple[Followed, ...] = Field(description="The most often followed first; at most 20.")
    examples: tuple[Example, ...] = Field(description="Of those followed, the newest first.")
    next_cursor: str | None


def follow(
    causes: Sequence[Cause],
    sequels: Mapping[str, Sequence[Sequel]],
    window: Window,
    what: Literal["orders", "alerts"],
    days: float,
    group_by: Grouping,
    limit: int,
    cursor: str | None,
    as_of: datetime,
) -> Sequels:
    """Match alerts with what followed.

    Args:
        causes: The alerts, the first first.
        sequels: What came, by device, the first first, up to `days` after the window.
        window: Of the alerts.
        what: What the sequels are. An order follows from the alert's own moment on; an alert
            after it.
        days: Within which it has to come.
        group_by: Of which the figures are told one by one.
        limit: Examples of a page.
        cursor: Where the page begins.
        as_of: Plant time.
    """
    within = timedelta(days=days)
    times = {device: [one.at for one in of] for device, of in sequels.items()}
    search = bisect_left if what == "orders" else bisect_right
    chance = _Chance(times, window, within, as_of)
    tallies: defaultdict[str, _Tally] = defaultdict(_Tally)
    overall, pairs, waiting = _Tally(), list[tuple[Cause, Sequel]](), 0
    for cause in causes:
        of = times.get(cause.device, [])
        at = search(of, cause.at)
        then = sequels[cause.device][at] if at < len(of) and of[at] <= cause.at + within else None
        key = getattr(cause, group_by) or "none"
        for tally in (overall, tallies[key]):
            tally.add(cause, then, chance.of(cause.device))
        if then is not None:
            pairs.append((cause, then))
        else:
            waiting += cause.at + within > as_of
    begin = begin_of(cursor)
    shown = [_example(*pair) for pair in pairs[::-1][begin : begin + limit]]
    page = page_at(fitting(shown), begin, len(pairs), "a filter or the window")
    groups = sorted(
        (tally.told(key) for key, tally in tallies.items()),
        key=lambda one: (-one.followed, -one.alerts, one.key),
    )
    return Sequels(
        state=page.state if causes else State.EMPTY,
        note=page.note or _none(causes, pairs, what),
        as_of=as_of,
        window=window,
        what=what,
        days=days,
        overall=overall.told("all"),
        waiting=waiting,
        group_by=group_by,
        groups_total=len(groups),
        groups=tuple(groups[:MOST_GROUPS]),
        examples=tuple(page.rows),
        next_cursor=page.next_cursor,
    )


class _Chance:
    """How likely something comes within the days at a device's mean rate."""

    def __init__(
        self,
        times: Mapping[str, Sequence[datetime]],
        window: Window,
        within: timedelta,
        as_of: datetime,
    ) -> None:
        end = max(window.end, min(window.end + within, as_of))
        length = (end - window.start) / within
        self._of = {
            device: -math.expm1(-len(of) / length) if length > 0 else 0.0
            for device, of in times.items()
        }

    def of(self, device: str) -> float:
        return self._of.get(device, 0.0)


class _Tally:
    def __init__(self) -> None:
        self._alerts = 0
        self._chance = 0.0
        self._hours: list[float] = []

    def add(self, cause: Cause, then: Sequel | None, chance: float) -> None:
        self._alerts += 1
        self._chance += chance
        if then is not None:
            self._hours.append((then.at - cause.at).total_seconds() / 3600)

    def told(self, key: str) -> Followed:
        count = len(self._hours)
        return Followed(
            key=key,
            alerts=self._alerts,
            followed=count,
            share=round(count / self._alerts, 4) if self._alerts else 0.0,
            lift=figure(count / self._chance) if self._chance > 0 else None,
            median_hours=figure(float(np.median(self._hours))) if count else None,
        )


def _example(cause: Cause, then: Sequel) -> Example:
    return Example(
        trace_id=cause.trace_id,
        device_id=cause.device,
        alert_level=AlertLevel(cause.level),
        alert_type=cause.type,
        code=cause.code,
        first_seen=cause.at,
        then=then.name,
        then_at=then.at,
        hours=round((then.at - cause.at).total_seconds() / 3600, 2),
    )


def _none(causes: Sequence[Cause], pairs: Sequence[object], what: str) -> str | None:
    return f"No {what} followed within the days." if causes and not pairs else None
