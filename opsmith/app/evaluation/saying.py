"""What a report says, put so that code can compare it: modes named, groups told, particulars."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from opsmith.app.evaluation.play import Told
from opsmith.domain.diagnoses import Diagnosis, DiagnosisReport, Evidence
from opsmith.domain.events import AlertEvent
from opsmith_agents.check import check, check_decision
from opsmith_agents.figures import figures
from opsmith_agents.judge import Judge
from opsmith_kb.load import load_entries


def named_in(text: str) -> frozenset[str]:
    """The knowledge entries whose name, in either language, stands in a text."""
    said = text.casefold()
    return frozenset(entry for name, entry in _names() if name in said)


@cache
def _names() -> tuple[tuple[str, str], ...]:
    return tuple(
        (prose.name.casefold(), entry.entry_id)
        for entry in load_entries()
        for prose in entry.text.values()
    )


@cache
def categories() -> dict[str, str]:
    """The fault category of each knowledge entry."""
    return {entry.entry_id: str(entry.category) for entry in load_entries()}


def also(diagnosis: Diagnosis) -> frozenset[str]:
    """Other failure modes that a diagnosis says are there at the same time."""
    found: Iterable[Any] = getattr(diagnosis, "also", ())
    return frozenset(str(getattr(one, "failure_mode", one)) for one in found)


def evidence_of(report: DiagnosisReport) -> tuple[Evidence, ...]:
    """All that was looked at, for the diagnosis and for the decision on it."""
    known = {one.evidence_id for one in report.diagnosis.evidence}
    more = [one for one in report.decision.evidence if one.evidence_id not in known]
    return (*report.diagnosis.evidence, *more)


def texts(report: DiagnosisReport) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every published text, with the ids of the evidence that may carry it."""
    told, decision = report.diagnosis, report.decision
    every = tuple(one.evidence_id for one in evidence_of(report))
    for claim in (*told.claims, *decision.claims):
        yield claim.text, claim.evidence
    for one in told.hypotheses:
        for line in (*one.speaks_for, *one.speaks_against):
            yield line, one.evidence
        yield one.separating_test or "", every
    for entry in told.timeline:
        yield entry.text, entry.evidence
    free = [told.cause, told.immediate_action, told.lasting_action, told.confirm_by]
    free += told.coverage.not_checked
    free += [decision.reason, decision.waiting, *decision.proposals]
    if decision.plan is not None:
        free += [decision.plan.description, *decision.plan.steps]
    yield from ((text, every) for text in free)


@dataclass(frozen=True, slots=True)
class Backing:
    """How far the particulars of a report stand on its evidence."""

    particulars: int
    unbacked: int
    """Of them; 0 is the goal."""
    would_cut: int
    """Sentences that the check, run again, would still cut."""


def backing(report: DiagnosisReport, told: Told) -> Backing:
    """Derive every particular of a stored report again from the evidence it cites."""
    evidence = evidence_of(report)
    judge = Judge(evidence, told.alert.device_id)
    particulars = unbacked = 0
    for text, cited in texts(report):
        faults = judge.faults(text, judge.known(cited))
        particulars += max(len(figures(text)), len(faults))
        unbacked += len(faults)
    event = AlertEvent(change="updated", as_of=report.as_of or report.created_at, alert=told.alert)
    again = check(report.diagnosis, event)
    whole = again.model_copy(update={"evidence": evidence})
    decided = check_decision(report.decision, whole, event)
    cut = len(again.removed) - len(report.diagnosis.removed)
    cut += len(decided.removed) - len(report.decision.removed)
    return Backing(particulars, unbacked, cut)
