"""A device with one channel: what it is found to do, and how seldom it is disturbed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsmith.compiled import lean
from opsmith_detectors import univariate
from opsmith_detectors.univariate import GRACE, OUT, RATE, UNIVARIATE
from opsmith_detectors.univariate_events import KINDS

Floats = npt.NDArray[np.float64]
START_US = 1_767_571_200_000_000
"""Monday, 5 January 2026, 00:00 UTC."""
FIVE_MINUTES, SECOND = 300.0, 1.0
DAY = 288


@lean
def drive(
    records: npt.NDArray[Any], times: npt.NDArray[Any], x: Floats, rate: float, out: Floats
) -> None:
    for i in range(len(x)):
        univariate.step(records, 0, times[i], x[i], rate, out[i])


def watch(
    x: Floats,
    interval: float,
    rate: float = RATE,
    records: npt.NDArray[Any] | None = None,
    at: int = 0,
) -> Floats:
    """What `step` gives for each reading; shape (n, OUT)."""
    out = np.zeros((len(x), OUT))
    times = START_US + (at + np.arange(len(x))) * int(interval * 1e6)
    drive(np.zeros(1, UNIVARIATE) if records is None else records, times, x, rate, out)
    return out


def onsets(out: Floats) -> list[int]:
    return [int(i) for i in np.flatnonzero(np.diff(out[:, 4], prepend=0.0) > 0)]


def delay(out: Floats, at: int, within: int) -> int | None:
    """Readings from `at` to the first onset."""
    return next((i - at for i in onsets(out) if at <= i < at + within), None)


def daily(seed: int, n: int = 28 * DAY, height: float = 10.0) -> Floats:
    """A daily wave every five minutes, with noise of one unit."""
    noise = np.random.default_rng(seed).normal(size=n)
    return 50 + height * np.sin(2 * np.pi * np.arange(n) / DAY) + noise


@lean
def correlate(e: Floats, a: float) -> None:
    for i in range(1, len(e)):
        e[i] = a * e[i - 1] + np.sqrt(1 - a * a) * e[i]


def vibration(seed: int, days: int = 1) -> Floats:
    """One reading a second: correlated noise, wander of ten minutes, a daily wave."""
    rng, n = np.random.default_rng(seed), 86_400 * days
    noise, wander = rng.normal(size=n), rng.normal(size=n)
    correlate(noise, 0.7)
    correlate(wander, 1 - 1 / 600)
    return 2 + 0.05 * (noise + wander) + 0.1 * np.sin(2 * np.pi * np.arange(n) / 86_400)


AT = 5_000
"""Reading at which faults begin: the eighteenth day."""


def spike(x: Floats) -> None:
    x[AT] += 8


def step_up(x: Floats) -> None:
    x[AT:] += 5


def flat(x: Floats) -> None:
    x[AT : AT + 600] = x[AT]


def unrest(x: Floats) -> None:
    x[AT:] += np.random.default_rng(9).normal(0, 4, len(x) - AT)


@pytest.mark.parametrize(
    ("fault", "kind", "within"),
    [(spike, "spike", 1), (step_up, "step", 12), (flat, "flat", 15), (unrest, "variance", 24)],
)
def test_a_fault_is_found_within_readings_and_its_kind_is_named(
    fault: Callable[[Floats], None], kind: str, within: int
) -> None:
    found, named = 0, 0
    for seed in range(10):
        x = daily(seed)
        fault(x)
        out = watch(x, FIVE_MINUTES)
        late = delay(out, AT, within)
        if late is not None:
            found += 1
            stood = out[AT + late :, 4].argmin()
            named += KINDS[int(out[AT + late + stood - 1, 3])] == kind
    assert found >= 9
    assert named >= 8


def test_a_day_without_its_pattern_is_found_before_it_is_over() -> None:
    missing = slice(17 * DAY, 18 * DAY)
    for seed in range(5):
        x = daily(seed)
        x[missing] = daily(seed, height=0.0)[missing]
        assert delay(watch(x, FIVE_MINUTES), missing.start, DAY // 3) is not None


def test_direction_and_expected_value_of_a_spike_are_told() -> None:
    x = daily(3)
    x[AT] -= 12
    out = watch(x, FIVE_MINUTES)
    assert out[AT, 0] >= 1
    assert out[AT, 1] == pytest.approx(50 + 10 * np.sin(2 * np.pi * AT / DAY), abs=2)
    assert out[AT, 2] < -5


def test_a_step_stands_while_it_is_news_and_is_taken_over_in_time() -> None:
    for seed in range(5):
        x = daily(seed)
        x[AT:] += 8
        stands = watch(x, FIVE_MINUTES)[AT:, 4]
        assert stands[1:400].all()
        assert not stands[1_500:2_000].any()


def test_four_healthy_weeks_raise_one_alert_at_most_on_average() -> None:
    assert np.mean([len(onsets(watch(daily(seed), FIVE_MINUTES))) for seed in range(20)]) <= 1


def test_a_healthy_vibration_at_one_hertz_alerts_less_than_weekly() -> None:
    alerts = sum(len(onsets(watch(vibration(seed, days=2), SECOND))) for seed in range(4))
    assert alerts <= 1


def test_steps_of_a_vibration_are_found_at_one_hertz() -> None:
    at = 50_000
    for seed in range(5):
        x = vibration(seed)
        x[at:] += 0.6
        late = delay(watch(x, SECOND), at, 10)
        assert late is not None


def test_who_accepts_fewer_false_alerts_gets_fewer() -> None:
    def count(rate: float) -> int:
        return sum(len(onsets(watch(daily(seed), FIVE_MINUTES, rate))) for seed in range(10))

    assert count(10.0) > count(1.0) > count(0.01) == 0


series = st.integers(0, 2**31).map(
    lambda seed: (
        np.random.default_rng(seed).choice(
            [1.0, 1.0, 1.0, 40.0, np.nan], size=400, p=[0.3, 0.3, 0.3, 0.05, 0.05]
        )
        * np.random.default_rng(seed + 1).normal(50, 5, 400)
    )
)


@given(series, st.integers(1, 399))
@settings(max_examples=25, deadline=None)
def test_a_state_restored_from_its_bytes_goes_on_as_if_nothing_had_been(
    x: Floats, cut: int
) -> None:
    whole = watch(x, FIVE_MINUTES)
    records = np.zeros(1, UNIVARIATE)
    first = watch(x[:cut], FIVE_MINUTES, records=records)
    restored = np.frombuffer(bytearray(records.tobytes()), UNIVARIATE)
    rest = watch(x[cut:], FIVE_MINUTES, records=restored, at=cut)
    assert np.array_equal(whole, np.concatenate([first, rest]), equal_nan=True)


@given(series, st.sampled_from([2.0**-10, 0.5, 4.0, 2.0**20]))
@settings(max_examples=25, deadline=None)
def test_the_unit_does_not_matter(x: Floats, unit: float) -> None:
    assert np.array_equal(watch(x, FIVE_MINUTES)[:, 0], watch(unit * x, FIVE_MINUTES)[:, 0])


def test_an_offset_hardly_matters() -> None:
    x = daily(5)
    step_up(x)
    plain, offset = watch(x, FIVE_MINUTES), watch(x + 1e4, FIVE_MINUTES)
    assert onsets(plain) == onsets(offset) != []


@given(series)
@settings(max_examples=25, deadline=None)
def test_the_first_readings_raise_nothing(x: Floats) -> None:
    given_ = x[~np.isnan(x)]
    out = watch(given_, FIVE_MINUTES)
    assert not out[:GRACE, 0].any() and not out[:GRACE, 4].any()


@given(series)
@settings(max_examples=25, deadline=None)
def test_missing_values_are_neither_scored_nor_learnt(x: Floats) -> None:
    records, again = np.zeros(1, UNIVARIATE), np.zeros(1, UNIVARIATE)
    present = ~np.isnan(x)
    out = watch(x, FIVE_MINUTES, records=records)
    times = START_US + np.flatnonzero(present) * int(FIVE_MINUTES * 1e6)
    drive(again, times, x[present], RATE, np.zeros((present.sum(), OUT)))
    assert records.tobytes() == again.tobytes()
    assert not out[~present, 0].any()


def test_a_state_is_small() -> None:
    assert UNIVARIATE.itemsize <= 3_200
