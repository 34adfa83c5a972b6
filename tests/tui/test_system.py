"""The system's room: what runs, what is kept, what is dead; and putting dead letters back."""

import json
from datetime import datetime, timedelta

import pytest
from callers import ENGINEER
from driving import line_with, press, sat_at
from tui_plant import NOW, Plant

from opsmith.access import Caller, Role
from opsmith.clock import wall_clock
from opsmith.domain.base import Language
from opsmith.domain.events import RAW
from opsmith.storage.dead_letters import DeadLetterStore, Letter, LetterFilter
from opsmith.storage.workers import WorkerStore
from opsmith_mcp.client import connect
from opsmith_mcp.groups import EVERY, plant_server
from opsmith_tui.console import Console

pytestmark = pytest.mark.anyio

ADMIN = Caller("Wang Fang", Role.ADMIN, via="console", is_person=True)


def console(plant: Plant, caller: Caller = ADMIN, language: Language = "en") -> Console:
    client = connect(plant_server(plant.stores, EVERY, caller=caller))
    return sat_at(client, language, by=caller.name, room="system")


def reading(device_id: str, value: object) -> bytes:
    content = {"device_id": device_id, "timestamp": NOW.isoformat(), "temperature": value}
    return json.dumps(content).encode()


def bury(plant: Plant, device_id: str, value: object, reason: str, minute: int = 0) -> None:
    letter = Letter(reading(device_id, value), reason, device_id)
    DeadLetterStore(plant.database).add(RAW, [letter], NOW + timedelta(minutes=minute))


def still_dead(plant: Plant) -> int:
    return DeadLetterStore(plant.database).count(LetterFilter(redriven=False))


def beat(plant: Plant, stage: str, at: datetime, **facts: object) -> None:
    WorkerStore(plant.database).beat(stage, at, facts)


async def test_workers_stores_and_the_llm_are_seen_with_who_is_late(plant: Plant) -> None:
    now = wall_clock()
    beat(plant, "ingest", now, lag=42, failures=0)
    beat(plant, "refiner", now, lag=0, failures=7, llm="glm-5", llm_tokens=1200, llm_cost=0.03,
         llm_last="published")  # fmt: skip
    beat(plant, "responder", now - timedelta(hours=1), lag=3, failures=0)
    async with console(plant).run_test(size=(160, 50)) as pilot:
        screen = await press(pilot)
        assert "● runs" in line_with("ingest", screen) and "42" in line_with("ingest", screen)
        assert "✗ LATE" in line_with("responder", screen)
        assert "7" in line_with("refiner", screen)
        assert "glm-5" in screen and "1200" in screen and "published" in screen
        assert "Tables  ● ok" in screen and "alert_log" in screen
        screen = await press(pilot, "l")
        assert "✗ 超时" in line_with("响应", screen)


async def test_an_llm_that_fails_is_told_with_why_and_that_the_rules_stand_in(
    plant: Plant,
) -> None:
    failed = {"model": "glm-5", "circuit": "open", "requests": 9, "answered": 5,
              "failed_at": NOW.isoformat(), "failure": "server_error"}  # fmt: skip
    other = {"model": "qwen3", "circuit": "closed", "requests": 4, "answered": 4,
             "failed_at": None, "failure": ""}  # fmt: skip
    facts = {"lag": 0, "failures": 0, "llm": "glm-5, qwen3"}
    beat(plant, "refiner", wall_clock(), llm_models=[failed, other], **facts)
    async with console(plant).run_test(size=(160, 50)) as pilot:
        screen = await press(pilot)
        assert "✗ left alone for a while (circuit open)" in line_with("glm-5  ✗", screen)
        assert "9 requests, 5 answered" in screen
        assert "2026-02-28 12:00:00" in line_with("error of its server", screen)
        assert "● asked" in line_with("qwen3  ●", screen)
        assert "No LLM is asked now" not in screen
        beat(plant, "refiner", wall_clock(), llm_models=[failed], **facts)
        assert "No LLM is asked now: the rules' reports stand." in await press(pilot, "r")
        screen = await press(pilot, "l")
        assert "熔断" in line_with("glm-5  ✗", screen) and "以规则报告为准" in screen


async def test_a_dead_letter_is_put_back_when_the_admin_says_so_and_not_before(
    plant: Plant,
) -> None:
    bury(plant, "PUMP_09", 71.5, "device 'PUMP_09' is not known")
    async with console(plant).run_test(size=(120, 40), notifications=True) as pilot:
        screen = await press(pilot, "tab", "tab", "d")
        assert "redrive_dead_letters" in screen
        await press(pilot, "escape")
        assert still_dead(plant) == 1
        screen = await press(pilot, "d", "y")
        assert "1 put back; 0 would fail again" in screen
        assert "No message is dead." in screen
        assert still_dead(plant) == 0
        screen = await press(pilot, "x")
        assert "put back 20" in screen


async def test_letters_of_a_reason_go_back_together_and_the_unusable_stay(plant: Plant) -> None:
    for number in range(3):
        bury(plant, f"PUMP_1{number}", 70 + number, f"device 'PUMP_1{number}' is not known")
    bury(plant, "FAN_03", "[bold]hot[/bold]", "temperature is no number", 1)
    async with console(plant).run_test(size=(120, 40), notifications=True) as pilot:
        screen = await press(pilot, "tab", "tab")
        assert "3 × device … is not known" in screen
        # What comes from outside stands as it is.
        assert "[bold]hot[/bold]" in screen
        screen = await press(pilot, "G", "D")
        assert "is not known" in line_with("Reason has", screen)
        screen = await press(pilot, "ctrl+s")
        assert "3 put back" in screen
    assert still_dead(plant) == 1


async def test_a_number_of_letters_that_cannot_be_is_refused(plant: Plant) -> None:
    bury(plant, "PUMP_09", 71.5, "device 'PUMP_09' is not known")
    async with console(plant).run_test(size=(120, 40)) as pilot:
        screen = await press(pilot, "D", "tab", "home", "9", "ctrl+s")
        assert "1 to 1000" in screen and "Exactly this" in screen
    assert still_dead(plant) == 1


async def test_on_a_small_screen_one_pane_is_seen_after_the_other(plant: Plant) -> None:
    beat(plant, "ingest", wall_clock(), lag=0, failures=0)
    bury(plant, "PUMP_09", 71.5, "device 'PUMP_09' is not known")
    async with console(plant).run_test(size=(80, 24)) as pilot:
        screen = await press(pilot)
        assert "ingest" in screen and "PUMP_09" not in screen
        assert "Outbox" in await press(pilot, "tab")
        assert "PUMP_09" in await press(pilot, "tab")
        assert "No key was made" in await press(pilot, "tab")
        assert "ingest" in await press(pilot, "tab")


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_who_is_no_admin_sees_what_is_missing_and_what_he_may_see(
    plant: Plant, *, elsewhere: bool
) -> None:
    of_one = Caller("Zhao", Role.ADMIN, factories=frozenset({"F1"}), is_person=True)
    who = of_one if elsewhere else ENGINEER
    async with console(plant, who).run_test(size=(80, 24)) as pilot:
        screen = await press(pilot)
        assert "it needs the role admin" in screen and "opsmith keys add" in screen
        assert "Plant time: 2026-02-28" in screen and "Live feed: none" in screen
        assert "Workers" not in screen
        screen = await press(pilot, "l")
        assert "需要 管理员 角色" in screen and "opsmith keys add" in screen
