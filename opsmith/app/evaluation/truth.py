"""What counts as right: which failure modes and categories answer to which made fault, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from opsmith_ingest.simulation import SENSOR_FAULTS, Fault, FaultKind

SENSOR = "sensor"
NO_FAULT = frozenset({"control"})
"""Categories that say that the machine is well: a wanted change of load or speed."""
_ONE_SCALAR = frozenset({"rotor_imbalance", "misalignment", "looseness", "bearing_wear"})


@dataclass(frozen=True, slots=True)
class Fits:
    """What may be said of a fault."""

    categories: frozenset[str]
    modes: frozenset[str]
    """Knowledge entries that are the fault."""
    why: str
    alike: frozenset[str] = frozenset()
    """Entries that the channels cannot tell from it: right only where the group is told."""


def _fits(category: str, modes: str, why: str, alike: frozenset[str] = frozenset()) -> Fits:
    named = frozenset(modes.split())
    return Fits(frozenset(category.split()), named, why, alike - named)


_LOST_COOLING = "The made fault is a lost cooling conductance, wherever the heat would have gone."
_ANY: Mapping[FaultKind, Fits] = {
    FaultKind.BEARING_WEAR: _fits(
        "bearing",
        "bearing_wear",
        "Defect amplitude and friction of a rolling bearing grow; a failing film looks the same.",
        _ONE_SCALAR | {"lubrication_loss"},
    ),
    FaultKind.IMBALANCE: _fits(
        "rotor",
        "rotor_imbalance",
        "Once-per-turn force grows; one broadband value does not hold the order of the vibration.",
        _ONE_SCALAR,
    ),
    FaultKind.CAVITATION: _fits(
        "hydraulic", "cavitation", "The suction head falls below what the pump requires."
    ),
    FaultKind.LEAK: _fits(
        "process",
        "discharge_leak leak_or_level_change",
        "Fluid escapes behind the pump, before its flow meter; its shaft seal is such a place.",
        frozenset({"seal_leak"}),
    ),
    FaultKind.VALVE_RESTRICTION: _fits(
        "process", "valve_restriction", "The resistance behind the pump grows."
    ),
    FaultKind.OVERHEATING: _fits("cooling", "overheating_cooling_lost", _LOST_COOLING),
    FaultKind.SENSOR_STUCK: _fits(
        SENSOR, "sensor_stuck", "One value is repeated; no quantity of a machine is so still."
    ),
    FaultKind.SENSOR_DROPOUT: _fits(
        SENSOR,
        "sensor_dropout loose_wire",
        "Readings are missing in bursts, as from a failing transmitter or a bad contact.",
    ),
    FaultKind.SENSOR_SPIKE: _fits(
        SENSOR,
        "loose_wire sensor_implausible",
        "Single readings leap and return at once: a cable, or values that cannot be.",
    ),
    FaultKind.SENSOR_DRIFT: _fits(
        SENSOR, "sensor_drift", "The gain creeps; nothing that depends on the quantity follows."
    ),
    FaultKind.SENSOR_UNIT: _fits(
        SENSOR,
        "sensor_unit sensor_implausible",
        "Another unit is sent: a value wrong by a fixed factor, or one that cannot be.",
    ),
    FaultKind.SENSOR_ZERO: _fits(
        SENSOR,
        "sensor_implausible sensor_stuck sensor_dropout loose_wire",
        "A broken loop shows exactly 0: fixed, impossible, and a substitute value at once.",
    ),
    FaultKind.LUBRICATION_LOSS: _fits(
        "lubrication",
        "lubrication_loss",
        "The film fails; its heat and hiss are those of a wearing bearing or of lost cooling.",
        frozenset({"bearing_wear", "overheating_cooling_lost"}),
    ),
    FaultKind.MISALIGNMENT: _fits(
        "rotor",
        "misalignment",
        "Force at twice the turning frequency and side load; one broadband value has no orders.",
        _ONE_SCALAR,
    ),
    FaultKind.LOOSENESS: _fits(
        "structure",
        "looseness",
        "The mounting loses stiffness; what shakes the machine shakes it more.",
        _ONE_SCALAR,
    ),
    FaultKind.IMPELLER_WEAR: _fits(
        "hydraulic", "impeller_wear", "Head is lost in the pump itself: less pressure and flow."
    ),
    FaultKind.DRY_RUNNING: _fits(
        "hydraulic", "dry_running", "No liquid: neither head nor flow nor load, and dry seals rub."
    ),
    FaultKind.OVERLOAD: _fits(
        "motor",
        "motor_overload",
        "More torque is asked of the motor; whether it was wanted, no channel says.",
        frozenset({"load_change"}),
    ),
    FaultKind.AIR_END_WEAR: _fits(
        "rotor",
        "compressor_air_end_wear",
        "Air flows back inside, so it turns faster for the same: as with a leak or more demand.",
        frozenset({"air_leak", "load_change", "inlet_filter_blocked"}),
    ),
    FaultKind.UNDERVOLTAGE: _fits(
        "electrical",
        "undervoltage voltage_unbalance",
        "The supply sags: more current for the same power; one voltage tells no phases.",
    ),
}
_OF_CLASS: Mapping[tuple[FaultKind, str], Fits] = {
    (FaultKind.LEAK, "compressor"): _fits(
        "process",
        "air_leak",
        "Air escapes behind the compressor, which turns faster, as it would for more demand.",
        frozenset({"load_change"}),
    ),
    (FaultKind.VALVE_RESTRICTION, "compressor"): _fits(
        "process",
        "inlet_filter_blocked valve_restriction",
        "The resistance is before the inlet: its filter or its valve.",
    ),
    (FaultKind.OVERHEATING, "compressor"): _fits(
        "cooling", "compressor_cooler_fouling overheating_cooling_lost", _LOST_COOLING
    ),
}
_WHOLE = _fits(
    SENSOR,
    "collector_down sensor_dropout loose_wire",
    "All channels are missing in bursts: the device's link or its collector.",
)


def known_modes() -> frozenset[str]:
    """Every knowledge entry that a truth names."""
    every = (*_ANY.values(), *_OF_CLASS.values(), _WHOLE)
    return frozenset[str]().union(*(fits.modes | fits.alike for fits in every))


def fits_of(fault: Fault, device_type: str) -> Fits:
    """What may be said of that fault on that class of device."""
    if fault.kind is FaultKind.SENSOR_DROPOUT and fault.channel is None:
        return _WHOLE
    return _OF_CLASS.get((fault.kind, device_type), _ANY[fault.kind])


@dataclass(frozen=True, slots=True)
class Truth:
    """One made fault, and what may be said of it."""

    fault: Fault
    fits: Fits

    @property
    def kind(self) -> str:
        """Name of the made fault."""
        return str(self.fault.kind)

    @property
    def is_sensor(self) -> bool:
        """It is an instrument's, and the machine is well."""
        return self.fault.kind in SENSOR_FAULTS

    @property
    def onset(self) -> datetime:
        """When it began."""
        return self.fault.onset

    def tells_onset(self, at: datetime) -> bool:
        """Whether a moment may be told as its onset.

        From 15 min before; for a fault that grows, until it is grown, as it shows late at first.
        """
        slack = timedelta(minutes=15)
        return self.onset - slack <= at <= self.onset + max(slack, self.fault.grows_for)
