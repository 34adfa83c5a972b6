"""Rank the failure modes of a class by how the channels changed: the fault x symptom matrix.

Each failure mode gets log odds: its prior, what its signs add or take away, and a toll for each
change that it leaves unexplained. A softmax over all of them and over "none of these" gives the
probabilities, so that "cause not established" is an outcome like any other. After the diagnostic
ranking of ISO 13379-1 (fault/symptom approach).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from opsmith.domain.base import Language
from opsmith.domain.changes import ChannelChange
from opsmith.domain.knowledge import KnowledgeEntry, Sign
from opsmith_kb.classes import applies_to, infer_device_type
from opsmith_kb.fits import weight_of
from opsmith_kb.pairs import best_pair
from opsmith_kb.signs import UNEXPLAINED, Finding, Symptoms

NOT_ESTABLISHED = "not_established"
"""Stands in a ranking for "none of these"."""

_NONE = 1.0
"""Log odds of "none of these": a failure mode needs more than that to be named before it."""
SHARPNESS = 1.6
"""What log odds are multiplied by to give calibrated probabilities.

Set on the full set of `opsmith eval` (four seeds, 388 reports): of 1.3, 1.6 and 1.9 the expected
calibration error of a named cause is 0.11, 0.07 and 0.08.
"""
_OF_ONE = frozenset({"*", "@lone", "@twin"})
"""Signs that are about one channel's sensor."""
_ALIKE = 1.7
"""Look-alikes whose log odds are this close are told apart by a test, not by the channels."""
_MOST_ALIKE = 3
"""Look-alikes that are told, the likeliest; a longer list would be no finding."""

_NAMED = 0.25
"""Least probability of what is named; below it three others are as good."""

Standing = Literal["supported", "refuted", "untested"]


@dataclass(frozen=True, slots=True)
class Ranked:
    """One failure mode, as far as the channels speak of it."""

    entry_id: str
    """`NOT_ESTABLISHED` stands for none of these."""
    entry: KnowledgeEntry | None
    """None for `NOT_ESTABLISHED`."""
    probability: float
    """They sum to 1 over a ranking."""
    log_odds: float
    standing: Standing
    speaks_for: tuple[Finding, ...] = ()
    """The strongest first."""
    speaks_against: tuple[Finding, ...] = ()
    untested: tuple[Sign, ...] = ()
    """Signs that no channel measures."""
    unexplained: tuple[ChannelChange, ...] = ()
    """What moved though this failure mode does not move it."""
    inseparable: Mapping[str, Mapping[Language, str]] | None = None
    """Look-alike -> the test that tells it from this one, where the channels cannot."""
    about: str | None = None
    """The channel that a sensor's failure mode is about."""
    also: tuple[str, ...] = ()
    """What stands at the same time, where the two together explain what neither does alone."""


def rank(
    changes: Sequence[ChannelChange], device_type: str, entries: Sequence[KnowledgeEntry]
) -> tuple[Ranked, ...]:
    """Rank the failure modes that hold for a device class, the likeliest first.

    `NOT_ESTABLISHED` leads unless the first failure mode, together with those that the channels
    cannot tell from it, is likelier.

    Args:
        changes: One a channel, from `opsmith_detectors.features.describe_changes`.
        device_type: As registered; of an unknown one the channels decide.
        entries: From `load_entries`, and those learned since.
    """
    class_ = infer_device_type([c.channel for c in changes], device_type)
    symptoms = Symptoms(changes)
    judged = [_judge(entry, symptoms) for entry in entries if applies_to(entry, class_)]
    nothing = _NONE if symptoms.any_significant else 4.0
    none = Ranked(NOT_ESTABLISHED, None, 0.0, nothing, "untested")
    pair = best_pair(judged)
    if pair is not None:
        judged = [_in_pair(one, *pair) for one in judged]
    total = sum(_odds(one.log_odds) for one in (none, *judged))
    none = replace(none, probability=_odds(nothing) / total)
    ranked = sorted(
        (_with_probability(one, judged, total) for one in judged),
        key=lambda one: (-one.probability, one.entry_id),
    )
    if not ranked:
        return (none,)
    group = {ranked[0].entry_id, *(ranked[0].inseparable or {})}
    together = sum(one.probability for one in ranked if one.entry_id in group)
    unsure = none.probability >= together or ranked[0].probability < _NAMED
    if unsure or ranked[0].standing != "supported":
        return (none, *ranked)
    after = [one for one in ranked if one.entry_id in group]
    rest = [*(one for one in ranked if one.entry_id not in group), none]
    return (*after, *sorted(rest, key=lambda one: (-one.probability, one.entry_id)))


def _odds(log_odds: float) -> float:
    return math.exp(SHARPNESS * log_odds)


def _in_pair(one: Ranked, first: Ranked, other: Ranked, joint: float) -> Ranked:
    """A failure mode, where two that stand at the same time explain the most."""
    if one is first:
        log_odds = max(one.log_odds, joint)
        return replace(one, log_odds=log_odds, standing="supported", also=(other.entry_id,))
    return replace(one, standing="supported") if one is other else one


def categorise(
    changes: Sequence[ChannelChange], channels: Sequence[str], entries: Sequence[KnowledgeEntry]
) -> Ranked | None:
    """The failure mode of an unregistered device that comes nearest, judged by its channels.

    An alert stands, so something is not as it was: unlike `rank` this does not ask whether none
    of the failure modes is likelier still. Its probability tells.

    Args:
        changes: One a channel.
        channels: All that the device measures; they suggest its class.
        entries: From `load_entries`.

    Returns:
        None where the channels support none of them.
    """
    ranked = rank(changes, infer_device_type(channels), entries)
    supported = [one for one in ranked if one.standing == "supported"]
    return max(supported, key=lambda one: one.probability, default=None)


def _judge(entry: KnowledgeEntry, symptoms: Symptoms) -> Ranked:
    found = [(sign, symptoms.find(sign)) for sign in entry.signs]
    findings = [finding for _, finding in found if finding is not None]
    named = {sign.channel for sign in entry.signs}
    unexplained = (
        ()
        if "@load" in named
        else tuple(
            change
            for name, change in symptoms.moved.items()
            if name not in named and not _accounts_for(findings, change)
        )
    )
    seen = any(
        f.effect > 0 and f.sign.direction != "none" and (f.change is None or f.change.significant)
        for f in findings
    )
    # What stands still tells failure modes apart; by itself it makes none of them likely.
    counted = [f.effect for f in findings if seen or f.effect < 0]
    log_odds = entry.prior + sum(counted)
    log_odds -= UNEXPLAINED * sum(weight_of(change) for change in unexplained)
    speaks_for = sorted((f for f in findings if f.effect > 0), key=lambda f: -f.effect)
    speaks_against = sorted((f for f in findings if f.effect < 0), key=lambda f: f.effect)
    standing: Standing = "untested"
    if findings:
        standing = "supported" if seen and log_odds > entry.prior else "refuted"
    return Ranked(
        entry_id=entry.entry_id,
        entry=entry,
        probability=0.0,
        log_odds=log_odds,
        standing=standing,
        speaks_for=tuple(speaks_for),
        speaks_against=tuple(speaks_against),
        untested=tuple(sign for sign, finding in found if finding is None),
        unexplained=unexplained,
        about=next(
            (f.change.channel for f in speaks_for if f.change and f.sign.channel in _OF_ONE), None
        ),
    )


def _accounts_for(findings: Sequence[Finding], change: ChannelChange) -> bool:
    return any(f.effect > 0 and f.change == change for f in findings)


def _with_probability(one: Ranked, all_: Sequence[Ranked], total: float) -> Ranked:
    assert one.entry is not None
    alike = {
        other.entry_id: test
        for other in sorted(all_, key=lambda other: -other.log_odds)
        if other.entry is not None
        and (test := _test_between(one.entry, other.entry)) is not None
        and abs(other.log_odds - one.log_odds) <= _ALIKE
        and other.standing == "supported"
    }
    told = dict(list(alike.items())[:_MOST_ALIKE])
    return replace(one, probability=_odds(one.log_odds) / total, inseparable=told)


def test_of(one: Ranked, language: Language) -> str | None:
    """What tells a failure mode from those that the channels cannot tell from it."""
    tests = (test.get(language) or test["en"] for test in (one.inseparable or {}).values())
    return " ".join(dict.fromkeys(tests)) or None


def _test_between(one: KnowledgeEntry, other: KnowledgeEntry) -> Mapping[Language, str] | None:
    return one.separable_from.get(other.entry_id) or other.separable_from.get(one.entry_id)
