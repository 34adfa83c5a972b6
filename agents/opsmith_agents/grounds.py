"""What a body of evidence holds: the numbers, times and names that a sentence may rest on.

A number of a sentence stands if one of these, in the same unit, rounds to it at the digits shown
(a whole number without unit, or a whole multiple below ten, must be met exactly):
a number of the evidence or of its arguments; a difference, a ratio or a change in per cent of two
numbers that belong together (`_PAIRS`); a share as per cent; the time between two times that
belong together (`_SPANS`); the length of a list, or how many of its changes are significant; a
number in the evidence's own prose, with the same unit. Times convert among s, min, h and d;
nothing else converts.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple, cast

from opsmith.domain.diagnoses import Evidence
from opsmith.domain.units import measurement_of, unit_of
from opsmith_agents.figures import PERCENT, RATIO, SECONDS, SIGMA, Figure, figures, normal, says

_PAIRS = (
    ("before", "now"), ("first", "last"), ("expected", "value"), ("limit", "value"),
    ("limit", "now"), ("limit_high", "last"), ("limit_high", "high"), ("limit_high", "mean"),
    ("limit_low", "last"), ("limit_low", "low"), ("limit_low", "mean"), ("low", "high"),
)  # fmt: skip
_PAIRED = frozenset(one for one, _ in _PAIRS)
_SPANS = (
    ("start", "end"), ("onset", "as_of"), ("first_seen", "last_seen"), ("onset", "last_seen"),
    ("onset", "first_seen"), ("last_reading", "as_of"), ("first_seen", "as_of"),
)  # fmt: skip
_LEVELS = frozenset(
    (
        "value",
        "expected",
        "limit",
        "limit_low",
        "limit_high",
        "mean",
        "low",
        "high",
        "first",
        "last",
        "before",
        "now",
        "values",
    )
)
_PLATE = {"rated_temp_max": "Cel", "rated_vibration_max": "[g]", "rated_pressure_max": "MPa"}
_TIMES = (
    (re.compile(r"(^|_)seconds$|_s$"), 1.0), (re.compile(r"(^|_)(mins|minutes)$"), 60.0),
    (re.compile(r"^hours(_|$)|_hours$"), 3600.0), (re.compile(r"(^|_)days$"), 86400.0),
)  # fmt: skip
_SHARE = re.compile(r"(^|_)(share|probability|confidence)(_|$)")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}.*)?$")


class Quantity(NamedTuple):
    """A number of the evidence."""

    value: float
    unit: str | None
    channel: str | None = None


@dataclass(slots=True)
class Grounds:
    """What one piece of evidence holds."""

    quantities: dict[str | None, set[Quantity]] = field(
        default_factory=lambda: defaultdict[str | None, set[Quantity]](set)
    )
    """By unit."""
    moments: set[datetime] = field(default_factory=set[datetime])
    names: set[str] = field(default_factory=set[str])
    """Identifiers as `plain` gives them."""
    channels: set[str] = field(default_factory=set[str])
    prose: str = ""
    """All texts, in lower case."""

    def hold(self, figure: Figure, channels: frozenset[str]) -> bool:
        """Whether a particular of a sentence stands on this.

        Args:
            figure: What the sentence says.
            channels: The channels that it speaks of; a measured value must be of one of them.
        """
        match figure.kind:
            case "time":
                return any(says(figure, moment) for moment in self.moments)
            case "name":
                return plain(figure.text) in self.names
            case "number":
                return any(_rounds_to(q, figure, channels) for q in self._measured_as(figure.unit))
            case "citation":
                return True

    def add(self, value: float, unit: str | None, channel: str | None = None) -> None:
        """Hold one more number."""
        self.quantities[unit].add(Quantity(value, unit, channel))

    def _measured_as(self, unit: str | None) -> Iterable[Quantity]:
        """Those in that unit; a sentence that names no unit may mean any."""
        if unit is None:
            return chain.from_iterable(self.quantities.values())
        return self.quantities.get(unit, ())


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """An identifier as it is compared: case, `_`, `-` and spaces do not matter."""
    return re.sub(r"[\s_-]+", "", name).casefold()


@lru_cache(maxsize=4096)
def base(channel: str) -> str:
    """The measurement that a channel is of, as a sentence may call it."""
    return re.sub(r"_?\d+$", "", channel).casefold()


def device_of(evidence: Evidence) -> str | None:
    """The device that a piece of evidence is of; None where it is of none in particular."""
    device = evidence.arguments.get("device_id") or evidence.result.get("device_id")
    return device if isinstance(device, str) else None


def grounds_of(evidence: Evidence) -> Grounds:
    """Read what a piece of evidence holds; the arguments of the call are part of it."""
    return _read(_Same(evidence))


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """A piece of evidence, equal to itself alone: a report is checked more than once."""

    evidence: Evidence

    def __hash__(self) -> int:
        return id(self.evidence)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.evidence is other.evidence


@lru_cache(maxsize=64)
def _read(same: _Same) -> Grounds:
    evidence, grounds = same.evidence, Grounds()
    texts = [evidence.note or "", evidence.tool]
    _walk(evidence.result, grounds, texts, None, None, "")
    _walk(evidence.arguments, grounds, texts, None, None, "")
    grounds.prose = normal("\n".join(texts)).lower()
    return grounds


def _walk(
    value: Any, grounds: Grounds, texts: list[str], unit: str | None, channel: str | None, key: str
) -> None:
    match value:
        case bool() | None:
            pass
        case int() | float():
            grounds.add(float(value), _unit(key, unit), channel)
            if _is_share(key):
                grounds.add(100 * float(value), PERCENT, channel)
        case str():
            _read_text(value, grounds, texts)
        case Mapping():
            _walk_mapping(cast(Mapping[str, Any], value), grounds, texts, unit, channel, key)
        case Sequence():
            items = cast(Sequence[Any], value)
            grounds.add(float(len(items)), None)
            for item in items:
                _walk(item, grounds, texts, unit, channel, key)
            if key == "changes":
                moved = sum(bool(item["significant"]) for item in items)
                grounds.add(float(moved), None)
        case _:
            pass


def _walk_mapping(
    value: Mapping[str, Any],
    grounds: Grounds,
    texts: list[str],
    unit: str | None,
    channel: str | None,
    key: str,
) -> None:
    if isinstance(value.get("channel"), str):
        channel, unit = value["channel"], value.get("unit")
    if isinstance(value.get("device_id"), str):
        grounds.names.add(plain(value["device_id"]))
    if channel:
        grounds.channels.add(channel)
    for name, one in value.items():
        inner_unit, inner_channel = unit, channel
        if key in ("rated", "limits", "units") or _measures(name):
            inner_unit, inner_channel = unit_of(name), name
            grounds.channels.add(name)
        grounds.names.add(plain(name))
        _walk(one, grounds, texts, inner_unit, inner_channel, name)
    for quantity in _derived(value, unit, channel):
        grounds.add(*quantity)


def _read_text(text: str, grounds: Grounds, texts: list[str]) -> None:
    texts.append(text)
    if (at := _moment(text)) is not None:
        grounds.moments.add(at)
        return
    names, numbers = _particulars(text)
    grounds.names.update(names)
    if " " not in text:
        grounds.channels.add(text)
    for value, unit in numbers:
        grounds.add(value, unit)


@lru_cache(maxsize=2048)
def _particulars(text: str) -> tuple[tuple[str, ...], tuple[tuple[float, str | None], ...]]:
    """The identifiers, as `plain` gives them, and the numbers with their units of a text."""
    found = figures(text)
    names = [plain(f.text) for f in found if f.kind == "name"]
    if re.fullmatch(r"[\w.-]+", text):
        names.append(plain(text))
    numbers = [(f.value, f.unit) for f in found if f.kind == "number" and not math.isnan(f.value)]
    return tuple(names), tuple(numbers)


@lru_cache(maxsize=2048)
def _moment(text: str) -> datetime | None:
    if not _MOMENT.match(text):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


@lru_cache(maxsize=512)
def _key_unit(key: str) -> str | None:
    if key in _PLATE:
        return _PLATE[key]
    if _SHARE.search(key):
        return RATIO
    if key in ("sigmas", "spread_ratio"):
        return SIGMA if key == "sigmas" else RATIO
    # Other times come once more in seconds, see `_derived`; as they stand they are bare numbers.
    return SECONDS if _TIMES[0][0].search(key) else None


@lru_cache(maxsize=512)
def _measures(name: str) -> bool:
    return measurement_of(name) is not None


@lru_cache(maxsize=512)
def _seconds_in(key: str) -> float | None:
    return next((scale for pattern, scale in _TIMES if pattern.search(key)), None)


@lru_cache(maxsize=512)
def _is_share(key: str) -> bool:
    return _SHARE.search(key) is not None


def _unit(key: str, unit: str | None) -> str | None:
    if key in _LEVELS or _measures(key):
        return unit or unit_of(key)
    if key == "slope_per_hour":
        return f"{unit}/h" if unit else None
    return _key_unit(key)


def _derived(value: Mapping[str, Any], unit: str | None, channel: str | None) -> Iterator[Quantity]:
    if not _PAIRED.isdisjoint(value):
        yield from _compared(value, unit, channel)
    for one, other in _SPANS:
        a, b = value.get(one), value.get(other)
        if isinstance(a, str) and isinstance(b, str):
            start, end = _moment(a), _moment(b)
            if start is not None and end is not None:
                yield Quantity((end - start).total_seconds(), SECONDS)
    for key, one in value.items():
        scale = _seconds_in(key)
        if scale is not None and scale != 1.0 and isinstance(one, int | float):
            yield Quantity(one * scale, SECONDS)


def _compared(
    value: Mapping[str, Any], unit: str | None, channel: str | None
) -> Iterator[Quantity]:
    for one, other in _PAIRS:
        a, b = value.get(one), value.get(other)
        if isinstance(a, int | float) and isinstance(b, int | float):
            yield Quantity(b - a, unit, channel)
            if unit == "Cel":
                yield Quantity(b - a, "K", channel)
            elif a:
                yield Quantity(100 * (b - a) / abs(a), PERCENT, channel)
                yield Quantity(100 * b / a, PERCENT, channel)
                yield Quantity(b / a, RATIO, channel)


def _rounds_to(quantity: Quantity, figure: Figure, channels: frozenset[str]) -> bool:
    """Half a unit of the last digit shown, in the same unit; the sign only where one is shown."""
    value, unit, channel = quantity
    said = figure.value
    if figure.unit is not None:
        if figure.unit != unit:
            return False
        if channel is not None and channels and channel not in channels:
            return False
    if not figure.signed:
        value, said = abs(value), abs(said)
    room = 0.5 * figure.step
    # A bare whole number counts something, and "three times" is no 2.5: these do not round.
    if figure.step >= 1 and (figure.unit is None or (figure.unit == RATIO and abs(said) < 10)):
        room = 0.0
    return abs(value - said) <= room * (1 + 1e-9) + 1e-9 * abs(value)
