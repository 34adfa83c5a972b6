"""What the instruments make of a machine: noise, resolution, and their own faults."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from opsmith.domain.readings import FloatArray, TimeArray
from opsmith_ingest.simulation.faults import Fault, FaultKind


@dataclass(frozen=True, slots=True)
class Instrument:
    """One sensor with its transmitter, in its channel's unit."""

    noise: float
    """Standard deviation, white."""
    resolution: float
    floor: bool = False
    """It cannot show less than 0."""


_SPIKES = 0.03
"""Share of readings that a disturbed sensor of severity 1 spoils."""
_SPIKE = (0.25, 0.9)
"""Parts of its value by which they are off."""
_CREEP = 0.3
"""Part of its value that a drifting sensor of severity 1 shows too much."""
_OTHER_UNIT = {
    "temperature": (1.8, 32.0),
    "vibration": (9.80665, 0.0),
    "pressure": (10.0, 0.0),
    "current": (1000.0, 0.0),
    "flow": (0.06, 0.0),
    "speed": (1 / 60, 0.0),
    "voltage": (1e-3, 0.0),
}
"""Factor and offset: [degF], m/s2, bar, mA, m3/h, Hz, kV."""
_INSTRUMENTS = {
    "temperature": Instrument(0.12, 0.1),
    "vibration": Instrument(0.002, 0.001, floor=True),
    "pressure": Instrument(0.0012, 0.001),
    "current": Instrument(0.06, 0.01),
    "flow": Instrument(2.0, 0.1),
    "speed": Instrument(0.8, 1.0, floor=True),
    "voltage": Instrument(0.8, 0.1),
}
CHANNELS = frozenset(_INSTRUMENTS)
"""What can be measured on some machine."""


@dataclass(slots=True)
class Instruments:
    """The instruments of one device; remembers what a stuck one shows."""

    channels: tuple[str, ...]
    _stuck: dict[Fault, float] = field(default_factory=dict[Fault, float])

    def read(self, truth: FloatArray, noise: FloatArray) -> FloatArray:
        """Shape (n, c): what is shown of `truth`, with standard normal `noise`, both (n, c)."""
        fitted = [_INSTRUMENTS[channel] for channel in self.channels]
        spread = np.array([each.noise for each in fitted])
        steps = np.array([each.resolution for each in fitted])
        shown = np.round((truth + spread * noise) / steps) * steps
        shown = np.round(shown, 4) + 0.0  # No -0.0 in what people see.
        return np.where([each.floor for each in fitted], np.maximum(shown, 0.0), shown)

    def disturb(self, values: FloatArray, times: TimeArray, faults: Sequence[Fault]) -> None:
        """Let disturbed, drifting, dead and wrongly set sensors show what they show.

        Changes `values`, shape (n, c). Chance comes from the times, so that no other is drawn.
        """
        for fault in faults:
            level = fault.level(times)
            for column in self._columns(fault) if level.any() else ():
                shown = values[:, column]
                match fault.kind:
                    case FaultKind.SENSOR_SPIKE:
                        chance, size = _hashed(times, 2 * column), _hashed(times, 2 * column + 1)
                        size = np.copysign(
                            _SPIKE[0] + np.abs(2 * size - 1) * np.ptp(_SPIKE), size - 0.5
                        )
                        changed = np.where(chance < _SPIKES * level, shown * (1 + size), shown)
                    case FaultKind.SENSOR_DRIFT:
                        changed = shown * (1 + _CREEP * level)
                    case FaultKind.SENSOR_UNIT:
                        factor, offset = _OTHER_UNIT[self.channels[column]]
                        changed = np.where(level > 0, shown * factor + offset, shown)
                    case FaultKind.SENSOR_ZERO:
                        changed = np.where(level > 0, 0.0, shown)
                    case _:
                        continue
                values[:, column] = np.where(level > 0, np.round(changed, 4), shown)

    def stick(self, values: FloatArray, times: TimeArray, faults: Sequence[Fault]) -> None:
        """Let the channels of stuck sensors repeat what they showed; changes `values`."""
        for fault in faults:
            if fault.kind is not FaultKind.SENSOR_STUCK:
                continue
            stuck = fault.level(times) > 0
            for column in self._columns(fault):
                if stuck.any():
                    first = float(values[int(np.argmax(stuck)), column])
                    key = fault if fault.channel else _of(fault, self.channels[column])
                    values[stuck, column] = self._stuck.setdefault(key, first)

    def silent(
        self, times: TimeArray, chance: FloatArray, faults: Sequence[Fault]
    ) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
        """Shape (n, c): where nothing arrives; `chance` (n,) is uniform, in bursts."""
        gone = np.zeros((len(times), len(self.channels)), dtype=np.bool_)
        for fault in faults:
            if fault.kind is FaultKind.SENSOR_DROPOUT:
                missing = chance < fault.level(times)
                for column in self._columns(fault):
                    gone[missing, column] = True
        return gone

    def _columns(self, fault: Fault) -> list[int]:
        if fault.channel is None:
            return list(range(len(self.channels)))
        return [self.channels.index(fault.channel)]


def _hashed(times: TimeArray, stream: int) -> FloatArray:
    """Shape (n,), uniform in [0, 1): always the same of the same time.

    Source: Steele, Lea and Flood (2014), OOPSLA, 453-472: the finaliser of SplitMix64.
    """
    z = times.astype("datetime64[us]").astype(np.int64).astype(np.uint64)
    z = z + np.uint64(0x9E3779B97F4A7C15 * (stream + 1) % 2**64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (z ^ (z >> np.uint64(31))).astype(np.float64) / 2.0**64


def _of(fault: Fault, channel: str) -> Fault:
    """The same fault, of one channel."""
    return Fault(
        fault.kind, fault.onset, fault.severity, fault.growth, fault.grows_for, fault.repaired,
        channel,
    )  # fmt: skip
