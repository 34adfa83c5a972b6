"""From an alert's event to its report and its order, once."""

from datetime import timedelta
from typing import Any

import pytest
from fastmcp import Client
from simulated_plant import BEARING, ONSET, SimulatedPlant

from opsmith.domain.alerts import AlertLevel, Deviation
from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Claim, Diagnosis
from opsmith.domain.events import AlertEvent, ReportEvent
from opsmith.domain.work_orders import OrderStatus
from opsmith.errors import LlmUnavailable, Unavailable
from opsmith_agents.decision import RuleDecider
from opsmith_agents.protocols import Diagnostician
from opsmith_agents.publisher import Outcome
from opsmith_agents.refiner import Refiner
from opsmith_agents.responder import Responder
from opsmith_agents.rules import RuleDiagnostician
from opsmith_ingest.simulation import Fault, FaultKind

pytestmark = pytest.mark.anyio

OVER = Deviation(channel="vibration", unit="[g]", value=1.31, limit=1.2, share=1.0)


class Second:
    """A second author whose words the test chooses, on the evidence of the rules."""

    def __init__(self, rules: Diagnostician, *claims: Claim, fails: bool = False) -> None:
        self._rules = rules
        self._claims = claims
        self._fails = fails
        self.asked = 0

    async def diagnose(
        self, event: AlertEvent, language: Language = "en", *, draft: Diagnosis | None = None
    ) -> Diagnosis:
        self.asked += 1
        if self._fails:
            raise LlmUnavailable("No LLM answered")
        found = await self._rules.diagnose(event, language)
        claims = self._claims or found.claims
        return found.model_copy(update={"made_by": "glm-4", "claims": claims, "tokens_used": 321})


def responder(client: Client[Any], language: Language = "en") -> Responder:
    return Responder(client, RuleDiagnostician(client), RuleDecider(client), language)


async def refined(client: Client[Any], llm: Diagnostician, event: AlertEvent) -> Outcome:
    """What the LLM makes of the rules' report."""
    decider = RuleDecider(client)
    first = await responder(client).respond(event)
    assert first.report is not None
    told = ReportEvent(as_of=event.as_of, report=first.report)
    return await Refiner(client, llm, decider, decider).refine(told)


async def test_a_raised_alert_gets_one_report_and_one_order(plant: SimulatedPlant) -> None:
    plant.run("MOTOR_01", BEARING)
    event = plant.event("MOTOR_01", "high_vibration", AlertLevel.P1, 50, (OVER,))
    async with plant.client() as client:
        first = await responder(client).respond(event)
        again = await responder(client).respond(event)
    assert first.order is not None and first.order_created
    assert not again.order_created
    assert again.order == first.order
    assert again.report == first.report
    (report,) = plant.stores.reports.versions(event.alert.trace_id)
    (order,) = plant.stores.orders.find()
    assert (report.version, report.llm_model, report.failure_mode) == (1, "rules", "bearing_wear")
    assert report.created_at == event.as_of
    assert report.diagnosis_text.startswith(report.diagnosis.cause)
    assert 0 < len(report.recommended_action) <= 500
    assert (order.order_type, order.priority, order.status) == (
        "PLANNED",
        AlertLevel.P1,
        OrderStatus.OPEN,
    )
    assert order.due_at is not None
    assert order.due_at <= event.as_of + timedelta(hours=24)
    assert order.reviewed_by is None
    assert any("lock out" in step for step in order.steps)
    assert {material.part for material in order.materials} >= {"bearing set"}


async def test_a_higher_level_gives_a_new_version_and_raises_the_same_order(
    plant: SimulatedPlant,
) -> None:
    plant.run("MOTOR_01", BEARING)
    async with plant.client() as client:
        respond = responder(client).respond
        raised = plant.event("MOTOR_01", level=AlertLevel.P2, minutes=40)
        first = await respond(raised)
        risen = plant.event("MOTOR_01", level=AlertLevel.P0, minutes=45, deviations=(OVER,))
        second = await respond(risen)
        late = await respond(raised)
    assert risen.change == "updated"
    assert first.order is not None and second.order is not None and late.order is not None
    assert second.order.order_no == first.order.order_no
    assert (second.order.priority, second.order.order_type) == (AlertLevel.P0, "EMERGENCY")
    assert second.report is not None and second.report.version == 2
    assert "Change over and stop MOTOR_01" in second.report.decision_text
    assert late.order == second.order
    assert len(plant.stores.reports.versions(raised.alert.trace_id)) == 2
    assert len(plant.stores.orders.find()) == 1


async def test_an_update_that_changes_nothing_gives_no_new_version(plant: SimulatedPlant) -> None:
    plant.run("PUMP_03", Fault(FaultKind.SENSOR_STUCK, ONSET, channel="temperature"))
    async with plant.client() as client:
        respond = responder(client).respond
        await respond(plant.event("PUMP_03", "sensor_fault", AlertLevel.P3, 20))
        soon = await respond(plant.event("PUMP_03", "sensor_fault", AlertLevel.P3, 25))
        later = await respond(plant.event("PUMP_03", "sensor_fault", AlertLevel.P3, 55))
    assert soon.skipped and later.skipped
    assert soon.skipped != later.skipped
    assert len(plant.stores.reports.newest()) == 1


async def test_a_sharper_look_gives_a_new_version_and_renames_the_order(
    plant: SimulatedPlant,
) -> None:
    late = Fault(FaultKind.SENSOR_STUCK, ONSET + timedelta(minutes=8), channel="temperature")
    plant.run("PUMP_03", late)
    async with plant.client() as client:
        respond = responder(client).respond
        first = await respond(plant.event("PUMP_03", minutes=6))
        second = await respond(plant.event("PUMP_03", minutes=50))
    assert first.report is not None and second.report is not None
    assert first.report.failure_mode is None
    assert second.report.failure_mode == "sensor_stuck"
    (order,) = plant.stores.orders.find()
    assert (order.failure_mode, order.order_type) == ("sensor_stuck", "INSPECTION")


async def test_a_change_of_load_needs_no_order(plant: SimulatedPlant) -> None:
    plant.steps("MOTOR_03", speed=(1480, 1180), current=(58, 41), vibration=(0.2, 0.2))
    event = plant.event("MOTOR_03", level=AlertLevel.P3, minutes=30)
    async with plant.client() as client:
        outcome = await responder(client).respond(event)
    report = outcome.report
    assert report is not None
    assert (report.failure_mode, outcome.order) == ("load_change", None)
    assert report.decision_text.splitlines()[1] == "No work order."


async def test_an_alert_waits_for_a_store_that_is_away_but_not_for_ever(
    plant: SimulatedPlant,
) -> None:
    plant.run("MOTOR_01", BEARING)
    event = plant.event("MOTOR_01", "high_vibration", AlertLevel.P1, 50, (OVER,))
    now = [0.0]

    def waiting(client: Client[Any]) -> Responder:
        rules, decider = RuleDiagnostician(client), RuleDecider(client)
        return Responder(client, rules, decider, patience=60, clock=lambda: now[0])

    async with plant.without_series().client() as client:
        blind = waiting(client)
        with pytest.raises(Unavailable, match="fetch_telemetry_data|telemetry"):
            await blind.respond(event)
        assert plant.stores.reports.versions(event.alert.trace_id) == []
        assert plant.stores.orders.find() == []
        # Another outage, after one in which nothing could be looked at.
        for now[0] in (50.0, 58.0, 66.0, 74.0, 82.0, 90.0, 98.0, 106.0):
            with pytest.raises(Unavailable):
                await blind.respond(event)
        now[0] = 110.0
        told = await blind.respond(event)
    assert told.report is not None and told.report.diagnosis.coverage.unavailable
    other = plant.event("MOTOR_01", "over_temp", AlertLevel.P1, 50)
    async with plant.client() as client:
        seen = await waiting(client).respond(other)
    assert seen.report is not None and not seen.report.diagnosis.coverage.unavailable


@pytest.mark.parametrize("change", ["cleared", "operator"])
async def test_other_events_ask_for_nothing(plant: SimulatedPlant, change: str) -> None:
    event = plant.event("MOTOR_01").model_copy(update={"change": change})
    async with plant.client() as client:
        outcome = await responder(client).respond(event)
    assert outcome.skipped and outcome.report is None


async def test_a_second_authors_version_supersedes_if_what_it_says_stands(
    plant: SimulatedPlant,
) -> None:
    plant.run("MOTOR_01", BEARING)
    event = plant.event("MOTOR_01", level=AlertLevel.P1, minutes=50)
    async with plant.client() as client:
        llm = Second(RuleDiagnostician(client))
        outcome = await refined(client, llm, event)
        again = await refined(client, llm, event)
    versions = plant.stores.reports.versions(event.alert.trace_id)
    assert [(r.version, r.llm_model, r.tokens_used) for r in versions] == [
        (1, "rules", 0),
        (2, "glm-4", 321),
    ]
    assert outcome.report == versions[-1]
    assert again.skipped
    assert llm.asked == 1
    assert len(plant.stores.orders.find()) == 1


async def test_the_rules_report_stands_where_a_second_author_invents(
    plant: SimulatedPlant, caplog: pytest.LogCaptureFixture
) -> None:
    plant.run("MOTOR_01", BEARING)
    event = plant.event("MOTOR_01", level=AlertLevel.P1, minutes=50)
    invented = Claim(text="temperature reached 171.3 °C.", kind="fact", evidence=("E2",))
    async with plant.client() as client:
        rules = RuleDiagnostician(client)
        for llm in (Second(rules, invented), Second(rules, fails=True)):
            outcome = await refined(client, llm, event)
            assert outcome.skipped
    versions = plant.stores.reports.versions(event.alert.trace_id)
    assert [r.llm_model for r in versions] == ["rules"]
    assert len(caplog.messages) == 2
    assert "171.3" not in caplog.text


async def test_a_plant_that_speaks_chinese_gets_chinese_columns(plant: SimulatedPlant) -> None:
    plant.run("MOTOR_01", BEARING)
    event = plant.event("MOTOR_01", level=AlertLevel.P1, minutes=50)
    async with plant.client() as client:
        outcome = await responder(client, "zh").respond(event)
    report = outcome.report
    assert report is not None
    assert "轴承磨损" in report.diagnosis_text
    assert "检修" in report.decision_text
    assert outcome.order is not None
    assert "轴承磨损" in outcome.order.description
