"""Minutes: the one-minute statistics of readings, that go on where earlier readings left off."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag

import msgspec
import numpy as np
import numpy.typing as npt

from opsmith.compiled import compiled
from opsmith.domain.readings import Aggregates, FloatArray, QualityArray
from opsmith.storage.series_blocks import Column, pack, unpack
from opsmith.storage.series_rows import BoolArray, IntArray, Rows, union

MINUTE = 60_000_000
HOUR = 60 * MINUTE


class Origin(IntFlag):
    """What kinds of readings a minute rests on."""

    LIVE = 1
    IMPORTED = 2


@dataclass(frozen=True, slots=True, eq=False)
class Minutes:
    """Statistics of the minutes that have readings, oldest first."""

    channels: tuple[str, ...]
    starts: IntArray
    """Shape (n,), µs since 1970 UTC."""
    figures: FloatArray
    """Shape (4, n, c): count, sum, highest and lowest; NaN for the last two where count is 0."""
    origin: QualityArray
    """Shape (n,), of `Origin`."""

    def part(self, chosen: BoolArray) -> "Minutes":
        """Some of the minutes."""
        return Minutes(
            self.channels, self.starts[chosen], self.figures[:, chosen], self.origin[chosen]
        )

    def aggregates(self, device_id: str) -> Aggregates:
        """The same for those outside."""
        count, total, high, low = self.figures
        mean = np.full(count.shape, np.nan)
        np.divide(total, count, out=mean, where=count > 0)
        return Aggregates(
            device_id,
            self.channels,
            self.starts.view("datetime64[us]"),
            count.astype(np.int64),
            mean,
            high,
            low,
        )


def _nothing(n: int, c: int) -> FloatArray:
    figures = np.zeros((4, n, c))
    figures[2:] = np.nan
    return figures


NO_MINUTES = Minutes((), np.empty(0, np.int64), _nothing(0, 0), np.empty(0, np.uint8))


def chain(parts: Sequence[Minutes]) -> Minutes:
    """Minutes one after the other, each part later than the one before it."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return NO_MINUTES
    channels = union(*(part.channels for part in parts))
    figures: list[FloatArray] = []
    for part in parts:
        columns = [channels.index(channel) for channel in part.channels]
        figures.append(_nothing(len(part.starts), len(channels)))
        figures[-1][:, :, columns] = part.figures
    return Minutes(
        channels,
        np.concatenate([part.starts for part in parts]),
        np.concatenate(figures, axis=1),
        np.concatenate([part.origin for part in parts]),
    )


def overlay(old: Minutes, new: Minutes) -> Minutes:
    """The minutes of both; the new ones replace the old."""
    if not len(old.starts):
        return new
    channels = union(old.channels, new.channels)
    starts = np.union1d(old.starts, new.starts)
    figures = _nothing(len(starts), len(channels))
    origin = np.zeros(len(starts), np.uint8)
    for some in (old, new):
        rows = np.searchsorted(starts, some.starts)
        columns = [channels.index(channel) for channel in some.channels]
        figures[:, rows] = _nothing(len(rows), len(channels))
        figures[:, rows[:, None], columns] = some.figures
        origin[rows] = some.origin
    return Minutes(channels, starts, figures, origin)


def summarize(rows: Rows, before: Minutes = NO_MINUTES) -> Minutes:
    """The minutes of the readings, each going on from what `before` has of it.

    Sums run strictly from the oldest reading to the newest, so that a minute gets the same bits
    whether its readings came at once or one by one.

    Args:
        rows: One or more readings, later than those that `before` rests on.
        before: What is known already.
    """
    starts, heads = np.unique(rows.times - rows.times % MINUTE, return_index=True)
    channels = union(rows.channels, before.channels) if len(before.starts) else rows.channels
    values, _ = rows.columns(channels)
    figures = _nothing(len(starts), len(channels))
    origin = np.zeros(len(starts), np.uint8)
    common, here, there = np.intersect1d(
        starts, before.starts, assume_unique=True, return_indices=True
    )
    if len(common):
        columns = [channels.index(channel) for channel in before.channels]
        figures[:, here[:, None], columns] = before.figures[:, there]
        origin[here] = before.origin[there]
    _count(values, np.append(heads, len(rows)), figures)
    kinds = np.where(rows.live, np.uint8(Origin.LIVE), np.uint8(Origin.IMPORTED))
    origin |= np.bitwise_or.reduceat(kinds, heads)
    return Minutes(channels, starts, figures, origin)


@compiled
def _count(values: FloatArray, bounds: npt.NDArray[np.intp], figures: FloatArray) -> None:
    """Add the values of the rows `bounds[i]` to `bounds[i + 1]` to the figures of minute i."""
    for minute in range(figures.shape[1]):
        for row in range(bounds[minute], bounds[minute + 1]):
            for channel in range(values.shape[1]):
                value = values[row, channel]
                if np.isnan(value):
                    continue
                figures[0, minute, channel] += 1
                figures[1, minute, channel] += value
                # Comparisons with NaN are false: the first value takes its place.
                if not figures[2, minute, channel] >= value:
                    figures[2, minute, channel] = value
                if not figures[3, minute, channel] <= value:
                    figures[3, minute, channel] = value


class _Hour(msgspec.Struct, array_like=True, frozen=True):
    minutes: bytes
    channels: tuple[str, ...]
    columns: tuple[Column, ...]
    origin: bytes


_decoder = msgspec.msgpack.Decoder(_Hour)
_encode = msgspec.msgpack.Encoder().encode


def encode_hour(minutes: Minutes) -> bytes:
    """Pack minutes of one hour."""
    return _encode(
        _Hour(
            (minutes.starts % HOUR // MINUTE).astype(np.uint8).tobytes(),
            minutes.channels,
            pack(np.concatenate(minutes.figures, axis=1)),
            minutes.origin.tobytes(),
        )
    )


def decode_hour(blob: bytes, hour: int) -> Minutes:
    """Unpack what `encode_hour` packed.

    Raises:
        msgspec.DecodeError: It is damaged.
    """
    block = _decoder.decode(blob)
    n, c = len(block.minutes), len(block.channels)
    figures = np.empty((4, n, c))
    for index, column in enumerate(block.columns):
        figures[index // c, :, index % c] = unpack(column, n)
    return Minutes(
        block.channels,
        hour + MINUTE * np.frombuffer(block.minutes, np.uint8).astype(np.int64),
        figures,
        np.frombuffer(block.origin, np.uint8),
    )
