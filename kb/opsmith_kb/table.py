"""The fault x symptom matrix as people read it: a row a failure mode, a column a channel."""

from collections.abc import Sequence

from opsmith.domain.base import Language
from opsmith.domain.knowledge import KnowledgeEntry, Sign
from opsmith_kb.channels import channel_name
from opsmith_kb.classes import CLASSES, ROTATING, applies_to
from opsmith_kb.fits import UNREST

CLASS_NAMES: dict[str, tuple[str, str]] = {
    "pump": ("Pumps", "泵"), "motor": ("Motors", "电机"), "compressor": ("Compressors", "压缩机"),
    "fan": ("Fans", "风机"), "gearbox": ("Gearboxes", "齿轮箱"),
    "heat_exchanger": ("Heat exchangers", "换热器"), "valve": ("Valves", "阀门"),
    "conveyor": ("Conveyors", "输送机"), "transformer": ("Power transformers", "电力变压器"),
    "chiller": ("Chillers", "冷水机组"), "air_handler": ("Air handling units", "空调机组"),
    "hydraulic_station": ("Hydraulic stations", "液压站"),
    "machine_tool": ("Machine tools", "机床"),
    "optical_transceiver": ("Optical transceivers", "光模块"),
    "energy_meter": ("Energy meters", "电能表"),
    ROTATING: ("Any machine with a rotor", "任何旋转设备"), "*": ("Any device", "任何设备"),
}  # fmt: skip
"""Class -> what its devices are called; `rotating` and `*` too."""
_TOLD = 0.3
"""Least weight of a sign that gets a cell."""
_STRONG = 1.5
_SPECIAL = {
    "*": ("one channel alone", "仅一个通道"), "@all": ("most channels", "多数通道"),
    "@twin": ("one of several like sensors", "同类之一"),
    "@lone": ("one that drags others", "孤立变化"),
    "@load": ("all load channels", "随负荷同动"),
}  # fmt: skip
_WAYS = {"up": "↑", "down": "↓", "any": "↕", "none": "="}
_WORDS: dict[Language, dict[str, str]] = {
    "en": {"mode": "failure mode", "none": "No failure mode of this class."},
    "zh": {"mode": "故障模式", "none": "该类别没有故障模式。"},
}


def cell(sign: Sign) -> str:
    """A sign in one cell: way, restless or not, telling or not, and its order.

    >>> cell(Sign(channel="flow", direction="down", weight=2.0, order=1))
    '**↓** 1'
    """
    way = _WAYS[sign.direction]
    if sign.kinds and UNREST.intersection(sign.kinds) and sign.direction in ("any", "none"):
        way = "≈"
    told = f"**{way}**" if sign.weight >= _STRONG else way
    return told if sign.order is None else f"{told} {sign.order}"


def matrix_rows(
    entries: Sequence[KnowledgeEntry], language: Language
) -> tuple[list[str], list[list[str]]]:
    """The headings and the rows of a matrix of these entries; the commonest channel first."""
    signs = [
        {
            sign.channel: sign
            for sign in sorted(entry.signs, key=lambda sign: sign.weight)
            if sign.weight >= _TOLD
        }
        for entry in entries
    ]
    moved = [sign.channel for row in signs for sign in row.values() if sign.direction != "none"]
    channels = sorted(set(moved), key=lambda channel: (-moved.count(channel), channel))
    headings = [_WORDS[language]["mode"], *(_heading(channel, language) for channel in channels)]
    rows = [
        [
            f"{entry.text[language].name} (`{entry.entry_id}`)",
            *(cell(row[channel]) if channel in row else "" for channel in channels),
        ]
        for entry, row in zip(entries, signs, strict=True)
    ]
    return headings, rows


def _heading(channel: str, language: Language) -> str:
    if channel in _SPECIAL:
        return _SPECIAL[channel][language == "zh"]
    if language == "en":
        return channel.replace("_", " ")
    return "/".join(channel_name(part, language) for part in channel.split("/"))


def matrix_markdown(
    entries: Sequence[KnowledgeEntry], class_: str | None, language: Language
) -> str:
    """The matrix in Markdown.

    Args:
        entries: All.
        class_: One class, with all that holds for it; None: every class, with what names it.
        language: Of names and headings.
    """
    if class_ is not None:
        return _table([one for one in entries if applies_to(one, class_)], language)
    return "\n".join(
        f"### {CLASS_NAMES[name][language == 'zh']}\n\n"
        + _table([one for one in entries if name in one.device_types], language)
        for name in (*sorted(CLASSES), ROTATING, "*")
    )


def _table(entries: Sequence[KnowledgeEntry], language: Language) -> str:
    if not entries:
        return _WORDS[language]["none"] + "\n"
    headings, rows = matrix_rows(entries, language)
    lines = [headings, ["---", *(":-:" for _ in headings[1:])], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
