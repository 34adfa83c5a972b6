"""Device classes: which one a name or its channels mean, and which entries hold for it."""

from collections.abc import Sequence

from opsmith.domain.knowledge import KnowledgeEntry
from opsmith_kb.signs import measurement_name

ROTATING = "rotating"
"""Any machine with a rotor that has no class of its own in the knowledge."""

# The first that fits counts: what has another class's word in its name stands before that class.
_NAMES = {
    "chiller": ("chiller", "heat pump", "refrigeration unit", "冷水机", "制冷机", "冷机", "热泵"),
    "air_handler": (
        "air handl", "air_handl", "ahu", "fan coil", "air condition", "空调", "新风", "风机盘管",
        "空气处理",
    ),
    "hydraulic_station": (
        "hydraulic station", "hydraulic_station", "hydraulic power", "hydraulic unit",
        "hydraulic system", "液压站", "液压系统", "液压动力", "液压单元",
    ),
    "machine_tool": (
        "machine tool", "machine_tool", "lathe", "milling machine", "machining cent", "cnc",
        "grinding machine", "机床", "车床", "铣床", "磨床", "镗床", "加工中心", "数控",
    ),
    "optical_transceiver": ("transceiver", "optical module", "sfp", "光模块", "光收发"),
    "energy_meter": (
        "energy meter", "energy_meter", "power meter", "electricity meter", "电能表", "电表",
        "电度表", "电力仪表",
    ),
    "transformer": ("transformer", "变压器"),
    "heat_exchanger": (
        "heat exchanger", "heat_exchanger", "intercooler", "aftercooler", "oil cooler", "换热器",
        "热交换器", "冷却器",
    ),
    "compressor": ("compressor", "压缩机", "空压机"),
    "pump": ("pump", "泵"),
    "valve": ("valve", "阀"),
    "motor": ("motor", "电机", "电动机", "马达"),
    "conveyor": ("conveyor", "输送机", "皮带机", "传送带", "输送带", "输送线"),
    "gearbox": ("gear", "speed reducer", "齿轮", "减速机", "减速器"),
    "fan": ("fan", "blower", "风机", "风扇"),
    ROTATING: ("rotating", "turbine", "mixer", "汽轮机"),
}  # fmt: skip
CLASSES = tuple(name for name in _NAMES if name != ROTATING)
"""The classes that the knowledge has."""
_NO_ROTOR = frozenset(
    {"heat_exchanger", "valve", "transformer", "optical_transceiver", "energy_meter"}
)
_TELLING = {
    "optical_transceiver": {"bias_current", "rx_power", "tx_power"},
    "transformer": {"acetylene", "ethylene", "hydrogen", "tap_motor_current"},
    "chiller": {"evaporating_pressure", "condensing_pressure", "superheat"},
    "air_handler": {"supply_air_temperature", "return_air_temperature"},
    "hydraulic_station": {"accumulator_pressure", "case_drain_flow"},
    "machine_tool": {"spindle_load", "following_error", "axis_load"},
    "conveyor": {"belt_speed", "belt_tension", "belt_deviation"},
    "heat_exchanger": {"hot_outlet_temperature", "cold_outlet_temperature"},
    "energy_meter": {"energy", "energy_balance", "harmonic_distortion"},
}
"""Channels of which one alone tells the class: no device of another has it."""


def device_class(device_type: str) -> str:
    """The class that a free-text device type means; itself where it means none.

    >>> device_class("Centrifugal pump"), device_class("空压机"), device_class("robot")
    ('pump', 'compressor', 'robot')
    >>> device_class("SFP+ transceiver"), device_class("电力变压器")
    ('optical_transceiver', 'transformer')
    """
    text = device_type.strip().lower()
    for class_, names in _NAMES.items():
        if any(name in text for name in names):
            return class_
    return text


def infer_device_type(channels: Sequence[str], device_type: str = "unknown") -> str:
    """The class of a device: as registered, or as what is measured on it suggests.

    >>> infer_device_type(["vibration", "flow", "pressure"])
    'pump'
    >>> infer_device_type(["temperature", "bias_current", "rx_power"])
    'optical_transceiver'
    """
    class_ = device_class(device_type)
    if class_ not in ("", "unknown", "*"):
        return class_
    measured = {measurement_name(channel) for channel in channels}
    for class_, telling in _TELLING.items():
        if measured & telling:
            return class_
    if {"flow", "pressure"} <= measured:
        return "pump"
    if {"current", "voltage"} <= measured and not measured & {"flow", "pressure"}:
        return "motor"
    if measured & {"vibration", "vibration_velocity", "speed", "current"}:
        return ROTATING
    return "unknown"


def applies_to(entry: KnowledgeEntry, class_: str) -> bool:
    """Whether an entry holds for a class; entries for any rotor hold for every machine with one."""
    held = set(entry.device_types)
    if "*" in held or class_ in held:
        return True
    return ROTATING in held and class_ not in ("", "unknown") and class_ not in _NO_ROTOR
