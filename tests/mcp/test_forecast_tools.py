"""Forecasts of channels, failures and health, through the server."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import State
from opsmith.domain.devices import Device, DeviceStatus
from opsmith.domain.readings import FloatArray, Frame, ReadingBatch
from opsmith.domain.work_orders import OrderStatus, WorkOrder
from opsmith.errors import NotFound
from opsmith.storage.models import ModelStore
from opsmith_detectors.rul import PARTS, Lives, RulModel, Trees
from opsmith_detectors.rul_arrays import to_arrays
from opsmith_detectors.rul_features import Scaling
from opsmith_mcp.client import call
from opsmith_mcp.forecast_cache import ForecastCache
from opsmith_mcp.forecast_history import History
from opsmith_mcp.forecast_watch import Watch
from opsmith_mcp.forecasting import ChannelForecast, FailureForecast, Forecasting, HealthList
from opsmith_mcp.stores import Stores, sources_of

from .conftest import NOW, Plant

pytestmark = pytest.mark.anyio

DAY = 1440


def minutes(days: float) -> FloatArray:
    """Minutes before now, the last 0."""
    return np.arange(-round(days * DAY) + 1, 1, dtype=np.float64)


def keep(
    plant: Plant, device_id: str, end: datetime = NOW, step: float = 60, **channels: FloatArray
) -> None:
    """Readings every `step` seconds, the last at `end`."""
    names = tuple(sorted(channels))
    values = np.column_stack([channels[name] for name in names])
    back = np.arange(len(values) - 1, -1, -1) * np.timedelta64(round(step * 1e6), "us")
    times = np.datetime64(end.replace(tzinfo=None), "us") - back
    quality = np.where(np.isfinite(values), 0, 2).astype(np.uint8)
    batch = ReadingBatch(device_id, names, times, values, quality, ("",) * len(values))
    plant.stores.series.append([Frame.of(batch)], live=True)


def register(plant: Plant, *devices: Device) -> None:
    plant.stores.devices.add(list(devices), NOW)


def swinging(days: float, seed: int) -> FloatArray:
    """A daily cycle with wander and noise, minute by minute."""
    rng = np.random.default_rng(seed)
    t = minutes(days)
    wander = np.cumsum(rng.normal(0, 0.01, len(t)))
    return 50 + 4 * np.sin(2 * np.pi * (t / DAY + seed / 7)) + wander + rng.normal(0, 0.5, len(t))


async def ask(plant: Plant, device_id: str, channel: str, **more: Any) -> ChannelForecast:
    async with plant.client() as client:
        return await call(client, Forecasting.forecast_channel, device_id, channel, **more)


async def predict(plant: Plant, device_id: str, until: datetime | None = None) -> FailureForecast:
    async with plant.client() as client:
        return await call(client, Forecasting.predict_failure, device_id, until=until)


async def health(plant: Plant) -> HealthList:
    async with plant.client() as client:
        return await call(client, Forecasting.list_health)


async def test_a_day_ahead_is_told_from_the_days_before_and_four_of_five_values_come_within(
    plant: Plant,
) -> None:
    inside: list[bool] = []
    errors: list[float] = []
    for seed in range(10):
        name, heat = f"KILN_{seed}", swinging(13, seed)
        register(plant, Device(device_id=name, device_type="kiln"))
        keep(plant, name, temperature=heat)
        seen = await ask(plant, name, "temperature", until=NOW - timedelta(days=1))
        assert seen.state is State.OK
        assert seen.times[-1] == NOW
        # 48 steps of 30 minutes, each the mean of its last quarter of an hour.
        ends = [round((at - NOW) / timedelta(minutes=1)) - 1 for at in seen.times]
        came = [float(heat[len(heat) + end - 15 : len(heat) + end].mean()) for end in ends]
        rows = zip(seen.low, came, seen.high, strict=True)
        inside += [low <= value <= high for low, value, high in rows]
        errors += np.abs(np.array(seen.median) - came).tolist()
        assert seen.backtest is not None
        assert seen.backtest.mae_to_last_value is not None
        assert seen.backtest.mae_to_last_value < 0.5
    assert len(inside) == 480
    assert 0.7 <= np.mean(inside) <= 0.9
    # Half the swing is 4; what cannot be foretold is noise of .13 and a wander of .4 in a day.
    assert np.mean(errors) < 0.6


async def test_what_comes_later_does_not_reach_a_forecast(plant: Plant) -> None:
    heat = swinging(6, 1)
    for name, later in (("KILN_A", 0.0), ("KILN_B", 40.0)):
        register(plant, Device(device_id=name, rated_temp_max=90.0))
        keep(plant, name, temperature=heat + np.where(minutes(6) > -DAY, later, 0.0))
        await ask(plant, name, "temperature", hours=24)
        await predict(plant, name)
    then = NOW - timedelta(days=1)
    first, second = [
        await ask(plant, name, "temperature", until=then) for name in ("KILN_A", "KILN_B")
    ]
    assert first.median == second.median
    assert first.high == second.high
    both = [await predict(plant, name, then) for name in ("KILN_A", "KILN_B")]
    assert both[0].channels == both[1].channels


async def test_minutes_come_from_readings_and_weeks_from_means(plant: Plant) -> None:
    register(plant, Device(device_id="KILN_1"))
    keep(plant, "KILN_1", temperature=swinging(20, 2))
    steps = {
        hours: (await ask(plant, "KILN_1", "temperature", hours=hours)).step_minutes
        for hours in (1, 12, 24, 168, 480)
    }
    assert steps == {1: 1, 12: 5, 24: 15, 168: 60, 480: 240}
    near = await ask(plant, "PUMP_01", "temperature", hours=0.1)
    assert (near.source, near.step_minutes) == ("raw", pytest.approx(5 / 60, abs=1e-4))


async def test_too_little_data_is_an_answer_and_says_how_far_it_would_do(plant: Plant) -> None:
    register(plant, Device(device_id="NEW_01"))
    keep(plant, "NEW_01", temperature=np.full(30, 20.0))
    seen = await ask(plant, "NEW_01", "temperature")
    assert (seen.state, seen.median, seen.backtest) == (State.EMPTY, (), None)
    assert seen.note is not None
    assert "Too little data" in seen.note
    with pytest.raises(NotFound, match="temperature"):
        await ask(plant, "NEW_01", "pressure")


async def test_where_nothing_beats_the_last_value_it_says_so_and_gives_it(plant: Plant) -> None:
    register(plant, Device(device_id="WALK_1"))
    walk = np.random.default_rng(5).normal(size=3 * DAY).cumsum()
    keep(plant, "WALK_1", temperature=walk)
    seen = await ask(plant, "WALK_1", "temperature", hours=3)
    assert seen.beats_naive is False
    assert seen.note is not None
    assert "Nothing beat the last value" in seen.note
    assert set(seen.median) == {seen.last}


async def test_gaps_flat_channels_and_nonsense_are_borne(plant: Plant) -> None:
    heat = swinging(8, 3)
    heat[2 * DAY : 3 * DAY] = np.nan
    heat[5 * DAY + 7] = 1e300
    register(plant, Device(device_id="KILN_2"))
    keep(plant, "KILN_2", temperature=heat, pressure=np.full(len(heat), 2.5))
    seen = await ask(plant, "KILN_2", "temperature")
    assert seen.state is State.OK
    assert seen.missing_share == pytest.approx(1 / 8, abs=0.02)
    assert all(30 < value < 70 for value in seen.median)
    flat = await ask(plant, "KILN_2", "pressure")
    assert set(flat.median) == {2.5}


async def test_a_known_load_moves_what_follows_it(plant: Plant) -> None:
    rng = np.random.default_rng(6)
    t = minutes(6)
    speed = 1000 + 400 * np.sign(np.sin(2 * np.pi * t / 700)) + rng.normal(0, 5, len(t))
    register(plant, Device(device_id="MILL_1"))
    keep(plant, "MILL_1", speed=speed, power=10 + 0.02 * speed + rng.normal(0, 0.2, len(t)))
    slow, fast = [
        await ask(plant, "MILL_1", "power", hours=6, load_channel="speed", load=load)
        for load in (600.0, 1400.0)
    ]
    assert np.mean(slow.median) == pytest.approx(22, abs=0.3)
    assert np.mean(fast.median) == pytest.approx(38, abs=0.3)


async def test_stops_are_no_part_of_how_a_machine_runs(plant: Plant) -> None:
    rng = np.random.default_rng(7)
    t = minutes(4)
    running = (t % 480) < 300
    register(plant, Device(device_id="SAW_01", limits={}))
    keep(
        plant,
        "SAW_01",
        current=np.where(running, 20.0, 0.2) + rng.normal(0, 0.1, len(t)),
        temperature=np.where(running, 60.0, 25.0) + rng.normal(0, 0.3, len(t)),
    )
    stopped = NOW - timedelta(minutes=60)
    seen = await ask(plant, "SAW_01", "temperature", hours=6, until=stopped)
    assert seen.note is not None
    assert "stands still now" in seen.note
    assert all(58 < value < 62 for value in seen.median)


async def test_a_slow_climb_is_seen_though_a_day_is_too_short_to_show_it(plant: Plant) -> None:
    rng = np.random.default_rng(8)
    t = minutes(12)
    register(plant, Device(device_id="FAN_07", rated_temp_max=70.0))
    keep(plant, "FAN_07", temperature=60 + 0.6 * t / DAY + rng.normal(0, 3, len(t)))
    (heat,) = (await predict(plant, "FAN_07")).channels
    # 60 now, 0.6 a day: the limit is 400 h away; within the horizon it is not.
    assert heat.slope_per_hour == pytest.approx(0.025, rel=0.2)
    assert heat.hours is None
    tight = await ask(plant, "FAN_07", "temperature", hours=168, limit=63.0)
    (passed,) = [one for one in tight.limits if one.limit == 63.0]
    assert passed.chances.within_1h is not None
    assert passed.chances.within_7d is not None
    assert passed.chances.within_1h < 0.2 < passed.chances.within_7d


def order(number: int, device_id: str, failed: datetime) -> WorkOrder:
    return WorkOrder(
        order_no=f"H-{number}",
        trace_id=None,
        device_id=device_id,
        order_type="EMERGENCY",
        work_class="corrective",
        priority=AlertLevel.P1,
        description="Bearing replaced.",
        status=OrderStatus.COMPLETED,
        failed_at=failed,
        restored_at=failed + timedelta(hours=8),
        completed_at=failed + timedelta(hours=9),
        created_at=failed,
        external_no=f"H-{number}",
        source="CMMS",
    )


async def test_the_old_of_a_class_that_wears_out_fail_sooner_than_the_young(plant: Plant) -> None:
    rng = np.random.default_rng(9)
    begin = date(2020, 1, 1)
    number = 0
    for unit in range(12):
        name = f"GEAR_{unit:02d}"
        register(plant, Device(device_id=name, device_type="gearbox", install_date=begin))
        at = datetime(2020, 1, 1, tzinfo=NOW.tzinfo)
        while (at := at + timedelta(hours=float(9000 * rng.weibull(4)))) < NOW:
            plant.stores.orders.put([order(number, name, at)], NOW)
            number += 1
            at += timedelta(hours=8)
    for name, failed in (("GEAR_OLD", NOW - timedelta(days=400)), ("GEAR_NEW", NOW)):
        register(plant, Device(device_id=name, device_type="gearbox", rated_temp_max=90.0))
        keep(plant, name, temperature=swinging(1, 4))
        plant.stores.orders.put([order(number, name, failed - timedelta(hours=9))], NOW)
        number += 1
    old, new = [await predict(plant, name) for name in ("GEAR_OLD", "GEAR_NEW")]
    assert old.remaining_life is not None
    assert new.remaining_life is not None
    assert old.remaining_life.age_hours == pytest.approx(9600, abs=10)
    assert old.remaining_life.censored == 14
    assert new.remaining_life.hours == pytest.approx(9000 * np.log(2) ** 0.25, rel=0.15)
    assert old.failure.within_30d is not None
    assert new.failure.within_30d is not None
    assert old.failure.within_30d > 0.1 > 100 * new.failure.within_30d
    assert any("Weibull" in reason for reason in old.reasons)


def worn_by(cap: float) -> RulModel:
    """Says 120 readings below 50 of heat (smoothed) and 30 above, give or take a third."""
    one, none = np.ones(1), np.zeros(0)
    scaling = Scaling(
        ("heat",), (), none, none, np.zeros((0, 1)), 0 * one, one, 0 * one, stretch=1.0
    )
    trees = Trees(
        feature=np.array([[0, -1, -1]], dtype=np.int32),
        limit=np.array([[50.0, 0, 0]]),
        left=np.array([[1, 1, 2]], dtype=np.int32),
        right=np.array([[2, 1, 2]], dtype=np.int32),
        value=np.array([[0.0, 100.0, 30.0]]),
        base=0.0,
        models=1,
    )
    lives = Lives(
        machine=np.repeat(np.arange(2, dtype=np.int32), 100),
        values=np.tile(np.linspace(20, 80, 100), 2)[:, None].astype(np.float32),
        said=np.tile(np.linspace(120, 0, 100), 2).astype(np.float32),
    )
    grid = np.array([0.0, cap])
    quantiles = grid[:, None] * (1 + (PARTS - 0.5) * 2 / 3)
    return RulModel(scaling, trees, lives, cap, grid, quantiles)


async def test_a_learned_life_is_told_of_devices_that_the_model_fits_and_of_no_others(
    plant: Plant, tmp_path: Path
) -> None:
    store = ModelStore(tmp_path, "rul")
    about = {"backtest": {"rmse": 9.0, "machines": 20}, "step_hours": 1.0}
    store.keep("press", to_arrays(worn_by(150.0)), about)
    served = Plant(replace(plant.stores, models=store))
    rising = np.linspace(30, 70, 200)
    for name, heat in (("PRESS_1", rising), ("PRESS_2", 1000 + rising)):
        register(plant, Device(device_id=name, device_type="press", limits={}))
        keep(plant, name, heat=heat, step=3600)
    worn = await predict(served, "PRESS_1")
    assert worn.remaining_life is not None
    assert worn.remaining_life.by == "learned model press@1"
    assert worn.remaining_life.hours == 30
    assert worn.remaining_life.hours_low == pytest.approx(30 * (1 - 0.8 / 3), abs=0.01)
    assert worn.failure.within_24h == pytest.approx(0.2, abs=0.05)
    assert worn.failure.within_7d == pytest.approx(0.98)
    young = await predict(served, "PRESS_1", NOW - timedelta(hours=150))
    assert young.remaining_life is not None
    assert young.remaining_life.hours == 100
    unlike = await predict(served, "PRESS_2")
    assert unlike.remaining_life is None
    assert any("unlike all that press@1 was learned from" in one for one in unlike.reasons)
    assert (await predict(served, "PUMP_01")).remaining_life is None


async def test_the_worst_come_first_with_what_takes_off_how_much(plant: Plant) -> None:
    plant.raise_alert(10, AlertLevel.P1)
    seen = await health(plant)
    worst, *others = [line.device_id for line in seen.devices]
    assert worst == "PUMP_01"
    assert seen.devices[0].why["alerts"] == 0.4
    assert seen.devices[0].alerts == {"P1": 1}
    # A motor and two compressors have no rated limit, and a pump is silent.
    assert seen.unknown == 3
    assert others[-3:] == ["COMP-01", "COMP_01", "MOTOR_01"]
    assert [line.health for line in seen.devices[:2]] == sorted(
        line.health for line in seen.devices[:2] if line.health is not None
    )
    plant.stores.devices.set_status("PUMP_02", DeviceStatus.RETIRED, None, NOW)
    assert "PUMP_02" not in [line.device_id for line in (await health(plant)).devices]


def live_on(plant: Plant, now: datetime) -> Stores:
    """The same plant at another time, with what its forecasts found."""
    return replace(plant.stores, clock=lambda: now)


async def test_forecasts_are_held_against_what_came_and_the_record_is_shown(plant: Plant) -> None:
    heat = swinging(12, 5)
    begin = NOW - timedelta(days=6)
    register(plant, Device(device_id="KILN_5", rated_temp_max=80.0), Device(device_id="ODD_01"))
    keep(plant, "KILN_5", temperature=heat)
    keep(plant, "ODD_01", temperature=np.where(minutes(12) % 2, 1e308, -1e308))
    watch = Watch(sources_of(live_on(plant, begin)))
    assert watch.step(60) >= 2
    for day in range(1, 7):
        watch = Watch(sources_of(live_on(plant, begin + timedelta(days=day))))
        watch.step(60)
    seen = await ask(plant, "KILN_5", "temperature")
    assert seen.record is not None
    # Each day's forecast waits until the day is over: the sixth has just been compared.
    assert (seen.record.forecasts, seen.record.step_minutes) == (6, 60)
    assert seen.record.mae_to_last_value < 0.5
    assert not seen.record.drifted
    kept = plant.stores.records.healths(["KILN_5", "ODD_01"])
    assert kept["KILN_5"].as_of == NOW
    assert kept["KILN_5"].facts["health"] > 90


async def test_a_step_of_the_watch_ends_in_time_and_goes_on_where_it_stopped(plant: Plant) -> None:
    ticks = iter(range(1000))
    watch = Watch(sources_of(plant.stores))
    # Each look at the clock is a second later: one device fits into a step.
    counts = [watch.step(0.5, clock=lambda: float(next(ticks))) for _ in range(7)]
    assert counts == [1, 1, 1, 1, 1, 0, 0]


def test_a_backtest_is_kept_until_a_day_has_passed_and_never_used_for_what_was_before() -> None:
    cache = ForecastCache()

    def at(hour: int) -> History:
        values = np.random.default_rng(0).normal(size=(600, 1))[100 + hour : 400 + hour]
        return History(3600, NOW + timedelta(hours=hour), ("x",), values)

    def tested(hour: int) -> object:
        found = cache.outlook("D", at(hour), ("x",), 12)
        assert found is not None
        return found.tested

    first = tested(0)
    assert tested(20) is first
    assert cache.outlook("D", at(-1), ("x",), 12, only_known=True) is None
    assert cache.outlook("D", at(30), ("x",), 12, only_known=True) is None
    later = tested(30)
    assert later is not first
    assert tested(31) is later
