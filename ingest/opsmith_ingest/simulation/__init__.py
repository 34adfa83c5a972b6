"""A plant that does not exist: machines after their physics, with made faults."""

from opsmith_ingest.simulation.faults import (
    SENSOR_FAULTS,
    Event,
    EventKind,
    Fault,
    FaultKind,
    Growth,
)
from opsmith_ingest.simulation.machines import Ambient, Load, Machine
from opsmith_ingest.simulation.physics import Compressor, Motor, Pump
from opsmith_ingest.simulation.simulator import Simulation, simulate

__all__ = [
    "SENSOR_FAULTS",
    "Ambient",
    "Compressor",
    "Event",
    "EventKind",
    "Fault",
    "FaultKind",
    "Growth",
    "Load",
    "Machine",
    "Motor",
    "Pump",
    "Simulation",
    "simulate",
]
