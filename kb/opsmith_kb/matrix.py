"""Rank the failure modes of a class by how the channels changed: the fault x symptom matrix.

Each failure mode gets log odds: its prior, what its signs add or take away, and a toll for each
change that it leaves unexplained. A softmax over all of them and over "none of these" gives the
probabilities, so that "cause not established" is an outcome like any other. After the diagnostic
ranking of ISO 13379-1 (fault/symptom approach).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from opsmith.domain.changes import ChannelChange
from opsmith.domain.knowledge import KnowledgeEntry, Sign
from opsmith_kb.classes import applies_to, infer_device_type
from opsmith_kb.signs import UNEXPLAINED, Finding, Symptoms, weight_of

NOT_ESTABLISHED = "not_established"
"""Stands in a ranking for "none of these"."""

_NONE = 1.0
"""Log odds of "none of these": a failure mode needs more than that to be named before it."""
_ALIKE = 1.7
"""Look-alikes whose log odds are this close are told apart by a test, not by the channels."""

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
    inseparable: Mapping[str, str] | None = None
    """Look-alike -> the test that tells it from this one, where the channels cannot."""
    about: str | None = None
    """The channel that a sensor's failure mode is about."""


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
    total = math.exp(nothing) + sum(math.exp(one.log_odds) for one in judged)
    ranked = sorted(
        (_with_probability(one, judged, total) for one in judged),
        key=lambda one: (-one.probability, one.entry_id),
    )
    none = Ranked(NOT_ESTABLISHED, None, math.exp(nothing) / total, nothing, "untested")
    if not ranked:
        return (none,)
    group = {ranked[0].entry_id, *(ranked[0].inseparable or {})}
    leads = none.probability >= sum(one.probability for one in ranked if one.entry_id in group)
    if leads or ranked[0].standing != "supported":
        return (none, *ranked)
    after = [one for one in ranked if one.entry_id in group]
    rest = [*(one for one in ranked if one.entry_id not in group), none]
    return (*after, *sorted(rest, key=lambda one: (-one.probability, one.entry_id)))


def categorise(
    changes: Sequence[ChannelChange], channels: Sequence[str], entries: Sequence[KnowledgeEntry]
) -> str | None:
    """The id of the likeliest failure mode of an unregistered device, judged by its channels.

    Args:
        changes: One a channel.
        channels: All that the device measures; they suggest its class.
        entries: From `load_entries`.

    Returns:
        None where the cause is not established.
    """
    first = rank(changes, infer_device_type(channels), entries)[0]
    return None if first.entry is None else first.entry_id


def _judge(entry: KnowledgeEntry, symptoms: Symptoms) -> Ranked:
    found = [(sign, symptoms.find(sign)) for sign in entry.signs]
    findings = [finding for _, finding in found if finding is not None]
    named = {sign.channel for sign in entry.signs}
    unexplained = (
        ()
        if "@load" in named
        else tuple(
            change
            for name, change in symptoms.moved().items()
            if name not in named and not _accounts_for(findings, change)
        )
    )
    seen = any(f.effect > 0 and f.sign.direction != "none" for f in findings)
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
            (f.change.channel for f in speaks_for if f.change and f.sign.channel == "*"), None
        ),
    )


def _accounts_for(findings: Sequence[Finding], change: ChannelChange) -> bool:
    return any(f.effect > 0 and f.change == change for f in findings)


def _with_probability(one: Ranked, all_: Sequence[Ranked], total: float) -> Ranked:
    assert one.entry is not None
    alike = {
        other.entry_id: test
        for other in all_
        if other.entry is not None
        and (test := _test_between(one.entry, other.entry)) is not None
        and abs(other.log_odds - one.log_odds) <= _ALIKE
        and other.standing == "supported"
    }
    return Ranked(
        entry_id=one.entry_id,
        entry=one.entry,
        probability=math.exp(one.log_odds) / total,
        log_odds=one.log_odds,
        standing=one.standing,
        speaks_for=one.speaks_for,
        speaks_against=one.speaks_against,
        untested=one.untested,
        unexplained=one.unexplained,
        inseparable=alike,
        about=one.about,
    )


def _test_between(one: KnowledgeEntry, other: KnowledgeEntry) -> str | None:
    return one.separable_from.get(other.entry_id) or other.separable_from.get(one.entry_id)
