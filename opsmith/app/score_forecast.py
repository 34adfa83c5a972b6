"""What the scoring says of the future: a forecast, the remaining life, the time to a limit.

A reading asks for it: `horizon` for the next values of one channel, `limits` for the readings until
a limit is crossed; a learned model adds the remaining life. Who does not ask, pays nothing but the
kept readings.
"""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from opsmith.domain.devices import Limits
from opsmith.domain.readings import FloatArray
from opsmith.errors import BadInput

if TYPE_CHECKING:
    from opsmith_detectors.forecast_compete import Backtest
    from opsmith_detectors.rul import RulModel
    from opsmith_detectors.rul_analogs import Analogs
    from opsmith_detectors.rul_features import Follower

KEPT = 20_000
"""Readings of a device that forecasts look back on."""
LONGEST = 2_000
"""Steps ahead at most."""
AHEAD = 250
"""Readings ahead that the time to a limit looks without a learned model."""
TARGETS = ("temperature", "value")
"""The channel that a forecast is of; without these the first."""


@dataclass(slots=True)
class Followed:
    """What is kept of one device for its forecasts."""

    times: "array[float]" = field(default_factory=lambda: array("d"))
    """Seconds."""
    values: "dict[str, array[float]]" = field(default_factory=dict[str, "array[float]"])
    tested: "dict[tuple[str, int], tuple[int, Backtest]]" = field(default_factory=dict[Any, Any])
    """By channel and horizon: readings when it was made, and what it found."""
    follower: "Follower | None" = None
    said: list[float] = field(default_factory=list[float])
    """The remaining life said at each reading."""
    seen: int = 0


class Outlooks:
    """The forecasts of many devices, reading by reading.

    Args:
        model: A learned remaining life; None: none is told.
    """

    def __init__(self, model: "RulModel | None" = None) -> None:
        self._model = model
        self._devices: dict[str, Followed] = {}
        self._analogs: dict[tuple[str, float, bool], Analogs | None] = {}

    def add(
        self,
        device_id: str,
        time: np.datetime64,
        values: Mapping[str, float],
        horizon: object,
        limits: Mapping[str, Limits],
        number: int,
    ) -> dict[str, Any]:
        """Take a reading, and answer what it asks of the future.

        Args:
            device_id: Whose it is.
            time: When, UTC.
            values: By channel, NaN where absent.
            horizon: Steps ahead that are asked for; None: none.
            limits: By channel, whose crossing is asked for.
            number: Of the line, for errors.

        Raises:
            BadInput: The horizon is no number of steps.
        """
        device = self._devices.setdefault(device_id, Followed())
        _keep(device, time, values)
        out: dict[str, Any] = {}
        if self._model is not None and set(self._model.scaling.channels) & set(values):
            out |= self._remaining(device, values)
        if horizon is not None:
            out |= self._forecast(device, values, _steps(horizon, number))
        if limits:
            out |= self._time_to_limit(device, limits)
        return out

    def _forecast(
        self, device: Followed, values: Mapping[str, float], steps: int
    ) -> dict[str, Any]:
        from opsmith_detectors.forecast_compete import forecast

        target = next((each for each in TARGETS if each in values), next(iter(values), None))
        if target is None:
            return {"forecast": None}
        history, season = _even(device, target)
        tested = self._tested(device, target, steps, history, season)
        told = forecast(history[None], tested)
        if np.isnan(told.median).any():
            return {"forecast": None}
        low, high = told.interval(0.8)
        return {
            "forecast": _rounded(told.median[0]),
            "forecast_low": _rounded(low[0]),
            "forecast_high": _rounded(high[0]),
            "backtest": {
                "mae": float(tested.error[0]),
                "mae_to_seasonal_naive": round(float(tested.ratio[0]), 3),
                "coverage": _figure(tested.coverage[0]),
            },
        }

    def _tested(
        self, device: Followed, channel: str, steps: int, history: FloatArray, season: int
    ) -> "Backtest":
        """Of the channel; anew when a day has passed, and a fiftieth of the history."""
        from opsmith_detectors.forecast_compete import backtest

        kept = device.tested.get((channel, steps))
        if kept is None or device.seen - kept[0] > max(season, len(history) // 50, 10):
            kept = device.tested[channel, steps] = (
                device.seen,
                backtest(history[None], steps, season),
            )
        return kept[1]

    def _remaining(self, device: Followed, values: Mapping[str, float]) -> dict[str, Any]:
        from opsmith_detectors.rul import remaining
        from opsmith_detectors.rul_features import Follower

        assert self._model is not None
        scaling = self._model.scaling
        if device.follower is None:
            device.follower = Follower(scaling)
        told = remaining(
            self._model,
            device.follower.add(
                np.array([values.get(each, np.nan) for each in scaling.channels]),
                np.array([values.get(each, np.nan) for each in scaling.conditions]),
            ),
        )
        device.said.append(told.median)
        return {
            "rul": round(told.median, 2),
            "rul_low": round(told.low, 2),
            "rul_high": round(told.high, 2),
            "rul_at_least": told.is_open,
        }

    def _time_to_limit(self, device: Followed, limits: Mapping[str, Limits]) -> dict[str, Any]:
        """The soonest of the limits."""
        found: list[tuple[float, float, float | None]] = []
        for channel, limit in limits.items():
            if channel not in device.values:
                continue
            for bound, upward in ((limit.high, True), (limit.low, False)):
                if bound is not None:
                    told = self._crossing(device, channel, bound, upward)
                    if told is not None:
                        found.append(told)
        if not found:
            return {"eta": None, "eta_low": None, "eta_high": None}
        median, low, high = min(found)
        return {
            "eta": round(median, 2),
            "eta_low": round(low, 2),
            "eta_high": None if high is None else round(high, 2),
        }

    def _crossing(
        self, device: Followed, channel: str, limit: float, upward: bool
    ) -> tuple[float, float, float | None] | None:
        """Median and interval in readings; None: not before the horizon."""
        from opsmith_detectors.rul_analogs import analogs_for, running_median, time_to_limit

        recent = np.array(device.values[channel][-200:])
        recent = recent[np.isfinite(recent)]
        if not len(recent):
            return None
        if self._model is not None and device.said:
            key = (channel, limit, upward)
            if key not in self._analogs:
                self._analogs[key] = analogs_for(self._model, channel, limit, upward)
            analogs = self._analogs[key]
            if analogs is not None:
                count = min(len(recent), len(device.said))
                told = time_to_limit(analogs, recent[-count:], np.array(device.said[-count:]))
                return told.median, told.low, told.high
        from opsmith_detectors.forecast_compete import forecast
        from opsmith_detectors.forecast_crossing import crossings
        from opsmith_detectors.forecast_wear import wear_crossing

        history = np.array(device.values[channel][-2000:])
        worn = wear_crossing(recent, limit, upward)
        if worn is not None and worn[0] <= AHEAD:
            return worn
        history = running_median(history)
        tested = self._tested(device, channel, AHEAD, history, 0)
        told = crossings(
            forecast(history[None], tested), np.array([limit]), upward, 1.0, history[None, -1]
        )[0]
        if told.median is None:
            return None
        return told.median, told.low or 0.0, told.high


def _keep(device: Followed, time: np.datetime64, values: Mapping[str, float]) -> None:
    device.seen += 1
    before = len(device.times)
    device.times.append(float(time.astype("datetime64[us]").astype(np.int64)) / 1e6)
    for name, kept in device.values.items():
        kept.append(values.get(name, np.nan))
    for name, value in values.items():
        if name not in device.values:
            device.values[name] = array("d", [np.nan] * before + [value])
    if before >= 2 * KEPT:
        del device.times[:-KEPT]
        for kept in device.values.values():
            del kept[:-KEPT]


def _even(device: Followed, channel: str) -> tuple[FloatArray, int]:
    """The channel at even steps, NaN in gaps, and the steps of a day; 0: none."""
    times, values = np.array(device.times), np.array(device.values[channel])
    if len(times) < 3:
        return values, 0
    step = float(np.median(np.diff(times)))
    if step <= 0:
        return values, 0
    # A grid that ends now; a long outage makes it no longer than what is kept.
    place: npt.NDArray[np.int64] = np.rint((times - times[-1]) / step).astype(np.int64)
    length = min(1 - int(place[0]), KEPT)
    grid = np.full(length, np.nan)
    inside: npt.NDArray[np.bool_] = place > -length
    grid[length - 1 + place[inside]] = values[inside]
    season = round(86400 / step)
    return grid, season if 2 <= season <= 1440 else 0


def _steps(horizon: object, number: int) -> int:
    if isinstance(horizon, bool) or not isinstance(horizon, int) or not 1 <= horizon <= LONGEST:
        raise BadInput(f"Line {number}: horizon is no number of steps from 1 to {LONGEST}")
    return horizon


def _rounded(values: FloatArray) -> list[float]:
    return [float(f"{each:.7g}") for each in values.tolist()]


def _figure(value: float) -> float | None:
    return round(float(value), 3) if np.isfinite(value) else None
