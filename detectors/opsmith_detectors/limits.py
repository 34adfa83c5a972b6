"""Rated limits: raise beyond the limit, clear only inside a deadband."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opsmith.domain.alerts import AlertType, Deviation
from opsmith.domain.devices import Limits
from opsmith.domain.units import unit_of
from opsmith_detectors.alert_logic import Observed

DEADBAND = 0.05
"""Part of the span that a channel has to come back before its alert can clear."""
FAR = 0.10
"""Part of the span beyond a limit that raises at once, without on-delay."""
_NONE = Limits()


@dataclass(frozen=True, slots=True)
class Passed:
    """A type of alert, with what its channels say."""

    alert_type: AlertType
    seen: Observed
    deviations: tuple[Deviation, ...]


def alert_type_of(channel: str, *, high: bool) -> AlertType:
    """The type of alert that a rated limit of a channel raises.

    >>> alert_type_of("fluid_temperature", high=True), alert_type_of("flow", high=False)
    ('over_temp', 'under_limit')
    """
    if not high:
        return "under_limit"
    if "temperature" in channel:
        return "over_temp"
    if channel.startswith("vibration"):
        return "high_vibration"
    return "over_pressure" if channel.startswith("pressure") else "over_limit"


@dataclass(frozen=True, slots=True)
class Check:
    """One rated limit, made ready for a device's readings."""

    place: int
    """Index of the channel among the reading's."""
    channel: str
    limit: float
    high: bool
    span: float
    """In the channel's unit, greater than 0."""
    alert_type: AlertType


def checks(rated: Mapping[str, Limits], channels: tuple[str, ...]) -> tuple[Check, ...]:
    """The rated limits of the channels of a reading, in their order."""
    found: list[Check] = []
    for place, channel in enumerate(channels):
        limits = rated.get(channel, _NONE)
        low, high = limits.low, limits.high
        both = abs(high - low) if high is not None and low is not None else None
        for limit, is_high in ((high, True), (low, False)):
            if limit is not None:
                span = (abs(limit) if both is None else both) or 1.0
                kind = alert_type_of(channel, high=is_high)
                found.append(Check(place, channel, limit, is_high, span, kind))
    return tuple(found)


def passed(checks: Sequence[Check], x: Sequence[float]) -> dict[AlertType, Passed]:
    """What the rated limits say about one reading.

    Args:
        checks: The rated limits of the reading's channels.
        x: c values, each in its channel's unit; NaN says nothing.

    Returns:
        By type, those that are not back inside the deadband. A channel that did not arrive
        neither raises nor clears: its type is held (score 0, not cleared).

    >>> temperature = checks({"temperature": Limits(high=80.0)}, ("flow", "temperature"))
    >>> passed(temperature, [12.0, 75.0]), passed(temperature, [12.0, 88.0])["over_temp"].seen.score
    ({}, 1.1)
    """
    found: dict[AlertType, list[tuple[float, Check]]] = {}
    for check in checks:
        value = x[check.place]
        # How far it is beyond, as part of the span; negative inside.
        beyond = (value - check.limit if check.high else check.limit - value) / check.span
        # Written so that NaN, which is not beyond, is kept.
        if not beyond <= -DEADBAND:
            found.setdefault(check.alert_type, []).append((beyond, check))
    return {kind: _joined(kind, each, x) for kind, each in found.items()}


def _joined(kind: AlertType, each: list[tuple[float, Check]], x: Sequence[float]) -> Passed:
    over = [(beyond, check) for beyond, check in each if beyond > 0]
    if not over:
        return Passed(kind, Observed(score=0.0, cleared=False, beyond=0.0), ())
    worst = max(beyond for beyond, _ in over)
    total = sum(beyond for beyond, _ in over)
    return Passed(
        kind,
        Observed(score=1 + worst, cleared=False, at_once=worst >= FAR, beyond=worst),
        tuple(
            Deviation(
                channel=check.channel,
                unit=unit_of(check.channel),
                value=x[check.place],
                limit=check.limit,
                share=beyond / total,
                direction="up" if check.high else "down",
            )
            for beyond, check in over
        ),
    )
