"""The watch over a fleet, seen from outside: readings in, alerts out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsmith.domain.alerts import Alert, AlertChange, AlertLevel, trace_id_of
from opsmith.domain.devices import Limits
from opsmith.domain.moments import to_moment
from opsmith.domain.readings import FloatArray, Frame, Quality, ReadingBatch
from opsmith.domain.rules import CompositeRule
from opsmith_detectors.fleet import Fleet, Judged
from opsmith_detectors.pool import bytes_a_device

START = np.datetime64("2026-02-28T06:00:00", "us")
SECOND = np.timedelta64(1, "s")
CHANNELS = ("current", "flow", "pressure", "temperature", "vibration")
LEVELS = np.array([15.0, 120.0, 0.4, 60.0, 0.25])
NOISE = np.array([0.1, 0.8, 0.002, 0.2, 0.005])

Shape = Callable[[int, FloatArray], FloatArray]


def healthy(n: int, seed: int = 1) -> FloatArray:
    """A pump at 1 Hz, shape (n, 5), with a slow common wander and white noise."""
    rng = np.random.default_rng(seed)
    wander = np.zeros(n)
    for i in range(1, n):
        wander[i] = 0.99 * wander[i - 1] + 0.1 * rng.normal()
    coupled = np.outer(wander, [0.5, 0.5, -0.3, 0.0, 0.2])
    return LEVELS + NOISE * (rng.normal(size=(n, 5)) + coupled)


NAME = "PUMP_01"


def watched(rated: Mapping[str, Limits], name: str = NAME) -> Fleet:
    """A fleet of one device."""
    fleet = Fleet()
    fleet.register(name, rated)
    return fleet


def judge(
    fleet: Fleet,
    rows: FloatArray,
    *,
    first: int = 0,
    channels: tuple[str, ...] = CHANNELS,
    statuses: Sequence[str] | None = None,
    quality: np.ndarray | None = None,
    name: str = NAME,
) -> Judged:
    """What became of those readings, one a second from `first` on."""
    n = len(rows)
    marks = np.where(np.isnan(rows), Quality.ABSENT, Quality.GOOD).astype(np.uint8)
    batch = ReadingBatch(
        device_id=name,
        channels=channels,
        times=START + (first + np.arange(n)) * SECOND,
        values=np.ascontiguousarray(rows),
        quality=marks if quality is None else quality.astype(np.uint8),
        statuses=tuple(statuses) if statuses is not None else ("NORMAL",) * n,
    )
    return fleet.step(Frame.of(batch))


def watch(fleet: Fleet, rows: FloatArray, **kwargs: Any) -> list[AlertChange]:
    """Every change that those readings made, one reading a second from `first` on."""
    return [each.change for each in judge(fleet, rows, **kwargs).changes]


def raised(changes: Sequence[AlertChange]) -> list[str]:
    return [change.alert_type for change in changes if change.change == "raised"]


def test_a_healthy_machine_raises_nothing_in_an_hour() -> None:
    assert watch(watched({}), healthy(3600)) == []


def test_the_learned_detectors_are_silent_in_the_first_sixty_readings() -> None:
    rows = healthy(60)
    rows[20:40] *= 3
    assert watch(watched({}), rows) == []


def test_a_rated_limit_alerts_at_the_very_first_reading_when_far_beyond() -> None:
    monitor = watched({"temperature": Limits(high=48.0)})
    (change,) = watch(monitor, healthy(1))
    assert (change.alert_type, change.alert_level) == ("over_temp", AlertLevel.P0)
    assert [d.channel for d in change.deviations] == ["temperature"]


def test_a_single_reading_just_beyond_a_rated_limit_waits_for_more() -> None:
    rows = np.repeat(LEVELS[None], 20, axis=0)
    rows[5, 3] = 61.0
    monitor = watched({"temperature": Limits(high=60.5)})
    assert watch(monitor, rows) == []
    rows[5:9, 3] = 61.0
    assert raised(watch(watched({"temperature": Limits(high=60.5)}), rows)) == ["over_temp"]


def test_a_value_that_plays_about_its_limit_is_one_alert() -> None:
    rows = np.repeat(LEVELS[None], 200, axis=0)
    rows[20:180:2, 3] = 61.0
    rows[20:180:3, 3] = 61.0
    changes = watch(watched({"temperature": Limits(high=60.5)}), rows)
    assert raised(changes) == ["over_temp"]


def test_a_rising_excess_breaks_through_to_a_higher_level_within_one_alert() -> None:
    rows = np.repeat(LEVELS[None], 60, axis=0)
    rows[20:, 3] = 60 + np.linspace(0.5, 20, 40)
    changes = watch(watched({"temperature": Limits(high=60.2)}), rows)
    assert raised(changes) == ["over_temp"]
    levels = [change.alert_level for change in changes]
    assert levels == sorted(levels, reverse=True)
    assert (levels[0], levels[-1]) == (AlertLevel.P2, AlertLevel.P0)
    assert len({change.first_seen for change in changes}) == 1


def test_what_returns_within_five_minutes_of_clearing_is_the_same_event() -> None:
    def returning(pause: int) -> list[AlertChange]:
        rows = np.repeat(LEVELS[None], 800, axis=0)
        rows[20:40, 3] = rows[40 + pause : 60 + pause, 3] = 75.0
        changes = watch(watched({"temperature": Limits(high=66.0)}), rows)
        return [change for change in changes if change.alert_type == "over_temp"]

    soon, late = returning(200), returning(500)
    assert raised(soon) == ["over_temp"]
    assert len({change.first_seen for change in soon}) == 1
    assert raised(late) == ["over_temp", "over_temp"]


def test_a_step_of_one_channel_is_found_and_named() -> None:
    rows = healthy(900)
    rows[600:, 1] -= 8.0
    changes = watch(watched({}), rows)
    assert raised(changes)[:1] == ["composite"]
    first = changes[0]
    assert (
        START + 600 * SECOND
        <= np.datetime64(first.first_seen.replace(tzinfo=None))
        < (START + 660 * SECOND)
    )
    assert first.alert_level in (AlertLevel.P2, AlertLevel.P3), "no rated limit, so at most P2"
    assert (first.deviations[0].channel, first.deviations[0].direction) == ("flow", "down")
    assert abs(sum(d.share for d in first.deviations) - 1) < 1e-6
    assert first.deviations[0].expected == pytest.approx(120.0, abs=1.0)


def test_a_standing_fault_is_not_learnt_within_a_thousand_readings() -> None:
    rows = healthy(1800)
    rows[700:, 4] += 0.06
    changes = watch(watched({}), rows)
    assert raised(changes) == ["composite"]
    assert all(change.change != "cleared" for change in changes)


def test_a_slow_drift_is_followed_without_an_alert() -> None:
    rows = healthy(4000)
    rows[:, 3] += np.linspace(0, 3, 4000)
    assert watch(watched({}), rows) == []


def test_stops_and_starts_of_a_healthy_machine_raise_nothing() -> None:
    rows = healthy(3000)
    at_rest = np.array([0.05, 0.0, 0.01, 0.0, 0.004])
    for start in (800, 1900):
        rows[start : start + 300] = at_rest + 0.001 * np.arange(300)[:, None] % 0.003
        rows[start : start + 300, 3] = 60 - 15 * (1 - np.exp(-np.arange(300) / 200))
        warm = np.arange(600)
        rows[start + 300 : start + 900, 3] -= 11 * np.exp(-warm / 200)
    assert watch(watched({"temperature": Limits(high=90.0)}), rows) == []


def test_a_change_of_load_raises_nothing_and_what_goes_on_growing_does() -> None:
    rows = healthy(2400)
    load = 1 + 0.10 * (1 - np.exp(-np.maximum(np.arange(2400) - 1200, 0) / 20))
    rows[:, 0] *= load
    rows[:, 1] *= load
    assert watch(watched({}), rows) == []
    rows = healthy(2400)
    growing = 1 - 0.25 * np.clip((np.arange(2400) - 1200) / 900, 0, 1)
    rows[:, 0] *= growing
    rows[:, 1] *= growing
    assert "composite" in raised(watch(watched({}), rows))


def test_a_stuck_sensor_is_told_from_a_fault_of_the_machine() -> None:
    rows = healthy(900)
    rows[600:, 3] = rows[600, 3]
    changes = watch(watched({"temperature": Limits(high=90.0)}), rows)
    assert raised(changes) == ["sensor_fault"]
    assert [(d.channel, d.kind) for d in changes[0].deviations] == [("temperature", "flat")]


def test_a_coarse_sensor_that_repeats_itself_by_nature_is_healthy() -> None:
    rows = healthy(3000)
    rows[:, 2] = np.round(rows[:, 2], 2)
    rows[:, 3] = np.round(rows[:, 3] * 2) / 2
    assert watch(watched({}), rows) == []


def test_a_channel_that_drops_out_is_a_sensor_fault_and_nothing_else() -> None:
    for gone in (np.nan, 0.0):
        rows = healthy(900)
        rows[600:, 2] = gone
        changes = watch(watched({}), rows)
        assert raised(changes) == ["sensor_fault"], gone
        assert changes[0].deviations[0].kind == "dropout"


def test_an_implausible_value_is_a_sensor_fault_but_its_rated_limit_still_alerts() -> None:
    rows = healthy(600)
    rows[500:, 3] = 900.0
    quality = np.zeros(rows.shape, dtype=np.uint8)
    quality[500:, 3] = Quality.UNCERTAIN
    monitor = watched({"temperature": Limits(high=90.0)})
    assert {"over_temp", "sensor_fault"} <= set(raised(watch(monitor, rows, quality=quality)))


def test_a_device_that_reports_an_anomaly_itself_raises_an_alert() -> None:
    statuses = ["NORMAL"] * 5 + ["ANOMALY"] * 5 + ["NORMAL"] * 20
    changes = watch(watched({}), healthy(30), statuses=statuses)
    assert [
        (change.change, change.alert_type) for change in changes if change.change != "updated"
    ] == [
        ("raised", "device_reported"),
        ("cleared", "device_reported"),
    ]


def test_silence_is_an_alert_against_the_usual_interval_and_ends_with_the_next_reading() -> None:
    monitor = watched({})
    watch(monitor, healthy(100))
    assert monitor.silent(START + 130 * SECOND) == []
    (silent,) = monitor.silent(START + 400 * SECOND)
    assert (silent.change.change, silent.change.alert_type) == ("raised", "no_data")
    assert monitor.silent(START + 500 * SECOND) == []
    (back,) = watch(monitor, healthy(1), first=600)
    assert (back.change, back.alert_type) == ("cleared", "no_data")


def test_after_a_restart_an_alert_that_stands_is_not_raised_again() -> None:
    rows = np.repeat(LEVELS[None], 100, axis=0)
    rows[20:, 3] = 75.0
    (first, *_) = watch(watched({"temperature": Limits(high=62.0)}), rows[:30])
    standing = Alert(
        trace_id=trace_id_of("PUMP_01", first.alert_type, first.first_seen),
        device_id="PUMP_01",
        alert_level=first.alert_level,
        alert_type=first.alert_type,
        onset=first.onset,
        first_seen=first.first_seen,
        last_seen=first.last_seen,
        created_at=datetime(2026, 2, 28, 6, tzinfo=UTC),
    )
    monitor = watched({"temperature": Limits(high=62.0)})
    monitor.adopt(NAME, [standing])
    rows[60:, 3] = 50.0
    changes = watch(monitor, rows[30:], first=30)
    assert raised(changes) == []
    assert [change.change for change in changes][-1] == "cleared"
    assert {change.first_seen for change in changes} == {first.first_seen}


def test_channels_may_come_late_and_be_missing() -> None:
    monitor = watched({})
    rows = healthy(1500)
    assert watch(monitor, rows[:500, :3], channels=CHANNELS[:3]) == []
    rng = np.random.default_rng(5)
    patchy = np.where(rng.random((1000, 5)) < 0.1, np.nan, rows[500:])
    assert watch(monitor, patchy, first=500) == []


def test_the_same_readings_give_the_same_changes() -> None:
    rows = healthy(900)
    rows[500:700, 1] -= 9.0
    first = watch(watched({}), rows)
    assert first and first == watch(watched({}), rows)


@given(
    cuts=st.lists(st.integers(1, 1199), max_size=6, unique=True),
    restored=st.lists(st.booleans(), min_size=7, max_size=7),
)
@settings(max_examples=25, deadline=None)
def test_frames_of_any_length_and_restarts_between_them_change_nothing(
    cuts: list[int], restored: list[bool]
) -> None:
    rows = healthy(1200)
    rows[700:900, 1] -= 12.0
    rows[1000:, 3] = rows[1000, 3]
    whole = judge(watched({"flow": Limits(low=100.0)}), rows)
    assert {each.change.alert_type for each in whole.changes} == {"composite", "sensor_fault"}
    fleet = watched({"flow": Limits(low=100.0)})
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
            fleet = watched({"flow": Limits(low=100.0)})
            assert fleet.restore(NAME, state)
    np.testing.assert_array_equal(np.concatenate(scores), whole.scores)
    assert changes == [each.change for each in whole.changes]


def test_a_state_that_is_broken_or_of_another_version_is_not_restored() -> None:
    fleet = watched({})
    judge(fleet, healthy(100))
    state = fleet.save(NAME)
    assert state is not None and not watched({}).restore(NAME, state[:-1])
    assert not watched({}).restore(NAME, b"\x02\x00\x00\x00[]")
    assert watched({}).save(NAME) is None


def test_devices_do_not_hear_of_each_other() -> None:
    rows, others = healthy(900), healthy(900, seed=2)
    rows[600:, 4] *= 2
    alone = judge(watched({}), rows)
    fleet = Fleet()
    batches = [
        ReadingBatch(name, CHANNELS, START + np.arange(900) * SECOND, values,
                     np.zeros((900, 5), np.uint8), ("NORMAL",) * 900)
        for name, values in ((NAME, rows), ("PUMP_02", others))
    ]  # fmt: skip
    frame = Frame.of(*batches)
    order = np.argsort(frame.times, kind="stable")
    together = fleet.step(
        replace(
            frame,
            device=frame.device[order],
            times=frame.times[order],
            values=frame.values[order],
            quality=frame.quality[order],
            status=frame.status[order],
        )
    )
    own = frame.device[order] == 0
    np.testing.assert_array_equal(together.scores[own], alone.scores)
    assert {each.device_id for each in together.changes} == {NAME}


def test_a_reading_that_is_not_later_than_the_last_one_is_left_out() -> None:
    fleet = watched({"temperature": Limits(high=62.0)})
    rows = np.repeat(LEVELS[None], 20, axis=0)
    judge(fleet, rows)
    rows[:, 3] = 99.0
    late = judge(fleet, rows)
    assert np.isnan(late.scores).all() and late.changes == ()


def test_a_device_of_eight_channels_takes_four_kilobytes_at_most() -> None:
    assert bytes_a_device(8) <= 4096
    fleet = Fleet()
    names = tuple(f"channel_{i}" for i in range(8))
    judge(fleet, np.ones((1, 8)), channels=names)
    state = fleet.save(NAME)
    assert state is not None and len(state) <= 4096 + 200


def test_a_rule_over_several_channels_alerts_as_the_operator_wrote_it() -> None:
    rule = CompositeRule.model_validate(
        {
            "name": "hot_without_load",
            "for_seconds": 10,
            "level": "P1",
            "conditions": [
                {"channel": "temperature", "side": "above", "value": 70},
                {"channel": "current", "side": "below", "value": 5},
            ],
        }
    )
    fleet = Fleet()
    fleet.register(NAME, {}, 2, (rule,))
    rows = np.repeat(LEVELS[None], 40, axis=0)
    rows[15:, 3], rows[10:, 0] = 75.0, 4.0
    changes = watch(fleet, rows)
    first = next(change for change in changes if change.alert_type == "composite_rule")
    assert (first.change, first.alert_level) == ("raised", AlertLevel.P1)
    assert first.first_seen == to_moment(START + 25 * SECOND)
    assert {each.channel for each in first.deviations} == {"temperature", "current"}


def test_one_channel_alone_is_watched_and_its_flat_line_is_the_sensors() -> None:
    rng = np.random.default_rng(3)
    rows = 0.25 + 0.005 * rng.normal(size=(1500, 1))
    rows[1000:] = rows[1000]
    changes = watch(watched({}), rows, channels=("vibration",))
    assert raised(changes) == ["sensor_fault"]
    assert changes[0].deviations[0].kind == "flat"
