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
from opsmith_mcp.compare import WindowComparison
from opsmith_mcp.correlate import Correlations
from opsmith_mcp.device_registry import DeviceList
from opsmith_mcp.device_views import PlantTree
from opsmith_mcp.forecasting import FailureForecast
from opsmith_mcp.peers import PeerComparison
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
    if not registry.total:
        return say(language, "No device is registered yet.", "尚未登记任何设备。")
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


def silent(seen: PlantTree, language: Language) -> str:
    """The devices that run and send nothing."""
    quiet = [
        plain(one.device_id)
        for factory in seen.factories
        for line in factory.lines
        for one in line.shown
        if one.silent
    ]
    total = sum(line.silent for factory in seen.factories for line in factory.lines)
    if not total:
        return joined(
            say(
                language,
                "Every running device that was ever heard sends readings.",
                "运行中且有过读数的设备均有读数。",
            ),
            caveat(language, seen),
        )
    names = listed(language, quiet)
    return joined(
        say(
            language,
            f"{total} running device(s) without a reading lately: {names}.",
            f"{total} 台运行中的设备近期无读数：{names}。",
        ),
        caveat(language, seen),
    )


def windows(seen: WindowComparison, wanted: Sequence[str], language: Language, zone: tzinfo) -> str:
    """One device in two windows."""
    device = plain(seen.device_id)
    length = duration((seen.window.end - seen.window.start).total_seconds(), language)
    now, then = moment(seen.window.end, zone), moment(seen.against.end, zone)
    head = say(
        language,
        f"**{device}**: the {length} up to {now} against the same up to {then}.",
        f"**{device}**：截至 {now} 的 {length}，与截至 {then} 的同样时长对比。",
    )
    heads = say(
        language,
        "Channel,Now,Then,Shift,Shift in spreads,What differs",
        "通道,现在,当时,变化,变化（倍离散度）,不同之处",
    ).split(",")
    rows = [
        [
            channel(language, one.channel),
            quantity(one.now.level, one.unit),
            quantity(one.against.level, one.unit),
            signed(one.shift, one.unit),
            signed(one.effect, None),
            listed(language, [word(language, what) for what in one.notable])
            or say(language, "nothing that matters", "无明显差别"),
        ]
        for one in seen.channels
        if not wanted or any(one.channel.startswith(name) for name in wanted)
    ]
    if not any(one.against.level is not None for one in seen.channels):
        rows = []
    return joined(head, table(heads, rows) if rows else "", caveat(language, seen))


def peers(seen: PeerComparison, wanted: Sequence[str], language: Language, zone: tzinfo) -> str:
    """One device beside those of its class."""
    device = plain(seen.device_id)
    others = listed(language, [plain(one) for one in seen.peers])
    head = say(
        language,
        f"**{device}** beside {len(seen.peers)} of its class ({others}), up to "
        f"{moment(seen.window.end, zone)}:",
        f"**{device}** 与 {len(seen.peers)} 台同类设备（{others}）对比，截至 "
        f"{moment(seen.window.end, zone)}：",
    )
    heads = say(
        language,
        "Channel,Level,Median of the others,Lowest,Highest,Rank,Unusual",
        "通道,水平,其他设备中位数,最低,最高,名次,是否异常",
    ).split(",")
    rows = [
        [
            channel(language, one.channel),
            *(
                quantity(value, one.unit)
                for value in (one.level, one.peer_median, one.peer_low, one.peer_high)
            ),
            "-" if one.rank is None else str(one.rank),
            say(language, "yes", "是") if one.unusual else say(language, "no", "否"),
        ]
        for one in seen.channels
        if not wanted or any(one.channel.startswith(name) for name in wanted)
    ]
    if not seen.peers:
        return caveat(language, seen)
    return joined(head, table(heads, rows) if rows else "", caveat(language, seen))


def correlation(seen: Correlations | None, names: Sequence[str], language: Language) -> str:
    """How the channels that were asked for go together."""
    lines: list[str] = []
    for one in seen.pairs if seen is not None else ():
        if {one.channel, one.other} <= set(names) and one.pearson is not None:
            a, b = channel(language, one.channel), channel(language, one.other)
            lines.append(
                say(
                    language,
                    f"{a} and {b} correlate with r = {one.pearson:.2f}; that proves no cause.",
                    f"{a} 与 {b} 的相关系数 r = {one.pearson:.2f}；相关不等于因果。",
                )
            )
    return "\n\n".join(lines)


def forecasts(seen: Sequence[FailureForecast], running: int, language: Language) -> str:
    """Which devices pass a limit first."""
    heads = say(
        language,
        "Device,Within 24 h,Within 7 days,First channel,Hours to its limit",
        "设备,24 小时内,7 天内,最先超限的通道,距限值小时数",
    ).split(",")
    told = [one for one in seen if one.probability_7d is not None]
    told.sort(key=lambda one: (-(one.probability_24h or 0), -(one.probability_7d or 0)))
    rows: list[list[str]] = []
    for one in told:
        first = one.channels[0] if one.channels else None
        named = first is not None and first.hours is not None
        rows.append(
            [
                plain(one.device_id),
                f"{one.probability_24h or 0:.0%}",
                f"{one.probability_7d or 0:.0%}",
                channel(language, first.channel) if first is not None and named else "-",
                f"{first.hours:.1f}" if first is not None and first.hours is not None else "-",
            ]
        )
    head = say(
        language,
        "Probability of passing a rated limit, if it goes on as it does:",
        "若趋势不变，超过额定限值的概率：",
    )
    without = listed(language, [plain(one.device_id) for one in seen if one not in told])
    left = running - len(seen)
    return joined(
        head if rows else "",
        table(heads, rows) if rows else "",
        say(language, f"No forecast for: {without}.", f"无法预测：{without}。") if without else "",
        say(
            language,
            f"*{left} more running device(s) were not asked; name one.*",
            f"*另有 {left} 台运行中的设备未查询，请指定设备。*",
        )
        if left
        else "",
    )
