"""Appending to InfluxDB: what is new, what repeats, and what has to be counted again."""

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from opsmith.domain.readings import FloatArray, Frame, Quality, QualityArray, ReadingBatch
from opsmith.storage.series_influx_lines import GOOD_AGAIN, count_lines, reading_lines
from opsmith.storage.series_influx_minutes import roll
from opsmith.storage.series_influx_names import (
    BLANKED,
    DIRTY,
    IMPORTED,
    LIVE,
    PRESENT,
    Kind,
    Table,
    decode,
)
from opsmith.storage.series_influx_rows import FEW, of_device, read_many, read_rows, stretches
from opsmith.storage.series_influx_server import LINES
from opsmith.storage.series_influx_setup import Influx
from opsmith.storage.series_influx_state import frozen, rolled, soil_lines
from opsmith.storage.series_minutes import HOUR, MINUTE
from opsmith.storage.series_rows import BoolArray, IntArray, Rows, merge

NEVER = -(2**62)
_FRESH = 10.0
"""Seconds that a device's newest reading is believed without an append: others may write too."""
_GAP = MINUTE
"""µs between late readings from which on what is stored between them is not looked at."""
_MOST = 200
"""Most devices whose stored readings are asked for at once."""


_Piece = tuple[int, int, str, Rows]
"""First, last, device, and all readings of the device that came."""


@dataclass(eq=False)
class Known:
    """What this process knows of the devices; the stores of one database share it."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    newest: dict[str, int] = field(default_factory=dict[str, int])
    """Times of the newest readings, µs since 1970 UTC."""
    rolled: dict[str, int] = field(default_factory=dict[str, int])
    """Until when the live minutes are kept."""
    seen: dict[str, float] = field(default_factory=dict[str, float])
    """When it was sure last."""
    changes: int = 0
    """Grows with every change of ours."""

    def forget(self, devices: Iterable[str]) -> None:
        """Ask again about these."""
        for device_id in devices:
            self.seen.pop(device_id, None)

    def learn(self, server: Influx, devices: Iterable[str]) -> None:
        """Ask about those that are not known for sure."""
        now = time.monotonic()
        unsure = [one for one in devices if now - self.seen.get(one, NEVER) > _FRESH]
        if not unsure:
            return
        where = ""
        if len(unsure) <= FEW:
            where = f" WHERE {' OR '.join(map(of_device, unsure))}"
        answers = server.ask(
            *(
                f'SELECT last("{PRESENT}") FROM {kind.rows}{where} GROUP BY "device_id"'
                for kind in (LIVE, IMPORTED)
            )
        )
        found: dict[str, int] = {}
        for series in [one for answer in answers for one in answer]:
            device_id = decode(series.tags["device_id"])
            found[device_id] = max(series.values[0][0], found.get(device_id, NEVER))
        until = rolled(server)
        for device_id in unsure:
            self.newest[device_id] = found.get(device_id, NEVER)
            self.rolled[device_id] = until.get(device_id, NEVER)
            self.seen[device_id] = now

    def sure(self, devices: Iterable[str]) -> None:
        """What was just written is known for sure."""
        now = time.monotonic()
        self.seen.update((device_id, now) for device_id in devices)
        self.changes += 1


class Append:
    """One call of `append`, under the lock.

    Args:
        server: Where.
        known: What is known of the devices of the call.
        live: False for imported history.
    """

    def __init__(self, server: Influx, known: Known, *, live: bool) -> None:
        self.new = 0
        self._server = server
        self._known = known
        self._live = live
        self._kind = LIVE if live else IMPORTED
        self._lines: dict[str, list[str]] = {}
        self._touched: dict[tuple[Kind, str], list[IntArray]] = {}
        self._soiled: list[tuple[Kind, str, IntArray]] = []
        self._moved: list[tuple[str, int, int]] = []

    def add(self, frame: Frame) -> None:
        """Take a frame; it is written by now or by `finish`."""
        if not len(frame):
            return
        times = frame.times.astype("datetime64[us]", copy=False).view(np.int64)
        newest = np.array([self._known.newest[one] for one in frame.devices], np.int64)
        until = np.array([self._known.rolled[one] for one in frame.devices], np.int64)
        edge = np.maximum(newest, until - 1) if self._live else newest
        late = times <= edge[frame.device]
        np.maximum.at(newest, frame.device, times)
        if not late.any():
            self._add_new(frame, times)
        else:
            if not late.all():
                self._add_new(_part(frame, ~late), times[~late])
            self._write()
            batches = _part(frame, late).batches()
            self._amend([_rows(one, live=self._live) for one in batches if len(one)])
        self._known.newest.update(zip(frame.devices, newest.tolist(), strict=True))

    def finish(self) -> None:
        """Write what waits, and count again what was counted without it."""
        self._write()
        for device_id, first, last in self._moved:
            self._server.delete(LIVE.rows, device_id, first, last + 1)
        if not self._touched:
            return
        # Asked after the write: whoever counted before did not know of it.
        until, edge = rolled(self._server), frozen(self._server)
        moved = {device_id for device_id, _, _ in self._moved}
        marks = list[str]()
        for (kind, device_id), parts in self._touched.items():
            hours = np.unique(np.concatenate(parts))
            if kind is LIVE:
                self._known.rolled[device_id] = until.get(device_id, NEVER)
                hours = hours[hours < until.get(device_id, NEVER)]
            for first, last in stretches(hours, HOUR):
                low, high = first, last + HOUR
                if kind is LIVE and device_id in moved:
                    self._server.delete(kind.minutes, device_id, max(low, edge), high)
                roll(self._server, kind, device_id, low, high, edge if kind is LIVE else NEVER)
            marks += soil_lines(kind, device_id, hours, dirty=False)
        self._server.write(DIRTY.policy, marks)

    def _put(self, table: Table, lines: Sequence[str]) -> None:
        waiting = self._lines.setdefault(table.policy, [])
        waiting += lines
        if len(waiting) >= LINES:
            self._write()

    def _write(self) -> None:
        # Said before: should this be the end of us, `expire` counts them anew.
        marks = list[str]()
        for kind, device_id, hours in self._soiled:
            if kind is LIVE:
                hours = hours[hours < self._known.rolled[device_id]]
            marks += soil_lines(kind, device_id, hours, dirty=True)
        self._server.write(DIRTY.policy, marks)
        self._soiled.clear()
        for policy, lines in self._lines.items():
            self._server.write(policy, lines)
        self._lines.clear()

    def _touch(self, kind: Kind, device_id: str, times: IntArray) -> None:
        if len(times):
            hours = np.unique(times // HOUR * HOUR)
            self._touched.setdefault((kind, device_id), []).append(hours)
            self._soiled.append((kind, device_id, hours))

    def _add_new(self, frame: Frame, times: IntArray) -> None:
        lines = reading_lines(
            self._kind.rows,
            frame.devices,
            frame.device,
            times,
            frame.channels,
            frame.values,
            frame.quality,
            frame.statuses,
            frame.status,
        )
        self.new += len(frame)
        if not self._live:
            for index, device_id in enumerate(frame.devices):
                self._touch(IMPORTED, device_id, times[frame.device == index])
        self._put(self._kind.rows, lines)

    def _amend(self, some: list[tuple[str, Rows]]) -> None:
        """Lay readings over those that may be there, which are asked for once for many devices."""
        pieces: list[_Piece] = [
            (first, last, device_id, rows)
            for device_id, rows in some
            for first, last in stretches(rows.times, _gap(rows.times))
        ]
        pieces.sort(key=lambda piece: piece[:3])
        while pieces:
            edge = pieces[0][1] + _GAP
            together = [piece for piece in pieces if piece[1] <= edge][:_MOST]
            # What was imported over live readings is written with all that they carried.
            if len(together) > 1 and self._live:
                channels = {one for piece in together for one in piece[3].channels}
                names = sorted({piece[2] for piece in together})
                found = read_many(self._server, names, sorted(channels), pieces[0][0], edge + 1)
            else:
                together, found = pieces[:1], dict[str, Rows]()
            for first, last, device_id, rows in together:
                piece = rows.between(first, last + 1)
                stored = found.get(device_id)
                if stored is None:
                    stored = read_rows(self._server, device_id, first, last + 1)
                self._lay(device_id, stored.between(first, last + 1), piece)
            done = {piece[:3] for piece in together}
            pieces = [piece for piece in pieces if piece[:3] not in done]
        self._write()

    def _lay(self, device_id: str, stored: Rows, rows: Rows) -> None:
        merged = merge(stored, rows)
        self.new += len(merged.changed)
        imported = np.isin(rows.times, stored.times[~stored.live])
        was_live = np.isin(rows.times, stored.times[stored.live])
        changed = np.isin(rows.times, merged.changed)
        moved = was_live & (not self._live)
        self._blank(device_id, stored, rows, changed & ~moved)
        for kind, chosen in (
            (LIVE, changed & self._live & ~imported),
            (IMPORTED, changed & ~moved & (imported | (not self._live))),
        ):
            self._touch(kind, device_id, rows.times[chosen])
            self._overwrite(kind, device_id, stored, rows.part(chosen))
        if moved.any():
            self._move(device_id, stored, merged.rows, rows.times[moved])

    def _overwrite(self, kind: Kind, device_id: str, stored: Rows, rows: Rows) -> None:
        """Write readings, and over the marks of values that are good now."""
        if not len(rows):
            return
        before = _at(stored, rows)[1]
        marked = (before == Quality.UNCERTAIN) | (before == Quality.BAD)
        marks = np.where(
            marked & (rows.quality == Quality.GOOD), np.uint8(GOOD_AGAIN), rows.quality
        )
        self._put(kind.rows, _lines(kind.rows, device_id, rows, marks))

    def _blank(self, device_id: str, stored: Rows, rows: Rows, chosen: BoolArray) -> None:
        """Note the minutes in which a number is taken back: InfluxDB cannot delete one field."""
        values, _ = _at(stored, rows)
        back = (rows.quality == Quality.BAD) & ~np.isnan(values) & chosen[:, None]
        if back.any():
            minutes = np.unique(rows.times[back.any(axis=1)] // MINUTE * MINUTE)
            self._server.write(
                BLANKED.policy,
                count_lines(BLANKED, device_id, "", minutes, np.ones(len(minutes))),
            )

    def _move(self, device_id: str, stored: Rows, merged: Rows, times: IntArray) -> None:
        """Live readings turned out to be imported history too."""
        rows = merged.part(np.isin(merged.times, times))
        self._touch(LIVE, device_id, times)
        self._touch(IMPORTED, device_id, times)
        self._put(IMPORTED.rows, _lines(IMPORTED.rows, device_id, rows, rows.quality))
        # A run of readings goes with one request where none that stays lies between.
        ours = stored.times[stored.live]
        goes = np.concatenate([[False], np.isin(ours, times), [False]])
        firsts = ours[goes[1:-1] & ~goes[:-2]]
        lasts = ours[goes[1:-1] & ~goes[2:]]
        self._moved += [
            (device_id, first, last)
            for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True)
        ]


def _gap(times: IntArray) -> int:
    """Above the usual step of devices that report seldom."""
    return max(_GAP, 10 * int(np.median(np.diff(times)))) if len(times) > 1 else _GAP


def _rows(batch: ReadingBatch, *, live: bool) -> tuple[str, Rows]:
    times = batch.times.astype("datetime64[us]", copy=False).view(np.int64)
    words = np.empty(len(batch), np.object_)
    words[:] = batch.statuses
    rows = Rows(
        batch.channels, times, batch.values, batch.quality, words, np.full(len(batch), live)
    )
    return batch.device_id, rows


def _at(stored: Rows, rows: Rows) -> tuple[FloatArray, QualityArray]:
    """What is stored at the places of `rows`, absent where there is nothing."""
    values = np.full(rows.values.shape, np.nan)
    quality = np.full(rows.quality.shape, Quality.ABSENT, np.uint8)
    if len(stored):
        old_values, old_quality = stored.columns(rows.channels)
        places = np.minimum(np.searchsorted(stored.times, rows.times), len(stored) - 1)
        known = stored.times[places] == rows.times
        values[known], quality[known] = old_values[places[known]], old_quality[places[known]]
    return values, quality


def _lines(table: Table, device_id: str, rows: Rows, marks: QualityArray) -> list[str]:
    words, status = np.unique(rows.statuses.astype(str), return_inverse=True)
    return reading_lines(
        table,
        [device_id],
        np.zeros(len(rows), np.int32),
        rows.times,
        rows.channels,
        rows.values,
        marks,
        words.tolist(),
        status.astype(np.int32),
    )


def _part(frame: Frame, chosen: BoolArray) -> Frame:
    return Frame(
        frame.devices,
        frame.device[chosen],
        frame.times[chosen],
        frame.channels,
        frame.values[chosen],
        frame.quality[chosen],
        frame.statuses,
        frame.status[chosen],
    )
