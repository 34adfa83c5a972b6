"""Questions about the plant, by rules alone and by an LLM on a loopback server."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from callers import ENGINEER, SYSTEM
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
    tool_results,
)
from pump_plant import NOW, PumpPlant, pump_plant

from opsmith.domain.base import Language
from opsmith_agents.answers import Answer, Step, Usage
from opsmith_agents.assistant import Assistant
from opsmith_agents.charts import TrendChart
from opsmith_agents.decision import RuleDecider
from opsmith_agents.models import build_model
from opsmith_agents.responder import Responder
from opsmith_agents.rules import RuleDiagnostician
from opsmith_mcp.client import call
from opsmith_mcp.telemetry import Telemetry, TelemetryWindow

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PumpPlant]:
    """For tests that only look."""
    with pump_plant(tmp_path_factory.mktemp("plant")) as plant:
        yield plant


@pytest.fixture
def own_plant(tmp_path: Path) -> Iterator[PumpPlant]:
    """For a test that changes something."""
    with pump_plant(tmp_path) as plant:
        yield plant


async def ask(assistant: Assistant, text: str, language: Language | None = None):
    said = [one async for one in assistant.ask(text, language)]
    steps, answer = said[:-1], said[-1]
    assert isinstance(answer, Answer)
    return [step for step in steps if isinstance(step, Step)], answer


async def ask_rules(plant: PumpPlant, *texts: str) -> Answer:
    """The answer to the last of some questions of one conversation."""
    async with plant.client() as client:
        assistant = Assistant(client)
        answers = [(await ask(assistant, text))[1] for text in texts]
    return answers[-1]


async def ask_llm(plant: PumpPlant, script: Script, text: str, seconds: float = 20):
    with LlmServer(script) as server:
        model = build_model("scripted", base_url=server.url, provider="openai")
        async with plant.client() as client:
            return await ask(Assistant(client, model, seconds=seconds), text)


async def telemetry(plant: PumpPlant, minutes: int) -> TelemetryWindow:
    async with plant.client() as client:
        return await call(client, Telemetry.fetch_telemetry_data, "PUMP_01", window_mins=minutes)


@pytest.mark.parametrize(
    "question",
    [
        "trend of vibration of pump 1, last 3 hours",
        "Plot PUMP-01 vibration over the past 180 minutes",
        "1号泵最近3小时的振动趋势",
        "画出 PUMP_01 过去三小时振动曲线",
    ],
)
async def test_a_trend_is_told_with_the_tools_numbers_and_comes_as_a_chart(
    plant: PumpPlant, question: str
) -> None:
    answer = await ask_rules(plant, question)
    window = await telemetry(plant, 180)
    vibration = next(one for one in window.channels if one.channel == "vibration")
    assert vibration.last is not None
    assert vibration.high is not None
    assert f"{vibration.last:.4g} g" in answer.text
    assert f"{vibration.high:.4g} g" in answer.text
    chart = answer.chart
    assert isinstance(chart, TrendChart)
    assert (chart.device_id, chart.channel, chart.unit) == ("PUMP_01", "vibration", "[g]")
    assert len(chart.times) == len(chart.values) == 120
    assert chart.limit_high == 1.0
    assert (NOW - chart.times[-1]).total_seconds() < 90
    assert (chart.times[-1] - chart.times[0]).total_seconds() == pytest.approx(10_800, abs=300)


@pytest.mark.parametrize(
    ("question", "language", "said"),
    [
        ("how is pump 1 doing?", "en", ["RUNNING", "≤ 80 °C", "1 standing alert"]),
        ("1号泵怎么样", "zh", ["运行", "≤ 80 °C", "振动过高", "未确认"]),
        ("list the devices", "en", ["3 devices", "PUMP_01", "MOTOR_01"]),
        ("有哪些设备", "zh", ["共 3 台设备", "PUMP_02", "电机"]),
        ("any alarms right now?", "en", ["1 standing alert", "high vibration", "P1"]),
        ("现在有什么报警？", "zh", ["1 个未恢复的报警", "振动过高"]),
        ("alerts of pump 1, last 7 days", "en", ["1 alert(s) of PUMP_01", "2026-02-21"]),
        ("PUMP_01最近7天的报警", "zh", ["共 1 个报警"]),
        ("how do I fix cavitation of a pump?", "en", ["**Cavitation**", "Remedy"]),
        ("汽蚀怎么处理", "zh", ["**汽蚀**", "处理"]),
        ("when will PUMP_01 fail?", "en", ["past its rated limit already: vibration", "80 °C"]),
        ("预测1号泵什么时候会超限", "zh", ["已超过额定限值：振动", "80 °C"]),
        ("status of PUMP_99", "en", ["No device 'PUMP_99'", "did you mean"]),
        ("how is the pump?", "en", ["Which device: PUMP_01, PUMP_02?"]),
        ("flow of pump 1", "en", ["no readings of flow", "vibration"]),
        ("give me a new work order for pump 1", "en", ["nothing is done yet", "create_work_order"]),
        ("给1号泵开一个工单", "zh", ["尚未执行", "create_work_order"]),
        ("will it rain tomorrow?", "en", ["did not understand", "status of PUMP\\_01"]),
        ("今天天气", "zh", ["没有理解", "可以这样提问"]),
        ("give me an overview", "en", ["3 devices", "1 standing alert", "**PUMP_01**"]),
        ("哪台设备最严重", "zh", ["共 3 台设备", "1 个未恢复的报警", "**PUMP_01**"]),
        ("compare PUMP_01 with MOTOR_01", "en", ["| PUMP_01 | temp", "of MOTOR_01 has ever"]),
        ("比较 PUMP_01 和 MOTOR_01 的振动", "zh", ["| PUMP_01 | 振动 |", "≤ 1 g"]),
        ("which devices are stopped?", "en", ["No such device"]),
        ("L009 产线有哪些设备", "zh", ["没有这样的设备"]),
        ("temperature of PUMP_01 at 11:00", "en", ["up to 2026-02-28 11:00:00 UTC"]),
        ("PUMP_01 11点半的温度", "zh", ["截至 2026-02-28 11:30:00 UTC"]),
        ("PMUP_01 怎么样", "zh", ["没有找到：设备 'PMUP_01'", "是否指 'PUMP_01'"]),
        ("stop pump 1", "en", ["Machines are never switched"]),
        ("请确认 PUMP_01 的报警", "zh", ["尚未执行", "acknowledge_alert"]),
        ("any P0 alarms?", "en", ["No alert stands"]),
        ("help", "en", ["I understand questions such as"]),
    ],
)
async def test_the_grammar_answers_in_the_language_of_the_question(
    plant: PumpPlant, question: str, language: Language, said: list[str]
) -> None:
    answer = await ask_rules(plant, question)
    assert answer.language == language
    assert answer.made_by == "rules"
    for words in said:
        assert words.replace("\\_", "_") in answer.text


async def test_the_language_asked_for_comes_before_that_of_the_question(plant: PumpPlant) -> None:
    async with plant.client() as client:
        _, answer = await ask(Assistant(client), "list the devices", "zh")
    assert "共 3 台设备" in answer.text


async def test_a_question_without_a_device_is_about_the_one_spoken_of(plant: PumpPlant) -> None:
    answer = await ask_rules(plant, "status of pump 1", "and its temperature?")
    assert isinstance(answer.chart, TrendChart)
    assert (answer.chart.device_id, answer.chart.channel) == ("PUMP_01", "temperature")


@pytest.mark.parametrize("question", ["why did pump 1 alarm?", "1号泵为什么报警", "{trace_id}"])
async def test_why_shows_the_stored_report_with_its_evidence(
    own_plant: PumpPlant, question: str
) -> None:
    async with own_plant.client(SYSTEM) as client:
        responder = Responder(client, RuleDiagnostician(client), RuleDecider(client))
        outcome = await responder.respond(own_plant.event)
    report = outcome.report
    assert report is not None
    answer = await ask_rules(own_plant, question.format(trace_id=own_plant.trace_id))
    assert own_plant.trace_id in answer.text
    assert f"{report.diagnosis.confidence:.0%}" in answer.text
    claim = report.diagnosis.claims[0]
    assert f"({', '.join(claim.evidence)})" in answer.text


async def test_a_report_tells_its_times_in_the_plants_zone_and_brings_its_evidence(
    own_plant: PumpPlant,
) -> None:
    async with own_plant.client(SYSTEM) as client:
        responder = Responder(client, RuleDiagnostician(client), RuleDecider(client))
        outcome = await responder.respond(own_plant.event)
    async with own_plant.client() as client:
        _, answer = await ask(Assistant(client, zone=ZoneInfo("Asia/Shanghai")), "why PUMP_01?")
    assert outcome.report is not None
    assert answer.evidence == outcome.report.diagnosis.evidence
    # The onset, 11:20 UTC, as the claims tell it.
    assert "2026-02-28 19:20:00 +08:00" in answer.text
    assert "UTC" not in answer.text


async def test_why_is_answered_in_the_language_of_the_question(own_plant: PumpPlant) -> None:
    async with own_plant.client(SYSTEM) as client:
        parts = client, RuleDiagnostician(client), RuleDecider(client)
        await Responder(*parts, language="en").respond(own_plant.event)
        await Responder(*parts, language="zh").respond(own_plant.event)
    assert "**Most likely" in (await ask_rules(own_plant, "why did pump 1 alarm?")).text
    assert "**最可能" in (await ask_rules(own_plant, "1号泵为什么报警")).text


async def test_what_is_due_first_comes_first(own_plant: PumpPlant) -> None:
    later = own_plant.order("Look at it", "PUMP_01", NOW + timedelta(days=7))
    sooner = own_plant.order("Renew it", "PUMP_02", NOW + timedelta(hours=1))
    answer = await ask_rules(own_plant, "which orders are due today?")
    assert answer.text.index(sooner) < answer.text.index(later)


async def test_why_without_a_report_shows_what_raised_the_alert(plant: PumpPlant) -> None:
    answer = await ask_rules(plant, "why did PUMP_01 alarm?")
    assert "No report" in answer.text
    assert "1.05 g" in answer.text


async def test_orders_are_listed_and_their_text_neither_marks_up_nor_links(
    own_plant: PumpPlant,
) -> None:
    number = own_plant.order("Renew the bearing | [now](http://evil) <img src=x>")
    answer = await ask_rules(own_plant, "work orders of pump 1")
    assert number in answer.text
    assert "\\[now\\](http://evil)" in answer.text
    assert "\\<img" in answer.text
    assert "bearing \\|" in answer.text


async def test_every_tool_call_is_shown_when_it_starts_and_when_it_ends(plant: PumpPlant) -> None:
    async with plant.client() as client:
        steps, _ = await ask(Assistant(client), "status of pump 1")
    assert [(step.number, step.state) for step in steps[:4]] == [
        (1, "running"), (1, "ok"), (2, "running"), (2, "ok"),
    ]  # fmt: skip
    assert steps[2].tool == "query_device_status"
    assert steps[2].arguments == {"device_id": "PUMP_01"}
    assert steps[3].seconds is not None
    assert steps[3].result["device"]["device_id"] == "PUMP_01"


async def test_who_leaves_a_question_does_not_wait_for_its_answer(plant: PumpPlant) -> None:
    def script(request: Request) -> Reply:
        return hangs() if tool_results(request) else looks_at_vibration(request)

    with LlmServer(script) as server:
        model = build_model("scripted", base_url=server.url, provider="openai")
        async with plant.client() as client:
            assistant = Assistant(client, model, seconds=60)
            asked = assistant.ask("How is the vibration of pump 1?")
            assert isinstance(await anext(asked), Step)
            async with asyncio.timeout(10):
                await asked.aclose()


def looks_at_vibration(request: Request) -> Reply:
    """Reads a series, then says its last value."""
    if not tool_results(request):
        return calls(("read_series", {"device_id": "PUMP_01", "channel": "vibration"}))
    series = tool_results(request)[-1]["result"]
    return says(f"Vibration of PUMP_01 is {series['values'][-1]:.2f} g.")


async def test_a_model_answers_from_the_tools_and_its_series_becomes_the_chart(
    plant: PumpPlant,
) -> None:
    steps, answer = await ask_llm(plant, looks_at_vibration, "How is the vibration of pump 1?")
    assert [step.tool for step in steps] == ["read_series", "read_series"]
    assert answer.made_by == "scripted"
    assert isinstance(answer.chart, TrendChart)
    assert answer.text == f"Vibration of PUMP_01 is {answer.chart.values[-1]:.2f} g."
    assert [one.tool for one in answer.evidence] == ["read_series"]
    assert answer.usage == Usage(requests=2, input_tokens=200, output_tokens=20)


async def test_a_sentence_with_a_number_that_no_tool_returned_is_sent_back_and_then_cut(
    plant: PumpPlant,
) -> None:
    sent_back: list[str] = []

    def script(request: Request) -> Reply:
        if not tool_results(request):
            return looks_at_vibration(request)
        sent_back.extend(
            str(m["content"]) for m in request["messages"] if "No tool returned" in str(m)
        )
        return says("Vibration of PUMP_01 rises. It is 7.77 g. See E1.")

    _, answer = await ask_llm(plant, script, "How is the vibration of pump 1?")
    assert sent_back
    assert answer.made_by == "scripted"
    assert answer.text.startswith("Vibration of PUMP_01 rises. See E1.")
    assert "Left out, since no tool returned what they state: 1 sentence(s)." in answer.text
    assert "7.77" not in answer.text


async def test_rules_answer_where_nothing_stands_of_what_the_model_says(plant: PumpPlant) -> None:
    _, answer = await ask_llm(plant, always(says("It is at 7.77 g.")), "status of PUMP_01")
    assert answer.made_by == "rules"
    assert "no tool returned what it says" in answer.note
    assert "7.77" not in answer.text


async def test_the_model_remembers_the_conversation(plant: PumpPlant) -> None:
    with LlmServer(always(says("Noted."))) as server:
        model = build_model("scripted", base_url=server.url, provider="openai")
        async with plant.client() as client:
            assistant = Assistant(client, model)
            await ask(assistant, "I mean the feed pump.")
            await ask(assistant, "How is it?")
    users = [m["content"] for m in server.requests[-1]["messages"] if m["role"] == "user"]
    assert users == ["I mean the feed pump.", "How is it?"]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (always(fails(500)), "HTTP 500"),
        (always(hangs()), "gave no answer in 0.5 s"),
        (always(Reply(200, b"<html>", "text/html")), "scripted"),
    ],
    ids=["500", "hang", "html"],
)
async def test_the_rules_answer_and_say_so_when_the_model_does_not(
    plant: PumpPlant, script: Script, reason: str
) -> None:
    seconds = 0.5 if reason.startswith("gave") else 20
    _, answer = await ask_llm(plant, script, "PUMP_01 状态怎么样", seconds)
    assert answer.made_by == "rules"
    assert "大模型没有应答" in answer.text
    assert reason in answer.note
    assert "≤ 80 °C" in answer.text


async def test_the_model_cannot_change_the_plant_through_a_server_that_writes(
    own_plant: PumpPlant,
) -> None:
    order = {"device_id": "PUMP_01", "priority": "P0", "description": "Stop the pump"}

    def script(request: Request) -> Reply:
        if len(request["messages"]) < 6:
            return calls(("create_work_order", order))
        return says("I could not.")

    with LlmServer(script) as server:
        model = build_model("scripted", base_url=server.url, provider="openai")
        async with own_plant.client(ENGINEER) as client:
            await ask(Assistant(client, model), "Stop pump 1 now!")
    assert own_plant.stores.orders.find(device_id="PUMP_01") == []
    assert "create_work_order" in json.dumps(server.requests[-1]["messages"])
