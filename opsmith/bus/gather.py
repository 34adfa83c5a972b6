"""Scanned values gathered into columns as machine code, each device in the order of its times."""

import numpy as np
import numpy.typing as npt

from opsmith.bus.scan import Array
from opsmith.compiled import compiled
from opsmith.domain.readings import Quality

_GOOD = int(Quality.GOOD)
_UNCERTAIN = int(Quality.UNCERTAIN)
_ABSENT = int(Quality.ABSENT)


@compiled
def bounds_of_sets(device: Array, kinds: Array, names: int) -> tuple[Array, Array]:
    """The least and the greatest kind of each device; -1 where a name is no device's."""
    low = np.full(names, -1, np.int32)
    high = np.full(names, -1, np.int32)
    for row in range(len(device)):
        name, kind = device[row], kinds[row]
        if low[name] < 0 or kind < low[name]:
            low[name] = kind
        if kind > high[name]:
            high[name] = kind
    return low, high


@compiled
def gather(  # noqa: C901 - one pass over the rows
    rows: Array,
    said_device: Array,
    said_time: Array,
    said_words: Array,
    cells: Array,
    counts: Array,
    said_value: Array,
    said_quality: Array,
    said_key: Array,
    columns: Array,
    low: Array,
    high: Array,
    values: Array,
    quality: Array,
    device: Array,
    times: Array,
    status: Array,
    devices: Array,
    words: Array,
) -> tuple[int, int, bool]:
    """Fill a frame's columns from the messages `rows`; the arrays are those of `scan`.

    Args:
        rows: Shape (n,), the messages of the frame, in their order.
        said_device: As `scan` gives it; so those up to `said_key`, but for `counts`.
        said_time: See there.
        said_words: See there.
        cells: See there.
        counts: Shape (n,), how many values each of the rows has.
        said_value: See there.
        said_quality: See there.
        said_key: See there.
        columns: Shape (names,), the column of each channel.
        low: Shape (k,), below it a good value is uncertain; so above `high`.
        high: See there.
        values: Shape (n, k), out; so all that follow.
        quality: Shape (n, k).
        device: Shape (n,), which of `devices`.
        times: Shape (n,).
        status: Shape (n,), which of `words`.
        devices: Shape (n, 3), each device once: its name, factory and line.
        words: Shape (n,), each status once.

    Returns:
        Devices; statuses; whether the times of each device increase strictly.
    """
    places = np.full(len(columns), -1, np.int32)
    codes = np.full(len(columns), -1, np.int32)
    newest = np.empty(len(rows), np.int64)
    count = said = 0
    ordered = True
    k = values.shape[1]
    for row in range(len(rows)):
        message = rows[row]
        name = said_device[message]
        time = said_time[message]
        place = places[name]
        if place < 0:
            place = places[name] = count
            devices[place, 0], devices[place, 1], devices[place, 2] = name, 0, 0
            count += 1
        elif time <= newest[place]:
            ordered = False
        newest[place] = time
        for kind in range(1, 3):
            if said_words[message, kind] > 0:
                devices[place, kind] = said_words[message, kind]
        word = said_words[message, 0]
        if codes[word] < 0:
            codes[word] = said
            words[said] = word
            said += 1
        device[row], times[row], status[row] = place, time, codes[word]
        if counts[row] < k:
            for column in range(k):
                values[row, column], quality[row, column] = np.nan, _ABSENT
        for cell in range(cells[message], cells[message] + counts[row]):
            column = columns[said_key[cell]]
            value, mark = said_value[cell], said_quality[cell]
            if mark == _GOOD and (value < low[column] or value > high[column]):
                mark = _UNCERTAIN
            values[row, column], quality[row, column] = value, mark
    return count, said, ordered


@compiled
def settle(
    order: Array,
    device: Array,
    times: Array,
    values: Array,
    quality: Array,
    status: Array,
    silent: npt.NDArray[np.bool_],
    count: int,
) -> Array:
    """Lay readings of one device and time over each other, the later ones on top.

    Args:
        order: Shape (n,), the rows by time, those of one time in the order they came.
        device: Shape (n,).
        times: Shape (n,).
        values: Shape (n, k), changed; so `quality` and `status`.
        quality: Shape (n, k).
        status: Shape (n,).
        silent: Shape (statuses,), whether it is the empty text.
        count: Devices.

    Returns:
        The rows to keep, by time.
    """
    last = np.full(count, -1, np.int64)
    keep = np.empty(len(order), np.int64)
    kept = 0
    for row in order:
        under = last[device[row]]
        if under < 0 or times[under] != times[row]:
            last[device[row]] = row
            keep[kept] = row
            kept += 1
            continue
        for column in range(values.shape[1]):
            if quality[row, column] != _ABSENT:
                values[under, column] = values[row, column]
                quality[under, column] = quality[row, column]
        if not silent[status[row]]:
            status[under] = status[row]
    return keep[:kept]
