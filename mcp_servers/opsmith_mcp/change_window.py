"""The stretch in which a device's change is described: one choice for every tool that does so."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from threading import Lock

import numpy as np

from opsmith.domain.base import State, Window
from opsmith.domain.changes import ChannelChange
from opsmith.domain.readings import ReadingBatch
from opsmith.errors import BadInput
from opsmith.ports import SeriesStore
from opsmith_detectors.features import describe_changes
from opsmith_mcp.windows import INSTANT, Freshness, freshness, moment

BEFORE_MINS = 120

_ENOUGH = 200
"""Readings before the onset that are looked for further back, where sampling is slow."""
_MOST = 3600
"""Readings of either side; of more before, the last are taken, of more since, each n-th."""
_FEW = 18
"""Fewer readings before than this tell nothing of what is usual."""

_LATELY = 8
"""Changes that are kept: one for each diagnosis that may be under way."""


@dataclass(frozen=True, slots=True)
class Described:
    """How a device's channels changed, and what that rests on."""

    changes: tuple[ChannelChange, ...]
    window: Window
    before: int
    """Readings before the onset; `since`: at it and after."""
    since: int
    fresh: Freshness

    @property
    def state(self) -> State:
        """EMPTY where one of the two sides is not there at all."""
        return self.fresh.state(has_any=bool(self.before and self.since))

    def note(self, device_id: str) -> str | None:
        """What to know before relying on it."""
        if not self.before:
            return f"No reading of {device_id} before the onset: nothing to compare with."
        if not self.since:
            return f"No reading of {device_id} since the onset: nothing to compare."
        if self.before < _FEW:
            return f"Only {self.before} readings before the onset: too few to know what is usual."
        return self.fresh.note(device_id, has_any=True)


class Changes:
    """Describes changes; the same readings since the same onset are worked on once.

    For whoever diagnoses asks twice within moments: how the channels changed, and what explains
    it. The readings are read each time, so that one which came late is not missed.
    """

    def __init__(self, series: SeriesStore) -> None:
        self._series = series
        self._lately = OrderedDict[
            tuple[datetime, tuple[str, ...], bytes], tuple[ChannelChange, ...]
        ]()
        self._lock = Lock()

    def describe(
        self, device_id: str, onset: datetime, until: datetime, before_mins: int = BEFORE_MINS
    ) -> Described:
        """Describe how the channels changed since `onset`, as far as was known at `until`.

        Raises:
            BadInput: The onset is after `until`.
            Unavailable: The series store does not answer.
        """
        if onset > until:
            raise BadInput(f"onset {onset.isoformat()} is after until {until.isoformat()}")
        start = onset - timedelta(minutes=before_mins)
        batch = self._series.read(device_id, start, until + INSTANT)
        split = _split(batch, onset)
        if split < _ENOUGH:
            earlier = self._series.read_last(device_id, _ENOUGH, onset)
            if len(earlier) > split:
                batch = self._series.read(device_id, moment(earlier.times[0]), until + INSTANT)
                split = _split(batch, onset)
        batch = _thinned(_part(batch, slice(max(0, split - _MOST), None)), onset)
        split = _split(batch, onset)
        first = moment(batch.times[0]) if len(batch) else start
        return Described(
            changes=self._changes(batch, onset) if len(batch) else (),
            window=Window(start=min(first, onset), end=until),
            before=split,
            since=len(batch) - split,
            fresh=freshness(self._series, device_id, until),
        )

    def _changes(self, batch: ReadingBatch, onset: datetime) -> tuple[ChannelChange, ...]:
        readings = blake2b(batch.times.tobytes() + batch.values.tobytes(), digest_size=16)
        key = (onset, batch.channels, readings.digest())
        with self._lock:
            known = self._lately.get(key)
        if known is not None:
            return known
        changes = describe_changes(batch, onset)
        with self._lock:
            self._lately[key] = changes
            while len(self._lately) > _LATELY:
                self._lately.popitem(last=False)
        return changes


def _split(batch: ReadingBatch, onset: datetime) -> int:
    return int(np.searchsorted(batch.times, np.datetime64(onset.replace(tzinfo=None), "us")))


def _thinned(batch: ReadingBatch, onset: datetime) -> ReadingBatch:
    since = len(batch) - _split(batch, onset)
    return _part(batch, slice(None, None, -(-since // _MOST))) if since > _MOST else batch


def _part(batch: ReadingBatch, rows: slice) -> ReadingBatch:
    return ReadingBatch(
        batch.device_id,
        batch.channels,
        batch.times[rows],
        batch.values[rows],
        batch.quality[rows],
        batch.statuses[rows],
    )
