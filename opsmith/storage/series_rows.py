"""Rows: readings of one device, and how two sets of readings become one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from opsmith.domain.readings import FloatArray, Quality, QualityArray, ReadingBatch

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
WordArray = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Readings of one device, oldest first, as in `ReadingBatch`."""

    channels: tuple[str, ...]
    times: IntArray
    """Shape (n,), µs since 1970 UTC; strictly increasing."""
    values: FloatArray
    quality: QualityArray
    statuses: WordArray
    live: BoolArray
    """Shape (n,), False for imported history."""

    def __len__(self) -> int:
        return len(self.times)

    def part(self, chosen: slice | BoolArray | IntArray) -> "Rows":
        """Some of the readings."""
        return Rows(
            self.channels,
            self.times[chosen],
            self.values[chosen],
            self.quality[chosen],
            self.statuses[chosen],
            self.live[chosen],
        )

    def between(self, start: int, end: int) -> "Rows":
        """The readings in [start, end), µs since 1970 UTC."""
        low, high = np.searchsorted(self.times, [start, end])
        return self if high - low == len(self) else self.part(slice(int(low), int(high)))

    def only(self, channels: Collection[str]) -> "Rows":
        """Those of the channels that there are."""
        if all(channel in channels for channel in self.channels):
            return self
        some = tuple(channel for channel in self.channels if channel in channels)
        values, quality = self.columns(some)
        return Rows(some, self.times, values, quality, self.statuses, self.live)

    def carried(self) -> "Rows":
        """The channels that at least one reading carried."""
        absent = (self.quality == Quality.ABSENT).all(axis=0)
        if not absent.any():
            return self
        gone = {channel for channel, none in zip(self.channels, absent, strict=True) if none}
        return self.only(set(self.channels) - gone)

    def columns(self, channels: tuple[str, ...]) -> tuple[FloatArray, QualityArray]:
        """Values and quality of these channels, absent where there is no such channel."""
        if channels == self.channels:
            return self.values, self.quality
        values = np.full((len(self), len(channels)), np.nan)
        quality = np.full((len(self), len(channels)), Quality.ABSENT, np.uint8)
        here = {channel: index for index, channel in enumerate(self.channels)}
        for index, channel in enumerate(channels):
            if channel in here:
                values[:, index] = self.values[:, here[channel]]
                quality[:, index] = self.quality[:, here[channel]]
        return values, quality

    def batch(self, device_id: str) -> ReadingBatch:
        """The same for those outside."""
        return ReadingBatch(
            device_id,
            self.channels,
            self.times.view("datetime64[us]"),
            self.values,
            self.quality,
            tuple(self.statuses.tolist()),
        )


NONE = Rows(
    (),
    np.empty(0, np.int64),
    np.empty((0, 0)),
    np.empty((0, 0), np.uint8),
    np.empty(0, np.object_),
    np.empty(0, np.bool_),
)


def union(*channels: tuple[str, ...]) -> tuple[str, ...]:
    """All the channels, sorted by name."""
    first = channels[0]
    if all(other == first for other in channels):
        return first
    return tuple(sorted({channel for some in channels for channel in some}))


def join(parts: Sequence[Rows]) -> Rows:
    """Readings one after the other, each part later than the one before it."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return NONE
    channels = union(*(part.channels for part in parts))
    columns = [part.columns(channels) for part in parts]
    return Rows(
        channels,
        np.concatenate([part.times for part in parts]),
        np.concatenate([values for values, _ in columns]),
        np.concatenate([quality for _, quality in columns]),
        np.concatenate([part.statuses for part in parts]),
        np.concatenate([part.live for part in parts]),
    )


def in_order(rows: Rows) -> Rows:
    """Readings of different times, oldest first."""
    if (np.diff(rows.times) > 0).all():
        return rows
    return rows.part(np.argsort(rows.times))


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """What came of laying readings over those that were there."""

    rows: Rows
    added: int
    """Readings at times that had none."""
    changed: IntArray
    """Times of the readings that are new or say something else."""
    spared: bool
    """Some that were live turned out to be imported history too."""


def merge(old: Rows, new: Rows) -> Merged:
    """Lay readings over others; each channel that the new ones carry replaces the old.

    A new reading repeats an old one where each of its channels has the same value and quality and
    it has the same status, or none. Imported history stays so when it is heard again.
    """
    if not len(old) or not len(new) or new.times[0] > old.times[-1]:
        rows = join([part for part in (old, new) if len(part)])
        return Merged(rows, len(new), new.times, False)
    channels = union(old.channels, new.channels)
    values, quality = old.columns(channels)
    values, quality = values.copy(), quality.copy()
    new_values, new_quality = new.columns(channels)
    places = np.searchsorted(old.times, new.times)
    known = old.times[np.minimum(places, len(old) - 1)] == new.times
    at = places[known]
    ours, theirs = values[at], new_values[known]
    differs = (new_quality[known] != Quality.ABSENT) & (
        (new_quality[known] != quality[at])
        | ((ours != theirs) & ~(np.isnan(ours) & np.isnan(theirs)))
    )
    values[at] = np.where(differs, theirs, ours)
    quality[at] = np.where(differs, new_quality[known], quality[at])
    said = new.statuses[known]
    renamed = (said != "") & (said != old.statuses[at])
    statuses = old.statuses.copy()
    statuses[at] = np.where(renamed, said, statuses[at])
    live = old.live.copy()
    live[at] &= new.live[known]
    fresh = ~known
    spots = places[fresh]
    rows = Rows(
        channels,
        np.insert(old.times, spots, new.times[fresh]),
        np.insert(values, spots, new_values[fresh], axis=0),
        np.insert(quality, spots, new_quality[fresh], axis=0),
        np.insert(statuses, spots, new.statuses[fresh]),
        np.insert(live, spots, new.live[fresh]),
    )
    changed = fresh.copy()
    changed[known] = differs.any(axis=1) | renamed
    spared = bool((live[at] != old.live[at]).any())
    return Merged(rows, int(fresh.sum()), new.times[changed], spared)
