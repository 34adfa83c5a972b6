"""Carry one channel on: choose the step and the history for a horizon, and tell what is known."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from opsmith.domain.base import State, Window
from opsmith.domain.devices import Device, Limits
from opsmith.domain.forecasts import BacktestFigures, TimeToLimit
from opsmith.domain.readings import FloatArray
from opsmith.domain.units import unit_of
from opsmith.ports import SeriesStore
from opsmith.storage.forecasts import KeptRecord
from opsmith_mcp.figures import figure, figures
from opsmith_mcp.forecast_cache import ForecastCache, Outlook
from opsmith_mcp.forecast_history import (
    History,
    begin_of,
    raw_steps,
    running_only,
    since,
)
from opsmith_mcp.forecast_limits import limit_outlook
from opsmith_mcp.forecast_outcomes import correction_of, figures_of, has_drifted
from opsmith_mcp.forecast_views import ChannelForecast
from opsmith_mcp.windows import Freshness, usual_interval

STEPS = {60: 2880, 300: 2016, 900: 1152, 3600: 840, 14_400: 1080}
"""Seconds of a step, and steps of history."""
AHEAD = 180
"""Steps ahead at most, as long as there is a coarser one."""
RAW = 2000
"""Readings of history, where the readings themselves are used."""
SHOWN = 48
"""Steps that an answer shows at most."""
LEAST = 24
"""Values below which nothing is said."""
SPAN = 4
"""The horizon may be so many times the history."""
_TELLS = 0.05
"""Share of the channel's variance that a load has to explain."""


@dataclass(frozen=True, slots=True)
class Load:
    """A channel that drives the others, such as speed."""

    channel: str
    ahead: float | None
    """What it will be, in its unit; None: as now."""


def history_for(
    series: SeriesStore,
    cache: ForecastCache,
    device: Device,
    hours: float,
    fresh: Freshness,
    as_of: datetime,
) -> tuple[History, str]:
    """The history that suits the horizon, and what it is made of."""
    interval = usual_interval(fresh.tail.times)
    seconds = hours * 3600
    if 0 < interval < 60 and seconds <= AHEAD * max(1, math.ceil(interval)):
        step = max(1, math.ceil(interval))
        # Times of readings scatter: a step a little longer has a reading in it.
        found = raw_steps(series, device.device_id, as_of, step, RAW)
        return since(found, device.baseline_at), "raw"
    fitting = [each for each in STEPS if each >= interval and seconds <= AHEAD * each]
    step = fitting[0] if fitting else max(STEPS)
    found = cache.histories.steps(series, device.device_id, as_of, step, STEPS[step])
    return since(found, device.baseline_at), "1m" if step == 60 else f"means of {step // 60} min"


def tell(
    series: SeriesStore,
    cache: ForecastCache,
    device: Device,
    channel: str,
    hours: float,
    limit: float | None,
    load: Load | None,
    fresh: Freshness,
    records: Sequence[KeptRecord],
    as_of: datetime,
) -> ChannelForecast:
    """The forecast of a channel, whatever can be said."""
    history, source = history_for(series, cache, device, hours, fresh, as_of)
    ran, resting = running_only(history)
    values = ran.column(channel)
    there = np.flatnonzero(np.isfinite(values))
    first = int(there[0]) if len(there) else len(values)
    values, ran = values[first:], replace(ran, values=ran.values[first:])
    step = history.step
    known = np.isfinite(values)
    answer = ChannelForecast(
        state=fresh.state(has_any=bool(known.any())),
        note=fresh.note(device.device_id, has_any=True),
        device_id=device.device_id,
        channel=channel,
        unit=unit_of(channel),
        as_of=as_of,
        window=Window(start=begin_of(ran), end=ran.end),
        source=source,
        step_minutes=round(step / 60, 4),
        values=int(known.sum()),
        missing_share=round(1 - float(known.mean()), 4) if len(known) else 0.0,
        last=figure(float(values[known][-1])) if known.any() else None,
    )
    span = (len(values) - int(known.argmax())) * step / 3600 if known.any() else 0.0
    if known.sum() < LEAST or span * SPAN < hours:
        return answer.model_copy(
            update={
                "state": State.EMPTY,
                "note": f"Too little data: {int(known.sum())} values over {span:.1f} h, for "
                f"{hours:g} h ahead; ask for at most {max(span * SPAN, 0):.1f} h, or wait.",
            }
        )
    count = max(1, math.ceil(hours * 3600 / step - 1e-9))
    notes = [answer.note]
    bare, effect = values, 0.0
    if load is not None:
        bare, effect, told = _freed(ran, channel, load)
        notes.append(told)
    outlook = cache.outlook(
        device.device_id,
        ran,
        (channel,),
        count,
        values=bare[None],
        kind=load.channel if load is not None else "",
    )
    assert outlook is not None
    record = _record(records, channel, step)
    if resting[-3:].all():
        notes.append("It stands still now: this is how it would go on running.")
    if record is not None and has_drifted(record):
        notes.append("Lately it was far off what its backtest said; the methods are learned anew.")
    limits = {limit: limit > (answer.last or 0.0)} if limit is not None else {}
    rated = device.rated().get(channel, Limits())
    limits |= {x: up for x, up in ((rated.high, True), (rated.low, False)) if x is not None}
    crossing: list[TimeToLimit] = (
        [
            limit_outlook(series, cache, device, channel, x, upward, outlook, as_of).forecast
            for x, upward in limits.items()
        ]
        if load is None
        else []
    )
    tested = outlook.tested
    naive = bool(tested.ratio_naive[0] >= 1)
    if naive:
        notes.append("Nothing beat the last value on its past, so that is given.")
    return _shown(answer, outlook, effect, correction_of(record)).model_copy(
        update={
            "note": " ".join(one for one in notes if one) or None,
            "method": methods_of(outlook),
            "beats_naive": not naive,
            "backtest": BacktestFigures(
                origins=tested.origins,
                mae=figure(float(tested.error[0])),
                mae_to_seasonal_naive=figure(round(float(tested.ratio[0]), 4)),
                mae_to_last_value=figure(round(float(tested.ratio_naive[0]), 4)),
                coverage=figure(round(float(tested.coverage[0]), 4)),
            ),
            "record": None if record is None else figures_of(record),
            "limits": tuple(crossing),
        }
    )


def _shown(
    answer: ChannelForecast, outlook: Outlook, effect: float, correction: float
) -> ChannelForecast:
    """With the steps, thinned out, the last one kept."""
    median = outlook.told.median[0] + effect
    low, high = (each[0] + effect for each in outlook.told.interval(0.8))
    low, high = median - correction * (median - low), median + correction * (high - median)
    every = math.ceil(len(median) / SHOWN)
    at = np.arange(len(median) - 1, -1, -every)[::-1]
    length = timedelta(seconds=outlook.step)
    return answer.model_copy(
        update={
            "times": tuple(outlook.end + (int(i) + 1) * length for i in at),
            "median": figures(median[at]),
            "low": figures(low[at]),
            "high": figures(high[at]),
        }
    )


def methods_of(outlook: Outlook, place: int = 0) -> str:
    """What won, with its mean share over the steps ahead."""
    weights = outlook.tested.weights[place].mean(axis=1)
    order = np.argsort(-weights)[:4]
    parts = [
        f"{outlook.tested.methods[i].name} {100 * weights[i]:.0f} %"
        for i in map(int, order)
        if weights[i] >= 0.01
    ]
    others = len(outlook.tested.methods)
    return f"{', '.join(parts)}; of {others} methods by backtest, intervals conformal"


def _record(records: Sequence[KeptRecord], channel: str, step: int) -> KeptRecord | None:
    """That of the nearest step."""
    of_it = [one for one in records if one.channel == channel]
    return min(of_it, key=lambda one: abs(math.log(one.step_s / step)), default=None)


def _freed(history: History, channel: str, load: Load) -> tuple[FloatArray, float, str]:
    """The channel as it would be at the load of now, and what the load to come adds.

    Returns:
        Shape (n,), the addition in the channel's unit, and what to say of it.
    """
    values, drive = history.column(channel), history.column(load.channel)
    both = np.isfinite(values) & np.isfinite(drive)
    if both.sum() < LEAST:
        return values, 0.0, f"{load.channel} has too few values to be taken into account."
    x, y = drive[both], values[both]
    x = x - x.mean()
    variance = float(x @ x)
    slope = float(x @ (y - y.mean())) / variance if variance > 0 else 0.0
    explained = slope * slope * variance / max(float(np.square(y - y.mean()).sum()), 1e-300)
    if explained < _TELLS:
        return values, 0.0, f"{load.channel} explains {100 * explained:.0f} % of it: left out."
    now = float(np.median(drive[np.isfinite(drive)][-5:]))
    ahead = now if load.ahead is None else load.ahead
    bare = values - slope * np.where(np.isfinite(drive), drive - now, 0.0)
    text = (
        f"{slope:+.3g} for each unit of {load.channel}, which explains {100 * explained:.0f} % of "
        f"it; taken to be {ahead:.4g} from now on, {now:.4g} now."
    )
    return bare, slope * (ahead - now), text


def last_of(history: History, channel: str) -> float:
    """The last value; NaN: none."""
    values = history.column(channel)
    there = np.flatnonzero(np.isfinite(values))
    return float(values[there[-1]]) if len(there) else float("nan")
