"""What a body of evidence holds: the numbers, times and names that a sentence may rest on.

A number of a sentence stands if one of these, in the same unit, rounds to it at the digits shown
(a whole number without unit, or a whole multiple below ten, must be met exactly):
a number of the evidence, or a time among its arguments; a difference, a ratio or a change in per
cent of two numbers that belong together (`PAIRS`); a share as per cent; the time between two
times that belong together (`SPANS`); the length of a list, or how many of its changes are
significant; a number in the evidence's own prose, with the same unit. Times convert among s, min, h
and d; nothing else converts.
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
from opsmith_agents.evidence_fields import Fact, Shape, fact_of, seconds_in, shape_of
from opsmith_agents.figures import PERCENT, RATIO, SECONDS, Figure, figures, normal, says

_IDENTIFIER = re.compile(r"[A-Za-z_][\w-]*")
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
    echoes: set[Any] = field(default_factory=set[Any])
    """Names and numbers that a free text among the arguments has."""

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
    _read_arguments(evidence, grounds, texts)
    given = evidence.arguments
    answered = {n: v for n, v in evidence.result.items() if not _is_echo(v, given.get(n))}
    _walk(answered, grounds, texts, None, None, "")
    grounds.prose = normal("\n".join(texts)).lower()
    return grounds


def _is_echo(value: Any, asked: Any) -> bool:
    """Whether a tool only repeats what it was asked; a name it knows tells what its numbers are."""
    if isinstance(value, str) and _IDENTIFIER.fullmatch(value):
        return False
    return value is not None and value == asked


def _read_arguments(evidence: Evidence, grounds: Grounds, texts: list[str]) -> None:
    """Read what was asked for: names, moments and spans of time, and no other number.

    Whoever asks could else put a number into a search, and cite the search for it. What a tool
    repeats of such a text in its answer is no ground either.
    """
    for key, value in evidence.arguments.items():
        if isinstance(value, str) and (_moment(value) is not None or _IDENTIFIER.fullmatch(value)):
            # What a tool knows nothing of is not known by having been asked for.
            if evidence.result:
                _read_text(value, grounds, texts)
        elif isinstance(value, str):
            names, numbers = _particulars(value)
            grounds.echoes.update(names, numbers)
        elif isinstance(value, int | float) and (scale := seconds_in(key)) is not None:
            grounds.add(value * scale, SECONDS)
        elif isinstance(value, list | tuple):
            items = cast(Sequence[Any], value)
            found = (_particulars(item) for item in items if isinstance(item, str))
            for names, numbers in found:
                grounds.echoes.update(names, numbers)
        grounds.names.add(plain(key))


def _walk(
    value: Any, grounds: Grounds, texts: list[str], unit: str | None, channel: str | None, key: str
) -> None:
    if isinstance(value, str):
        _read_text(value, grounds, texts)
    elif isinstance(value, dict):
        _walk_mapping(cast(dict[str, Any], value), grounds, texts, unit, channel, key)
    elif isinstance(value, list | tuple):
        items = cast(Sequence[Any], value)
        grounds.add(float(len(items)), None)
        for item in items:
            _walk(item, grounds, texts, unit, channel, key)
        if key == "changes":
            grounds.add(float(sum(bool(item["significant"]) for item in items)), None)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        _add_number(value, fact_of(key), grounds, unit, channel)


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
    shape = shape_of(tuple(value), key in ("rated", "limits", "units"))
    for fact, one in zip(shape.facts, value.values(), strict=True):
        inner_unit, inner_channel = unit, channel
        if fact.is_channel:
            inner_unit, inner_channel = fact.unit, fact.name
            grounds.channels.add(fact.name)
        grounds.names.add(plain(fact.name))
        if type(one) is float or type(one) is int:
            _add_number(one, fact, grounds, inner_unit, inner_channel)
        elif one is not None:
            _walk(one, grounds, texts, inner_unit, inner_channel, fact.name)
    if shape.derives:
        for quantity in _derived(value, shape, unit, channel):
            grounds.add(*quantity)


def _add_number(
    value: float, fact: Fact, grounds: Grounds, unit: str | None, channel: str | None
) -> None:
    if fact.is_level:
        unit = unit or fact.unit
    elif fact.name == "slope_per_hour":
        unit = f"{unit}/h" if unit else None
    else:
        unit = fact.own_unit
    grounds.add(float(value), unit, channel)
    if fact.is_share:
        grounds.add(100 * float(value), PERCENT, channel)


def _read_text(text: str, grounds: Grounds, texts: list[str]) -> None:
    texts.append(text)
    if (at := _moment(text)) is not None:
        grounds.moments.add(at)
        return
    names, numbers = _particulars(text)
    if " " not in text:
        grounds.channels.add(text)
    if grounds.echoes:
        names = [one for one in names if one not in grounds.echoes]
        numbers = [one for one in numbers if one not in grounds.echoes]
    grounds.names.update(names)
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


def _derived(
    value: Mapping[str, Any], shape: Shape, unit: str | None, channel: str | None
) -> Iterator[Quantity]:
    for one, other in shape.pairs:
        a, b = value[one], value[other]
        if isinstance(a, int | float) and isinstance(b, int | float):
            yield Quantity(b - a, unit, channel)
            if unit == "Cel":
                yield Quantity(b - a, "K", channel)
            elif a:
                yield Quantity(100 * (b - a) / abs(a), PERCENT, channel)
                yield Quantity(100 * b / a, PERCENT, channel)
                yield Quantity(b / a, RATIO, channel)
    for one, other in shape.spans:
        a, b = value[one], value[other]
        if isinstance(a, str) and isinstance(b, str):
            start, end = _moment(a), _moment(b)
            if start is not None and end is not None:
                yield Quantity((end - start).total_seconds(), SECONDS)
    for fact in shape.times:
        one = value[fact.name]
        if isinstance(one, int | float) and fact.seconds is not None:
            yield Quantity(one * fact.seconds, SECONDS)


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
