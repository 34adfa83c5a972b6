"""Conversations: what was spoken of is remembered, by the rules, by an LLM and from one to both."""

from collections.abc import Iterator

import pytest
from llm_server import LlmServer, Reply, Request, calls, fails, says, tool_results
from pump_plant import PumpPlant, pump_plant

from opsmith_agents.answers import Answer
from opsmith_agents.assistant import Assistant
from opsmith_agents.memory import Memory
from opsmith_agents.models import build_model

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PumpPlant]:
    with pump_plant(tmp_path_factory.mktemp("plant")) as plant:
        yield plant


async def ask(assistant: Assistant, text: str) -> Answer:
    answer = [one async for one in assistant.ask(text)][-1]
    assert isinstance(answer, Answer)
    return answer


@pytest.mark.parametrize(
    ("questions", "said"),
    [
        (("vibration of pump 1", "and the temperature?"), "**temperature** of PUMP_01"),
        (("1号泵的振动", "那温度呢？"), "PUMP_01 的**温度**"),
        (("temperature of pump 1, last 2 hours", "and the pressure?"), "over 2 h up to"),
        (("status of pump 1", "the other pump"), "**PUMP_02**"),
        (("1号泵怎么样", "另一台泵呢"), "**PUMP_02**"),
        (("why did pump 1 alarm?", "acknowledge it"), "Acknowledge an alert"),
        (("为什么1号泵报警", "确认它"), "确认报警"),
        (("diagnose PUMP_01", "how do I fix it?"), "Remedy"),
        (("诊断1号泵", "怎么处理？"), "处理:"),
        (
            ("trend of vibration of pump 1", "and yesterday?"),
            "no readings from 2026-02-27 00:00:00",
        ),
        (("work orders of pump 1", "what about MOTOR_01"), "No such work order"),
    ],
)
async def test_a_question_goes_on_from_the_one_before(
    plant: PumpPlant, questions: tuple[str, ...], said: str
) -> None:
    async with plant.client() as client:
        assistant = Assistant(client)
        answers = [await ask(assistant, text) for text in questions]
    assert said in answers[-1].text


@pytest.mark.parametrize(
    ("forget", "which"), [("forget that", "Which device"), ("忘掉前面的", "哪台")]
)
async def test_what_is_forgotten_is_not_meant_any_more(
    plant: PumpPlant, forget: str, which: str
) -> None:
    async with plant.client() as client:
        assistant = Assistant(client)
        await ask(assistant, "status of pump 1")
        await ask(assistant, forget)
        assert assistant.memory == Memory()
        asked = "its temperature?" if which.isascii() else "它的温度呢？"
        assert which in (await ask(assistant, asked)).text


async def test_a_conversation_goes_on_from_what_was_kept_of_it(plant: PumpPlant) -> None:
    async with plant.client() as client:
        first = Assistant(client)
        await ask(first, "vibration of pump 1, last 2 hours")
        kept = Memory.model_validate_json(first.memory.model_dump_json())
        answer = await ask(Assistant(client, memory=kept), "and the temperature?")
    assert "**temperature** of PUMP_01 over 2 h" in answer.text


async def test_the_rules_go_on_where_the_model_was_spoken_to(plant: PumpPlant) -> None:
    def script(request: Request) -> Reply:
        if "temperature" in str(request["messages"][-1]["content"]):
            return fails(503)
        if not tool_results(request):
            return calls(("read_series", {"device_id": "PUMP_01", "channel": "vibration"}))
        return says("It climbs.")

    with LlmServer(script) as server:
        model = build_model("scripted", base_url=server.url, provider="openai")
        async with plant.client() as client:
            assistant = Assistant(client, model)
            assert (await ask(assistant, "vibration of the feed pump?")).made_by == "scripted"
            answer = await ask(assistant, "and its temperature?")
    assert answer.made_by == "rules"
    assert answer.note
    assert "**temperature** of PUMP_01" in answer.text


async def test_the_model_is_told_what_the_rules_answered(plant: PumpPlant) -> None:
    failing = [True]

    def script(request: Request) -> Reply:
        return fails(503) if failing[0] else says("As I was told.")

    with LlmServer(script) as server:
        model = build_model("scripted", base_url=server.url, provider="openai")
        async with plant.client() as client:
            assistant = Assistant(client, model)
            assert (await ask(assistant, "status of pump 1")).made_by == "rules"
            failing[0] = False
            # The conversation is taken up again elsewhere, too.
            for one in (assistant, Assistant(client, model, memory=assistant.memory)):
                await ask(one, "Go on.")
                told = str(server.requests[-1]["messages"])
                assert "status of pump 1" in told
                assert "Feed pump" in told


async def test_a_model_that_keeps_to_the_wrong_language_is_replaced_by_the_rules(
    plant: PumpPlant,
) -> None:
    def script(request: Request) -> Reply:
        return says("The pump is running and nothing else is known about it at this moment.")

    with LlmServer(script) as server:
        model = build_model("scripted", base_url=server.url, provider="openai")
        async with plant.client() as client:
            answer = await ask(Assistant(client, model), "1号泵怎么样")
    assert answer.made_by == "rules"
    assert "language" in answer.note
    assert "运行" in answer.text


async def test_a_sentence_about_a_device_that_no_tool_returned_is_cut(plant: PumpPlant) -> None:
    def script(request: Request) -> Reply:
        if not tool_results(request):
            return calls(("query_device_status", {"device_id": "PUMP_01"}))
        return says("PUMP_01 runs. PUMP_77 and order WO-20260101-009 are why.")

    with LlmServer(script) as server:
        model = build_model("scripted", base_url=server.url, provider="openai")
        async with plant.client() as client:
            answer = await ask(Assistant(client, model), "How is pump 1?")
    assert answer.made_by == "scripted"
    assert answer.text.startswith("PUMP_01 runs.")
    assert "PUMP_77" not in answer.text
    assert "WO-20260101-009" not in answer.text
    assert "no tool returned what they state: 1 sentence(s)" in answer.text
