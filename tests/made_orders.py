"""Closed orders of a made plant with a known truth: what is ranked, found, and by whom it is told.

Failure modes occur as often as a plant of its own has them, not as the knowledge expects; each
shows in its channels but for some that it happens to spare, and now and then another one moves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from opsmith.domain.changes import ChannelChange
from opsmith.domain.knowledge import KnowledgeEntry
from opsmith_kb.classes import applies_to
from opsmith_kb.learn import Judged, Learned, learn
from opsmith_kb.load import load_entries
from opsmith_kb.matrix import SHARPNESS, rank

CHANNELS: Mapping[str, tuple[str, ...]] = {
    "pump": ("bearing_temperature", "current", "flow", "pressure", "temperature", "vibration"),
    "motor": ("current", "speed", "temperature", "vibration", "voltage"),
    "compressor": ("current", "oil_temperature", "pressure", "temperature", "vibration"),
}
"""What the made devices measure."""
BEGIN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
PEOPLE = ("ann", "bob", "chen", "ding")
_SHOWN = 0.8
_STRAY = 0.06


@dataclass(frozen=True)
class Case:
    """One order: how the channels changed, and what it really was."""

    class_: str
    changes: tuple[ChannelChange, ...]
    truth: str
    by: str
    at: datetime


def entries_of(class_: str) -> tuple[KnowledgeEntry, ...]:
    """The packaged entries that hold for a class and show in what is measured."""
    return tuple(
        one
        for one in load_entries()
        if applies_to(one, class_)
        and one.category != "sensor"
        and any(sign.channel in CHANNELS[class_] and sign.weight > 0 for sign in one.signs)
    )


def cases(class_: str, count: int, rng: np.random.Generator, seed: int) -> list[Case]:
    """Orders in the order in which they were closed; `seed` makes the plant, `rng` the chance."""
    entries = entries_of(class_)
    places = np.random.default_rng(seed).permutation(len(entries))
    often = 1.0 / (1.0 + places.astype(float))
    drawn = [int(k) for k in rng.choice(len(entries), size=count, p=often / often.sum())]
    return [
        Case(
            class_,
            _changes(entries[k], CHANNELS[class_], rng),
            entries[k].entry_id,
            PEOPLE[i % len(PEOPLE)],
            BEGIN + timedelta(hours=9 * i),
        )
        for i, k in enumerate(drawn)
    ]


def _changes(
    entry: KnowledgeEntry, channels: Sequence[str], rng: np.random.Generator
) -> tuple[ChannelChange, ...]:
    made = list[ChannelChange]()
    for channel in channels:
        signs = [one for one in entry.signs if one.channel == channel and one.weight > 0]
        way: Any = "none"
        kind: Any = "unknown"
        if signs and rng.random() < _SHOWN:
            sign = signs[int(rng.integers(len(signs)))]
            way = sign.direction
            if way == "any":
                way = "up" if rng.random() < 0.5 else "down"
            kind = sign.kinds[0] if sign.kinds else "ramp"
        elif rng.random() < _STRAY:
            way, kind = ("up" if rng.random() < 0.5 else "down"), "ramp"
        moved = way != "none"
        made.append(
            ChannelChange(
                channel=channel,
                before=None,
                now=0.0,
                sigmas={"up": 10.0, "down": -10.0, "none": 0.0}[way],
                spread_ratio=1.0,
                direction=way,
                kind=kind if moved else "unknown",
                significant=moved,
                missing_share=0.0,
            )
        )
    return tuple(made)


def with_priors(
    entries: Sequence[KnowledgeEntry], learned: Mapping[str, Learned]
) -> tuple[KnowledgeEntry, ...]:
    """The entries as the ranking has them once that was learned."""
    return tuple(
        one.model_copy(update={"prior": one.prior + learned[one.entry_id].offset})
        if one.entry_id in learned
        else one
        for one in entries
    )


def judged(case: Case, number: int, entries: Sequence[KnowledgeEntry]) -> Judged:
    """What is kept of an order: the ten likeliest by the readings, and what was found."""
    ranked = rank(case.changes, case.class_, entries)
    told = {one.entry_id: one.probability for one in ranked if one.entry is not None}
    likeliest = sorted(told, key=lambda name: -told[name])[:10]
    kept = {name: told[name] for name in likeliest}
    kept |= {one.entry_id: one.probability for one in ranked if one.entry is None}
    return Judged(f"WO-{number:04d}", kept, case.truth, case.by, case.at)


def right(case: Case, entries: Sequence[KnowledgeEntry]) -> bool:
    """Whether the likeliest mode is what it was."""
    ranked = [one for one in rank(case.changes, case.class_, entries) if one.entry is not None]
    return ranked[0].entry_id == case.truth


def accuracy(held: Sequence[Case], learned: Mapping[str, Learned]) -> float:
    """Share of orders whose likeliest mode is what it was."""
    entries = with_priors(entries_of(held[0].class_), learned)
    return sum(right(one, entries) for one in held) / len(held)


def learned_of(told: Sequence[Judged]) -> dict[str, Learned]:
    """What they teach, as of the last of them."""
    return learn(told, max(one.at for one in told), SHARPNESS)


def lies(
    told: Sequence[Judged], count: int, rng: np.random.Generator, *, a_day: int = 20
) -> list[Judged]:
    """Outcomes of one who says each time that it was the same, whatever it was."""
    wrong = sorted({name for one in told for name in one.ranked if name != one.found})
    victim = wrong[int(rng.integers(len(wrong)))]
    begin = min(one.at for one in told)
    made = list[Judged]()
    for i in range(count):
        one = told[int(rng.integers(len(told)))]
        ranked = one.ranked if victim in one.ranked else {**one.ranked, victim: 0.001}
        made.append(
            replace(
                one,
                order_no=f"LIE-{i:04d}",
                ranked=ranked,
                found=victim,
                by="mallory",
                at=begin + timedelta(days=i // a_day),
            )
        )
    return made
