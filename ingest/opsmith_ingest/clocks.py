"""Whether a device's clock can be right: its readings against the plant's clock and its own past.

A reading from the future would make every right one after it look late, and move what the plant
takes for now: it is kept among the dead letters, and not stored as a reading. Readings that go
back behind those of the device before may be a backlog, and are stored; only a device that sends
nothing else is told to have the wrong time.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from opsmith.bus import codec
from opsmith.domain.alerts import Alert, AlertChange, AlertLevel, Deviation
from opsmith.domain.moments import to_moment, to_time
from opsmith.domain.readings import Frame, ReadingBatch

TOLERATED = timedelta(minutes=5)
"""A clock that nobody sets drifts by seconds a day, and collectors wait for less than this."""
BEHIND = 20
"""Readings in a row behind the device's own past, and nothing newer, ..."""
BEHIND_FOR = timedelta(minutes=10)
"""... for so long by the wall: a backlog is sent in a burst, or beside what is new."""
CONTENT = 10
"""Readings in a row with a right time that end it, as of any sensor fault."""

CHANNEL = "timestamp"


@dataclass(frozen=True, slots=True)
class Skew:
    """A change of the alert on one device's clock, and the reading that it was decided on."""

    device_id: str
    change: AlertChange
    payload: dict[str, object]


@dataclass(frozen=True, slots=True)
class Refused:
    """A reading whose time cannot be used."""

    device_id: str
    value: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Sifted:
    """What came of readings whose times were looked at."""

    frames: list[Frame]
    """Those whose times can be used."""
    refused: list[Refused]
    skews: list[Skew]


@dataclass(frozen=True, slots=True)
class _Clock:
    """What is known of a clock that is not plainly right."""

    behind: int = 0
    behind_since: datetime | None = None
    content: int = 0
    told: AlertChange | None = None
    """The alert that stands, as it was told last."""
    count: int = 0


class Clocks:
    """Watches the clocks of the devices of a live plant.

    Args:
        standing: The alerts on sensors that stand in the log, for a restart.
    """

    def __init__(self, standing: Callable[[], Sequence[Alert]]) -> None:
        self._standing = standing
        self._newest: dict[str, int] = {}
        """Of each device the time of its newest reading, in us since 1970."""
        self._odd: dict[str, _Clock] | None = None
        """The devices whose clocks are looked at closer; None: the log was not asked yet."""

    def sift(self, frames: Sequence[Frame], now: datetime) -> Sifted:
        """Judge every device's clock, and take out the readings from the future.

        Args:
            frames: As they came.
            now: Of the plant, by the wall.
        """
        sifted = Sifted([], [], [])
        for frame in frames:
            odd = self._look(frame, now)
            if not odd:
                sifted.frames.append(frame)
                continue
            kept = [
                self._sift(batch, now, sifted) if batch.device_id in odd else batch
                for batch in frame.batches()
            ]
            kept = [batch for batch in kept if len(batch)]
            if kept:
                sifted.frames.append(Frame.of(*kept))
        return sifted

    def forget(self, device_ids: Collection[str] | None = None) -> None:
        """Drop what is known, of these devices or of all; the log and the readings have it."""
        if device_ids is None:
            self._newest.clear()
        else:
            for device_id in device_ids:
                self._newest.pop(device_id, None)
        self._odd = None

    def _look(self, frame: Frame, now: datetime) -> set[str]:
        """The devices of a frame that are not plainly right; of the others the newest is noted."""
        clocks = self._clocks()
        times = frame.times.astype("datetime64[us]", copy=False).view(np.int64)
        newest = np.full(len(frame.devices), np.iinfo(np.int64).min)
        np.maximum.at(newest, frame.device, times)
        latest = _microseconds(now + TOLERATED)
        tolerated = TOLERATED // timedelta(microseconds=1)
        odd: set[str] = set()
        stamps: list[int] = newest.tolist()
        for device_id, at in zip(frame.devices, stamps, strict=True):
            known = self._newest.get(device_id, at)
            if at > latest or at < known - tolerated or device_id in clocks:
                odd.add(device_id)
            elif at >= known:
                self._newest[device_id] = at
        return odd

    def _sift(self, batch: ReadingBatch, now: datetime, sifted: Sifted) -> ReadingBatch:
        skew = self.judge(batch, now)
        if skew is not None:
            sifted.skews.append(skew)
        wrong = batch.times > to_time(now + TOLERATED)
        if not wrong.any():
            return batch
        reason = f"timestamp is more than {TOLERATED} ahead of the plant's clock"
        sifted.refused.extend(
            Refused(batch.device_id, value, reason)
            for _, value in codec.encode(_rows(batch, wrong))
        )
        return _rows(batch, ~wrong)

    def _clocks(self) -> dict[str, _Clock]:
        if self._odd is None:
            found = [alert for alert in self._standing() if is_clock(alert)]
            self._odd = {alert.device_id: _Clock(told=_adopted(alert)) for alert in found}
        return self._odd

    def judge(self, batch: ReadingBatch, now: datetime) -> Skew | None:
        """Take the times of some readings into account, those from the future among them.

        Args:
            batch: As it came.
            now: Of the plant, by the wall.
        """
        clocks, device_id = self._clocks(), batch.device_id
        clock = clocks.get(device_id, _Clock())
        wrong = batch.times > to_time(now + TOLERATED)
        known = self._newest.get(device_id)
        newest: np.datetime64 | None = None if known is None else np.datetime64(known, "us")
        right = batch.times[~wrong]
        far = None if known is None else to_time(to_moment(np.datetime64(known, "us")) - TOLERATED)
        old = right < far if far is not None else np.zeros(len(right), np.bool_)
        is_right = bool(len(right)) and not bool(old[-1])
        behind = 0 if is_right else clock.behind + int(old.sum())
        since = None if behind == 0 else clock.behind_since or now
        is_behind = behind >= BEHIND and since is not None and now - since >= BEHIND_FOR
        if len(right):
            newest = right[-1] if newest is None else max(newest, right[-1])
        bad = int(wrong.sum()) + (int(old.sum()) if is_behind else 0)
        row = int(np.flatnonzero(wrong)[-1]) if wrong.any() else len(batch) - 1
        clock = replace(clock, behind=behind, behind_since=since)
        if bad:
            past = to_moment(newest) if newest is not None and not wrong.any() else now
            off = (to_moment(batch.times[row]) - past).total_seconds()
            clock, change = _raised(clock, off, bad, now)
        else:
            clock, change = _content(clock, len(right) if is_right else 0, now)
        if newest is not None:
            self._newest[device_id] = int(newest.astype(np.int64))
        if clock == _Clock():
            clocks.pop(device_id, None)
        else:
            clocks[device_id] = clock
        if change is None:
            return None
        return Skew(batch.device_id, change, codec.payload(batch, row))


def _adopted(alert: Alert) -> AlertChange:
    """The alert that stands, as it was told last."""
    return AlertChange(
        change="raised",
        alert_type=alert.alert_type,
        alert_level=alert.alert_level,
        first_seen=alert.first_seen,
        last_seen=alert.last_seen,
        onset=alert.onset,
        count=alert.count,
        score=alert.score,
        deviations=alert.deviations,
    )


def is_clock(alert: Alert) -> bool:
    """Whether an alert is on a device's clock: other detectors leave it alone."""
    return any(deviation.kind == "clock" for deviation in alert.deviations)


def _microseconds(moment: datetime) -> int:
    return int(to_time(moment).astype(np.int64))


def _rows(batch: ReadingBatch, which: npt.NDArray[np.bool_]) -> ReadingBatch:
    return ReadingBatch(
        batch.device_id,
        batch.channels,
        batch.times[which],
        batch.values[which],
        batch.quality[which],
        tuple(status for status, kept in zip(batch.statuses, which, strict=True) if kept),
    )


def _raised(
    clock: _Clock, off: float, bad: int, now: datetime
) -> tuple[_Clock, AlertChange | None]:
    """One more wrong time; told at first, and each time their number has doubled."""
    told = clock.told
    count = bad + (max(clock.count, told.count) if told is not None else 0)
    clock = replace(clock, content=0, count=count)
    if told is not None and count < 2 * told.count:
        return clock, None
    deviation = Deviation(
        channel=CHANNEL,
        unit="s",
        value=off,
        expected=0.0,
        share=1.0,
        direction="up" if off > 0 else "down",
        kind="clock",
    )
    score = max(1.0, abs(off) / TOLERATED.total_seconds())
    change = AlertChange(
        change="raised" if told is None else "updated",
        alert_type="sensor_fault",
        # None of its channels is watched while its clock is wrong, those with limits among them.
        alert_level=AlertLevel.P2,
        first_seen=now if told is None else told.first_seen,
        last_seen=now,
        onset=now if told is None else told.onset,
        count=count,
        score=score if told is None else max(score, told.score),
        deviations=(deviation,),
    )
    return replace(clock, told=change), change


def _content(clock: _Clock, right: int, now: datetime) -> tuple[_Clock, AlertChange | None]:
    told = clock.told
    if told is None:
        return clock, None
    clock = replace(clock, content=clock.content + right)
    if clock.content < CONTENT:
        return clock, None
    cleared = told.model_copy(
        update={"change": "cleared", "last_seen": now, "count": max(told.count, clock.count)}
    )
    return replace(clock, told=None, content=0, count=0), cleared
