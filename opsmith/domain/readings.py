"""Readings: timed values of a device's channels, as columns."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
TimeArray = npt.NDArray[np.datetime64]
"""UTC, `datetime64[us]`."""
QualityArray = npt.NDArray[np.uint8]
IndexArray = npt.NDArray[np.int32]


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

    def device_of(self, row: int) -> str:
        """Whose reading it is."""
        del row
        return self.device_id

    def status_of(self, row: int) -> str:
        """What the device said with it."""
        return self.statuses[row]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Readings of many devices in the order they came, one column a channel.

    The times of each device increase strictly; those of different devices may interleave.
    """

    devices: tuple[str, ...]
    """The d devices, each once."""
    device: IndexArray
    """Shape (n,), which of `devices` each reading is of."""
    times: TimeArray
    """Shape (n,), UTC, `datetime64[us]`."""
    channels: tuple[str, ...]
    """The k channels that all rows share, sorted by name."""
    values: FloatArray
    """Shape (n, k), each channel in its unit (`opsmith.domain.units`); NaN where bad or absent."""
    quality: QualityArray
    """Shape (n, k), of `Quality`."""
    statuses: tuple[str, ...]
    """The different words that the devices said, each once."""
    status: IndexArray
    """Shape (n,), which of `statuses` each reading has."""
    factory_ids: tuple[str, ...] = ()
    """Shape (d,), empty text where the readings did not say; so with `line_ids`."""
    line_ids: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.times)

    def device_of(self, row: int) -> str:
        """Whose reading it is."""
        return self.devices[int(self.device[row])]

    def status_of(self, row: int) -> str:
        """What the device said with it."""
        return self.statuses[int(self.status[row])]

    @staticmethod
    def of(*batches: ReadingBatch) -> "Frame":
        """One frame of the batches of different devices, with the channels of all of them."""
        names = {batch.channels for batch in batches}
        some = {channel for channels in names for channel in channels}
        channels = names.pop() if len(names) == 1 else tuple(sorted(some))
        lengths = [len(batch) for batch in batches]
        values = np.full((sum(lengths), len(channels)), np.nan)
        quality = np.full(values.shape, Quality.ABSENT, np.uint8)
        words: dict[str, int] = {}
        status = np.empty(len(values), np.int32)
        row = 0
        for batch, length in zip(batches, lengths, strict=True):
            rows = slice(row, row := row + length)
            columns = [channels.index(channel) for channel in batch.channels]
            values[rows, columns] = batch.values
            quality[rows, columns] = batch.quality
            status[rows] = [words.setdefault(word, len(words)) for word in batch.statuses]
        return Frame(
            tuple(batch.device_id for batch in batches),
            np.repeat(np.arange(len(batches), dtype=np.int32), lengths),
            np.concatenate([batch.times for batch in batches]).astype("datetime64[us]", copy=False)
            if batches
            else np.empty(0, "datetime64[us]"),
            channels,
            values,
            quality,
            tuple(words),
            status,
        )

    def batches(self) -> list[ReadingBatch]:
        """The readings as one batch a device, oldest first, with the channels it carried."""
        order = np.argsort(self.device, kind="stable")
        ends = np.cumsum(np.bincount(self.device, minlength=len(self.devices)))
        words = np.empty(len(self.statuses), np.object_)
        words[:] = self.statuses
        found: list[ReadingBatch] = []
        for index, rows in enumerate(np.split(order, ends[:-1])):
            quality = self.quality[rows]
            carried = np.flatnonzero((quality != Quality.ABSENT).any(axis=0))
            found.append(
                ReadingBatch(
                    self.devices[index],
                    tuple(self.channels[column] for column in carried),
                    self.times[rows],
                    self.values[np.ix_(rows, carried)],
                    quality[:, carried],
                    tuple(words[self.status[rows]].tolist()),
                )
            )
        return found


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
