"""What the assistant says of counts and correlations, in Markdown, in both languages."""

from collections.abc import Sequence
from datetime import tzinfo

from opsmith.domain.base import Language
from opsmith_agents.reply_words import (
    caveat,
    channel,
    duration,
    joined,
    moment,
    plain,
    say,
    table,
    word,
)
from opsmith_mcp.alert_counts import NONE, AlertCounts
from opsmith_mcp.correlate import Correlations, Pair

_GROUPS: dict[str, tuple[str, str]] = {
    "device": ("Device", "设备"),
    "device_type": ("Class", "设备类型"),
    "line": ("Line", "产线"),
    "type": ("Type", "类型"),
    "level": ("Level", "级别"),
    "code": ("Code", "代码"),
    "source": ("Source", "来源"),
    "state": ("State", "状态"),
    "held": ("Held back by", "抑制原因"),
}
_OURS = frozenset({"type", "device_type", "state", "held"})
"""Dimensions whose keys are words of ours."""
_PAIRS = 12


def group_name(by: str, language: Language) -> str:
    """What alerts are counted by, as a heading says it.

    >>> group_name("type", "en"), group_name("device", "zh")
    ('Type', '设备')
    """
    return say(language, *_GROUPS.get(by, (by, by)))


def key_name(by: str, key: str, language: Language) -> str:
    """A group of alerts as people call it."""
    if key == NONE:
        return say(language, "none", "无")
    return word(language, key) if by in _OURS else plain(key)


def counted(seen: AlertCounts, language: Language, zone: tzinfo) -> str:
    """How many alerts were raised, by one thing, the most frequent first."""
    start, end = moment(seen.window.start, zone), moment(seen.window.end, zone)
    head = say(
        language,
        f"**{seen.total} alert(s)** raised from {start} to {end}, {seen.held_back} of them held "
        "back.",
        f"{start} 至 {end} 共发生 **{seen.total} 个报警**，其中 {seen.held_back} 个被抑制。",
    )
    if not seen.groups:
        return head
    by = seen.group_by[0]
    heads = say(language, "Alerts,Share,Together", "报警数,占比,累计").split(",")
    rows: list[list[str]] = []
    so_far = 0
    for one in seen.groups:
        so_far += one.count
        together = f"{so_far / seen.total:.1%}"
        rows.append([key_name(by, one.key, language), str(one.count), f"{one.share:.1%}", together])
    return joined(head, table([group_name(by, language), *heads], rows), caveat(language, seen))


def together(seen: Correlations, language: Language, zone: tzinfo) -> str:
    """Which channels of a device go together."""
    length = duration((seen.window.end - seen.window.start).total_seconds(), language)
    head = say(
        language,
        f"**{plain(seen.device_id)}**: what goes together in the {length} up to "
        f"{moment(seen.window.end, zone)}. That proves no cause.",
        f"**{plain(seen.device_id)}** 截至 {moment(seen.window.end, zone)} 的 {length}内，"
        "各通道的相关性；相关不等于因果。",
    )
    heads = say(
        language,
        "Channels,Correlation r,95 % interval,Certain,Leads by",
        "通道,相关系数 r,95 % 区间,是否确定,领先",
    )
    rows = _pairs(seen.pairs[:_PAIRS], language)
    return joined(head, table(heads.split(","), rows) if rows else "", caveat(language, seen))


def _pairs(pairs: Sequence[Pair], language: Language) -> list[list[str]]:
    none, yes, no = say(language, "-,yes,no", "-,是,否").split(",")
    rows: list[list[str]] = []
    for one in pairs:
        a, b = channel(language, one.channel), channel(language, one.other)
        lead = none
        if one.lag_seconds:
            first = a if one.lag_seconds > 0 else b
            lead = f"{first} {duration(abs(one.lag_seconds), language)}"
        known = one.pearson_low is not None and one.pearson_high is not None
        rows.append(
            [
                say(language, f"{a} and {b}", f"{a} 与 {b}"),
                none if one.pearson is None else f"{one.pearson:.2f}",
                f"{one.pearson_low:.2f} … {one.pearson_high:.2f}" if known else none,
                yes if one.certain else no,
                lead,
            ]
        )
    return rows
