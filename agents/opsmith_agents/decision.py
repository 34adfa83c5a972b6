"""Decision by rules: what the diagnosis and its knowledge entry ask for, as a plan for an order."""

from datetime import datetime, timedelta
from typing import Any

from fastmcp import Client
from pydantic import ValidationError

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Decision, Diagnosis
from opsmith.domain.events import AlertEvent
from opsmith.domain.work_orders import Material, OrderType, Plan
from opsmith_agents.evidence import EvidenceLedger
from opsmith_agents.rules import RULES
from opsmith_agents.wording import joined, say
from opsmith_mcp.forecasting import FailureForecast
from opsmith_mcp.knowledge import EntryView, Knowledge

DUE: dict[AlertLevel, timedelta] = {
    AlertLevel.P0: timedelta(hours=4),
    AlertLevel.P1: timedelta(hours=24),
    AlertLevel.P2: timedelta(days=7),
    AlertLevel.P3: timedelta(days=30),
}
"""By when the work is to be done: within minutes a person looks, half a shift mends; this shift and
the next; this week; the next planned stop. An earlier forecast of a passed limit comes first."""
_SOONEST = timedelta(hours=1)
"""No order is due before anyone can have read it."""
_SERIOUS = (AlertLevel.P0, AlertLevel.P1)


class RuleDecider:
    """Plans what the knowledge entry of the failure mode says; a person does the rest.

    Args:
        plant: An open MCP client; asked only where the diagnosis does not hold the entry.
    """

    def __init__(self, plant: Client[Any]) -> None:
        self._plant = plant

    async def decide(self, event: AlertEvent, diagnosis: Diagnosis) -> Decision:
        """See `Decider`."""
        language, level = diagnosis.language, event.alert.alert_level
        entry = await self._entry(diagnosis)
        if entry is not None and _is_no_fault(entry, event):
            reason = say("because_nothing", language, name=entry.name)
            return Decision(
                create_order=False,
                reason=reason,
                waiting=say(f"wait_{entry.category}", language),
                made_by=RULES,
            )
        key = "unknown" if entry is None else _sort(entry)
        name = entry.name if entry else ""
        return Decision(
            create_order=True,
            reason=say(f"because_{key}", language, name=name, level=level),
            plan=_plan(event, diagnosis, entry),
            proposals=_proposals(event, entry, language),
            waiting=say(f"wait_{entry.category if entry else 'unknown'}", language),
            made_by=RULES,
        )

    async def _entry(self, diagnosis: Diagnosis) -> EntryView | None:
        mode, language = diagnosis.failure_mode, diagnosis.language
        if mode is None:
            return None
        for one in diagnosis.evidence:
            if one.tool == Knowledge.get_kb_entry.__name__ and one.result.get("entry_id") == mode:
                try:
                    view = EntryView.model_validate(one.result)
                except ValidationError:
                    break
                if view.language == language:
                    return view
        ledger = EvidenceLedger(self._plant)
        return (await ledger.call(Knowledge.get_kb_entry, mode, language=language)).result


def _sort(entry: EntryView) -> str:
    return "sensor" if entry.category == "sensor" else "fault"


def _is_no_fault(entry: EntryView, event: AlertEvent) -> bool:
    """An entry without a remedy, such as a change of load, below a limit and not urgent."""
    limit_passed = any(d.limit is not None for d in event.alert.deviations)
    idle = entry.hours == 0 and not entry.parts
    return idle and not limit_passed and event.alert.alert_level not in _SERIOUS


def _plan(event: AlertEvent, diagnosis: Diagnosis, entry: EntryView | None) -> Plan:
    language, alert = diagnosis.language, event.alert
    head = say("order_about", language, device=alert.device_id, cause=diagnosis.cause)
    tail = say("order_alert", language, trace_id=alert.trace_id)
    description = joined((head, diagnosis.immediate_action, tail), language)
    limit_passed = any(d.limit is not None for d in alert.deviations)
    return Plan(
        order_type=_order_type(alert.alert_level, entry),
        work_class="corrective" if limit_passed else "condition_based",
        priority=alert.alert_level,
        description=description[:4000],
        steps=_steps(diagnosis, entry),
        materials=tuple(Material(part=part) for part in (entry.parts if entry else ())),
        estimated_hours=entry.hours if entry else None,
        due_at=_due(event, diagnosis),
    )


def _order_type(level: AlertLevel, entry: EntryView | None) -> OrderType:
    if entry is not None and entry.category == "sensor":
        return "INSPECTION"
    if level is AlertLevel.P0:
        return "EMERGENCY"
    return "PLANNED" if entry is not None else "INSPECTION"


def _steps(diagnosis: Diagnosis, entry: EntryView | None) -> tuple[str, ...]:
    language = diagnosis.language
    if entry is None:
        return (diagnosis.immediate_action, say("step_record", language))
    if entry.category == "sensor":
        own = (say("step_sensor", language), entry.confirm_by, entry.solution)
        return (*own, say("step_record", language))
    tests = tuple(
        one.separating_test
        for one in diagnosis.hypotheses[:1]
        if one.separating_test and one.failure_mode == entry.entry_id
    )
    safety = say("step_lockout" if entry.lockout else "step_safety", language)
    steps = (
        entry.immediate_action,
        *tests,
        entry.confirm_by,
        safety,
        entry.solution,
        say("step_restart", language),
        say("step_record", language),
    )
    return tuple(dict.fromkeys(steps))


def _due(event: AlertEvent, diagnosis: Diagnosis) -> datetime:
    latest = event.as_of + DUE[event.alert.alert_level]
    for one in diagnosis.evidence:
        if one.tool != "predict_failure" or not one.result.get("channels"):
            continue
        forecast = FailureForecast.model_validate(one.result)
        # A limit that is passed already stands in the alert's level.
        early = [line.hours_low for line in forecast.channels if line.hours and line.hours_low]
        if early:
            latest = min(latest, event.as_of + timedelta(hours=min(early)))
    return max(latest, event.as_of + _SOONEST).replace(microsecond=0)


def _proposals(event: AlertEvent, entry: EntryView | None, language: Language) -> tuple[str, ...]:
    """What stops or changes the device waits for a person."""
    device, sensor = event.alert.device_id, entry is not None and entry.category == "sensor"
    proposals: list[str] = []
    if event.alert.alert_level is AlertLevel.P0 and not sensor:
        proposals.append(say("propose_stop", language, device=device))
    if entry is not None and entry.lockout and not sensor:
        proposals.append(say("propose_maintenance", language, device=device))
    return tuple(proposals)
