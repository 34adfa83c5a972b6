"""When a forecast crosses its limit, and how forecasts are held against what came."""

import numpy as np
import pytest

from opsmith_detectors.forecast_compete import backtest, forecast
from opsmith_detectors.forecast_crossing import WITHIN_HOURS, crossings
from opsmith_detectors.forecast_record import Record, isotonic, matured
from opsmith_detectors.forecast_wear import wear_crossing


def climbing(slope: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    at = np.arange(400, dtype=np.float64)
    return (20 + slope * at + np.random.default_rng(3).normal(0, 0.3, 400))[None]


def test_a_steady_climb_is_told_to_cross_about_when_it_does() -> None:
    values = climbing(0.1)
    told = crossings(forecast(values, backtest(values, 100)), np.array([64.0]), True, 1.0)[0]
    assert told.median is not None
    assert told.low is not None
    assert told.low <= told.median
    assert 30 <= told.median <= 50
    assert told.within[0] == pytest.approx(0, abs=0.01)
    assert told.within[WITHIN_HOURS.index(168.0)] is None


def test_a_level_series_does_not_cross_before_the_horizon() -> None:
    values = climbing(0.0)
    told = crossings(forecast(values, backtest(values, 48)), np.array([60.0]), True, 1.0)[0]
    assert told.median is None
    assert told.within[2] is not None
    assert told.within[2] < 0.05
    assert told.horizon_hours == 48


def test_what_is_beyond_its_limit_crosses_now_and_no_limit_never() -> None:
    values = np.concatenate([climbing(0.0), climbing(0.0)])
    told = crossings(
        forecast(values, backtest(values, 24)),
        np.array([25.0, np.nan]),
        upward=False,
        step_hours=1.0,
        now=values[:, -1],
    )
    assert told[0].median == 0
    assert told[0].within[0] == 1
    assert told[1].median is None
    assert told[1].within[0] is None


def test_a_slow_trend_is_carried_on_as_a_line_and_noise_is_not() -> None:
    told = wear_crossing(climbing(0.05)[0], 42.0, upward=True)
    assert told is not None
    median, low, high = told
    assert low < median
    assert high is not None
    assert high > median
    assert median == pytest.approx(40, abs=8)
    assert wear_crossing(climbing(0.0)[0], 42.0, upward=True) is None
    assert wear_crossing(climbing(0.05)[0], 10.0, upward=False) is None


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_wear_that_speeds_up_is_told_as_such_without_having_seen_another_machine(
    sign: float,
) -> None:
    off: list[float] = []
    inside: list[bool] = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        # e-fold in 40 to 70 of 200 readings, as wear often is.
        pace, left = rng.uniform(40, 70), rng.uniform(15, 45)
        level = 100 + sign * 10 * np.exp((np.arange(200) - 199 - left) / pace)
        told = wear_crossing(level + rng.normal(0, 0.6, 200), 100 + sign * 10, upward=sign > 0)
        assert told is not None
        median, low, high = told
        off.append(abs(median - left) / left)
        inside.append(low <= left and (high is None or left <= high))
    assert np.mean(np.array(off) < 0.3) > 0.6
    assert 0.7 <= np.mean(inside) <= 0.95


def test_the_chance_of_crossing_never_falls_with_time_and_rises_near_the_limit() -> None:
    values = climbing(0.05)
    outlook = forecast(values, backtest(values, 100))
    near, far = (
        crossings(outlook, np.array([limit]), True, 1.0)[0].within[:3] for limit in (42.0, 46.0)
    )
    told = [each for each in near if each is not None]
    assert len(told) == 3
    assert told == sorted(told)
    assert all(a >= b for a, b in zip(near, far, strict=True) if a is not None and b is not None)


def test_forecasts_that_keep_missing_widen_their_interval_and_are_told_to_have_drifted() -> None:
    record, zero = Record(), np.zeros(4)
    for _ in range(12):
        record = matured(record, zero, zero - 1, zero + 1, 0.0, zero + 5)
    assert record.correction > 1.5
    assert record.is_worse_than(1.0)
    assert not record.is_worse_than(4.0)
    assert record.covered == 0
    assert matured(record, zero, zero, zero, 0.0, zero * np.nan) is record


def test_probabilities_are_calibrated_to_what_happened() -> None:
    rng = np.random.default_rng(5)
    said = rng.uniform(0, 1, 4000)
    happened = (rng.uniform(0, 1, 4000) < said**2).astype(np.float64)
    x, y = isotonic(said, happened)
    assert (np.diff(y) > 0).all()
    assert np.interp([0.3, 0.7], x, y) == pytest.approx([0.09, 0.49], abs=0.06)
