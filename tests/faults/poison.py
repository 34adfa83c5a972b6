"""Messages that nobody should send, each with what has to come of it.

A rule of one line (DESIGN.md): a bad value blanks its channel; a value beyond the plausible is
kept and marked; a message with no usable device, time or structure is a dead letter with its
reason; everything else is text and numbers, kept as they are.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hostile_strings import STRINGS

BLANK = None
KEYS: tuple[bytes | None, ...] = (b"", None, b"\xff\xfe", b"\0", b"'; DROP TABLE x; --", b"k" * 300)
"""Keys of messages that are no device's."""


@dataclass(frozen=True, slots=True)
class Stored:
    """It is kept as a reading."""

    device_id: str
    values: dict[str, float | None]
    """By channel; None: blanked."""
    marked: bool = False
    """A value is beyond the plausible."""
    at: datetime | None = None
    """When, where it is not the time that was asked for."""


@dataclass(frozen=True, slots=True)
class Buried:
    """It is a dead letter, for a reason that begins so."""

    reason: str


@dataclass(frozen=True, slots=True)
class Poison:
    """One message."""

    kind: str
    key: bytes | None
    value: bytes | None
    at: datetime
    comes: Stored | Buried


Fields = dict[str, Any]
Made = tuple[bytes | None, Stored | Buried]
Kind = Callable[[int, datetime, str], Made]


def text_of(at: datetime) -> str:
    """As a message says it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _said(device: str, at: datetime, rest: str) -> bytes:
    """A reading whose last fields are given as they stand."""
    head = f'{{"device_id": {json.dumps(device)}, "timestamp": "{text_of(at)}", "pressure": 2.5, '
    return (head + rest + "}").encode()


def _value(raw: str, comes: float | None = BLANK, *, marked: bool = False) -> Kind:
    """A reading whose temperature is this."""

    def made(_: int, at: datetime, device: str) -> Made:
        values: dict[str, float | None] = {"pressure": 2.5, "temperature": comes}
        return _said(device, at, f'"temperature": {raw}'), Stored(device, values, marked)

    return made


def _more(rest: str, **values: float | None) -> Kind:
    """A reading with these fields beside its pressure."""

    def made(_: int, at: datetime, device: str) -> Made:
        return _said(device, at, rest), Stored(device, {"pressure": 2.5} | values)

    return made


def _dead(raw: bytes | str, reason: str) -> Kind:
    """These bytes; `%n` and `%t` in them are a number and the time."""

    def made(number: int, at: datetime, _: str) -> Made:
        text = raw.encode() if isinstance(raw, str) else raw
        text = text.replace(b"%n", str(number).encode()).replace(b"%t", text_of(at).encode())
        return text, Buried(reason)

    return made


def _id(raw: str, reason: str) -> Kind:
    """A reading of this device, as JSON."""
    return _dead(f'{{"device_id": {raw}, "timestamp": "%t", "temperature": 1.5, "n": %n}}', reason)


def _time(raw: str, reason: str) -> Kind:
    """A reading of this time, as JSON."""
    return _dead(f'{{"device_id": "PUMP_1", "timestamp": {raw}, "n": %n}}', reason)


def _name(device: str) -> Kind:
    """A reading of a device of that name, which is a good one."""

    def made(_: int, at: datetime, __: str) -> Made:
        return _said(device, at, '"temperature": 40.5'), Stored(
            device, {"pressure": 2.5, "temperature": 40.5}
        )

    return made


def _text(field: str, text: str) -> Kind:
    return _more(f"{json.dumps(field)}: {json.dumps(text)}")


def _channel(name: str) -> Kind:
    def made(number: int, at: datetime, device: str) -> Made:
        values: dict[str, float | None] = {"pressure": 2.5, name: 7.25}
        # A device for each few: all channels of one device stand side by side.
        device = f"{device}_{number % 7}"
        return _said(device, at, f"{json.dumps(name)}: 7.25"), Stored(device, values)

    return made


_UTF16 = '{"device_id": "PUMP_1", "timestamp": "%t", "n": %n'.encode("utf-16")
_NEST, _DEEP = 25_000, 100_000
_NONE = "no JSON object"
_LONG = "message of "
_OUT = "timestamp "
_UNPRINTABLE = "device_id is longer than 64 or has unprintable characters"

VALUES: dict[str, Kind] = {
    "NaN": _value("NaN"),
    "Infinity": _value("Infinity"),
    "-Infinity": _value("-Infinity"),
    "1e400": _value("1e400"),
    "-1e400": _value("-1e400"),
    "1e308": _value("1e308", 1e308, marked=True),
    "-1e308": _value("-1e308", -1e308, marked=True),
    "5e-324": _value("5e-324", 5e-324),
    "-0.0": _value("-0.0", 0.0),
    "400 digits": _value("9" * 400),
    "text for a number": _value('"12"'),
    "NaN as text": _value('"NaN"'),
    "null": _value("null"),
    "true": _value("true"),
    "list": _value("[12.5]"),
    "object": _value('{"value": 12.5}'),
    "key twice": _value('1.5, "temperature": 2.5', 2.5),
    "key twice, then none": _value('1.5, "temperature": null'),
    "escaped key": _more('"temperatur\\u0065": 41.5', temperature=41.5),
    "channel missing": _more('"flow": 3.5', flow=3.5),
    "remark": _more('"note": "all is well"'),
    "remark nested": _more('"note": [[[[{"a": [1, 2]}]]]]'),
    "bool for what nobody knows": _more('"running": true'),
    "null for what nobody knows": _more('"flow2": null', flow2=None),
}
LETTERS: dict[str, Kind] = {
    "no device": _dead('{"timestamp": "%t", "temperature": 40.5, "n": %n}', "no device_id"),
    "empty device": _id('""', "no device_id"),
    "blank device": _id('"   "', "no device_id"),
    "device null": _id("null", "no device_id"),
    "device a number": _id("12", "no device_id"),
    "device a list": _id('["PUMP_1"]', "no device_id"),
    "device twice, then none": _id('"PUMP_1", "device_id": ""', "no device_id"),
    "device of 65": _id(f'"{"x" * 65}"', _UNPRINTABLE),
    "device of 60,000": _id(f'"{"x" * 60_000}"', _UNPRINTABLE),
    "device of 64 kB": _id(f'"{"x" * 65_536}"', _LONG),
    "device with a newline": _id('"PUMP\\n1"', _UNPRINTABLE),
    "device with a zero": _id('"PUMP\\u0000"', _UNPRINTABLE),
    "device half a pair": _id('"PUMP\\ud800"', _UNPRINTABLE),
    "device turned round": _id('"PUMP\\u202e1"', _UNPRINTABLE),
    "no time": _dead('{"device_id": "PUMP_1", "temperature": 40.5, "n": %n}', "no timestamp"),
    "time null": _time("null", "no timestamp"),
    "time true": _time("true", "no timestamp"),
    "time words": _time('"yesterday"', _OUT),
    "time empty": _time('""', _OUT),
    "time list": _time("[1]", _OUT),
    "time object": _time("{}", _OUT),
    "time NaN": _time("NaN", _OUT),
    "time 1e400": _time("1e400", _OUT),
    "time -5": _time("-5", _OUT),
    "time zero": _time("0", _OUT),
    "time 1e300": _time("1e300", _OUT),
    "time 400 digits": _time("9" * 400, _OUT),
    "no such month": _time('"2026-13-45T00:00:00Z"', _OUT),
    "no such day": _time('"2026-02-30T00:00:00Z"', _OUT),
    "year one": _time('"0001-01-01T00:00:00+23:59"', _OUT),
    "year 9999": _time('"9999-12-31T23:59:59-23:59"', _OUT),
    "time injected": _time('"2026-01-01\'; DROP TABLE x; --"', _OUT),
    "1 MB": _dead(b'{"device_id": "PUMP_1", "n": %n, "x": "' + b"x" * 1_000_000 + b'"}', _LONG),
    "100,000 brackets": _dead(b"%n" + b"[" * _DEEP + b"]" * _DEEP, _LONG),
    "25,000 brackets": _dead(b"[" * _NEST + b"%n" + b"]" * _NEST, _NONE),
    "open brackets": _dead(b"[" * _NEST + b"%n", _NONE),
    "objects in objects": _dead(b'{"a":' * 9_000 + b"%n" + b"}" * 9_000, _NONE),
    "deep value": _time('"%t", "temperature": ' + "[" * 9_000 + "]" * 9_000, _NONE),
    "bad UTF-8": _dead(b'{"device_id": "PUMP\xff\xfe", "timestamp": "%t", "n": %n}', _NONE),
    "bad UTF-8 in a text": _dead(
        b'{"device_id": "PUMP_1", "timestamp": "%t", "status": "\xc3\x28", "n": %n}', _NONE
    ),
    "half a pair in a status": _time('"%t", "status": "\\udc00"', "half of a surrogate pair"),
    "half a pair in a channel": _time('"%t", "a\\ud83d": 1', "half of a surrogate pair"),
    "list on top": _dead('[{"device_id": "PUMP_1", "timestamp": "%t", "n": %n}]', _NONE),
    "text on top": _dead('"device_id %n"', _NONE),
    "number on top": _dead("%n", _NONE),
    "null on top": _dead("null", _NONE),
    "true on top": _dead("true", _NONE),
    "NaN on top": _dead("NaN", _NONE),
    "cut off": _dead('{"device_id": "PUMP_1", "timestamp": "%t", "temperature": 4%n', _NONE),
    "two in one": _dead('{"device_id": "PUMP_1"}{"timestamp": "%t", "n": %n}', _NONE),
    "comma too many": _dead('{"device_id": "PUMP_1", "timestamp": "%t", "n": %n,}', _NONE),
    "single quotes": _dead("{'device_id': 'PUMP_1', 'timestamp': '%t', 'n': %n}", _NONE),
    "line protocol": _dead("sensor,device_id=PUMP_1 temperature=1.5 %n", _NONE),
    "XML": _dead('<?xml version="1.0"?><reading n="%n"/>', _NONE),
    "empty": _dead("", _NONE),
    "blank": _dead(" \n\t ", _NONE),
    "one zero": _dead(b"\0", _NONE),
    "zeros": _dead(b"\0" * 64 + b"%n", _NONE),
    "Avro": _dead(b"\0\0\0\0\x07\x0ePUMP_1\x02%n", _NONE),
    "gzip": _dead(b"\x1f\x8b\x08\0\0\0\0\0\0\x03%n", _NONE),
    "UTF-16 cut off": _dead(_UTF16, _NONE),
    "300 channels": _time(
        '"%t", ' + ", ".join(f'"c{number}": {number}' for number in range(300)), "301 channels"
    ),
}
TEXTS = [text for text in STRINGS if text.isprintable() and 0 < len(text) <= 64 and text.strip()]
_NAMES = [*TEXTS, "PUMP_CASE", "pump_case", "PUMP_CASE ", " PUMP_CASE", "Ä", "A\u0308", "ß", "ss"]
_CHANNELS = [
    *("a\nb", "a,b", "a=b", 'a"b', "a b", " ", "", "time", "_time", "device_id ", "DEVICE_ID"),
    *(
        "_field",
        "_measurement",
        "_value",
        "name",
        "a\\",
        "\\",
        "a\rb",
        "a\tb",
        "温度",
        "🧯",
        "#",
        "*",
    ),
    *("count", "mean", "select", "x" * 200, "a\u2028b", "tag", "field", "quality", "status2"),
]
HOSTILE: dict[str, Kind] = {
    **{f"device {text!r}": _name(text) for text in _NAMES},
    **{f"status {text[:40]!r}": _text("status", text) for text in STRINGS},
    **{f"line {text[:40]!r}": _text("line_id", text) for text in STRINGS[::2]},
    **{f"factory {text[:40]!r}": _text("factory_id", text) for text in STRINGS[1::2]},
    **{f"channel {text[:40]!r}": _channel(text) for text in [*_CHANNELS, *TEXTS]},
}
KINDS = VALUES | LETTERS | HOSTILE
ONCE = frozenset({"null on top", "true on top", "NaN on top", "empty", "blank", "one zero"})
"""Kinds whose messages are all the same: with the same key they are one dead letter."""


@dataclass
class Mixture:
    """Readings of a plant with poison among them, and what has to be there in the end.

    Args:
        count: Messages in all.
        start: The first reading's time.
        share: Of poison; 0: none, and the readings are the same.
        devices: Of the plant.
        seed: Of the places and the kinds.
    """

    count: int
    start: datetime
    share: float = 0.1
    devices: int = 20
    seed: int = 1
    poison: list[Poison] = field(default_factory=list[Poison])
    """All that there was so far, in order."""

    def messages(self) -> Iterator[tuple[bytes | None, bytes | None]]:
        """Key and value of each."""
        chance = random.Random(self.seed)
        kinds = list(KINDS.items())
        clean = 0
        for _ in range(self.count):
            if chance.random() < self.share:
                number = len(self.poison)
                # Every kind in turn, however few there are.
                kind, make = kinds[number % len(kinds)]
                yield self._poisoned(number, kind, make)
            else:
                yield self._clean(clean)
                clean += 1

    def clean(self) -> int:
        """How many readings of the plant there were."""
        return self.count - len(self.poison)

    def expected(self) -> dict[str, dict[str, dict[str, float | None]]]:
        """What a store holds in the end, by device and time."""
        found: dict[str, dict[str, dict[str, float | None]]] = {}
        for number in range(self.clean()):
            device, at, values = self._reading(number)
            found.setdefault(device, {})[_key(at)] = dict(values)
        for one in self.poison:
            if isinstance(one.comes, Stored):
                rows = found.setdefault(one.comes.device_id, {})
                rows[_key(one.comes.at or one.at)] = one.comes.values
        return found

    def _clean(self, number: int) -> tuple[bytes, bytes]:
        device, at, values = self._reading(number)
        numbers = ", ".join(f'"{name}": {value}' for name, value in values.items())
        said = f'{{"device_id": "{device}", "timestamp": "{text_of(at)}", {numbers}}}'
        return device.encode(), said.encode()

    def _reading(self, number: int) -> tuple[str, datetime, dict[str, float]]:
        second, place = divmod(number, self.devices)
        wave = (second * 37 + place * 11) % 100 / 100
        values = {
            "temperature": round(45 + wave, 3),
            "vibration": round(0.5 + wave / 20, 3),
            "pressure": round(2 + wave / 10, 3),
            "current": round(15 + wave / 5, 3),
        }
        return f"PUMP_{place:03}", self.start + timedelta(seconds=second), values

    def _poisoned(self, number: int, kind: str, make: Kind) -> tuple[bytes | None, bytes | None]:
        # A time of its own: no two say something of the same moment.
        at = self.start + timedelta(milliseconds=500 + 3 * number)
        value, comes = make(number, at, f"ODD_{number % 5}")
        if kind == "empty" and number // len(KINDS) % 2:
            value = None
        if kind in ONCE:
            key: bytes | None = f"once {number}".encode()
        elif isinstance(comes, Stored):
            key = comes.device_id.encode()
        else:
            key = KEYS[number % len(KEYS)]
        self.poison.append(Poison(kind, key, value, at, comes))
        return key, value


def _key(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
