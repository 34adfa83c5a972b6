"""Ageing in InfluxDB: readings are counted into minutes, later deleted, later the minutes too."""

import numpy as np

from opsmith.storage.series_influx_append import Known
from opsmith.storage.series_influx_marks import expire_marks
from opsmith.storage.series_influx_minutes import roll
from opsmith.storage.series_influx_names import DIRTY, LIVE, PRESENT, decode
from opsmith.storage.series_influx_rows import of_device
from opsmith.storage.series_influx_server import EARLIEST, between
from opsmith.storage.series_influx_setup import Influx
from opsmith.storage.series_influx_state import (
    NEVER,
    frozen,
    rolled,
    set_frozen,
    set_rolled,
    soil_lines,
    soiled,
)
from opsmith.storage.series_minutes import HOUR, MINUTE

_SETTLED = 10 * MINUTE
"""µs after which readings are no longer expected: later ones are counted one by one."""


def roll_up(server: Influx, known: Known, raw_before: int) -> None:
    """Keep the minutes of the hours that are over, and of all that is about to be deleted."""
    first, last = server.ask(
        *(
            f'SELECT {which}("{PRESENT}") FROM {LIVE.rows} GROUP BY "device_id"'
            for which in ("first", "last")
        )
    )
    firsts = {decode(one.tags["device_id"]): int(one.values[0][0]) for one in first}
    until, edge = rolled(server), frozen(server)
    for series in last:
        device_id, newest = decode(series.tags["device_id"]), int(series.values[0][0])
        target = (newest - _SETTLED) // HOUR * HOUR
        # Readings that go soon are counted even if the hour is not over.
        target = max(target, -(-min(raw_before, newest + 1) // HOUR) * HOUR)
        start = until.get(device_id, firsts.get(device_id, newest) // HOUR * HOUR)
        while start < target:
            with known.lock:
                numbers = roll(server, LIVE, device_id, start, target, edge)
                set_rolled(server, device_id, target)
                known.rolled[device_id] = target
            # Another process may have appended between the count and the word of it.
            if _number(server, device_id, start, target) == numbers:
                break
    until = rolled(server)
    for kind, device_id, hour in soiled(server):
        with known.lock:
            if kind is not LIVE or hour < until.get(device_id, NEVER):
                roll(server, kind, device_id, hour, hour + HOUR, edge if kind is LIVE else NEVER)
            lines = soil_lines(kind, device_id, np.array([hour]), dirty=False)
            server.write(DIRTY.policy, lines)


def _number(server: Influx, device_id: str, start: int, end: int) -> int:
    where = f"{of_device(device_id)} AND {between(start, end)}"
    (found,) = server.ask(f'SELECT count("{PRESENT}") FROM {LIVE.rows} WHERE {where}')
    return int(found[0].values[0][1]) if found else 0


def expire(server: Influx, known: Known, raw_before: int, minutes_before: int) -> int:
    """Delete what is older; how many live readings went."""
    (found,) = server.ask(
        f'SELECT count("{PRESENT}") FROM {LIVE.rows} WHERE {between(EARLIEST, raw_before)}'
        ' GROUP BY "device_id"'
    )
    gone = {decode(one.tags["device_id"]): int(one.values[0][1]) for one in found}
    until = rolled(server)
    edge = min(raw_before, max(until.values(), default=NEVER))
    with known.lock:
        if gone:
            if edge > frozen(server):
                set_frozen(server, edge)
            server.delete(LIVE.rows, None, EARLIEST, raw_before)
            hour = raw_before // HOUR * HOUR
            server.delete(LIVE.hours, None, EARLIEST, hour)
            for device_id in gone:
                if hour < raw_before and hour < until.get(device_id, NEVER):
                    roll(server, LIVE, device_id, hour, hour + HOUR, edge)
        server.delete(LIVE.minutes, None, EARLIEST, minutes_before // MINUTE * MINUTE)
        known.forget(list(known.seen))
        known.changes += 1
    expire_marks(server, minutes_before)
    return sum(gone.values())
