"""Rated limits: which type of alert each raises, and what the channels beyond them say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opsmith.domain.alerts import AlertType, Deviation
from opsmith.domain.devices import Limits
from opsmith.domain.units import unit_of

_NONE = Limits()


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


def deviations(
    checks: Sequence[Check], x: Sequence[float], kind: AlertType
) -> tuple[Deviation, ...]:
    """The channels beyond rated limits of one type of alert, in their order.

    Args:
        checks: The rated limits of the channels.
        x: c values, each in its channel's unit; NaN is beyond nothing.
        kind: The type.

    >>> temperature = checks({"temperature": Limits(high=80.0)}, ("flow", "temperature"))
    >>> [each.channel for each in deviations(temperature, [12.0, 88.0], "over_temp")]
    ['temperature']
    """
    over: list[tuple[float, Check]] = []
    for check in checks:
        value = x[check.place]
        beyond = (value - check.limit if check.high else check.limit - value) / check.span
        if check.alert_type == kind and beyond > 0:
            over.append((beyond, check))
    total = sum(beyond for beyond, _ in over)
    return tuple(
        Deviation(
            channel=check.channel,
            unit=unit_of(check.channel),
            value=x[check.place],
            limit=check.limit,
            share=beyond / total,
            direction="up" if check.high else "down",
        )
        for beyond, check in over
    )
