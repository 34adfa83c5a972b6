"""Everything that a plant keeps, and how it differs from what it has to keep."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import numpy as np
from faults.made_stream import Message, readings_of

from opsmith.app.bootstrap import open_plant
from opsmith.domain.readings import Aggregates, Quality, ReadingBatch
from opsmith.settings import Settings

ALL = 1_000_000
_EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))

Values = dict[str, float | None]


@dataclass
class Sinks:
    """What is kept, each thing under its natural key."""

    readings: dict[str, dict[str, Values]]
    """By device and time; None: marked bad."""
    counted: dict[str, int]
    """How many readings of each device the store says there are."""
    minutes: dict[str, dict[str, Values]]
    """By device, then `minute channel statistic`."""
    marks: Counter[tuple[str, str, str, str]]
    alerts: dict[str, dict[str, Any]]
    reports: Counter[tuple[str, int, str, str]]
    """Of each alert, version, time up to which the author looked, author."""
    orders: Counter[tuple[str, ...]]
    dead: dict[str, str]
    """Reasons by digest."""
    waiting: int


def kept(settings: Settings) -> Sinks:
    """What stands in all stores of a plant."""
    with open_plant(settings) as plant:
        stores = plant.stores
        alerts = stores.alerts.find(limit=ALL)
        extents = stores.series.extents()
        return Sinks(
            readings={name: _rows(stores.series.read(name, *_EVER)) for name in extents},
            counted={name: extent.count for name, extent in extents.items()},
            minutes={name: _minutes(stores.series.aggregates(name, *_EVER)) for name in extents},
            marks=Counter(
                (mark.trace_id, mark.time.isoformat(), mark.change, mark.level.value)
                for name in extents
                for mark in stores.series.marks(name, *_EVER)
            ),
            alerts={alert.trace_id: alert.model_dump(mode="json") for alert in alerts},
            reports=Counter(
                (report.trace_id, report.version, str(report.as_of), report.llm_model)
                for alert in alerts
                for report in stores.reports.versions(alert.trace_id)
            ),
            orders=Counter(
                (order.device_id, order.priority.value, str(order.failure_mode))
                + tuple(sorted(order.trace_ids))
                for order in stores.orders.find(limit=ALL)
            ),
            dead={letter.digest: letter.reason for letter in plant.dead_letters.newest(ALL)},
            waiting=len(plant.outbox.waiting()),
        )


def _rows(batch: ReadingBatch) -> dict[str, Values]:
    times = np.datetime_as_string(batch.times, unit="us").tolist()
    found = dict[str, Values]()
    for time, values, marks in zip(times, batch.values, batch.quality, strict=True):
        assert time not in found, f"{batch.device_id} has two readings at {time}"
        found[time] = {
            channel: None if mark == Quality.BAD else float(value)
            for channel, value, mark in zip(batch.channels, values, marks, strict=True)
            if mark != Quality.ABSENT
        }
    return found


def _minutes(statistics: Aggregates) -> dict[str, Values]:
    found = dict[str, Values]()
    starts: list[str] = np.datetime_as_string(statistics.minutes, unit="m").tolist()
    for row, minute in enumerate(starts):
        for column, channel in enumerate(statistics.channels):
            count = int(statistics.count[row, column])
            if count:
                found[f"{minute} {channel}"] = {
                    "count": count,
                    "mean": float(statistics.mean[row, column]),
                    "high": float(statistics.high[row, column]),
                    "low": float(statistics.low[row, column]),
                }
    return found


def minutes_of(readings: Mapping[str, Mapping[str, Values]]) -> dict[str, dict[str, Values]]:
    """The statistics that belong to these readings."""
    found = dict[str, dict[str, Values]]()
    for device, rows in readings.items():
        values = dict[str, list[float]]()
        for time, row in rows.items():
            for channel, value in row.items():
                if value is not None:
                    values.setdefault(f"{time[:16]} {channel}", []).append(value)
        found[device] = {
            key: {
                "count": len(these),
                "mean": float(np.mean(these)),
                "high": max(these),
                "low": min(these),
            }
            for key, these in values.items()
        }
    return found


def unlike_sent(sinks: Sinks, sent: Iterable[Message]) -> list[str]:
    """How the stored readings differ from those that were sent."""
    expected = readings_of(list(sent))
    said = unlike("readings", _flat(sinks.readings), _flat(expected))
    said += unlike("count of readings", sinks.counted, {k: len(v) for k, v in expected.items()})
    minutes = minutes_of(expected)
    said += unlike("minutes", _rounded(sinks.minutes), _rounded(minutes))
    return said


def unlike_undisturbed(sinks: Sinks, reference: Sinks) -> list[str]:
    """How a plant's sinks differ from those of the run that nobody disturbed."""
    said = unlike("readings", _flat(sinks.readings), _flat(reference.readings))
    said += unlike("alerts", _lasting(sinks), _lasting(reference))
    said += unlike("anomaly events", sinks.marks, reference.marks)
    said += unlike("reports", sinks.reports, reference.reports)
    said += unlike("orders", sinks.orders, reference.orders)
    said += unlike("dead letters", sinks.dead, reference.dead)
    said += [f"{sinks.waiting} announcements wait"] if sinks.waiting else []
    return said


def unlike(what: str, is_: Mapping[Any, Any], should: Mapping[Any, Any]) -> list[str]:
    """The first few differences of two tables, in words."""
    said = list[str]()
    missing, more = should.keys() - is_.keys(), is_.keys() - should.keys()
    if missing:
        said.append(f"{what}: {len(missing)} of {len(should)} lost: {sorted(missing)[:3]}")
    if more:
        said.append(f"{what}: {len(more)} too many: {sorted(more)[:3]}")
    others = [key for key in is_.keys() & should.keys() if is_[key] != should[key]]
    for key in sorted(others)[:3]:
        said.append(f"{what}: {key} is {_differing(is_[key], should[key])}")
    return said + ([f"{what}: {len(others)} differ in all"] if len(others) > 3 else [])


def _differing(is_: Any, should: Any) -> str:
    if not isinstance(is_, dict) or not isinstance(should, dict):
        return f"{is_!r}, not {should!r}"
    a, b = cast(dict[str, Any], is_), cast(dict[str, Any], should)
    keys = [key for key in sorted(a.keys() | b.keys()) if a.get(key) != b.get(key)]
    return "; ".join(f"{key}: {a.get(key)!r}, not {b.get(key)!r}" for key in keys)


def _lasting(sinks: Sinks) -> dict[str, dict[str, Any]]:
    return {
        trace_id: {name: value for name, value in alert.items() if name != "status"}
        for trace_id, alert in sinks.alerts.items()
    }


def _flat(readings: Mapping[str, Mapping[str, Values]]) -> dict[tuple[str, str], Values]:
    return {(device, time): row for device, rows in readings.items() for time, row in rows.items()}


def _rounded(minutes: Mapping[str, Mapping[str, Values]]) -> dict[tuple[str, str], Values]:
    return {
        (device, key): {
            name: None if value is None else float(f"{value:.9g}") for name, value in row.items()
        }
        for device, rows in minutes.items()
        for key, row in rows.items()
    }
