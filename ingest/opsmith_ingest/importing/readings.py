"""Readings of another system: history for the series store, wide or long."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from opsmith.domain.moments import to_moment
from opsmith.domain.readings import Frame, Quality, ReadingBatch
from opsmith.domain.units import measurement_of
from opsmith.errors import BadInput
from opsmith.ports import SeriesStore
from opsmith_ingest.headers import read_header
from opsmith_ingest.importing import cells
from opsmith_ingest.importing.fields import Refusal, zone_of
from opsmith_ingest.importing.heads import guess
from opsmith_ingest.importing.outcome import Ledger
from opsmith_ingest.importing.plan import Plan
from opsmith_ingest.importing.registry import Registry
from opsmith_ingest.importing.run import Progress
from opsmith_ingest.importing.sheet import Sheet
from opsmith_ingest.importing.words import fields_of
from opsmith_ingest.mapping import MappingOptions
from opsmith_ingest.recorded_rows import Block, Bury, Rows, sample_of
from opsmith_ingest.replay import DeadRow, Recording
from opsmith_ingest.roles import find_roles
from opsmith_ingest.timestamps import TimeFormat

CHUNK = 20_000
"""Rows that are parsed at a time."""
_LOT = 50_000
"""Readings that are stored at a time."""

_ROLES = ("time", "device_id", "status", "channel", "value", "unit")


@dataclass
class Span:
    """What the readings of a file cover."""

    devices: dict[str, int] = field(default_factory=dict[str, int])
    """How many readings each has."""
    first: datetime | None = None
    last: datetime | None = None
    bad_values: int = 0
    """Values that are no number."""
    implausible_values: int = 0
    """Values beyond what any machine has: stored, and marked."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Which columns are no channels; long where `channel` and `value` are there."""

    time: tuple[str, ...] = ()
    device: str | None = None
    status: str | None = None
    channel: str | None = None
    value: str | None = None
    unit: str | None = None


class PlantTimes(TimeFormat):
    """Times of a plant's life; others are refused."""

    def read(self, value: object) -> datetime:
        """See `TimeFormat.read`."""
        moment = super().read(value)
        if not 1971 <= moment.year < 2200:
            raise ValueError(f"{value!r} is in no year of a plant's life")
        return moment


class ShapedRows:
    """Rows of another file as a recording has them: our names of devices, one column a channel.

    Args:
        rows: The rows.
        roles: Which columns are what.
        resolve: Gives our id of a device. Raises `Refusal`.
        names: Of a long file: by `key_of` of theirs, our channel.
    """

    def __init__(
        self, rows: Rows, roles: Roles, resolve: Callable[[str], str], names: dict[str, str]
    ) -> None:
        self._rows, self._roles, self._resolve, self._names = rows, roles, resolve, names
        self.position = 0

    def blocks(self, rows: int, bury: Bury) -> Iterator[Block]:
        """See `Rows.blocks`."""
        for block in self._rows.blocks(rows, bury):
            if self._roles.device is not None:
                block = self._named(block, self._roles.device, bury)
            if self._roles.channel is not None and self._roles.value is not None:
                block = self._wide(block, self._roles.channel, self._roles.value)
            self.position = self._rows.position
            if block.lines:
                yield block

    def _named(self, block: Block, column: str, bury: Bury) -> Block:
        """The rows of devices that are known, under our names for them."""
        kept, ours = list[int](), list[str]()
        for place, cell in enumerate(block.cells.get(column, ("",) * len(block.lines))):
            try:
                text = cells.text_of(cell)
                if not text:
                    raise Refusal("it is empty", column)
                ours.append(self._resolve(text))
                kept.append(place)
            except Refusal as refusal:
                said = ", ".join(f"{name}={each[place]}" for name, each in block.cells.items())
                bury(block.lines[place], str(refusal), said)
        rest = {name: each for name, each in block.cells.items() if name != column}
        if len(kept) < len(block.lines):
            rest = {name: [each[place] for place in kept] for name, each in rest.items()}
        return Block([block.lines[place] for place in kept], {"device_id": ours, **rest})

    def _wide(self, block: Block, channel: str, value: str) -> Block:
        """Long rows, of one device and time each, side by side."""
        size = len(block.lines)
        keys = [name for name in block.cells if name in ("device_id", *self._roles.time)]
        keys += [name for name in (self._roles.status,) if name in block.cells and name]
        units: Sequence[object] = block.cells.get(self._roles.unit or "", ("",) * size)
        said = zip(
            block.lines,
            zip(*(block.cells[name] for name in keys), strict=True),
            block.cells.get(channel, ("",) * size),
            block.cells.get(value, ("",) * size),
            units,
            strict=True,
        )
        places = dict[tuple[object, ...], int]()
        lines, columns = list[int](), dict[str, dict[int, object]]()
        for line, key, theirs, cell, unit in said:
            place = places.setdefault(key, len(places))
            if place == len(lines):
                lines.append(line)
            name = cells.text_of(theirs)
            name = self._names.get(cells.key_of(name), name)
            written = cells.text_of(unit)
            columns.setdefault(f"{name} [{written}]" if written else name, {})[place] = cell
        wide: dict[str, Sequence[object]] = {
            name: [key[at] for key in places] for at, name in enumerate(keys)
        }
        for name, given in columns.items():
            if name:
                wide[name] = [given.get(place, "") for place in range(len(places))]
        return Block(lines, wide)


def open_history(
    sheet: Sheet, plan: Plan, zone: str, registry: Registry, device_id: str | None
) -> Recording:
    """Find out how a file of readings is read.

    Args:
        sheet: The table.
        plan: What the user says; beside the fields, `columns` may have channels.
        zone: Of times that name none, where the plan does not say it.
        registry: Finds the devices.
        device_id: Whose readings they are, where the file does not say it.

    Raises:
        BadInput: It cannot be read so; the message names the way out.
    """
    roles = roles_of(sheet, plan)
    if device_id is not None:
        try:
            device_id = registry.resolve(device_id, None)
        except Refusal as refusal:
            raise BadInput(str(refusal)) from refusal
    elif roles.device is None:
        raise BadInput(
            f"{sheet.path} does not say which device it is of; name --device ID, or the column "
            "under columns.device_id"
        )
    names = {
        cells.key_of(theirs): ours
        for theirs, ours in plan.values.get("channel", {}).items()
        if ours is not None
    }
    shaped = ShapedRows(sheet.rows, roles, lambda text: registry.resolve(text, roles.device), names)
    sample = sample_of(shaped)
    if not sample.lines:
        raise BadInput(f"{sheet.path}: {_first_reason(shaped)}")
    options = MappingOptions(
        maps=tuple(
            f"{column}={channel}"
            for channel, column in plan.columns.items()
            if channel not in _ROLES and isinstance(column, str)
        ),
        units=tuple(f"{channel}={unit}" for channel, unit in plan.units.items()),
        time="+".join(roles.time) or None,
        zone=plan.zone or zone,
    )
    place = zone_of(options.zone)
    try:
        mapping, form = find_roles(sheet.path, sample.cells, options, place)
    except BadInput as error:
        # It names options of `opsmith replay`.
        raise BadInput(f"{error} [here: `columns` and `units` of a mapping file]") from error
    if plan.dates:
        form = TimeFormat(plan.dates, place)
        mapping = mapping.model_copy(update={"time_format": plan.dates, "time_is_assumed": False})
    times = PlantTimes(form.pattern, form.zone, form.per_second, form.is_assumed)
    if plan.decimal_comma is not None:
        mapping = mapping.model_copy(update={"decimal_comma": plan.decimal_comma})
    given = device_id if roles.device is None else None
    return Recording(sheet.path, shaped, sheet.size, mapping, times, given, options)


def import_readings(
    recording: Recording,
    series: SeriesStore,
    registry: Registry,
    ledger: Ledger,
    now: datetime,
    *,
    dry_run: bool = False,
    progress: Progress = lambda share: None,
) -> Span:
    """Store every reading of a file as history: retention leaves it, detection does not see it.

    Args:
        recording: The file, open.
        series: Where readings go.
        registry: Enters the devices that are adopted.
        ledger: Told what became of each reading.
        now: Plant time.
        dry_run: Store nothing; a reading whose time is there already counts as unchanged.
        progress: Told how far it is.

    Raises:
        Unavailable: The store did not answer; the same import goes on from there.
    """
    span = Span()
    lot = list[ReadingBatch]()

    def bury(row: DeadRow) -> None:
        ledger.refuse(row.line, Refusal(row.reason), {}, row.text)

    def flush() -> None:
        registry.enter((batch.device_id for batch in lot), now)
        appended = series.append([Frame.of(batch) for batch in lot], live=False)
        ledger.new += appended.new
        ledger.unchanged += appended.repeated
        lot.clear()

    for batch in recording.chunks(CHUNK, on_dead=bury):
        batch = _judged(batch, span)
        if dry_run:
            end = to_moment(batch.times[-1] + np.timedelta64(1, "us"))
            there = series.read(batch.device_id, to_moment(batch.times[0]), end).times
            again = int(np.isin(batch.times, there).sum())
            ledger.unchanged += again
            ledger.new += len(batch) - again
        else:
            lot.append(batch)
            if sum(map(len, lot)) >= _LOT:
                flush()
        progress(min(1.0, recording.position / max(1, recording.size)))
    if lot:
        flush()
    return span


def _judged(batch: ReadingBatch, span: Span) -> ReadingBatch:
    """The batch with what is implausible marked, counted."""
    quality = batch.quality.copy()
    for place, channel in enumerate(batch.channels):
        known = measurement_of(channel)
        if known is not None:
            values = batch.values[:, place]
            beyond = (values < known.low) | (values > known.high)
            quality[beyond & (quality[:, place] == Quality.GOOD), place] = Quality.UNCERTAIN
    span.bad_values += int((quality == Quality.BAD).sum())
    span.implausible_values += int((quality == Quality.UNCERTAIN).sum())
    span.devices[batch.device_id] = span.devices.get(batch.device_id, 0) + len(batch)
    first, last = to_moment(batch.times[0]), to_moment(batch.times[-1])
    span.first = first if span.first is None else min(span.first, first)
    span.last = last if span.last is None else max(span.last, last)
    return replace(batch, quality=quality)


def roles_of(sheet: Sheet, plan: Plan) -> Roles:
    """Which columns are what: as the plan says, else as their names do. Raises `BadInput`."""
    told = {name: column for name, column in plan.columns.items() if column}
    for name, column in told.items():
        for each in _listed(column):
            if each not in sheet.columns:
                raise BadInput(f"columns.{name}: {sheet.path} has no column {each!r}")
    taken = {
        each
        for column in told.values()
        for each in ([column] if isinstance(column, str) else column)
    }
    specs = [spec for spec in fields_of("readings") if spec.name not in plan.columns]
    free = [column for column in sheet.columns if column not in taken]
    found = {name: columns[0] for name, columns in guess(specs, free, whole=True).items()}
    found |= {name: column for name, column in told.items() if isinstance(column, str)}
    time = told.get("time", [])
    times = tuple(_listed(time))
    roles = Roles(times, found.get("device_id"), found.get("status"))
    if "channel" not in found or "value" not in found:
        return roles
    rest = [name for name in sheet.columns if name not in found.values()]
    times = times or tuple(name for name in rest if read_header(name).is_time)
    return replace(
        roles,
        time=times,
        channel=found["channel"],
        value=found["value"],
        unit=found.get("unit"),
    )


def _listed(columns: str | list[str]) -> list[str]:
    return [columns] if isinstance(columns, str) else columns


def _first_reason(rows: Rows) -> str:
    reasons = list[str]()
    for _ in rows.blocks(1000, lambda line, reason, text: reasons.append(f"row {line}: {reason}")):
        break
    return f"none of its rows can be used; {reasons[0]}" if reasons else "it has no rows of data"
