"""What the channels say for and against a failure mode, in sentences."""

from opsmith.domain.base import Language
from opsmith.domain.changes import ChannelChange
from opsmith.domain.knowledge import Sign
from opsmith_kb.signs import INSTRUMENT_KINDS, LITTLE, Finding
from opsmith_mcp.figures import figure

_KINDS_ZH = {
    "step": "阶跃", "ramp": "缓变", "spike": "尖峰", "oscillation": "振荡", "variance": "波动增大",
    "flat": "停滞不变", "dropout": "掉线", "implausible": "超出合理范围",
    "clock": "时钟错误", "unit": "单位改变", "drift": "漂移", "unknown": "形态不明",
}  # fmt: skip
_KINDS_EN = {
    "oscillation": "oscillates", "variance": "became unsteady", "flat": "stands still",
    "dropout": "drops out", "implausible": "reads what cannot be", "spike": "had spikes",
    "clock": "has a wrong clock", "unit": "came in another unit",
}  # fmt: skip
_EXPECTED = {
    "en": {
        "up": "it would rise",
        "down": "it would fall",
        "none": "it would stay as it was",
        "any": "it would change",
    },
    "zh": {"up": "本应上升", "down": "本应下降", "none": "本应不变", "any": "本应有变化"},
}
_GENERAL = {
    "*": ("exactly one channel shows it", "没有或不止一个通道呈现该迹象", "仅一个通道呈现该迹象"),
    "@all": ("most channels show it together", "并非多数通道同时呈现", "多数通道同时呈现该迹象"),
    "@twin": (
        "one of several like channels moved, the others did not",
        "同类通道之间没有出现分歧",
        "同类通道中仅一个变化",
    ),
    "@lone": (
        "one channel moved alone, though what it measures always moves others",
        "并非单个通道孤立变化",
        "仅一个通道变化，而其测量的量必然带动其他通道",
    ),
    "@load": (
        "the channels moved together as with another load",
        "各通道并非随负荷一起变化",
        "各通道随负荷一起变化",
    ),
}


def sentence(finding: Finding, language: Language) -> str:
    """What one sign found, with the figures it rests on."""
    sign, change = finding.sign, finding.change
    if sign.channel in _GENERAL:
        return _general(finding, language)
    if change is None:
        return sign.channel
    if finding.effect >= 0:
        return seen(change, language)
    expected = _EXPECTED[language][sign.direction]
    if change.significant and sign.direction in ("any", change.direction):
        expected = _other_kind(sign, language)
    return f"{seen(change, language)}{'; ' if language == 'en' else '，'}{expected}"


def _other_kind(sign: Sign, language: Language) -> str:
    if language == "zh":
        return f"本应呈{'或'.join(_KINDS_ZH[kind] for kind in sign.kinds) or '其他形态'}"
    return f"the change would be of another kind ({', '.join(sign.kinds) or 'any'})"


def seen(change: ChannelChange, language: Language) -> str:
    """How one channel changed.

    >>> seen(ChannelChange(channel="pressure", unit="MPa", before=2.0, now=2.01, sigmas=0.3,
    ...     spread_ratio=1.0, direction="none", kind="unknown", significant=False,
    ...     missing_share=0.0), "en")
    'pressure stayed as usual (2 to 2.01 MPa)'
    """
    levels = _levels(change, language)
    if language == "zh":
        return f"{change.channel} {_way_zh(change)}（{levels}）"
    return f"{change.channel} {_way_en(change)} ({levels})"


def _levels(change: ChannelChange, language: Language) -> str:
    unit = f" {change.unit}" if change.unit else ""
    to = " to " if language == "en" else " → "
    return f"{_number(change.before)}{to}{_number(change.now)}{unit}"


def _number(value: float | None) -> str:
    rounded = figure(float(f"{value:.3g}")) if value is not None else None
    return "?" if rounded is None else f"{rounded:g}"


def _way_en(change: ChannelChange) -> str:
    if not change.significant:
        if abs(change.sureness) < LITTLE or change.kind != "unknown":
            return "stayed as usual"
        return "rose a little" if change.sureness > 0 else "fell a little"
    if change.kind in _KINDS_EN and (change.direction == "none" or _is_about_sensor(change)):
        return _KINDS_EN[change.kind]
    way = "rose" if change.direction == "up" else "fell"
    how = {"step": " in a step", "ramp": " slowly"}.get(change.kind, "")
    return f"{way}{how}, by {abs(change.sigmas):.1f} standard deviations"


def _way_zh(change: ChannelChange) -> str:
    if not change.significant:
        if abs(change.sureness) < LITTLE or change.kind != "unknown":
            return "无异常变化"
        return "略有上升" if change.sureness > 0 else "略有下降"
    kind = "" if change.kind == "unknown" and change.direction != "none" else _KINDS_ZH[change.kind]
    if change.direction == "none" or _is_about_sensor(change):
        return kind
    way = "上升" if change.direction == "up" else "下降"
    return f"{kind}{way} {abs(change.sigmas):.1f} 个标准差"


def _is_about_sensor(change: ChannelChange) -> bool:
    return change.kind in INSTRUMENT_KINDS


def _general(finding: Finding, language: Language) -> str:
    holds, refuted_zh, holds_zh = _GENERAL[finding.sign.channel]
    if finding.effect < 0:
        return f"it is not so that {holds}" if language == "en" else refuted_zh
    text = holds if language == "en" else holds_zh
    if finding.change is None:
        return text
    return f"{text}{': ' if language == 'en' else '：'}{seen(finding.change, language)}"


def untested_channel(sign: Sign, language: Language) -> str:
    """The channel of a sign that nothing measures, and what it would do."""
    if sign.channel in _GENERAL:
        holds, _, holds_zh = _GENERAL[sign.channel]
        return holds if language == "en" else holds_zh
    return f"{sign.channel}: {_EXPECTED[language][sign.direction]}"


def described(sign: Sign, language: Language) -> str:
    """How a sign shows, in words without figures."""
    if sign.channel in _GENERAL:
        holds, _, holds_zh = _GENERAL[sign.channel]
        return holds if language == "en" else holds_zh
    if language == "zh":
        ways = {"up": "上升", "down": "下降", "none": "不变", "any": "有变化"}
        kinds = "、".join(_KINDS_ZH.get(kind, kind) for kind in sign.kinds)
        return f"{sign.channel} {ways[sign.direction]}{f'（{kinds}）' if kinds else ''}"
    ways = {"up": "rises", "down": "falls", "none": "stays as it was", "any": "changes"}
    kinds = ", ".join(sign.kinds)
    return f"{sign.channel} {ways[sign.direction]}{f' ({kinds})' if kinds else ''}"
