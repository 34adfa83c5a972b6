"""What the assistant says of several devices at once, in Markdown, in both languages."""

from collections import Counter
from collections.abc import Sequence
from datetime import tzinfo

from opsmith.domain.base import Language
from opsmith_agents.grammar import Question
from opsmith_agents.replies_plant import alert_rows, limits
from opsmith_agents.reply_words import (
    caveat,
    channel,
    duration,
    joined,
    listed,
    moment,
    plain,
    quantity,
    say,
    signed,
    table,
    word,
)
from opsmith_mcp.alert_history import AlertList
from opsmith_mcp.device_registry import DeviceList
from opsmith_mcp.telemetry import TelemetryWindow


def chosen(registry: DeviceList, asked: Question) -> DeviceList:
    """The devices of the line, class and state that were asked for."""
    devices = tuple(
        one
        for one in registry.devices
        if asked.line in (None, one.line_id.upper())
        and asked.device_type in (None, one.device_type)
        and asked.state in (None, one.status.value)
    )
    return registry.model_copy(update={"devices": devices, "total": len(devices)})


def overview(registry: DeviceList, standing: AlertList, language: Language, zone: tzinfo) -> str:
    """How the plant is: devices by status, and what stands, the most urgent first."""
    states = Counter(one.status.value for one in registry.devices)
    counted = listed(language, [f"{word(language, s)} {n}" for s, n in sorted(states.items())])
    first = say(
        language,
        f"{registry.total} devices: {counted}.",
        f"共 {registry.total} 台设备：{counted}。",
    )
    if not standing.alerts:
        return joined(first, say(language, "No alert stands.", "没有未恢复的报警。"))
    urgent = sorted(standing.alerts, key=lambda one: (one.alert_level, one.first_seen))
    troubled = len({one.device_id for one in urgent})
    worst = plain(urgent[0].device_id)
    second = say(
        language,
        f"{standing.total} standing alert(s) on {troubled} device(s); the most urgent, and of "
        f"those the oldest, is on **{worst}**:",
        f"{troubled} 台设备上有 {standing.total} 个未恢复的报警；最紧急者中最早的在 **{worst}**：",
    )
    return joined(
        first, second, alert_rows(tuple(urgent), language, zone), caveat(language, standing)
    )


def comparison(
    windows: Sequence[TelemetryWindow], wanted: str | None, language: Language, zone: tzinfo
) -> str:
    """One channel, or all, of several devices side by side."""
    heads = say(
        language,
        "Device,Channel,Last,Mean,Low,High,Trend per hour,Rated limit",
        "设备,通道,最近值,均值,最低,最高,每小时趋势,额定限值",
    ).split(",")
    rows = [
        [
            plain(window.device_id),
            channel(language, one.channel),
            *(quantity(value, one.unit) for value in (one.last, one.mean, one.low, one.high)),
            signed(one.slope_per_hour, one.unit),
            limits(one),
        ]
        for window in windows
        for one in window.channels
        if wanted is None or one.channel.startswith(wanted)
    ]
    if not rows:
        return say(
            language,
            "These devices have no such readings in that time.",
            "这些设备在该时段没有相应读数。",
        )
    span = windows[0].window
    length = duration((span.end - span.start).total_seconds(), language)
    head = say(
        language,
        f"{length} up to {moment(span.end, zone)}:",
        f"截至 {moment(span.end, zone)} 的 {length}：",
    )
    return joined(head, table(heads, rows), *dict.fromkeys(caveat(language, w) for w in windows))
