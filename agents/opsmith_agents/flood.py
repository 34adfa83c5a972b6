"""One diagnosis for alerts of one cause: what the head of a group says of those under it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from fastmcp import Client

from opsmith.domain.alerts import HeldBy
from opsmith.domain.diagnoses import Claim, Diagnosis
from opsmith.domain.events import AlertEvent
from opsmith_agents.evidence import EvidenceLedger, coverage_of
from opsmith_agents.planning import numbered
from opsmith_agents.policy_words import tell
from opsmith_agents.wording import listed
from opsmith_kb.signs import measurement_name
from opsmith_mcp.alert_history import AlertHistory, AlertLine
from opsmith_mcp.windows import INSTANT

_SHOWN = 8
"""Devices that a sentence names."""
_LISTED = 50
_CHANNELS = {
    "cause_supply": frozenset({"voltage"}),
    "cause_cooling": frozenset(
        {"temperature", "fluid_temperature", "bearing_temperature", "oil_temperature"}
    ),
    "cause_hydraulics": frozenset({"pressure", "flow"}),
}
"""What most of the alerts have in common points to what their devices share."""


async def with_group(plant: Client[Any], event: AlertEvent, diagnosis: Diagnosis) -> Diagnosis:
    """The diagnosis with what is grouped under its alert, as claims with their evidence."""
    if not event.alert.grouped or diagnosis.trace_id != event.alert.trace_id:
        return diagnosis
    ledger = EvidenceLedger(plant)
    found = await ledger.call(
        AlertHistory.list_alerts,
        standing=False,
        limit=_LISTED,
        until=event.as_of + INSTANT,
        under=event.alert.trace_id,
    )
    evidence = numbered(diagnosis, ledger.evidence)
    update: dict[str, Any] = {"evidence": (*diagnosis.evidence, *evidence)}
    if found.result is not None and found.result.alerts:
        cited = (evidence[-1].evidence_id,)
        language, lines = diagnosis.language, found.result.alerts
        devices = sorted({line.device_id for line in lines})
        whole = len(devices) <= _SHOWN and found.result.total == len(lines)
        first = tell(
            "group" if whole else "group_more",
            language,
            count=str(found.result.total),
            devices=listed(devices[:_SHOWN], language),
        )
        claims = (
            Claim(text=first, kind="fact", evidence=cited),
            Claim(text=tell(_shared(lines), language), kind="hypothesis", evidence=cited),
        )
        update["claims"] = (*diagnosis.claims, *claims)
        update["grouped"] = event.alert.grouped
    after = diagnosis.model_copy(update=update)
    return after.model_copy(update={"coverage": coverage_of(after.evidence)})


def _shared(lines: Sequence[AlertLine]) -> str:
    """Which sentence tells what the devices of a group share."""
    if any(line.held is HeldBy.COLLECTOR for line in lines):
        return "cause_collector"
    counted = Counter[str]()
    for line in lines:
        if line.channels:
            first = measurement_name(line.channels[0])
            counted.update(key for key, names in _CHANNELS.items() if first in names)
        elif line.alert_type in ("over_temp", "over_pressure"):
            counted["cause_cooling" if line.alert_type == "over_temp" else "cause_hydraulics"] += 1
    best = counted.most_common(1)
    return best[0][0] if best and 2 * best[0][1] > len(lines) else "cause_line"
