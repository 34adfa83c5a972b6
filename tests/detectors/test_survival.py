"""How long a class of machines lives: a Weibull law, from runs that failed or were cut short."""

import numpy as np
import pytest

from opsmith.errors import BadInput
from opsmith_detectors.survival import either, fit_weibull


def test_a_law_is_found_again_though_half_of_the_runs_are_cut_short() -> None:
    rng = np.random.default_rng(1)
    lives = 5000 * rng.weibull(2.5, 400)
    ends = rng.uniform(0, 9000, 400)
    law = fit_weibull(np.minimum(lives, ends), lives <= ends)
    assert law.shape == pytest.approx(2.5, rel=0.15)
    assert law.scale == pytest.approx(5000, rel=0.08)
    assert law.shape_low < law.shape < law.shape_high
    assert law.censored > 100


def test_the_old_fail_sooner_than_the_new_where_machines_wear_out() -> None:
    rng = np.random.default_rng(2)
    law = fit_weibull(1000 * rng.weibull(3, 100), np.ones(100, dtype=np.bool_))
    assert law.fails_within(900, 100) > 4 * law.fails_within(100, 100)
    assert law.fails_within(900, law.remaining(900, 0.5)) == pytest.approx(0.5)
    assert law.survival(0) == 1
    assert law.fails_within(500, 0) == 0


def test_two_failures_at_one_age_do_not_say_that_all_fail_at_that_age() -> None:
    law = fit_weibull(np.array([1000.0, 1001.0]), np.array([True, True]))
    assert law.shape < 6


def test_without_a_failure_there_is_no_law() -> None:
    with pytest.raises(BadInput, match="failure"):
        fit_weibull(np.array([10.0, 20.0]), np.array([False, False]))


def test_several_causes_add_up_to_more_than_each() -> None:
    assert either(0.5, 0.5) == 0.75
    assert either() == 0
    assert either(1.0, 0.2) == 1
