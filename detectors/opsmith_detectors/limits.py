"""Rated limits: raise beyond the limit, clear only inside a deadband."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan

from opsmith.domain.alerts import AlertType, Deviation
from opsmith.domain.devices import Limits
from opsmith.domain.readings import FloatArray
from opsmith.domain.units import unit_of
from opsmith_detectors.alert_logic import Observed

DEADBAND = 0.05
"""Part of the span that a channel has to come back before its alert can clear."""
FAR = 0.10
"""Part of the span beyond a limit that raises at once, without on-delay."""


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


def passed(
    rated: Mapping[str, Limits], channels: tuple[str, ...], x: FloatArray
) -> dict[AlertType, Passed]:
    """What the rated limits say about one reading.

    Args:
        rated: Limits by channel, in its unit.
        channels: The c channels of the reading.
        x: Shape (c,), each in its channel's unit; NaN says nothing.

    Returns:
        By type, those that are not back inside the deadband. A channel that did not arrive
        neither raises nor clears: its type is held (score 0, not cleared).
    """
    found: dict[AlertType, list[tuple[float, bool, Deviation]]] = {}
    for channel, value in zip(channels, x.tolist(), strict=True):
        limits = rated.get(channel)
        if limits is None:
            continue
        for limit, high in ((limits.high, True), (limits.low, False)):
            if limit is None:
                continue
            kind = alert_type_of(channel, high=high)
            beyond = float("nan") if isnan(value) else _beyond(value, limit, limits, high)
            if beyond > -DEADBAND or isnan(beyond):
                deviation = Deviation(
                    channel=channel,
                    unit=unit_of(channel),
                    value=None if isnan(value) else value,
                    limit=limit,
                    share=1.0,
                    direction="up" if high else "down",
                )
                found.setdefault(kind, []).append((beyond, isnan(beyond), deviation))
    return {kind: _joined(kind, each) for kind, each in found.items()}


def _beyond(value: float, limit: float, limits: Limits, high: bool) -> float:
    """How far `value` is beyond `limit`, as part of the span; negative inside."""
    both = limits.high is not None and limits.low is not None
    span = abs(limits.high - limits.low) if both else abs(limit)  # type: ignore[operator]
    return (value - limit if high else limit - value) / (span or 1.0)


def _joined(kind: AlertType, each: list[tuple[float, bool, Deviation]]) -> Passed:
    heard = [(beyond, deviation) for beyond, absent, deviation in each if not absent]
    over = [(beyond, deviation) for beyond, deviation in heard if beyond > 0]
    if not over:
        return Passed(kind, Observed(score=0.0, cleared=False, beyond=0.0), ())
    worst = max(beyond for beyond, _ in over)
    total = sum(beyond for beyond, _ in over)
    return Passed(
        kind,
        Observed(score=1 + worst, cleared=False, at_once=worst >= FAR, beyond=worst),
        tuple(deviation.model_copy(update={"share": beyond / total}) for beyond, deviation in over),
    )
