"""Units: what each channel is measured in, what is plausible, how to convert to it (UCUM codes)."""

import re
from dataclasses import dataclass

from opsmith.errors import BadInput


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a channel of that name carries."""

    unit: str
    """UCUM code."""
    low: float
    """Readings below are implausible for industrial equipment: kept, but marked."""
    high: float


MEASUREMENTS = {
    "temperature": Measurement("Cel", -60.0, 400.0),
    "fluid_temperature": Measurement("Cel", -60.0, 400.0),
    "ambient_temperature": Measurement("Cel", -60.0, 400.0),
    "vibration": Measurement("[g]", 0.0, 100.0),
    "vibration_velocity": Measurement("mm/s", 0.0, 500.0),
    "pressure": Measurement("MPa", -0.11, 100.0),
    "current": Measurement("A", -5000.0, 5000.0),
    "voltage": Measurement("V", -0.5, 50000.0),
    "flow": Measurement("L/min", -1e6, 1e6),
    "speed": Measurement("/min", -2e5, 2e5),
    "power": Measurement("kW", -1e6, 1e6),
}
"""Known measurements. The ranges are wide on purpose: they mark instrument errors, not faults."""

_SCALE: dict[str, tuple[str, float, float]] = {
    "Cel": ("Cel", 1.0, 0.0), "C": ("Cel", 1.0, 0.0), "degC": ("Cel", 1.0, 0.0),
    "°C": ("Cel", 1.0, 0.0),
    "K": ("Cel", 1.0, -273.15), "[degF]": ("Cel", 5 / 9, -160 / 9), "F": ("Cel", 5 / 9, -160 / 9),
    "[g]": ("[g]", 1.0, 0.0), "g": ("[g]", 1.0, 0.0), "m/s2": ("[g]", 1 / 9.80665, 0.0),
    "mm/s": ("mm/s", 1.0, 0.0), "[in_i]/s": ("mm/s", 25.4, 0.0),
    "MPa": ("MPa", 1.0, 0.0), "kPa": ("MPa", 1e-3, 0.0), "Pa": ("MPa", 1e-6, 0.0),
    "bar": ("MPa", 0.1, 0.0), "mbar": ("MPa", 1e-4, 0.0), "[psi]": ("MPa", 0.006894757, 0.0),
    "psi": ("MPa", 0.006894757, 0.0),
    "A": ("A", 1.0, 0.0), "mA": ("A", 1e-3, 0.0), "V": ("V", 1.0, 0.0), "kV": ("V", 1e3, 0.0),
    "L/min": ("L/min", 1.0, 0.0), "l/min": ("L/min", 1.0, 0.0), "m3/h": ("L/min", 1000 / 60, 0.0),
    "L/s": ("L/min", 60.0, 0.0), "/min": ("/min", 1.0, 0.0), "rpm": ("/min", 1.0, 0.0),
    "Hz": ("/min", 60.0, 0.0), "kW": ("kW", 1.0, 0.0), "W": ("kW", 1e-3, 0.0), "1": ("1", 1.0, 0.0),
}  # fmt: skip


def measurement_of(channel: str) -> Measurement | None:
    """The measurement that a channel carries; a trailing number tells channels of one kind apart.

    >>> measurement_of("vibration2").unit
    '[g]'
    >>> measurement_of("x07") is None
    True
    """
    return MEASUREMENTS.get(channel) or MEASUREMENTS.get(re.sub(r"_?\d+$", "", channel))


def unit_of(channel: str) -> str | None:
    """The UCUM unit of a channel, or None where its name says nothing."""
    known = measurement_of(channel)
    return known.unit if known else None


def conversion(unit: str, channel: str) -> tuple[float, float]:
    """Factor and offset from `unit` to the channel's own: value * factor + offset.

    Raises:
        BadInput: The unit is unknown, or measures something else.

    >>> conversion("bar", "pressure")
    (0.1, 0.0)
    """
    own = unit_of(channel)
    if own is None or unit == own:
        return 1.0, 0.0
    if unit not in _SCALE:
        raise BadInput(
            f"Unknown unit {unit!r} of channel {channel!r}; use one of {', '.join(_SCALE)}"
        )
    target, factor, offset = _SCALE[unit]
    if target != own:
        raise BadInput(f"Channel {channel!r} is in {own}; {unit!r} cannot be converted to it")
    return factor, offset


def alternatives(channel: str) -> tuple[tuple[float, float], ...]:
    """Factor and offset by which a channel's values change if they come in another unit, unnoticed.

    Both ways: its sender may have changed its unit, or may have been mended.

    >>> ((10.0, 0.0) in alternatives("pressure"), (1.8, 32.0) in alternatives("temperature"))
    (True, True)
    """
    own = unit_of(channel)
    found: dict[tuple[float, float], None] = {}
    for target, factor, offset in _SCALE.values():
        if target == own and factor != 1 or target == own and offset:
            for pair in ((1 / factor, -offset / factor), (factor, offset)):
                found[round(pair[0], 9), round(pair[1], 6)] = None
    return tuple(found)
