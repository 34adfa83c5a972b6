"""Learn from closed orders how often each failure mode occurs on a class: bounded, explained.

The ranking by readings multiplies what the channels say with a prior of each mode. What closed
orders say of the priors is fitted to them: offsets b that make what was found likelier,

    sum_i w_i log p_i(found_i) - RIDGE / 2 * |sharpness * b|^2,
    p_i(m) ~ p0_i(m) * exp(sharpness * b_m),

with |b_m| <= `BOUND`; p0 is the ranking without anything learned. It is concave, so there is one
best, whatever the order in which the outcomes came. After Saerens, Latinne and Decaestecker
(2002), Neural Computation 14(1), 21-41, who adjust a classifier to other priors; the ridge keeps
few outcomes from saying much. It is kept only where it would have foretold outcomes that it was
not fitted to.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from opsmith.domain.base import Language
from opsmith.domain.learning import NOTHING, OTHER, Verdict
from opsmith_kb.matrix import NOT_ESTABLISHED

BOUND = 1.0
"""Most that is added to a prior or taken from it, in log odds."""
RIDGE = 6.0
"""Outcomes that hold the offsets at 0: about so many have to speak against it."""
SHARE = 1 / 3
"""Most of the whole weight, `RIDGE` among it, that one person's outcomes have."""
DAILY = 5
"""Outcomes of a person that count on one day (UTC)."""
HALF_LIFE = timedelta(days=365)
"""After which an outcome counts half: machines and their work change."""

_FOLDS = 5
_STEPS = 60
_LEAST = 0.01
"""Offsets nearer to 0 are none."""
_SURE = 1e-9

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """The ranking of an alert, and what its order found."""

    order_no: str
    ranked: Mapping[str, float]
    """Probability of each mode, `NOT_ESTABLISHED` among them, without what was learned."""
    found: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Learned:
    """What is added to the prior of a mode, and on what ground."""

    offset: float
    """Log odds, within `BOUND`."""
    found: float
    """Weight of the orders in which it was found."""
    expected: float
    """Of that weight the readings alone expected so much."""


def verdict_of(
    diagnosed: str | None, also: Sequence[str], told: Sequence[str], found: str | None
) -> Verdict:
    """How a diagnosis compares with what was found.

    It is `partly` right where it named another mode first but told this one among those that
    stand at the same time, or among its three likeliest.

    >>> verdict_of("bearing_wear", (), ("bearing_wear", "misalignment"), "misalignment")
    'partly'
    >>> verdict_of(None, (), (), "none"), verdict_of("cavitation", (), ("cavitation",), None)
    ('right', 'unknown')
    """
    if found is None:
        return "unknown"
    if found == diagnosed or (found == NOTHING and diagnosed is None):
        return "right"
    return "partly" if found in also or found in told[:3] else "wrong"


def weights(judged: Sequence[Judged], now: datetime) -> Floats:
    """How much each outcome counts: less with age, none beyond `DAILY`, `SHARE` at most a person's.

    Returns:
        Shape (n,), 0 to 1.
    """
    if not judged:
        return np.zeros(0)
    ages = np.array([(now - one.at) / HALF_LIFE for one in judged])
    counted = 0.5 ** np.maximum(ages, 0.0)
    of_day = Counter[tuple[str, object]]()
    for i in sorted(range(len(judged)), key=lambda i: (judged[i].at, judged[i].order_no)):
        day = (judged[i].by, judged[i].at.date())
        of_day[day] += 1
        if of_day[day] > DAILY:
            counted[i] = 0.0
    people = sorted({one.by for one in judged})
    own = np.array([[one.by == name for one in judged] for name in people])
    sums = own @ counted
    capped = sums.copy()
    for _ in range(200):
        # Each cap lowers the whole, and so the others' caps.
        capped = np.minimum(capped, SHARE * (RIDGE + capped.sum()))
    factors = np.where(sums > 0, capped / np.maximum(sums, _SURE), 0.0)
    return counted * (factors @ own)


def learn(judged: Sequence[Judged], now: datetime, sharpness: float) -> dict[str, Learned]:
    """What the outcomes of one device class add to the priors of its failure modes.

    Args:
        judged: Outcomes of one class; those whose mode was not ranked teach nothing here.
        now: As of when.
        sharpness: What log odds are multiplied by, as the ranking does.

    Returns:
        By mode, without those that hardly change; empty where it would not have helped.
    """
    asked = [one for one in judged if _target(one.found) in one.ranked]
    weight = weights(asked, now)
    kept = [(one, w) for one, w in zip(asked, weight, strict=True) if w > 0]
    if not kept:
        return {}
    modes = sorted({name for one, _ in kept for name in one.ranked} | {NOT_ESTABLISHED})
    place = {name: i for i, name in enumerate(modes)}
    base = np.full((len(kept), len(modes)), 0.0)
    for i, (one, _) in enumerate(kept):
        for name, probability in one.ranked.items():
            base[i, place[name]] = max(probability, 1e-6)
    base /= base.sum(axis=1, keepdims=True)
    found = np.array([place[_target(one.found)] for one, _ in kept])
    weight = np.array([w for _, w in kept])
    fixed = place[NOT_ESTABLISHED]
    if not _helps(base, found, weight, fixed, sharpness):
        return {}
    offsets = _fit(base, found, weight, fixed, sharpness)
    seen = np.bincount(found, weights=weight, minlength=len(modes))
    expected = weight @ base
    return {
        name: Learned(round(float(offsets[i]), 3), round(float(seen[i]), 2),
                      round(float(expected[i]), 2))
        for name, i in place.items()
        if abs(offsets[i]) >= _LEAST
    }  # fmt: skip


def unlearned(
    ranked: Mapping[str, float], offsets: Mapping[str, float], sharpness: float
) -> dict[str, float]:
    """Probabilities as they would have been without the offsets, as far as they are told.

    >>> unlearned({"a": 0.5, "b": 0.5}, {"a": 0.0}, 1.6)
    {'a': 0.5, 'b': 0.5}
    """
    odds = {
        name: probability * float(np.exp(-sharpness * offsets.get(name, 0.0)))
        for name, probability in ranked.items()
    }
    before, after = sum(ranked.values()), sum(odds.values())
    if after <= 0:
        return dict(ranked)
    return {name: round(min(1.0, one * before / after), 6) for name, one in odds.items()}


def explained(learned: Learned, orders: int, language: Language) -> str:
    """Why a prior is not what the entry says, in words."""
    how = f"{learned.offset:+.2f}"
    if language == "zh":
        return (
            f"{orders} 张已关闭工单中（加权）发现 {learned.found:g} 次，"
            f"仅凭读数预期 {learned.expected:g} 次：先验对数几率 {how}（限于 ±{BOUND:g}）"
        )
    return (
        f"Found {learned.found:g} times (weighted) in {orders} closed orders where the readings "
        f"alone expected {learned.expected:g}: prior {how} log odds (at most ±{BOUND:g})"
    )


def _target(found: str) -> str:
    return NOT_ESTABLISHED if found in (NOTHING, OTHER) else found


def _fit(base: Floats, found: NDArray[np.intp], weight: Floats, fixed: int, sharp: float) -> Floats:
    """The offsets, by damped Newton steps along the diagonal; `fixed` stays 0."""
    offsets = np.zeros(base.shape[1])
    seen = np.bincount(found, weights=weight, minlength=base.shape[1])
    for _ in range(_STEPS):
        now = _adjusted(base, offsets, sharp)
        slope = seen - weight @ now - RIDGE * sharp * offsets
        bend = sharp * (weight @ (now * (1 - now)) + RIDGE)
        offsets = np.clip(offsets + 0.7 * slope / bend, -BOUND, BOUND)
        offsets[fixed] = 0.0
    return offsets


def _adjusted(base: Floats, offsets: Floats, sharp: float) -> Floats:
    odds = base * np.exp(sharp * offsets)
    return odds / odds.sum(axis=1, keepdims=True)


def _helps(base: Floats, found: NDArray[np.intp], weight: Floats, fixed: int, sharp: float) -> bool:
    """Whether offsets fitted without a fifth of the outcomes make that fifth likelier, in sum."""
    count = len(found)
    if count < _FOLDS:
        return False
    fold = np.arange(count) % _FOLDS
    gain = 0.0
    for part in range(_FOLDS):
        rest, held = fold != part, fold == part
        offsets = _fit(base[rest], found[rest], weight[rest], fixed, sharp)
        after = _adjusted(base[held], offsets, sharp)
        rows = np.arange(int(held.sum()))
        change = np.log(after[rows, found[held]]) - np.log(base[held][rows, found[held]])
        gain += float(weight[held] @ change)
    return gain > 0
