"""What the rules look at: one fixed round of tool calls, state and sensor before the machine."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastmcp import Client

from opsmith.domain.alerts import Alert
from opsmith.domain.base import Language
from opsmith.domain.events import AlertEvent
from opsmith_agents.evidence import EvidenceLedger, Found, asking
from opsmith_agents.rule_history import Weighed, weigh
from opsmith_mcp.alert_history import AlertHistory, AlertHistoryView
from opsmith_mcp.device_registry import DeviceRegistry, DeviceView
from opsmith_mcp.forecasting import FailureForecast, Forecasting
from opsmith_mcp.knowledge import EntryView, Knowledge, Ranking
from opsmith_mcp.order_views import OrderLine
from opsmith_mcp.statistics import ChannelStatistics
from opsmith_mcp.telemetry import ChangeDescription, Telemetry, TelemetryWindow
from opsmith_mcp.windows import INSTANT
from opsmith_mcp.work_orders import WorkOrderList, WorkOrders

DAYS = 7
"""Of the history that is looked at."""
LONGEST = timedelta(hours=24)
"""How far back another alert's onset is taken for this one's."""
CREEP = timedelta(hours=4)
"""How far before a passed limit the normal is looked for, where the channel crept to it."""
NEAR = 0.9
"""A channel is near its limit from this share of it on."""
_WEEK = 168.0
"""Hours; a trend that passes the limit within is looked at closer."""
SENSOR_TYPES = frozenset({"sensor_fault", "no_data"})
"""Alerts on instruments; they never become a machine's fault."""
_OF_KIND = {
    "flat": "sensor_stuck",
    "dropout": "sensor_dropout",
    "implausible": "sensor_implausible",
    "spike": "loose_wire",
    "unit": "sensor_unit",
    "clock": "sensor_clock",
}
"""The knowledge entry of what a detector saw wrong with the readings themselves."""
_PROVEN = 0.6
"""Probability of what the detector saw by itself, where the ranking does not say more."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The failure mode that the rules name."""

    entry_id: str
    probability: float
    group: tuple[str, ...] = ()
    """Names of those that the channels cannot tell from it."""
    about: str | None = None
    also: tuple[str, ...] = ()
    """Entries that stand at the same time."""


@dataclass(slots=True)
class Sight:
    """What the tools answered on one alert."""

    event: AlertEvent
    ledger: EvidenceLedger
    device: Found[DeviceView]
    change: Found[ChangeDescription]
    ranking: Found[Ranking]
    window: Found[TelemetryWindow]
    history: Found[AlertHistoryView]
    orders: Found[WorkOrderList]
    forecast: Found[FailureForecast] | None = None
    weighed: Weighed = Weighed()
    """The ranking, weighed by the device's work orders."""
    verdict: Verdict | None = None
    entry: Found[EntryView] | None = None

    @property
    def alert(self) -> Alert:
        """The alert that is diagnosed."""
        return self.event.alert

    @property
    def limit_passed(self) -> bool:
        """Whether a rated limit was passed, by the alert itself or in the window."""
        return any(d.limit is not None for d in self.alert.deviations)


async def look(plant: Client[Any], event: AlertEvent, language: Language) -> Sight:
    """Make the round, up to `event.as_of`, so that the same event shows the same."""
    ledger = EvidenceLedger(plant, event)
    device, until = event.alert.device_id, event.as_of
    history, registered, window, orders = await ledger.gather(
        asking(AlertHistory.get_alert_history, device, days=DAYS, until=until),
        asking(DeviceRegistry.query_device_status, device, until=until),
        asking(Telemetry.fetch_telemetry_data, device, window_mins=60, until=until),
        asking(WorkOrders.list_work_orders, device, limit=10, until=until + INSTANT),
    )
    onset = _onset(event.alert, history.result)
    if onset == event.alert.onset and any(d.limit is not None for d in event.alert.deviations):
        onset = await _creeping_since(ledger, event.alert)
    change, ranking = await ledger.gather(
        asking(Telemetry.describe_change, device, onset, until=until),
        asking(Knowledge.match_failure_modes, device, onset, until=until, language=language),
    )
    sight = Sight(event, ledger, registered, change, ranking, window, history, orders)
    sight.weighed = weigh(
        ranking.result, _before(orders.result, event.alert), event.alert.first_seen
    )
    sight.verdict = _verdict(sight)
    if sight.verdict is not None:
        sight.entry = await ledger.call(
            Knowledge.get_kb_entry, sight.verdict.entry_id, language=language
        )
        if sight.entry.result is None:
            sight.verdict = sight.entry = None
    entry = sight.entry.result if sight.entry else None
    machine = entry.category != "sensor" if entry else sight.alert.alert_type not in SENSOR_TYPES
    if machine and any(is_near(channel) for channel in statistics(sight)):
        sight.forecast = await ledger.call(Forecasting.predict_failure, device, until=until)
    return sight


def _onset(alert: Alert, history: AlertHistoryView | None) -> datetime:
    """When the device left its normal: earlier than this alert's onset where others stand.

    A rated limit is often passed long after the channels began to move; what lies between is no
    picture of the normal.
    """
    if history is None or alert.alert_type in SENSOR_TYPES:
        return alert.onset
    onset = alert.onset
    others = [line for line in history.alerts if line.alert_type not in SENSOR_TYPES]
    for line in sorted(others, key=lambda line: line.onset, reverse=True):
        stood = line.cleared_at is None or line.cleared_at > onset
        if line.onset < onset and stood and onset - line.onset <= LONGEST:
            onset = line.onset
    return onset


async def _creeping_since(ledger: EvidenceLedger, alert: Alert) -> datetime:
    """The onset, moved back where the channel that passed its limit had been creeping to it.

    Nothing but the limit told of such a fault, so what went before the alert is no normal either.
    """
    earlier = alert.onset - CREEP
    before = await ledger.call(
        Telemetry.describe_change, alert.device_id, earlier, until=alert.onset
    )
    heading = {d.channel: d.direction for d in alert.deviations if d.limit is not None}
    crept = any(
        change.significant and heading.get(change.channel) == change.direction
        for change in (before.result.changes if before.result else ())
    )
    return earlier if crept else alert.onset


def statistics(sight: Sight) -> tuple[ChannelStatistics, ...]:
    """The channels of the window, where there is one."""
    return sight.window.result.channels if sight.window.result else ()


def is_near(channel: ChannelStatistics) -> bool:
    """Whether a channel is near a rated limit, or heads for it within a week."""
    last, slope = channel.last, channel.slope_per_hour
    if last is None:
        return False
    if channel.limit_high is not None:
        ahead = (slope or 0.0) * _WEEK
        return max(channel.high or last, last + ahead) >= NEAR * channel.limit_high
    return False


def _before(orders: WorkOrderList | None, alert: Alert) -> list[OrderLine]:
    """The orders that are not this alert's own, which its report is still to decide on."""
    own = alert.trace_id
    return [one for one in (orders.orders if orders else ()) if own not in one.trace_ids]


def _verdict(sight: Sight) -> Verdict | None:
    ranked = sight.weighed.ranked
    if sight.alert.alert_type in SENSOR_TYPES:
        return _sensor_verdict(sight)
    if not sight.weighed.established or not ranked:
        return None
    first = ranked[0]
    if first.standing != "supported":
        return None
    names = {one.entry_id: one.name for one in ranked}
    group = tuple(names[one] for one in first.group if one in names and one != first.entry_id)
    also = tuple(one for one in first.also if one in names)
    return Verdict(first.entry_id, first.probability, group, first.about, also)


def _sensor_verdict(sight: Sight) -> Verdict | None:
    """Only entries on instruments count; else what the detector saw by itself."""
    ranking = sight.ranking.result
    sensors = [one for one in (ranking.ranked if ranking else ()) if one.category == "sensor"]
    supported = [one for one in sensors if one.standing == "supported"]
    kinds = {deviation.kind: deviation.channel for deviation in sight.alert.deviations}
    if supported and (ranking is None or ranking.established or not kinds.keys() & _OF_KIND.keys()):
        best = max(supported, key=lambda one: one.probability)
        return Verdict(best.entry_id, best.probability, (), best.about)
    for kind, entry_id in _OF_KIND.items():
        if kind in kinds:
            return Verdict(entry_id, _PROVEN, (), kinds[kind])
    # A device that was never heard of has no collector that stopped.
    heard = sight.window.result is not None and sight.window.result.last_reading is not None
    if sight.alert.alert_type == "no_data" and heard:
        return Verdict("collector_down", _PROVEN)
    return None
