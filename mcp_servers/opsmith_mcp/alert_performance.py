"""How well an alert system serves its operators, measured after ISA-18.2 and EEMUA 191."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from pydantic import Field

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Model, Moment, ToolResult, Window
from opsmith_mcp.alert_rates import FLEETING, Kinship, Raised, chattering, floods, peak
from opsmith_mcp.figures import figure

STALE = timedelta(hours=24)
"""What stands longer is stale (ISA-18.2-2016, 16)."""

TARGETS = {
    "per_operator_hour": (6.0, "ISA-18.2, EEMUA 191: about 1 in 10 minutes"),
    "peak_10_min_per_operator": (10.0, "ISA-18.2, EEMUA 191: 10 or fewer"),
    "flood_share": (0.01, "ISA-18.2: under 1 % of the time"),
    "top_share": (0.05, "ISA-18.2: 1 to 5 %"),
    "chattering": (0.0, "ISA-18.2: none"),
    "stale": (4.0, "ISA-18.2: fewer than 5"),
}
_GUIDE = {AlertLevel.P0: None, AlertLevel.P1: 0.05, AlertLevel.P2: 0.15, AlertLevel.P3: 0.8}
"""ISA-18.2-2016, 16: about 5 % high, 15 % medium, 80 % low; `P0` are the few above high."""


class Flood(Model):
    """A stretch with more new alerts than its operators can take in."""

    start: Moment = Field(description="First alert of the 10 minutes that were too many.")
    end: Moment = Field(description="When fewer than 5 per operator had come in 10 minutes.")
    minutes: float
    count: int = Field(description="New alerts in [start, end).")


class Kind(Model):
    """Alerts of one device, type and code."""

    device_id: str
    alert_type: str
    code: str | None
    count: int
    share: float = Field(description="Of all alerts of the window, 0 to 1.")


class StaleAlert(Model):
    """An alert that stood too long."""

    trace_id: str
    device_id: str
    alert_level: AlertLevel
    hours: float = Field(description="From raise to the end of the window.")


class Between(Model):
    """How often a device alerts."""

    device_id: str
    count: int
    mean_hours: float | None = Field(
        description="Mean time between alerts: from its first raise to its last in the window, "
        "by count - 1. None: it had one."
    )


class LevelShare(Model):
    """How many alerts have a level."""

    alert_level: AlertLevel
    count: int
    share: float = Field(description="0 to 1.")
    guide: float | None = Field(description="Share that ISA-18.2-2016 names; P0: it names none.")


class Target(Model):
    """A measure beside what the standard asks of it."""

    measure: str
    value: float
    at_most: float
    met: bool
    source: str


class AlertPerformance(ToolResult):
    """How an alert system did in a window, after ISA-18.2-2016 clause 16 and EEMUA 191.

    It counts alerts that operators were told of: those held back are left out, and one that came
    back within its event counts once.
    """

    as_of: Moment
    window: Window = Field(description="Raised in [start, end).")
    operators: int
    total: int
    held_back: int = Field(description="Raised in the window and held back; in no other figure.")
    per_operator_hour: float = Field(description="`total` by hours of the window and operators.")
    peak_10_min: int = Field(description="Most new alerts in any 10 minutes, of all operators.")
    peak_at: Moment | None = Field(description="End of those 10 minutes.")
    floods_total: int = Field(
        description="Floods: from more than 10 new alerts per operator in any 10 minutes, until "
        "fewer than 5."
    )
    flood_share: float = Field(description="Part of the window in floods, 0 to 1.")
    floods: tuple[Flood, ...] = Field(description="The largest first.")
    chattering_total: int = Field(
        description="Kinds (device, type, code) raised 3 times or more within 60 s at least once."
    )
    chattering: tuple[Kind, ...] = Field(description="With all their alerts of the window.")
    flapping: int = Field(description="Alerts that came and went within one event, told once.")
    fleeting: int = Field(description="Cleared within 60 s of being raised.")
    with_end: int = Field(description="Alerts whose clearing is known; `fleeting` is of these.")
    top_share: float = Field(description="Part of all alerts that `top` makes up, 0 to 1.")
    top: tuple[Kind, ...] = Field(description="The ten most frequent kinds.")
    stale_total: int = Field(description="Standing over 24 h at the window's end.")
    stale: tuple[StaleAlert, ...] = Field(description="The longest first.")
    between: tuple[Between, ...] = Field(description="Devices, those with most alerts first.")
    devices_total: int
    acknowledged: int = Field(description="Alerts that a person acknowledged or shelved.")
    acknowledge_median_min: float | None = Field(description="Minutes from raise to that.")
    acknowledge_p90_min: float | None = Field(description="90th percentile, interpolated; min.")
    acknowledge_max_min: float | None
    levels: tuple[LevelShare, ...]
    targets: tuple[Target, ...]


def measure(
    alerts: Sequence[Raised],
    stale: Sequence[Raised],
    window: Window,
    operators: int,
    limit: int,
    held_back: int,
    as_of: datetime,
) -> AlertPerformance:
    """Measure a window.

    Args:
        alerts: Those raised in it that were told, the first first.
        stale: Those that stood longer than `STALE` at its end, the first first.
        window: From when to when.
        operators: Among whom the alerts are shared.
        limit: Rows of each list but the top ten.
        held_back: How many were raised in it and not told.
        as_of: Plant time.
    """
    length = (window.end - window.start).total_seconds()
    times = [alert.first_seen.timestamp() for alert in alerts]
    kinds = Counter(alert.kind for alert in alerts)
    top = [_kind(kind, kinds, len(alerts)) for kind, _ in _frequent(kinds)[:10]]
    chatter = chattering(alerts)
    found = floods(times, operators)
    in_flood = sum(min(end, window.end.timestamp()) - start for start, end, _ in found)
    most, at = peak(times)
    ends = [end for alert in alerts if (end := alert.standing_s) is not None]
    waited = _waited(alerts)
    between = _between(alerts)
    hours = length / 3600
    values = {
        "per_operator_hour": len(alerts) / hours / operators if hours else 0.0,
        "peak_10_min_per_operator": most / operators,
        "flood_share": in_flood / length if length else 0.0,
        "top_share": sum(kind.count for kind in top) / len(alerts) if alerts else 0.0,
        "chattering": float(len(chatter)),
        "stale": float(len(stale)),
    }
    return AlertPerformance(
        as_of=as_of,
        window=window,
        operators=operators,
        total=len(alerts),
        held_back=held_back,
        per_operator_hour=figure(values["per_operator_hour"]) or 0.0,
        peak_10_min=most,
        peak_at=None if at is None else datetime.fromtimestamp(at, UTC),
        floods_total=len(found),
        flood_share=round(values["flood_share"], 6),
        floods=tuple(_flood(one) for one in sorted(found, key=lambda one: -one[2])[:limit]),
        chattering_total=len(chatter),
        chattering=tuple(
            _kind(kind, kinds, len(alerts)) for kind, _ in _frequent(kinds) if kind in chatter
        )[:limit],
        flapping=sum(alert.flapping for alert in alerts),
        fleeting=sum(end <= FLEETING for end in ends),
        with_end=len(ends),
        top_share=round(values["top_share"], 4),
        top=tuple(top),
        stale_total=len(stale),
        stale=tuple(_stale(alert, window.end) for alert in stale[:limit]),
        between=tuple(between[:limit]),
        devices_total=len(between),
        acknowledged=len(waited),
        acknowledge_median_min=_quantile(waited, 0.5),
        acknowledge_p90_min=_quantile(waited, 0.9),
        acknowledge_max_min=_quantile(waited, 1.0),
        levels=_levels(alerts),
        targets=tuple(
            Target(
                measure=name,
                value=figure(value) or 0.0,
                at_most=TARGETS[name][0],
                met=value <= TARGETS[name][0],
                source=TARGETS[name][1],
            )
            for name, value in values.items()
        ),
    )


def _frequent(kinds: Counter[Kinship]) -> list[tuple[Kinship, int]]:
    return sorted(kinds.items(), key=lambda one: (-one[1], one[0][0], one[0][1], one[0][2] or ""))


def _kind(kind: Kinship, kinds: Counter[Kinship], total: int) -> Kind:
    device, alert_type, code = kind
    share = round(kinds[kind] / total, 4)
    return Kind(device_id=device, alert_type=alert_type, code=code, count=kinds[kind], share=share)


def _flood(found: tuple[float, float, int]) -> Flood:
    start, end, count = found
    return Flood(
        start=datetime.fromtimestamp(start, UTC),
        end=datetime.fromtimestamp(end, UTC),
        minutes=round((end - start) / 60, 2),
        count=count,
    )


def _stale(alert: Raised, end: datetime) -> StaleAlert:
    return StaleAlert(
        trace_id=alert.trace_id,
        device_id=alert.device,
        alert_level=AlertLevel(alert.level),
        hours=round((end - alert.first_seen).total_seconds() / 3600, 2),
    )


def _between(alerts: Sequence[Raised]) -> list[Between]:
    times: defaultdict[str, list[datetime]] = defaultdict(list)
    for alert in alerts:
        times[alert.device].append(alert.first_seen)
    found = [
        Between(
            device_id=device,
            count=len(at),
            mean_hours=figure((at[-1] - at[0]).total_seconds() / 3600 / (len(at) - 1))
            if len(at) > 1
            else None,
        )
        for device, at in times.items()
    ]
    return sorted(found, key=lambda one: (-one.count, one.device_id))


def _waited(alerts: Sequence[Raised]) -> list[float]:
    """Minutes until a person acted, of those on which one did."""
    return [
        max(0.0, (alert.acknowledged_at - alert.first_seen).total_seconds() / 60)
        for alert in alerts
        if alert.acknowledged_at is not None
    ]


def _quantile(values: Sequence[float], part: float) -> float | None:
    return figure(float(np.quantile(values, part))) if values else None


def _levels(alerts: Sequence[Raised]) -> tuple[LevelShare, ...]:
    counts = Counter(alert.level for alert in alerts)
    return tuple(
        LevelShare(
            alert_level=level,
            count=counts[level],
            share=round(counts[level] / len(alerts), 4) if alerts else 0.0,
            guide=_GUIDE[level],
        )
        for level in AlertLevel
    )
