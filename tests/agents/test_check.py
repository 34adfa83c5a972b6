"""A report says nothing that its evidence does not hold, in either language."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from opsmith.domain.alerts import Alert, AlertLevel, Deviation
from opsmith.domain.base import Language, State
from opsmith.domain.diagnoses import (
    Claim,
    Decision,
    Diagnosis,
    Evidence,
    Hypothesis,
    TimelineEntry,
)
from opsmith.domain.events import AlertEvent
from opsmith.domain.work_orders import Plan
from opsmith_agents.check import check, check_decision
from opsmith_agents.evidence import ALERT

ONSET = datetime(2026, 2, 28, 11, 40, tzinfo=UTC)
AT = datetime(2026, 2, 28, 12, 5, 30, tzinfo=UTC)
EVENT = AlertEvent(
    change="raised",
    as_of=AT,
    alert=Alert(
        trace_id="AL-20260228-0123456789",
        device_id="PUMP_01",
        alert_level=AlertLevel.P1,
        alert_type="high_vibration",
        deviations=(Deviation(channel="vibration", unit="[g]", value=1.324, limit=1.2, share=1.0),),
        onset=ONSET,
        first_seen=AT,
        last_seen=AT,
        created_at=AT,
    ),
)


def evidence(
    evidence_id: str, tool: str, result: dict[str, Any], device: str = "PUMP_01", **arguments: Any
) -> Evidence:
    return Evidence(
        evidence_id=evidence_id,
        tool=tool,
        arguments={"device_id": device, **arguments},
        state=State(result.get("state", "ok")),
        digest=hashlib.sha256(json.dumps(result).encode()).hexdigest(),
        result=result,
    )


CHANGES = {
    "device_id": "PUMP_01",
    "onset": "2026-02-28T11:40:00Z",
    "as_of": "2026-02-28T12:05:30Z",
    "changes": [
        {
            "channel": "temperature", "unit": "Cel", "before": 68.94, "now": 81.23, "sigmas": 41.3,
            "spread_ratio": 1.1, "onset": "2026-02-28T11:46:10Z", "significant": True,
            "missing_share": 0.0,
        },
        {
            "channel": "vibration", "unit": "[g]", "before": 0.52, "now": 1.31, "sigmas": 88.0,
            "spread_ratio": 2.41, "onset": "2026-02-28T11:42:00Z", "significant": True,
            "missing_share": 0.125,
        },
    ],
}  # fmt: skip
RANKING = {
    "ranked": [
        {"entry_id": "bearing_wear", "name": "Bearing wear", "category": "bearing",
         "probability": 0.6312},
        {"entry_id": "seal_leak", "name": "Seal leak", "category": "seal", "probability": 0.11},
    ],
}  # fmt: skip
ORDERS = {"orders": [{"order_no": "WO-20260211-003", "device_id": "PUMP_01", "status": "OPEN"}]}
OTHER = {
    "device_id": "PUMP_02",
    "channels": [{"channel": "temperature", "unit": "Cel", "last": 95.5}],
}
EVIDENCE = (
    evidence(ALERT, "alert_event", EVENT.model_dump(mode="json")),
    evidence("E1", "describe_change", CHANGES),
    evidence("E2", "match_failure_modes", RANKING),
    evidence("E3", "list_work_orders", ORDERS, days=90),
    evidence("E4", "fetch_telemetry_data", OTHER, device="PUMP_02", window_mins=60),
    evidence("E5", "get_alert_history", {"state": "unavailable"}, days=7),
)


def diagnosis(*claims: Claim, language: Language = "en", **fields: Any) -> Diagnosis:
    return Diagnosis.model_validate(
        {
            "trace_id": "AL-20260228-0123456789",
            "device_id": "PUMP_01",
            "failure_mode": "bearing_wear",
            "severity": "HIGH",
            "confidence": 0.9,
            "cause": "Bearing wear.",
            "hypotheses": (
                Hypothesis(
                    failure_mode="bearing_wear",
                    name="Bearing wear",
                    fault_category="bearing",
                    probability=0.63,
                    standing="supported",
                    evidence=("E2",),
                ),
            ),
            "claims": claims,
            "evidence": EVIDENCE,
            "language": language,
            "made_by": "glm-4",
            **fields,
        }
    )


def fact(text: str, *cited: str) -> Claim:
    return Claim(text=text, kind="fact", evidence=cited)


STANDS = [
    ("temperature rose from 68.9 °C to 81.2 °C, by 12.3 K.", "E1"),
    ("Temperature rose by 12 °C, 41 standard deviations.", "E1"),
    ("vibration is 1.31 g, 2.5 times what it was and up 152 %.", "E1"),
    ("12.5 % of the vibration readings are missing.", "E1"),
    ("PUMP_01: vibration 1.32 g passed its limit of 1.2 g at 12:05.", "E0"),
    ("The deviation began on 2026-02-28 at 11:40, 25.5 min before the alert.", "E0"),
    ("Two channels changed.", "E1"),
    ("temperature was between 68.9 and 81.2 °C.", "E1"),
    ("Bearing wear has a probability of 63 %.", "E2"),
    ("Work order WO-20260211-003 is open.", "E3"),
    ("In the last 90 days there was WO-20260211-003.", "E3"),
    ("PUMP_02 next to it reads a temperature of 95.5 °C.", "E4"),
    ("温度由 68.9 ℃升至 81.2 摄氏度，升高约 12 ℃。", "E1"),
    ("振动为１.３１ g，是之前的 2.5 倍。", "E1"),
    ("偏离始于2026年2月28日11:40，两个通道发生变化。", "E1"),
    ("轴承磨损的概率为 63 %。", "E2"),
    ("轴承磨损的概率为百分之六十三。", "E2"),
]


@pytest.mark.parametrize(("text", "cited"), STANDS)
def test_what_the_cited_evidence_holds_stands(text: str, cited: str) -> None:
    checked = check(diagnosis(fact(text, cited)), EVENT)
    assert [claim.text for claim in checked.claims] == [text]
    assert checked.removed == ()


INVENTED = [
    ("temperature rose to 93.7 °C.", "E1", "93.7"),
    ("temperature rose to 81.3 °C.", "E1", "81.3"),
    ("temperature fell to -81.2 °C.", "E1", "-81.2"),
    ("temperature rose to 81.2 g.", "E1", "81.2 g"),
    ("vibration rose to 81.2 °C.", "E1", "vibration rose to 81.2"),
    ("pressure fell.", "E1", "pressure"),
    ("vibration rose by 210 %.", "E1", "210"),
    ("Three bearings have failed.", "E1", "Three"),
    ("vibration has tripled.", "E1", "tripled"),
    ("It began at 11:41.", "E0", "11:41"),
    ("It began on 27 February 2026.", "E0", "27 Feb"),
    ("It will fail within 36 h.", "E1", "36 h"),
    ("PUMP_07 shows the same.", "E1", "PUMP_07"),
    ("P-101A shows the same.", "E1", "P-101A"),
    ("Work order WO-20260101-001 replaced it.", "E3", "WO-20260101-001"),
    ("See alert AL-20260101-aaaaaaaaaa.", "E0", "AL-20260101-aaaaaaaaaa"),
    ("This is a P0 alert.", "E0", "P0"),
    ("Cavitation would look alike.", "E2", "Cavitation"),
    ("It is rotor_imbalance.", "E2", "rotor_imbalance"),
    ("The temperature is 95.5 °C.", "E4", "95.5"),
    ("As E9 shows, it rose.", "E1", "E9"),
    ("vibration is ③ times higher.", "E1", "③"),
    ("bearing 6205ZZ is worn.", "E1", "6205ZZ"),
    ("温度升至 93.7 ℃。", "E1", "93.7"),
    ("温度升至九十三度。", "E1", "九十三"),
    ("压力下降。", "E1", "压力"),
    ("振动升高了三倍。", "E1", "三倍"),
    ("三号泵情况相同。", "E1", "三号"),
    ("12号泵情况相同。", "E1", "12号"),
    ("泵PUMP_09情况相同。", "E1", "PUMP_09"),
    ("工单WO-20260101-001已更换轴承。", "E3", "WO-20260101-001"),
    ("始于2026年2月27日。", "E0", "27日"),
    ("预计３６小时内失效。", "E1", "36小时"),
    ("也可能是汽蚀。", "E2", "汽蚀"),
]


@pytest.mark.parametrize(("text", "cited", "invented"), INVENTED)
def test_what_the_cited_evidence_does_not_hold_is_cut_and_appears_nowhere(
    text: str, cited: str, invented: str
) -> None:
    true = fact("temperature rose to 81.2 °C.", "E1")
    language: Language = "en" if text.isascii() or "③" in text or "°" in text else "zh"
    checked = check(diagnosis(true, fact(text, cited), language=language), EVENT)
    assert checked.claims == (true,)
    assert len(checked.removed) == 1
    told = checked.model_dump_json(exclude={"evidence"})
    assert invented not in told


def test_a_number_is_not_borrowed_from_evidence_that_is_not_cited() -> None:
    checked = check(diagnosis(fact("temperature rose to 81.2 °C.", "E3")), EVENT)
    assert checked.claims == ()


def test_a_fact_that_cites_nothing_usable_becomes_a_hypothesis() -> None:
    claims = (
        fact("The bearing is old."),
        fact("The bearing was never changed.", "E5"),
        fact("It stands on soft ground.", "E77"),
    )
    checked = check(diagnosis(*claims), EVENT)
    assert [claim.kind for claim in checked.claims] == ["hypothesis"] * 3
    assert [claim.evidence for claim in checked.claims] == [(), ("E5",), ()]
    assert len(checked.removed) == 3


def test_every_text_field_is_held_to_the_evidence() -> None:
    lie = "It reached 93.7 °C."
    checked = check(
        diagnosis(
            cause=f"Bearing wear. {lie}",
            hypotheses=(
                Hypothesis(
                    failure_mode="bearing_wear",
                    name="Bearing wear of 93.7 °C",
                    fault_category="made up",
                    probability=0.6,
                    standing="supported",
                    speaks_for=(lie, "temperature rose to 81.2 °C."),
                    speaks_against=(lie,),
                    evidence=("E1", "E2"),
                    separating_test=lie,
                ),
                Hypothesis(
                    failure_mode="gremlins",
                    name="Gremlins",
                    fault_category="unknown",
                    probability=0.2,
                    standing="supported",
                    evidence=("E1",),
                ),
            ),
            timeline=(
                TimelineEntry(at=ONSET, text="It begins.", evidence=("E0",)),
                TimelineEntry(at=ONSET, text=lie, evidence=("E0",)),
                TimelineEntry(at=ONSET + timedelta(minutes=1), text="So?", evidence=("E0",)),
            ),
            immediate_action=f"Stop it. {lie}",
            lasting_action=lie,
            confirm_by=lie,
        ),
        EVENT,
    )
    assert "93.7" not in checked.model_dump_json(exclude={"evidence"})
    assert checked.cause == "Bearing wear."
    assert checked.immediate_action == "Stop it."
    assert [entry.text for entry in checked.timeline] == ["It begins."]
    only = checked.hypotheses
    assert [(h.failure_mode, h.name, h.fault_category) for h in only] == [
        ("bearing_wear", "Bearing wear", "bearing")
    ]
    assert only[0].speaks_for == ("temperature rose to 81.2 °C.",)


@pytest.mark.parametrize("mode", ["gremlins", "seal_leak"])
def test_a_failure_mode_without_evidence_or_supported_hypothesis_is_withdrawn(mode: str) -> None:
    checked = check(diagnosis(failure_mode=mode, cause="It is what I said."), EVENT)
    assert checked.failure_mode is None
    assert checked.fault_category == "unknown"
    assert checked.cause == "Cause not established."


def test_confidence_is_capped_by_the_coverage_and_severity_by_the_level() -> None:
    blind = tuple(
        one.model_copy(update={"state": State.UNAVAILABLE}) if one.evidence_id == "E1" else one
        for one in EVIDENCE
    )
    checked = check(diagnosis(evidence=blind, severity="LOW", confidence=1.0), EVENT)
    assert checked.confidence == 0.3
    assert checked.severity == "MEDIUM"
    assert checked.coverage.unavailable == ("describe_change", "get_alert_history")


def test_a_decision_is_held_to_the_evidence_too() -> None:
    plan = Plan(
        order_type="PLANNED",
        priority=AlertLevel.P3,
        description="Bearing wear. Use bearing 6205ZZ.",
        steps=("Stop it.", "Torque to 55 Nm."),
    )
    decision = Decision(
        create_order=True,
        reason="It fails in 36 h.",
        plan=plan,
        proposals=("Stop PUMP_09.", "Stop PUMP_01."),
        made_by="glm-4",
    )
    checked = check_decision(decision, diagnosis(), EVENT)
    assert checked.reason == ""
    assert checked.proposals == ("Stop PUMP_01.",)
    assert checked.plan is not None
    assert checked.plan.description == "Bearing wear."
    assert checked.plan.steps == ("Stop it.",)
    assert checked.plan.priority is AlertLevel.P1
    assert len(checked.removed) == 4
