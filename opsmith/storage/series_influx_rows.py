"""Rows from InfluxDB: readings as they were stored, to the bit."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np

from opsmith.domain.readings import FloatArray, Quality
from opsmith.storage.series_influx_names import (
    DOUBT,
    IMPORTED,
    LIVE,
    PRESENT,
    STATUS,
    Kind,
    Table,
    decode,
    encode,
)
from opsmith.storage.series_influx_server import InfluxServer, between
from opsmith.storage.series_rows import NONE, IntArray, Rows, join, merge

FEW = 50
"""Devices that are asked for by name; if there are more, all are asked for."""


def of_device(device_id: str) -> str:
    """The condition that picks a device."""
    return f"\"device_id\" = '{encode(device_id)}'"


def fields_of(
    server: InfluxServer, kinds: Sequence[Kind], device_id: str, start: int, end: int
) -> list[set[str]]:
    """The fields of each kind that the device has in [start, end); none where no reading is."""
    where = f"WHERE {of_device(device_id)} AND {between(start, end)}"
    answers = server.ask(*(f"SELECT last(/./) FROM {kind.rows} {where}" for kind in kinds))
    return [
        {
            name.removeprefix("last_") if name != "last" else ""
            for series in found
            for name, value in zip(series.columns[1:], series.values[0][1:], strict=True)
            if value is not None
        }
        for found in answers
    ]


def channels_in(fields: Iterable[str]) -> list[str]:
    """The fields that are channels, encoded, sorted by the channel's name."""
    return sorted((name for name in fields if not name.startswith("!")), key=decode)


def read_rows(
    server: InfluxServer,
    device_id: str,
    start: int,
    end: int,
    channels: Collection[str] | None = None,
) -> Rows:
    """The readings in [start, end), imported ones and live ones."""
    kinds = (LIVE, IMPORTED)
    wanted = None if channels is None else {encode(channel) for channel in channels}
    parts = list[Rows]()
    fields = fields_of(server, kinds, device_id, start, end) if start < end else []
    for kind, some in zip(kinds, fields, strict=False):
        if not some:
            continue
        # A channel that has nothing but bad values there has marks alone.
        some |= {name.removeprefix(DOUBT) for name in some if name.startswith(DOUBT)}
        names = [name for name in channels_in(some) if wanted is None or name in wanted]
        marked = [name for name in names if DOUBT + name in some]
        columns = [PRESENT, *([STATUS] if STATUS in some else []), *names]
        columns += [DOUBT + name for name in marked]
        quoted = ",".join(f'"{name}"' for name in columns)
        found = server.page(quoted, kind.rows, of_device(device_id), start, end)
        parts.append(_rows(["time", *columns], found, names, live=kind is LIVE))
    return _together(parts)


def _together(parts: list[Rows]) -> Rows:
    """Live and imported readings as one."""
    if len(parts) < 2:
        return join(parts)
    return merge(*parts).rows


def read_many(
    server: InfluxServer, devices: Sequence[str], channels: Sequence[str], start: int, end: int
) -> dict[str, Rows]:
    """The readings of many devices in [start, end), as far as these channels go."""
    names = sorted((encode(channel) for channel in channels), key=decode)
    columns = [PRESENT, STATUS, *names, *(DOUBT + name for name in names)]
    quoted = ",".join(f'"{name}"' for name in columns)
    some = " OR ".join(map(of_device, devices))
    where = f"WHERE {between(start, end)}{f' AND ({some})' if len(devices) <= FEW else ''}"
    live, imported = server.ask(
        *(
            f'SELECT {quoted} FROM {kind.rows} {where} GROUP BY "device_id"'
            for kind in (LIVE, IMPORTED)
        )
    )
    found: dict[str, list[Rows]] = {device_id: [] for device_id in devices}
    for answer in (live, imported):
        for series in answer:
            device_id = decode(series.tags["device_id"])
            if device_id in found:
                rows = _rows(series.columns, series.values, names, live=answer is live)
                found[device_id].append(rows)
    return {device_id: _together(parts) for device_id, parts in found.items()}


def _rows(
    columns: Sequence[str], found: list[list[Any]], names: Sequence[str], *, live: bool
) -> Rows:
    if not found:
        return NONE
    n = len(found)
    told = dict(zip(columns, zip(*found, strict=True), strict=True))
    values = np.empty((n, len(names)))
    for index, name in enumerate(names):
        values[:, index] = np.array(told[name], float)
    quality = np.where(np.isnan(values), Quality.ABSENT, Quality.GOOD).astype(np.uint8)
    for index, name in enumerate(names):
        if DOUBT + name in told:
            marks: FloatArray = np.array(told[DOUBT + name], float)
            doubtful = marks > 0
            quality[doubtful, index] = marks[doubtful]
            values[marks == Quality.BAD, index] = np.nan
    statuses = np.empty(n, np.object_)
    statuses[:] = [decode(word) if word else "" for word in told.get(STATUS, [None] * n)]
    rows = Rows(
        tuple(decode(name) for name in names),
        np.array(told["time"], np.int64),
        values,
        quality,
        statuses,
        np.full(n, live),
    )
    return rows.carried()


def stretches(times: IntArray, gap: int) -> list[tuple[int, int]]:
    """First and last of each run of sorted times without a gap, in µs."""
    if not len(times):
        return []
    cuts = np.flatnonzero(np.diff(times) > gap)
    firsts = times[np.concatenate([[0], cuts + 1])]
    lasts = times[np.concatenate([cuts, [len(times) - 1]])]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))


def read_last(server: InfluxServer, device_id: str, count: int, before: int) -> Rows:
    """The last `count` readings before that moment."""
    if count <= 0:
        return NONE
    times = last_times(server, (LIVE.rows, IMPORTED.rows), device_id, count, before)
    if not times:
        return NONE
    first = sorted(times)[-count:][0]
    rows = read_rows(server, device_id, first, before)
    return rows.part(slice(max(0, len(rows) - count), None)).carried()


def last_times(
    server: InfluxServer, tables: Sequence[Table], device_id: str, count: int, before: int
) -> set[int]:
    """Times of the last readings, at most `count` of each table."""
    where = f"WHERE {of_device(device_id)} AND {between(-(2**62), before)}"
    answers = server.ask(
        *(
            f'SELECT "{PRESENT}" FROM {table} {where} ORDER BY time DESC LIMIT {count}'
            for table in tables
        )
    )
    return {row[0] for found in answers for series in found for row in series.values}
