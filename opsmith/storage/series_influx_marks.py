"""Anomaly events in InfluxDB."""

import math
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from opsmith.domain.alerts import AlertLevel
from opsmith.ports import AnomalyMark
from opsmith.storage.series_influx_names import (
    EVENTS,
    IMPORTED,
    KEPT_EVENTS,
    Table,
    decode,
    encode,
)
from opsmith.storage.series_influx_rows import of_device
from opsmith.storage.series_influx_server import EARLIEST, Series, between
from opsmith.storage.series_influx_setup import Influx
from opsmith.storage.series_influx_state import micros, moment
from opsmith.storage.series_minutes import HOUR

_COLUMNS = ("time", "device_id", "alert_type", "change", "trace_id", "level", "score")


def write_marks(server: Influx, marks: Sequence[AnomalyMark]) -> None:
    """Store events; one that is there already stays one."""
    lines = [_line(EVENTS, mark) for mark in marks]
    server.write(EVENTS.policy, lines, precision="ns")


def _line(table: Table, mark: AnomalyMark) -> str:
    # A tag for each trace would be a series for each: the digits below the microsecond tell apart
    # what has the same time, device, type and change.
    slot = zlib.crc32(mark.trace_id.encode(errors="surrogatepass")) % 1000
    score = f",score={mark.score!r}" if math.isfinite(mark.score) else ""
    return (
        f"{table.measurement},alert_type={encode(mark.alert_type)},change={mark.change},"
        f'device_id={encode(mark.device_id)} level="{mark.level.value}"{score},'
        f'trace_id="{encode(mark.trace_id)}" {micros(mark.time) * 1000 + slot}'
    )


def read_marks(server: Influx, device_id: str, start: int, end: int) -> list[AnomalyMark]:
    """The events of a device in [start, end), oldest first."""
    answers = server.ask(
        *(
            f"SELECT * FROM {table} WHERE {of_device(device_id)} AND {between(start, end)}"
            for table in (EVENTS, KEPT_EVENTS)
        ),
        unit="ns",
    )
    found = [mark for answer in answers for series in answer for mark in _marks(series)]
    return sorted(found, key=lambda mark: (mark.time, mark.trace_id, mark.change))


def _marks(series: Series) -> Iterator[AnomalyMark]:
    for row in series.values:
        told: dict[str, Any] = {"score": None, **dict(zip(series.columns, row, strict=True))}
        time, device_id, kind, change, trace_id, level, score = (told[name] for name in _COLUMNS)
        yield AnomalyMark(
            decode(device_id),
            moment(time // 1000),
            decode(trace_id),
            decode(kind),  # pyright: ignore[reportArgumentType]: as it was written
            change,
            AlertLevel(level),
            math.nan if score is None else float(score),
        )


def expire_marks(server: Influx, before: int) -> None:
    """Delete the events before that moment but those around imported history."""
    (answer,) = server.ask(f"SELECT * FROM {EVENTS} WHERE {between(EARLIEST, before)}", unit="ns")
    gone = [mark for series in answer for mark in _marks(series)]
    if not gone:
        return
    hours = {(mark.device_id, micros(mark.time) // HOUR * HOUR): mark for mark in gone}
    first, last = (pick(hour for _, hour in hours) for pick in (min, max))
    (answer,) = server.ask(
        f'SELECT "n" FROM {IMPORTED.hours} WHERE "n" > 0 AND {between(first, last + HOUR)}'
        ' GROUP BY "device_id"'
    )
    there = {(decode(one.tags["device_id"]), row[0]) for one in answer for row in one.values}
    kept = [mark for mark in gone if (mark.device_id, micros(mark.time) // HOUR * HOUR) in there]
    server.write(KEPT_EVENTS.policy, [_line(KEPT_EVENTS, mark) for mark in kept], precision="ns")
    server.delete(EVENTS, None, EARLIEST, before)
