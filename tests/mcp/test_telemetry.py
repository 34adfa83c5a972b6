"""Telemetry, through its server."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from fastmcp import Client

from opsmith.domain.base import State, Window
from opsmith.domain.readings import Frame
from opsmith.errors import BadInput, NotFound
from opsmith_mcp.client import call
from opsmith_mcp.telemetry import Telemetry

from .conftest import NOW, ONSET, Plant, readings

pytestmark = pytest.mark.anyio


async def test_a_relative_window_is_resolved_and_echoed(reader: Client[Any]) -> None:
    until = NOW - timedelta(minutes=30)
    seen = await call(reader, Telemetry.fetch_telemetry_data, "PUMP_01", 60, until=until)
    assert seen.window == Window(start=until - timedelta(hours=1), end=until)
    # One each 5 s, the one at `until` among them, the one at the start not.
    assert seen.readings == 720
    assert seen.last_reading == until


async def test_a_window_tells_level_trend_and_limit_in_the_channel_s_unit(
    reader: Client[Any],
) -> None:
    seen = await call(reader, Telemetry.fetch_telemetry_data, "PUMP_01", 60)
    heat = next(one for one in seen.channels if one.channel == "temperature")
    assert (heat.unit, heat.limit_high, heat.bad_share) == ("Cel", 80.0, 0.0)
    # 70 now after 2 K an hour.
    assert heat.mean == pytest.approx(69, abs=0.05)
    assert heat.slope_per_hour == pytest.approx(2, abs=0.2)
    assert seen.longest_gap_seconds == 5.0


async def test_long_and_short_windows_of_the_same_readings_agree(reader: Client[Any]) -> None:
    short = await call(reader, Telemetry.fetch_telemetry_data, "PUMP_01", 239)
    long = await call(reader, Telemetry.fetch_telemetry_data, "PUMP_01", 3 * 1440)
    assert (short.state, long.state) == (State.OK, State.OK)
    for one, other in zip(short.channels, long.channels, strict=True):
        assert one.channel == other.channel
        assert one.mean == pytest.approx(other.mean, rel=2e-3)
        assert one.high == pytest.approx(other.high, rel=2e-2)


async def test_stale_empty_and_unavailable_are_told_apart(
    plant: Plant, reader: Client[Any]
) -> None:
    stale = await call(reader, Telemetry.fetch_telemetry_data, "PUMP_02", 60)
    assert (stale.state, stale.readings) == (State.STALE, 240)
    gone = await call(reader, Telemetry.fetch_telemetry_data, "PUMP_02", 10)
    assert (gone.state, gone.readings) == (State.EMPTY, 0)
    assert gone.note is not None and "40 min before: widen window_mins" in gone.note
    never = await call(reader, Telemetry.fetch_telemetry_data, "MOTOR_01")
    assert never.state is State.EMPTY
    assert never.note is not None and "ever" in never.note
    async with plant.without_series().client() as client:
        for seen in (
            await call(client, Telemetry.fetch_telemetry_data, "PUMP_01"),
            await call(client, Telemetry.read_series, "PUMP_01", "vibration"),
            await call(client, Telemetry.latest_values, "PUMP_01"),
            await call(client, Telemetry.describe_change, "PUMP_01", ONSET),
        ):
            assert seen.state is State.UNAVAILABLE
            assert seen.note is not None and "influx" in seen.note


async def test_a_slow_device_is_not_stale_before_ten_of_its_intervals(
    plant: Plant, reader: Client[Any]
) -> None:
    """Hourly readings, the last 5 h ago: silent for longer than 5 minutes, yet not for 10 h."""
    hourly = readings("MOTOR_01", NOW - timedelta(hours=5), current=np.full(2881, 9.0))
    every_hour = replace(
        hourly,
        times=hourly.times[::720],
        values=hourly.values[::720],
        quality=hourly.quality[::720],
        statuses=hourly.statuses[::720],
    )
    plant.stores.series.append([Frame.of(every_hour)], live=True)
    seen = await call(reader, Telemetry.fetch_telemetry_data, "MOTOR_01", 1440)
    assert (seen.state, seen.readings) == (State.OK, 5)


async def test_a_thinned_curve_keeps_a_peak_of_one_reading(
    plant: Plant, reader: Client[Any]
) -> None:
    flat = np.full(2000, 5.0)
    flat[777] = 50.0
    plant.stores.series.append([Frame.of(readings("MOTOR_01", NOW, current=flat))], live=True)
    seen = await call(reader, Telemetry.read_series, "MOTOR_01", "Current", 180, points=20)
    assert (seen.channel, seen.unit, seen.source, seen.readings) == ("current", "A", "raw", 2000)
    assert len(seen.values) <= 20
    assert max(seen.values) == 50.0
    assert seen.times[int(np.argmax(seen.values))] == NOW - timedelta(seconds=5 * (1999 - 777))


async def test_a_channel_that_is_not_there_is_named_with_those_that_are(
    reader: Client[Any],
) -> None:
    with pytest.raises(NotFound, match=r"'vibrations'.*'vibration'.*current, flow, pressure"):
        await call(reader, Telemetry.read_series, "PUMP_01", "vibrations")


async def test_the_newest_value_of_a_channel_that_blanks_out_has_its_own_age(
    plant: Plant, reader: Client[Any]
) -> None:
    heat = np.full(100, 40.0)
    heat[-12:] = np.nan
    plant.stores.series.append(
        [Frame.of(readings("MOTOR_01", NOW, current=np.full(100, 9.0), temperature=heat))],
        live=True,
    )
    seen = await call(reader, Telemetry.latest_values, "MOTOR_01")
    ages = {one.channel: (one.value, one.age_seconds) for one in seen.channels}
    assert ages == {"current": (9.0, 0.0), "temperature": (40.0, 60.0)}


async def test_a_change_names_the_channel_that_moved_and_the_ones_that_did_not(
    reader: Client[Any],
) -> None:
    seen = await call(reader, Telemetry.describe_change, "PUMP_01", ONSET)
    moved = {change.channel: change for change in seen.changes if change.significant}
    assert moved.keys() == {"vibration"}
    assert (moved["vibration"].direction, moved["vibration"].order) == ("up", 1)
    assert seen.window == Window(start=ONSET - timedelta(minutes=120), end=NOW)
    assert (seen.readings_before, seen.readings_since) == (1440, 481)


async def test_a_change_is_described_as_it_could_be_seen_then(reader: Client[Any]) -> None:
    early = await call(
        reader, Telemetry.describe_change, "PUMP_01", ONSET, until=ONSET + timedelta(minutes=5)
    )
    assert early.readings_since == 61
    assert early.window.end == ONSET + timedelta(minutes=5)
    with pytest.raises(BadInput, match="is after until"):
        await call(
            reader, Telemetry.describe_change, "PUMP_01", ONSET, until=ONSET - timedelta(minutes=1)
        )


async def test_a_late_reading_shows_in_the_next_description_of_the_same_change(
    plant: Plant, reader: Client[Any]
) -> None:
    until = NOW - timedelta(minutes=10)
    first = await call(reader, Telemetry.describe_change, "PUMP_01", ONSET, until=until)
    # The readings that stood there are replaced: nothing is added, and none is newer.
    late = readings("PUMP_01", until, pressure=np.full(60, 5.0))
    plant.stores.series.append([Frame.of(late)], live=True)
    then = await call(reader, Telemetry.describe_change, "PUMP_01", ONSET, until=until)
    assert first.readings_since == then.readings_since
    moved = [
        next(one.significant for one in seen.changes if one.channel == "pressure")
        for seen in (first, then)
    ]
    assert moved == [False, True]


async def test_readings_sampled_fast_are_capped_on_both_sides(
    plant: Plant, reader: Client[Any]
) -> None:
    rng = np.random.default_rng(3)
    slow = readings("MOTOR_01", NOW, current=rng.normal(9, 0.1, 20_000))
    newest = slow.times[-1]
    fast = replace(slow, times=newest - (newest - slow.times) // 10)
    plant.stores.series.append([Frame.of(fast)], live=True)
    onset = NOW - timedelta(minutes=80)
    seen = await call(reader, Telemetry.describe_change, "MOTOR_01", onset)
    assert 0 < seen.readings_before <= 3600
    assert 0 < seen.readings_since <= 3600
