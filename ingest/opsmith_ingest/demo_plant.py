"""A small plant to show: ten devices on two lines, and what goes wrong there in eight hours."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zlib import crc32

import numpy as np

from opsmith.domain.devices import Device
from opsmith.domain.readings import ReadingBatch
from opsmith_ingest.simulation import (
    Compressor,
    Event,
    EventKind,
    Fault,
    FaultKind,
    Growth,
    Load,
    Machine,
    Motor,
    Pump,
    Simulation,
)
from opsmith_ingest.simulation.drive import Drive, Physics
from opsmith_ingest.simulation.simulator import time_grid

_START = datetime(2026, 2, 28, 6, tzinfo=UTC)
_END = _START + timedelta(hours=8)
_PUMP = ("current", "flow", "pressure", "temperature", "vibration")
_MOTOR = ("current", "speed", "temperature", "vibration")
_COMPRESSOR = ("current", "pressure", "speed", "temperature", "vibration")


@dataclass(frozen=True)
class Scenario:
    """What happens in a plant between two moments, with the truth about it."""

    machines: tuple[Machine, ...]
    start: datetime
    end: datetime
    interval: timedelta
    faults: Mapping[str, tuple[Fault, ...]]
    """The truth, by device: for evaluation, never in the readings. No entry: healthy."""
    events: Mapping[str, tuple[Event, ...]] = field(default_factory=dict[str, tuple[Event, ...]])
    seed: int = 1

    @property
    def devices(self) -> tuple[Device, ...]:
        """The nameplates."""
        return tuple(machine.device for machine in self.machines)

    @property
    def readings(self) -> int:
        """How many readings come at most, of all devices together."""
        return len(time_grid(self.start, self.end, self.interval)) * len(self.machines)

    def chunks(self, span: timedelta = timedelta(minutes=1)) -> Iterator[list[ReadingBatch]]:
        """All readings in plant time: each `span` of it, one batch a device."""
        whole = [
            Simulation(
                machine,
                self.faults.get(machine.device.device_id, ()),
                self.events.get(machine.device.device_id, ()),
                seed_of(machine, self.seed),
            ).advance(time_grid(self.start, self.end, self.interval))
            for machine in self.machines
        ]
        borders = time_grid(self.start, self.end + span, span)
        for start, end in pairwise(borders):
            parts = [_between(batch, start, end) for batch in whole]
            yield [part for part in parts if len(part)]


def _between(batch: ReadingBatch, start: np.datetime64, end: np.datetime64) -> ReadingBatch:
    first, last = np.searchsorted(batch.times, [start, end]).tolist()
    return replace(
        batch,
        times=batch.times[first:last],
        values=batch.values[first:last],
        quality=batch.quality[first:last],
        statuses=batch.statuses[first:last],
    )


def seed_of(machine: Machine, seed: int) -> tuple[int, int]:
    """A seed of its own for each device, the same in every run."""
    return seed, crc32(machine.device.device_id.encode())


def demo_machines() -> tuple[Machine, ...]:
    """Four pumps, three motors and three compressors on two lines of factory F001."""
    slow = Drive(rated_current=22.0, rated_speed=1480.0, unbalance=1.1, bearing_noise=0.12)
    fan = Drive(rated_current=46.0, rated_speed=2960.0, unbalance=1.3, bearing_noise=0.15)
    mixer = Drive(rated_current=58.0, rated_speed=1470.0, unbalance=0.8, bearing_noise=0.13)
    small = Drive(
        rated_current=64.0, rated_speed=4200.0, inrush=0.0, unbalance=1.0, bearing_noise=0.3
    )
    return (
        _pump("01", "Cooling water pump 1 / 冷却水泵 1", "L001", Pump(), critical=1),
        _pump("02", "Process feed pump / 工艺给料泵", "L001", Pump(Drive(rated_current=34.0))),
        _pump("03", "Hot water pump / 热水泵", "L002", Pump(slow, rated_flow=640.0)),
        _pump("04", "Drain pump / 排水泵", "L002", Pump(slow, rated_flow=600.0), critical=3),
        _motor("01", "Conveyor motor / 输送机电机", "L001", Motor(), critical=1),
        _motor("02", "Exhaust fan motor / 排风机电机", "L001", Motor(fan)),
        _motor("03", "Mixer motor / 搅拌机电机", "L002", Motor(mixer, rise=52.0)),
        _compressor("01", "Air compressor 1 / 空压机 1", "L001", Compressor(), critical=1),
        _compressor("02", "Air compressor 2 / 空压机 2", "L002", Compressor(), level=0.86),
        _compressor(
            "03", "Instrument air compressor / 仪表空压机", "L002", Compressor(small), level=0.75
        ),
    )


def demo_scenario() -> Scenario:
    """Three hours to learn from, then seven faults on as many devices; three stay healthy.

    Always the same times and values, 06:00 to 14:00 UTC on 28 February 2026.
    """
    return Scenario(
        machines=demo_machines(),
        start=_START,
        end=_END,
        interval=timedelta(seconds=10),
        faults={
            "MOTOR_01": (_fault(FaultKind.BEARING_WEAR, 3.5, 0.8, Growth.EXPONENTIAL, hours=4.0),),
            "PUMP_01": (_fault(FaultKind.CAVITATION, 4.0, 0.78, Growth.RAMP, hours=0.5),),
            "PUMP_02": (_fault(FaultKind.VALVE_RESTRICTION, 4.5, 0.3, Growth.RAMP, hours=1.0),),
            "COMP_01": (_fault(FaultKind.OVERHEATING, 5.0, 0.62, Growth.RAMP, hours=0.25),),
            "PUMP_03": (
                _fault(FaultKind.SENSOR_STUCK, 5.5, 1.0, Growth.STEP, channel="temperature"),
            ),
            "MOTOR_02": (_fault(FaultKind.IMBALANCE, 6.0, 0.6, Growth.STEP),),
            "COMP_02": (_fault(FaultKind.LEAK, 6.25, 0.5, Growth.RAMP, hours=0.5),),
        },
        events={
            "PUMP_01": _loads((1.5, 0.92), (2.25, 1.0)),
            "PUMP_02": _loads((1.0, 0.95), (2.0, 1.03), (2.75, 1.0)),
            "MOTOR_01": _loads((0.75, 0.85), (1.75, 1.05), (2.5, 1.0), (5.0, 0.92)),
            "COMP_02": _loads((1.25, 0.9), (2.5, 1.0)),
            "PUMP_04": _stops((1.0, 1.4), (4.25, 4.75), (6.5, 6.8)),
            "MOTOR_03": _loads((0.5, 0.8), (1.5, 1.05), (2.5, 0.9), (4.0, 1.05), (6.0, 0.8)),
            "COMP_03": _stops((1.5, 1.9), (5.5, 6.2))
            + _loads((0.75, 0.9), (2.5, 1.05), (4.5, 0.95)),
        },
    )


def _fault(
    kind: FaultKind,
    after: float,
    severity: float,
    growth: Growth,
    hours: float = 0.0,
    channel: str | None = None,
) -> Fault:
    onset = _START + timedelta(hours=after)
    return Fault(kind, onset, severity, growth, timedelta(hours=hours), channel=channel)


def _loads(*changes: tuple[float, float]) -> tuple[Event, ...]:
    return tuple(
        Event(EventKind.LOAD, _START + timedelta(hours=after), level) for after, level in changes
    )


def _stops(*spans: tuple[float, float]) -> tuple[Event, ...]:
    return tuple(
        Event(kind, _START + timedelta(hours=after))
        for span in spans
        for kind, after in zip((EventKind.STOP, EventKind.START), span, strict=True)
    )


def _pump(number: str, name: str, line: str, physics: Pump, critical: int = 2) -> Machine:
    device = Device(
        device_id=f"PUMP_{number}",
        device_type="pump",
        model="KP 65-200",
        manufacturer="Hydromark / 海德马克",
        rated_temp_max=75.0,
        rated_vibration_max=1.5,
        rated_pressure_max=0.65,
        channels=_PUMP,
        install_date=date(2019, 4, 15) + timedelta(days=210 * int(number)),
    )
    return _placed(device, name, line, critical, physics, 0.92)


def _motor(number: str, name: str, line: str, physics: Motor, critical: int = 2) -> Machine:
    device = Device(
        device_id=f"MOTOR_{number}",
        device_type="motor",
        model="NE 160M-4",
        manufacturer="Norvolt / 诺伏特",
        rated_temp_max=95.0,
        rated_vibration_max=1.2,
        channels=_MOTOR,
        install_date=date(2020, 9, 1) + timedelta(days=160 * int(number)),
    )
    return _placed(device, name, line, critical, physics, 0.88)


def _compressor(
    number: str, name: str, line: str, physics: Compressor, critical: int = 2, level: float = 0.8
) -> Machine:
    device = Device(
        device_id=f"COMP_{number}",
        device_type="compressor",
        model="SV 45 VSD",
        manufacturer="Aerostat / 艾罗斯达",
        rated_temp_max=105.0,
        rated_vibration_max=2.5,
        rated_pressure_max=0.85,
        channels=_COMPRESSOR,
        install_date=date(2021, 2, 10) + timedelta(days=190 * int(number)),
    )
    return _placed(device, name, line, critical, physics, level)


def _placed(
    device: Device, name: str, line: str, critical: int, physics: Physics, level: float
) -> Machine:
    hall = {"L001": "Hall A / A 车间", "L002": "Hall B / B 车间"}[line]
    placed = device.model_copy(
        update={
            "device_name": name,
            "factory_id": "F001",
            "line_id": line,
            "location": hall,
            "criticality": critical,
        }
    )
    return Machine(placed, physics, Load(level=level))
