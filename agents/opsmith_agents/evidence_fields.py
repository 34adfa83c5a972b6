"""What the names of a tool's fields tell of their values: unit, channel, what belongs together."""

import re
from functools import lru_cache
from typing import NamedTuple

from opsmith.domain.units import measurement_of, unit_of
from opsmith_agents.figures import RATIO, SECONDS, SIGMA

PAIRS = (
    ("before", "now"), ("first", "last"), ("expected", "value"), ("limit", "value"),
    ("limit", "now"), ("limit_high", "last"), ("limit_high", "high"), ("limit_high", "mean"),
    ("limit_low", "last"), ("limit_low", "low"), ("limit_low", "mean"), ("low", "high"),
)  # fmt: skip
SPANS = (
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


class Fact(NamedTuple):
    """What the name of a field tells of its value."""

    name: str
    unit: str | None
    """Of a measurement of that name."""
    is_channel: bool
    is_level: bool
    """It is in the unit of its channel."""
    is_share: bool
    own_unit: str | None
    """Of a field that is no level."""
    seconds: float | None
    """In one of its unit, where it is a time in another than seconds."""


class Shape(NamedTuple):
    """What the names of an object's fields tell together."""

    facts: tuple[Fact, ...]
    pairs: tuple[tuple[str, str], ...]
    spans: tuple[tuple[str, str], ...]
    times: tuple[Fact, ...]

    @property
    def derives(self) -> bool:
        """Whether anything follows from them."""
        return bool(self.pairs or self.spans or self.times)


@lru_cache(maxsize=1024)
def shape_of(names: tuple[str, ...], are_channels: bool) -> Shape:
    """What these names tell, in their order; `are_channels`: each is a channel's."""
    """Many objects have the same fields, and a diagnosis must not wait for each of them."""
    there = set(names)
    facts = tuple(fact_of(name, are_channels) for name in names)
    return Shape(
        facts,
        tuple(pair for pair in PAIRS if there.issuperset(pair)),
        tuple(span for span in SPANS if there.issuperset(span)),
        tuple(fact for fact in facts if fact.seconds is not None),
    )


@lru_cache(maxsize=1024)
def fact_of(name: str, is_channel: bool = False) -> Fact:
    """What one name tells."""
    measures = measurement_of(name) is not None
    scale = seconds_in(name)
    return Fact(
        name,
        unit_of(name),
        is_channel or measures,
        measures or name in _LEVELS,
        _SHARE.search(name) is not None,
        _key_unit(name),
        None if scale == 1.0 else scale,
    )


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
def seconds_in(key: str) -> float | None:
    """Seconds in one of what a field of that name holds; None where it is no time."""
    return next((scale for pattern, scale in _TIMES if pattern.search(key)), None)
