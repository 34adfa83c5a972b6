"""The rules' diagnosis of simulated machines, through real tools."""

import re
from datetime import timedelta

import pytest
from simulated_plant import BEARING, ONSET, SimulatedPlant

from opsmith.domain.alerts import AlertLevel, Deviation
from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Diagnosis
from opsmith.domain.events import AlertEvent
from opsmith.domain.work_orders import OrderStatus, WorkOrder
from opsmith_agents.check import check, check_decision
from opsmith_agents.decision import RuleDecider
from opsmith_agents.rules import RuleDiagnostician
from opsmith_agents.wording_sentences import SENTENCES
from opsmith_ingest.simulation import Fault, FaultKind

pytestmark = pytest.mark.anyio

HOT = Deviation(channel="vibration", unit="[g]", value=1.31, limit=1.2, share=1.0)
STUCK = Fault(FaultKind.SENSOR_STUCK, ONSET, channel="temperature")


async def diagnosed(
    plant: SimulatedPlant, event: AlertEvent, language: Language = "en"
) -> Diagnosis:
    async with plant.client() as client:
        return await RuleDiagnostician(client).diagnose(event, language)


async def test_bearing_wear_is_reported_with_the_channels_that_show_it(
    plant: SimulatedPlant,
) -> None:
    plant.run("MOTOR_01", BEARING)
    event = plant.event("MOTOR_01", "high_vibration", AlertLevel.P1, 50, (HOT,))
    found = await diagnosed(plant, event)
    assert (found.failure_mode, found.fault_category) == ("bearing_wear", "bearing")
    assert found.severity == "HIGH"
    assert found.hypotheses[0].standing == "supported"
    tools = {one.evidence_id: one.tool for one in found.evidence}
    moved = [c for c in found.claims if "rose from" in c.text]
    assert {c.text.split()[0] for c in moved} == {"vibration", "temperature"}
    assert {tools[e] for c in moved for e in c.evidence} == {"describe_change"}
    assert found.hypotheses[0].separating_test


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("device", "fault"),
    [
        ("MOTOR_01", BEARING),
        ("PUMP_01", Fault(FaultKind.CAVITATION, ONSET, 0.8)),
        ("PUMP_02", Fault(FaultKind.VALVE_RESTRICTION, ONSET, 0.4)),
        ("PUMP_03", STUCK),
        ("COMP_01", Fault(FaultKind.OVERHEATING, ONSET, 0.6)),
        ("PUMP_04", None),
    ],
)
async def test_the_rules_say_nothing_that_the_check_cuts(
    plant: SimulatedPlant, device: str, fault: Fault | None, language: Language
) -> None:
    plant.run(device, *([fault] if fault else []))
    event = plant.event(device, minutes=45)
    async with plant.client() as client:
        found = await RuleDiagnostician(client).diagnose(event, language)
        checked = check(found, event)
        decision = await RuleDecider(client).decide(event, checked)
    assert checked.removed == ()
    assert check_decision(decision, checked, event) == decision
    assert checked.claims == found.claims
    assert checked.hypotheses == found.hypotheses
    assert len(found.claims) >= 2
    assert all(claim.evidence for claim in found.claims)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_two_faults_at_once_are_both_named_and_stand_the_check(
    plant: SimulatedPlant, language: Language
) -> None:
    loose = Fault(FaultKind.IMBALANCE, ONSET, 0.7)
    plant.run("PUMP_03", loose, Fault(FaultKind.SENSOR_STUCK, ONSET, channel="pressure"))
    event = plant.event("PUMP_03", minutes=45)
    found = check(await diagnosed(plant, event, language), event)
    assert (found.failure_mode, found.also) == ("rotor_imbalance", ("sensor_stuck",))
    assert found.removed == ()
    both = [
        one for one in found.hypotheses if one.failure_mode in (found.failure_mode, *found.also)
    ]
    assert [one.standing for one in both] == ["supported", "supported"]
    assert all(one.name in found.cause for one in both)
    assert any(all(one.name in claim.text for one in both) for claim in found.claims)
    alone = check(found.model_copy(update={"hypotheses": found.hypotheses[:1]}), event)
    assert (alone.failure_mode, alone.also) == ("rotor_imbalance", ())


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_earlier_work_on_the_device_weighs_and_is_told_with_its_order(
    plant: SimulatedPlant, language: Language
) -> None:
    plant.run("MOTOR_01", Fault(FaultKind.IMBALANCE, ONSET, 0.7))
    event = plant.event("MOTOR_01", minutes=45)
    before = await diagnosed(plant, event, language)
    done = ONSET - timedelta(days=3)
    order = WorkOrder(
        order_no="WO-20260225-001",
        trace_id=None,
        device_id="MOTOR_01",
        failure_mode="overheating_cooling_lost",
        order_type="PLANNED",
        priority=AlertLevel.P2,
        description="Fan renewed.",
        status=OrderStatus.COMPLETED,
        created_at=done - timedelta(days=1),
        completed_at=done,
    )
    plant.stores.orders.put([order], done)
    after = check(await diagnosed(plant, event, language), event)
    assert after.removed == ()
    told = {one.failure_mode: one.probability for one in after.hypotheses}
    was = {one.failure_mode: one.probability for one in before.hypotheses}
    assert told["misalignment"] > was["misalignment"]
    assert any("WO-20260225-001" in claim.text for claim in after.claims)


@pytest.mark.parametrize("alert_type", ["sensor_fault", "composite"])
async def test_a_stuck_sensor_is_the_instruments_fault(
    plant: SimulatedPlant, alert_type: str
) -> None:
    plant.run("PUMP_03", STUCK)
    flat = Deviation(channel="temperature", unit="Cel", value=53.8, share=1.0, kind="flat")
    kind = "sensor_fault" if alert_type == "sensor_fault" else "composite"
    found = await diagnosed(plant, plant.event("PUMP_03", kind, AlertLevel.P3, 30, (flat,)))
    assert (found.failure_mode, found.fault_category) == ("sensor_stuck", "sensor")
    assert "not the machine" in found.cause
    assert "temperature" in found.cause


async def test_a_sensor_alert_never_becomes_a_fault_of_the_machine(plant: SimulatedPlant) -> None:
    plant.run("MOTOR_01", BEARING)
    found = await diagnosed(plant, plant.event("MOTOR_01", "sensor_fault", minutes=50))
    assert found.fault_category in ("sensor", "unknown")


async def test_a_silent_device_is_a_matter_of_data_collection(plant: SimulatedPlant) -> None:
    plant.run("PUMP_04", hours=3.0)
    found = await diagnosed(plant, plant.event("PUMP_04", "no_data", AlertLevel.P2, 30))
    assert (found.failure_mode, found.fault_category) == ("collector_down", "sensor")
    assert any("has sent no reading since 2026-02-28 08:59:50" in c.text for c in found.claims)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_what_the_device_does_not_measure_is_told_and_stands_the_check(
    plant: SimulatedPlant, language: Language
) -> None:
    plant.run("MOTOR_01", BEARING)
    event = plant.event("MOTOR_01")
    found = check(await diagnosed(plant, event, language), event)
    (told,) = found.coverage.not_checked
    measured = ("temperature", "current", "speed") if language == "en" else ("温度", "电流", "转速")
    assert ("voltage" if language == "en" else "电压") in told
    assert not any(name in told for name in measured)


async def test_of_a_healthy_machine_the_cause_is_not_established(plant: SimulatedPlant) -> None:
    plant.run("PUMP_04")
    found = await diagnosed(plant, plant.event("PUMP_04", "device_reported", AlertLevel.P2, 30))
    assert found.failure_mode is None
    assert found.cause.startswith("Cause not established.")
    assert found.confidence < 0.5
    assert any("itself reported" in claim.text for claim in found.claims)


async def test_of_an_unknown_device_nothing_is_made_up(plant: SimulatedPlant) -> None:
    plant.steps("THING_01", x01=(50.0, 65.0), x02=(8.0, 8.0), x03=(3.0, 4.5), x04=(1.0, 1.0))
    found = await diagnosed(plant, plant.event("THING_01", minutes=30))
    assert (found.failure_mode, found.fault_category) == (None, "unknown")


async def test_without_any_reading_nothing_is_diagnosed(plant: SimulatedPlant) -> None:
    found = await diagnosed(plant, plant.event("PUMP_02", minutes=30))
    assert found.failure_mode is None
    assert "describe_change" in found.coverage.empty
    assert found.confidence <= 0.3


async def test_a_store_that_is_down_is_told_and_caps_the_confidence(plant: SimulatedPlant) -> None:
    plant.run("MOTOR_01", BEARING)
    event = plant.event("MOTOR_01", minutes=50)
    found = await diagnosed(plant.without_series(), event)
    assert {"describe_change", "match_failure_modes"} <= set(found.coverage.unavailable)
    assert found.failure_mode is None
    assert found.confidence <= 0.3
    assert "could not be reached" in found.cause


async def test_the_same_event_gives_the_same_diagnosis_later(plant: SimulatedPlant) -> None:
    plant.run("MOTOR_01", BEARING)
    event = plant.event("MOTOR_01", minutes=40)
    first = await diagnosed(plant, event)
    plant.now[0] = plant.now[0].replace(hour=23)
    again = await diagnosed(plant, event)
    assert [e.digest for e in again.evidence] == [e.digest for e in first.evidence]
    assert again == first


async def test_a_chinese_report_has_no_english_sentence(plant: SimulatedPlant) -> None:
    plant.run("MOTOR_01", BEARING)
    event = plant.event("MOTOR_01", "high_vibration", AlertLevel.P0, 50, (HOT,))
    async with plant.client() as client:
        found = check(await RuleDiagnostician(client).diagnose(event, "zh"), event)
        decision = await RuleDecider(client).decide(event, found)
    told = [found.cause, found.immediate_action, found.lasting_action, found.confirm_by, found.path]
    told += [claim.text for claim in found.claims] + [entry.text for entry in found.timeline]
    for one in found.hypotheses:
        told += [one.name, *one.speaks_for, *one.speaks_against, one.separating_test or "断"]
    told += [decision.reason, decision.waiting, *decision.proposals]
    assert decision.plan is not None
    told += [decision.plan.description, *decision.plan.steps]
    for text in told:
        assert re.search(r"[\u4e00-\u9fff]", text), text
        assert not re.search(r"(?:\b[a-z]{2,}\b\s+){3}", text), text
        assert not re.search(r"vibration|temperature", text), text


def test_every_sentence_is_there_in_both_languages_with_the_same_parts() -> None:
    for key, sentence in SENTENCES.items():
        parts = {lang: set(re.findall(r"{(\w+)}", text)) for lang, text in sentence.items()}
        assert parts["en"] == parts["zh"], key
