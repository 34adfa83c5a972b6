"""One type of alert of one device, from raise to clear: readings in, changes out."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsmith.domain.alerts import Alert, AlertLevel, AlertType
from opsmith_detectors.alert_levels import ALERT_TYPES, level_of
from opsmith_detectors.alert_records import adopt, describe
from opsmith_detectors.alert_track import (
    CLEARED,
    NOTHING,
    RAISED,
    TRACK,
    UPDATED,
    advance,
    stands,
)

START = 1_772_000_000_000_000
SECOND = 1_000_000
HOUR = 3600 * SECOND

Told = tuple[int, int]
"""Second, and what was told."""


class Watch:
    """One type of alert of one device; 0 is quiet, 1 and more deviates."""

    def __init__(self, alert_type: AlertType = "composite", interval: float = 1.0) -> None:
        self.kind = ALERT_TYPES.index(alert_type)
        self.tracks = np.zeros((1, len(ALERT_TYPES)), TRACK)
        self.interval = int(interval * SECOND)
        self.now = START

    @property
    def track(self) -> Any:
        return self.tracks[0, self.kind]

    def take(self, score: float, flag: int = 0, after: int | None = None) -> int:
        self.now += self.interval if after is None else after
        beyond = max(0.0, score - 1)
        at_once = beyond >= 0.1 if self.kind < 5 else score >= 2
        return advance(
            self.tracks, 0, self.kind, self.now, self.interval,
            score, score < 0.8, at_once, beyond, flag, 2,
        )  # fmt: skip

    def watch(self, scores: Iterable[float]) -> list[tuple[int, str]]:
        """What was told: after how many readings, and what."""
        names = {RAISED: "raised", UPDATED: "updated", CLEARED: "cleared"}
        told = [(i, self.take(score)) for i, score in enumerate(scores, 1)]
        return [(i, names[change]) for i, change in told if change != NOTHING]


def test_three_of_five_readings_raise_and_thirty_quiet_ones_in_a_row_clear() -> None:
    scores = [1.02, 0.9, 1.02, 0.9, 1.02] + [0.0] * 29 + [0.9] + [0.0] * 30
    told = Watch("over_temp").watch(scores)
    assert told == [(5, "raised"), (65, "cleared")], "0.9 is not below the clear limit"


@pytest.mark.parametrize(
    ("interval", "on", "off"), [(1, 3, 30), (60, 2, 15), (300, 2, 15), (900, 1, 8), (3600, 1, 4)]
)
def test_slow_series_need_fewer_readings(interval: float, on: int, off: int) -> None:
    told = Watch("over_temp", interval).watch([1.02] * on + [0.0] * off)
    assert told == [(on, "raised"), (on + off, "cleared")]


def test_fast_series_have_to_deviate_for_a_second_without_a_break() -> None:
    brief = Watch(interval=0.01)
    assert brief.watch(([1.2] * 90 + [0.0] * 10) * 5) == []
    assert Watch(interval=0.01).watch([1.2] * 110)[0] == (101, "raised")


def test_what_is_far_beyond_a_limit_waits_for_nothing() -> None:
    assert Watch("over_temp").watch([1.15])[0] == (1, "raised")
    assert Watch("over_temp").watch([1.02, 1.02]) == []


@pytest.mark.parametrize(("interval", "pause", "told"), [
    (1, 250, "updated"), (1, 350, "raised"), (300, 9 * 300, "updated"), (300, 12 * 300, "raised"),
])  # fmt: skip
def test_what_returns_soon_is_the_same_event(interval: int, pause: int, told: str) -> None:
    watch = Watch("sensor_fault", interval)
    assert watch.watch([1.0] + [0.0] * 10)[-1][1] == "cleared"
    first, onset, count = (int(watch.track[name]) for name in ("first_seen", "onset", "count"))
    cleared = int(watch.track["turned"])
    watch.now = cleared + pause * SECOND - watch.interval
    assert watch.watch([1.0])[0][1] == told
    assert int(watch.track["onset"]) > onset, "what lay between was normal"
    assert (int(watch.track["first_seen"]) == first) == (told == "updated")
    assert int(watch.track["count"]) == (count + 1 if told == "updated" else 1)


def test_an_alert_that_stands_is_told_each_time_its_count_has_doubled() -> None:
    told = Watch("device_reported").watch([1.0] * 100)
    assert [i for i, _ in told] == [1, 2, 4, 8, 16, 32, 64]


def test_three_raises_in_a_minute_are_told_once_and_then_no_more() -> None:
    watch = Watch("device_reported")
    told = watch.watch(([1.0] + [0.0] * 6) * 100)
    assert [change for _, change in told] == ["raised", "cleared", "updated", "cleared", "updated"]
    assert watch.track["flapping"] and watch.track["raises"] == 100
    change = describe(watch.tracks, 0, watch.kind, UPDATED, ())
    assert (change.flapping, change.raises) == (True, 100)
    quiet = watch.watch([0.0] * 1800)
    assert [change for _, change in quiet] == ["cleared"]
    assert quiet[0][0] >= 1700
    assert watch.watch([1.0])[0][1] == "raised", "after half an hour of quiet it is news again"


def test_four_raises_in_an_hour_flap_too_and_what_stays_stops_flapping() -> None:
    watch = Watch("device_reported")
    told = watch.watch(([1.0] + [0.0] * 599) * 4)
    assert [change for _, change in told] == ["raised", "cleared"] * 3 + ["raised"]
    assert describe(watch.tracks, 0, watch.kind, RAISED, ()).flapping
    stays = watch.watch([1.0] * 2000)
    assert [change for _, change in stays][:1] == ["updated"]
    assert stays[0][0] == 1801 and not watch.track["flapping"]


def test_three_raises_within_two_hours_are_no_flapping() -> None:
    watch = Watch("device_reported")
    watch.watch(([1.0] + [0.0] * 1999) * 5)
    assert not watch.track["flapping"]


def test_a_higher_level_breaks_through_flapping() -> None:
    watch = Watch("over_temp")
    watch.watch(([1.02] * 3 + [0.0] * 30) * 8)
    assert watch.track["flapping"]
    assert watch.watch([1.3]) == [(1, "updated")]
    assert describe(watch.tracks, 0, watch.kind, UPDATED, ()).alert_level == "P0"


def level(
    alert_type: AlertType, score: float, criticality: int, count: int = 1, flag: int = 0
) -> int:
    kind = ALERT_TYPES.index(alert_type)
    return level_of(kind, score, max(0.0, score - 1), True, count, 1, flag, criticality)


@pytest.mark.parametrize(("alert_type", "score", "count", "flag", "levels"), [
    ("over_temp", 1.01, 1, 0, (1, 2, 2)),
    ("over_limit", 1.06, 1, 0, (1, 1, 2)),
    ("under_limit", 1.01, 60, 0, (1, 1, 2)),
    ("high_vibration", 1.12, 10, 0, (0, 0, 1)),
    ("over_pressure", 1.2500001, 1, 0, (0, 0, 0)),
    ("device_reported", 1.0, 1, 0, (2, 2, 2)),
    ("no_data", 5.0, 1, 0, (2, 2, 3)),
    ("sensor_fault", 1.0, 1, 1, (2, 2, 3)),
    ("sensor_fault", 1.0, 900, 0, (3, 3, 3)),
    ("composite", 1.1, 1, 0, (2, 3, 3)),
    ("composite", 2.0, 1, 0, (2, 2, 3)),
    ("composite", 1.1, 30, 0, (2, 2, 3)),
    ("drift", 3.0, 900, 0, (3, 3, 3)),
    ("composite_rule", 1.0, 1, 1, (1, 1, 1)),
])  # fmt: skip
def test_levels_are_those_of_the_table(
    alert_type: AlertType, score: float, count: int, flag: int, levels: tuple[int, ...]
) -> None:
    found = tuple(level(alert_type, score, criticality, count, flag) for criticality in (1, 2, 3))
    assert found == levels


def test_an_alert_adopted_after_a_restart_is_not_raised_again() -> None:
    moment = datetime(2026, 2, 28, 6, tzinfo=UTC)
    standing = Alert(
        trace_id="AL-1", device_id="P", alert_level=AlertLevel.P2, alert_type="composite", count=9,
        onset=moment, first_seen=moment, last_seen=moment, created_at=moment, raises=2,
    )  # fmt: skip
    watch = Watch()
    watch.tracks[0, 0]["standing"] = 1
    adopt(watch.tracks, 0, [standing])
    assert not watch.tracks[0, 0]["standing"], "what no alert knows of is forgotten"
    assert stands(watch.tracks, 0)
    assert [change for _, change in watch.watch([1.2] * 5 + [0.0] * 10)] == ["cleared"]
    change = describe(watch.tracks, 0, watch.kind, CLEARED, ())
    assert (change.first_seen, change.count, change.raises) == (moment, 14, 2)


# Plays of a signal about its limits, in runs, with pauses between the readings now and then.
RUNS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.6, 0.9, 1.0, 1.04, 1.07, 1.15, 1.3, 2.5, float("nan")]),
        st.integers(1, 40),
        st.sampled_from([None, None, None, 100 * SECOND, 400 * SECOND, HOUR]),
    ),
    min_size=1,
    max_size=40,
)
TYPES = st.sampled_from(ALERT_TYPES)
INTERVALS = st.sampled_from([0.1, 1.0, 60.0, 900.0, 3600.0])


def play(watch: Watch, runs: list[tuple[float, int, int | None]]) -> list[tuple[Any, ...]]:
    """After each reading: what was told, and the record."""
    found: list[tuple[Any, ...]] = []
    for score, length, pause in runs:
        for i in range(length):
            change = watch.take(score, after=pause if i == 0 else None)
            found.append((change, *watch.track.tolist()))
    return found


@settings(max_examples=200, deadline=None)
@given(runs=RUNS, alert_type=TYPES, interval=INTERVALS)
def test_raised_and_cleared_alternate_and_within_an_event_nothing_is_taken_back(
    runs: list[tuple[float, int, int | None]], alert_type: AlertType, interval: float
) -> None:
    watch = Watch(alert_type, interval)
    told_standing, before, told_level = False, np.zeros((), TRACK), 3
    for score, length, pause in runs:
        for i in range(length):
            change = watch.take(score, after=pause if i == 0 else None)
            track = watch.track.copy()
            if change == RAISED:
                assert not told_standing
                told_level = 3
            elif track["first_seen"] == before["first_seen"]:
                assert track["level"] <= before["level"]
                assert track["count"] >= before["count"]
                assert track["score"] >= before["score"]
                assert track["raises"] >= before["raises"]
            if change == CLEARED:
                assert told_standing
            if change == NOTHING:
                assert not track["standing"] or track["level"] >= told_level
            else:
                told_standing, told_level = change != CLEARED, int(track["level"])
            assert told_standing or not track["standing"], "an alert stands that nobody was told of"
            if track["first_seen"]:
                assert track["onset"] <= track["last_seen"] or not track["standing"]
            before = track


@settings(max_examples=100, deadline=None)
@given(runs=RUNS, more=RUNS, alert_type=TYPES, interval=INTERVALS)
def test_a_state_restored_from_its_bytes_goes_on_alike(
    runs: list[tuple[float, int, int | None]],
    more: list[tuple[float, int, int | None]],
    alert_type: AlertType,
    interval: float,
) -> None:
    watch = Watch(alert_type, interval)
    play(watch, runs)
    restored = Watch(alert_type, interval)
    kept: npt.NDArray[Any] = np.frombuffer(watch.tracks.tobytes(), TRACK)
    restored.tracks[:] = kept.reshape(watch.tracks.shape)
    restored.now = watch.now
    assert play(watch, more) == play(restored, more)
