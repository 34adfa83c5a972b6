"""The light path, seen from outside: each channel by itself, quiet on what is healthy."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsmith.domain.alerts import AlertChange, AlertLevel
from opsmith.domain.devices import Limits
from opsmith.domain.readings import FloatArray, Frame, Quality, ReadingBatch
from opsmith.domain.rules import CompositeRule
from opsmith_detectors.fleet import Fleet, Judged
from opsmith_detectors.pool import bytes_a_device

START = np.datetime64("2026-02-28T06:00:00", "us")
SECOND = np.timedelta64(1, "s")
CHANNELS = ("current", "flow", "pressure", "temperature", "vibration")
LEVELS = np.array([15.0, 120.0, 0.4, 60.0, 0.25])
NOISE = np.array([0.1, 0.8, 0.002, 0.2, 0.005])
NAME = "PUMP_01"


def healthy(n: int, seed: int = 1, memory: float = 0.0) -> FloatArray:
    """A pump at 1 Hz, shape (n, 5); `memory` is the correlation of a reading with the next."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(n, 5))
    for i in range(1, n):
        noise[i] = memory * noise[i - 1] + (1 - memory**2) ** 0.5 * noise[i]
    return LEVELS + NOISE * noise


def watched(rated: Mapping[str, Limits] | None = None) -> Fleet:
    fleet = Fleet(light=True)
    fleet.register(NAME, rated or {})
    return fleet


def judge(
    fleet: Fleet,
    rows: FloatArray,
    *,
    first: int = 0,
    channels: tuple[str, ...] = CHANNELS,
    statuses: Sequence[str] | None = None,
) -> Judged:
    """What became of those readings, one a second from `first` on."""
    n = len(rows)
    batch = ReadingBatch(
        device_id=NAME,
        channels=channels,
        times=START + (first + np.arange(n)) * SECOND,
        values=np.ascontiguousarray(rows),
        quality=np.where(np.isnan(rows), Quality.ABSENT, Quality.GOOD).astype(np.uint8),
        statuses=tuple(statuses) if statuses is not None else ("NORMAL",) * n,
    )
    return fleet.step(Frame.of(batch))


def watch(fleet: Fleet, rows: FloatArray, **kwargs: Any) -> list[AlertChange]:
    return [each.change for each in judge(fleet, rows, **kwargs).changes]


def raised(changes: Sequence[AlertChange]) -> list[str]:
    return [change.alert_type for change in changes if change.change == "raised"]


@pytest.mark.parametrize("memory", [0.0, 0.9, 0.99, 0.999])
def test_what_is_healthy_raises_nothing_however_its_readings_depend_on_each_other(
    memory: float,
) -> None:
    for seed in range(3):
        assert watch(watched(), healthy(20_000, seed, memory)) == []


def test_a_coarse_channel_that_seldom_changes_is_neither_stuck_nor_off() -> None:
    rows = healthy(20_000)
    rows[:, 2] = np.round(rows[:, 2], 2)
    rows[:, 3] = np.round(60 + np.sin(np.arange(20_000) / 3000), 1)
    assert watch(watched(), rows) == []


def test_nothing_learned_alerts_in_the_first_sixty_readings() -> None:
    rows = healthy(60)
    rows[20:40] *= 3
    assert watch(watched(), rows) == []


def test_a_rated_limit_alerts_at_the_very_first_reading_when_far_beyond() -> None:
    (change,) = watch(watched({"temperature": Limits(high=48.0)}), healthy(1))
    assert (change.alert_type, change.alert_level) == ("over_temp", AlertLevel.P0)
    assert [each.channel for each in change.deviations] == ["temperature"]


def test_a_rated_limit_waits_for_its_delay_and_clears_inside_its_deadband() -> None:
    rows = np.repeat(LEVELS[None], 200, axis=0)
    rows[5, 3] = rows[20:40, 3] = 61.0
    # The deadband is 5 % of 60.5: only below 57.475 it can clear.
    rows[40:120, 3], rows[120:, 3] = 58.0, 57.0
    judged = judge(watched({"temperature": Limits(high=60.5)}), rows)
    rated = [each for each in judged.changes if each.change.alert_type == "over_temp"]
    assert [
        (each.row, each.change.change) for each in rated if each.change.change != "updated"
    ] == [
        (22, "raised"),
        (149, "cleared"),
    ]


def test_a_shift_is_found_names_its_channel_stands_and_is_over_when_it_returns() -> None:
    rows = healthy(4000)
    rows[1500:3500, 1] -= 4.0
    judged = judge(watched(), rows)
    first = judged.changes[0]
    assert first.row < 1515
    assert [(each.channel, each.direction) for each in first.change.deviations] == [
        ("flow", "down")
    ]
    assert first.change.deviations[0].expected == pytest.approx(120.0, abs=0.4)
    assert judged.stands[1520:3500].all()
    assert not judged.stands[:1500].any() and not judged.stands[3540:].any()


def test_one_spike_alone_never_alerts() -> None:
    rows = healthy(3000)
    rows[1000, 0], rows[2000, 4] = 400.0, 9.0
    assert watch(watched(), rows) == []


def test_a_stop_a_start_and_a_change_of_load_raise_nothing() -> None:
    rows = healthy(6000)
    rows[1500:2500, [0, 1, 2, 4]] *= 0.01
    rows[4000:, 0] *= 1.1
    rows[4000:, 1] *= 1.08
    fleet = watched()
    assert watch(fleet, rows[:2000]) == []
    assert fleet.is_stopped(NAME)
    assert watch(fleet, rows[2000:], first=2000) == []
    assert not fleet.is_stopped(NAME)


def test_a_device_that_says_it_stands_is_not_judged_and_one_that_says_it_fails_is_told() -> None:
    rows = healthy(1000)
    rows[500:, 3] = 20.0
    statuses = ["RUNNING"] * 500 + ["STOPPED"] * 500
    assert watch(watched(), rows, statuses=statuses) == []
    assert raised(watch(watched(), healthy(5), statuses=["ANOMALY"] * 5)) == ["device_reported"]


@pytest.mark.parametrize(("lost", "kind"), [("stuck", "flat"), ("gone", "dropout"),
                                            ("zero", "dropout")])  # fmt: skip
def test_a_sensor_that_fails_is_told_as_a_sensor(lost: str, kind: str) -> None:
    rows = healthy(2000)
    rows[1000:, 3] = {"stuck": rows[999, 3], "gone": np.nan, "zero": 0.0}[lost]
    changes = watch(watched(), rows)
    assert raised(changes) == ["sensor_fault"]
    assert [(each.channel, each.kind) for each in changes[0].deviations] == [("temperature", kind)]


def test_one_channel_alone_is_watched() -> None:
    rows = healthy(2000)[:, :1]
    rows[1500:] += 1.0
    (change,) = [
        each for each in watch(watched(), rows, channels=("x",)) if each.change == "raised"
    ]
    assert (change.alert_type, change.deviations[0].channel) == ("composite", "x")


def test_channels_may_come_late_and_be_missing() -> None:
    fleet = watched()
    rows = healthy(1500)
    assert watch(fleet, rows[:500, :3], channels=CHANNELS[:3]) == []
    rng = np.random.default_rng(5)
    patchy = np.where(rng.random((1000, 5)) < 0.05, np.nan, rows[500:])
    assert watch(fleet, patchy, first=500) == []
    assert fleet.expected(NAME, START) == pytest.approx(
        dict(zip(CHANNELS, LEVELS, strict=True)), rel=0.02
    )


def test_a_rule_and_silence_alert_as_they_do_in_full() -> None:
    rule = CompositeRule.model_validate(
        {
            "name": "hot",
            "for_seconds": 10,
            "level": "P1",
            "conditions": [{"channel": "temperature", "side": "above", "value": 70}],
        }
    )
    fleet = Fleet(light=True)
    fleet.register(NAME, {}, 2, (rule,))
    rows = np.repeat(LEVELS[None], 40, axis=0)
    rows[15:, 3] = 75.0
    first = watch(fleet, rows)[0]
    assert (first.alert_type, first.alert_level) == ("composite_rule", AlertLevel.P1)
    (silent,) = fleet.silent(START + 200 * SECOND)
    assert (silent.change.alert_type, silent.device_id) == ("no_data", NAME)


@given(
    cuts=st.lists(st.integers(1, 1999), max_size=6, unique=True),
    restored=st.lists(st.booleans(), min_size=7, max_size=7),
)
@settings(max_examples=25, deadline=None)
def test_frames_of_any_length_and_restarts_between_them_change_nothing(
    cuts: list[int], restored: list[bool]
) -> None:
    rows = healthy(2000)
    rows[700:900, 1] -= 30.0
    rows[1300:, 3] = rows[1300, 3]
    rated = {"flow": Limits(low=100.0)}
    whole = judge(watched(rated), rows)
    assert {each.change.alert_type for each in whole.changes} == {
        "composite", "sensor_fault", "under_limit",
    }  # fmt: skip
    fleet = watched(rated)
    scores: list[FloatArray] = []
    changes: list[AlertChange] = []
    bounds = [0, *sorted(cuts), len(rows)]
    for first, last, anew in zip(bounds, bounds[1:], restored, strict=False):
        part = judge(fleet, rows[first:last], first=first)
        scores.append(part.scores)
        changes += [each.change for each in part.changes]
        if anew:
            state = fleet.save(NAME)
            assert state is not None
            fleet = watched(rated)
            assert fleet.restore(NAME, state)
    np.testing.assert_array_equal(np.concatenate(scores), whole.scores)
    assert changes == [each.change for each in whole.changes]


def test_neither_path_goes_on_with_the_state_of_the_other() -> None:
    light, full = watched(), Fleet()
    full.register(NAME, {})
    judge(light, healthy(100))
    judge(full, healthy(100))
    of_light, of_full = light.save(NAME), full.save(NAME)
    assert of_light is not None and of_full is not None
    assert not Fleet().restore(NAME, of_light) and not watched().restore(NAME, of_full)


def test_a_device_takes_little_more_than_its_alerts() -> None:
    assert bytes_a_device(8, light=True) - bytes_a_device(1, light=True) <= 7 * 64
    assert bytes_a_device(8, light=True) <= 1024
