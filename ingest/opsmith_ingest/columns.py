"""Guesses a channel and a unit for each column of a file; what the user says goes before."""

import re
from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence

import numpy as np

from opsmith.domain.readings import FloatArray
from opsmith.domain.units import conversion, measurement_of, unit_of
from opsmith.errors import BadInput
from opsmith_ingest.headers import Header, own_name, read_header, slug, unit_from
from opsmith_ingest.mapping import Basis, Column, LeftOut, MappingOptions, Reason

Cells = Sequence[object]
"""One column's cells: text, or what JSON has; the empty text where a row has none."""

_USUAL = {
    "Cel": (("[degF]", "K"), (-40.0, 250.0)),
    "[g]": (("m/s2",), (0.0, 20.0)),
    "MPa": (("bar", "kPa", "psi", "mbar", "Pa"), (-0.1, 4.0)),
    "A": (("mA",), (0.0, 1000.0)),
    "V": (("kV",), (0.0, 1000.0)),
}
"""By own unit: what else it may be, the usual first, and the range that a median should be in."""
_ABSURD = 0.01
"""Share of values beyond the plausible from which the unit must be another."""


def number(cell: object, *, decimal_comma: bool = False) -> float | None:
    """The number in a cell; None where there is none, infinite and NaN as they are."""
    if isinstance(cell, bool) or cell is None:
        return None
    if not isinstance(cell, str | int | float):
        return None
    try:
        return float(cell.replace(",", ".") if decimal_comma and isinstance(cell, str) else cell)
    except (ValueError, OverflowError):
        return None


def map_columns(
    cells: ReadOnly[str, Cells],
    options: MappingOptions,
    *,
    taken: Sequence[str] = (),
    decimal_comma: bool = False,
) -> tuple[tuple[Column, ...], tuple[LeftOut, ...]]:
    """Choose a channel and a unit for each column.

    Args:
        cells: The columns that are neither time, device nor status, in the file's order.
        options: What the user says; it goes before any guess.
        taken: Channels that other columns have already.
        decimal_comma: Numbers are written `1,5`.

    Raises:
        BadInput: An option does not fit, or a unit is not known or measures something else.
    """
    wanted = {name: told for name, told in parse_maps(options).items() if name in cells}
    units = _parse_units(options)
    left_out = list[LeftOut]()
    numbers = dict[str, FloatArray]()
    for name, column in cells.items():
        values = [number(cell, decimal_comma=decimal_comma) for cell in column]
        reason = _why_not(name, column, values, wanted)
        if reason is not None:
            left_out.append(LeftOut(name=name, reason=reason))
        else:
            numbers[name] = np.array([v for v in values if v is not None and np.isfinite(v)])
    channels = _channels({name: wanted.get(name, (None, None))[0] for name in numbers}, taken)
    columns = tuple(
        _column(name, channels[name], values, wanted.get(name, (None, None))[1], units)
        for name, values in numbers.items()
    )
    return columns, tuple(left_out)


def parse_maps(options: MappingOptions) -> dict[str, tuple[str | None, str | None]]:
    """Column: (channel or None to leave it out, unit or None). Raises `BadInput`."""
    parsed = dict[str, tuple[str | None, str | None]]()
    for text in options.maps:
        name, equals, target = text.rpartition("=")
        channel, _, unit = target.strip().partition(":")
        if not equals or (channel and not re.fullmatch(r"[a-z]\w*", channel)):
            raise BadInput(
                f"Cannot use --map {text!r}; write COLUMN=channel:unit, such as T1=temperature:K"
            )
        parsed[name.strip()] = channel or None, unit.strip() or None
    return parsed


def check_units(options: MappingOptions, columns: Sequence[Column]) -> None:
    """Raise `BadInput` where a unit is said of a channel that no column becomes."""
    there = [column.channel for column in columns]
    for channel in _parse_units(options):
        if channel not in there and channel not in {re.sub(r"\d+$", "", each) for each in there}:
            raise BadInput(
                f"No column becomes channel {channel!r} of --unit; "
                f"the channels are {', '.join(there)}"
            )


def _parse_units(options: MappingOptions) -> dict[str, str]:
    parsed = dict[str, str]()
    for text in options.units:
        channel, equals, unit = text.partition("=")
        if not equals or not unit.strip():
            raise BadInput(f"Cannot use --unit {text!r}; write channel=unit, such as pressure=bar")
        parsed[channel.strip()] = unit.strip()
    return parsed


def _why_not(
    name: str,
    column: Cells,
    values: Sequence[float | None],
    wanted: ReadOnly[str, tuple[str | None, str | None]],
) -> Reason | None:
    filled = sum(cell is not None and cell != "" for cell in column)
    if name in wanted:
        return Reason.OPTION if wanted[name][0] is None else None
    header = read_header(name)
    if header.is_label:
        return Reason.LABEL
    if header.is_identifier:
        return Reason.IDENTIFIER
    if filled == 0:
        return Reason.EMPTY
    if sum(value is not None for value in values) * 2 < filled:
        return Reason.TEXT
    return None


def _channels(columns: ReadOnly[str, str | None], taken: Sequence[str]) -> dict[str, str]:
    """A channel of its own for each column, the surest first; a trailing number parts equals."""
    headers = {name: read_header(name) for name in columns}
    guesses = {
        name: told or own_name(name) or headers[name].channel() or slug(name)
        for name, told in columns.items()
    }
    if "temperature" not in guesses.values():
        guesses |= {
            name: "temperature"
            for name, guess in guesses.items()
            if guess == "fluid_temperature" and headers[name].means("thermo ?couple")
        }
    used = set(taken)
    chosen = dict[str, str]()
    for name in sorted(columns, key=lambda name: _doubt(name, columns[name], headers[name])):
        channel, count = guesses[name], 1
        if columns[name] is not None and channel in used:
            raise BadInput(f"Two columns are mapped to channel {channel!r}; use {channel}2 for one")
        while channel in used:
            count += 1
            channel = f"{guesses[name]}{count}"
        used.add(channel)
        chosen[name] = channel
    return chosen


def _doubt(name: str, told: str | None, header: Header) -> int:
    if told is not None:
        return 0
    if own_name(name) is not None:
        return 1
    return 3 if header.is_second_rate else 2


def _column(
    name: str, channel: str, values: FloatArray, told: str | None, units: ReadOnly[str, str]
) -> Column:
    header = read_header(name)
    own = unit_of(channel)
    option = told or units.get(channel) or units.get(re.sub(r"\d+$", "", channel))
    unit, basis = header.unit, Basis.HEADER
    if option is not None:
        unit, basis = unit_from(option) or option, Basis.OPTION
    elif own is None:
        basis = Basis.UNKNOWN
    elif unit is None and header.strange_unit is not None:
        raise BadInput(
            f"Unknown unit {header.strange_unit!r} of column {name!r}; say what it is with "
            f"--map '{name}={channel}:UNIT', or leave it out with --map '{name}='"
        )
    elif unit is None:
        unit, basis = _unit_of_values(channel, own, values)
    try:
        factor, offset = conversion(unit, channel) if unit else (1.0, 0.0)
    except BadInput as error:
        raise BadInput(
            f"Column {name!r}: {error}. Map it otherwise with --map '{name}=channel:unit', or "
            f"leave it out with --map '{name}='"
        ) from error
    return Column(
        name=name,
        channel=channel,
        unit=unit,
        own_unit=own,
        factor=factor,
        offset=offset,
        basis=basis,
    )


def _unit_of_values(channel: str, own: str, values: FloatArray) -> tuple[str, Basis]:
    """The channel's own unit, unless the values would be absurd in it."""
    limits = measurement_of(channel)
    assert limits is not None, "it has a unit"
    if own not in _USUAL or len(values) == 0:
        return own, Basis.OWN

    def absurd(unit: str) -> float:
        factor, offset = conversion(unit, channel)
        converted = values * factor + offset
        return float(np.mean((converted < limits.low) | (converted > limits.high)))

    others, (low, high) = _USUAL[own]
    if absurd(own) <= _ABSURD:
        return own, Basis.OWN
    for unit in others:
        factor, offset = conversion(unit, channel)
        middle = float(np.median(values)) * factor + offset
        if absurd(unit) <= _ABSURD and low <= middle <= high:
            return unit, Basis.VALUES
    return own, Basis.OWN
