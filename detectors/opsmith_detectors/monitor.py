"""The statistical watch over one device: readings in, decisions about alerts out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

import numpy as np

from opsmith.domain.alerts import Alert, AlertChange, AlertType, Deviation
from opsmith.domain.devices import Limits
from opsmith.domain.readings import FloatArray, Quality, QualityArray, ReadingBatch
from opsmith_detectors import limits, state, verdict
from opsmith_detectors.alert_logic import QUIET, Observed, Track, advance, describe
from opsmith_detectors.regime import FOLLOW, Regime
from opsmith_detectors.residual import Residual
from opsmith_detectors.sensors import Sensors
from opsmith_detectors.state import OperatingState, StateWatch

_CLEAR = 0.8
"""Score below which the learned detectors are content (deadband below 1)."""
_AT_ONCE = 2.0
"""Score of the learned detectors that raises without on-delay."""
_SILENT_INTERVALS = 10
"""Usual intervals without a reading after which a device is silent, but at least ..."""
_SILENT_LEAST = np.timedelta64(60, "s")
_MICROSECOND = timedelta(microseconds=1)
# An enumeration's members are looked up slowly, and several times a reading.
_ABSENT = int(Quality.ABSENT)
_RUNNING, _STOPPED = OperatingState.RUNNING, OperatingState.STOPPED


@dataclass(frozen=True, slots=True)
class Step:
    """What one reading changed."""

    score: float
    """Dimensionless, 0 or more; 1 is the limit."""
    is_anomaly: bool
    """An alert stands."""
    changes: tuple[AlertChange, ...]


class DeviceMonitor:
    """Watches one device: rated limits, sensors, operating state and the learned normal.

    Its result depends on the sequence of readings alone, not on how they come in batches.

    Args:
        rated: Rated limits by channel, in the channel's unit.
        grace: Readings of a device in which the learned detectors raise nothing.

    >>> monitor = DeviceMonitor({"temperature": Limits(high=80.0)})
    >>> time = np.datetime64("2026-02-28T12:00:00", "us")
    >>> step = monitor.step(time, ("temperature",), np.array([96.5]), np.zeros(1, np.uint8), "")
    >>> [(change.alert_type, change.alert_level.value) for change in step.changes]
    [('over_temp', 'P0')]
    """

    def __init__(self, rated: Mapping[str, Limits], *, grace: int = 60) -> None:
        self._rated = dict(rated)
        self._channels: tuple[str, ...] = ()
        self._place: dict[str, int] = {}
        self._order: tuple[str, ...] = ()
        self._index = np.zeros(0, dtype=np.intp)
        self._checks: tuple[limits.Check, ...] = ()
        self._residual = Residual(0, grace=grace)
        self._sensors = Sensors(0)
        self._state = StateWatch(())
        self._regime = Regime()
        self._tracks: dict[AlertType, Track] = {}
        self._last: np.datetime64 | None = None
        self._interval = 0.0
        self._seen = 0

    @property
    def state(self) -> OperatingState:
        """What the machine did at the last reading."""
        return self._state.state

    def step(
        self,
        time: np.datetime64,
        channels: tuple[str, ...],
        x: FloatArray,
        quality: QualityArray,
        status: str,
    ) -> Step:
        """Judge one reading, then learn it.

        Args:
            time: UTC, `datetime64[us]`; later than that of the reading before.
            channels: The c channels of this reading; they may differ from the last one's.
            x: Shape (c,), each in its channel's unit; NaN where bad or absent.
            quality: Shape (c,), of `Quality`.
            status: As the device said it.
        """
        own, marks = self._own(channels, x, quality)
        self._tick(time)
        observed, deviations = self._judge(time, x, own, marks, status)
        changes = self._advance(time, observed, deviations)
        score = 0.0
        for seen in observed.values():
            score = max(score, seen.score)
        return Step(score, self._stands(), changes)

    def warm(self, batch: ReadingBatch) -> None:
        """Learn from history that was judged already, raising nothing."""
        for row in range(len(batch)):
            self.step(
                batch.times[row],
                batch.channels,
                batch.values[row],
                batch.quality[row],
                batch.statuses[row],
            )

    def silent(self, now: np.datetime64) -> Step:
        """Judge that nothing has arrived until `now`, against the device's usual interval."""
        if self._last is None or self._seen < 3:
            return Step(0.0, self._stands(), ())
        usual = np.timedelta64(int(_SILENT_INTERVALS * self._interval), "us")
        due = self._last + max(usual, _SILENT_LEAST)
        track = self._tracks.get("no_data")
        if now < due or (track is not None and track.standing):
            return Step(0.0, self._stands(), ())
        late = float((now - self._last) / (due - self._last))
        # The deadline is the event's time, not the moment somebody asked: replays agree on it.
        changes = self._advance(due, {"no_data": Observed(late, cleared=False)}, {}, partial=True)
        return Step(late, self._stands(), changes)

    def adopt(self, standing: Sequence[Alert]) -> None:
        """Go on with alerts that stand already, as after a restart: they are not raised again."""
        kept = {alert.alert_type for alert in standing}
        for kind in set(self._tracks) - kept:
            if self._tracks[kind].standing:
                del self._tracks[kind]
        for alert in standing:
            known = self._tracks.get(alert.alert_type)
            self._tracks[alert.alert_type] = verdict.adopted(alert, known)

    def _stands(self) -> bool:
        return any(track.standing for track in self._tracks.values())

    def _own(
        self, channels: tuple[str, ...], x: FloatArray, quality: QualityArray
    ) -> tuple[FloatArray, QualityArray]:
        """The reading in the monitor's own order of channels, in which they were first met."""
        if channels != self._order:
            fresh = tuple(name for name in channels if name not in self._place)
            if fresh:
                for name in fresh:
                    self._place[name] = len(self._place)
                self._channels += fresh
                self._residual.grow(len(fresh))
                self._sensors.grow(len(fresh))
                self._state.grow(fresh)
                self._regime.grow(fresh)
            self._order = channels
            self._index = np.array([self._place[name] for name in channels], dtype=np.intp)
            self._checks = limits.checks(self._rated, channels)
        own = np.empty(len(self._channels))
        marks = np.empty(len(self._channels), dtype=np.uint8)
        if len(channels) < len(self._channels):
            own.fill(np.nan)
            marks.fill(_ABSENT)
        own[self._index] = x
        marks[self._index] = quality
        return own, marks

    def _tick(self, time: np.datetime64) -> None:
        if self._last is not None:
            passed = cast("timedelta", (time - self._last).item()) / _MICROSECOND
            # Pauses of a device are not its usual interval.
            bounded = passed if self._seen < 10 else min(passed, 5 * self._interval)
            self._interval += max(1 / self._seen, 0.02) * (bounded - self._interval)
        self._seen += 1
        self._last = time

    def _judge(
        self,
        time: np.datetime64,
        x: FloatArray,
        own: FloatArray,
        marks: QualityArray,
        status: str,
    ) -> tuple[dict[AlertType, Observed], dict[AlertType, tuple[Deviation, ...]]]:
        observed: dict[AlertType, Observed] = {}
        deviations: dict[AlertType, tuple[Deviation, ...]] = {}
        if self._checks:
            for kind, passed in limits.passed(self._checks, x.tolist()).items():
                observed[kind], deviations[kind] = passed.seen, passed.deviations
        if status.strip().upper() in state.REPORTS_FAULT:
            observed["device_reported"] = Observed(1.0, cleared=False)
        now = self._state.step(own, status)
        self._sensors.step(own, marks, moving=now is _RUNNING)
        if self._sensors.has_fault:
            faulty = self._sensors.faulty
            protects = any(self._channels[j] in self._rated for j in np.flatnonzero(faulty))
            observed["sensor_fault"] = Observed(1.0, cleared=False, protects=protects)
            deviations["sensor_fault"] = verdict.of_sensors(self._channels, own, self._sensors)
        if now is _STOPPED:
            self._residual.pause()
            self._regime.stop(time)
            return observed, deviations
        track = self._tracks.get("composite")
        frozen = track is not None and track.standing
        believed = ~self._sensors.doubtful if self._sensors.has_doubt else None
        # A channel that warms up is followed, and heard again when the machine is warm.
        warming = self._regime.warming(time)
        if warming is not None and believed is not None:
            warming = warming & believed
        scored = self._residual.score_one(own, believed, warming)
        ruling = self._regime.step(time, scored, self._residual.base, now, frozen=frozen)
        follow = ruling.follow
        if warming is not None:
            follow = np.where(warming, FOLLOW, 0.0 if follow is None else follow)
        self._residual.learn_one(
            scored, frozen=frozen or ruling.blank, follow=follow, blank=ruling.blank
        )
        if not ruling.blank and scored.score > 0:
            observed["composite"] = Observed(
                scored.score, cleared=scored.score < _CLEAR, at_once=scored.score >= _AT_ONCE
            )
            if scored.score >= 1:
                deviations["composite"] = verdict.of_residual(
                    self._channels, own, scored, self._residual
                )
        return observed, deviations

    def _advance(
        self,
        time: np.datetime64,
        observed: dict[AlertType, Observed],
        deviations: dict[AlertType, tuple[Deviation, ...]],
        *,
        partial: bool = False,
    ) -> tuple[AlertChange, ...]:
        changes: list[AlertChange] = []
        asked = observed.keys() if partial else observed.keys() | self._tracks.keys()
        for kind in sorted(asked):
            seen = observed.get(kind, QUIET)
            track = self._tracks.get(kind)
            if track is None:
                if seen.score < 0.5:
                    continue
                track = Track(kind)
            step = advance(track, seen, time)
            track = step.track
            if seen.score >= 1 and deviations.get(kind):
                track = verdict.with_deviations(track, deviations[kind])
            self._tracks[kind] = track
            if step.change is not None:
                changes.append(describe(track, step.change, track.deviations))
        return tuple(changes)
