"""What a column's header says: which channel it is, and in which unit."""

import re
from dataclasses import dataclass

from opsmith.bus.codec import RESERVED
from opsmith.domain.units import MEASUREMENTS, unit_of

_ALIASES = {
    "Cel": "cel °c ℃ degc celsius c 摄氏度 grad",
    "[degF]": "°f ℉ degf fahrenheit f [degf] 华氏度",
    "K": "k kelvin °k 开尔文",
    "[g]": "g [g] grms gn g-rms",
    "m/s2": "m/s2 m/s² m/s^2 m/s**2 m·s-2 mps2",
    "mm/s": "mm/s mmps mm/sec mm/srms 毫米/秒",
    "[in_i]/s": "in/s ips inch/s [in_i]/s",
    "MPa": "mpa 兆帕",
    "kPa": "kpa 千帕",
    "Pa": "pa 帕 pascal",
    "bar": "bar barg bar(g)",
    "mbar": "mbar millibar hpa",
    "psi": "psi psig [psi] lbf/in2",
    "A": "a amp amps ampere amperes 安 安培",
    "mA": "ma 毫安",
    "V": "v volt volts 伏 伏特",
    "kV": "kv 千伏",
    "L/min": "l/min lpm ltr/min 升/分 升/分钟",
    "m3/h": "m3/h m³/h m^3/h cbm/h m3/hr m³/hr 立方米/小时 方/小时",
    "L/s": "l/s lps 升/秒",
    "/min": "rpm r/min 1/min min-1 min^-1 min⁻¹ /min u/min 转/分 转/分钟",
    "Hz": "hz 赫兹",
    "kW": "kw 千瓦",
    "W": "w watt watts 瓦",
}
_UNITS = {alias: unit for unit, aliases in _ALIASES.items() for alias in aliases.split()}
_OF_UNIT = {
    "Cel": "temperature", "[degF]": "temperature", "K": "temperature",
    "[g]": "vibration", "m/s2": "vibration", "mm/s": "vibration_velocity",
    "[in_i]/s": "vibration_velocity",
    "MPa": "pressure", "kPa": "pressure", "Pa": "pressure", "bar": "pressure",
    "mbar": "pressure", "psi": "pressure",
    "A": "current", "mA": "current", "V": "voltage", "kV": "voltage",
    "L/min": "flow", "m3/h": "flow", "L/s": "flow", "/min": "speed", "kW": "power", "W": "power",
}  # fmt: skip
"""What a unit measures where the words do not say it; Hz can be anything."""

_CHANNELS = [
    (
        "ambient_temperature",
        r"\b(ambient|air|room|outdoor|outside|umgebungs?|raum|aussen|außen)\s?\w*temp|(环境|室|气)温",
    ),
    (
        "fluid_temperature",
        r"\b(fluid|water|oil|liquid|coolant|medium|medien|wasser|öl|oel|kühl\w*)\s?\w*temp"
        r"|\bthermo ?couple|(流体|介质|水|油|冷却液|液体)温",
    ),
    ("flow", r"\bflow|durchfluss|(volumen|massen)strom|流量|\bcaudal|\bd[ée]bit|\bportata"),
    ("vibration_velocity", r"\bvib\w* vel|\bvelocity|振动速度|振速|schwinggeschwindigkeit"),
    ("vibration", r"\bvib|\bacc\b|\baccel|beschleunigung|schwing|振动|加速度"),
    ("temperature", r"\btemp\b|\btmp\b|temperat|温度|温$"),
    ("pressure", r"\bpress|druck\b|压力|压强|\bpresi[oó]n"),
    ("current", r"\bcurrent|\bamps?\b|\bamper|strom\b|电流|\bcorriente|\bcourant|\bcorrente"),
    ("voltage", r"\bvolt|spannung|电压|\btensi[oó]n"),
    ("speed", r"\bspeed|\brpm\b|\brotation|drehzahl|转速|\bvelocidad|\bvitesse"),
    ("power", r"\bpower\b(?! factor)|leistung\b|功率|\bpotencia|\bpuissance"),
]
_LABEL = (
    r"\b(anomal\w*|change ?points?|labels?|targets?|ground truth|faults?|failures?|class|split"
    r"|outliers?|is \w+)\b|标签|异常|故障|fehler"
)
_IDENTIFIER = (
    r"^$|^(index|idx|row|rows|no|nr|number|seq|sequence|record|uid|udi|unnamed.*|序号|编号|行号)$"
    r"|\bids?$|编号$|序列号"
)
_TIME = (
    r"^(time ?stamps?|date ?time|date|time|ts|utc|(event|sample) ?time|(recorded|measured) at"
    r"|zeit|zeitstempel|datum|uhrzeit|fecha|hora|heure|日期|时间|时间戳|(采集|记录|日期)时间)\b"
)
_DEVICE = (
    r"^(device|machine|asset|equipment)( ?(id|name|tag))?$|^(unit|pump|motor) ?(id|name|tag)$"
    r"|^设备(编号|名称|id| id)?$|^maschine$|^anlage$"
)
_STATUS = r"^(status|state|condition|mode|zustand|状态|运行状态)$"

_BRACKETS = re.compile(r"\[([^\]]*)\]|\(([^)]*)\)|（([^）]*)）|【([^】]*)】|{([^}]*)}")
_PLACES = re.compile(r"^(\d+|[a-z]|l[123]|[nd]?de|in|out|avg|mean|max|min|rms|raw|[xyz]\d?)$")


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says."""

    words: str
    """In lower case, apart, without the unit."""
    unit: str | None
    """One that `opsmith.domain.units` knows."""
    strange_unit: str | None
    """What stands where a unit does, and is none that we know."""

    def means(self, pattern: str) -> bool:
        """Whether the words match."""
        return re.search(pattern, self.words) is not None

    @property
    def is_label(self) -> bool:
        """The truth that somebody wrote beside the readings; never a reading."""
        return self.means(_LABEL)

    @property
    def is_identifier(self) -> bool:
        """A running number or a name."""
        return self.means(_IDENTIFIER)

    @property
    def is_time(self) -> bool:
        """A date, a time of day, or both."""
        return self.means(_TIME)

    @property
    def is_device(self) -> bool:
        """Which device the row is of."""
        return self.means(_DEVICE)

    @property
    def is_status(self) -> bool:
        """What the device says of itself."""
        return self.means(_STATUS)

    @property
    def is_second_rate(self) -> bool:
        """Of a place that gives way to another column of the same measurement."""
        return self.means(r"\b(suction|inlet|intake|saug\w*|eingang\w*)\b|吸入|入口|进口")

    def channel(self) -> str | None:
        """The known channel that it names, or None."""
        for channel, pattern in _CHANNELS:
            if self.means(pattern):
                if channel == "vibration" and self.unit in {"mm/s", "[in_i]/s"}:
                    return "vibration_velocity"
                return channel
        return _OF_UNIT.get(self.unit) if self.unit else None


def read_header(name: str) -> Header:
    """Take a header apart.

    >>> read_header("Pressure (bar)")
    Header(words='pressure', unit='bar', strange_unit=None)
    >>> read_header("Accelerometer1RMS").channel()
    'vibration'
    """
    unit = strange = None
    text = name.strip()
    for match in _BRACKETS.finditer(text):
        inside = next(group for group in match.groups() if group is not None).strip()
        known = unit_from(inside)
        if known is not None:
            unit = known
        elif match[0][0] in "[【" or re.search(r"[/°²³%]", inside):
            strange = inside if not _PLACES.match(inside.lower()) else strange
    text = _BRACKETS.sub(lambda found: "" if _has_unit(found[0]) else f" {found[0][1:-1]} ", text)
    if unit is None:
        text, unit = _unit_at_end(text)
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Z])", " ", text)
    words = " ".join(re.sub(r"[\W_]+", " ", apart).lower().split())
    return Header(words, unit, None if unit else strange)


def unit_from(text: str) -> str | None:
    """The unit that people write so, as `opsmith.domain.units` knows it, or None.

    >>> unit_from("°C"), unit_from("m³/h"), unit_from("furlong")
    ('Cel', 'm3/h', None)
    """
    plain = text.strip().strip("[]").replace(" ", "").lower()
    return _UNITS.get(plain)


def own_name(name: str) -> str | None:
    """The name itself where it is a known channel's, such as `vibration2`."""
    plain = name.strip().lower()
    return plain if unit_of(plain) is not None and re.fullmatch(r"[a-z_]+_?\d*", plain) else None


def slug(name: str) -> str:
    """A channel name for a column that nobody knows.

    >>> slug("Torque [Nm]"), slug("HUFL")
    ('torque_nm', 'hufl')
    """
    plain = re.sub(r"\W+", "_", name.strip().lower()).strip("_") or "column"
    plain = f"x{plain}" if plain[0].isdigit() else plain
    return f"{plain}_value" if plain in {*MEASUREMENTS, *RESERVED} else plain


def _has_unit(bracketed: str) -> bool:
    return unit_from(bracketed[1:-1]) is not None


def _unit_at_end(text: str) -> tuple[str, str | None]:
    """`temp_degC`, `Druck bar`, `Temperatur in °C`, `温度℃`: the text before, the unit."""
    glued = re.match(r"^(.*?[\u4e00-\u9fff])[/,，:：]?\s*([^\u4e00-\u9fff\s]+)$", text)
    if glued and (unit := unit_from(glued[2])):
        return glued[1], unit
    for parts in (2, 1):
        split = re.match(rf"^(.+?)(?:[\s,]+(?:in\s+)?|_)((?:[^\s_,]+_?){{{parts}}})$", text)
        if split:
            unit = unit_from(split[2]) or unit_from(split[2].replace("_", "/"))
            if unit is not None:
                return split[1], unit
    return text, None
