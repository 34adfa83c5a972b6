"""One device's readings, watched again from the start, to look back on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

import numpy as np

from opsmith.domain.alerts import AlertChange, AlertLevel, AlertType
from opsmith.domain.devices import Limits
from opsmith.domain.moments import to_moment, to_time
from opsmith.domain.readings import FloatArray, Frame, ReadingBatch, TimeArray
from opsmith_detectors.fleet import ACCEPTED, Fleet

SAMPLES = 400
"""Places of a run at which it is asked what was expected."""
_PAUSE = np.timedelta64(60, "s")
_PAUSES = 5
"""Usual intervals, and `_PAUSE`, after which silence is asked for."""


@dataclass(frozen=True, slots=True)
class Stand:
    """One stretch in which an alert stood, [start, end)."""

    alert_type: AlertType
    onset: datetime
    """When the deviation began, as far as could be told."""
    start: datetime
    end: datetime | None
    """None: it stands at the run's end."""
    levels: tuple[tuple[datetime, AlertLevel], ...]
    """From when on it had which level, the oldest first."""
    flapping: bool
    is_new: bool
    """It is no return of the same event."""

    @property
    def level(self) -> AlertLevel:
        """The highest that it had."""
        return min(level for _, level in self.levels)


@dataclass(frozen=True, slots=True, eq=False)
class WatchedRun:
    """A stretch of one device's readings, and what the detector made of them."""

    batch: ReadingBatch
    """Of n readings of c channels."""
    rated: Mapping[str, Limits]
    scores: FloatArray
    """Shape (n,), 1 is the limit; NaN where a reading was not judged."""
    sampled: TimeArray
    """Shape (s,), UTC."""
    expected: FloatArray
    """Shape (s, c), at `sampled`, in the channels' units; NaN where nothing was expected."""
    stands: tuple[Stand, ...]
    """In the order in which they were raised."""
    before: int
    """Readings that were watched before the first of these."""


def watch(
    batch: ReadingBatch,
    rated: Mapping[str, Limits],
    criticality: int = 2,
    *,
    start: datetime | None = None,
    accepted: float = ACCEPTED,
    light: bool = False,
) -> WatchedRun:
    """Run a device's readings through a fresh detector.

    Args:
        batch: Its readings; at least one from `start` on.
        rated: Rated limits by channel, in its unit.
        criticality: 1 stops the plant, 3 has a spare.
        start: The run begins here; what is before is learnt, and not kept.
        accepted: False alerts that the operator accepts per device and week.
        light: Judge each channel by itself.
    """
    fleet = Fleet(accepted=accepted, light=light)
    fleet.register(batch.device_id, rated, criticality)
    first = 0 if start is None else int(np.searchsorted(batch.times, to_time(start)))
    scores = np.full(len(batch), np.nan)
    changes: list[tuple[datetime, AlertChange]] = []
    sampled: list[np.datetime64] = []
    expected: list[list[float]] = []
    pauses = pauses_of(batch.times)
    # A reading at which it is sampled is the last of its part.
    each = max((len(batch) - first) // SAMPLES, 1)
    cuts = sorted({0, first, *pauses, *range(first, len(batch), each), len(batch)})
    for begin, end in pairwise(cuts):
        if begin in pauses:
            for silent in fleet.silent(batch.times[begin]):
                changes.append((silent.change.first_seen, silent.change))
        judged = fleet.step(Frame.of(part_of(batch, begin, end)))
        scores[begin:end] = judged.scores
        changes += [
            (to_moment(batch.times[begin + each.row]), each.change) for each in judged.changes
        ]
        if end > first:
            known = fleet.expected(batch.device_id, batch.times[end - 1])
            sampled.append(batch.times[end - 1])
            expected.append([known.get(channel, np.nan) for channel in batch.channels])
    stands = _stands(changes)
    if start is not None:
        stands = [stand for stand in stands if stand.end is None or stand.end > start]
    return WatchedRun(
        part_of(batch, first, len(batch)),
        rated,
        scores[first:],
        np.array(sampled, "datetime64[us]"),
        np.array(expected).reshape(len(expected), len(batch.channels)),
        tuple(stands),
        first,
    )


def part_of(batch: ReadingBatch, first: int, last: int) -> ReadingBatch:
    """The readings numbered from `first` on, before `last`."""
    rows = slice(first, last)
    return replace(
        batch,
        times=batch.times[rows],
        values=batch.values[rows],
        quality=batch.quality[rows],
        statuses=batch.statuses[rows],
    )


def pauses_of(times: TimeArray) -> frozenset[int]:
    """Numbers of the readings before which there was a pause."""
    if len(times) < 3:
        return frozenset()
    passed = np.diff(times)
    long = passed > max(_PAUSES * np.median(passed), _PAUSE)
    return frozenset((np.flatnonzero(long) + 1).tolist())


def _stands(changes: list[tuple[datetime, AlertChange]]) -> list[Stand]:
    """The stretches between raise and clear."""
    open_: dict[AlertType, Stand] = {}
    found: list[Stand] = []
    for time, change in changes:
        stand = open_.get(change.alert_type)
        if change.change == "cleared":
            if stand is not None:
                found.append(replace(open_.pop(change.alert_type), end=time))
            continue
        mark = (time, change.alert_level)
        if stand is None:
            open_[change.alert_type] = Stand(
                change.alert_type,
                change.onset,
                time,
                None,
                (mark,),
                change.flapping,
                change.raises == 1,
            )
            continue
        levels = stand.levels
        if change.alert_level != levels[-1][1]:
            levels = (*levels, mark)
        open_[change.alert_type] = replace(
            stand, levels=levels, flapping=stand.flapping or change.flapping
        )
    return sorted([*found, *open_.values()], key=lambda stand: stand.start)
