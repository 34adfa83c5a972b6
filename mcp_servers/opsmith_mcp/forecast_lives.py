"""How long a class of devices lives between renewals, from the work orders that were closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from typing import Any

import numpy as np

from opsmith.domain.devices import Device
from opsmith.domain.forecasts import RemainingLife
from opsmith.domain.work_orders import OrderStatus
from opsmith.storage.devices import DeviceStore
from opsmith.storage.work_order_queries import OrderFilter
from opsmith.storage.work_orders import WorkOrderStore
from opsmith_detectors.forecast_crossing import WITHIN_HOURS
from opsmith_detectors.survival import Weibull, fit_weibull
from opsmith_mcp.figures import figure
from opsmith_mcp.forecast_cache import ForecastCache

LASTS = timedelta(hours=6)
"""For so long the class's law is not fitted anew."""
FEWEST = 3
"""Failures below which nothing is said of the class."""
_COLUMNS = (
    "device_id", "status", "order_type", "work_class", "failed_at", "restored_at", "completed_at",
)  # fmt: skip
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Lives:
    """The law of a class, and since when each of its devices has been as new."""

    law: Weibull | None
    """None: too few failures."""
    failures: int
    runs: int
    renewed: dict[str, datetime]


def lives_of(
    orders: WorkOrderStore,
    devices: DeviceStore,
    cache: ForecastCache,
    device: Device,
    as_of: datetime,
    *,
    quick: bool,
) -> Lives | None:
    """The law of the device's class, as far as was known at `as_of`.

    A run begins with the installation or a renewal: a failure that was mended, or a completed
    order that replaced or overhauled (no inspection). It ends with a failure, or is cut short by a
    renewal or by now.

    Returns:
        None where it would have to be worked out first and `quick` is asked for.
    """
    key = ("lives", device.device_type)
    known = cache.recent(key, as_of, LASTS)
    if known is not None or quick:
        return known
    kind = device.device_type
    installed = {one.device_id: one for one in devices.list(device_type=kind)}
    rows = orders.facts(OrderFilter(device_type=kind), *_COLUMNS)
    ended = [
        row for row in rows if row.status != OrderStatus.CANCELLED and row.device_id in installed
    ]
    ended.sort(key=lambda row: row.device_id)
    by_device = {name: list(some) for name, some in groupby(ended, lambda row: row.device_id)}
    hours: list[float] = []
    failed: list[bool] = []
    renewed: dict[str, datetime] = {}
    for name, one in installed.items():
        begin = _installed(one)
        for at, has_failed, up in _ends(by_device.get(name, []), as_of):
            if begin is not None and at > begin:
                hours.append((at - begin) / _HOUR)
                failed.append(has_failed)
            begin = up
        if begin is not None and begin < as_of:
            renewed[name] = begin
            hours.append((as_of - begin) / _HOUR)
            failed.append(False)
    law = fit_weibull(np.array(hours), np.array(failed)) if sum(failed) >= FEWEST else None
    found = Lives(law, sum(failed), len(hours), renewed)
    cache.keep(key, as_of, found)
    return found


def _installed(device: Device) -> datetime | None:
    if device.install_date is None:
        return device.baseline_at
    begin = datetime.combine(device.install_date, time(), UTC)
    return max(begin, device.baseline_at) if device.baseline_at else begin


def _ends(rows: Sequence[Any], as_of: datetime) -> list[tuple[datetime, bool, datetime | None]]:
    """Of one device's runs: when each ended, whether by a failure, and when the next one began."""
    found: list[tuple[datetime, bool, datetime | None]] = []
    for row in rows:
        done = row.completed_at if row.status == OrderStatus.COMPLETED else None
        if row.failed_at is not None and row.failed_at <= as_of:
            up = row.restored_at or done
            # Down still, as far as was known then: no run has begun.
            known = up if up is not None and row.failed_at <= up <= as_of else None
            found.append((row.failed_at, True, known))
        elif done is not None and done <= as_of and _renews(row):
            found.append((done, False, done))
    found.sort(key=lambda one: one[0])
    return found


def _renews(row: Any) -> bool:
    return row.order_type != "INSPECTION"


def remaining(lives: Lives, device_id: str, as_of: datetime) -> RemainingLife | None:
    """How long the device lives on by its class's law, given how long it has run."""
    begin = lives.renewed.get(device_id)
    if lives.law is None or begin is None or begin > as_of:
        return None
    age = (as_of - begin) / _HOUR
    low, median, high = (lives.law.remaining(age, part) for part in (0.1, 0.5, 0.9))
    return RemainingLife(
        hours=figure(round(median, 1)),
        hours_low=figure(round(low, 1)) or 0.0,
        hours_high=figure(round(high, 1)),
        by=f"Weibull law of its class, shape {lives.law.shape:.2f}, scale {lives.law.scale:.0f} h",
        age_hours=figure(round(age, 1)),
        failures=lives.law.failures,
        censored=lives.law.censored,
    )


def fails_within(lives: Lives | None, device_id: str, as_of: datetime) -> tuple[float, ...] | None:
    """Probability of failing within each of `WITHIN_HOURS`, by age alone."""
    if lives is None or lives.law is None or device_id not in lives.renewed:
        return None
    age = (as_of - lives.renewed[device_id]) / _HOUR
    return tuple(lives.law.fails_within(age, each) for each in WITHIN_HOURS)
