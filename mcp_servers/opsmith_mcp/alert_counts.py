"""Exact counts of alerts, by up to two of what tells them apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from pydantic import Field

from opsmith.domain.alert_filter import AlertFilter
from opsmith.domain.base import Model, Moment, State, ToolResult, Window, unzoned
from opsmith_mcp.alert_arguments import Dimension
from opsmith_mcp.pages import begin_of, fitting, page_at

if TYPE_CHECKING:
    from opsmith.storage.alert_queries import AlertQueries

NONE = "none"
"""How a group is named that has no code, line or holder."""

MOST_OF_A_ROW = 130
"""Second keys of one group: eleven years of months."""

_CALENDAR = {
    "year": slice(0, 4), "month": slice(0, 7), "day": slice(0, 10), "hour": slice(11, 13)
}  # fmt: skip
"""Parts of a moment in ISO 8601; `hour` is that of the day."""


class AlertGroup(Model):
    """Alerts that have one thing in common."""

    key: str = Field(description="Value of the first of `group_by`; `none`: it has none.")
    count: int
    share: float = Field(description="Of `total`, 0 to 1.")
    by: dict[str, int] = Field(
        description="Counts by the second of `group_by`; empty where it is not given."
    )
    rest: int = Field(description="Of `count`, those whose second key is not in `by`.")


class AlertCounts(ToolResult):
    """How many alerts were raised in a window, and of what."""

    as_of: Moment
    window: Window = Field(description="Raised in [start, end).")
    zone: str = Field(description="Whose calendar the year, month, day and hour are of.")
    group_by: tuple[str, ...]
    total: int = Field(description="Raised in the window; each once, however often it came back.")
    held_back: int = Field(description="Of `total`, those held back from the operators.")
    there_before: int = Field(description="Not in `total`: raised before and there in the window.")
    groups_total: int
    groups: tuple[AlertGroup, ...] = Field(
        description="In the order of the calendar, else the most frequent first."
    )
    next_cursor: str | None


def count(
    queries: AlertQueries,
    which: AlertFilter,
    earlier: AlertFilter,
    window: Window,
    group_by: Sequence[Dimension],
    limit: int,
    cursor: str | None,
    as_of: datetime,
) -> AlertCounts:
    """Count alerts.

    Args:
        queries: Of the log.
        which: Those raised in the window.
        earlier: Those raised before it that were there in it.
        window: From when to when.
        group_by: What they are counted by; at most two.
        limit: Groups of a page.
        cursor: Where the page begins.
        as_of: Plant time.
    """
    zone = unzoned.get()
    cells = _cells(queries, which, group_by, zone)
    held = queries.grouped(which, ["held"])
    total = sum(number for _, number in held)
    groups = _groups(cells, group_by, total)
    begin = begin_of(cursor)
    shown = fitting(groups[begin : begin + limit])
    page = page_at(shown, begin, len(groups), "a filter or the window")
    return AlertCounts(
        state=page.state if groups else State.OK if total else State.EMPTY,
        note=page.note,
        as_of=as_of,
        window=window,
        zone=str(zone),
        group_by=tuple(group_by),
        total=total,
        held_back=sum(number for by, number in held if by is not None),
        there_before=queries.total(earlier),
        groups_total=len(groups),
        groups=tuple(page.rows),
        next_cursor=page.next_cursor,
    )


def _cells(
    queries: AlertQueries, which: AlertFilter, group_by: Sequence[Dimension], zone: tzinfo
) -> Mapping[tuple[str, ...], int]:
    """How many there are of each combination of keys."""
    if not group_by:
        return {}
    calendar = [name for name in group_by if name in _CALENDAR]
    plain = [name for name in group_by if name not in _CALENDAR]
    counts: Counter[tuple[str, ...]] = Counter()
    if not calendar:
        for *keys, number in queries.grouped(which, plain):
            counts[tuple(_named(key) for key in keys)] += number
        return counts
    # Neither database knows the plant's zone: its calendar is reckoned here.
    for *keys, at in queries.columns(which, [*plain, "first_seen"]):
        local: str = at.replace(tzinfo=UTC).astimezone(zone).isoformat()
        of = dict(zip(plain, keys, strict=True))
        counts[
            tuple(
                local[_CALENDAR[name]] if name in _CALENDAR else _named(of[name])
                for name in group_by
            )
        ] += 1
    return counts


def _named(key: object) -> str:
    return NONE if key is None or key == "" else str(key)


def _groups(
    cells: Mapping[tuple[str, ...], int], group_by: Sequence[Dimension], total: int
) -> list[AlertGroup]:
    rows: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for keys, number in cells.items():
        rows[keys[0]][keys[1] if len(keys) > 1 else ""] += number
    first = {key: sum(counts.values()) for key, counts in rows.items()}
    groups: list[AlertGroup] = []
    for key, number in _ordered(first, group_by[0] if group_by else ""):
        by = dict[str, int]()
        if len(group_by) > 1:
            kept = dict(rows[key].most_common(MOST_OF_A_ROW))
            by = dict(_ordered(kept, group_by[1]))
        rest = number - sum(by.values()) if by else 0
        groups.append(
            AlertGroup(key=key, count=number, share=round(number / total, 4), by=by, rest=rest)
        )
    return groups


def _ordered(counts: Mapping[str, int], dimension: str) -> Iterable[tuple[str, int]]:
    if dimension in _CALENDAR:
        return sorted(counts.items())
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))
