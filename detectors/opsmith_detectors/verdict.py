"""Which channels are responsible for a change of an alert, and how they changed."""

from collections.abc import Mapping, Sequence

import numpy as np

from opsmith.domain.alerts import Deviation, Direction, Kind
from opsmith.domain.devices import Limits
from opsmith.domain.readings import FloatArray
from opsmith.domain.rules import CompositeRule
from opsmith.domain.units import unit_of
from opsmith_detectors import limits, rules, sensor_faults
from opsmith_detectors.alert_levels import ALERT_TYPES
from opsmith_detectors.stepping import Events
from opsmith_detectors.univariate_events import KINDS

_SHARE = 0.05
"""Channels with less than this part of the deviation are not named."""


def of_event(
    names: Sequence[str],
    rated: Mapping[str, Limits],
    book: Sequence[CompositeRule],
    events: Events,
    at: int,
) -> tuple[Deviation, ...]:
    """What the channels contribute, the most responsible first; none where it is none of them.

    Args:
        names: The c channels.
        rated: Rated limits by channel.
        book: The device's rules.
        events: As stepping wrote them.
        at: Which.
    """
    kind = ALERT_TYPES[int(events.kind[at])]
    if kind == "composite_rule":
        which = int(events.outcome[at, 6])
        return rules.deviations_of(book[which], names, events.x[at]) if which >= 0 else ()
    if kind == "composite":
        return _alone(names, events, at) if _is_alone(events, at) else _together(names, events, at)
    if kind == "sensor_fault":
        return _sensors(names, events, at)
    if kind == "drift":
        return _drift(names, events, at)
    return limits.deviations(limits.checks(rated, tuple(names)), events.x[at].tolist(), kind)


def _is_alone(events: Events, at: int) -> bool:
    """Whether the univariate detector says it."""
    return events.x.shape[1] == 1 and events.outcome[at, 3] >= 0


def _together(names: Sequence[str], events: Events, at: int) -> tuple[Deviation, ...]:
    """The channels that left the learned normal."""
    fast, slow, residual = events.fast[at], events.slow[at], events.residual[at]
    by_level = int(events.outcome[at, 1]) != 2 * len(names) + 1
    strength: FloatArray = np.maximum(np.abs(fast), np.abs(slow)) if by_level else np.abs(residual)
    part = strength**2
    if not part.sum() > 0:
        return ()
    share = part / part.sum()
    named = [int(j) for j in np.argsort(-share, kind="stable") if share[j] >= _SHARE]
    total = float(share[named].sum())
    return tuple(
        _deviation(
            names,
            events,
            at,
            j,
            share=min(1.0, float(share[j]) / total),
            shift=float(fast[j] if abs(fast[j]) > 1 else slow[j]),
            kind=_kind(by_level, float(fast[j]), float(slow[j]), float(residual[j])),
        )
        for j in named
    )


def _alone(names: Sequence[str], events: Events, at: int) -> tuple[Deviation, ...]:
    """What the univariate detector says of the one channel."""
    code = int(events.outcome[at, 3])
    shift = float(events.fast[at, 0])
    return (_deviation(names, events, at, 0, share=1.0, shift=shift, kind=KINDS[code]),)


def _sensors(names: Sequence[str], events: Events, at: int) -> tuple[Deviation, ...]:
    """The sensors at fault, each with an equal share."""
    if _is_alone(events, at):
        return _alone(names, events, at)
    faulty = np.flatnonzero(events.verdict[at] > sensor_faults.SUSPECT).tolist()
    return tuple(
        Deviation(
            channel=names[j],
            unit=unit_of(names[j]),
            value=_number(events.x[at, j]),
            share=1 / len(faulty),
            kind=sensor_faults.KINDS[int(events.verdict[at, j])],
        )
        for j in faulty
    )


def _drift(names: Sequence[str], events: Events, at: int) -> tuple[Deviation, ...]:
    """The channel that creeps most."""
    j = int(events.outcome[at, 2])
    level, distance = events.outcome[at, 4:6].tolist()
    return (
        Deviation(
            channel=names[j],
            unit=unit_of(names[j]),
            value=_number(events.x[at, j]),
            expected=_number(level),
            share=1.0,
            direction=_direction(distance),
            kind="ramp",
        ),
    )


def _deviation(
    names: Sequence[str],
    events: Events,
    at: int,
    j: int,
    *,
    share: float,
    shift: float,
    kind: Kind,
) -> Deviation:
    return Deviation(
        channel=names[j],
        unit=unit_of(names[j]),
        value=_number(events.x[at, j]),
        expected=_number(events.expected[at, j]),
        share=share,
        direction=_direction(shift),
        kind=kind,
    )


def _number(x: float) -> float | None:
    return float(x) if np.isfinite(x) else None


def _direction(shift: float) -> Direction:
    return "up" if shift > 0 else "down" if shift < 0 else "none"


def _kind(by_level: bool, fast: float, slow: float, residual: float) -> Kind:
    """A first word on the kind of change; `features` looks closer where there is time."""
    if not by_level:
        return "spike" if abs(residual) >= 5 else "variance"
    return "step" if abs(fast) >= abs(slow) else "ramp"
