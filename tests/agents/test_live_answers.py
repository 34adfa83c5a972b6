"""Answers of an LLM that are told while they still come, sentence by sentence."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from llm_server import (
    LlmServer,
    Reply,
    Request,
    Script,
    always,
    calls,
    fails,
    hangs,
    says,
    says_bit_by_bit,
    tool_results,
)
from pump_plant import PumpPlant, pump_plant

from opsmith_agents.answers import Answer, SoFar
from opsmith_agents.assistant import Assistant
from opsmith_agents.models import build_model

pytestmark = pytest.mark.anyio

PATIENCE = 20


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PumpPlant]:
    with pump_plant(tmp_path_factory.mktemp("plant")) as plant:
        yield plant


@asynccontextmanager
async def talking(plant: PumpPlant, server: LlmServer) -> AsyncGenerator[Assistant]:
    model = build_model("scripted", base_url=server.url, provider="openai")
    async with plant.client() as client:
        yield Assistant(client, model, seconds=PATIENCE)


async def told(plant: PumpPlant, script: Script, question: str) -> tuple[list[str], Answer]:
    """What was told while the answer came, and the answer."""
    with LlmServer(script) as server:
        async with talking(plant, server) as assistant:
            events = [one async for one in assistant.follow(question)]
    answer = events[-1]
    assert isinstance(answer, Answer)
    return [one.text for one in events if isinstance(one, SoFar)], answer


async def test_a_sentence_is_told_before_the_next_is_said(plant: PumpPlant) -> None:
    heard = threading.Event()

    def pieces() -> Iterator[str]:
        yield "The pump "
        yield "runs. "
        assert heard.wait(PATIENCE)
        yield "All is well."

    with LlmServer(always(says_bit_by_bit(pieces()))) as server:
        async with talking(plant, server) as assistant:
            seen: list[str] = []
            async for event in assistant.follow("How is PUMP_01?"):
                assert isinstance(event, SoFar | Answer)
                seen.append(event.text)
                heard.set()
    assert seen == ["The pump runs.", "The pump runs. All is well."]
    assert server.errors == []


async def test_a_false_number_in_the_middle_is_never_told(plant: PumpPlant) -> None:
    lie = says_bit_by_bit
    words = ["Vibration ri", "ses. It is 7", ".77 g now. Lo", "ok at it. ", "That is all."]
    so_far, answer = await told(plant, lambda _: lie(words), "How is PUMP_01?")
    assert so_far
    assert so_far[-1] == "Vibration rises. Look at it."
    assert not any("7" in one for one in (*so_far, answer.text))
    assert answer.text.startswith("Vibration rises. Look at it. That is all.")


async def test_words_in_another_language_are_not_told(plant: PumpPlant) -> None:
    words = ["The pump runs as it should, and nothing at all is wrong with it. ", "So it is."]
    so_far, answer = await told(plant, lambda _: says_bit_by_bit(words), "PUMP_01 怎么样")
    assert so_far == [""]
    assert answer.made_by == "rules"


async def test_what_is_said_before_a_tool_is_called_is_taken_back(plant: PumpPlant) -> None:
    def script(request: Request) -> Reply:
        if tool_results(request):
            return says("It runs.")
        reply = calls(("read_series", {"device_id": "PUMP_01", "channel": "vibration"}))
        reply.body = reply.body.replace(b'"content": null', b'"content": "I shall look. Wait."')
        return reply

    so_far, answer = await told(plant, script, "How is PUMP_01?")
    assert so_far[:2] == ["I shall look.", ""]
    assert answer.text == "It runs."
    assert answer.chart is not None


async def test_rules_answer_where_the_words_break_off(plant: PumpPlant) -> None:
    def pieces() -> Iterator[str]:
        yield "The pump runs. And"
        raise ConnectionError("scripted")

    so_far, answer = await told(plant, lambda _: says_bit_by_bit(pieces()), "status of PUMP_01")
    assert (so_far[0], so_far[-1]) == ("The pump runs.", "")
    assert answer.made_by == "rules"
    assert "The LLM did not answer" in answer.note
    assert "The pump runs." not in answer.text


async def test_a_server_that_sends_no_words_one_by_one_is_asked_for_all(plant: PumpPlant) -> None:
    def script(request: Request) -> Reply:
        return fails(400) if request.get("stream") else says("It runs. All is well.")

    so_far, answer = await told(plant, script, "How is PUMP_01?")
    assert so_far == []
    assert (answer.made_by, answer.text) == ("scripted", "It runs. All is well.")


async def test_what_stood_of_a_stopped_answer_is_remembered(plant: PumpPlant) -> None:
    stopped = threading.Event()

    def pieces() -> Iterator[str]:
        yield "The pump runs. "
        stopped.wait(PATIENCE)

    with LlmServer(always(says_bit_by_bit(pieces()))) as server:
        async with talking(plant, server) as assistant:
            async with aclosing(assistant.follow("How is PUMP_01?")) as events:
                await anext(events)
            stopped.set()
            server.use(always(says("Go on it does.")))
            assert [one async for one in assistant.ask("And then?")]
    said = [m["content"] for m in server.requests[-1]["messages"] if m["role"] == "assistant"]
    assert said == ["The pump runs. [stopped here]"]


async def test_the_next_question_is_answered_wherever_an_answer_was_stopped(
    tmp_path: Path,
) -> None:
    with pump_plant(tmp_path) as plant, LlmServer(always(hangs())) as server:
        for turns in (*range(0, 60, 5), 100, 300):
            # A conversation of its own each time: what its first question opens is stopped too.
            async with talking(plant, server) as assistant:
                server.use(always(hangs()))
                events = assistant.follow("How is it?")
                asked = asyncio.ensure_future(anext(events))
                for _ in range(turns):
                    await asyncio.sleep(0)
                asked.cancel()
                await asyncio.gather(asked, return_exceptions=True)
                await events.aclose()
                server.use(always(says("It runs.")))
                answers = [one async for one in assistant.follow("And now?")]
                assert isinstance(answers[-1], Answer)
                assert (answers[-1].made_by, answers[-1].note) == ("scripted", "")


async def test_a_model_gets_its_tools_though_the_session_has_broken(plant: PumpPlant) -> None:
    def script(request: Request) -> Reply:
        if not tool_results(request):
            return calls(("read_series", {"device_id": "PUMP_01", "channel": "vibration"}))
        return says("It runs.")

    with LlmServer(script) as server:
        model = build_model("scripted", base_url=server.url, provider="openai")
        async with plant.client() as client:
            # As it is after the streams below were closed under it.
            await client.session._write_stream.aclose()  # pyright: ignore[reportPrivateUsage]
            events = [one async for one in Assistant(client, model).follow("How is PUMP_01?")]
    assert isinstance(events[-1], Answer)
    assert (events[-1].made_by, events[-1].text) == ("scripted", "It runs.")
