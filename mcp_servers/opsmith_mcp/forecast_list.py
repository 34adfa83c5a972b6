"""The health of the whole plant: what was worked out last, with the alerts that stand now."""

import math
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import State
from opsmith.domain.devices import Device, DeviceStatus
from opsmith.errors import Unavailable
from opsmith.storage.forecasts import KeptHealth
from opsmith_mcp.device_words import is_of_type
from opsmith_mcp.forecast_failure import Sources, foretell
from opsmith_mcp.forecast_health import of_alerts
from opsmith_mcp.forecast_views import FailureForecast, HealthLine, HealthList
from opsmith_mcp.pages import begin_of, fitting, page_at
from opsmith_mcp.windows import freshness, now

SECONDS = 0.5
"""Of working out what is not known yet, within one answer."""
OLD = timedelta(hours=6)
"""After which what was worked out is stale."""
_MOST = 100


def facts_of(seen: FailureForecast) -> dict[str, Any]:
    """What is kept of a forecast for the plant's list."""
    return {
        "health": seen.health,
        "parts": seen.health_parts,
        "failure_7d": seen.failure.within_7d,
    }


def work_out(sources: Sources, device: Device, as_of: datetime) -> KeptHealth:
    """The health of a device, anew. Raises `Unavailable`."""
    fresh = freshness(sources.series, device.device_id, as_of)
    seen, _ = foretell(sources, device, fresh, as_of, quick=False)
    return KeptHealth(device.device_id, as_of, facts_of(seen))


def health_list(
    sources: Sources,
    factories: frozenset[str] | None,
    line_id: str | None,
    device_type: str | None,
    cursor: str | None,
) -> HealthList:
    """The devices' health, the worst first."""
    as_of, begin = now(sources.clock), begin_of(cursor)
    devices = [
        one
        for one in sources.devices.list(line_id=line_id, factories=factories)
        if one.status is not DeviceStatus.RETIRED
        and (device_type is None or is_of_type(one, device_type))
    ]
    kept = dict(sources.records.healths([one.device_id for one in devices]))
    lost = _fill(sources, devices, kept, as_of)
    standing = sources.devices.standing_alerts(factories)
    lines = sorted(
        (_line(one, kept.get(one.device_id), standing.get(one.device_id, {})) for one in devices),
        key=lambda line: (math.inf if line.health is None else line.health, line.device_id),
    )
    unknown = sum(line.health is None for line in lines)
    rows = fitting(lines[begin : begin + _MOST])
    page = page_at(rows, begin, len(lines), "line_id or device_type")
    times = [line.as_of for line in lines if line.as_of is not None]
    is_old = bool(times) and as_of - min(times) > OLD
    state, notes = page.state, [page.note]
    if lost is not None:
        state = State.UNAVAILABLE
        notes.append(f"The readings cannot be reached: {lost}.")
    elif is_old and state is State.OK:
        state = State.STALE
    if is_old:
        notes.append("Some were worked out over 6 h ago; predict_failure works one out anew.")
    return HealthList(
        state=state,
        note=" ".join(one for one in notes if one) or None,
        as_of=as_of,
        total=len(lines),
        devices=tuple(page.rows),
        unknown=unknown,
        next_cursor=page.next_cursor,
    )


def _fill(
    sources: Sources, devices: list[Device], kept: dict[str, KeptHealth], as_of: datetime
) -> Unavailable | None:
    """Work out what is not known or old, as long as there is time; the unknown first."""
    end = time.monotonic() + SECONDS
    for device in devices:
        known = sources.cache.recent(("health", device.device_id), as_of, OLD)
        if known is not None:
            kept[device.device_id] = known
    wanted = [one for one in devices if one.device_id not in kept]
    wanted += [one for one in devices if _is_old(kept.get(one.device_id), as_of)]
    try:
        for device in wanted:
            if time.monotonic() > end:
                break
            kept[device.device_id] = found = work_out(sources, device, as_of)
            sources.cache.keep(("health", device.device_id), as_of, found)
    except Unavailable as error:
        return error
    return None


def _is_old(kept: KeptHealth | None, as_of: datetime) -> bool:
    return kept is not None and not timedelta(0) <= as_of - kept.as_of <= OLD


def _line(
    device: Device, kept: KeptHealth | None, standing: Mapping[AlertLevel, int]
) -> HealthLine:
    """With the alerts that stand now instead of those that stood when it was worked out."""
    alerts = {level.value: count for level, count in standing.items()}
    if kept is None:
        return HealthLine(
            device_id=device.device_id, health=None, why={}, failure_7d=None, alerts=alerts,
            as_of=None,
        )  # fmt: skip
    health, parts = kept.facts["health"], dict(kept.facts["parts"])
    if health is not None:
        parts["alerts"] = of_alerts(standing)
        health = round(100 * math.prod(1 - part for part in parts.values()), 1)
    return HealthLine(
        device_id=device.device_id,
        health=health,
        why={name: part for name, part in parts.items() if part > 0},
        failure_7d=kept.facts["failure_7d"],
        alerts=alerts,
        as_of=kept.as_of,
    )
