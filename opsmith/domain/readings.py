"""Readings: timed values of a device's channels, as columns."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
TimeArray = npt.NDArray[np.datetime64]
"""UTC, `datetime64[us]`."""
QualityArray = npt.NDArray[np.uint8]


class Quality(IntEnum):
    """How far one value can be trusted (after OPC UA's good, uncertain, bad)."""

    GOOD = 0
    UNCERTAIN = 1
    """Beyond the plausible: kept and marked, since it may be the fire."""
    BAD = 2
    """Not a number, null or infinite: blanked to NaN."""
    ABSENT = 3
    """The message did not carry the channel: NaN."""


@dataclass(frozen=True, slots=True, eq=False)
class ReadingBatch:
    """Readings of one device, oldest first, one column a channel."""

    device_id: str
    channels: tuple[str, ...]
    """The c channels, sorted by name."""
    times: TimeArray
    """Shape (n,), UTC, `datetime64[us]`; strictly increasing."""
    values: FloatArray
    """Shape (n, c), each channel in its unit (`opsmith.domain.units`); NaN where bad or absent."""
    quality: QualityArray
    """Shape (n, c), of `Quality`."""
    statuses: tuple[str, ...]
    """Shape (n,), as the device said it (`NORMAL`, `ANOMALY`, ...); empty where it said none."""

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True, slots=True, eq=False)
class Aggregates:
    """One-minute statistics of one device; a minute without readings has no row."""

    device_id: str
    channels: tuple[str, ...]
    minutes: TimeArray
    """Shape (n,), the start of each minute, UTC, `datetime64[us]`."""
    count: npt.NDArray[np.int64]
    """Shape (n, c), values that are numbers; 0 where there was none."""
    mean: FloatArray
    """Shape (n, c), in the channel's unit; NaN where `count` is 0. So with `high` and `low`."""
    high: FloatArray
    low: FloatArray
