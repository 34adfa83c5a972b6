"""Decision by rules: what diagnosis, knowledge and the plant's policy ask for, as a plan."""

from typing import Any
from zoneinfo import ZoneInfo

from fastmcp import Client

from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Decision, Diagnosis, Evidence, ProposedChange
from opsmith.domain.events import AlertEvent
from opsmith.domain.work_orders import Plan
from opsmith_agents.evidence import EvidenceLedger, Found, asking, found_of
from opsmith_agents.planning import (
    DeviceFacts,
    Labour,
    crossings,
    dates,
    device_facts,
    labour,
    numbered,
    policy_evidence,
)
from opsmith_agents.policy import Case, Policy, default_policy
from opsmith_agents.policy_words import SKILLS, tell
from opsmith_agents.rules import RULES
from opsmith_agents.wording import crossing, joined, listed, say
from opsmith_mcp.knowledge import EntryView, Knowledge
from opsmith_mcp.work_orders import WorkOrders

_UTC = ZoneInfo("UTC")
_LIKE = 3
"""Orders like it that are shown; all are counted."""


class RuleDecider:
    """Plans what the knowledge entry of the failure mode says; a person does the rest.

    Args:
        plant: An open MCP client with the reading tools.
        policy: What happens by itself, and what is proposed.
        zone: The plant's: its planned stops begin by it.
    """

    def __init__(
        self, plant: Client[Any], policy: Policy | None = None, zone: ZoneInfo = _UTC
    ) -> None:
        self._plant = plant
        self._policy = policy or default_policy()
        self._zone = zone

    async def decide(self, event: AlertEvent, diagnosis: Diagnosis) -> Decision:
        """See `Decider`."""
        language = diagnosis.language
        ledger = EvidenceLedger(self._plant)
        found = await self._entry(diagnosis, ledger)
        entry, facts = found.result, device_facts(diagnosis)
        case = _case(event, diagnosis, entry, facts)
        rule = self._policy.order(case)
        if rule.how == "never":
            name = entry.name if entry else ""
            return Decision(
                create_order=False,
                reason=say("because_nothing", language, name=name),
                changes=self._cancelling(event, case, language),
                waiting=_waiting(event, diagnosis, entry, case),
                evidence=numbered(diagnosis, ledger.evidence),
                made_by=RULES,
            )
        asked = await self._labour(event, diagnosis, found, ledger)
        evidence = numbered(diagnosis, ledger.evidence)
        policy_id = _next_id(diagnosis, evidence)
        when = dates(event, diagnosis, case, self._policy, self._zone, policy_id, asked.hours)
        safety = self._policy.safety.steps(
            facts.class_, diagnosis.fault_category, language, isolated=case.lockout
        )
        said: dict[str, Any] = {
            "level": case.level.value,
            "hours": self._policy.hours(case),
            "safety": safety,
            "window": None,
        }
        if when.window is not None:
            said["window"] = when.window.model_dump(mode="json")
        plan = Plan(
            order_type=rule.type,
            work_class="corrective" if case.limit_passed else "condition_based",
            priority=event.alert.alert_level,
            description=_description(event, diagnosis, entry)[:4000],
            steps=_steps(diagnosis, entry, safety),
            materials=asked.materials,
            estimated_hours=asked.hours,
            skills=entry.skills if entry else (),
            isolation=case.lockout,
            window=when.window,
            planned_at=when.window.start if when.window else None,
            due_at=when.due_at,
        )
        changes = self._changes(event, case, facts, language)
        key = "unknown" if entry is None else _sort(entry)
        return Decision(
            create_order=True,
            reason=say(
                f"because_{key}", language, name=entry.name if entry else "", level=case.level
            ),
            plan=plan,
            proposals=tuple(change.text for change in changes),
            changes=changes,
            waiting=_waiting(event, diagnosis, entry, case),
            claims=(*asked.claims, *when.claims),
            evidence=(*evidence, policy_evidence(policy_id, said)),
            made_by=RULES,
        )

    async def _entry(self, diagnosis: Diagnosis, ledger: EvidenceLedger) -> Found[EntryView]:
        """The entry of the failure mode, as the diagnosis saw it where it did."""
        mode, language = diagnosis.failure_mode, diagnosis.language
        if mode is None:
            return Found("", None)
        asked = asking(Knowledge.get_kb_entry, mode, language=language)
        known = found_of(asked, diagnosis.evidence)
        if known is not None:
            return known
        (answer,) = await ledger.gather(asked)
        return Found(_next_id(diagnosis, ()), answer.result)

    async def _labour(
        self,
        event: AlertEvent,
        diagnosis: Diagnosis,
        found: Found[EntryView],
        ledger: EvidenceLedger,
    ) -> Labour:
        entry = found.result
        if entry is None:
            return Labour(None, ())
        asked = asking(
            WorkOrders.similar_work_orders,
            device_id=event.alert.device_id,
            failure_mode=entry.entry_id,
            limit=_LIKE,
        )
        similar = found_of(asked, diagnosis.evidence)
        if similar is None:
            (answer,) = await ledger.gather(asked)
            evidence_id = numbered(diagnosis, ledger.evidence)[-1].evidence_id
            similar = Found(evidence_id, answer.result)
        return labour(entry, found.evidence_id, similar, self._policy, diagnosis.language)

    def _changes(
        self, event: AlertEvent, case: Case, facts: DeviceFacts, language: Language
    ) -> tuple[ProposedChange, ...]:
        """What stops, changes or sends somebody to the device waits for a person."""
        device, found = event.alert.device_id, list[ProposedChange]()
        status = self._policy.proposes_status(case)
        if status != "none" and facts.runs:
            key = "propose_stop" if status == "STOPPED" else "propose_maintenance"
            given = {"device_id": device, "status": status}
            text = say(key, language, device=device)
            found.append(ProposedChange(tool="update_device_status", arguments=given, text=text))
        if self._policy.proposes_dispatch(case):
            text = tell("propose_dispatch", language, device=device)
            found.append(ProposedChange(tool="start_work_order", arguments={}, text=text))
        return tuple(found)

    def _cancelling(
        self, event: AlertEvent, case: Case, language: Language
    ) -> tuple[ProposedChange, ...]:
        """An order that an earlier version had is cancelled by a person, if at all."""
        if not self._policy.proposes_cancelling(case):
            return ()
        text = tell("propose_cancel", language, device=event.alert.device_id)
        given = {"outcome": "CANCELLED", "closing_notes": text}
        return (ProposedChange(tool="close_work_order", arguments=given, text=text),)


def _next_id(diagnosis: Diagnosis, further: tuple[Evidence, ...]) -> str:
    last = max((int(one.evidence_id[1:]) for one in (*diagnosis.evidence, *further)), default=0)
    return f"E{last + 1}"


def _case(
    event: AlertEvent, diagnosis: Diagnosis, entry: EntryView | None, facts: DeviceFacts
) -> Case:
    return Case(
        level=event.alert.alert_level,
        severity=diagnosis.severity,
        category=entry.category if entry else "unknown",
        criticality=facts.criticality,
        lockout=entry is not None and entry.lockout and entry.category != "sensor",
        limit_passed=any(one.limit is not None for one in event.alert.deviations),
        cause_known=entry is not None,
        remedy=entry is None or entry.hours > 0 or bool(entry.parts),
    )


def _sort(entry: EntryView) -> str:
    return "sensor" if entry.category == "sensor" else "fault"


def _description(event: AlertEvent, diagnosis: Diagnosis, entry: EntryView | None) -> str:
    language, alert = diagnosis.language, event.alert
    skills = entry.skills if entry else ()
    sentences = [
        say("order_about", language, device=alert.device_id, cause=diagnosis.cause),
        diagnosis.immediate_action,
    ]
    if skills:
        names = listed((SKILLS[one][language] for one in skills), language)
        sentences.append(tell("trades", language, skills=names))
    if alert.grouped:
        sentences.append(tell("speaks_for", language, count=str(alert.grouped)))
    sentences.append(say("order_alert", language, trace_id=alert.trace_id))
    return joined(sentences, language)


def _steps(diagnosis: Diagnosis, entry: EntryView | None, safety: list[str]) -> tuple[str, ...]:
    """What to look at, then what makes the work safe, then the work."""
    language, record = diagnosis.language, say("step_record", diagnosis.language)
    if entry is None:
        return tuple(dict.fromkeys((*safety, diagnosis.immediate_action, record)))
    if entry.category == "sensor":
        own = (*safety, say("step_sensor", language), entry.confirm_by, entry.solution, record)
        return tuple(dict.fromkeys(own))
    tests = tuple(
        one.separating_test
        for one in diagnosis.hypotheses[:1]
        if one.separating_test and one.failure_mode == entry.entry_id
    )
    steps = (
        entry.immediate_action,
        *tests,
        entry.confirm_by,
        *safety,
        entry.solution,
        say("step_restart", language),
        record,
    )
    return tuple(dict.fromkeys(steps))


def _waiting(event: AlertEvent, diagnosis: Diagnosis, entry: EntryView | None, case: Case) -> str:
    """What happens if nothing is done, with the forecast's figures where there are any."""
    language = diagnosis.language
    sentences = [say(f"wait_{entry.category if entry else 'unknown'}", language)]
    sentences += [crossing(line, language) or "" for _, line in crossings(diagnosis)[:1]]
    if case.criticality == 1 and case.category != "sensor":
        sentences.append(tell("wait_critical", language, device=event.alert.device_id))
    return joined(sentences, language)
