"""How the rows of a foreign table become our fields, as a person says or the names suggest."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from opsmith.domain.names import near
from opsmith.domain.units import conversion
from opsmith.errors import BadInput
from opsmith_ingest.headers import read_header, unit_from
from opsmith_ingest.importing import cells
from opsmith_ingest.importing.heads import FieldSpec, guess, unit_in
from opsmith_ingest.importing.plan import Plan
from opsmith_ingest.importing.sheet import Row, Sheet


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """A row that cannot be used: which column, and why."""

    reason: str
    column: str | None = None

    def __str__(self) -> str:
        return f"column {self.column!r}: {self.reason}" if self.column else self.reason


@dataclass(frozen=True, slots=True)
class Binding:
    """A field and the columns that it is read from."""

    spec: FieldSpec
    columns: tuple[str, ...]
    read: cells.Read
    note: str = ""
    """What was assumed."""
    words: Mapping[str, str] = field(default_factory=dict[str, str])
    """By `key_of` of theirs: ours."""

    def value(self, row: Row) -> object:
        """What the row says. Raises `Refusal`."""
        if len(self.columns) == 1:
            cell = row.cells.get(self.columns[0], "")
        else:
            parts = [cells.text_of(row.cells.get(name, "")) for name in self.columns]
            cell = " ".join(part for part in parts if part)
        try:
            value = self.read(cell)
        except (ValueError, BadInput, OverflowError) as error:
            raise Refusal(str(error), self.columns[0]) from error
        longest = self.spec.longest
        if longest is not None and isinstance(value, str) and len(value) > longest:
            if self.spec.is_key:
                reason = f"{len(value)} characters; at most {longest} are kept"
                raise Refusal(reason, self.columns[0])
            return value[: longest - 1] + "…"
        return value


@dataclass(frozen=True, slots=True)
class Reader:
    """How each row of one table becomes our fields."""

    bindings: tuple[Binding, ...]
    unused: tuple[str, ...]
    """Columns that become nothing."""
    constants: Mapping[str, Any]

    def fields(self, row: Row) -> dict[str, Any]:
        """What a row says, by our names; what it does not say is absent. Raises `Refusal`."""
        found = dict(self.constants)
        for binding in self.bindings:
            value = binding.value(row)
            if value is not None:
                found[binding.spec.name] = value
        return found

    def has(self, name: str) -> bool:
        """Whether a column or a constant gives that field."""
        return name in self.constants or self.binding(name) is not None

    def binding(self, name: str) -> Binding | None:
        """How that field is read, or None."""
        return next((each for each in self.bindings if each.spec.name == name), None)

    def column_of(self, name: str) -> str | None:
        """The column of a field, for a message."""
        binding = self.binding(name)
        return binding.columns[0] if binding else None

    def rest(self, row: Row, most: int = 20) -> dict[str, object]:
        """What the unused columns of a row say, as text."""
        said = ((name, cells.text_of(row.cells.get(name, ""))) for name in self.unused)
        return dict([(name, text[:200]) for name, text in said if text][:most])


def zone_of(name: str) -> tzinfo:
    """The zone of that name. Raises `BadInput`."""
    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(f"No time zone {name!r}; use a name like Asia/Shanghai") from error


def bind(specs: Sequence[FieldSpec], sheet: Sheet, plan: Plan, zone: str) -> Reader:
    """Choose a column for each field: as the mapping file says, else as the names suggest.

    Args:
        specs: The fields that there are.
        sheet: The table.
        plan: What the user says.
        zone: IANA name, for times that name none, where the plan does not say it.

    Raises:
        BadInput: The plan names a field, a column or a word that does not exist.
    """
    known = {spec.name: spec for spec in specs}
    for part in (plan.columns, plan.values, plan.units, plan.constants):
        for name in part:
            if name not in known:
                raise BadInput(
                    f"No field {name!r}{near(name, known)}; there are {', '.join(known)}"
                )
    chosen = _told(plan, sheet.columns)
    taken = {column for columns in chosen.values() for column in columns}
    open_specs = [s for s in specs if s.name not in plan.columns and s.name not in plan.constants]
    free = [column for column in sheet.columns if column not in taken]
    chosen |= guess(open_specs, free)
    place = zone_of(plan.zone or zone)
    words = {
        name: words_of(known[name], plan.values.get(name, {}))
        for name in known
        if known[name].words or name in plan.values
    }
    bindings = tuple(
        _binding(known[name], chosen[name], sheet, plan, place, words.get(name))
        for name in known
        if chosen.get(name)
    )
    used = {column for binding in bindings for column in binding.columns}
    return Reader(
        bindings,
        tuple(column for column in sheet.columns if column not in used),
        _constants(plan, known, words),
    )


def words_of(spec: FieldSpec, told: Mapping[str, str | None]) -> dict[str, str]:
    """By `key_of` of theirs: ours; the built-in words, and over them what the user says.

    Raises:
        BadInput: The user means a word that is none of ours.
    """
    found = {
        cells.key_of(theirs): ours
        for ours, all_theirs in spec.words.items()
        for theirs in (ours, *all_theirs.split(";"))
        if theirs.strip()
    }
    for theirs, ours in told.items():
        if ours is None:
            continue
        word = found.get(cells.key_of(ours), ours) if spec.words else ours
        if spec.words and word not in spec.words:
            raise BadInput(
                f"values.{spec.name}: {ours!r} is none of {', '.join(spec.words)}"
                f"{near(ours, spec.words)}"
            )
        found[cells.key_of(theirs)] = word
    return found


def _told(plan: Plan, there: Sequence[str]) -> dict[str, tuple[str, ...]]:
    chosen = dict[str, tuple[str, ...]]()
    for name, given in plan.columns.items():
        columns = () if not given else (given,) if isinstance(given, str) else tuple(given)
        for column in columns:
            if column not in there:
                raise BadInput(
                    f"columns.{name}: the file has no column {column!r}{near(column, there)}; "
                    f"it has {', '.join(there[:20])}"
                )
        chosen[name] = columns
    return chosen


def _binding(
    spec: FieldSpec,
    columns: tuple[str, ...],
    sheet: Sheet,
    plan: Plan,
    zone: tzinfo,
    words: Mapping[str, str] | None,
) -> Binding:
    sample = _sample(sheet, columns)
    match spec.kind:
        case "moment" | "date":
            form = cells.moment_format(sample, zone, plan.dates)
            maker = cells.moment_reader if spec.kind == "moment" else cells.date_reader
            note = form.pattern + (", day and month ASSUMED in this order" * form.is_assumed)
            return Binding(spec, columns, maker(form), note)
        case "number":
            unit = _unit(spec, columns[0], plan)
            comma = _comma(plan, sample)
            return Binding(
                spec, columns, cells.number_reader(comma, unit, spec.channel), unit or ""
            )
        case "hours":
            unit = plan.units.get(spec.name) or unit_in(columns[0])
            return Binding(
                spec, columns, cells.hours_reader(_comma(plan, sample), unit), unit or ""
            )
        case "list":
            return Binding(spec, columns, cells.read_list)
        case "ids":
            return Binding(spec, columns, cells.read_ids)
        case "any":
            return Binding(spec, columns, lambda cell: None if cell == "" else cell)
        case "word":
            numbers = dict(spec.numbers(sample)) if spec.numbers else {}
            meant = {**numbers, **(words or {})}
            read = cells.word_reader(meant, tuple(spec.words), in_parts=spec.in_parts)
            there = sorted(set(distinct(sample)) & set(numbers))
            note = ", ".join(f"{n} is {meant[n]}" for n in there)
            return Binding(spec, columns, read, note, meant)
        case "text" if words:
            return Binding(spec, columns, _replacer(words), words=words)
        case "text":
            return Binding(spec, columns, cells.read_text)


def _replacer(words: Mapping[str, str]) -> cells.Read:
    def read(cell: object) -> str | None:
        text = cells.text_of(cell)
        return words.get(cells.key_of(text), text) or None

    return read


def _comma(plan: Plan, sample: Sequence[object]) -> bool:
    told = plan.decimal_comma
    return cells.is_decimal_comma(sample) if told is None else told


def _unit(spec: FieldSpec, column: str, plan: Plan) -> str | None:
    if spec.channel is None:
        return None
    told = plan.units.get(spec.name)
    unit = (unit_from(told) or told) if told else read_header(column).unit
    if unit:
        conversion(unit, spec.channel)
    return unit


def _sample(sheet: Sheet, columns: Sequence[str]) -> Sequence[object]:
    parts = [sheet.sample.cells.get(name, ()) for name in columns]
    if len(parts) == 1:
        return parts[0]
    joined = zip(*parts, strict=True)
    return [" ".join(text for part in row if (text := cells.text_of(part))) for row in joined]


def _constants(
    plan: Plan, known: Mapping[str, FieldSpec], words: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    constants = dict[str, Any]()
    for name, given in plan.constants.items():
        spec = known[name]
        value = given
        if spec.kind == "word":
            value = words[name].get(cells.key_of(str(given)))
            if value is None:
                raise BadInput(f"constants.{name}: {given!r} is none of {', '.join(spec.words)}")
        elif spec.kind in ("list", "ids") and isinstance(given, str):
            value = cells.read_list(given)
        elif spec.kind == "text":
            value = str(given)
        constants[name] = value
    return constants


def distinct(cells_: Iterable[object], most: int = 40) -> list[str]:
    """The different texts of a column, in the order they come."""
    found = dict[str, None]()
    for cell in cells_:
        text = cells.text_of(cell)
        if text:
            found[text] = None
        if len(found) > most:
            break
    return list(found)
