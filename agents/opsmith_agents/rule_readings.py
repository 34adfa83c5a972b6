"""Answers about devices and what they read: state, trend, comparison, forecast."""

import math
from datetime import timedelta
from typing import Any

from opsmith.domain.devices import DeviceStatus
from opsmith.domain.forecasts import TimeToLimit
from opsmith_agents import replies_many, replies_plant, replies_studies, replies_work
from opsmith_agents.grammar import has
from opsmith_agents.reply_words import joined
from opsmith_agents.rule_turn import CannotSay, Turn, matching
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.device_registry import DeviceRegistry
from opsmith_mcp.forecasting import Forecasting
from opsmith_mcp.telemetry import Telemetry, TelemetryWindow

_MOST_COMPARED = 10
_MOST_FORECAST = 12
"""Devices that are forecast for one answer: each takes some milliseconds."""
_DAY = timedelta(days=1)
_MOST_DAYS = 3650
_TOGETHER = r"\bcorrelat|\bmoves? together\b|相关性|相关系数|相关程度|关联性"
_TOGETHER_MINUTES = 240
_LEAST_HOURS, _USUAL_HOURS, _MOST_HOURS = 1.0, 6.0, 168.0
"""Ahead, in a chart of a forecast."""
_BACK = {"yesterday": _DAY, "last_week": 7 * _DAY}


async def devices(turn: Turn) -> str:
    """The devices of a class, a line, a state."""
    if turn.asked.is_silent:
        tree = turn.need(await turn.ledger.call(DeviceRegistry.show_plant_tree))
        return replies_many.silent(tree, turn.language)
    return replies_plant.devices(replies_many.chosen(turn.registry, turn.asked), turn.language)


async def overview(turn: Turn) -> str:
    """How the plant is."""
    standing = turn.need(await turn.ledger.call(AlertHistory.list_alerts, standing=True))
    return replies_many.overview(turn.registry, standing, turn.language, turn.zone)


async def status(turn: Turn) -> str:
    """One device: what it is, what it reads, what stands."""
    device = await turn.device()
    view = turn.need(await turn.ledger.call(DeviceRegistry.query_device_status, device))
    window = await turn.ledger.call(Telemetry.fetch_telemetry_data, device, **turn.window())
    standing = await turn.ledger.call(AlertHistory.list_alerts, device_id=device)
    said = replies_plant.status(view, window.result, standing.result, turn.language, turn.zone)
    return joined(said, *(turn.why_not(one) for one in (window, standing)))


async def trend(turn: Turn) -> str:
    """One channel over a window."""
    if turn.asked.are_named and (len(turn.asked.devices) > 1 or len(turn.asked.channels) > 1):
        return await compare(turn)
    device = await turn.device()
    when = turn.window()
    window = turn.need(await turn.ledger.call(Telemetry.fetch_telemetry_data, device, **when))
    name = turn.channel_of(turn.asked.channel, window)
    turn.found["channels"] = (name,)
    await _for_the_chart(turn, window, name)
    series = turn.need(await turn.ledger.call(Telemetry.read_series, device, name, **when))
    return replies_plant.trend(series, window, turn.language, turn.zone)


async def _for_the_chart(turn: Turn, seen: TelemetryWindow, name: str) -> None:
    """Look up what the chart marks: the alerts on the channel, and its normal before the first."""
    start, end = seen.window.start, seen.window.end
    days = max(1, math.ceil((turn.now - start) / _DAY))
    history = await turn.ledger.call(
        AlertHistory.get_alert_history, seen.device_id, days=min(days, _MOST_DAYS)
    )
    lines = history.result.alerts if history.result is not None else ()
    onsets = [one.onset for one in lines if name in one.channels and start < one.onset < end]
    since: dict[str, Any]
    if onsets and min(onsets) - start >= (end - start) / 4:
        since = {"since": min(onsets), "against_since": start, "against_until": min(onsets)}
    else:
        since = {"since": start}
    await turn.ledger.call(Telemetry.compare_windows, seen.device_id, until=end, **since)


async def compare(turn: Turn) -> str:
    """Devices, channels, times, or a device and its peers."""
    asked = turn.asked
    if has(_TOGETHER, turn.text) and len(asked.channels) < 2:
        return await _together(turn)
    if len(asked.devices) > 1:
        return await _compare_devices(turn)
    device = await turn.device()
    if asked.against == "peers":
        seen = await turn.ledger.call(Telemetry.compare_with_peers, device, **turn.window())
        return replies_many.peers(turn.need(seen), asked.channels, turn.language, turn.zone)
    if asked.against is not None or len(asked.channels) < 2:
        when = _against(turn)
        seen = turn.need(await turn.ledger.call(Telemetry.compare_windows, device, **when))
        return replies_many.windows(seen, asked.channels, turn.language, turn.zone)
    when = turn.window()
    window = turn.need(await turn.ledger.call(Telemetry.fetch_telemetry_data, device, **when))
    names = [turn.channel_of(one, window) for one in asked.channels]
    chosen = [one for name in names for one in window.channels if one.channel == name]
    shown = window.model_copy(update={"channels": tuple(chosen)})
    together = await turn.ledger.call(
        Telemetry.correlate_channels, device, channel=names[0], **when
    )
    return joined(
        replies_many.comparison([shown], None, turn.language, turn.zone),
        replies_many.correlation(together.result, names, turn.language),
        turn.why_not(together),
    )


async def _together(turn: Turn) -> str:
    """Which channels of a device go together."""
    device = await turn.device()
    when, name = turn.window(_TOGETHER_MINUTES), None
    if turn.asked.channel is not None:
        window = turn.need(await turn.ledger.call(Telemetry.fetch_telemetry_data, device, **when))
        name = turn.channel_of(turn.asked.channel, window)
    found = await turn.ledger.call(Telemetry.correlate_channels, device, channel=name, **when)
    return replies_studies.together(turn.need(found), turn.language, turn.zone)


async def _compare_devices(turn: Turn) -> str:
    when, seen = turn.window(), list[Any]()
    for one in turn.asked.devices[:_MOST_COMPARED]:
        window = await turn.ledger.call(Telemetry.fetch_telemetry_data, one, **when)
        seen.append(turn.need(window))
    return replies_many.comparison(seen, turn.asked.channel, turn.language, turn.zone)


def _against(turn: Turn) -> dict[str, Any]:
    """A window and the one that it is held against, which is as long."""
    asked, now = turn.asked, turn.now
    if asked.day == 0 and asked.against == "yesterday":
        start, _ = turn.day(0)
        return {"since": start, "against_since": start - _DAY, "against_until": now - _DAY}
    minutes = asked.minutes or 60
    if asked.against not in _BACK:
        return {"window_mins": minutes}
    end = now - _BACK[asked.against]
    start = end - timedelta(minutes=minutes)
    return {"window_mins": minutes, "against_since": start, "against_until": end}


async def forecast(turn: Turn) -> str:
    """When a device passes a limit; of no device in particular, which one does first."""
    asked = turn.asked
    if len(asked.devices) != 1 and asked.unheard is None:
        return await _forecast_all(turn)
    device = await turn.device()
    seen = turn.need(await turn.ledger.call(Forecasting.predict_failure, device))
    named = matching(asked.channel, [one.channel for one in seen.channels]) if asked.channel else ""
    some = tuple(one for one in seen.channels if one.channel == named)
    if some or seen.channels:
        await _carried_on(turn, (some or seen.channels)[0], device)
    return replies_work.forecast(seen, turn.language, some or None)


async def _carried_on(turn: Turn, told: TimeToLimit, device: str) -> None:
    """Look up the channel before and ahead, for the chart: well beyond where its limit is."""
    hours = min(max(3 * told.hours, _LEAST_HOURS), _MOST_HOURS) if told.hours else _USUAL_HOURS
    await turn.ledger.call(
        Telemetry.read_series, device, told.channel, window_mins=round(60 * hours)
    )
    await turn.ledger.call(
        Forecasting.forecast_channel, device, told.channel, hours=round(hours, 1)
    )


async def _forecast_all(turn: Turn) -> str:
    """Of the running devices, or of a class of them."""
    wanted = turn.asked.devices
    running = [
        one
        for one in turn.registry.devices
        if one.status is DeviceStatus.RUNNING and (not wanted or one.device_id in wanted)
    ]
    running.sort(key=lambda one: (one.criticality, one.device_id))
    seen = [
        turn.need(await turn.ledger.call(Forecasting.predict_failure, one.device_id))
        for one in running[:_MOST_FORECAST]
    ]
    if not seen:
        raise CannotSay(turn.say("No such device runs.", "没有这样的设备在运行。"))
    return replies_many.forecasts(seen, len(running), turn.language)
