"""Forecasting, through its server."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from fastmcp import Client

from opsmith.domain.base import State
from opsmith.domain.devices import Device
from opsmith.domain.readings import FloatArray, Frame
from opsmith_mcp.client import call
from opsmith_mcp.forecasting import FailureForecast, Forecasting

from .conftest import NOW, STEP, Plant, readings

pytestmark = pytest.mark.anyio


async def forecast(plant: Plant, heat: FloatArray, limit: float = 80.0) -> FailureForecast:
    """Of a fan whose temperature went that way up to now."""
    plant.stores.devices.add([Device(device_id="FAN_01", rated_temp_max=limit)], NOW)
    plant.stores.series.append([Frame.of(readings("FAN_01", NOW, temperature=heat))], live=True)
    async with plant.client() as client:
        return await call(client, Forecasting.predict_failure, "FAN_01")


def hours(length: float) -> FloatArray:
    """Times before now, in hours, the last 0."""
    return np.arange(-int(length * 3600 / STEP) + 1, 1) * STEP / 3600


async def test_a_steady_rise_passes_its_limit_when_the_line_does(plant: Plant) -> None:
    t = hours(8)
    rng = np.random.default_rng(1)
    seen = await forecast(plant, 60 + 1.5 * t + rng.normal(0, 0.5, len(t)))
    (heat,) = seen.channels
    assert seen.state is State.OK
    # 60 now, 1.5 an hour: 20 more in 13.3 h.
    assert heat.hours == pytest.approx(20 / 1.5, rel=0.15)
    assert heat.hours_low is not None and heat.hours_high is not None
    assert heat.hours_low < 20 / 1.5 < heat.hours_high
    assert seen.probability_24h is not None and seen.probability_24h > 0.9


async def test_what_only_fluctuates_does_not_pass_before_the_horizon(plant: Plant) -> None:
    t = hours(8)
    rng = np.random.default_rng(2)
    seen = await forecast(plant, 60 + rng.normal(0, 1, len(t)))
    (heat,) = seen.channels
    assert (heat.hours, heat.hours_low, heat.hours_high) == (None, None, None)
    assert seen.probability_7d is not None and seen.probability_7d < 0.01
    assert seen.health is not None and seen.health > 99


async def test_what_swings_with_the_day_is_not_taken_for_a_trend(plant: Plant) -> None:
    t = hours(24)
    rng = np.random.default_rng(3)
    swing = 8 * np.sin(2 * np.pi * t / 6) + rng.normal(0, 0.2, len(t))
    seen = await forecast(plant, 50 + swing)
    assert seen.channels[0].hours is None


async def test_a_fault_that_began_lately_is_not_averaged_away(plant: Plant) -> None:
    t = hours(12)
    rng = np.random.default_rng(4)
    seen = await forecast(plant, 50 + 10 * np.clip(t + 1.5, 0, None) + rng.normal(0, 0.3, len(t)))
    # 65 now, 10 an hour since 1.5 h: 1.5 h to go.
    assert seen.channels[0].hours == pytest.approx(1.5, rel=0.2)


async def test_what_is_beyond_its_limit_passes_it_now(plant: Plant) -> None:
    seen = await forecast(plant, np.full(2000, 81.0))
    assert seen.channels[0].hours == 0.0
    assert (seen.probability_24h, seen.health) == (1.0, 0.0)


async def test_too_few_readings_give_no_forecast_and_say_so(plant: Plant) -> None:
    seen = await forecast(plant, np.full(120, 60.0))
    assert (seen.state, seen.channels, seen.probability_7d) == (State.EMPTY, (), None)
    assert "30 are needed" in seen.reasons[0]


async def test_a_forecast_does_not_know_what_came_after_its_moment(plant: Plant) -> None:
    t = hours(8)
    heat = np.where(t > -1, 79.0, 60.0) + 0.1 * np.sin(t * 1000)
    plant.stores.devices.add([Device(device_id="FAN_02", rated_temp_max=80.0)], NOW)
    plant.stores.series.append([Frame.of(readings("FAN_02", NOW, temperature=heat))], live=True)
    async with plant.client() as client:
        seen = await call(
            client, Forecasting.predict_failure, "FAN_02", until=NOW - timedelta(hours=1)
        )
    assert seen.channels[0].now == pytest.approx(60, abs=0.2)


async def test_no_limit_no_readings_and_no_server_are_told_apart(
    plant: Plant, reader: Client[Any]
) -> None:
    unrated = await call(reader, Forecasting.predict_failure, "MOTOR_01")
    assert unrated.state is State.EMPTY
    assert unrated.note is not None and "no rated limit" in unrated.note
    stale = await call(reader, Forecasting.predict_failure, "PUMP_02")
    assert (stale.state, len(stale.channels)) == (State.STALE, 1)
    async with plant.without_series().client() as client:
        unknown = await call(client, Forecasting.predict_failure, "PUMP_01")
    assert (unknown.state, unknown.health) == (State.UNAVAILABLE, None)
