"""Forecasts: methods compete on a device's own past; their mixture, its intervals, its honesty."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsmith.domain.readings import FloatArray
from opsmith.errors import BadInput
from opsmith_detectors.forecast_compete import backtest, forecast

DAY = 24


def plant(devices: int, steps: int, seed: int = 0) -> FloatArray:
    """Hourly levels with a daily cycle, wander and noise."""
    rng = np.random.default_rng(seed)
    at = np.arange(steps, dtype=np.float64)
    cycle = np.sin(2 * np.pi * (at / DAY + rng.uniform(0, 1, (devices, 1))))
    wander = np.cumsum(rng.normal(0, 0.05, (devices, steps)), axis=1)
    return 50 + 3 * cycle + wander + rng.normal(0, 0.4, (devices, steps))


def test_a_daily_cycle_is_told_and_four_of_five_values_come_within_the_interval() -> None:
    values = plant(40, 40 * DAY)
    history, came = values[:, : -2 * DAY], values[:, -2 * DAY :]
    tested = backtest(history, 2 * DAY, DAY)
    told = forecast(history, tested)
    low, high = told.interval(0.8)
    error = np.abs(told.median - came).mean()
    assert error < 0.9 * np.abs(history[:, -2 * DAY :] - came).mean()
    assert error < 0.4 * np.abs(history[:, -1:] - came).mean()
    assert np.median(tested.ratio) < 0.9
    assert 0.72 <= ((came >= low) & (came <= high)).mean() <= 0.9
    assert 0.7 <= np.nanmean(tested.coverage) <= 0.95


def test_what_nothing_beats_the_last_value_on_gets_the_last_value() -> None:
    steps = np.random.default_rng(1).normal(size=(30, 400)).cumsum(axis=1)
    tested = backtest(steps, 24)
    given_up = tested.ratio_naive == 1.0
    assert given_up.sum() >= 10
    told = forecast(steps, tested)
    assert np.array_equal(told.median[given_up], np.repeat(steps[given_up, -1:], 24, axis=1))
    assert (tested.ratio_naive <= 1.0).all()


def test_the_backtest_is_of_the_past_alone() -> None:
    """What comes after an origin reaches no forecast made at it: noise cannot be foretold."""
    noise = np.random.default_rng(2).normal(size=(40, 600))
    tested = backtest(noise, 12, DAY)
    # The best that is possible is the mean: an error of 0.80; the last value's is 1.13.
    assert 0.74 < tested.error.mean() < 0.90


def test_one_device_is_forecast_as_it_would_be_alone_whatever_the_others_send() -> None:
    values = plant(6, 20 * DAY)
    values[1] = np.nan
    values[2] = 7.0
    values[3, 100:160] = np.nan
    values[4, 50] = 1e9
    together = forecast(values, backtest(values, 12, DAY))
    alone = forecast(values[5:], backtest(values[5:], 12, DAY))
    assert together.median[5] == pytest.approx(alone.median[0])
    assert together.size[5] == pytest.approx(alone.size[0])
    assert np.isnan(together.median[1]).all()
    assert together.median[2] == pytest.approx(np.full(12, 7.0))
    assert np.isfinite(together.median[3]).all()


@pytest.mark.parametrize("steps", [0, 1, 7])
def test_too_short_a_history_is_said_to_be_too_short(steps: int) -> None:
    values = np.ones((2, steps))
    tested = backtest(values, 5, DAY)
    assert not tested.enough.any()
    assert np.isnan(forecast(values, tested).median).all()


def test_less_history_than_the_tested_methods_need_is_refused() -> None:
    values = plant(1, 40 * DAY)
    with pytest.raises(BadInput, match="12 steps of history"):
        forecast(values[:, -12:], backtest(values, 12, DAY))


def test_intervals_grow_on_beyond_what_could_be_tested() -> None:
    values = plant(3, 90)
    told = forecast(values, backtest(values, 200, DAY))
    low, high = told.interval(0.8)
    width = (high - low)[0]
    assert width[-1] > 1.3 * width[29]


@settings(max_examples=25, deadline=None)
@given(
    steps=st.integers(8, 300),
    horizon=st.integers(1, 60),
    season=st.sampled_from([0, 6, 24]),
    scale=st.sampled_from([1e-3, 1.0, 1e4]),
    seed=st.integers(0, 1000),
)
def test_forecasts_follow_the_unit_and_intervals_hold_the_median_and_never_narrow(
    steps: int, horizon: int, season: int, scale: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(1, steps)).cumsum(axis=1) + rng.normal(size=(1, steps))
    told = forecast(values, backtest(values, horizon, season))
    other = forecast(
        values * scale + 5 * scale, backtest(values * scale + 5 * scale, horizon, season)
    )
    assert other.median == pytest.approx(
        told.median * scale + 5 * scale, rel=1e-5, abs=1e-5 * scale
    )
    low, high = told.interval(0.8)
    assert (low <= told.median).all()
    assert (told.median <= high).all()
    assert (np.diff(high - low, axis=1) >= -1e-9).all()
    wide_low, wide_high = told.interval(0.95)
    assert (wide_low <= low + 1e-9).all()
    assert (wide_high >= high - 1e-9).all()
