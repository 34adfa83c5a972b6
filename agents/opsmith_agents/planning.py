"""What a plan rests on: hours and parts of like work, the date, the planned stop, with evidence."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from opsmith.domain.base import Language, State, Window
from opsmith.domain.diagnoses import Claim, Diagnosis, Evidence
from opsmith.domain.events import AlertEvent
from opsmith.domain.forecasts import TimeToLimit
from opsmith.domain.work_orders import Material
from opsmith_agents.evidence import Found
from opsmith_agents.policy import Case, Policy
from opsmith_agents.policy_words import tell
from opsmith_agents.wording import amount, channel_name, hours, listed, moment
from opsmith_kb.classes import infer_device_type
from opsmith_mcp.forecasting import FailureForecast, Forecasting
from opsmith_mcp.knowledge import EntryView
from opsmith_mcp.order_views import SimilarOrders

POLICY = "policy"
"""Name under which the plant's policy is evidence; it is no tool."""
_SOONEST = timedelta(hours=1)
"""No order is due, and no work begins, before anyone can have read it."""


@dataclass(frozen=True, slots=True)
class Labour:
    """Hours and parts, and what they rest on."""

    hours: float | None
    materials: tuple[Material, ...]
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True)
class Dates:
    """When the work is to be done, and what that rests on."""

    due_at: datetime
    window: Window | None
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What the registry says of the device, as the diagnosis saw it."""

    class_: str = "*"
    criticality: int = 2
    runs: bool = True


def numbered(diagnosis: Diagnosis, found: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Evidence as it goes on from the diagnosis's own, in its order."""
    last = max((int(one.evidence_id[1:]) for one in diagnosis.evidence), default=0)
    return tuple(
        one.model_copy(update={"evidence_id": f"E{last + place}"})
        for place, one in enumerate(found, 1)
    )


def policy_evidence(evidence_id: str, result: Mapping[str, Any]) -> Evidence:
    """What the policy said in this case, so that it can be cited."""
    content = json.dumps(result, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Evidence(
        evidence_id=evidence_id,
        tool=POLICY,
        arguments={},
        state=State.OK,
        digest=hashlib.sha256(content.encode()).hexdigest(),
        result=dict(result),
    )


def device_facts(diagnosis: Diagnosis) -> DeviceFacts:
    """Class, criticality and status of the device; the usual where nobody asked."""
    for one in diagnosis.evidence:
        if one.tool == "query_device_status" and isinstance(one.result.get("device"), dict):
            known = cast(dict[str, Any], one.result["device"])
            if known.get("device_id") != diagnosis.device_id:
                continue
            measured = cast(list[str], one.result.get("measured") or [])
            return DeviceFacts(
                infer_device_type(measured, str(known.get("device_type") or "unknown")),
                int(known.get("criticality") or 2),
                known.get("status") in (None, "RUNNING"),
            )
    return DeviceFacts()


def labour(
    entry: EntryView,
    entry_id: str,
    similar: Found[SimilarOrders],
    policy: Policy,
    language: Language,
) -> Labour:
    """Hours and parts: of like work, where enough of it is known, else of the knowledge base."""
    parts = {_key(part): Material(part=part) for part in entry.parts}
    evidence = (similar.evidence_id, entry_id)
    took = similar.result.took if similar.result else None
    planned = hours(entry.hours, language)
    if similar.result is None:
        text = tell("hours_unknown", language, hours=planned)
        return Labour(entry.hours, tuple(parts.values()), (_fact(text, evidence),))
    if took is None or took.timed < policy.least_orders:
        count = str(took.timed if took else 0)
        text = tell("hours_few", language, count=count, hours=planned)
        return Labour(entry.hours, tuple(parts.values()), (_fact(text, evidence),))
    assert took.median_hours is not None, "orders with hours have a median"
    text = tell(
        "hours_similar",
        language,
        count=str(took.timed),
        median=hours(took.median_hours, language),
        low=hours(took.low_hours or 0.0, language),
        high=hours(took.high_hours or 0.0, language),
    )
    claims = [_fact(text, evidence)]
    often = [one for one in took.parts if 2 * one.used_in >= took.same_fault]
    further = [one.part for one in often if _key(one.part) not in parts]
    for one in often:
        parts[_key(one.part)] = Material(part=one.part, quantity=one.quantity)
    if further:
        text = tell("parts_similar", language, parts=listed(further, language))
        claims.append(_fact(text, evidence))
    return Labour(took.median_hours, tuple(parts.values()), tuple(claims))


def crossings(diagnosis: Diagnosis) -> list[tuple[str, TimeToLimit]]:
    """The channels that head for a limit, the earliest first, with the id of the evidence."""
    found = list[tuple[str, TimeToLimit]]()
    for one in diagnosis.evidence:
        if one.tool != Forecasting.predict_failure.__name__ or not one.result.get("channels"):
            continue
        try:
            forecast = FailureForecast.model_validate(one.result)
        except ValidationError:
            continue
        # A limit that is passed already stands in the alert's level.
        heading = (line for line in forecast.channels if line.hours and line.hours_low)
        found += [(one.evidence_id, line) for line in heading]
    return sorted(found, key=lambda pair: pair[1].hours_low or 0.0)


def dates(
    event: AlertEvent,
    diagnosis: Diagnosis,
    case: Case,
    policy: Policy,
    zone: ZoneInfo,
    evidence_id: str,
    needed: float | None,
) -> Dates:
    """By when by the level and the forecast; for work that needs a stop, in which planned one."""
    language, allowed = diagnosis.language, policy.hours(case)
    text = tell("due", language, level=case.level, hours=hours(allowed, language))
    claims = [_fact(text, (evidence_id,))]
    due = event.as_of + timedelta(hours=allowed)
    for source, line in crossings(diagnosis)[:1]:
        early = event.as_of + timedelta(hours=line.hours_low or 0.0)
        if early < due:
            due = early
            text = tell(
                "due_forecast",
                language,
                channel=channel_name(line.channel, language),
                limit=amount(line.limit, line.unit),
                low=hours(line.hours_low or 0.0, language),
            )
            claims.append(Claim(text=text, kind="hypothesis", evidence=(source,)))
    due = max(due, event.as_of + _SOONEST).replace(microsecond=0)
    window = None
    if case.lockout and policy.windows:
        after = (event.as_of + _SOONEST).astimezone(zone)
        window = policy.planned_stop(after, due, needed or 0.0)
        if window is None:
            text = tell("no_window", language)
        else:
            start, end = moment(window.start), moment(window.end)
            text = tell("window", language, start=start, end=end)
        claims.append(_fact(text, (evidence_id,)))
    return Dates(due, window, tuple(claims))


def _fact(text: str, evidence: tuple[str, ...]) -> Claim:
    return Claim(text=text, kind="fact", evidence=evidence)


def _key(part: str) -> str:
    return re.sub(r"[\s_-]+", " ", part).strip().casefold()
