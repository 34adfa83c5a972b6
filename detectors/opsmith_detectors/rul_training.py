"""Learn a remaining life from machines that ran to failure, and say how well it does on others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingRegressor  # pyright: ignore[reportMissingTypeStubs]

from opsmith.domain.readings import FloatArray
from opsmith.errors import BadInput
from opsmith_detectors.rul import PARTS, Lives, RulModel, Trees
from opsmith_detectors.rul_features import TYPICAL_LIFE, Scaling, follow, quadratic

FOLDS = 5
FEWEST = 8
"""Machines below which nothing is learned."""
CAP = 125.0
"""Of a life of 200 readings: what is further off does not show yet. Heimes (2008), PHM."""
FAR, FAR_WEIGHT = 1.16, 0.3
"""Readings further from the failure than so many caps, whose target is the cap anyway, count less:
on engines 51-70, learned from 1-50, it took the error at a cut 7 to 145 cycles before the failure
from 14.8 to 14.3; over all 70 in folds it changes nothing."""
SETTINGS: dict[str, Any] = {
    "max_iter": 250,
    "learning_rate": 0.05,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 40,
    "l2_regularization": 1.0,
    "max_features": 0.3,
    "early_stopping": False,
    "random_state": 0,
}


@dataclass(frozen=True, slots=True, eq=False)
class Life:
    """One machine, from new until it failed with the last reading."""

    machine: str
    values: FloatArray
    """Shape (n, c)."""
    conditions: FloatArray
    """Shape (n, k)."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """How the model did on machines that it had not seen."""

    machines: int
    readings: int
    rmse: float
    """Readings; of the remaining life, capped, over all readings."""
    rmse_near: float
    """Over those within 30 readings (of a life of 200) of the failure."""
    mae: float
    coverage: float
    """Share of the true lives within the 80 % interval that the other folds gave."""


def train(
    lives: Sequence[Life],
    channels: tuple[str, ...],
    conditions: tuple[str, ...] = (),
    progress: Callable[[int, int], None] | None = None,
) -> tuple[RulModel, Backtest]:
    """Learn from machines that ran to failure.

    Args:
        lives: At least `FEWEST` machines.
        channels: The c columns of their values.
        conditions: The k columns of their conditions.
        progress: Is told how many of the folds are done, of how many.

    Raises:
        BadInput: Too few machines, or nothing that changes.
    """
    if len(lives) < FEWEST:
        raise BadInput(
            f"{len(lives)} machines that ran to failure; at least {FEWEST} are needed to learn from"
        )
    stretch = _stretch([len(life.values) for life in lives])
    cap = CAP * stretch
    used = _telling(lives)
    if not used:
        raise BadInput("No channel changes in the given files: there is nothing to learn from")
    lives = [Life(life.machine, life.values[:, used], life.conditions) for life in lives]
    names = tuple(channels[i] for i in used)
    order = np.random.default_rng(0).permutation(len(lives))
    folds = [set(order[i::FOLDS].tolist()) for i in range(FOLDS)]
    scaling = _scaling(lives, names, conditions, stretch)
    features = [follow(scaling, life.values, life.conditions) for life in lives]
    truth = [np.arange(len(life.values) - 1, -1, -1.0) for life in lives]
    said: dict[int, FloatArray] = {}
    grown: list[Any] = []
    for number, out in enumerate(folds):
        kept = [i for i in range(len(lives)) if i not in out]
        model: Any = HistGradientBoostingRegressor(**SETTINGS)
        left = np.concatenate([truth[i] for i in kept])
        model.fit(
            np.concatenate([features[i] for i in kept]),
            np.minimum(left, cap),
            sample_weight=np.where(left > FAR * cap, FAR_WEIGHT, 1.0),
        )
        grown.append(model)
        for i in out:
            said[i] = np.clip(model.predict(features[i]), 0, cap)
        if progress is not None:
            progress(number + 1, FOLDS)
    trees = _plain(grown, features[0])
    everything = [said[i] for i in range(len(lives))]
    grid, quantiles = _quantiles(everything, truth, cap)
    result = RulModel(
        scaling=scaling,
        trees=trees,
        lives=Lives(
            machine=np.repeat(np.arange(len(lives)), [len(x) for x in truth]).astype(np.int32),
            values=np.concatenate([life.values for life in lives]).astype(np.float32),
            said=np.concatenate(everything).astype(np.float32),
        ),
        cap=cap,
        grid=grid,
        quantiles=quantiles,
    )
    return result, _backtest(everything, truth, folds, cap, stretch)


def _stretch(lengths: Sequence[int]) -> float:
    """Typical life by 200 readings; 1 where it is about that."""
    found = float(np.median(lengths)) / TYPICAL_LIFE
    return 1.0 if 0.6 <= found <= 1.7 else found


def _telling(lives: Sequence[Life]) -> list[int]:
    """Columns that take more than two values."""
    table = np.concatenate([life.values for life in lives])
    return [
        i for i in range(table.shape[1]) if len(np.unique(table[np.isfinite(table[:, i]), i])) > 2
    ]


def _scaling(
    lives: Sequence[Life], names: tuple[str, ...], conditions: tuple[str, ...], stretch: float
) -> Scaling:
    early = [max(2, int(0.4 * len(life.values))) for life in lives]
    values = np.concatenate([life.values[:n] for life, n in zip(lives, early, strict=True)])
    states = np.concatenate([life.conditions[:n] for life, n in zip(lives, early, strict=True)])
    middle = np.nanmean(states, axis=0) if states.shape[1] else np.zeros(0)
    spread = np.nanstd(states, axis=0) if states.shape[1] else np.zeros(0)
    spread = np.where(spread > 1e-9, spread, 1.0)
    states = np.where(np.isfinite(states), states, middle)
    terms = quadratic((states - middle) / spread)
    effect = _effect(terms, np.where(np.isfinite(values), values, np.nanmean(values, axis=0)))
    everything = np.concatenate([life.values for life in lives])
    all_states = np.concatenate([life.conditions for life in lives])
    all_states = np.where(np.isfinite(all_states), all_states, middle)
    free = everything - quadratic((all_states - middle) / spread) @ effect
    mean, wide = np.nanmean(free, axis=0), np.nanstd(free, axis=0)
    bare = Scaling(
        names,
        conditions,
        middle,
        spread,
        effect,
        mean,
        np.where(wide > 1e-12, wide, 1.0),
        np.zeros(len(names)),
        stretch,
    )
    return _fused(bare, lives)


def _effect(terms: FloatArray, values: FloatArray) -> FloatArray:
    """Least squares; 0 where the conditions explain less than a twentieth of a channel."""
    if not terms.shape[1]:
        return np.zeros((0, values.shape[1]))
    centred = terms - terms.mean(axis=0)
    away = values - values.mean(axis=0)
    grid: FloatArray = centred.T @ centred + 1e-6 * len(terms) * np.eye(terms.shape[1])
    shared: FloatArray = centred.T @ away
    found = np.asarray(np.linalg.solve(grid, shared), dtype=np.float64)
    left = np.square(away - centred @ found).sum(axis=0)
    return np.where(left < 0.95 * np.square(away).sum(axis=0), found, 0.0)


def _fused(scaling: Scaling, lives: Sequence[Life]) -> Scaling:
    """Add the first principal component of the smoothed channels, which is mostly the wear.

    It looks at no remaining life, so that a fold's machines tell the others nothing.
    """
    width = len(scaling.channels)
    tables = [follow(scaling, life.values, life.conditions)[:, :width] for life in lives]
    table = np.concatenate(tables)
    _, vectors = np.linalg.eigh(np.cov(table, rowvar=False).reshape(width, width))
    first = vectors[:, -1]
    grown = np.mean([(each[-1] - each[0]) @ first for each in tables])
    return replace(scaling, fused=first * (1.0 if grown >= 0 else -1.0) / np.sqrt(width))


def _plain(models: Sequence[Any], probe: FloatArray) -> Trees:
    """The trees as plain arrays; checked against the library's own answer."""
    nodes = [stage[0].nodes for model in models for stage in model._predictors]
    most = max(len(each) for each in nodes)

    def table(field: str, kind: Any, fill: float) -> Any:
        out = np.full((len(nodes), most), fill, dtype=kind)
        for row, each in enumerate(nodes):
            out[row, : len(each)] = each[field]
        return out

    leaf = table("is_leaf", np.bool_, True)
    itself = np.arange(most, dtype=np.int32)
    found = Trees(
        feature=np.where(leaf, -1, table("feature_idx", np.int32, -1)).astype(np.int32),
        limit=np.where(leaf, 0.0, table("num_threshold", np.float64, 0)),
        left=np.where(leaf, itself, table("left", np.int32, 0)),
        right=np.where(leaf, itself, table("right", np.int32, 0)),
        value=np.where(leaf, table("value", np.float64, 0), 0.0),
        base=float(np.mean([np.ravel(model._baseline_prediction)[0] for model in models])),
        models=len(models),
    )
    ours = [found.predict(row) for row in probe[::10]]
    theirs = np.mean([model.predict(probe[::10]) for model in models], axis=0)
    if not np.allclose(ours, theirs, atol=1e-6):
        raise BadInput("This release of scikit-learn keeps its trees in a way that is not known")
    return found


def _quantiles(
    said: Sequence[FloatArray], truth: Sequence[FloatArray], cap: float
) -> tuple[FloatArray, FloatArray]:
    """How long machines lived on of which such a remaining life was said."""
    every, real = np.concatenate(said), np.concatenate(truth)
    grid = np.linspace(0, cap, 14)
    step = grid[1]
    rows: list[FloatArray] = []
    for at in grid:
        reach = step
        near = np.abs(every - at) <= reach
        while near.sum() < min(200, len(every)):
            reach *= 1.5
            near = np.abs(every - at) <= reach
        rows.append(np.maximum(0.0, at + np.quantile(real[near] - every[near], PARTS)))
    return grid, np.array(rows)


def _backtest(
    said: Sequence[FloatArray],
    truth: Sequence[FloatArray],
    folds: Sequence[set[int]],
    cap: float,
    stretch: float,
) -> Backtest:
    off = np.concatenate([s - np.minimum(t, cap) for s, t in zip(said, truth, strict=True)])
    real = np.concatenate(truth)
    inside: list[npt.NDArray[np.bool_]] = []
    for out in folds:
        kept = [i for i in range(len(said)) if i not in out]
        grid, quantiles = _quantiles([said[i] for i in kept], [truth[i] for i in kept], cap)
        low, high = (quantiles[:, list(PARTS).index(part)] for part in (0.1, 0.9))
        for i in out:
            reach = np.interp(said[i], grid, low), np.interp(said[i], grid, high)
            inside.append((truth[i] >= reach[0]) & (truth[i] <= reach[1]))
    return Backtest(
        machines=len(said),
        readings=len(off),
        rmse=float(np.sqrt(np.mean(off**2))),
        rmse_near=float(np.sqrt(np.mean(off[real <= 30 * stretch] ** 2))),
        mae=float(np.mean(np.abs(off))),
        coverage=float(np.mean(np.concatenate(inside))),
    )
