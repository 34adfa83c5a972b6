"""Which channels are responsible, and how they changed."""

from dataclasses import replace

import numpy as np

from opsmith.domain.alerts import STANDING, Alert, Deviation, Direction, Kind
from opsmith.domain.moments import to_time
from opsmith.domain.readings import FloatArray
from opsmith.domain.units import unit_of
from opsmith_detectors.alert_logic import Track
from opsmith_detectors.residual import Residual
from opsmith_detectors.scored import Scored
from opsmith_detectors.sensors import Sensors

_SHARE = 0.05
"""Channels with less than this part of the deviation are not named."""


def of_residual(
    channels: tuple[str, ...], x: FloatArray, scored: Scored, residual: Residual
) -> tuple[Deviation, ...]:
    """The channels that left the learned normal, the most responsible first."""
    fast, slow = scored.shift[0], scored.shift[-1]
    strength = (
        np.maximum(np.abs(fast), np.abs(slow)) if scored.by_level else np.abs(scored.residual)
    )
    part = strength**2
    share = part / (part.sum() or 1.0)
    named = [int(j) for j in np.argsort(-share, kind="stable") if share[j] >= _SHARE] or [0]
    total = float(share[named].sum()) or 1.0
    expected = residual.expected
    return tuple(
        Deviation(
            channel=channels[j],
            unit=unit_of(channels[j]),
            value=None if np.isnan(x[j]) else float(x[j]),
            expected=float(expected[j]),
            share=min(1.0, float(share[j]) / total),
            direction=_direction(float(fast[j] if abs(fast[j]) > 1 else slow[j])),
            kind=_kind(scored, j),
        )
        for j in named
    )


def of_sensors(channels: tuple[str, ...], x: FloatArray, sensors: Sensors) -> tuple[Deviation, ...]:
    """The sensors at fault, each with an equal share."""
    named = np.flatnonzero(sensors.faulty).tolist()
    kinds: list[Kind] = [
        "dropout" if sensors.silent[j] else "flat" if sensors.stuck[j] else "implausible"
        for j in named
    ]
    return tuple(
        Deviation(
            channel=channels[j],
            unit=unit_of(channels[j]),
            value=None if np.isnan(x[j]) else float(x[j]),
            share=1 / len(named),
            kind=kind,
        )
        for j, kind in zip(named, kinds, strict=True)
    )


def with_deviations(track: Track, deviations: tuple[Deviation, ...]) -> Track:
    """The track, with what its latest deviating reading says."""
    return replace(track, deviations=deviations)


def adopted(alert: Alert, known: Track | None) -> Track:
    """A track that goes on with an alert that was raised before."""
    track = known if known is not None else Track(alert.alert_type)
    return replace(
        track,
        standing=alert.state in STANDING,
        level=alert.alert_level,
        first_seen=to_time(alert.first_seen),
        last_seen=to_time(alert.last_seen),
        onset=to_time(alert.onset),
        count=alert.count,
        announced=alert.count,
        score=alert.score,
        deviations=alert.deviations,
    )


def _direction(shift: float) -> Direction:
    return "up" if shift > 0 else "down" if shift < 0 else "none"


def _kind(scored: Scored, j: int) -> Kind:
    """A first word on the kind of change; `features` looks closer where there is time."""
    if not scored.by_level:
        return "spike" if abs(scored.residual[j]) >= 5 else "variance"
    fast, slow = float(scored.shift[0][j]), float(scored.shift[-1][j])
    return "step" if abs(fast) >= abs(slow) else "ramp"
