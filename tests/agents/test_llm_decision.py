"""The LLM that decides: what it may add, and what it cannot take away."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from llm_server import LlmServer, Reply, Script, always, fails, says
from pump_plant import NOW, PumpPlant, pump_plant

from opsmith.domain.diagnoses import Decision
from opsmith.errors import LlmUnavailable
from opsmith_agents.check import check, check_decision
from opsmith_agents.decision import RuleDecider
from opsmith_agents.llm_decision import LlmDecider
from opsmith_agents.models import build_model
from opsmith_agents.rules import RuleDiagnostician

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PumpPlant]:
    with pump_plant(tmp_path_factory.mktemp("plant")) as plant:
        yield plant


async def decide(plant: PumpPlant, script: Script) -> tuple[Decision, Decision]:
    """What the rules decide alone, and what comes of it with the LLM, checked."""
    with LlmServer(script) as server:
        model = build_model("scripted", base_url=server.url, provider="openai")
        async with plant.client() as client:
            rules = RuleDecider(client)
            diagnosis = check(await RuleDiagnostician(client).diagnose(plant.event), plant.event)
            alone = await rules.decide(plant.event, diagnosis)
            led = await LlmDecider(model, rules).decide(plant.event, diagnosis)
            return alone, check_decision(led, diagnosis, plant.event)


def answers(**fields: object) -> Reply:
    return says(json.dumps({"create_order": True, "reason": "The vibration climbs.", **fields}))


async def test_the_model_adds_steps_after_those_of_the_rules_and_brings_the_date_forward(
    plant: PumpPlant,
) -> None:
    step = "Photograph the coupling before the work."
    script = always(answers(further_steps=[step], due_hours=0.5))
    alone, led = await decide(plant, script)
    assert alone.plan is not None
    assert led.plan is not None
    assert led.plan.steps == (*alone.plan.steps, step)
    assert led.plan.due_at == NOW + timedelta(minutes=30)
    assert led.made_by == "scripted"


async def test_the_model_can_neither_withhold_the_order_nor_delay_or_empty_it(
    plant: PumpPlant,
) -> None:
    alone, led = await decide(plant, always(answers(create_order=False, due_hours=8000)))
    assert alone.create_order
    assert led.create_order
    assert led.plan == alone.plan


async def test_a_number_that_the_evidence_does_not_hold_is_cut_from_the_reason(
    plant: PumpPlant,
) -> None:
    reason = "The vibration climbs. It reached 42.7 g."
    _, led = await decide(plant, always(answers(reason=reason)))
    assert "climbs" in led.reason
    assert "42.7" not in led.model_dump_json()


@pytest.mark.parametrize("reply", [fails(500), says("I cannot decide.")], ids=["500", "chatter"])
async def test_a_model_that_fails_is_told_as_unavailable(plant: PumpPlant, reply: Reply) -> None:
    with pytest.raises(LlmUnavailable, match="scripted: "):
        await decide(plant, always(reply))
