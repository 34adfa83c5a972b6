"""What came of a file of readings, in words and as a step shows it."""

import re
from collections.abc import Sequence
from datetime import tzinfo

from opsmith.domain.base import Language
from opsmith_agents.reply_words import channel, joined, listed, moment, plain, say, table, word
from opsmith_chat.tried import Tried

_ROWS = 10
_CHANNELS = 8
_DEVICES = 10
_READ_AS = 12
_OPTION = re.compile(r"[;；] ?(可用 )?--unit [^)）]*")


def tried_text(tried: Tried, name: str, language: Language, zone: tzinfo) -> str:
    """What came of a file of readings, in Markdown.

    Args:
        tried: What the detector made of it.
        name: Of the file.
        language: Of the text.
        zone: Of the times.
    """
    count = sum(one.readings for one in tried.devices)
    head = say(
        language,
        f"**{plain(name)}**: {count} readings of {len(tried.devices)} device(s). The plant's own "
        f"detector, new to them, would have raised {len(tried.alerts)} alert(s). "
        "Nothing of the file is stored.",
        f"**{plain(name)}**：{len(tried.devices)} 台设备共 {count} 条读数。用本厂同一检测器"
        f"（从头学习）判断，会产生 {len(tried.alerts)} 个报警。文件内容不会入库。",
    )
    return joined(
        head,
        _devices(tried, language, zone),
        _alerts(tried, language, zone),
        _notes(tried, language),
    )


def _devices(tried: Tried, language: Language, zone: tzinfo) -> str:
    heads = say(
        language, "Device,Readings,From,To,Channels,Limits", "设备,读数,起,止,通道,额定限值"
    )
    rows = [
        [
            plain(one.device_id),
            str(one.readings),
            moment(one.start, zone),
            moment(one.end, zone),
            _few([channel(language, each) for each in one.channels], _CHANNELS, language),
            say(language, "registry", "台账") if one.is_known else say(language, "none", "无"),
        ]
        for one in tried.devices[:_DEVICES]
    ]
    left = len(tried.devices) - _DEVICES
    more = say(language, f"And {left} more devices.", f"另有 {left} 台设备。") if left > 0 else ""
    return joined(table(heads.split(","), rows), more)


def _alerts(tried: Tried, language: Language, zone: tzinfo) -> str:
    if not tried.alerts:
        return ""
    worst = sorted(tried.alerts, key=lambda one: (one.alert_level, one.first_seen))
    heads = say(
        language, "Level,Device,Type,Raised,Cleared,Channels", "级别,设备,类型,触发,消除,通道"
    )
    rows = [
        [
            one.alert_level.value,
            plain(one.device_id),
            word(language, one.alert_type),
            moment(one.first_seen, zone),
            moment(one.cleared_at, zone)
            if one.cleared_at
            else say(language, "stands at the end", "至文件结束仍存在"),
            _few([channel(language, each) for each in one.channels], 3, language),
        ]
        for one in worst[:_ROWS]
    ]
    left = len(worst) - _ROWS
    more = say(language, f"And {left} more alerts.", f"另有 {left} 个报警。") if left > 0 else ""
    return joined(table(heads.split(","), rows), more)


def _notes(tried: Tried, language: Language) -> str:
    notes: list[str] = []
    if not tried.is_named:
        notes.append(
            say(
                language,
                "The file does not say which device it is of: name the device in the message, and "
                "its rated limits are used.",
                "文件未注明设备：在消息中写明设备编号，即可使用其额定限值。",
            )
        )
    if tried.dead_rows:
        reason = plain(tried.dead_reason)
        notes.append(
            say(
                language,
                f"{tried.dead_rows} row(s) are no readings; the first: {reason}.",
                f"有 {tried.dead_rows} 行不是读数，首行原因：{reason}。",
            )
        )
    if tried.read_as:
        notes.append(say(language, "Read as:", "列的理解："))
        # The way out that it names is an option of a command.
        lines = [_OPTION.sub("", line) for line in tried.read_as[:_READ_AS]]
        notes += [f"- {plain(line)}" for line in lines]
    return "\n".join(notes)


def _few(names: Sequence[str], most: int, language: Language) -> str:
    shown = list(names[:most])
    return listed(language, shown + (["…"] if len(names) > most else []))


def facts_of(tried: Tried) -> dict[str, object]:
    """The result as a step shows it."""
    return {
        "devices": [
            {"device_id": one.device_id, "readings": one.readings, "channels": list(one.channels)}
            for one in tried.devices[:_DEVICES]
        ],
        "alerts": [
            {
                "device_id": one.device_id,
                "alert_type": one.alert_type,
                "alert_level": one.alert_level.value,
                "first_seen": one.first_seen.isoformat(),
            }
            for one in tried.alerts[:_ROWS]
        ],
        "dead_rows": tried.dead_rows,
    }
