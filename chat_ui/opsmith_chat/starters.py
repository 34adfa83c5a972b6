"""Questions to begin with, about this plant as it is at this hour."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from fastmcp import Client

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Language
from opsmith.errors import OpsmithError
from opsmith_agents.reply_words import say
from opsmith_agents.wording import channel_name
from opsmith_chat.room import Room
from opsmith_chat.wording import WORDS
from opsmith_mcp.alert_history import AlertHistory, AlertLine, AlertList
from opsmith_mcp.client import call
from opsmith_mcp.device_registry import DeviceLine, DeviceList, DeviceRegistry
from opsmith_mcp.forecast_views import HealthLine
from opsmith_mcp.forecasting import FailureForecast, Forecasting, HealthList

MOST = 6
"""Questions that are offered."""

SHIFTS = (6, 14, 22)
"""Hours of the plant's day at which a shift hands over to the next."""

_NEAR = 60
"""Minutes before and after a handover in which it is offered."""
_URGENT = (AlertLevel.P0, AlertLevel.P1)
_FORECASTS = 3
"""Of the worst devices, that are looked at."""
_SOON = 168.0
_WELL = 90.0
"""Health from which a device is nobody's worry, of 100."""
_SECONDS = 3.0
"""That a page waits at most for what is offered on it."""


async def first_questions(
    room: Room, eyes: Client[Any] | None = None, language: Language | None = None
) -> list[str]:
    """Suggest questions that fit the hour, the most urgent first.

    What stands of P0 and P1, the worst of it, its trend; the handover near the end of a shift; a
    channel that is heading for its limit; the worst device; what can be asked.

    Args:
        room: Whose plant they are about.
        eyes: Sees what who asks may see; None: the room's own.
        language: Of the questions; None: the room's own.
    """
    return await questions(eyes or room.plant, language or room.language, room.zone)


async def questions(eyes: Client[Any], language: Language, zone: tzinfo) -> list[str]:
    """The same, without a page.

    Args:
        eyes: Sees what who asks may see.
        language: Of the questions.
        zone: The plant's, for its shifts.
    """
    words = WORDS[language]
    alerts, devices = await _both(eyes)
    if alerts is None or devices is None:
        # Whoever asks will be told what is wrong.
        return [words.standing, words.help_question]
    urgent = [one for one in alerts.alerts if one.alert_level in _URGENT]
    found = [_standing(len(urgent), language) if urgent else words.standing]
    found += _of_alerts(alerts.alerts, language)
    found += _handover(alerts.as_of, zone, language)
    with contextlib.suppress(TimeoutError, OpsmithError):
        async with asyncio.timeout(_SECONDS):
            found += await _of_forecasts(eyes, alerts.alerts, language)
    if not alerts.alerts:
        found += _of_devices(devices.devices, language)
    return [*dict.fromkeys(found[: MOST - 1]), words.help_question]


def near_handover(at: datetime, zone: tzinfo) -> bool:
    """Whether a shift ends within the hour, or began within it.

    >>> from datetime import UTC
    >>> at = datetime(2026, 2, 28, 5, 20, tzinfo=UTC)
    >>> near_handover(at, UTC), near_handover(at.replace(hour=10), UTC)
    (True, False)
    """
    local = at.astimezone(zone)
    minute = 60 * local.hour + local.minute
    return any((minute - 60 * hour + _NEAR) % 1440 <= 2 * _NEAR for hour in SHIFTS)


async def _both(client: Client[Any]) -> tuple[AlertList | None, DeviceList | None]:
    try:
        alerts = await call(client, AlertHistory.list_alerts, standing=True)
        return alerts, await call(client, DeviceRegistry.list_devices)
    except OpsmithError:
        return None, None


def _standing(count: int, language: Language) -> str:
    # The levels themselves would be taken for a filter.
    return say(
        language,
        f"Which alerts stand now? ({count} urgent)",
        f"当前有哪些报警？（其中 {count} 个级别高）",
    )


def _of_alerts(alerts: Sequence[AlertLine], language: Language) -> list[str]:
    if not alerts:
        return []
    worst = min(alerts, key=lambda alert: alert.alert_level)
    named = [channel_name(one, language) for one in worst.channels[:1]]
    return [
        WORDS[language].why.format(device=worst.device_id),
        *(WORDS[language].trend.format(device=worst.device_id, channel=one) for one in named),
    ]


def _handover(at: datetime, zone: tzinfo, language: Language) -> list[str]:
    if not near_handover(at, zone):
        return []
    return [say(language, "Shift handover, last 8 hours", "交接班小结，最近 8 小时")]


async def _of_forecasts(
    client: Client[Any], alerts: Sequence[AlertLine], language: Language
) -> list[str]:
    """A limit that will be passed, and the worst device."""
    health: HealthList = await call(client, Forecasting.list_health)
    known = [one for one in health.devices if one.health is not None]
    alerted = {one.device_id for one in alerts}
    found: list[str] = []
    for line in known[:_FORECASTS]:
        seen: FailureForecast = await call(client, Forecasting.predict_failure, line.device_id)
        # One that is over its limit already is an alert, and needs no forecast.
        soon = [one for one in seen.channels if one.hours is not None and 0 < one.hours <= _SOON]
        if soon:
            channel = channel_name(soon[0].channel, language)
            found.append(
                say(
                    language,
                    f"When will {channel} of {line.device_id} reach its limit?",
                    f"{line.device_id} 的{channel}何时会到限值？",
                )
            )
            break
    return found + _worst(known, alerted, language)


def _worst(known: Sequence[HealthLine], alerted: set[str], language: Language) -> list[str]:
    # The list has the worst first; a device with an alert is asked for by its alert.
    for line in known[:1]:
        if line.health is not None and line.health < _WELL and line.device_id not in alerted:
            return [
                say(
                    language,
                    f"How is {line.device_id}, the worst device by health?",
                    f"健康度最差的 {line.device_id} 状态怎么样？",
                )
            ]
    return []


def _of_devices(devices: Sequence[DeviceLine], language: Language) -> list[str]:
    heard = [device for device in devices if device.last_reading is not None]
    if not heard:
        return []
    chief = min(heard, key=lambda device: (device.criticality, device.device_id))
    return [WORDS[language].how.format(device=chief.device_id)]
