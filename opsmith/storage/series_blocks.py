"""Blocks: readings of one device packed as columns, and how two sets of readings become one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from opsmith.domain.readings import FloatArray, Quality, QualityArray, ReadingBatch

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
WordArray = npt.NDArray[np.object_]

_SCALES = 10.0 ** np.arange(10)
_SAMPLE = 16


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


def rows_of(batch: ReadingBatch, live: bool) -> Rows:
    """The readings of a batch, all live or all imported."""
    statuses = np.empty(len(batch), np.object_)
    statuses[:] = batch.statuses
    return Rows(
        batch.channels,
        batch.times.astype("datetime64[us]", copy=False).view(np.int64),
        batch.values,
        batch.quality,
        statuses,
        np.full(len(batch), live),
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
    values, quality = (column.copy() for column in old.columns(channels))
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


class Column(msgspec.Struct, array_like=True, frozen=True):
    """One packed column: (base + number) / 10**places, or plain float64 where places is -1."""

    places: int
    base: int
    width: int
    """Bytes of a number; the greatest number of that width is NaN; 0: all are `base`."""
    data: bytes


def pack(x: FloatArray, compact: bool = True) -> Column:
    """Pack a column without loss, as whole numbers where all its values are short decimals.

    Args:
        x: Shape (n,). -0.0 may come back as 0.0.
        compact: Spend the time to look for short decimals.

    Source: after ALP (Afroozeh, Kuffo and Boncz 2023, Proc. ACM Manag. Data 1(4), 230).

    >>> pack(np.array([20.1, 20.3, np.nan])).data
    b'\\x00\\x02\\xff'
    """
    if compact:
        missing = np.isnan(x)
        gaps = bool(missing.any())
        known = x[~missing] if gaps else x
        sample = known[:: max(1, len(known) // _SAMPLE), None]
        short = (np.rint(sample * _SCALES) / _SCALES == sample).all(axis=0)
        for places in np.flatnonzero(short).tolist():
            scaled = np.rint(known * _SCALES[places])
            low = scaled.min(initial=np.inf) if len(known) else 0.0
            high = scaled.max(initial=-np.inf) if len(known) else 0.0
            if not (max(-low, high) < 2**53 and high - low < 2**32 - 1):
                break
            if not np.array_equal(scaled / _SCALES[places], known):
                continue
            if high == low and not gaps:
                return Column(places, int(low), 0, b"")
            width = next(width for width in (1, 2, 4) if high - low < 2 ** (8 * width) - 1)
            numbers = np.full(len(x), 2 ** (8 * width) - 1, f"<u{width}")
            numbers[~missing] = scaled - low
            return Column(places, int(low), width, numbers.tobytes())
    return Column(-1, 0, 8, x.astype("<f8", copy=False).tobytes())


def unpack(column: Column, n: int) -> FloatArray:
    """The n values of a packed column."""
    if column.places < 0:
        return np.frombuffer(column.data, "<f8", n)
    scale = _SCALES[column.places]
    if not column.width:
        return np.full(n, column.base / scale)
    numbers = np.frombuffer(column.data, f"<u{column.width}", n)
    values = (numbers.astype(np.float64) + column.base) / scale
    values[numbers == 2 ** (8 * column.width) - 1] = np.nan
    return values


class _Block(msgspec.Struct, array_like=True, frozen=True):
    n: int
    first: int
    step: int
    width: int
    steps: bytes
    """What each step between two times is longer than `step`, `width` bytes each."""
    channels: tuple[str, ...]
    columns: tuple[Column, ...]
    quality: bytes
    """Empty where numbers are good and NaN is absent."""
    words: tuple[str, ...]
    codes: bytes
    """Which of the words each status is; empty where there is one word for all."""
    live: bytes
    """One byte for all, or one each."""


_decoder = msgspec.msgpack.Decoder(_Block)
_encode = msgspec.msgpack.Encoder().encode


def _plain_quality(values: FloatArray) -> QualityArray:
    return np.isnan(values).view(np.uint8) * np.uint8(Quality.ABSENT)


def encode(rows: Rows, compact: bool = True) -> bytes:
    """Pack one or more readings."""
    steps = np.diff(rows.times)
    step, longest = (int(steps.min()), int(steps.max())) if len(steps) else (0, 0)
    span = longest - step
    width = next(width for width in (0, 1, 2, 4, 8) if span < 2 ** (8 * width))
    plain = np.array_equal(rows.quality, _plain_quality(rows.values))
    statuses: list[str] = rows.statuses.tolist()
    words = tuple(sorted(set(statuses)))
    codes = b""
    if len(words) > 1:
        index = {word: code for code, word in enumerate(words)}
        codes = np.array([index[word] for word in statuses], "<u2").tobytes()
    mixed = rows.live.any() != rows.live.all()
    return _encode(
        _Block(
            len(rows),
            int(rows.times[0]),
            step,
            width,
            (steps - step).astype(f"<u{width}").tobytes() if width else b"",
            rows.channels,
            tuple(pack(column, compact) for column in rows.values.T),
            b"" if plain else rows.quality.tobytes(),
            words,
            codes,
            (rows.live if mixed else rows.live[:1]).tobytes(),
        )
    )


def decode(blob: bytes, channels: Collection[str] | None = None) -> Rows:
    """Unpack what `encode` packed, all channels or some.

    Raises:
        msgspec.DecodeError: It is damaged. ValueError: likewise.
    """
    block = _decoder.decode(blob)
    n = block.n
    times = np.empty(n, np.int64)
    times[0] = block.first
    if block.width:
        np.cumsum(np.frombuffer(block.steps, f"<u{block.width}") + block.step, out=times[1:])
        times[1:] += block.first
    else:
        times[1:] = block.first + block.step * np.arange(1, n)
    chosen = [
        index
        for index, channel in enumerate(block.channels)
        if channels is None or channel in channels
    ]
    values = np.empty((n, len(chosen)))
    for place, index in enumerate(chosen):
        values[:, place] = unpack(block.columns[index], n)
    if block.quality:
        quality = np.frombuffer(block.quality, np.uint8).reshape(n, -1)[:, chosen]
    else:
        quality = _plain_quality(values)
    if block.codes:
        statuses = np.array(block.words, np.object_)[np.frombuffer(block.codes, "<u2")]
    else:
        statuses = np.full(n, block.words[0], np.object_)
    live = np.frombuffer(block.live, np.bool_)
    return Rows(
        tuple(block.channels[index] for index in chosen),
        times,
        values,
        quality,
        statuses,
        np.full(n, live[0]) if len(live) == 1 else live,
    )
