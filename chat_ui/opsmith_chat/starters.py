"""Questions to begin with, about this plant as it is now."""

from collections.abc import Sequence

from opsmith.errors import OpsmithError
from opsmith_agents.wording import channel_name
from opsmith_chat.room import Room
from opsmith_mcp.alert_history import AlertHistory, AlertLine
from opsmith_mcp.client import call
from opsmith_mcp.device_registry import DeviceLine, DeviceRegistry


async def first_questions(room: Room) -> list[str]:
    """Suggest questions: what stands, the worst device, its trend, what can be asked."""
    words = room.words
    try:
        alerts = (await call(room.plant, AlertHistory.list_alerts, standing=True)).alerts
        devices = (await call(room.plant, DeviceRegistry.list_devices)).devices
    except OpsmithError:
        # Whoever asks will be told what is wrong.
        return [words.standing, words.help_question]
    about = _about(room, alerts, devices)
    return [words.standing, *about, words.help_question]


def _about(
    room: Room, alerts: Sequence[AlertLine], devices: Sequence[DeviceLine]
) -> tuple[str, ...]:
    words = room.words
    if alerts:
        worst = min(alerts, key=lambda alert: alert.alert_level)
        why = words.why.format(device=worst.device_id)
        channels = worst.channels[:1]
        return why, *(_trend(room, worst.device_id, channel) for channel in channels)
    heard = [device for device in devices if device.last_reading is not None]
    if not heard:
        return ()
    chief = min(heard, key=lambda device: (device.criticality, device.device_id))
    return (words.how.format(device=chief.device_id),)


def _trend(room: Room, device: str, channel: str) -> str:
    named = channel_name(channel, room.language)
    return room.words.trend.format(device=device, channel=named)
