"""What the agents and the tools did is counted once, however often they were asked."""

from typing import Any

import pytest
from simulated_plant import BEARING, SimulatedPlant

from opsmith.domain.alerts import AlertLevel, Deviation
from opsmith.domain.events import ReportEvent
from opsmith.errors import LlmUnavailable
from opsmith.health import Outages
from opsmith.metrics import REGISTRY
from opsmith_agents.decision import RuleDecider
from opsmith_agents.refiner import Refiner
from opsmith_agents.responder import Responder
from opsmith_agents.rules import RuleDiagnostician
from opsmith_mcp.client import call_by_name

pytestmark = pytest.mark.anyio

OVER = Deviation(channel="vibration", unit="[g]", value=1.31, limit=1.2, share=1.0)


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"opsmith_{name}", labels) or 0.0


def counted() -> dict[str, float]:
    return {
        "diagnoses": value("diagnoses_total", by="rules", path="rules"),
        "timed": value("diagnosis_seconds_count", by="rules"),
        "reports": value("reports_stored_total", by="rules"),
        "orders": value("work_orders_created_total", priority="P1"),
        "recorded": value("tool_calls_total", tool="record_report", outcome="ok"),
    }


async def test_an_alert_told_twice_is_diagnosed_twice_and_reported_and_ordered_once(
    plant: SimulatedPlant,
) -> None:
    plant.run("MOTOR_01", BEARING)
    event = plant.event("MOTOR_01", "high_vibration", AlertLevel.P1, 50, (OVER,))
    before = counted()
    async with plant.client() as client:
        responder = Responder(client, RuleDiagnostician(client), RuleDecider(client))
        await responder.respond(event)
        await responder.respond(event)
    after = counted()
    assert {name: after[name] - before[name] for name in after} == {
        "diagnoses": 2, "timed": 2, "reports": 1, "orders": 1, "recorded": 2,
    }  # fmt: skip


async def test_a_call_is_counted_by_its_tool_and_what_came_of_it(plant: SimulatedPlant) -> None:
    async with plant.without_series().client() as client:

        async def more(tool: str, outcome: str, **arguments: Any) -> float:
            before = value("tool_calls_total", tool=tool, outcome=outcome)
            try:
                await call_by_name(client, tool, arguments)
            except Exception:
                assert outcome not in ("ok", "unavailable")
            return value("tool_calls_total", tool=tool, outcome=outcome) - before

        assert await more("list_alerts", "empty") == 1
        assert await more("fetch_telemetry_data", "unavailable", device_id="MOTOR_01") == 1
        assert await more("get_alert", "not_found", trace_id="AL-9") == 1
        assert await more("get_alert", "bad_input", trace_id=["AL-9"]) == 1
        assert await more("unknown", "failed") == 1
        name = "no_such_tool_of_a_caller"
        assert await more(name, "failed") == 0


async def test_that_no_llm_answers_is_an_outage_until_one_does(
    plant: SimulatedPlant, caplog: pytest.LogCaptureFixture
) -> None:
    plant.run("MOTOR_01", BEARING)
    event = plant.event("MOTOR_01", "high_vibration", AlertLevel.P1, 50, (OVER,))
    outages = Outages()

    async with plant.client() as client:
        rules, decider = RuleDiagnostician(client), RuleDecider(client)
        first = await Responder(client, rules, decider).respond(event)
        assert first.report is not None
        llm = Sometimes(client)
        refiner = Refiner(client, llm, decider, decider, outages=outages)
        told = ReportEvent(as_of=event.as_of, report=first.report)
        before = value("llm_reports_dropped_total", why="unavailable")
        for _ in range(3):
            await refiner.refine(told)
        assert [one.part for one in outages.standing()] == ["llm"]
        assert value("llm_reports_dropped_total", why="unavailable") == before + 3
        assert len([one for one in caplog.records if one.levelname == "WARNING"]) == 1
        llm.well = True
        await refiner.refine(told)
    assert not outages.standing()
    assert outages.over()[0].failures == 3


class Sometimes(RuleDiagnostician):
    """An LLM in name, which answers as the rules do, once it is well."""

    well = False

    async def diagnose(self, *args: Any, **kwargs: Any) -> Any:
        if not self.well:
            raise LlmUnavailable("glm-4 gave no answer in 25 s")
        found = await super().diagnose(*args, **kwargs)
        return found.model_copy(update={"made_by": "glm-4"})
