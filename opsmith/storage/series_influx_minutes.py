"""Minutes in InfluxDB: counted by the server of readings, and kept where readings go."""

from collections.abc import Iterable

import numpy as np

from opsmith.domain.readings import Aggregates, FloatArray
from opsmith.storage.series_influx_lines import count_lines, figure_lines
from opsmith.storage.series_influx_names import (
    BLANKED,
    IMPORTED,
    LIVE,
    PRESENT,
    Kind,
    decode,
)
from opsmith.storage.series_influx_rows import channels_in, fields_of, of_device, read_rows
from opsmith.storage.series_influx_server import InfluxServer, between
from opsmith.storage.series_minutes import HOUR, MINUTE
from opsmith.storage.series_rows import IntArray

_SLICE = 96 * HOUR
"""Stretch of a device's minutes in one request."""
_PAGE = 10_000

Counted = dict[str, tuple[IntArray, FloatArray]]
"""Of each field: minutes, shape (n,), and count, mean, highest and lowest, shape (4, n)."""


def count(server: InfluxServer, kind: Kind, device_id: str, start: int, end: int) -> Counted:
    """Count the readings in [start, end), which begins and ends with a minute."""
    (fields,) = fields_of(server, (kind,), device_id, start, end)
    if not fields:
        return {}
    names = channels_in(fields)
    select = ",".join(
        f'{figure}("{name}")' for name in names for figure in ("count", "mean", "max", "min")
    )
    where = f"{of_device(device_id)} AND {between(start, end)}"
    minutes, blanked = server.ask(
        f'SELECT count("{PRESENT}"){"," * bool(names)}{select} FROM {kind.rows}'
        f" WHERE {where} GROUP BY time(1m) fill(none)",
        f'SELECT "n" FROM {BLANKED} WHERE {where}',
    )
    if not minutes:
        return {}
    table = np.array(minutes[0].values, dtype=float).T
    times = table[0].astype(np.int64)
    counted: Counted = {PRESENT: (times, np.stack([table[1]] * 4))}
    for index, name in enumerate(names):
        figures = table[2 + 4 * index : 6 + 4 * index]
        some = figures[0] > 0
        counted[name] = (times[some], figures[:, some])
    for minute in {row[0] for series in blanked for row in series.values}:
        _recount(server, kind, device_id, minute, counted)
    return counted


def _recount(
    server: InfluxServer, kind: Kind, device_id: str, minute: int, counted: Counted
) -> None:
    """Count a minute here, since the server counts numbers in it that were taken back."""
    rows = read_rows(server, device_id, minute, minute + MINUTE)
    rows = rows.part(rows.live == (kind is LIVE))
    plain = dict(zip(rows.channels, rows.values.T, strict=True))
    for name, (times, figures) in counted.items():
        at = np.flatnonzero(times == minute)
        values = plain.get(decode(name), np.empty(0)) if name != PRESENT else None
        if values is None or not len(at):
            continue
        values = values[~np.isnan(values)]
        if len(values):
            with np.errstate(over="ignore", invalid="ignore"):
                mean = values.mean()
            figures[:, at[0]] = len(values), mean, values.max(), values.min()
        else:
            counted[name] = (np.delete(times, at), np.delete(figures, at, axis=1))


def roll(
    server: InfluxServer, kind: Kind, device_id: str, start: int, end: int, frozen: int
) -> int:
    """Count the hours in [start, end) anew and keep what came of it; how many readings they have.

    Args:
        server: Where.
        kind: Of live readings or of imported ones.
        device_id: Whose.
        start: The start of an hour.
        end: The end of an hour.
        frozen: Minutes before stay as they are: their readings are not all there any more.
    """
    total = 0
    for low in range(start, end, _SLICE):
        high = min(low + _SLICE, end)
        counted = count(server, kind, device_id, low, high)
        lines = list[str]()
        for name, (times, figures) in counted.items():
            kept = times >= frozen
            lines += figure_lines(kind.minutes, device_id, name, times[kept], figures[:, kept])
        server.write(kind.minutes.policy, lines)
        times, figures = counted.get(PRESENT, (np.empty(0, np.int64), np.empty((4, 0))))
        hours = np.arange(low, high, HOUR)
        numbers = np.zeros(len(hours))
        np.add.at(numbers, (times - low) // HOUR, figures[0])
        if high - low > HOUR and not numbers.all():
            # An hour that never had readings needs no line; the ends may have lost theirs.
            some = numbers > 0
            some[[0, -1]] = True
            hours, numbers = hours[some], numbers[some]
        server.write(kind.hours.policy, count_lines(kind.hours, device_id, "", hours, numbers))
        total += int(numbers.sum())
    return total


def kept_minutes(server: InfluxServer, kind: Kind, device_id: str, start: int, end: int) -> Counted:
    """What `roll` kept of the minutes in [start, end)."""
    counted: Counted = {}
    while start < end:
        (found,) = server.ask(
            f'SELECT "count","mean","max","min" FROM {kind.minutes}'
            f" WHERE {of_device(device_id)} AND {between(start, end)}"
            f' GROUP BY "channel" LIMIT {_PAGE}'
        )
        # Those that were cut off say up to where all of them are complete.
        cut = min((one.values[-1][0] for one in found if len(one.values) == _PAGE), default=end)
        for series in found:
            table = np.array(series.values, dtype=float).T
            table = table[:, table[0] <= cut]
            part = (table[0].astype(np.int64), table[1:])
            counted = _after(counted, {series.tags["channel"]: part})
        start = cut + 1
    return counted


def _after(first: Counted, then: Counted) -> Counted:
    """Counts of minutes, one after the other."""
    found = dict(first)
    for name, (times, figures) in then.items():
        if name in found:
            times = np.concatenate([found[name][0], times])
            figures = np.concatenate([found[name][1], figures], axis=1)
        found[name] = (times, figures)
    return found


def all_minutes(
    server: InfluxServer, device_id: str, start: int, end: int, rolled: int
) -> Aggregates:
    """The minutes that start in [start, end), whose live ones are kept up to `rolled`."""
    start, end = -(-start // MINUTE) * MINUTE, -(-end // MINUTE) * MINUTE
    edge = min(max(rolled, start), end)
    live = kept_minutes(server, LIVE, device_id, start, edge)
    if edge < end:
        live = _after(live, _counted_since(server, device_id, edge, end))
    imported = kept_minutes(server, IMPORTED, device_id, start, end)
    return aggregates(device_id, [live, imported])


def _counted_since(server: InfluxServer, device_id: str, start: int, end: int) -> Counted:
    """Counts of live readings that `roll` has not come to."""
    where = f"WHERE {of_device(device_id)} AND {between(start, end)}"
    first, last = server.ask(
        *(f'SELECT {which}("{PRESENT}") FROM {LIVE.rows} {where}' for which in ("first", "last"))
    )
    if not first or not last:
        return {}
    start = int(first[0].values[0][0]) // MINUTE * MINUTE
    end = min(end, int(last[0].values[0][0]) // MINUTE * MINUTE + MINUTE)
    counted: Counted = {}
    for low in range(start, end, _SLICE):
        counted = _after(counted, count(server, LIVE, device_id, low, min(low + _SLICE, end)))
    return counted


def aggregates(device_id: str, parts: Iterable[Counted]) -> Aggregates:
    """Counts of different readings as one."""
    some = [part for part in parts if part]
    minutes = np.unique(np.concatenate([np.empty(0, np.int64), *(p[PRESENT][0] for p in some)]))
    names = sorted({name for part in some for name in part if name != PRESENT}, key=decode)
    shape = (len(minutes), len(names))
    number = np.zeros(shape, np.int64)
    mean, high, low = (np.full(shape, np.nan) for _ in range(3))
    for part in some:
        for column, name in enumerate(names):
            if name not in part:
                continue
            times, figures = part[name]
            at = (np.searchsorted(minutes, times), column)
            before = number[at]
            number[at] += figures[0].astype(np.int64)
            with np.errstate(over="ignore", invalid="ignore"):
                # A sum beyond the largest float has no mean that the server could keep.
                endless = np.where(figures[2] + figures[3] < 0, -np.inf, np.inf)
                ours = np.where(np.isnan(figures[1]), endless, figures[1])
                both = mean[at] + (ours - mean[at]) * (figures[0] / number[at])
            mean[at] = np.where(before == 0, ours, both)
            high[at] = np.fmax(high[at], figures[2])
            low[at] = np.fmin(low[at], figures[3])
    return Aggregates(
        device_id,
        tuple(decode(name) for name in names),
        minutes.view("datetime64[us]"),
        number,
        mean,
        high,
        low,
    )
