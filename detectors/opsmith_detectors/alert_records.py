"""Alerts between their records and the models that others see."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from opsmith.domain.alerts import STANDING, Alert, AlertChange, AlertType, Deviation
from opsmith.domain.moments import to_moment, to_time
from opsmith_detectors.alert_levels import ALERT_TYPES, LEVELS
from opsmith_detectors.alert_track import LONG_S, RAISED, TRACK

Records = npt.NDArray[Any]

_CHANGES: tuple[Literal["raised", "updated", "cleared"], ...] = ("raised", "updated", "cleared")


def adopt(
    tracks: Records, r: int, alerts: Iterable[Alert], kinds: Collection[AlertType] | None = None
) -> None:
    """Go on with alerts that stand already, as after a restart: they are not raised again.

    What stands by the records and is not among `alerts` is forgotten. With `kinds`, all of this is
    of these types alone.
    """
    known = {alert.alert_type: alert for alert in alerts}
    for kind, alert_type in enumerate(ALERT_TYPES):
        if kinds is not None and alert_type not in kinds:
            continue
        track = tracks[r, kind]
        alert = known.get(alert_type)
        if alert is None:
            if track["standing"]:
                tracks[r, kind] = np.zeros((), TRACK)
            continue
        if not track["first_seen"]:
            track["gap"] = track["gap_before"] = LONG_S
            track["turned"] = _micros(alert.cleared_at or alert.onset)
        # One that is held back stands as long as it has not cleared.
        held_back = alert.held is not None and alert.cleared_at is None
        track["standing"] = alert.state in STANDING or held_back
        track["flapping"] = alert.flapping
        track["level"] = LEVELS.index(alert.alert_level)
        track["raises"] = min(alert.raises, 0xFFFF)
        track["first_seen"] = _micros(alert.first_seen)
        track["last_seen"] = _micros(alert.last_seen)
        track["onset"] = _micros(alert.onset)
        track["count"] = alert.count
        track["score"] = alert.score


def describe(
    tracks: Records, r: int, kind: int, change: int, deviations: Sequence[Deviation]
) -> AlertChange:
    """The change as others see it.

    Args:
        tracks: Shape (N, T), of `TRACK`, as `advance` left them.
        r: The device's row.
        kind: Place of the type in `ALERT_TYPES`.
        change: What `advance` returned, not `NOTHING`.
        deviations: What the latest deviating reading's channels contribute.
    """
    track = tracks[r, kind]
    first_seen = int(track["first_seen"])
    return AlertChange(
        change=_CHANGES[change - RAISED],
        alert_type=ALERT_TYPES[kind],
        alert_level=LEVELS[int(track["level"])],
        first_seen=to_moment(np.datetime64(first_seen, "us")),
        last_seen=to_moment(np.datetime64(int(track["last_seen"]), "us")),
        onset=to_moment(np.datetime64(int(track["onset"]) or first_seen, "us")),
        count=int(track["count"]),
        score=float(track["score"]),
        deviations=tuple(deviations),
        flapping=bool(track["flapping"]),
        raises=max(1, int(track["raises"])),
    )


def _micros(moment: datetime) -> int:
    return int(to_time(moment).astype("datetime64[us]").astype(np.int64))
