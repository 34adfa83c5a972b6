"""What `describe_changes` says of made series whose truth is known."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from opsmith.domain.changes import ChannelChange
from opsmith.domain.readings import FloatArray, ReadingBatch
from opsmith_detectors.features import describe_changes

START = datetime(2026, 2, 28, 12, tzinfo=UTC)
BEFORE, SINCE = 500, 150
ONSET = START + timedelta(seconds=BEFORE)
T = np.arange(BEFORE + SINCE, dtype=np.float64)
GONE = (T >= BEFORE).astype(np.float64)


def batch_of(**channels: FloatArray) -> ReadingBatch:
    names = tuple(sorted(channels))
    values = np.column_stack([channels[name] for name in names])
    times = np.datetime64(START.replace(tzinfo=None), "us") + T[: len(values)].astype(
        "timedelta64[s]"
    )
    return ReadingBatch(
        "PUMP-01", names, times, values, np.isnan(values).astype(np.uint8) * 3, ("",) * len(values)
    )


def change_of(x: FloatArray, channel: str = "flow") -> ChannelChange:
    (change,) = describe_changes(batch_of(**{channel: x}), ONSET)
    return change


def noise(seed: int, size: float = 1.0) -> FloatArray:
    return np.random.default_rng(seed).normal(0, size, len(T))


def wandering(seed: int, memory: float, size: float = 1.0) -> FloatArray:
    """Autocorrelated noise, AR(1), of standard deviation `size`."""
    shocks = np.random.default_rng(seed).normal(0, size * np.sqrt(1 - memory**2), len(T))
    x = np.zeros(len(T))
    for i in range(1, len(T)):
        x[i] = memory * x[i - 1] + shocks[i]
    return x


@pytest.mark.parametrize("seed", range(5))
def test_a_step_is_seen_with_its_size_its_way_and_its_time(seed: int) -> None:
    change = change_of(100 + noise(seed) - 5 * (T >= BEFORE + 20))
    assert (change.kind, change.direction, change.significant) == ("step", "down", True)
    assert change.sigmas == pytest.approx(-5, abs=1.5)
    assert change.now is not None and change.now == pytest.approx(95, abs=0.6)
    assert change.onset is not None
    assert abs((change.onset - ONSET).total_seconds() - 20) <= 8


@pytest.mark.parametrize("seed", range(5))
def test_a_slow_rise_is_a_ramp(seed: int) -> None:
    change = change_of(100 + noise(seed) + 0.1 * np.maximum(0, T - BEFORE))
    assert (change.kind, change.direction, change.significant) == ("ramp", "up", True)


def test_what_goes_on_as_before_is_hardly_ever_significant() -> None:
    made = [
        series
        for seed in range(40)
        for series in (
            100 + noise(seed),
            100 + wandering(seed, 0.95),
            60 + 0.01 * T + wandering(seed, 0.8),  # a slow drift that goes on
            np.round(32 + noise(seed, 0.7)),  # coarse readings
        )
    ]
    wrong = [x for x in made if change_of(x).significant]
    assert len(wrong) <= 0.03 * len(made)


@pytest.mark.parametrize("seed", range(5))
def test_unrest_is_told_from_a_new_level_and_oscillation_from_noise(seed: int) -> None:
    noisy = change_of(100 + noise(seed) * (1 + 5 * GONE))
    assert (noisy.kind, noisy.direction) == ("variance", "none")
    assert noisy.spread_ratio == pytest.approx(6, rel=0.35)
    swinging = change_of(100 + noise(seed) + 8 * GONE * np.sin(T / 2))
    assert (swinging.kind, swinging.direction) == ("oscillation", "none")


def test_a_stuck_channel_is_flat_even_where_it_stuck_at_its_usual_value() -> None:
    x = 100 + noise(3)
    x[BEFORE + 5 :] = x[BEFORE + 4]
    change = change_of(x)
    assert (change.kind, change.significant) == ("flat", True)


def test_a_channel_that_always_stood_still_is_not_stuck_now() -> None:
    change = change_of(np.full(len(T), 20.0), "temperature")
    assert not change.significant


def test_missing_readings_and_a_fixed_substitute_are_both_a_dropout() -> None:
    missing = 100 + noise(1)
    missing[BEFORE::2] = np.nan
    change = change_of(missing)
    assert (change.kind, change.significant, change.missing_share) == ("dropout", True, 0.5)
    substitute = 100 + noise(1)
    substitute[BEFORE + 5 :: 20] = 0.0
    assert change_of(substitute).kind == "dropout"


def test_a_channel_that_is_gone_altogether_has_no_level_now() -> None:
    x = 100 + noise(1)
    x[BEFORE:] = np.nan
    change = change_of(x)
    assert (change.now, change.kind, change.missing_share) == (None, "dropout", 1.0)


def test_a_single_wild_reading_is_a_spike_and_leaves_the_level_alone() -> None:
    x = 100 + noise(2)
    x[BEFORE + 60] = 160
    change = change_of(x)
    assert (change.kind, change.direction, change.significant) == ("spike", "up", True)
    assert change.sigmas == pytest.approx(0, abs=1)
    assert change.onset == ONSET + timedelta(seconds=60)


def test_values_that_the_quantity_cannot_have_are_implausible() -> None:
    change = change_of(60 + noise(2) + 900 * GONE, "temperature")
    assert (change.kind, change.direction, change.significant) == ("implausible", "up", True)


def test_values_that_were_out_of_range_all_along_are_no_change() -> None:
    assert not change_of(-0.1 + noise(2, 0.1), "pressure").significant  # a vacuum gauge in bar


def test_channels_are_ordered_by_when_they_began_to_differ() -> None:
    changes = describe_changes(
        batch_of(
            flow=100 + noise(1) - 9 * (T >= BEFORE + 10),
            pressure=5 + noise(2, 0.1) - 1 * (T >= BEFORE + 60),
            voltage=230 + noise(3),
        ),
        ONSET,
    )
    assert [change.order for change in changes] == [1, 2, None]


def test_with_too_little_past_only_what_is_wrong_by_itself_is_significant() -> None:
    x = np.r_[np.full(4, 1.0), np.full(20, 50.0)]
    (change,) = describe_changes(batch_of(flow=x), START + timedelta(seconds=4))
    assert not change.significant
    x[4:] = np.nan
    (change,) = describe_changes(batch_of(flow=x), START + timedelta(seconds=4))
    assert (change.kind, change.significant) == ("dropout", True)


def test_an_onset_at_or_beyond_either_end_makes_no_claim() -> None:
    batch = batch_of(flow=100 + noise(1))
    for onset in (START - timedelta(hours=1), START, START + timedelta(hours=1)):
        assert not describe_changes(batch, onset)[0].significant
    empty = ReadingBatch("P", ("flow",), batch.times[:0], batch.values[:0], batch.quality[:0], ())
    assert not describe_changes(empty, ONSET)[0].significant


def test_the_factor_between_two_units_from_one_reading_to_the_next_is_a_unit() -> None:
    x = 0.45 + noise(4, 0.004)
    change = change_of(np.where(T < BEFORE + 3, x, x * 10), "pressure")
    assert (change.kind, change.direction, change.significant) == ("unit", "up", True)
    grown = change_of(np.where(T < BEFORE, x, x * (1 + 9 * (T - BEFORE) / SINCE)), "pressure")
    assert grown.kind != "unit"


def test_single_wild_readings_now_and_then_are_spikes_and_no_unrest() -> None:
    x = 100 + noise(6)
    x[BEFORE + 10 :: 25] *= 1.6
    change = change_of(x)
    assert (change.kind, change.significant) == ("spike", True)


def test_a_small_shift_of_a_coarse_reading_is_told_by_its_share_of_the_next_step() -> None:
    shares = np.where(T < BEFORE, 0.25, 0.55)
    coarse = 32 + (np.random.default_rng(3).uniform(size=len(T)) < shares)
    change = change_of(coarse.astype(np.float64))
    assert change.before is not None and change.now is not None
    assert change.now - change.before == pytest.approx(0.3, abs=0.12)
    assert change.sureness > 4
    assert abs(change_of(32 + (noise(3) > 0.6).astype(np.float64)).sureness) < 3


def test_a_level_that_moves_within_the_window_is_no_unrest() -> None:
    change = change_of(100 + noise(2) + 40 * (len(T) - 20 <= T))
    assert change.kind not in ("variance", "oscillation")
    assert change.spread_ratio < 12


def test_readings_that_stay_out_again_and_again_are_a_dropout_of_every_channel() -> None:
    whole = batch_of(flow=100 + noise(1), pressure=5 + noise(2, 0.1))
    chance = np.random.default_rng(5).uniform(size=len(T))
    there = (T < BEFORE) | (chance > 0.5)
    lossy = ReadingBatch(
        "P", whole.channels, whole.times[there], whole.values[there], whole.quality[there],
        ("",) * int(there.sum()),
    )  # fmt: skip
    found = describe_changes(lossy, ONSET)
    assert {(c.kind, c.significant) for c in found} == {("dropout", True)}
    assert all(c.missing_share == pytest.approx(0.5, abs=0.12) for c in found)
    slower = (T < BEFORE) | (T % 3 == 0)
    thinned = ReadingBatch(
        "P", whole.channels, whole.times[slower], whole.values[slower], whole.quality[slower],
        ("",) * int(slower.sum()),
    )  # fmt: skip
    assert not any(c.significant for c in describe_changes(thinned, ONSET))


def test_another_unit_that_comes_long_after_the_onset_is_one_from_its_fifth_reading_on() -> None:
    x = 0.45 + noise(4, 0.004)
    left = T[-1] - T
    late = np.where(left >= 6, x, x * 10)
    assert change_of(late, "pressure").kind == "unit"
    assert change_of(np.where(left >= 4, x, x * 10), "pressure").kind != "unit"
