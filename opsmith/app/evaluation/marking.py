"""One report held against the truth of its device."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from opsmith.app.evaluation.claims import forbidden, required
from opsmith.app.evaluation.ordering import faults_of_orders
from opsmith.app.evaluation.play import Played, Told
from opsmith.app.evaluation.saying import also, backing, categories, named_in
from opsmith.app.evaluation.truth import NO_FAULT, SENSOR, Truth
from opsmith.domain.diagnoses import Diagnosis, DiagnosisReport
from opsmith_agents.rules import RULES

Author = Literal["rules", "model"]
_MOST_TOLD = 4
"""Modes of a group that is still a finding; all of them together would say nothing."""


@dataclass(frozen=True)
class Mark:
    """A report of record, and how far it is right."""

    case: str
    scenario: str
    kind: str
    device_id: str
    device_type: str
    trace_id: str
    alert_type: str
    truth: tuple[str, ...]
    """Made faults that stood when it looked; none: the device was well."""
    first: bool
    """It is of the first alert after its device's first fault began."""
    made_by: str
    path: str
    failure_mode: str | None
    category: str
    right_category: bool
    right_mode: bool
    by_group: bool
    """The leading mode is not the fault, but the report tells that it cannot tell them apart."""
    confidence: float
    likeliest: float
    """Probability of the hypothesis that leads, also where no cause is named."""
    likeliest_right: bool
    covers: tuple[int, ...]
    """Places of its device's faults that it names, in the order of their onsets."""
    machine_called_sensor: bool
    sensor_called_machine: bool
    blames: bool
    """It names a fault, on a device that was well."""
    particulars: int
    unbacked: int
    would_cut: int
    required: dict[str, bool] = field(default_factory=dict[str, bool])
    forbidden: tuple[str, ...] = ()
    order_faults: tuple[str, ...] | None = None
    """None: the device was well, so there is no order to be right."""
    latency_ms: float = 0.0
    tokens: int = 0
    cost: float = 0.0
    cause: str = ""
    claims: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As it stands in the file."""
        return asdict(self)


def of_record(told: Told, author: Author) -> DiagnosisReport | None:
    """The newest version by the rules; or, where a model is configured, the newest of all."""
    if author == "model":
        return told.versions[-1] if told.versions else None
    rules = [one for one in told.versions if one.llm_model == RULES]
    return rules[-1] if rules else None


def marks_of(played: Played, author: Author, *, is_empty: bool = False) -> Iterator[Mark]:
    """A mark for every reported alert of a case.

    Args:
        played: The case.
        author: Whose reports.
        is_empty: It is the control: there is nothing that a report could be required to say.
    """
    seen: set[str] = set()
    for told in played.told:
        report = of_record(told, author)
        if report is None:
            continue
        truths = played.case.truths(report.device_id)
        # An alert may be older than the fault; what counts is what could be seen.
        looked = report.as_of or report.created_at
        standing = [truth for truth in truths if truth.onset <= looked]
        first = bool(standing) and report.device_id not in seen
        if first:
            seen.add(report.device_id)
        yield mark(played, told, report, standing, first=first, is_empty=is_empty)


def mark(
    played: Played,
    told: Told,
    report: DiagnosisReport,
    truths: Sequence[Truth],
    *,
    first: bool,
    is_empty: bool = False,
) -> Mark:
    """Hold one report against what was wrong when it looked."""
    case, diagnosis = played.case, report.diagnosis
    mode = diagnosis.failure_mode
    category = diagnosis.fault_category if mode else "unknown"
    right_mode = any(mode in truth.fits.modes for truth in truths)
    by_group = not right_mode and any(_by_group(diagnosis, truth) for truth in truths)
    right = bool(truths) and (
        by_group or any(category in truth.fits.categories for truth in truths)
    )
    says_fault = mode is not None and category not in NO_FAULT
    likeliest = max(diagnosis.hypotheses, key=lambda one: one.probability, default=None)
    backed = backing(report, told)
    asked = {} if is_empty or not truths else required(case, report, truths)
    return Mark(
        case=case.name,
        scenario=case.scenario,
        kind=case.kind,
        device_id=report.device_id,
        device_type=case.machine(report.device_id).device.device_type,
        trace_id=report.trace_id,
        alert_type=told.alert.alert_type,
        truth=tuple(truth.kind for truth in truths),
        first=first,
        made_by=report.llm_model,
        path=diagnosis.path,
        failure_mode=mode,
        category=category,
        right_category=right,
        right_mode=right_mode,
        by_group=by_group,
        confidence=diagnosis.confidence,
        likeliest=likeliest.probability if likeliest else 0.0,
        likeliest_right=likeliest is not None
        and any(likeliest.failure_mode in truth.fits.modes for truth in truths),
        covers=_covers(diagnosis, case.truths(report.device_id)),
        machine_called_sensor=says_fault
        and category == SENSOR
        and bool(truths)
        and not any(truth.is_sensor for truth in truths),
        sensor_called_machine=says_fault
        and category != SENSOR
        and bool(truths)
        and all(truth.is_sensor for truth in truths),
        blames=says_fault and not truths,
        particulars=backed.particulars,
        unbacked=backed.unbacked,
        would_cut=backed.would_cut,
        required=asked,
        forbidden=tuple(forbidden(case, report)),
        order_faults=None if is_empty or not truths else tuple(faults_of_orders(played, told)),
        latency_ms=report.latency_ms,
        tokens=report.tokens_used,
        cost=diagnosis.cost + report.decision.cost,
        cause=diagnosis.cause,
        claims=tuple(claim.text for claim in diagnosis.claims),
    )


def _by_group(diagnosis: Diagnosis, truth: Truth) -> bool:
    """The mode that leads looks like the fault, and the cause says so by the fault's name."""
    if diagnosis.failure_mode not in truth.fits.alike:
        return False
    told = named_in(diagnosis.cause)
    return len(told) <= _MOST_TOLD and bool(told & truth.fits.modes)


def _covers(diagnosis: Diagnosis, truths: Sequence[Truth]) -> tuple[int, ...]:
    """Which of a device's faults a report names, as its cause or as there too."""
    if diagnosis.failure_mode is None:
        return ()
    named = {diagnosis.failure_mode, *also(diagnosis)}
    found = {categories().get(mode, "unknown") for mode in named}
    return tuple(
        place
        for place, truth in enumerate(truths)
        if named & truth.fits.modes or found & truth.fits.categories or _by_group(diagnosis, truth)
    )
