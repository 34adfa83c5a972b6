"""Devices of another system: whole nameplates, with limits in any unit."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from opsmith.domain.devices import Device
from opsmith.domain.units import MEASUREMENTS, measurement_of
from opsmith.errors import BadInput
from opsmith.storage.devices import DeviceStore
from opsmith_ingest.headers import own_name, read_header
from opsmith_ingest.importing.base import lacking, model_of
from opsmith_ingest.importing.fields import Reader, Refusal
from opsmith_ingest.importing.heads import FieldSpec
from opsmith_ingest.importing.registry import Registry
from opsmith_ingest.importing.sheet import Row, Sheet
from opsmith_ingest.importing.words import fields_of

_PLATE = {
    "temperature": "rated_temp_max",
    "vibration": "rated_vibration_max",
    "pressure": "rated_pressure_max",
}
_RATED = (*_PLATE, "current")
"""Channels whose rated value is a limit; a rated flow or speed may well be passed a little."""


_OWN = ("limits", "status", "maintenance_until", "created_at", "updated_at")
"""What a nameplate of theirs does not bring along from ours."""
_HIGH = r"\b(max\w*|high|upper|limit|trip|alarm|hi)\b|上限|最高|最大|限值|高限"
_RATING = r"\b(rated|nom\w*)\b|额定"
_LOW = r"\b(min\w*|low|lower|lo)\b|下限|最低|最小|低限"


class DeviceImport:
    """See `Importer`; a cell that is empty leaves what the registry has.

    Args:
        store: The registry.
        registry: The devices that are there; what was only heard of becomes registered.
    """

    def __init__(self, store: DeviceStore, registry: Registry) -> None:
        self._store, self._registry = store, registry
        self._there = {device.device_id: device for device in store.list()}

    def specs(self, sheet: Sheet) -> Sequence[FieldSpec]:
        """See `Importer.specs`; limits of any channel that a header names are among them."""
        return tuple(_with_limits(sheet))

    def start(self, reader: Reader) -> Sequence[str]:
        """See `Importer.start`."""
        self._reader = reader
        if not reader.has("device_id"):
            raise BadInput("No column has the devices' ids; name it under columns.device_id")
        return [
            f"{each.columns[0]!r} names no unit: its numbers are taken as {unit.unit}"
            for each in reader.bindings
            if each.spec.channel and not each.note and (unit := measurement_of(each.spec.channel))
        ]

    def build(self, row: Row) -> Device:
        """See `Importer.build`."""
        fields = self._reader.fields(row)
        if "device_id" not in fields:
            raise lacking(self._reader, "device_id")
        column = self._reader.column_of("device_id")
        device_id = self._registry.ours(str(fields["device_id"]), column)
        if len(device_id) > 64:
            raise Refusal(f"{len(device_id)} characters; at most 64 are kept", column)
        before = self._there.get(device_id)
        known: dict[str, Any] = {"device_name": device_id}
        limits = dict[str, dict[str, float | None]]()
        if before is not None:
            known = {name: value for name, value in before if name not in _OWN}
            limits = {channel: dict(both) for channel, both in before.limits.items()}
        for name in [name for name in fields if name.startswith("limits.")]:
            _, channel, end = name.split(".")
            limits.setdefault(channel, {})[end] = fields.pop(name)
        if "channels" in fields:
            fields["channels"] = tuple(_channel(str(each)) for each in fields["channels"])
        if "criticality" in fields:
            fields["criticality"] = int(fields["criticality"])
        for channel, plate in _PLATE.items():
            # Of a channel that has a low limit too, the registry's own two go by `limits` alone.
            high = fields.get(plate, known.get(plate))
            if channel in limits and high is not None:
                limits[channel]["high"] = high
        own = {"device_id": device_id, "limits": limits, "adopted": True}
        return model_of(Device, {**known, **fields, **own}, self._reader)

    def key(self, record: Device) -> str:
        """See `Importer.key`."""
        return record.device_id

    def put(self, records: Sequence[Device], now: datetime) -> tuple[int, int]:
        """See `Importer.put`."""
        return self._store.put(records, now)


def _channel(name: str) -> str:
    """Our channel that somebody's words mean, or his word."""
    return own_name(name) or read_header(name).channel() or name.strip().lower()


def _with_limits(sheet: Sheet) -> Iterator[FieldSpec]:
    """The fields, with a limit of every channel that we know, and the headers that name it."""
    heads = {f"limits.{channel}.{end}": "" for channel in MEASUREMENTS for end in ("low", "high")}
    heads |= dict.fromkeys(_PLATE.values(), "")
    for column in sheet.columns:
        header = read_header(column)
        channel = header.channel()
        if channel not in MEASUREMENTS:
            continue
        if header.means(_LOW):
            heads[f"limits.{channel}.low"] += f";{column}"
        elif header.means(_HIGH) or (
            channel in _RATED and header.means(r"\b(rated|nom\w*)\b|额定")
        ):
            heads[_PLATE.get(channel, f"limits.{channel}.high")] += f";{column}"
    for spec in fields_of("devices"):
        yield replace(spec, heads=spec.heads + heads.pop(spec.name, ""))
    for name, columns in heads.items():
        channel = name.split(".")[1]
        if name != f"limits.{channel}.high" or channel not in _PLATE:
            yield FieldSpec(name, "number", columns, channel=channel)
