"""Diagnosis by rules: the fault x symptom ranking of the knowledge tools, put into a report."""

from collections.abc import Iterable
from typing import Any

from fastmcp import Client

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Diagnosis, Hypothesis, Severity
from opsmith.domain.events import AlertEvent
from opsmith_agents.check import LEAST_SEVERE, SEVERITIES, cap
from opsmith_agents.rule_claims import claims_of, timeline_of, unmeasured
from opsmith_agents.rule_sight import Sight, look
from opsmith_agents.wording import channel_name, joined, listed, say

RULES = "rules"
"""How the rules sign."""
_OF_LEVEL: dict[AlertLevel, Severity] = {
    AlertLevel.P0: "CRITICAL", AlertLevel.P1: "HIGH", AlertLevel.P2: "MEDIUM", AlertLevel.P3: "LOW",
}  # fmt: skip
"""Severity where only the level is known."""
_MOST = 5
"""Hypotheses in a report."""
_LEAST = 0.02
"""Probability below which a hypothesis is not told."""


class RuleDiagnostician:
    """Reports what the knowledge ranks first, or that the cause is not established.

    Args:
        plant: An open MCP client with the reading tools.
    """

    def __init__(self, plant: Client[Any]) -> None:
        self._plant = plant

    async def diagnose(
        self, event: AlertEvent, language: Language = "en", *, draft: Diagnosis | None = None
    ) -> Diagnosis:
        """See `Diagnostician`; never raises `LlmUnavailable`, and a draft changes nothing."""
        sight = await look(self._plant, event, language)
        coverage = sight.ledger.coverage().model_copy(
            update={"not_checked": unmeasured(sight, language)}
        )
        entry, verdict = sight.entry.result if sight.entry else None, sight.verdict
        hypotheses = _hypotheses(sight, language)
        likeliest = verdict.probability if verdict else max(
            (one.probability for one in hypotheses), default=0.0
        )  # fmt: skip
        return Diagnosis(
            trace_id=event.alert.trace_id,
            device_id=event.alert.device_id,
            failure_mode=verdict.entry_id if verdict else None,
            also=verdict.also if verdict else (),
            fault_category=entry.category if entry else "unknown",
            severity=_severity(sight),
            confidence=round(min(likeliest, cap(coverage)), 3),
            cause=_cause(sight, language),
            hypotheses=hypotheses,
            claims=claims_of(sight, language),
            evidence=sight.ledger.evidence,
            timeline=timeline_of(sight, language),
            coverage=coverage,
            immediate_action=entry.immediate_action if entry else say("look", language),
            lasting_action=entry.solution if entry else "",
            confirm_by=entry.confirm_by if entry else "",
            language=language,
            made_by=RULES,
            path=say("path", language),
        )


def _hypotheses(sight: Sight, language: Language) -> tuple[Hypothesis, ...]:
    verdict, also = sight.verdict, sight.verdict.also if sight.verdict else ()
    evidence = (sight.ranking.evidence_id, sight.change.evidence_id)
    told = [
        Hypothesis(
            failure_mode=mode.entry_id,
            name=mode.name,
            fault_category=mode.category,
            probability=mode.probability,
            standing=mode.standing,
            speaks_for=_spoken(mode.speaks_for, language),
            speaks_against=_spoken(mode.speaks_against, language),
            evidence=evidence,
            separating_test=mode.separating_test,
        )
        for mode in sight.weighed.ranked
        if mode.probability >= _LEAST
        or (verdict and mode.entry_id == verdict.entry_id)
        or mode.entry_id in also
    ]
    if verdict is None or sight.entry is None or sight.entry.result is None:
        return tuple(told[:_MOST])
    entry = sight.entry.result
    known = next((one for one in told if one.failure_mode == verdict.entry_id), None)
    named = Hypothesis(
        failure_mode=entry.entry_id,
        name=entry.name,
        fault_category=entry.category,
        probability=verdict.probability,
        standing="supported",
        speaks_for=known.speaks_for if known else (),
        speaks_against=known.speaks_against if known else (),
        evidence=("E0", *evidence, sight.entry.evidence_id),
        separating_test=known.separating_test if known else None,
    )
    rest = [one for one in told if one.failure_mode != entry.entry_id]
    beside = [one for one in rest if one.failure_mode in also]
    rest = [one for one in rest if one.failure_mode not in also]
    return (named, *beside, *rest[: _MOST - 1 - len(beside)])


def _spoken(lines: Iterable[str], language: Language) -> tuple[str, ...]:
    """What the channels say, which the knowledge tells under their ids, as people call them."""
    if language == "en":
        return tuple(lines)
    parted = (line.partition(" ") for line in lines)
    named = ((channel_name(first, language), first + gap, rest) for first, gap, rest in parted)
    return tuple((name if name != first.rstrip() else first) + rest for name, first, rest in named)


def _severity(sight: Sight) -> Severity:
    """The entry's, but never less than the level and a passed limit demand."""
    level = sight.alert.alert_level
    entry = sight.entry.result if sight.entry else None
    found: list[Severity] = [
        entry.severity if entry else _OF_LEVEL[level],
        LEAST_SEVERE.get(level, "LOW"),
    ]
    if sight.limit_passed and (entry is None or entry.category != "sensor"):
        found.append("HIGH")
    return max(found, key=SEVERITIES.index)


def _cause(sight: Sight, language: Language) -> str:
    entry, verdict = sight.entry.result if sight.entry else None, sight.verdict
    if entry is not None and verdict is not None:
        key = {"sensor": "cause_sensor", "control": "cause_no_fault"}.get(entry.category, "cause")
        parts = [say(key, language, name=entry.name)]
        if verdict.about:
            channel = channel_name(verdict.about, language)
            parts.append(say("cause_about", language, channel=channel))
        names = {one.entry_id: one.name for one in sight.weighed.ranked}
        if verdict.also:
            others = listed((names[one] for one in verdict.also), language)
            parts.append(say("cause_also", language, others=others))
        if verdict.group:
            others = listed(verdict.group, language)
            parts.append(say("cause_group", language, others=others))
        return joined(parts, language)
    ranked, blind = sight.weighed.ranked, sight.ledger.coverage().unavailable
    if blind and not ranked:
        why = say("no_cause_blind", language, tools=listed(blind, language))
    elif ranked and ranked[0].standing == "supported":
        why = say("no_cause_best", language, name=ranked[0].name)
    else:
        why = say("no_cause_none", language)
    return joined((say("no_cause", language), why), language)
