"""Which column of a file becomes which channel, in which unit, and what was assumed."""

from enum import StrEnum

from opsmith.domain.base import Language, Model


class Basis(StrEnum):
    """Why a column is read in that unit."""

    OPTION = "option"
    HEADER = "header"
    """The header says it."""
    OWN = "own"
    """Nobody says it: the channel's own unit is assumed."""
    VALUES = "values"
    """Nobody says it, and the channel's own unit would be absurd: assumed from the values."""
    UNKNOWN = "unknown"
    """No measurement that we know: kept as it is."""


class Reason(StrEnum):
    """Why a column is no channel."""

    OPTION = "option"
    LABEL = "label"
    IDENTIFIER = "identifier"
    TEXT = "text"
    EMPTY = "empty"


class Column(Model):
    """One column that becomes a channel: value * factor + offset."""

    name: str
    channel: str
    unit: str | None
    """Of the file; None where it is not known."""
    own_unit: str | None
    """Of the channel."""
    factor: float = 1.0
    offset: float = 0.0
    basis: Basis


class LeftOut(Model):
    """One column that does not."""

    name: str
    reason: Reason


class Mapping(Model):
    """How a recorded file is read."""

    time: tuple[str, ...]
    """The column of the times, or those of date and time of day."""
    time_format: str
    zone: str
    """Of times that name none."""
    time_is_assumed: bool = False
    """Day and month could be the other way round."""
    decimal_comma: bool = False
    """Numbers are written `1,5`."""
    device: str | None = None
    """The column that names the device."""
    status: str | None = None
    columns: tuple[Column, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def assumed(self) -> tuple[Column, ...]:
        """The columns whose unit nobody stated, and that could be in another."""
        return tuple(each for each in self.columns if each.basis in {Basis.OWN, Basis.VALUES})


class MappingOptions(Model):
    """What the user says about a file."""

    maps: tuple[str, ...] = ()
    """`COLUMN=channel` or `COLUMN=channel:unit`; `COLUMN=` leaves it out."""
    units: tuple[str, ...] = ()
    """`channel=unit`, for columns whose header does not say it."""
    time: str | None = None
    """The column of the times."""
    zone: str = "UTC"
    """IANA name, for times that name none."""
    encoding: str | None = None


_REASONS: dict[Reason, dict[Language, str]] = {
    Reason.OPTION: {"en": "you left it out", "zh": "按您的选项略去"},
    Reason.LABEL: {"en": "a label, not a reading", "zh": "是标签，不是读数"},
    Reason.IDENTIFIER: {"en": "a running number or a name", "zh": "是编号或名称"},
    Reason.TEXT: {"en": "text", "zh": "是文字"},
    Reason.EMPTY: {"en": "empty", "zh": "为空"},
}
_BASES: dict[Basis, dict[Language, str]] = {
    Basis.OPTION: {"en": "as you said", "zh": "按您的选项"},
    Basis.HEADER: {"en": "the header says so", "zh": "表头注明"},
    Basis.OWN: {
        "en": "ASSUMED: the header states no unit; --unit {channel}=... to change",
        "zh": "假定：表头未注明单位；可用 --unit {channel}=... 更改",
    },
    Basis.VALUES: {
        "en": "ASSUMED: in {own} the values would be absurd; --unit {channel}=... to change",
        "zh": "由数值推定（按 {own} 不合理）；可用 --unit {channel}=... 更改",
    },
    Basis.UNKNOWN: {"en": "unknown measurement, kept as it is", "zh": "未知测量量，原样保留"},
}
_PEOPLE = {"Cel": "°C", "[degF]": "°F", "[g]": "g", "m/s2": "m/s²", "m3/h": "m³/h", "/min": "r/min"}
_SIGNS = {
    "%d": "DD", "%m": "MM", "%Y": "YYYY", "%y": "YY", "%H": "hh", "%I": "hh", "%M": "mm",
    "%S": "ss", "%f": "ffffff", "%p": "AM/PM", "%b": "Jan", "%z": "zone",
}  # fmt: skip


def explain(column: Column, language: Language = "en") -> str:
    """Why a column is read in its unit, in a few words."""
    text = _BASES[column.basis][language]
    return text.format(
        channel=column.channel, own=_PEOPLE.get(column.own_unit or "", column.own_unit)
    )


def describe(mapping: Mapping, language: Language = "en") -> list[str]:
    """The mapping for people, one line each: the time, each channel, what is left out."""
    english = language == "en"
    time, form = " + ".join(mapping.time), _for_people(mapping.time_format)
    lines = [
        f"{time} -> time ({form}, {mapping.zone} where no zone is given)"
        if english
        else f"{time} -> 时间（{form}；未注明时区者按 {mapping.zone}）"
    ]
    if mapping.time_is_assumed:
        lines.append(
            "ASSUMED: the order of day and month; the times fit both"
            if english
            else "假定：日与月的先后；两种读法都成立"
        )
    for each in mapping.columns:
        unit = _PEOPLE.get(each.unit or "", each.unit or "?")
        lines.append(f"{each.name} -> {each.channel} [{unit}] ({explain(each, language)})")
    for out in mapping.left_out:
        word = "left out" if english else "略去"
        lines.append(f"{out.name} -> {word} ({_REASONS[out.reason][language]})")
    return lines


def _for_people(time_format: str) -> str:
    """A pattern of `strptime` as people write it; other formats have a name already.

    >>> _for_people("%d.%m.%Y %H:%M:%S")
    'DD.MM.YYYY hh:mm:ss'
    """
    for sign, people in _SIGNS.items():
        time_format = time_format.replace(sign, people)
    return time_format
