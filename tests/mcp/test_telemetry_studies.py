"""The studies of telemetry, through their server: counted, judged, compared, correlated."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from fastmcp import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsmith.access import Caller, Role
from opsmith.domain.base import State, Window
from opsmith.domain.devices import Device
from opsmith.domain.readings import FloatArray, Frame, ReadingBatch
from opsmith.errors import BadInput, NotFound
from opsmith_mcp.client import call, call_by_name
from opsmith_mcp.telemetry import Telemetry

from .conftest import NOW, Plant, readings

pytestmark = pytest.mark.anyio

DAY = datetime(2025, 6, 15, tzinfo=UTC)
STUDIES = (
    "count_readings",
    "check_data_quality",
    "compare_windows",
    "compare_with_peers",
    "correlate_channels",
)


def at(device_id: str, times: np.ndarray, **channels: FloatArray) -> ReadingBatch:
    """Readings at those seconds after `DAY`."""
    names = tuple(sorted(channels))
    values = np.column_stack([channels[name] for name in names])
    start = np.datetime64(DAY.replace(tzinfo=None), "us")
    return ReadingBatch(
        device_id,
        names,
        start + (times * 1e6).astype("timedelta64[us]"),
        values,
        np.where(np.isnan(values), 2, 0).astype(np.uint8),
        ("NORMAL",) * len(values),
    )


def store(plant: Plant, *batches: ReadingBatch, live: bool = False) -> None:
    plant.stores.series.append([Frame.of(*batches)], live=live)


async def test_a_day_is_counted_from_when_to_when_with_gaps_and_the_channel_that_lacks(
    plant: Plant, reader: Client[Any]
) -> None:
    """Every 10 s from 06:00 to 18:00, without 12:00:10 to 12:59:50; one more at midnight."""
    t = np.arange(6 * 3600, 18 * 3600 + 1, 10.0)
    t = np.append(t[(t <= 12 * 3600) | (t >= 13 * 3600)], 24 * 3600)
    flow = np.where(t < 7 * 3600, 5.0, np.nan)
    store(plant, at("PUMP_01", t, temperature=np.full(len(t), 50.0), flow=flow))
    seen = await call(
        reader, Telemetry.count_readings, "pump 1", since=DAY, until=DAY + timedelta(days=1)
    )
    assert (seen.state, seen.source) == (State.STALE, "raw")
    # 12 h of 360 readings and the last, less 359 in the gap; midnight is the next day's.
    assert seen.readings == 12 * 360 + 1 - 359
    assert (seen.first, seen.last) == (DAY + timedelta(hours=6), DAY + timedelta(hours=18))
    counts = {one.channel: (one.count, one.last) for one in seen.channels}
    assert counts["temperature"] == (seen.readings, DAY + timedelta(hours=18))
    assert counts["flow"] == (360, DAY + timedelta(hours=6, minutes=59, seconds=50))
    assert seen.missing_channels == ("current", "pressure", "vibration")
    longest = [(gap.start - DAY, gap.seconds) for gap in seen.gaps]
    assert longest == [
        (timedelta(0), 6 * 3600.0),
        (timedelta(hours=18), 6 * 3600.0),
        (timedelta(hours=12), 3600.0),
    ]
    assert (seen.gap_count, seen.gap_seconds, seen.gaps[2].missing) == (3, 13 * 3600.0, 359)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(since=st.integers(0, 3 * 86400 - 1), length=st.integers(1, 3 * 86400), over=st.booleans())
def test_a_count_is_exact_whatever_second_a_window_is_cut_at(
    plant: Plant, since: int, length: int, over: bool
) -> None:
    """Windows over a day rest on the minutes' statistics; the readings come each 37 s."""
    t = np.arange(5, 3 * 86400, 37.0)
    heat = np.where(np.arange(len(t)) % 7 == 3, np.nan, np.sin(t))
    if plant.stores.series.extent("MOTOR_01") is None:
        store(plant, at("MOTOR_01", t, temperature=heat, current=np.cos(t)))
    length = max(length, 86401) if over else length
    inside = (t >= since) & (t < since + length)

    async def ask() -> None:
        window = {
            "device_id": "MOTOR_01",
            "since": (DAY + timedelta(seconds=since)).isoformat(),
            "until": (DAY + timedelta(seconds=since + length)).isoformat(),
        }
        async with plant.client() as client:
            seen = await call_by_name(client, "count_readings", window)
            numbers = await call_by_name(client, "fetch_telemetry_data", window)
        assert seen["readings"] == inside.sum()
        if not inside.any():
            assert seen["state"] == "empty"
            return
        assert datetime.fromisoformat(seen["first"]) == DAY + timedelta(seconds=t[inside][0])
        assert datetime.fromisoformat(seen["last"]) == DAY + timedelta(seconds=t[inside][-1])
        counts = {one["channel"]: one["count"] for one in seen["channels"]}
        assert counts.get("temperature", 0) == (~np.isnan(heat[inside])).sum()
        assert counts["current"] == inside.sum()
        current = next(one for one in numbers["channels"] if one["channel"] == "current")
        assert current["first"] == pytest.approx(np.cos(t[inside][0]), rel=1e-5, abs=1e-6)
        assert current["last"] == pytest.approx(np.cos(t[inside][-1]), rel=1e-5, abs=1e-6)
        assert current["mean"] == pytest.approx(np.cos(t[inside]).mean(), rel=1e-4, abs=1e-5)
        assert current["high"] == pytest.approx(np.cos(t[inside]).max(), rel=1e-5, abs=1e-6)

    asyncio.run(ask())


async def test_readings_that_were_deleted_are_told_by_their_minutes(
    plant: Plant, reader: Client[Any]
) -> None:
    t = np.arange(0, 2 * 86400, 30.0)
    store(plant, at("MOTOR_01", t, current=np.ones(len(t))), live=True)
    plant.stores.series.expire(DAY + timedelta(days=1), DAY - timedelta(days=1))
    seen = await call(
        reader, Telemetry.count_readings, "MOTOR_01", since=DAY, until=DAY + timedelta(days=2)
    )
    assert (seen.source, seen.readings, seen.channels[0].count) == ("1m", 5760, 5760)
    assert seen.gap_count == 0


async def test_before_the_first_reading_it_is_said_when_that_is(reader: Client[Any]) -> None:
    seen = await call(
        reader, Telemetry.count_readings, "PUMP_01", since=DAY, until=DAY + timedelta(days=1)
    )
    assert (seen.state, seen.readings, seen.gap_count) == (State.EMPTY, 0, 1)
    assert seen.note is not None and "the first is at 2026-02-28T08:00:05" in seen.note


async def test_a_window_that_ends_before_it_begins_is_refused(reader: Client[Any]) -> None:
    with pytest.raises(BadInput, match="is not before until"):
        await call(reader, Telemetry.count_readings, "PUMP_01", since=NOW, until=DAY)


async def test_quality_names_what_stands_still_lacks_or_is_beyond_its_limit(
    plant: Plant, reader: Client[Any]
) -> None:
    rng = np.random.default_rng(5)
    n = 4000
    t = np.arange(n) * 10.0
    heat, pressure = rng.normal(50, 1, n), rng.normal(2, 0.1, n)
    heat[1000:1300] = heat[1000]
    heat[3000] = 95.0
    pressure[:400] = np.nan
    keep = np.ones(n, np.bool_)
    keep[2000:2200] = False
    store(
        plant,
        at("PUMP_01", t[keep], temperature=heat[keep], pressure=pressure[keep]),
    )
    seen = await call(
        reader,
        Telemetry.check_data_quality,
        "PUMP_01",
        since=DAY,
        until=DAY + timedelta(seconds=10 * n),
    )
    found = {(one.kind, one.channel): one for one in seen.findings}
    flat = found["flat", "temperature"]
    assert (flat.since, flat.seconds) == (DAY + timedelta(seconds=10_000), 2990.0)
    assert found["bad", "pressure"].share == pytest.approx(400 / 3800, abs=1e-6)
    assert found["beyond_rated", "temperature"].since == DAY + timedelta(seconds=30_000)
    assert found["gaps", None].seconds == 2010.0
    kinds = {kind for kind, _ in found}
    assert kinds == {"flat", "bad", "beyond_rated", "gaps", "not_measured"}


async def test_good_readings_have_no_finding(plant: Plant, reader: Client[Any]) -> None:
    seen = await call(
        reader, Telemetry.check_data_quality, "PUMP_02", until=NOW - timedelta(minutes=40)
    )
    assert (seen.state, seen.findings) == (State.OK, ())


async def test_a_reading_ahead_of_the_plant_clock_is_told(
    plant: Plant, reader: Client[Any]
) -> None:
    store(plant, readings("MOTOR_01", NOW + timedelta(hours=1), current=np.full(2000, 9.0)))
    seen = await call(reader, Telemetry.check_data_quality, "MOTOR_01")
    assert seen.ahead_seconds == 3600.0
    assert {"future", "constant"} <= {one.kind for one in seen.findings}


async def test_a_shifted_channel_is_notable_and_one_that_only_wanders_is_not(
    plant: Plant, reader: Client[Any]
) -> None:
    rng = np.random.default_rng(11)
    n = 1440
    step = rng.normal(0, 1, n) + np.where(np.arange(n) >= n // 2, 3.0, 0.0)
    wide = rng.normal(0, 1, n) * np.where(np.arange(n) >= n // 2, 4.0, 1.0)
    store(
        plant,
        readings(
            "MOTOR_01", NOW, current=step, voltage=wide, speed=np.cumsum(rng.normal(0, 1, n)),
            power=rng.normal(0, 1, n),
        ),
    )  # fmt: skip
    seen = await call(reader, Telemetry.compare_windows, "MOTOR_01", 60)
    assert seen.against == Window(start=NOW - timedelta(hours=2), end=NOW - timedelta(hours=1))
    told = {one.channel: one for one in seen.channels}
    assert told["current"].notable == ("level",)
    assert told["current"].shift == pytest.approx(3, abs=0.2)
    assert told["current"].effect == pytest.approx(3, abs=0.3)
    assert "spread" in told["voltage"].notable and "level" not in told["voltage"].notable
    assert told["power"].notable == ()
    # A random walk is somewhere else an hour later; it has no level to shift from.
    assert "level" not in told["speed"].notable
    assert told["speed"].now.independent < 10 < told["power"].now.independent


async def test_a_window_is_held_against_the_one_that_was_named(reader: Client[Any]) -> None:
    seen = await call(
        reader, Telemetry.compare_windows, "PUMP_01", 30, against_since=NOW - timedelta(hours=4)
    )
    start = NOW - timedelta(hours=4)
    assert seen.against == Window(start=start, end=start + timedelta(minutes=30))
    heat = next(one for one in seen.channels if one.channel == "temperature")
    # 2 K an hour, the middles 3.5 h apart.
    assert heat.shift == pytest.approx(7, abs=0.1)
    none = await call(
        reader, Telemetry.compare_windows, "PUMP_01", 30, against_since=NOW - timedelta(hours=40)
    )
    assert none.state is State.EMPTY
    assert none.note is not None and "against_since" in none.note


async def test_the_one_of_many_alike_that_runs_hot_is_unusual_and_the_others_are_not(
    plant: Plant, reader: Client[Any]
) -> None:
    rng = np.random.default_rng(13)
    plant.stores.devices.add(
        [
            Device(device_id=f"FAN_{i}", device_type="风机", line_id="L1", factory_id="F1")
            for i in range(8)
        ],
        NOW,
    )
    levels = [60.0, 50.0, 50.3, 49.8, 50.1, 49.7, 50.4]
    store(
        plant,
        *(
            readings(f"FAN_{i}", NOW, temperature=level + rng.normal(0, 0.2, 720))
            for i, level in enumerate(levels)
        ),
    )
    hot = await call(reader, Telemetry.compare_with_peers, "FAN_0", among="line")
    assert hot.peers == tuple(f"FAN_{i}" for i in range(1, 7))
    assert hot.silent_peers == ("FAN_7",)
    (heat,) = hot.channels
    assert heat.unusual and heat.rank == 1
    assert heat.peer_median == pytest.approx(50.05, abs=0.1)
    usual = await call(reader, Telemetry.compare_with_peers, "FAN_1")
    assert not usual.channels[0].unusual
    alone = await call(reader, Telemetry.compare_with_peers, "PUMP_01", among="line")
    assert (alone.state, alone.peers) == (State.EMPTY, ())
    assert alone.note is not None and "among=factory" in alone.note


async def test_a_channel_that_follows_another_is_told_with_its_lag(
    plant: Plant, reader: Client[Any]
) -> None:
    rng = np.random.default_rng(17)
    n, late = 2880, 24
    cause = np.convolve(rng.normal(0, 1, n + late + 20), np.ones(20) / 20, "valid")[: n + late]
    store(
        plant,
        readings(
            "MOTOR_01", NOW,
            current=cause[late:], temperature=cause[:n] + rng.normal(0, 0.02, n),
            speed=np.cumsum(rng.normal(0, 1, n)), power=np.cumsum(rng.normal(0, 1, n)),
        ),
    )  # fmt: skip
    seen = await call(reader, Telemetry.correlate_channels, "MOTOR_01", window_mins=240)
    pairs = {(one.channel, one.other): one for one in seen.pairs}
    follows = pairs["current", "temperature"]
    # 24 readings of 5 s.
    assert follows.lag_seconds == 120.0
    assert follows.lag_correlation is not None and follows.lag_correlation > 0.9
    # Two random walks correlate by chance; so few of their values are independent.
    walks = pairs["power", "speed"]
    assert walks.pearson is not None and not walks.certain
    one = await call(reader, Telemetry.correlate_channels, "MOTOR_01", "Current", 240)
    assert {(pair.channel, pair.other) for pair in one.pairs} == {
        ("current", "power"), ("current", "speed"), ("current", "temperature"),
    }  # fmt: skip


async def test_a_curve_and_its_noisy_copy_correlate_with_certainty(
    plant: Plant, reader: Client[Any]
) -> None:
    rng = np.random.default_rng(19)
    x = rng.normal(0, 1, 720)
    store(plant, readings("MOTOR_01", NOW, current=x, power=2 * x + rng.normal(0, 1, 720)))
    seen = await call(reader, Telemetry.correlate_channels, "MOTOR_01", window_mins=60)
    (pair,) = seen.pairs
    assert pair.pearson is not None
    assert pair.pearson_low is not None and pair.pearson_high is not None
    # Of variance 4 + 1: r = 2 / sqrt(5).
    assert pair.pearson_low < 2 / 5**0.5 < pair.pearson_high
    assert pair.certain and pair.lag_seconds == 0.0


async def test_no_study_takes_what_is_unreachable_for_empty(plant: Plant) -> None:
    async with plant.without_series().client() as client:
        for name in STUDIES:
            seen = await call_by_name(client, name, {"device_id": "PUMP_01"})
            assert seen["state"] == "unavailable", name
            assert "influx" in seen["note"]


async def test_a_device_of_another_factory_is_as_one_that_is_not_there(plant: Plant) -> None:
    plant.stores.devices.add(
        [
            Device(device_id="PUMP_77", device_type="pump", factory_id="F2"),
            Device(device_id="PUMP_11", device_type="pump", factory_id="F1"),
        ],
        NOW,
    )
    store(
        plant,
        *(readings(name, NOW, current=np.arange(720.0)) for name in ("PUMP_77", "PUMP_11")),
    )
    visitor = Caller("visitor", Role.VIEWER, frozenset({"F1"}), may_write=False)
    async with plant.client(visitor) as client:
        for name in (*STUDIES, "fetch_telemetry_data", "latest_values"):
            for spelling in ("PUMP_77", "pump 77", "PUMP-777"):
                with pytest.raises(NotFound) as refused:
                    await call_by_name(client, name, {"device_id": spelling})
                words = str(refused.value).replace(spelling, "X")
                assert words == "No device 'X'; did you mean 'PUMP_11'?", name
        seen = await call(client, Telemetry.compare_with_peers, "PUMP_11", among="all")
        assert (seen.peers, seen.silent_peers, seen.peer_count) == ((), (), 0)


async def test_no_study_of_a_device_of_many_channels_is_long(
    plant: Plant, reader: Client[Any]
) -> None:
    rng = np.random.default_rng(23)
    names = [f"bearing_temperature_{i:02d}" for i in range(80)]
    n = 720
    gaps = np.sort(rng.choice(np.arange(2, 5 * n), n, replace=False)).astype(np.float64) * 7
    store(plant, at("MOTOR_01", gaps, **{name: rng.normal(1e5, 7e4, n) for name in names}))
    window = {"since": DAY.isoformat(), "until": (DAY + timedelta(hours=9)).isoformat()}
    for name in (*STUDIES, "fetch_telemetry_data"):
        seen = await call_by_name(reader, name, {"device_id": "MOTOR_01", **window})
        assert len(json.dumps(seen)) / 4 < 6000, name
