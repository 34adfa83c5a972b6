"""What the assistant says of devices, readings and alerts, in Markdown, in both languages."""

from datetime import tzinfo

from opsmith.domain.alerts import Alert
from opsmith.domain.base import Language
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
from opsmith_mcp.alert_history import AlertHistoryView, AlertLine, AlertList, AlertView
from opsmith_mcp.device_registry import DeviceList, DeviceView
from opsmith_mcp.statistics import ChannelStatistics
from opsmith_mcp.telemetry import ChannelSeries, TelemetryWindow


def devices(seen: DeviceList, language: Language) -> str:
    """All devices that were found."""
    heads = say(
        language,
        "Device,Name,Class,Line,Status,Last reading",
        "设备,名称,类别,产线,状态,最近读数",
    ).split(",")
    rows = [
        [
            plain(one.device_id),
            plain(one.device_name),
            plain(word(language, one.device_type)),
            plain(one.line_id),
            word(language, one.status.value),
            "-"
            if one.age_seconds is None
            else duration(one.age_seconds, language) + say(language, " ago", "前"),
        ]
        for one in seen.devices
    ]
    count = say(
        language,
        f"{seen.total} device{'' if seen.total == 1 else 's'}:",
        f"共 {seen.total} 台设备：",
    )
    if not rows:
        return say(language, "No such device.", "没有这样的设备。")
    return joined(count, table(heads, rows) if rows else "", caveat(language, seen))


def status(
    seen: DeviceView,
    window: TelemetryWindow | None,
    standing: AlertList | None,
    language: Language,
    zone: tzinfo,
) -> str:
    """One device: what it is, what it reads, what stands."""
    device = seen.device
    name = f" {plain(device.device_name)}" if device.device_name else ""
    kind = word(language, device.device_type)
    state = word(language, device.status.value)
    line = plain(device.line_id) or "-"
    first = f"**{plain(device.device_id)}**{name} " + say(
        language, f"({kind}, line {line}): {state}.", f"（{kind}，产线 {line}）：{state}。"
    )
    heard = say(
        language,
        f"Last reading {moment(seen.last_reading, zone)},"
        f" {duration(seen.age_seconds, language)} ago.",
        f"最近读数 {moment(seen.last_reading, zone)}，{duration(seen.age_seconds, language)}前。",
    )
    if seen.last_reading is None:
        heard = say(language, "No reading yet.", "尚无读数。")
    missing = ""
    if seen.missing_channels:
        names = listed(language, [channel(language, one) for one in seen.missing_channels])
        missing = say(
            language, f"Installed, but lately silent: {names}.", f"已安装但近期无数据：{names}。"
        )
    stand = ""
    if standing is not None and standing.total == 0:
        stand = say(language, "No alert stands.", "没有未恢复的报警。")
    elif standing is not None:
        stand = joined(
            say(
                language,
                f"{standing.total} standing alert(s):",
                f"{standing.total} 个未恢复的报警：",
            ),
            alert_rows(standing.alerts, language, zone),
        )
    return joined(
        f"{first} {heard}",
        _nameplate(seen, language),
        _statistics(window, language) if window and window.channels else "",
        missing,
        stand,
        caveat(language, seen),
    )


def _nameplate(seen: DeviceView, language: Language) -> str:
    device = seen.device
    installed = device.install_date.isoformat() if device.install_date else ""
    labels = say(language, "model,made by,place,installed", "型号,制造商,位置,安装日期").split(",")
    texts = (device.model, device.manufacturer, device.location, installed)
    colon = say(language, " ", "：")
    said = [f"{label}{colon}{plain(t)}" for label, t in zip(labels, texts, strict=True) if t]
    return say(language, "; ", "；").join(said)


def _statistics(window: TelemetryWindow, language: Language) -> str:
    heads = say(
        language,
        "Channel,Last,Low,High,Trend per hour,Rated limit",
        "通道,最近值,最低,最高,每小时趋势,额定限值",
    ).split(",")
    rows = [
        [
            channel(language, one.channel),
            quantity(one.last, one.unit),
            quantity(one.low, one.unit),
            quantity(one.high, one.unit),
            signed(one.slope_per_hour, one.unit),
            limits(one),
        ]
        for one in window.channels
    ]
    span = duration((window.window.end - window.window.start).total_seconds(), language)
    head = say(
        language,
        f"Over {span}, {window.readings} readings:",
        f"过去 {span}，{window.readings} 条读数：",
    )
    return joined(head, table(heads, rows) if rows else "", caveat(language, window))


def limits(one: ChannelStatistics) -> str:
    """A channel's rated limits."""
    low = f"≥ {quantity(one.limit_low, one.unit)}" if one.limit_low is not None else ""
    high = f"≤ {quantity(one.limit_high, one.unit)}" if one.limit_high is not None else ""
    return " ".join(part for part in (low, high) if part) or "-"


def trend(
    series: ChannelSeries, window: TelemetryWindow | None, language: Language, zone: tzinfo
) -> str:
    """One channel over a window."""
    name = channel(language, series.channel)
    span = duration((series.window.end - series.window.start).total_seconds(), language)
    head = say(
        language,
        f"**{name}** of {plain(series.device_id)} over {span} up to"
        f" {moment(series.window.end, zone)}, {series.readings} values.",
        f"{plain(series.device_id)} 的**{name}**，截至 {moment(series.window.end, zone)} 的 "
        f"{span}，{series.readings} 个值。",
    )
    numbers = ""
    of_it = [one for one in window.channels if one.channel == series.channel] if window else []
    for one in of_it:
        last, mean, low, high = (
            quantity(value, one.unit) for value in (one.last, one.mean, one.low, one.high)
        )
        slope = signed(one.slope_per_hour, one.unit)
        numbers = say(
            language,
            f"Last {last}; mean {mean}, low {low}, high {high}; trend {slope} per hour;"
            f" rated limit {limits(one)}.",
            f"最近值 {last}；均值 {mean}，最低 {low}，最高 {high}；趋势每小时 {slope}；"
            f"额定限值 {limits(one)}。",
        )
    return joined(head, numbers, caveat(language, series))


def alerts(
    seen: AlertList | AlertHistoryView, language: Language, zone: tzinfo, *, standing: bool = True
) -> str:
    """Alerts, the newest first; `standing` says of a list what it was asked for."""
    since, total = moment(seen.window.start, zone), seen.total
    if isinstance(seen, AlertHistoryView):
        device = plain(seen.device_id)
        head = say(
            language,
            f"{total} alert(s) of {device} since {since}.",
            f"{device} 自 {since} 起共 {total} 个报警。",
        )
    elif not standing:
        head = say(
            language, f"{total} alert(s) since {since}.", f"自 {since} 起共 {total} 个报警。"
        )
    elif total == 0:
        head = say(language, "No alert stands.", "当前没有未恢复的报警。")
    else:
        head = say(language, f"{total} standing alert(s):", f"当前有 {total} 个未恢复的报警：")
    if total == 0:
        return head
    return joined(head, alert_rows(seen.alerts, language, zone), caveat(language, seen))


def alert_rows(rows: tuple[AlertLine, ...], language: Language, zone: tzinfo) -> str:
    """Alerts as a table, in the order given."""
    heads = say(
        language,
        "Level,Device,Type,Channels,First seen,State,Alert",
        "级别,设备,类型,通道,首次出现,状态,报警编号",
    ).split(",")
    cells = [
        [
            one.alert_level.value,
            plain(one.device_id),
            word(language, one.alert_type),
            listed(language, [channel(language, name) for name in one.channels]),
            moment(one.first_seen, zone),
            word(language, one.state.value) if one.state else "-",
            plain(one.trace_id),
        ]
        for one in rows
    ]
    return table(heads, cells) if cells else ""


def deviations(seen: AlertView, language: Language, zone: tzinfo) -> str:
    """What one alert was raised for, before anybody diagnosed it."""
    alert = seen.alert
    heads = say(language, "Channel,Reading,Expected,Rated limit", "通道,读数,预期,额定限值")
    rows = [
        [
            channel(language, one.channel),
            quantity(one.value, one.unit),
            quantity(one.expected, one.unit),
            quantity(one.limit, one.unit),
        ]
        for one in alert.deviations
    ]
    kind, device = word(language, alert.alert_type), plain(alert.device_id)
    since = moment(alert.onset, zone)
    head = say(
        language,
        f"{alert.alert_level} of {device}: {kind}; the deviation began at {since}.",
        f"{device} {alert.alert_level} 级报警：{kind}；偏离始于 {since}。",
    )
    return joined(head, table(heads.split(","), rows))


def alert_in_words(alert: Alert, language: Language) -> str:
    """What an alert says, in a line for a work order that nobody planned yet."""
    kind = word(language, alert.alert_type)
    told = [
        f"{channel(language, one.channel)} {quantity(one.value, one.unit)}"
        for one in alert.deviations
    ]
    seen = listed(language, told)
    return say(
        language,
        f"Inspect {alert.device_id}: {kind}" + (f" ({seen})" if seen else ""),
        f"检查 {alert.device_id}：{kind}" + (f"（{seen}）" if seen else ""),
    )


def held(quiet: tuple[AlertLine, ...], seen: AlertList, language: Language, zone: tzinfo) -> str:
    """The alerts that stand and are held back, each with what holds it."""
    counted = sum(seen.held_back.values())
    if not quiet and not counted:
        return joined(
            say(language, "No standing alert is held back.", "没有被抑制的报警。"),
            caveat(language, seen),
        )
    heads = say(
        language, "Alert,Device,Level,Type,Held back by", "报警编号,设备,级别,类型,原因"
    ).split(",")
    rows = [
        [
            plain(one.trace_id),
            plain(one.device_id),
            one.alert_level.value,
            word(language, one.alert_type),
            word(language, one.held.value) if one.held else say(language, "other", "其他"),
        ]
        for one in quiet
    ]
    total = max(counted, len(quiet))
    head = say(language, f"{total} alert(s) held back:", f"共 {total} 个报警被抑制：")
    ask = say(
        language,
        "*why was AL-… held back* tells until when, and what would bring it out.",
        "可问“AL-… 为什么被抑制”，了解到何时为止以及什么会使其发出。",
    )
    return joined(head, table(heads, rows) if rows else "", ask, caveat(language, seen))
