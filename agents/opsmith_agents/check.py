"""Hold every sentence of a report against the evidence that it cites; what fails is cut."""

import re
from collections.abc import Iterable, Sequence

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Language
from opsmith.domain.diagnoses import (
    Claim,
    Coverage,
    Decision,
    Diagnosis,
    Evidence,
    Hypothesis,
    Severity,
    TimelineEntry,
)
from opsmith.domain.events import AlertEvent
from opsmith.domain.work_orders import Plan
from opsmith_agents.evidence import coverage_of
from opsmith_agents.judge import BLANK, Judge, blanked

CORE = frozenset({"fetch_telemetry_data", "describe_change", "match_failure_modes"})
"""Tools without which nothing can be said about the cause."""
LEAST_SEVERE: dict[AlertLevel, Severity] = {AlertLevel.P0: "HIGH", AlertLevel.P1: "MEDIUM"}
"""No text and no failure mode talks a serious alert down."""
SEVERITIES: tuple[Severity, ...] = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
_SENTENCE = re.compile(r".+?(?:[.!?](?=\s|$)|[。！？；\n]|$)", re.DOTALL)
_TOLD: dict[str, dict[Language, str]] = {
    "cut": {
        "en": "Cut from {place}: “{text}” (not in the evidence cited)",
        "zh": "已从{place}删除：“{text}”（所引证据中没有）",
    },
    "demoted": {
        "en": "Now a hypothesis: “{text}” (cites no usable evidence)",
        "zh": "已降为假设：“{text}”（未引用可用证据）",
    },
    "mode_unknown": {
        "en": "The failure mode is withdrawn: no evidence names it",
        "zh": "撤回故障模式结论：没有证据提及",
    },
    "mode_unsupported": {
        "en": "The failure mode is withdrawn: no hypothesis for it is supported",
        "zh": "撤回故障模式结论：没有得到支持的对应假设",
    },
    "no_cause": {"en": "Cause not established.", "zh": "原因未确定。"},
    "claims": {"en": "the claims", "zh": "论断"},
    "cause": {"en": "the cause", "zh": "原因"},
    "hypotheses": {"en": "the hypotheses", "zh": "假设"},
    "timeline": {"en": "the timeline", "zh": "时间线"},
    "coverage": {"en": "the coverage", "zh": "检查范围"},
    "actions": {"en": "the actions", "zh": "处置"},
    "decision": {"en": "the decision", "zh": "决策"},
}


def check(diagnosis: Diagnosis, event: AlertEvent) -> Diagnosis:
    """Cut what a diagnosis says beyond its evidence, and tell what was cut.

    Every number with its unit, time, device, order, alert, channel and failure mode in a claim, a
    hypothesis or an entry of the timeline must stand in the evidence that it cites; in the cause
    and the actions, in any of the evidence. `opsmith_agents.grounds` says what may be derived. A
    claim with such a fault is cut whole; one that cites nothing usable is demoted to a hypothesis;
    of longer texts the faulty sentences are cut. In `removed` the faults are blanked, so that a
    figure that nothing supports appears nowhere. A failure mode without a supported hypothesis is
    withdrawn. Category, coverage and the cap of the confidence are worked out anew.

    Args:
        diagnosis: From rules or from an LLM; its `evidence` came from a ledger, not from an LLM.
        event: The alert that it is about.
    """
    return _Check(diagnosis, event).diagnosis()


def check_decision(decision: Decision, diagnosis: Diagnosis, event: AlertEvent) -> Decision:
    """Cut what a decision says beyond the diagnosis's evidence.

    The order's priority is never less than the alert's level.

    Args:
        decision: From rules or from an LLM.
        diagnosis: What it decides on, checked.
        event: The alert that it is about.
    """
    return _Check(diagnosis, event, decision.evidence).decision(decision)


def cap(coverage: Coverage) -> float:
    """The most confidence that a coverage allows.

    0.95 with everything there; 0.3 where a tool of `CORE` is unavailable or empty; 0.6 where one is
    stale; a tenth less for each other tool that is unavailable, to no less than 0.5.

    >>> cap(Coverage()), cap(Coverage(unavailable=("describe_change",)))
    (0.95, 0.3)
    """
    if CORE.intersection((*coverage.unavailable, *coverage.empty)):
        return 0.3
    if CORE.intersection(coverage.stale):
        return 0.6
    return max(0.5, 0.95 - 0.1 * len(coverage.unavailable))


class _Check:
    def __init__(
        self, diagnosis: Diagnosis, event: AlertEvent, further: Sequence[Evidence] = ()
    ) -> None:
        self._old = diagnosis
        self._alert = event.alert
        self._judge = Judge((*diagnosis.evidence, *further), event.alert.device_id)
        self._removed: list[str] = []

    def diagnosis(self) -> Diagnosis:
        old = self._old
        found = [self._hypothesis(one) for one in old.hypotheses]
        hypotheses = tuple(one for one in found if one is not None)
        mode = self._mode(old.failure_mode, hypotheses)
        withdrawn = mode != old.failure_mode
        cause = "" if withdrawn else self._sentences(old.cause, "cause")
        actions = {
            name: "" if withdrawn else self._sentences(getattr(old, name), "actions")
            for name in ("immediate_action", "lasting_action", "confirm_by")
        }
        told = self._lines(old.coverage.not_checked, self._judge.all, "coverage")
        coverage = coverage_of(old.evidence).model_copy(update={"not_checked": told})
        least = LEAST_SEVERE.get(self._alert.alert_level, "LOW")
        claims = [self._claim(one) for one in old.claims]
        timeline = [self._moment(one) for one in old.timeline]
        return old.model_copy(
            update={
                "trace_id": self._alert.trace_id,
                "device_id": self._alert.device_id,
                "failure_mode": mode,
                "also": () if mode is None else self._also(old.also, hypotheses),
                "fault_category": self._category(mode),
                "severity": max(old.severity, least, key=SEVERITIES.index),
                "confidence": round(min(old.confidence, cap(coverage)), 3),
                "cause": cause or self._plain_cause(mode, hypotheses),
                "hypotheses": hypotheses,
                "claims": tuple(one for one in claims if one is not None),
                "timeline": tuple(one for one in timeline if one is not None),
                "coverage": coverage,
                **actions,
                "removed": (*old.removed, *self._removed),
            }
        )

    def decision(self, decision: Decision) -> Decision:
        told = {
            "reason": self._sentences(decision.reason, "decision"),
            "waiting": self._sentences(decision.waiting, "decision"),
            "proposals": self._lines(decision.proposals, self._judge.all, "decision"),
            "plan": self._plan(decision.plan) if decision.plan else None,
            "claims": tuple(one for one in map(self._claim, decision.claims) if one is not None),
        }
        return decision.model_copy(update={**told, "removed": (*decision.removed, *self._removed)})

    def _plan(self, plan: Plan) -> Plan:
        parts = [
            one for one in plan.materials if self._stands(one.part, self._judge.all, "decision")
        ]
        return plan.model_copy(
            update={
                "priority": min(plan.priority, self._alert.alert_level),
                "description": self._sentences(plan.description, "decision")
                or f"{self._alert.device_id}: {self._alert.trace_id}",
                "steps": self._lines(plan.steps, self._judge.all, "decision"),
                "materials": tuple(parts),
            }
        )

    def _claim(self, claim: Claim) -> Claim | None:
        cited = self._judge.known(claim.evidence)
        if not self._stands(claim.text, cited, "claims"):
            return None
        if claim.kind == "fact" and not self._judge.usable(cited):
            self._tell("demoted", text=claim.text)
            return claim.model_copy(update={"kind": "hypothesis", "evidence": cited})
        return claim.model_copy(update={"evidence": cited})

    def _hypothesis(self, one: Hypothesis) -> Hypothesis | None:
        entry = self._judge.entry(one.failure_mode)
        if not entry:
            self._tell("cut", place=self._word("hypotheses"), text=BLANK)
            return None
        cited = self._judge.known(one.evidence)
        return one.model_copy(
            update={
                "name": str(entry.get("name", one.failure_mode)),
                "fault_category": str(entry.get("category", "unknown")),
                "standing": one.standing if self._judge.usable(cited) else "untested",
                "speaks_for": self._lines(one.speaks_for, cited, "hypotheses"),
                "speaks_against": self._lines(one.speaks_against, cited, "hypotheses"),
                "evidence": cited,
                "separating_test": self._sentences(one.separating_test or "", "hypotheses") or None,
            }
        )

    def _moment(self, entry: TimelineEntry) -> TimelineEntry | None:
        cited = self._judge.known(entry.evidence)
        if not self._judge.holds_moment(entry.at, cited):
            self._tell("cut", place=self._word("timeline"), text=BLANK)
            return None
        if not self._stands(entry.text, cited, "timeline"):
            return None
        return entry.model_copy(update={"evidence": cited})

    def _mode(self, mode: str | None, hypotheses: Sequence[Hypothesis]) -> str | None:
        if mode is None:
            return None
        if not self._judge.entry(mode):
            self._tell("mode_unknown")
            return None
        if not any(h.failure_mode == mode and h.standing == "supported" for h in hypotheses):
            self._tell("mode_unsupported")
            return None
        return mode

    def _also(self, also: Sequence[str], hypotheses: Sequence[Hypothesis]) -> tuple[str, ...]:
        return tuple(one for one in also if self._mode(one, hypotheses) is not None)

    def _category(self, mode: str | None) -> str:
        return "unknown" if mode is None else str(self._judge.entry(mode).get("category"))

    def _plain_cause(self, mode: str | None, hypotheses: Sequence[Hypothesis]) -> str:
        name = next((h.name for h in hypotheses if h.failure_mode == mode), None)
        stop: dict[Language, str] = {"en": ".", "zh": "。"}
        return self._word("no_cause") if name is None else name + stop[self._old.language]

    def _lines(self, lines: Iterable[str], cited: Sequence[str], place: str) -> tuple[str, ...]:
        return tuple(line for line in lines if self._stands(line, cited, place))

    def _sentences(self, text: str, place: str) -> str:
        found = [m.group() for m in _SENTENCE.finditer(text)]
        return "".join(one for one in found if self._stands(one, self._judge.all, place)).strip()

    def _stands(self, text: str, cited: Sequence[str], place: str) -> bool:
        faults = self._judge.faults(text, cited)
        if faults:
            self._tell("cut", place=self._word(place), text=blanked(text, faults))
        return not faults

    def _tell(self, key: str, **said: str) -> None:
        self._removed.append(self._word(key).format(**said))

    def _word(self, key: str) -> str:
        return _TOLD[key][self._old.language]
