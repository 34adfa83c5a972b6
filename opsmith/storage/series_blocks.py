"""Blocks: readings of one device packed as columns."""

from collections.abc import Collection

import msgspec
import numpy as np

from opsmith.domain.readings import FloatArray, Quality, QualityArray
from opsmith.storage.series_rows import BoolArray, Rows

_SCALES = 10.0 ** np.arange(10)
_SAMPLE = 16


class Column(msgspec.Struct, array_like=True, frozen=True):
    """One packed column: (base + number) / 10**places, or plain float64 where places is -1."""

    places: int
    base: int
    width: int
    """Bytes of a number; the greatest number of that width is NaN; 0: all are `base`."""
    data: bytes


def pack(values: FloatArray) -> tuple[Column, ...]:
    r"""Pack columns without loss, as whole numbers where all of a column are short decimals.

    Args:
        values: Shape (n, c). -0.0 may come back as 0.0.

    Source: after ALP (Afroozeh, Kuffo and Boncz 2023, Proc. ACM Manag. Data 1(4), 230).

    >>> pack(np.array([[20.1], [20.3], [np.nan]]))[0].data
    b'\x00\x02\xff'
    """
    missing = np.isnan(values)
    sample = values[:: max(1, len(values) // _SAMPLE), :, None]
    with np.errstate(over="ignore", invalid="ignore"):
        fits = (np.rint(sample * _SCALES) / _SCALES == sample) | np.isnan(sample)
    short: BoolArray = np.logical_and.reduce(fits, axis=0)
    gaps = set(np.flatnonzero(missing.any(axis=0)).tolist())
    return tuple(
        _pack_one(values[:, column], missing[:, column] if column in gaps else None, short[column])
        for column in range(values.shape[1])
    )


def _pack_one(x: FloatArray, missing: BoolArray | None, short: BoolArray) -> Column:
    known = x if missing is None else x[~missing]
    places = int(short.argmax())
    if short[places] and np.abs(known).max(initial=0.0) < 2**53:
        for decimals in range(places, len(_SCALES)):
            scaled = np.rint(known * _SCALES[decimals])
            low, high = (scaled.min(), scaled.max()) if len(known) else (0.0, 0.0)
            if max(-low, high) >= 2**53 or high - low >= 2**32 - 1:
                break
            if (scaled / _SCALES[decimals] != known).any():
                continue
            if high == low and missing is None:
                return Column(decimals, int(low), 0, b"")
            width = next(width for width in (1, 2, 4) if high - low < 2 ** (8 * width) - 1)
            if missing is None:
                numbers = (scaled - low).astype(f"<u{width}")
            else:
                numbers = np.full(len(x), 2 ** (8 * width) - 1, f"<u{width}")
                numbers[~missing] = scaled - low
            return Column(decimals, int(low), width, numbers.tobytes())
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
    plain: bytes
    """The values themselves, in place of the columns, where they will soon be packed anew."""
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
    """Pack one or more readings; compact takes time and saves three quarters of the room."""
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
            pack(rows.values) if compact else (),
            b"" if compact else rows.values.astype("<f8", copy=False).tobytes(),
            b"" if plain else rows.quality.tobytes(),
            words,
            codes,
            (rows.live if mixed else rows.live[:1]).tobytes(),
        )
    )


def decode(blob: bytes, channels: Collection[str] | None = None) -> Rows:
    """Unpack what `encode` packed, all channels or some.

    Raises:
        msgspec.DecodeError: It is damaged.
    """
    block = _decoder.decode(blob)
    n = block.n
    times = np.empty(n, np.int64)
    times[0] = block.first
    if block.width:
        # Widened first: numpy 2 keeps the narrow type beside a Python number, and overflows.
        steps = np.frombuffer(block.steps, f"<u{block.width}").astype(np.int64)
        np.cumsum(steps + block.step, out=times[1:])
        times[1:] += block.first
    else:
        times[1:] = block.first + block.step * np.arange(1, n)
    chosen = [
        index
        for index, channel in enumerate(block.channels)
        if channels is None or channel in channels
    ]
    if block.columns:
        values = np.empty((n, len(chosen)))
        for place, index in enumerate(chosen):
            values[:, place] = unpack(block.columns[index], n)
    else:
        values = np.frombuffer(block.plain, "<f8").reshape(n, -1)[:, chosen]
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
