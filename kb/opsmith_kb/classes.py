"""Device classes: which one a name or its channels mean, and which entries hold for it."""

from collections.abc import Sequence

from opsmith.domain.knowledge import KnowledgeEntry
from opsmith_kb.signs import measurement_name

ROTATING = "rotating"
"""Any machine with a rotor that has no class of its own in the knowledge."""

_NAMES = {
    "compressor": ("compressor", "压缩机", "空压机"),
    "pump": ("pump", "泵"),
    "motor": ("motor", "电机", "电动机", "马达"),
    ROTATING: ("rotating", "fan", "blower", "turbine", "gear", "mixer", "风机", "齿轮", "汽轮机"),
}


def device_class(device_type: str) -> str:
    """The class that a free-text device type means; itself where it means none.

    >>> device_class("Centrifugal pump"), device_class("空压机"), device_class("robot")
    ('pump', 'compressor', 'robot')
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
    """
    class_ = device_class(device_type)
    if class_ not in ("", "unknown", "*"):
        return class_
    measured = {measurement_name(channel) for channel in channels}
    if {"flow", "pressure"} <= measured:
        return "pump"
    if {"current", "voltage"} <= measured and not measured & {"flow", "pressure"}:
        return "motor"
    if measured & {"vibration", "vibration_velocity", "speed", "current"}:
        return ROTATING
    return "unknown"


def applies_to(entry: KnowledgeEntry, class_: str) -> bool:
    """Whether an entry holds for a class; entries for any rotor hold for every machine class."""
    held = set(entry.device_types)
    if "*" in held or class_ in held:
        return True
    return ROTATING in held and class_ not in ("", "unknown")
