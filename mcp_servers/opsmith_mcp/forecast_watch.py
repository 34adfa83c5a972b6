"""Beside a live plant: holds forecasts against what came, and works health out beforehand.

A step takes a bounded time and goes round the devices, so that none delays the others.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from opsmith.domain.devices import Device, DeviceStatus
from opsmith.errors import OpsmithError, Unavailable
from opsmith.storage.forecasts import KeptHealth, KeptRecord
from opsmith_mcp.forecast_channel import last_of
from opsmith_mcp.forecast_failure import Sources, foretell
from opsmith_mcp.forecast_history import History, running_only, since
from opsmith_mcp.forecast_limits import HOURS_BACK, HOURS_LEAST
from opsmith_mcp.forecast_list import facts_of
from opsmith_mcp.forecast_outcomes import (
    FAILURE,
    WEEK,
    compared,
    due,
    has_drifted,
    outcomes,
    utc,
    waiting,
    with_outcome,
)
from opsmith_mcp.forecast_views import FailureForecast
from opsmith_mcp.windows import freshness, now

logger = logging.getLogger(__name__)

BUDGET = 0.25
"""Seconds of a step."""
AGAIN = timedelta(hours=1)
"""A device is looked at so often at most."""
CHANNELS = 8
"""Of a device whose forecasts are followed."""
DAY_AHEAD = (3600, 24, HOURS_BACK)
"""Seconds of a step, steps ahead, steps of history: where there are days of it."""
HOUR_AHEAD = (60, 60, 1440)
_HOUR_LEAST = 4 * 60


class Watch:
    """Goes round the plant's devices."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._looked: dict[str, datetime] = {}

    def step(self, seconds: float = BUDGET, clock: Callable[[], float] = time.monotonic) -> int:
        """Look at as many devices as fit into the time, those looked at longest ago first.

        Returns:
            How many.

        Raises:
            Unavailable: A store does not answer.
        """
        end, as_of = clock() + seconds, now(self._sources.clock)
        devices = {
            one.device_id: one
            for one in self._sources.devices.list()
            if one.status is DeviceStatus.RUNNING
        }
        wanted = [
            name
            for name in devices
            if name not in self._looked or as_of - self._looked[name] >= AGAIN
        ]
        wanted.sort(key=lambda name: (name in self._looked, self._looked.get(name, as_of), name))
        healths: list[KeptHealth] = []
        looked = 0
        for name in wanted:
            if looked and clock() > end:
                break
            self._looked[name] = as_of
            looked += 1
            try:
                healths.append(self._look(devices[name], as_of))
            except Unavailable:
                raise
            except (OpsmithError, ArithmeticError, ValueError):
                # One device's odd data is its own affair.
                logger.exception("No forecast of %s", name)
        self._sources.records.save_healths(healths)
        return looked

    def _look(self, device: Device, as_of: datetime) -> KeptHealth:
        sources = self._sources
        fresh = freshness(sources.series, device.device_id, as_of)
        seen, _ = foretell(sources, device, fresh, as_of, quick=False)
        if not fresh.is_stale and fresh.last is not None:
            self._follow(device, seen, as_of)
        return KeptHealth(device.device_id, as_of, facts_of(seen))

    def _follow(self, device: Device, seen: FailureForecast, as_of: datetime) -> None:
        """Compare what is due, and leave new forecasts to be compared."""
        sources, changed = self._sources, list[KeptRecord]()
        known = {one.channel: one for one in sources.records.records(device.device_id)}
        failure = known.pop(FAILURE, None)
        changed += self._failure(device, failure, seen, as_of)
        step, ahead, back = DAY_AHEAD
        history = self._history(device, step, back, as_of)
        if history.there.sum() < 2 * HOURS_LEAST:
            step, ahead, back = HOUR_AHEAD
            history = self._history(device, step, back, as_of)
            if history.there.sum() < _HOUR_LEAST:
                sources.records.save(changed)
                return
        done: dict[str, KeptRecord] = {}
        for kept in due(list(known.values()), as_of):
            at = (
                history
                if kept.step_s == step
                else self._history(
                    device, kept.step_s, 1440 if kept.step_s == 60 else HOURS_BACK, as_of
                )
            )
            done[kept.channel] = compared(kept, at, as_of)
        if any(has_drifted(one) for one in done.values()):
            logger.warning("The forecasts of %s have drifted: learned anew", device.device_id)
            sources.cache.forget(device.device_id)
        rated = device.rated()
        names = sorted(history.channels, key=lambda name: (name not in rated, name))[:CHANNELS]
        free = tuple(
            name
            for name in names
            if name in done or name not in known or known[name].pending is None
        )
        changed += done.values()
        if free:
            outlook = sources.cache.outlook(device.device_id, history, free, ahead)
            assert outlook is not None
            for name in free:
                before = done.get(name) or known.get(name)
                last = last_of(history, name)
                new = waiting(device.device_id, name, outlook, last, as_of, before)
                if new is not None:
                    changed = [one for one in changed if one.channel != name] + [new]
        sources.records.save(changed)

    def _history(self, device: Device, step: int, back: int, as_of: datetime) -> History:
        found = self._sources.cache.histories.steps(
            self._sources.series, device.device_id, as_of, step, back
        )
        return running_only(since(found, device.baseline_at))[0]

    def _failure(
        self, device: Device, kept: KeptRecord | None, seen: FailureForecast, as_of: datetime
    ) -> list[KeptRecord]:
        """What was said of its failure a week ago, against the orders since; then anew."""
        store, said = self._sources.records, seen.failure.within_7d
        if kept is not None and kept.pending is not None:
            if kept.due_at is None or kept.due_at > as_of:
                return []
            begin = utc(kept.pending["at"])
            came = any(
                order.failed_at is not None and begin < order.failed_at <= kept.due_at
                for order in self._sources.orders.find(device.device_id, limit=200)
            )
            store.save([with_outcome(outcomes(store), kept.pending["said"], came, as_of)])
        if said is None:
            return []
        pending = {"at": as_of.isoformat(), "said": said}
        due_at = as_of + timedelta(seconds=WEEK)
        return [KeptRecord(device.device_id, FAILURE, WEEK, {}, pending, due_at, as_of)]
