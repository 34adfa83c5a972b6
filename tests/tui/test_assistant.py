"""The assistant's room: the chat's conversation in a terminal, and its cards confirmed once."""

import asyncio
from pathlib import Path

import pytest
from callers import ENGINEER, READER
from driving import line_with, press, sat_at, seen
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models.function import AgentInfo, FunctionModel
from tui_plant import Plant

from opsmith.access import Caller
from opsmith.app.console import source_of
from opsmith.app.conversations import Conversations
from opsmith.domain.alerts import AlertState
from opsmith.domain.base import Language
from opsmith.settings import Settings
from opsmith_agents.assistant import Assistant
from opsmith_mcp.client import connect
from opsmith_tui.assistant_source import AssistantSource
from opsmith_tui.console import Console

pytestmark = pytest.mark.anyio


def console(
    plant: Plant,
    caller: Caller = ENGINEER,
    language: Language = "en",
    source: AssistantSource | None = None,
) -> Console:
    return sat_at(connect(plant.server(caller)), language, room="assistant", assistant=source)


def state(plant: Plant) -> AlertState:
    [alert] = plant.stores.alerts.find("PUMP_01")
    return alert.state


def kept(folder: Path) -> AssistantSource:
    return source_of(Settings(data_dir=folder, llm_model=""), Conversations(folder))


async def test_a_question_is_answered_with_its_tool_calls_and_its_evidence(plant: Plant) -> None:
    async with console(plant).run_test(size=(120, 40)) as pilot:
        assert "No LLM is configured: the rules answer." in await press(pilot)
        screen = await press(pilot, *"any alerts?", "enter")
        assert "You: any alerts?" in screen and "answered by the rules" in screen
        step = line_with("list_alerts(", screen)
        assert "→ ok" in step and " ms" in step
        assert "[E1]" in line_with("Evidence", screen)
        assert "PUMP_01" in screen and "FAN_07" in screen
        # The arrow brings the question back.
        assert screen.count("any alerts?") == 1
        assert (await press(pilot, "up")).count("any alerts?") == 2


async def test_the_answer_is_in_the_language_of_the_console(plant: Plant) -> None:
    async with console(plant, language="zh").run_test(size=(80, 24)) as pilot:
        screen = await press(pilot, *"any alerts?", "enter")
        assert "由规则回答" in screen and "超温" in screen


async def test_a_card_is_confirmed_exactly_as_shown_and_once(plant: Plant) -> None:
    async with console(plant).run_test(size=(120, 60)) as pilot:
        screen = await press(pilot, *"acknowledge the alert of PUMP_01", "enter")
        assert "nothing is done yet" in screen and "y confirms" in screen
        screen = await press(pilot, "escape", "y")
        assert "Exactly this will be done" in screen and "acknowledge_alert" in screen
        await press(pilot, "escape")
        assert state(plant) is AlertState.UNACKNOWLEDGED
        screen = await press(pilot, "y", "y")
        assert state(plant) is AlertState.ACKNOWLEDGED
        assert "nothing is done yet" not in screen and "✓" in screen
        assert "Exactly this" not in await press(pilot, "y")
    [alert] = plant.stores.alerts.find("PUMP_01")
    assert alert.acknowledged_by == "Li Wei"


async def test_a_card_that_is_let_fall_changes_nothing(plant: Plant) -> None:
    async with console(plant).run_test(size=(120, 60), notifications=True) as pilot:
        await press(pilot, *"acknowledge the alert of PUMP_01", "enter", "escape")
        assert "nothing was done" in await press(pilot, "n")
        screen = await press(pilot, "y")
        assert "No proposed change waits here." in screen and "Exactly this" not in screen
    assert state(plant) is AlertState.UNACKNOWLEDGED


async def test_who_may_only_read_confirms_nothing(plant: Plant) -> None:
    async with console(plant, READER).run_test(size=(120, 60), notifications=True) as pilot:
        await press(pilot, *"acknowledge the alert of PUMP_01", "enter", "escape")
        assert "Not enabled here" in await press(pilot, "y")
    assert state(plant) is AlertState.UNACKNOWLEDGED


async def test_the_conversation_and_its_card_go_on_after_a_restart(
    plant: Plant, tmp_path: Path
) -> None:
    async with console(plant, source=kept(tmp_path)).run_test(size=(120, 60)) as pilot:
        await press(pilot, *"how is PUMP_01?", "enter")
        await press(pilot, *"acknowledge its alert", "enter")
    async with console(plant, source=kept(tmp_path)).run_test(size=(120, 60)) as pilot:
        screen = await press(pilot)
        assert "how is PUMP_01?" in screen and "from before" in screen
        await press(pilot, "escape", "y", "y")
        assert state(plant) is AlertState.ACKNOWLEDGED
        assert "how is PUMP_01?" not in await press(pilot, "N")
    async with console(plant, source=kept(tmp_path)).run_test(size=(120, 60)) as pilot:
        assert "how is PUMP_01?" not in await press(pilot)


async def test_an_answer_that_takes_too_long_is_stopped(plant: Plant) -> None:
    asked = asyncio.Event()

    async def hang(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    source = AssistantSource(lambda eyes: Assistant(eyes, FunctionModel(hang)), model="glm-5")
    async with console(plant, source=source).run_test(size=(120, 40)) as pilot:
        assert "The LLM answers: glm-5" in await press(pilot)
        await pilot.press(*"hello there", "enter")
        await asyncio.wait_for(asked.wait(), 30)
        await pilot.pause()
        assert "is being answered" in seen(pilot)
        await pilot.press("ctrl+g")
        screen = await press(pilot)
        assert "✗ stopped" in screen and "is being answered" not in screen
        assert "hello there" in screen


async def test_what_is_typed_and_told_is_shown_as_it_is(plant: Plant) -> None:
    async with console(plant).run_test(size=(120, 40)) as pilot:
        screen = await press(pilot, *"[bold]any alerts[/bold]?", "enter")
        assert "You: [bold]any alerts[/bold]?" in screen


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_an_answer_on_a_trend_is_drawn_with_its_limits_in_eighty_columns(
    plant: Plant, language: Language
) -> None:
    async with console(plant, language=language).run_test(size=(80, 40)) as pilot:
        screen = await press(pilot, *"temperature trend of PUMP_01", "enter")
        title = {"en": "PUMP_01 · temperature, °C", "zh": "PUMP_01 · 温度, °C"}[language]
        limit = {"en": "- limit 85 °C", "zh": "- 限值 85 °C"}[language]
        assert title in screen and limit in screen and "⠒ " in screen
        assert any("┤" in line and line.count("-") > 40 for line in screen.splitlines())
        assert any(0x2801 <= ord(sign) <= 0x28FF for sign in screen.replace("⠒ ", ""))
        # It is drawn anew, as wide as there is room.
        await pilot.resize_terminal(120, 40)
        wider = await press(pilot)
        assert len(line_with("└", wider)) > len(line_with("└", screen))


async def test_an_answer_on_many_alerts_is_drawn_as_bars(plant: Plant) -> None:
    async with console(plant).run_test(size=(80, 40)) as pilot:
        screen = await press(pilot, *"alerts by device", "enter")
        assert "Alerts by device" in screen
        assert line_with("PUMP_01 █", screen) and line_with("FAN_07", screen)
