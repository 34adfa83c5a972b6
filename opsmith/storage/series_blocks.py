"""Blocks: readings of one device packed as columns."""

from collections.abc import Collection
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from opsmith.compiled import compiled
from opsmith.domain.readings import FloatArray, Quality, QualityArray
from opsmith.storage.series_rows import Rows

_SCALES = 10.0 ** np.arange(10)
_UNSIGNED = {1: np.dtype("<u1"), 2: np.dtype("<u2"), 4: np.dtype("<u4")}


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
    numbers = np.empty(values.shape[::-1], np.int64)
    told = np.empty((values.shape[1], 4), np.int64)
    _whole(values, numbers, told)
    found: list[Column] = []
    for column, (places, low, high, missing) in enumerate(told.tolist()):
        if places < 0:
            found.append(Column(-1, 0, 8, values[:, column].astype("<f8").tobytes()))
            continue
        span = high - low
        if not span and not missing:
            found.append(Column(places, low, 0, b""))
            continue
        width = 1 if span < 2**8 - 1 else 2 if span < 2**16 - 1 else 4
        # What is missing is -1, and so the greatest number after the wrap.
        data = numbers[column].astype(_UNSIGNED[width]).tobytes()
        found.append(Column(places, low, width, data))
    return tuple(found)


@compiled
def _whole(values: FloatArray, numbers: npt.NDArray[np.int64], told: npt.NDArray[np.int64]) -> None:
    """Write columns as whole numbers of the fewest decimal places that keep every value.

    Args:
        values: Shape (n, c).
        numbers: Shape (c, n), out: how much more than the lowest; -1 for NaN.
        told: Shape (c, 4), out: the places, or -1 where there are none or the numbers lie too far
            apart; the lowest and the highest number; how many are missing.
    """
    for column in range(values.shape[1]):
        told[column] = -1
        for places in range(len(_SCALES)):
            low, high, missing = _scaled(values[:, column], _SCALES[places], numbers[column])
            if missing < 0:
                continue
            if high - low < 2**32 - 1:
                told[column, 0], told[column, 1] = places, low
                told[column, 2], told[column, 3] = high, missing
                for row in range(len(values)):
                    known = not np.isnan(values[row, column])
                    numbers[column, row] = numbers[column, row] - low if known else -1
            break


@compiled
def _scaled(x: FloatArray, scale: float, numbers: npt.NDArray[Any]) -> tuple[Any, Any, int]:
    """The lowest and the highest of x as multiples of 1/scale, and how many are NaN.

    That number is -1 where a value is no multiple that a float64 holds.
    """
    low, high, missing = np.int64(2**53), np.int64(-(2**53)), 0
    for row in range(len(x)):
        value = x[row]
        if np.isnan(value):
            missing += 1
            continue
        scaled = np.rint(value * scale)
        if not abs(scaled) < 2.0**53 or scaled / scale != value:
            return 0, 0, -1
        numbers[row] = np.int64(scaled)
        low, high = min(low, numbers[row]), max(high, numbers[row])
    if missing == len(x):
        return 0, 0, missing
    return low, high, missing


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
