"""Chunks: what one append left in the journal, the readings of many devices as they came."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np
import numpy.typing as npt

from opsmith.domain.readings import FloatArray, Frame, Quality, QualityArray
from opsmith.storage.series_rows import IntArray, Rows, WordArray

SlotArray = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Readings of many devices; each device's times increase."""

    devices: tuple[str, ...]
    device: SlotArray
    """Shape (n,), which of the devices each reading is of; in the journal a number of its own."""
    times: IntArray
    """Shape (n,), µs since 1970 UTC."""
    channels: tuple[str, ...]
    values: FloatArray
    """Shape (n, c); so `quality`."""
    quality: QualityArray
    statuses: tuple[str, ...]
    status: SlotArray
    """Shape (n,), which of the statuses each reading has."""
    live: bool

    def __len__(self) -> int:
        return len(self.times)

    @property
    def size(self) -> int:
        """Bytes, about."""
        return len(self) * (16 + 9 * len(self.channels))

    def words(self) -> WordArray:
        """The statuses as an array."""
        words = np.empty(len(self.statuses), np.object_)
        words[:] = self.statuses
        return words

    def rows(self, chosen: slice | IntArray) -> Rows:
        """Some of the readings, which must be of one device."""
        times = self.times[chosen]
        return Rows(
            self.channels,
            times,
            self.values[chosen],
            self.quality[chosen],
            self.words()[self.status[chosen]],
            np.full(len(times), self.live),
        )

    def of(self, device: SlotArray) -> "Chunk":
        """The same with other numbers of the devices."""
        return replace(self, devices=(), device=device)

    def part(self, chosen: npt.NDArray[np.bool_]) -> "Chunk":
        """Some of the readings, of the same devices."""
        return Chunk(
            self.devices,
            self.device[chosen],
            self.times[chosen],
            self.channels,
            self.values[chosen],
            self.quality[chosen],
            self.statuses,
            self.status[chosen],
            self.live,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """The readings of one device in a chunk that is sorted by device."""

    chunk: Chunk
    low: int
    high: int

    def __len__(self) -> int:
        return self.high - self.low

    def rows(self) -> Rows:
        """The readings, oldest first."""
        return self.chunk.rows(slice(self.low, self.high))


def by_device(chunks: Sequence[Chunk]) -> list[tuple[int, list[Slice]]]:
    """The readings of each device; those of different channels apart.

    Args:
        chunks: Oldest first; what they call a device must be the same in all.
    """
    kinds: dict[tuple[tuple[str, ...], bool], list[Chunk]] = {}
    for chunk in chunks:
        if len(chunk):
            kinds.setdefault((chunk.channels, chunk.live), []).append(chunk)
    found: dict[int, list[Slice]] = {}
    for some in kinds.values():
        whole = _sorted(some)
        heads = np.flatnonzero(np.diff(whole.device, prepend=-1))
        ends = [*heads[1:].tolist(), len(whole)]
        for one, low, high in zip(whole.device[heads].tolist(), heads.tolist(), ends, strict=True):
            found.setdefault(one, []).append(Slice(whole, low, high))
    return list(found.items())


def _sorted(chunks: Sequence[Chunk]) -> Chunk:
    """Chunks of the same channels as one, device after device."""
    words: dict[str, int] = {}
    codes = [
        np.array([words.setdefault(word, len(words)) for word in chunk.statuses], np.int32)
        for chunk in chunks
    ]
    device = np.concatenate([chunk.device for chunk in chunks])
    order = np.argsort(device, kind="stable")
    status = [code[chunk.status] for code, chunk in zip(codes, chunks, strict=True)]
    return Chunk(
        (),
        device[order],
        np.concatenate([chunk.times for chunk in chunks])[order],
        chunks[0].channels,
        np.concatenate([chunk.values for chunk in chunks])[order],
        np.concatenate([chunk.quality for chunk in chunks])[order],
        tuple(words),
        np.concatenate(status)[order],
        chunks[0].live,
    )


def chunk_of(frame: Frame, live: bool) -> Chunk:
    """The readings of a frame, all live or all imported."""
    return Chunk(
        frame.devices,
        frame.device,
        frame.times.astype("datetime64[us]", copy=False).view(np.int64),
        frame.channels,
        frame.values,
        frame.quality,
        frame.statuses,
        frame.status,
        live,
    )


class _Packed(msgspec.Struct, array_like=True, frozen=True):
    devices: Sequence[str]
    device: bytes
    times: bytes
    channels: Sequence[str]
    values: bytes
    quality: bytes
    """Empty where all are good."""
    statuses: Sequence[str]
    status: bytes
    """Empty where there is one status for all."""
    live: bool


_decoder = msgspec.msgpack.Decoder(_Packed)
_encode = msgspec.msgpack.Encoder().encode


def encode_chunk(chunk: Chunk) -> bytes:
    """Pack a chunk, plainly: it will soon be packed anew."""
    return _encode(
        _Packed(
            chunk.devices,
            chunk.device.astype("<i4", copy=False).tobytes(),
            chunk.times.astype("<i8", copy=False).tobytes(),
            chunk.channels,
            chunk.values.astype("<f8", copy=False).tobytes(),
            chunk.quality.tobytes() if chunk.quality.any() else b"",
            chunk.statuses,
            chunk.status.astype("<i4", copy=False).tobytes() if len(chunk.statuses) > 1 else b"",
            chunk.live,
        )
    )


def decode_chunk(blob: bytes) -> Chunk:
    """Unpack what `encode_chunk` packed.

    Raises:
        msgspec.DecodeError: It is damaged.
    """
    packed = _decoder.decode(blob)
    times = np.frombuffer(packed.times, "<i8")
    shape = (len(times), len(packed.channels))
    return Chunk(
        tuple(packed.devices),
        np.frombuffer(packed.device, "<i4"),
        times,
        tuple(packed.channels),
        np.frombuffer(packed.values, "<f8").reshape(shape),
        np.frombuffer(packed.quality, np.uint8).reshape(shape)
        if packed.quality
        else np.full(shape, Quality.GOOD, np.uint8),
        tuple(packed.statuses),
        np.frombuffer(packed.status, "<i4") if packed.status else np.zeros(len(times), np.int32),
        packed.live,
    )
