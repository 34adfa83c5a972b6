"""The mapping file that a table suggests, for a person to edit; and what was guessed, in lines."""

from collections.abc import Sequence

import yaml

from opsmith_ingest.importing.cells import Read
from opsmith_ingest.importing.fields import Reader, Refusal, distinct
from opsmith_ingest.importing.heads import FieldSpec
from opsmith_ingest.importing.plan import Plan
from opsmith_ingest.importing.readings import roles_of
from opsmith_ingest.importing.registry import Registry
from opsmith_ingest.importing.sheet import Sheet
from opsmith_ingest.mapping import Mapping

_HEAD = """\
# How {file} is read: edit it, then run `opsmith import {what} {file} --mapping THIS_FILE`.
# A line that is left out is guessed. null: no column, or a word that nobody knows yet.
"""


def mapping_file(
    what: str,
    sheet: Sheet,
    reader: Reader,
    specs: Sequence[FieldSpec],
    registry: Registry,
    source: str,
    zone: str,
) -> str:
    """The YAML of a mapping file: each field with its column, each word with what it means."""
    columns = {
        spec.name: _columns(reader, spec.name)
        for spec in specs
        if not spec.name.startswith("limits.") or reader.binding(spec.name)
    }
    values = dict[str, dict[str, str | None]]()
    for binding in reader.bindings:
        if binding.spec.kind == "word":
            cells = sheet.sample.cells[binding.columns[0]]
            values[binding.spec.name] = {
                text: _meaning(binding.read, text) for text in distinct(cells)
            }
    text = _HEAD.format(file=sheet.path.name, what=what)
    text += _yaml({"source": source, "zone": zone}) + _yaml({"columns": columns})
    if reader.unused:
        text += f"  # Columns that become nothing: {', '.join(reader.unused)}\n"
    if values:
        text += _yaml({"values": values})
    units = {e.spec.name: e.note for e in reader.bindings if e.spec.channel and e.note}
    if units:
        text += _yaml({"units": units})
    device = reader.binding("device_id")
    if device is not None and what != "devices":
        text += _yaml({"devices": {"aliases": _unknown(sheet, device.columns[0], registry)}})
        text += "  # pattern: ^BA01-(.+)-A$\n"
    return text + "# constants:\n#   currency: CNY\n"


def readings_file(sheet: Sheet, mapping: Mapping, plan: Plan, registry: Registry, zone: str) -> str:
    """The same for readings: their time, their device, and each channel with its unit."""
    roles = roles_of(sheet, plan)
    columns: dict[str, object] = {"time": list(mapping.time), "device_id": roles.device}
    if roles.channel is not None:
        columns |= {"channel": roles.channel, "value": roles.value, "unit": roles.unit}
    columns |= {each.channel: each.name for each in mapping.columns if each.name in sheet.columns}
    text = _HEAD.format(file=sheet.path.name, what="readings") + _yaml({"zone": zone})
    text += _yaml({"columns": columns})
    if roles.channel is not None:
        ours = {_bare(each.name): each.channel for each in mapping.columns}
        theirs = distinct(sheet.sample.cells[roles.channel], most=300)
        text += _yaml({"values": {"channel": {name: ours.get(_bare(name)) for name in theirs}}})
    else:
        units = {each.channel: each.unit for each in mapping.columns if each.unit}
        text += _yaml({"units": units})
    if roles.device is not None:
        text += _yaml({"devices": {"aliases": _unknown(sheet, roles.device, registry)}})
    return text


def lines(reader: Reader) -> list[tuple[str, str, str]]:
    """Each field that a column gives, the column, and what was assumed."""
    return [(each.spec.name, " + ".join(each.columns), each.note) for each in reader.bindings]


def _columns(reader: Reader, name: str) -> str | list[str] | None:
    binding = reader.binding(name)
    if binding is None:
        return None
    return binding.columns[0] if len(binding.columns) == 1 else list(binding.columns)


def _meaning(read: Read, text: str) -> str | None:
    try:
        return str(read(text))
    except ValueError:
        return None


def _bare(channel: str) -> str:
    return channel.partition(" [")[0]


def _unknown(sheet: Sheet, column: str, registry: Registry) -> dict[str, str | None]:
    """The devices of the sample that the registry does not have."""
    unknown = dict[str, str | None]()
    for text in distinct(sheet.sample.cells[column], most=500):
        try:
            registry.resolve(text, column)
        except Refusal:
            unknown[text] = None
    return dict(list(unknown.items())[:40])


def _yaml(part: object) -> str:
    return yaml.safe_dump(part, allow_unicode=True, sort_keys=False, width=1000)
