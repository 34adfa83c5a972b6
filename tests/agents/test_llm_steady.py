"""One model: asked again where it helps, left alone while it fails, tried out before it is used."""

import json
import random
from collections.abc import Iterator
from datetime import datetime
from itertools import count

import pytest
from llm_people import honest, looks, sight_of, told, written
from llm_server import (
    LlmServer,
    Reply,
    Request,
    Script,
    able,
    always,
    calls,
    fails,
    hangs,
    is_probe,
    says,
    tool_names,
)
from pump_plant import PumpPlant, pump_plant
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelAPIError

from opsmith.domain.diagnoses import Diagnosis
from opsmith.errors import LlmUnavailable
from opsmith_agents.check import check
from opsmith_agents.llm import Effort, LlmDiagnostician, Price
from opsmith_agents.llm_breaker import Breaker
from opsmith_agents.llm_limits import answering
from opsmith_agents.llm_probe import Abilities
from opsmith_agents.llm_probe import told as tried
from opsmith_agents.llm_steady import SteadyModel
from opsmith_agents.models import build_model
from opsmith_agents.rules import RuleDiagnostician

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PumpPlant]:
    with pump_plant(tmp_path_factory.mktemp("plant")) as plant:
        yield plant


def steady(server: LlmServer, **options: object) -> SteadyModel:
    """The scripted model, without waits that a test would feel."""
    built = build_model("scripted", base_url=server.url, provider="openai")
    assert isinstance(built, SteadyModel)
    options = {"pause": 0.001, "chance": random.Random(1), **options}
    return SteadyModel(built.wrapped, **options)  # pyright: ignore[reportArgumentType]


def in_turn(*replies: Reply) -> Script:
    """One after the other; the last one stays."""
    left = list(replies)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


async def ask(model: SteadyModel) -> str:
    return (await Agent(model).run("Well?", infer_name=False)).output


async def test_a_request_that_fails_once_is_made_again() -> None:
    cut = says("All is well.")
    cut.cut = 30
    for failing in (fails(429), fails(503), cut, Reply(200, b"upstream busy")):
        with LlmServer(in_turn(failing, says("All is well."))) as server:
            assert await ask(steady(server)) == "All is well."
            assert len(server.requests) == 2


async def test_what_the_server_refuses_as_such_is_not_asked_again() -> None:
    with LlmServer(always(fails(400))) as server:
        model = steady(server)
        with pytest.raises(ModelAPIError):
            await ask(model)
        assert (len(server.requests), model.breaker.state) == (1, "closed")


async def test_a_wait_that_the_server_asks_for_is_kept_to_or_not_begun() -> None:
    with LlmServer(always(fails(429, "60"))) as server:
        model = steady(server)
        with pytest.raises(LlmUnavailable, match="HTTP 429"):
            async with answering(model, 5):
                await ask(model)
        assert len(server.requests) == 1


async def test_a_model_that_keeps_failing_rests_and_is_tried_once_after_a_pause() -> None:
    now = [0.0]
    breaker = Breaker(failures=3, pause=60, clock=lambda: now[0])
    with LlmServer(always(fails(500))) as server:
        model = steady(server, breaker=breaker, tries=1)
        for _ in range(5):
            with pytest.raises(ModelAPIError):
                await ask(model)
        assert (len(server.requests), breaker.state) == (3, "open")
        now[0] = 61
        with pytest.raises(ModelAPIError):
            await ask(model)
        assert (len(server.requests), breaker.state) == (4, "open")
        now[0] = 130
        server.use(always(says("All is well.")))
        assert await ask(model) == "All is well."
        assert breaker.state == "closed"


async def test_an_answer_of_a_megabyte_is_not_sent_back_for_mending() -> None:
    long = always(says("x" * 1_000_000))
    with LlmServer(long) as server, pytest.raises(ModelAPIError, match="far too long"):
        await ask(steady(server, tries=1))


def refusing_tools(request: Request) -> Reply:
    return fails(400) if tool_names(request) else says('{"reading": 41.75}')


@pytest.mark.parametrize(
    ("script", "mode", "why"),
    [
        (able, "tools", ""),
        (refusing_tools, "evidence",
         "its server takes no tools"),
        (always(says('{"reading": 41.75}')), "evidence", "it called no tool"),
        (always(says("Hello!")), "none", "it does not answer in the form asked for"),
        (always(fails(401)), "none", "HTTP 401"),
        (always(hangs()), "none", "it gave no answer in 1 s"),
    ],
    ids=["tools", "refuses tools", "ignores tools", "chatter", "401", "hangs"],
)  # fmt: skip
async def test_a_small_trial_shows_what_a_model_can_do(script: Script, mode: str, why: str) -> None:
    with LlmServer(script, probes=False) as server:
        ability = await tried(steady(server), 1)
    assert ability.mode == mode
    assert why in ability.why


async def test_the_trial_is_made_once_and_again_after_some_hours() -> None:
    now = [0.0]
    abilities = Abilities(hours=6, clock=lambda: now[0])
    with LlmServer(able) as server:
        model = steady(server)
        for hour, trials in ((0, 1), (5, 1), (7, 2)):
            now[0] = 3600.0 * hour
            assert (await abilities.of(model, 5)).mode == "tools"
            assert sum(is_probe(r) and len(r["messages"]) <= 2 for r in server.requests) == trials


async def test_a_model_that_calls_tools_badly_is_not_asked_to_again(plant: PumpPlant) -> None:
    def script(request: Request) -> Reply:
        if tool_names(request):
            return calls(("no_such_tool", {}))
        return told(sight_of(request), written(sight_of(request)))

    with LlmServer(script) as server:
        async with plant.client() as client:
            llm = LlmDiagnostician(steady(server), client, abilities=Abilities())
            first = await llm.diagnose(plant.event)
            before = len(server.requests)
            second = await llm.diagnose(plant.event)
        assert not any(tool_names(request) for request in server.requests[before:])
    assert "called no tools rightly" in first.path
    assert "on evidence alone" in second.path


async def led(plant: PumpPlant, script: Script, **effort: object) -> Diagnosis:
    """With the rules' diagnosis known, as the stage does it."""
    with LlmServer(script) as server:
        async with plant.client() as client:
            rules = check(await RuleDiagnostician(client).diagnose(plant.event), plant.event)
            llm = LlmDiagnostician(steady(server), client, Effort(**effort))  # pyright: ignore[reportArgumentType]
            return await llm.diagnose(plant.event, draft=rules)


async def test_the_ranking_of_the_rules_is_shown_after_a_first_guess_and_not_before(
    plant: PumpPlant,
) -> None:
    seen: list[Request] = []

    def script(request: Request) -> Reply:
        seen.append(request)
        return honest(request)

    await led(plant, script)
    guess = next(i for i, r in enumerate(seen) if "ranking_of_the_rules" in json.dumps(r))
    assert guess == 2
    for request in seen[:guess]:
        assert "match_failure_modes" not in tool_names(request)
        assert "probability" not in json.dumps(request["messages"])
    assert "match_failure_modes" in tool_names(seen[guess])


async def test_tool_calls_beyond_the_limit_are_not_made_and_some_are_kept_for_the_core(
    plant: PumpPlant,
) -> None:
    asked = count(1)

    def script(request: Request) -> Reply:
        sight = sight_of(request)
        if sight.offered:
            window = {"device_id": "PUMP_01", "window_mins": 5 * next(asked)}
            return calls(("compare_with_peers", window))
        return told(sight, written(sight))

    diagnosis = await led(plant, script)
    used = [one.tool for one in diagnosis.evidence[1:]]
    assert len(used) <= 10
    assert {"fetch_telemetry_data", "describe_change", "match_failure_modes"} <= set(used)


async def test_the_money_for_a_diagnosis_ends_it(plant: PumpPlant) -> None:
    price = Price(1e6, 0)
    with pytest.raises(LlmUnavailable, match="within its limits"):
        await led(plant, honest, price=price, money=150.0)
    assert (await led(plant, honest, price=price)).cost == 400.0


async def test_a_window_of_the_models_own_choice_is_told_with_what_it_shows(
    plant: PumpPlant,
) -> None:
    since = "2026-02-28T11:50:00+00:00"

    def script(request: Request) -> Reply:
        sight = sight_of(request)
        if sight.offered and "describe_change" not in sight.made:
            return calls(("describe_change", {"device_id": "PUMP_01", "onset": since}),
                         ("fetch_telemetry_data", {"device_id": "PUMP_01"}))  # fmt: skip
        if (look := looks(sight)) is not None:
            return look
        own, _ = sight.seen["describe_change"]
        claim = {"text": "The vibration still climbs.", "kind": "fact", "evidence": [own]}
        return told(sight, written(sight, claims=[claim, *written(sight)["claims"]]))

    diagnosis = check(await led(plant, script), plant.event)
    assert diagnosis.removed == ()
    first, second = diagnosis.claims[:2]
    assert first.text.startswith("The vibration still climbs (window ") and "UTC)." in first.text
    assert "window" not in second.text


async def test_the_ranking_is_of_the_alerts_onset_whatever_the_model_asks_for(
    plant: PumpPlant,
) -> None:
    def script(request: Request) -> Reply:
        sight = sight_of(request)
        if "match_failure_modes" in sight.offered and "match_failure_modes" not in sight.made:
            wish = {"device_id": "PUMP_01", "onset": "2026-02-28T09:00:00+00:00"}
            return calls(("match_failure_modes", wish))
        return honest(request)

    diagnosis = await led(plant, script)
    ranked = next(one for one in diagnosis.evidence if one.tool == "match_failure_modes")
    assert datetime.fromisoformat(ranked.arguments["onset"]) == plant.event.alert.onset


async def test_a_number_put_into_a_search_is_not_evidence_for_it(plant: PumpPlant) -> None:
    lie = "temperature 525.7 °C of WO-525 (PUMP_77)"

    def script(request: Request) -> Reply:
        sight = sight_of(request)
        if sight.offered and "search_maintenance_kb" not in sight.made:
            return calls(("search_maintenance_kb", {"device_type": "pump", "keyword": lie}),
                         ("query_device_status", {"device_id": lie}),
                         ("get_work_order", {"order_no": "WO-525"}),
                         ("list_work_orders", {"device_id": "PUMP_01", "text": lie}))  # fmt: skip
        if (look := looks(sight)) is not None:
            return look
        ids = [f"E{number}" for number in range(9)]
        lies = ("The temperature of PUMP_01 reached 525.7 °C.", "WO-525 names the same fault.")
        claims = [{"text": one, "kind": "fact", "evidence": ids} for one in lies]
        return told(sight, written(sight, claims=[*claims, *written(sight)["claims"]]))

    diagnosis = check(await led(plant, script), plant.event)
    assert "525" not in diagnosis.model_dump_json(exclude={"evidence"})


async def test_what_a_model_says_about_another_device_is_no_order(plant: PumpPlant) -> None:
    def script(request: Request) -> Reply:
        sight = sight_of(request)
        if sight.offered and "query_device_status" not in sight.made:
            return calls(("query_device_status", {"device_id": "PUMP_02"}))
        if (look := looks(sight)) is not None:
            return look
        action = "Check the vibration by hand. Stop pump 02. Then lock out PUMP-02."
        return told(sight, written(sight, immediate_action=action))

    diagnosis = check(await led(plant, script), plant.event)
    assert diagnosis.immediate_action == "Check the vibration by hand."
    assert any("another device" in line for line in diagnosis.removed)


async def test_no_server_gives_its_model_the_name_of_the_rules(plant: PumpPlant) -> None:
    def script(request: Request) -> Reply:
        reply = honest(request)
        reply.body = reply.body.replace(b'"model": "scripted"', b'"model": "rules"')
        return reply

    assert (await led(plant, script)).made_by == "scripted"
