"""Lines: readings and minutes as InfluxDB's line protocol, a column at a time."""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from opsmith.domain.readings import FloatArray, IndexArray, Quality, QualityArray
from opsmith.storage.series_influx_names import DOUBT, PRESENT, STATUS, Table, encode
from opsmith.storage.series_rows import IntArray

GOOD_AGAIN = 4
"""Good, at a place that has a mark: the mark is written over."""
_MARKS = 5
_encode = msgspec.json.Encoder().encode


def reading_lines(
    table: Table,
    devices: Sequence[str],
    device: IndexArray,
    times: IntArray,
    channels: Sequence[str],
    values: FloatArray,
    marks: QualityArray,
    statuses: Sequence[str],
    status: IndexArray,
) -> list[str]:
    """A line a reading.

    Args:
        table: Where they go.
        devices: Names.
        device: Shape (n,), which of them.
        times: Shape (n,), µs since 1970 UTC.
        channels: Names.
        values: Shape (n, c).
        marks: Shape (n, c), of `Quality`, or `GOOD_AGAIN`.
        statuses: What devices said.
        status: Shape (n,), which of it.
    """
    finite = np.isfinite(values)
    if not finite.all():
        marks = np.where(~finite & (marks != Quality.ABSENT), np.uint8(Quality.BAD), marks)
    patterns, pattern = _patterns(marks)
    keys = (device.astype(np.int64) * len(statuses) + status) * len(patterns) + pattern
    _, firsts, which = np.unique(keys, return_index=True, return_inverse=True)
    names = [_plain(channel) for channel in channels]
    templates = [
        _template(
            table,
            devices[int(device[row])],
            names,
            patterns[int(pattern[row])],
            statuses[int(status[row])],
        )
        for row in firsts.tolist()
    ]
    return [
        templates[one] % row
        for one, row in zip(
            which.tolist(),
            zip(*_texts(values), times.tolist(), strict=True),
            strict=True,
        )
    ]


def _texts(values: FloatArray) -> list[list[str]]:
    """The shortest text of each float that reads back to the bit, a list a column."""
    n, c = values.shape
    # A JSON encoder writes them several times faster than `repr`.
    texts = _encode(values.T.ravel().tolist())[1:-1].decode().split(",")
    return [texts[n * column : n * (column + 1)] for column in range(c)]


def _patterns(marks: QualityArray) -> tuple[list[list[int]], IntArray]:
    """The different rows of marks, and which of them each row is."""
    if not marks.any():
        return [[0] * marks.shape[1]], np.zeros(len(marks), np.int64)
    if marks.shape[1] <= 27:
        # Digits of one number: far quicker to sort than rows.
        digits = np.array([_MARKS**place for place in range(marks.shape[1])], np.int64)
        codes: IntArray = (marks * digits).sum(axis=1)
        _, firsts, which = np.unique(codes, return_index=True, return_inverse=True)
        return marks[firsts].tolist(), which.astype(np.int64)
    some, which = np.unique(marks, axis=0, return_inverse=True)
    return some.tolist(), which.reshape(-1).astype(np.int64)


def _plain(name: str) -> str:
    return encode(name).replace("%", "%%")


def _template(
    table: Table, device_id: str, names: Sequence[str], marks: Sequence[int], status: str
) -> str:
    """A format that takes every value and the time; `%.0s` takes one and writes nothing."""
    fields = list[str]()
    for name, mark in zip(names, marks, strict=True):
        match mark:
            case Quality.GOOD:
                fields.append(f"{name}=%s,")
            case Quality.UNCERTAIN:
                fields.append(f"{name}=%s,{DOUBT}{name}=1,")
            case Quality.BAD:
                fields.append(f"%.0s{DOUBT}{name}=2,")
            case _ if mark == GOOD_AGAIN:
                fields.append(f"{name}=%s,{DOUBT}{name}=0,")
            case _:
                fields.append("%.0s")
    said = f',{STATUS}="{_plain(status)}"' if status else ""
    head = f"{table.measurement},device_id={_plain(device_id)} "
    return f"{head}{''.join(fields)}{PRESENT}=1{said} %d"


def figure_lines(
    table: Table, device_id: str, channel: str, times: IntArray, figures: FloatArray
) -> list[str]:
    """Statistics of a channel's minutes.

    Args:
        table: Where they go.
        device_id: Whose.
        channel: Already encoded.
        times: Shape (n,), µs since 1970 UTC.
        figures: Shape (4, n): count, mean, highest, lowest; an infinite mean is left out.
    """
    head = f"{table.measurement},device_id={encode(device_id)},channel={channel} count=".replace(
        "%", "%%"
    )
    whole = f"{head}%r,mean=%r,max=%r,min=%r %d"
    endless = f"{head}%r%.0s,max=%r,min=%r %d"
    return [
        (whole if known else endless) % row
        for known, row in zip(
            np.isfinite(figures[1]).tolist(),
            zip(*figures.tolist(), times.tolist(), strict=True),
            strict=True,
        )
    ]


def count_lines(
    table: Table, device_id: str, tags: str, times: npt.NDArray[np.int64], counts: FloatArray
) -> list[str]:
    """Numbers over time in the field `n`."""
    head = f"{table.measurement},device_id={encode(device_id)}{tags} n="
    return [
        f"{head}{count!r} {time}"
        for count, time in zip(counts.tolist(), times.tolist(), strict=True)
    ]
