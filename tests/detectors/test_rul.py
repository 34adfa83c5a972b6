"""Remaining life, learned from machines that ran to failure."""

import numpy as np
import pytest

from opsmith.domain.readings import FloatArray
from opsmith.errors import BadInput
from opsmith_detectors.rul import RulModel, fails_within, remaining
from opsmith_detectors.rul_analogs import analogs_for, crossing_of, time_to_limit
from opsmith_detectors.rul_arrays import from_arrays, to_arrays
from opsmith_detectors.rul_features import follow
from opsmith_detectors.rul_training import Backtest, Life, train

CHANNELS = ("heat", "shake", "steady")


def machine(seed: int) -> Life:
    """Wears ever faster to the same end; what it reads depends on how it is run too."""
    rng = np.random.default_rng(seed)
    length = int(rng.integers(120, 260))
    left = np.arange(length - 1, -1, -1.0)
    wear = np.exp(-left / rng.uniform(25, 40))
    load = rng.choice([0.0, 1.0, 2.0], length)
    values = np.stack(
        [
            60 + 10 * wear + 8 * load**2 + rng.normal(0, 0.6, length),
            2 + 3 * wear + rng.normal(0, 0.25, length),
            np.full(length, 5.0),
        ],
        axis=1,
    )
    return Life(str(seed), values, load[:, None])


@pytest.fixture(scope="module")
def learned() -> tuple[RulModel, Backtest]:
    return train([machine(seed) for seed in range(24)], CHANNELS, ("load",))


def said_of(model: RulModel, life: Life) -> FloatArray:
    used = [CHANNELS.index(each) for each in model.scaling.channels]
    features = follow(model.scaling, life.values[:, used], life.conditions)
    return np.array([remaining(model, row).median for row in features])


def test_machines_that_it_never_saw_are_told_about_as_well_as_the_backtest_says(
    learned: tuple[RulModel, Backtest],
) -> None:
    model, backtest = learned
    off: list[FloatArray] = []
    for seed in range(100, 108):
        life = machine(seed)
        left = np.arange(len(life.values) - 1, -1, -1.0)
        off.append(said_of(model, life) - np.minimum(left, model.cap))
    rmse = float(np.sqrt(np.mean(np.concatenate(off) ** 2)))
    assert backtest.rmse < 20
    assert backtest.rmse_near < 10
    assert rmse == pytest.approx(backtest.rmse, rel=0.35)
    assert 0.7 <= backtest.coverage <= 0.9


def test_what_does_not_change_is_not_used_and_the_features_have_names(
    learned: tuple[RulModel, Backtest],
) -> None:
    scaling = learned[0].scaling
    assert scaling.channels == ("heat", "shake")
    life = machine(1)
    assert follow(scaling, life.values[:9, :2], life.conditions[:9]).shape == (
        9,
        len(scaling.names()),
    )


def test_a_missing_channel_and_a_missing_condition_still_get_an_answer(
    learned: tuple[RulModel, Backtest],
) -> None:
    model = learned[0]
    life = machine(2)
    values, conditions = life.values.copy(), life.conditions.copy()
    values[::3, 0] = np.nan
    conditions[::5] = np.nan
    said = said_of(model, Life("2", values, conditions))
    assert np.isfinite(said).all()
    assert said[-1] < 40 < said[0]


def test_a_model_comes_back_from_its_arrays_as_it_was(learned: tuple[RulModel, Backtest]) -> None:
    model = learned[0]
    again = from_arrays(to_arrays(model))
    assert np.array_equal(said_of(again, machine(3)), said_of(model, machine(3)))
    with pytest.raises(BadInput, match="learn it anew"):
        from_arrays({})


def test_the_chance_of_failing_rises_with_the_time_and_falls_with_the_life_left(
    learned: tuple[RulModel, Backtest],
) -> None:
    ahead = np.array([1.0, 20.0, 80.0, 400.0])
    worn, fresh = fails_within(learned[0], 10.0, ahead), fails_within(learned[0], 90.0, ahead)
    assert (np.diff(worn) >= 0).all()
    assert (worn >= fresh).all()
    assert worn[2] > 0.9
    assert fresh[0] < 0.05


def test_the_time_to_any_limit_comes_from_those_who_stood_there(
    learned: tuple[RulModel, Backtest],
) -> None:
    model = learned[0]
    analogs = analogs_for(model, "shake", 4.0)
    assert analogs is not None
    inside: list[bool] = []
    errors: list[float] = []
    for seed in range(100, 112):
        life = machine(seed)
        shake = life.values[:, 1]
        at = crossing_of(shake, 4.0, upward=True)
        if at is None:
            continue
        said = said_of(model, life)
        told = time_to_limit(analogs, shake[: at - 19], said[: at - 19])
        inside.append(told.low <= 20 <= told.high)
        errors.append(abs(told.median - 20))
    assert np.median(errors) < 8
    assert np.mean(inside) >= 0.6
    assert analogs_for(model, "shake", 50.0) is None
    assert analogs_for(model, "unknown", 1.0) is None


def test_too_few_machines_are_refused() -> None:
    with pytest.raises(BadInput, match="at least 8"):
        train([machine(seed) for seed in range(3)], CHANNELS, ("load",))
