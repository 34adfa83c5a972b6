"""A learned remaining life of a device whose channels the model knows, followed from new.

The model counts readings; what they are in hours follows from how often they come, as in the files
that it was learned from, or here where those told only cycles.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

import numpy as np

from opsmith.clock import wall_clock
from opsmith.domain.forecasts import RemainingLife
from opsmith.domain.readings import FloatArray, ReadingBatch
from opsmith.errors import BadInput
from opsmith.ports import SeriesStore
from opsmith.storage.models import ModelStore, Stored
from opsmith_detectors.forecast_crossing import WITHIN_HOURS
from opsmith_detectors.rul import RulModel, fails_within, remaining
from opsmith_detectors.rul_analogs import Analogs, analogs_for, time_to_limit
from opsmith_detectors.rul_arrays import from_arrays
from opsmith_detectors.rul_features import Follower
from opsmith_mcp.figures import figure
from opsmith_mcp.forecast_cache import ForecastCache
from opsmith_mcp.windows import INSTANT, moment, usual_interval

LASTS = timedelta(minutes=5)
"""Of wall time: how often it is looked whether another version is active."""
MOST = 5_000
"""Readings of a life that are followed."""
AT_ONCE = 10
"""Of them in an answer that has to be quick."""
STRANGE = 4.0
"""Spreads beyond all that was learned from, at which a reading is unlike any of it."""


@dataclass(slots=True)
class Followed:
    """One device on its way."""

    follower: Follower
    begin: datetime
    end: datetime
    """What is later has not been looked at."""
    said: list[float] = field(default_factory=list[float])
    values: list[FloatArray] = field(default_factory=list[FloatArray])
    strange: int = 0
    """Of the last readings, those unlike all that was learned from."""
    lock: Any = field(default_factory=Lock)


@dataclass(frozen=True, slots=True)
class Served:
    """An active model."""

    stored: Stored
    model: RulModel
    low: FloatArray
    """Shape (c,): of the channels of the machines that were learned from; so `high`."""
    high: FloatArray
    analogs: dict[tuple[str, float, bool], Analogs | None]

    @property
    def name(self) -> str:
        """With its version."""
        return f"{self.stored.name}@{self.stored.version}"

    def fits(self, channels: Sequence[str]) -> bool:
        """Whether a device has all the channels that it was learned from."""
        scaling = self.model.scaling
        return {*scaling.channels, *scaling.conditions} <= set(channels)


@dataclass(frozen=True, slots=True)
class LearnedLife:
    """What a model says of a device."""

    served: Served
    life: RemainingLife
    within: tuple[float, ...]
    """Probability of failing within each of `WITHIN_HOURS`."""
    step_hours: float
    is_strange: bool
    followed: Followed

    def crossing(
        self, channel: str, limit: float, upward: bool
    ) -> tuple[float, float, float] | None:
        """When a limit is crossed, median and 80 % interval in hours, as other machines did."""
        served, key = self.served, (channel, limit, upward)
        if channel not in served.model.scaling.channels:
            return None
        if key not in served.analogs:
            served.analogs[key] = analogs_for(served.model, channel, limit, upward)
        analogs = served.analogs[key]
        if analogs is None or len(self.followed.values) < 20:
            return None
        place = served.model.scaling.channels.index(channel)
        recent = np.array([row[place] for row in self.followed.values[-200:]])
        told = time_to_limit(analogs, recent, np.array(self.followed.said[-len(recent) :]))
        hours = self.step_hours
        return told.median * hours, told.low * hours, told.high * hours


class Models:
    """The active models, and the devices that they follow.

    Args:
        store: Where they are kept; None: there are none.
        cache: Keeps what was followed.
    """

    def __init__(self, store: ModelStore | None, cache: ForecastCache) -> None:
        self._store = store
        self._cache = cache

    def served(self) -> tuple[Served, ...]:
        """All active models, that with the best backtest first; looked up every few minutes."""
        if self._store is None:
            return ()
        # Which one is active is a matter of the wall's time, whatever moment is asked about.
        now = wall_clock()
        known = self._cache.recent(("models",), now, LASTS)
        if known is not None:
            return known
        before = {one.name: one for one in self._cache.recent(("served",), now, now - _EVER) or ()}
        found: list[Served] = []
        for stored in self._store.list_all():
            if not stored.is_active:
                continue
            name = f"{stored.name}@{stored.version}"
            if name in before:
                found.append(before[name])
                continue
            try:
                model = from_arrays(self._store.load(name)[1])
            except BadInput:
                # Of another version of opsmith: `opsmith train rul list` says so.
                continue
            values = model.lives.values
            spread = np.where(np.isfinite(values.std(axis=0)), values.std(axis=0), 0.0)
            low = values.min(axis=0) - STRANGE * spread
            found.append(Served(stored, model, low, values.max(axis=0) + STRANGE * spread, {}))
        found.sort(key=lambda one: one.stored.about.get("backtest", {}).get("rmse", np.inf))
        served = tuple(found)
        self._cache.keep(("models",), now, served)
        self._cache.keep(("served",), now, served)
        return served

    def life(
        self,
        series: SeriesStore,
        device_id: str,
        channels: Sequence[str],
        renewed: datetime | None,
        as_of: datetime,
        *,
        quick: bool,
    ) -> LearnedLife | None:
        """What the first model that fits says of a device; None: none fits, or not so quickly.

        Args:
            series: The readings.
            device_id: Whose.
            channels: That it has.
            renewed: Since when it is as new; None: since its first reading.
            as_of: Nothing later is looked at.
            quick: Follow no more than some new readings.
        """
        served = next((one for one in self.served() if one.fits(channels)), None)
        if served is None:
            return None
        extent = series.extent(device_id)
        if extent is None or extent.first > as_of:
            return None
        begin = max(renewed, extent.first) if renewed else extent.first
        key = ("followed", device_id, served.name)
        known: Followed | None = self._cache.recent(key, as_of, as_of - _EVER)
        followed = known
        if followed is None or followed.begin != begin or followed.end > as_of + INSTANT:
            followed = Followed(Follower(served.model.scaling), begin, begin)
        with followed.lock:
            batch = _unseen(series, device_id, followed.end, as_of, served, quick)
            if batch is None:
                return None
            if len(batch):
                _follow(served, followed, batch)
            if not followed.said:
                return None
        # What was asked about the past does not take the place of what is newer.
        if known is None or known.begin != begin or known.end <= followed.end:
            self._cache.keep(key, begin, followed)
        return _told(served, followed, series, device_id, as_of)


_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def _unseen(
    series: SeriesStore,
    device_id: str,
    begin: datetime,
    as_of: datetime,
    served: Served,
    quick: bool,
) -> ReadingBatch | None:
    """Readings since then; None: too many."""
    names = (*served.model.scaling.channels, *served.model.scaling.conditions)
    most = AT_ONCE if quick else MOST
    tail = series.read_last(device_id, most + 1, as_of + INSTANT)
    after = np.datetime64(begin.replace(tzinfo=None), "us")
    if len(tail) > most and tail.times[0] >= after:
        return None
    return series.read(device_id, begin, as_of + INSTANT, names)


def _follow(served: Served, followed: Followed, batch: ReadingBatch) -> None:
    scaling = served.model.scaling
    columns = [batch.channels.index(x) if x in batch.channels else -1 for x in scaling.channels]
    states = [batch.channels.index(x) if x in batch.channels else -1 for x in scaling.conditions]
    padded = np.column_stack([batch.values, np.full(len(batch), np.nan)])
    for row in padded:
        x = row[columns]
        features = followed.follower.add(x, row[states])
        followed.said.append(remaining(served.model, features).median)
        followed.values.append(np.where(np.isfinite(x), x, scaling.mean))
        is_strange = bool(((x < served.low) | (x > served.high)).any())
        followed.strange = (
            min(20, followed.strange + 2) if is_strange else max(0, followed.strange - 1)
        )
    del followed.said[:-400], followed.values[:-400]
    followed.end = moment(batch.times[-1]) + INSTANT


def _told(
    served: Served, followed: Followed, series: SeriesStore, device_id: str, as_of: datetime
) -> LearnedLife:
    step = served.stored.about.get("step_hours")
    if step is None:
        step = usual_interval(series.read_last(device_id, 50, as_of + INSTANT).times) / 3600
    hours = max(1e-6, float(step))
    model = served.model
    said = followed.said[-1]
    at = np.array(WITHIN_HOURS) / hours
    low, high = (float(np.interp(said, model.grid, model.quantiles[:, place])) for place in _EDGES)
    is_open = said > 0.92 * model.cap
    life = RemainingLife(
        hours=None if is_open else figure(round(said * hours, 2)),
        hours_low=figure(round(min(low, said) * hours, 2)) or 0.0,
        hours_high=None if is_open else figure(round(max(high, said) * hours, 2)),
        by=f"learned model {served.name}",
        age_hours=figure(round(followed.follower.age * hours, 2)),
        failures=served.stored.about.get("backtest", {}).get("machines", 0),
    )
    within = tuple(float(x) for x in fails_within(model, said, at).tolist())
    return LearnedLife(served, life, within, hours, followed.strange >= 10, followed)


_EDGES = (2, 6)
"""Places of .1 and .9 among `opsmith_detectors.rul.PARTS`."""
