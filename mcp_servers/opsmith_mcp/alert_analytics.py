"""Questions about many alerts: how many, how well told, what together, what after."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import Field

from opsmith.access import scope
from opsmith.clock import PlantClock
from opsmith.domain.alert_filter import AlertFilter
from opsmith.domain.alerts import AlertType
from opsmith.domain.base import State, Window
from opsmith.domain.work_orders import WorkClass
from opsmith.errors import BadInput
from opsmith_mcp import alert_counts, alert_performance, alert_relations, alert_sequels
from opsmith_mcp.alert_arguments import (
    Before,
    Code,
    Device,
    Dimension,
    Level,
    Line,
    Meaning,
    Next,
    OperatorState,
    Since,
    Source,
    Text,
    Then,
    Type,
)
from opsmith_mcp.alert_counts import AlertCounts
from opsmith_mcp.alert_performance import STALE, AlertPerformance
from opsmith_mcp.alert_rates import Raised
from opsmith_mcp.alert_relations import Compared, CoOccurrences, Event, Nearness
from opsmith_mcp.alert_sequels import Cause, Grouping, Sequel, Sequels
from opsmith_mcp.windows import INSTANT, now

if TYPE_CHECKING:
    from opsmith.storage.alert_queries import AlertQueries
    from opsmith.storage.devices import DeviceStore

_TYPES = get_args(AlertType)
_CLASSES = get_args(WorkClass)
_CAUSE = (*Cause._fields[:-1], "first_seen")


class AlertAnalytics:
    """The tools that reckon over many alerts; all figures are exact."""

    def __init__(self, queries: AlertQueries, devices: DeviceStore, clock: PlantClock) -> None:
        self._queries = queries
        self._meaning = Meaning(devices, queries)
        self._clock = clock

    def count_alerts(
        self,
        group_by: Annotated[tuple[Dimension, ...], Field(max_length=2)] = (),
        device_id: Device = None,
        line_id: Line = None,
        level: Level = None,
        alert_type: Type = None,
        code: Code = None,
        state: OperatorState = None,
        source: Source = None,
        text: Text = None,
        since: Since = None,
        until: Before = None,
        limit: Annotated[int, Field(ge=1, le=200)] = 50,
        cursor: Next = None,
    ) -> AlertCounts:
        """Count exactly the alerts raised in [since, until), by up to two dimensions at once.

        Such as codes by month: group_by=["code", "month"]. Default all times. Filters as in
        `list_alerts`; those held back count too.
        """
        which = self._meaning.of(
            device_id=device_id, line_id=line_id, level=level, alert_type=alert_type,
            code=code, state=state, source=source, text=text,
        )  # fmt: skip
        as_of = now(self._clock)
        window = self._meaning.window(which, since, until, as_of)
        found = alert_counts.count(
            self._queries,
            replace(which, start=window.start, end=window.end),
            replace(which, there_since=window.start, end=window.start),
            window,
            tuple(dict.fromkeys(group_by)),
            limit,
            cursor,
            as_of,
        )
        return found if found.total else found.model_copy(update=self._none(which))

    def assess_alert_system(
        self,
        device_id: Device = None,
        line_id: Line = None,
        source: Source = None,
        since: Since = None,
        until: Before = None,
        operators: Annotated[int, Field(ge=1, le=100)] = 1,
        limit: Annotated[int, Field(ge=1, le=30)] = 10,
    ) -> AlertPerformance:
        """Measure alert performance after ISA-18.2 and EEMUA 191, beside their targets.

        Rate per operator hour, peak, floods, chattering, fleeting, stale, top ten, time between
        alerts of a device, time to acknowledge, levels. Default the last 30 days.
        """
        which = self._meaning.of(device_id=device_id, line_id=line_id, source=source)
        as_of = self._clock()
        window = self._meaning.window(which, since, until, as_of, days=30)
        raised = replace(which, start=window.start, end=window.end)
        told = replace(raised, suppressed=False)
        ended = max(window.start, min(window.end, as_of + INSTANT))
        standing = replace(which, suppressed=False, stood_at=ended)
        stale = [one for one in self._raised(standing) if ended - one.first_seen > STALE]
        found = alert_performance.measure(
            self._raised(told),
            stale,
            Window(start=window.start, end=ended),
            operators,
            limit,
            self._queries.total(replace(raised, suppressed=True)),
            as_of,
        )
        none = not found.total and not found.stale_total
        return found.model_copy(update=self._none(which)) if none else found

    def find_coinciding_alerts(
        self,
        by: Compared = "type",
        near: Nearness = "line",
        within_minutes: Annotated[float, Field(gt=0, le=10_080)] = 10,
        at_least: Annotated[int, Field(ge=1)] = 3,
        line_id: Line = None,
        source: Source = None,
        since: Since = None,
        until: Before = None,
        limit: Annotated[int, Field(ge=1, le=50)] = 15,
        cursor: Next = None,
    ) -> CoOccurrences:
        """Find which alerts come within minutes of each other: counts, and lift against chance.

        `near`: together means on the same device, line or anywhere. Default all times.
        """
        which = self._meaning.of(line_id=line_id, source=source)
        as_of = now(self._clock)
        window = self._meaning.window(which, since, until, as_of)
        within = replace(which, start=window.start, end=window.end)
        names = ["first_seen", by, *([] if near == "plant" else [near])]
        rows = self._queries.columns(within, names)
        events = [Event(at.replace(tzinfo=UTC), key, *where) for at, key, *where in rows]
        found = alert_relations.together(
            events, window, by, near, within_minutes, at_least, limit, cursor, as_of
        )
        return found if found.total else found.model_copy(update=self._none(which))

    def find_what_followed(
        self,
        what: Literal["orders", "alerts"] = "orders",
        days: Annotated[float, Field(gt=0, le=3650)] = 30,
        then: Then = None,
        group_by: Grouping = "type",
        device_id: Device = None,
        line_id: Line = None,
        level: Level = None,
        alert_type: Type = None,
        code: Code = None,
        since: Since = None,
        until: Before = None,
        limit: Annotated[int, Field(ge=1, le=100)] = 20,
        cursor: Next = None,
    ) -> Sequels:
        """Tell which alerts were followed by a work order (or alert) of their device within days.

        Counts, share, lift, median delay, examples. `then` narrows what follows: an order's work
        class, an alert's type or code. Default all times.
        """
        which = self._meaning.of(
            device_id=device_id, line_id=line_id, level=level, alert_type=alert_type, code=code
        )
        as_of = now(self._clock)
        window = self._meaning.window(which, since, until, as_of)
        within = replace(which, start=window.start, end=window.end)
        rows = self._queries.columns(within, _CAUSE)
        causes = [Cause._make((*told, at.replace(tzinfo=UTC))) for *told, at in rows]
        after = Window(start=window.start, end=window.end + timedelta(days=days))
        sequels = self._orders_in(after, then) if what == "orders" else self._alerts_in(after, then)
        found = alert_sequels.follow(
            causes, sequels, window, what, days, group_by, limit, cursor, as_of
        )
        return found if causes else found.model_copy(update=self._none(which))

    def _raised(self, which: AlertFilter) -> list[Raised]:
        rows = self._queries.columns(which, Raised._fields)
        return [
            Raised._make((*told, at.replace(tzinfo=UTC), _utc(end), _utc(seen)))
            for *told, at, end, seen in rows
        ]

    def _orders_in(self, window: Window, then: str | None) -> dict[str, list[Sequel]]:
        if then is not None and then not in _CLASSES:
            raise BadInput(f"No work class {then!r}; there are {', '.join(_CLASSES)}")
        found: defaultdict[str, list[Sequel]] = defaultdict(list)
        for order in self._queries.orders(window.start, window.end + INSTANT, then, scope()):
            found[order.device_id].append(Sequel(order.created_at, order.order_no))
        return found

    def _alerts_in(self, window: Window, then: str | None) -> dict[str, list[Sequel]]:
        which = AlertFilter(
            alert_type=then if then in _TYPES else None,
            code=then if then not in _TYPES else None,
            start=window.start,
            end=window.end + INSTANT,
            factories=scope(),
        )
        found: defaultdict[str, list[Sequel]] = defaultdict(list)
        rows = self._queries.columns(which, ["device", "first_seen", "trace_id"])
        for device, at, trace_id in rows:
            found[device].append(Sequel(at.replace(tzinfo=UTC), trace_id))
        return found

    def _none(self, which: AlertFilter) -> dict[str, Any]:
        return {"state": State.EMPTY, "note": self._meaning.why_none(which)}


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(tzinfo=UTC)
