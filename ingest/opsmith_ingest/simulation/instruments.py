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


_INSTRUMENTS = {
    "temperature": Instrument(0.12, 0.1),
    "vibration": Instrument(0.002, 0.001, floor=True),
    "pressure": Instrument(0.0012, 0.001),
    "current": Instrument(0.06, 0.01),
    "flow": Instrument(2.0, 0.1),
    "speed": Instrument(0.8, 1.0, floor=True),
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


def _of(fault: Fault, channel: str) -> Fault:
    """The same fault, of one channel."""
    return Fault(
        fault.kind, fault.onset, fault.severity, fault.growth, fault.grows_for, fault.repaired,
        channel,
    )  # fmt: skip
