"""Reads a recorded file, CSV or JSON lines, into batches of readings."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from opsmith.bus.codec import LONGEST_ID
from opsmith.domain.readings import FloatArray, Quality, QualityArray, ReadingBatch, TimeArray
from opsmith.errors import BadInput
from opsmith_ingest.columns import check_units, number
from opsmith_ingest.mapping import Column, Mapping, MappingOptions
from opsmith_ingest.recorded_rows import Block, CsvRows, JsonRows, Rows, sample_of
from opsmith_ingest.recorded_text import find_layout, open_text
from opsmith_ingest.roles import extend, find_roles
from opsmith_ingest.timestamps import TimeFormat

_KEPT_DEAD = 1000


@dataclass(frozen=True, slots=True)
class DeadRow:
    """A row that cannot become a reading."""

    line: int
    """In the file, from 1."""
    reason: str
    text: str
    """Its beginning."""


class Recording:
    """A recorded file, ready to be read.

    Attributes:
        mapping: Which column becomes what; grows where later JSON lines bring new keys.
        size: Bytes of the file.
        dead: The first 1,000 rows that could not be used.
        dead_count: All of them.
        skipped: Rows of other devices than the one asked for.
    """

    def __init__(
        self,
        path: Path,
        rows: Rows,
        size: int,
        mapping: Mapping,
        time_format: TimeFormat,
        device_id: str | None,
        options: MappingOptions,
    ) -> None:
        self.path, self.size, self.mapping = path, size, mapping
        self.dead: list[DeadRow] = []
        self.dead_count = self.skipped = 0
        self._rows, self._format, self._options = rows, time_format, options
        self._device_id = device_id
        self._only: str | None = None
        self._newest_first = False
        self._settle(sample_of(rows))

    @property
    def position(self) -> int:
        """Bytes of the file read so far, for a progress bar."""
        return self._rows.position

    def chunks(
        self, rows: int = 600, on_dead: Callable[[DeadRow], None] | None = None
    ) -> Iterator[ReadingBatch]:
        """All readings from the start, in the file's order; a file with the newest first is turned.

        Rows within a chunk are put in order; a time that comes again comes in a batch of its own,
        later, so that the last one stands.

        Args:
            rows: Rows that are read at a time.
            on_dead: Called with every row that cannot be used.

        Raises:
            BadInput: The file ends within its packing.
        """
        self.dead.clear()
        self.dead_count = self.skipped = 0

        def bury(line: int, reason: str, text: str) -> None:
            dead = DeadRow(line, reason, text[:200])
            self.dead_count += 1
            if len(self.dead) < _KEPT_DEAD:
                self.dead.append(dead)
            if on_dead is not None:
                on_dead(dead)

        blocks = self._rows.blocks(rows, bury)
        if self._newest_first:
            yield from (
                batch
                for block in reversed([list(self._batches(each, bury)) for each in blocks])
                for batch in block
            )
            return
        for block in blocks:
            yield from self._batches(block, bury)

    def _settle(self, sample: Block) -> None:
        """Decide from the first rows which device is meant and which way time goes."""
        times, _ = self._times(sample, lambda line, reason, text: None)
        steps = np.diff(times).astype(np.int64)
        self._newest_first = len(steps) > 2 and float(np.mean(steps < 0)) > 0.9
        if self.mapping.device is None:
            if self._device_id is None:
                raise BadInput(f"{self.path} does not say which device it is of; name --device ID")
            return
        named = sorted({str(cell).strip() for cell in sample.cells[self.mapping.device]} - {""})
        if self._device_id in named:
            self._only = self._device_id
        elif self._device_id is not None and len(named) > 1:
            some = ", ".join(named[:5])
            raise BadInput(
                f"{self.path} has readings of {some}, not of {self._device_id!r}; "
                "name one of them, or leave --device out to read all"
            )

    def _times(
        self, block: Block, bury: Callable[[int, str, str], None]
    ) -> tuple[TimeArray, list[int]]:
        """The times that can be read, UTC, and the rows that they are of."""
        columns = [block.cells.get(name, ("",) * len(block.lines)) for name in self.mapping.time]
        cells = (
            columns[0]
            if len(columns) == 1
            else [" ".join(map(str, c)) for c in zip(*columns, strict=True)]
        )
        read = self._format.read
        try:
            good, kept = [read(cell) for cell in cells], list(range(len(cells)))
        except ValueError:
            good, kept = list[datetime](), list[int]()
            for row, cell in enumerate(cells):
                try:
                    good.append(read(cell))
                    kept.append(row)
                except ValueError:
                    reason = f"time {str(cell)[:40]!r} is not {self._format.pattern}"
                    bury(block.lines[row], reason if cell != "" else "no time", _text(block, row))
        return np.array(good, dtype="datetime64[us]"), kept

    def _batches(
        self, block: Block, bury: Callable[[int, str, str], None]
    ) -> Iterator[ReadingBatch]:
        self.mapping = extend(self.mapping, block.cells, self._options)
        times, kept = self._times(block, bury)
        if not kept:
            return
        columns = sorted(
            (each for each in self.mapping.columns if each.name in block.cells),
            key=lambda each: each.channel,
        )
        comma = self.mapping.decimal_comma
        pairs = [_numbers(block.cells[each.name], each, comma) for each in columns]
        rows = np.array(kept)
        values = (
            np.column_stack([value for value, _ in pairs])[rows]
            if pairs
            else np.empty((len(rows), 0))
        )
        quality = (
            np.column_stack([q for _, q in pairs])[rows]
            if pairs
            else np.empty((len(rows), 0), np.uint8)
        )
        statuses = self._statuses(block, kept)
        channels = tuple(each.channel for each in columns)
        for device_id, own in self._devices(block, kept, bury).items():
            for part in _in_order(times, own):
                yield ReadingBatch(
                    device_id, channels, times[part], values[part], quality[part],
                    tuple(statuses[row] for row in part.tolist()),
                )  # fmt: skip

    def _statuses(self, block: Block, kept: Sequence[int]) -> list[str]:
        cells = block.cells.get(self.mapping.status or "")
        if cells is None:
            return [""] * len(kept)
        return [str(cells[row] or "").strip() for row in kept]

    def _devices(
        self, block: Block, kept: Sequence[int], bury: Callable[[int, str, str], None]
    ) -> dict[str, np.ndarray[tuple[int], np.dtype[np.intp]]]:
        """Each device's places in `kept`."""
        column = self.mapping.device
        if column is None or (self._device_id is not None and self._only is None):
            assert self._device_id is not None, "settled"
            return {self._device_id: np.arange(len(kept))}
        cells = block.cells.get(column, ("",) * len(block.lines))
        places = dict[str, list[int]]()
        for place, row in enumerate(kept):
            name = str(cells[row]).strip() if cells[row] is not None else ""
            if not 0 < len(name) <= LONGEST_ID:
                bury(block.lines[row], f"no usable {column}", _text(block, row))
            elif self._only is not None and name != self._only:
                self.skipped += 1
            else:
                places.setdefault(name, []).append(place)
        return {name: np.array(own) for name, own in places.items()}


def open_recording(
    path: str | Path, device_id: str | None = None, options: MappingOptions | None = None
) -> Recording:
    """Open a CSV or JSON lines file (packed with gzip or not) and find out how to read it.

    Args:
        path: The file.
        device_id: Whose readings they are. Where the file has several devices: only this one.
            None: the file names the device in each row.
        options: What the user says about the columns.

    Raises:
        BadInput: The file cannot be read so; the message names the way out.
    """
    path, options = Path(path), options or MappingOptions()
    try:
        zone = UTC if options.zone.upper() == "UTC" else ZoneInfo(options.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(f"No time zone {options.zone!r}; use a name like Asia/Shanghai") from error
    file = open_text(path, options.encoding)
    is_json = file.sample.lstrip()[:1] in {"{", "["}
    rows = JsonRows(file) if is_json else CsvRows(file, find_layout(file))
    mapping, time_format = find_roles(path, sample_of(rows).cells, options, zone)
    if not is_json:  # Later JSON lines may still bring the channel.
        check_units(options, mapping.columns)
    return Recording(path, rows, file.size, mapping, time_format, device_id, options)


def _numbers(
    cells: Sequence[object], column: Column, decimal_comma: bool
) -> tuple[FloatArray, QualityArray]:
    """A column in its channel's unit, NaN where there is no number, with the reason for it."""
    try:
        if not set(map(type, cells)) <= {str, int, float}:
            raise ValueError("needs a closer look")
        values = np.array(list(map(float, cells)))  # pyright: ignore[reportArgumentType]  checked above
        quality = np.zeros(len(values), dtype=np.uint8)
    except (ValueError, OverflowError):
        read = [number(cell, decimal_comma=decimal_comma) for cell in cells]
        values = np.array([np.nan if value is None else value for value in read])
        absent = [isinstance(cell, str) and not cell.strip() for cell in cells]
        quality = np.where(absent, Quality.ABSENT, Quality.GOOD).astype(np.uint8)
    bad = ~np.isfinite(values)
    quality[bad & (quality == Quality.GOOD)] = Quality.BAD
    values[bad] = np.nan
    if (column.factor, column.offset) != (1.0, 0.0):
        values = np.round(values * column.factor + column.offset, 9)
    return values, quality


def _in_order(
    times: TimeArray, places: np.ndarray[tuple[int], np.dtype[np.intp]]
) -> Iterator[np.ndarray[tuple[int], np.dtype[np.intp]]]:
    """The places by time; those whose time came before, again by time, and so on."""
    order = places[np.argsort(times[places], kind="stable")]
    while len(order):
        again = np.zeros(len(order), dtype=np.bool_)
        again[1:] = times[order][1:] == times[order][:-1]
        yield order[~again]
        order = order[again]


def _text(block: Block, row: int) -> str:
    return ", ".join(f"{name}={cells[row]}" for name, cells in block.cells.items())
