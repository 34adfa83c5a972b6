"""Which columns of a file are the time, the device and the status; the rest may be channels."""

import re
from collections.abc import Mapping as ReadOnly
from datetime import tzinfo
from pathlib import Path

from opsmith.errors import BadInput
from opsmith_ingest.columns import Cells, map_columns, number, parse_maps
from opsmith_ingest.headers import read_header
from opsmith_ingest.mapping import Mapping, MappingOptions
from opsmith_ingest.timestamps import TimeFormat, guess_format

_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm])?")
_ACCEPTED = "ISO 8601, epoch seconds or milliseconds, or the like of 31.12.2026 23:59:59"


def find_roles(
    path: Path, cells: ReadOnly[str, Cells], options: MappingOptions, zone: tzinfo
) -> tuple[Mapping, TimeFormat]:
    """How to read a file, from its first rows and what the user says.

    Raises:
        BadInput: It has no rows, no time, no numbers, or an option does not fit it.
    """
    if not cells:
        raise BadInput(f"{path} has no rows of data")
    for name in [*parse_maps(options), *([options.time] if options.time else [])]:
        if name not in cells and not all(part in cells for part in name.split("+")):
            raise BadInput(f"{path} has no column {name!r}; it has {_listed(cells)}")
    time, time_format = _time_of(path, cells, options, zone)
    rest = {name: column for name, column in cells.items() if name not in time}
    mapped = parse_maps(options)
    device = next(
        (
            name
            for name, column in rest.items()
            if name not in mapped and read_header(name).is_device and _has_any(column)
        ),
        None,
    )
    status = next(
        (
            name
            for name, column in rest.items()
            if name not in mapped and read_header(name).is_status and _is_text(column)
        ),
        None,
    )
    comma = _has_decimal_comma(rest)
    others = {name: column for name, column in rest.items() if name not in {device, status}}
    columns, left_out = map_columns(others, options, decimal_comma=comma)
    if not columns:
        raise BadInput(f"{path} has no column of numbers; it has {_listed(cells)}")
    mapping = Mapping(
        time=time,
        time_format=time_format.pattern,
        zone=options.zone,
        time_is_assumed=time_format.is_assumed,
        decimal_comma=comma,
        device=device,
        status=status,
        columns=columns,
        left_out=left_out,
    )
    return mapping, time_format


def extend(mapping: Mapping, cells: ReadOnly[str, Cells], options: MappingOptions) -> Mapping:
    """The mapping with columns that it did not know yet, as later JSON lines may bring them."""
    known = {
        *mapping.time,
        mapping.device,
        mapping.status,
        *(each.name for each in mapping.columns),
        *(each.name for each in mapping.left_out),
    }
    new = {name: column for name, column in cells.items() if name not in known}
    if not new:
        return mapping
    columns, left_out = map_columns(
        new,
        options,
        taken=[each.channel for each in mapping.columns],
        decimal_comma=mapping.decimal_comma,
    )
    return mapping.model_copy(
        update={
            "columns": (*mapping.columns, *columns),
            "left_out": (*mapping.left_out, *left_out),
        }
    )


def _time_of(
    path: Path, cells: ReadOnly[str, Cells], options: MappingOptions, zone: tzinfo
) -> tuple[tuple[str, ...], TimeFormat]:
    if options.time:
        names = (options.time,) if options.time in cells else tuple(options.time.split("+"))
        format_ = guess_format(_joined(cells, names), zone)
        if format_ is None:
            raise BadInput(
                f"{path}: column {options.time!r} holds {_first(cells[names[0]])!r}, "
                f"which is no time; it should be {_ACCEPTED}"
            )
        return names, format_
    named = [name for name in cells if read_header(name).is_time]
    clocks = [name for name in named if _CLOCK.fullmatch(str(_first(cells[name])).strip())]
    dates = [name for name in named if name not in clocks]
    pairs = [(date, clock) for date in dates for clock in clocks]
    texts = [(name,) for name, column in cells.items() if name not in named and _is_text(column)]
    for names in [*pairs, *((date,) for date in dates), *texts]:
        format_ = guess_format(_joined(cells, names), zone)
        if format_ is not None:
            return names, format_
    if len(cells) == 1:
        raise BadInput(f"{path} is no table: no columns parted by comma, semicolon, tab or |")
    raise BadInput(
        f"No time column in {path}: it has {_listed(cells)}; name it with --time COLUMN "
        f"({_ACCEPTED})"
    )


def _joined(cells: ReadOnly[str, Cells], names: tuple[str, ...]) -> Cells:
    if len(names) == 1:
        return cells[names[0]]
    columns = [cells[name] for name in names]
    return [" ".join(map(str, parts)) for parts in zip(*columns, strict=True)]


def _has_decimal_comma(cells: ReadOnly[str, Cells]) -> bool:
    texts = [cell for column in cells.values() for cell in column[:200] if isinstance(cell, str)]
    commas = sum(re.fullmatch(r"\s*-?\d+,\d+\s*", text) is not None for text in texts)
    points = sum(re.fullmatch(r"\s*-?\d+\.\d+\s*", text) is not None for text in texts)
    return commas > points


def _has_any(column: Cells) -> bool:
    return any(cell is not None and cell != "" for cell in column)


def _is_text(column: Cells) -> bool:
    filled = [cell for cell in column[:300] if cell is not None and cell != ""]
    return bool(filled) and sum(number(cell) is None for cell in filled) * 2 > len(filled)


def _first(column: Cells) -> object:
    return next((cell for cell in column if cell is not None and cell != ""), "")


def _listed(cells: ReadOnly[str, Cells]) -> str:
    names = list(cells)
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return ", ".join(names[:12]) + more
