"""What is counted already, in InfluxDB itself: how far each device is, how much it has."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import numpy as np

from opsmith.ports import Extent
from opsmith.storage.series_influx_lines import count_lines
from opsmith.storage.series_influx_names import (
    DIRTY,
    IMPORTED,
    LIVE,
    PRESENT,
    ROLLED,
    Kind,
    Table,
    decode,
    encode,
)
from opsmith.storage.series_influx_rows import FEW, of_device
from opsmith.storage.series_influx_server import LATEST, InfluxServer, Series, between
from opsmith.storage.series_rows import IntArray

NEVER = -(2**62)
_FROZEN = Table("history", "frozen")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    """A moment as µs since 1970 UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def moment(micros: int) -> datetime:
    """µs since 1970 UTC as a moment."""
    return _EPOCH + timedelta(microseconds=micros)


def rolled(server: InfluxServer, device_id: str | None = None) -> dict[str, int]:
    """Until when the live minutes of one device or of each are kept, µs since 1970 UTC."""
    where = f" WHERE {of_device(device_id)}" if device_id is not None else ""
    (found,) = server.ask(f'SELECT "until" FROM {ROLLED}{where} GROUP BY "device_id"')
    return {_device(series): int(series.values[-1][1]) for series in found}


def set_rolled(server: InfluxServer, device_id: str, until: int) -> None:
    """Say until when they are kept."""
    line = f"{ROLLED.measurement},device_id={encode(device_id)} until={until}.0 0"
    server.write(ROLLED.policy, [line])


def frozen(server: InfluxServer) -> int:
    """Before that moment live readings were deleted: their minutes cannot be counted again."""
    (found,) = server.ask(f'SELECT "until" FROM {_FROZEN}')
    return int(found[0].values[-1][1]) if found else NEVER


def set_frozen(server: InfluxServer, until: int) -> None:
    """Say before which moment they are deleted now."""
    server.write(_FROZEN.policy, [f"{_FROZEN.measurement} until={until}.0 0"])


def soil_lines(kind: Kind, device_id: str, hours: IntArray, *, dirty: bool) -> list[str]:
    """Lines that say that hours are to be counted anew, or that they are counted."""
    tags = f",kind={kind.rows.measurement}"
    return count_lines(DIRTY, device_id, tags, hours, np.full(len(hours), float(dirty)))


def soiled(server: InfluxServer) -> list[tuple[Kind, str, int]]:
    """The hours that are to be counted anew."""
    (found,) = server.ask(f'SELECT "n" FROM {DIRTY} WHERE "n" > 0 GROUP BY "device_id","kind"')
    kinds = {kind.rows.measurement: kind for kind in (LIVE, IMPORTED)}
    return [(kinds[one.tags["kind"]], _device(one), row[0]) for one in found for row in one.values]


def _device(series: Series) -> str:
    return decode(series.tags["device_id"])


def extents(server: InfluxServer, device_id: str | None = None) -> dict[str, Extent]:
    """From when to when each device has readings: of the kept hours, and counted since."""
    where = f" WHERE {of_device(device_id)}" if device_id is not None else ""
    answers = server.ask(
        *(
            f'{select} FROM {table}{where} GROUP BY "device_id"'
            for kind in (LIVE, IMPORTED)
            for select, table in (
                (f'SELECT first("{PRESENT}")', kind.rows),
                (f'SELECT last("{PRESENT}")', kind.rows),
                ('SELECT sum("n")', kind.hours),
            )
        ),
        f'SELECT "until" FROM {ROLLED}{where} GROUP BY "device_id"',
    )
    until = {_device(series): int(series.values[-1][1]) for series in answers[6]}
    found: dict[str, Extent] = {}
    for first, last, hours in (answers[:3], answers[3:6]):
        firsts, lasts = ({_device(one): one.values[0][0] for one in some} for some in (first, last))
        counts = {_device(one): int(one.values[0][1]) for one in hours}
        if first is answers[0]:
            since = {one: until.get(one, NEVER) for one in lasts}
            tails = {one: start for one, start in since.items() if lasts[one] >= start}
            for one, more in _tails(server, tails).items():
                counts[one] = more + (counts.get(one, 0) if since[one] > NEVER else 0)
        for one in firsts.keys() & lasts.keys():
            more = Extent(moment(firsts[one]), moment(lasts[one]), counts.get(one, 0))
            before = found.get(one, more)
            found[one] = Extent(
                min(before.first, more.first),
                max(before.last, more.last),
                more.count + (before.count if before is not more else 0),
            )
    return dict(sorted(found.items()))


def _tails(server: InfluxServer, since: dict[str, int]) -> dict[str, int]:
    """How many live readings each device has from its moment on."""
    groups: dict[int, list[str]] = defaultdict(list)
    for device_id, start in since.items():
        groups[start].append(device_id)
    if not groups:
        return {}
    statements = list[str]()
    for start, devices in groups.items():
        some = " OR ".join(map(of_device, devices)) if len(devices) <= FEW else ""
        statements.append(
            f'SELECT count("{PRESENT}") FROM {LIVE.rows} WHERE {between(start, LATEST)}'
            f'{f" AND ({some})" if some else ""} GROUP BY "device_id"'
        )
    counted: dict[str, int] = {}
    for devices, answer in zip(groups.values(), server.ask(*statements), strict=True):
        wanted = set(devices)
        counted |= {_device(one): int(one.values[0][1]) for one in answer if _device(one) in wanted}
    return counted


def newest(server: InfluxServer) -> int | None:
    """The time of the newest reading of all, µs since 1970 UTC."""
    answers = server.ask(
        *(f'SELECT last("{PRESENT}") FROM {kind.rows}' for kind in (LIVE, IMPORTED))
    )
    return max((one.values[0][0] for answer in answers for one in answer), default=None)
