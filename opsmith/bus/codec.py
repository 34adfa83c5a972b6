"""Readings to and from the bytes of the topic: one JSON object a message."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
import numpy as np

from opsmith.domain.readings import Frame, Quality, ReadingBatch
from opsmith.domain.units import measurement_of

RESERVED = frozenset(
    {"device_id", "timestamp", "status", "factory_id", "line_id", "warmup", "horizon", "limits"}
)
"""Keys of a message that are no channels."""

LONGEST_ID = 64
MOST_CHANNELS = 256
LARGEST = 64_000
"""Bytes; a longer message is a dead letter."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode
# Plain numbers: an enum's members take a third of a microsecond to look up, once a value.
_BAD, _ABSENT = Quality.BAD.value, Quality.ABSENT.value
_FIRST = datetime(1971, 1, 1, tzinfo=UTC)
_LAST = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Dead:
    """A message that cannot be used, and why."""

    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One message, parsed: a value that is no number is NaN and stands in `bad`."""

    device_id: str
    time: datetime
    status: str
    factory_id: str
    line_id: str
    values: dict[str, float]
    bad: frozenset[str]


def parse(message: bytes | str) -> Reading:
    """One reading from its message.

    Raises:
        ValueError: It has no usable device, time or structure; the text is the reason.
    """
    if len(message) > LARGEST:
        raise ValueError(f"message of {len(message)} bytes; at most {LARGEST} are taken")
    fields = _fields(message)
    device_id = _device_id(fields.get("device_id"))
    time = _moment(fields.get("timestamp"))
    values, bad = _values(fields)
    if len(values) > MOST_CHANNELS:
        raise ValueError(f"{len(values)} channels; at most {MOST_CHANNELS} are taken")
    status, factory_id, line_id = (
        _text(fields.get(key)) for key in ("status", "factory_id", "line_id")
    )
    try:
        "".join((status, factory_id, line_id, *values)).encode()
    except UnicodeEncodeError as error:
        raise ValueError("half of a surrogate pair in a text") from error
    return Reading(
        device_id=device_id,
        time=time,
        status=status,
        factory_id=factory_id,
        line_id=line_id,
        values=values,
        bad=frozenset(bad),
    )


def _fields(message: bytes | str) -> dict[str, Any]:
    try:
        return _decode(message)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        # NaN and Infinity are no JSON, but collectors send them; the slower parser takes them.
        fields = json.loads(message)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON object: {error}") from error
    if not isinstance(fields, dict):
        raise ValueError(f"no JSON object: {type(fields).__name__}")
    return cast(dict[str, Any], fields)


def _values(fields: dict[str, Any]) -> tuple[dict[str, float], set[str]]:
    values: dict[str, float] = {}
    bad: set[str] = set()
    for name, value in fields.items():
        if name in RESERVED:
            continue
        number = np.nan
        if isinstance(value, int | float) and not isinstance(value, bool):
            with suppress(OverflowError):
                number = float(value)
        elif value is not None and measurement_of(name) is None:
            # Text is a remark, unless the channel is one that we know to be a number.
            continue
        if not np.isfinite(number):
            number = np.nan
            bad.add(name)
        values[name] = number
    return values, bad


def encode(batch: ReadingBatch, **extra: str) -> Iterator[tuple[str, bytes]]:
    """The messages of a batch as (key, value); `extra` is added to each, such as `line_id`."""
    texts = np.datetime_as_string(batch.times, unit="us").tolist()
    values: list[list[float]] = batch.values.tolist()
    quality: list[list[int]] = batch.quality.tolist()
    for row, text in enumerate(texts):
        fields: dict[str, Any] = {"device_id": batch.device_id, "timestamp": text + "Z"}
        for channel, value, mark in zip(batch.channels, values[row], quality[row], strict=True):
            if mark == _BAD:
                fields[channel] = None
            elif mark != _ABSENT:
                fields[channel] = value
        if batch.statuses[row]:
            fields["status"] = batch.statuses[row]
        fields.update(extra)
        yield batch.device_id, _encode(fields)


def payload(batch: ReadingBatch | Frame, row: int) -> dict[str, Any]:
    """One reading as the fields of its message."""
    fields: dict[str, Any] = {
        "device_id": batch.device_of(row),
        "timestamp": f"{np.datetime_as_string(batch.times[row], unit='ms')}Z",
    }
    for column, channel in enumerate(batch.channels):
        if batch.quality[row, column] == _BAD:
            fields[channel] = None
        elif batch.quality[row, column] != _ABSENT:
            fields[channel] = float(batch.values[row, column])
    if status := batch.status_of(row):
        fields["status"] = status
    return fields


def _device_id(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("no device_id")
    if len(value) > LONGEST_ID or not value.isprintable():
        raise ValueError(f"device_id is longer than {LONGEST_ID} or has unprintable characters")
    return value


def _text(value: Any) -> str:
    return value[:64] if isinstance(value, str) else ""


def _moment(value: Any) -> datetime:
    if isinstance(value, bool) or value is None:
        raise ValueError("no timestamp")
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        else:
            # A number counts seconds since 1970, or milliseconds where seconds would be absurd.
            seconds = float(value) / 1000 if abs(float(value)) > 1e11 else float(value)
            moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise ValueError(f"timestamp {str(value)[:40]!r} is no ISO 8601 time") from error
    if not _FIRST <= moment < _LAST:
        raise ValueError(f"timestamp {str(value)[:40]!r} is out of range")
    return moment
