"""What closed orders teach the ranking, and how little one person can make of it."""

import math
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_orders import BEGIN, accuracy, cases, entries_of, judged, learned_of, lies

from opsmith_kb.learn import (
    BOUND,
    DAILY,
    RIDGE,
    SHARE,
    Judged,
    explained,
    learn,
    verdict_of,
    weights,
)
from opsmith_kb.matrix import NOT_ESTABLISHED, SHARPNESS

HELD = 150
NOISE = 2 * math.sqrt(0.25 / HELD)
"""Two standard errors of a share of so many."""


def outcomes(*found: tuple[str, str, float]) -> list[Judged]:
    """(what was found, by whom, on which day) where three modes were as likely."""
    even = {"a": 0.3, "b": 0.3, "c": 0.3, NOT_ESTABLISHED: 0.1}
    return [
        Judged(f"WO-{i}", even, mode, by, BEGIN + timedelta(days=day))
        for i, (mode, by, day) in enumerate(found)
    ]


@pytest.mark.parametrize("class_", ["pump", "compressor"])
def test_two_hundred_orders_make_the_ranking_better_and_one_liar_does_not_undo_it(
    class_: str,
) -> None:
    rng = np.random.default_rng(7)
    made = cases(class_, 200 + HELD, rng, seed=0)
    taught, held = made[:200], made[200:]
    told = [judged(one, i, entries_of(class_)) for i, one in enumerate(taught)]
    false = lies(told, 500, rng)
    before, after = accuracy(held, {}), accuracy(held, learned_of(told))
    assert after > before + 0.05
    assert accuracy(held, learned_of([*told, *false])) > before
    assert accuracy(held, learned_of(false)) > before - NOISE


def test_what_is_learned_is_what_was_found_more_often_than_expected() -> None:
    told = outcomes(*(("a", f"p{i % 4}", i) for i in range(24)), ("b", "p1", 30), ("b", "p2", 31))
    learned = learn(told, BEGIN + timedelta(days=32), SHARPNESS)
    assert learned["a"].offset > 0.3 > 0 > learned["c"].offset
    assert learned["a"].found > learned["a"].expected
    assert NOT_ESTABLISHED not in learned
    assert "26 closed orders" in explained(learned["a"], 26, "en")
    assert f"{learned['a'].offset:+.2f}" in explained(learned["a"], 26, "zh")


def test_few_outcomes_or_such_as_foretell_nothing_teach_nothing() -> None:
    few = outcomes(("a", "p", 0), ("a", "q", 1), ("b", "r", 2))
    even = outcomes(*(("abc"[i % 3], f"p{i % 5}", i) for i in range(60)))
    assert learn(few, BEGIN, SHARPNESS) == {}
    assert learn([], BEGIN, SHARPNESS) == {}
    learned = learn(even, BEGIN + timedelta(days=60), SHARPNESS)
    told = [learned[name].offset if name in learned else 0.0 for name in "abc"]
    assert max(told) - min(told) < 0.1


def test_an_outcome_counts_half_after_a_year_and_no_more_than_so_many_a_day() -> None:
    old, new = weights(outcomes(("a", "p", -365), ("a", "q", 0)), BEGIN)
    assert (old, new) == (pytest.approx(0.5), pytest.approx(1.0))
    busy = weights(outcomes(*(("a", "p", 0.001 * i) for i in range(3 * DAILY))), BEGIN)
    assert np.count_nonzero(busy) == DAILY


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("pqr"), st.integers(0, 400)),
                max_size=60), st.randoms(use_true_random=False))  # fmt: skip
def test_nobody_has_more_than_his_share_and_the_order_of_outcomes_does_not_matter(
    found: list[tuple[str, str, int]], chance: object
) -> None:
    told = outcomes(*found)
    now = BEGIN + timedelta(days=400)
    weight = weights(told, now)
    whole = RIDGE + weight.sum()
    for person in "pqr":
        own = sum(w for w, one in zip(weight, told, strict=True) if one.by == person)
        assert own <= SHARE * whole + 1e-6
    learned = learn(told, now, SHARPNESS)
    assert all(abs(one.offset) <= BOUND for one in learned.values())
    assert weights(list(reversed(told)), now)[::-1] == pytest.approx(weight)


def test_a_diagnosis_is_held_against_what_was_found() -> None:
    told = ("cavitation", "seal_leak", "bearing_wear", "misalignment")
    assert verdict_of("cavitation", (), told, "cavitation") == "right"
    assert verdict_of("cavitation", (), told, "bearing_wear") == "partly"
    assert verdict_of("cavitation", ("misalignment",), told, "misalignment") == "partly"
    assert verdict_of("cavitation", (), told, "misalignment") == "wrong"
    assert verdict_of("cavitation", (), told, "none") == "wrong"
    assert verdict_of(None, (), told, "other") == "wrong"
    assert verdict_of("cavitation", (), told, None) == "unknown"
