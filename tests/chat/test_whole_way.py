import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
from chat.busy_plant import NOW, ONSET, busy_plant
from chat.running import Chat, serving
from llm_server import LlmServer, Reply, Request, calls, fails, says, tool_results
from made_documents import pdf
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from opsmith.access import Role
from opsmith.app.bootstrap import open_plant
from opsmith.app.cli_common import at_the_machine
from opsmith.domain.alerts import AlertChange, AlertLevel, Deviation
from opsmith.domain.work_orders import WorkOrder
from opsmith.settings import Settings
from opsmith.storage.users import UserStore

expect.set_options(timeout=30_000)

NAME, PASSWORD = "li.wei", "correct horse battery"
ORDER = "create a P2 work order for PUMP_01: replace the drive end bearing"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A small plant with an engineer who has a password."""
    settings = busy_plant(tmp_path_factory.mktemp("plant"))
    with open_plant(settings) as plant:
        users = UserStore(plant.stores.database)
        users.add(NAME, PASSWORD, Role.ENGINEER, by=at_the_machine(Role.ADMIN))
    return settings


@pytest.fixture(scope="module")
def model() -> Iterator[LlmServer]:
    with LlmServer(_answers) as server:
        yield server


@pytest.fixture(scope="module")
def modelled(settings: Settings, model: LlmServer) -> Iterator[Chat]:
    """The page with a model behind it."""
    _needs_chainlit()
    with serving(
        settings,
        OPSMITH_LLM_PROVIDER="openai",
        OPSMITH_LLM_MODEL="scripted",
        OPSMITH_LLM_BASE_URL=model.url,
        OPSMITH_LLM_API_KEY="none",
    ) as running:
        yield running


@pytest.fixture(scope="module")
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page for somebody who has signed in, each with a browser of their own."""
    contexts: list[BrowserContext] = []

    def opened(chat: Chat, width: int = 1280, height: int = 800) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        context.set_default_timeout(30_000)
        page = context.new_page()
        sign_in(page, chat)
        return page

    yield opened
    for context in contexts:
        context.close()


def sign_in(page: Page, chat: Chat, password: str = PASSWORD) -> None:
    page.goto(chat.url)
    page.locator("input[type=password]").wait_for()
    page.locator("input:not([type=password])").first.fill(NAME)
    page.locator("input[type=password]").fill(password)
    page.keyboard.press("Enter")
    page.locator("#starters button:enabled").first.wait_for()


def ask(page: Page, question: str) -> Locator:
    """Ask, and give what is said next."""
    said = page.locator("[data-step-type=assistant_message]")
    before = said.count()
    page.locator("#chat-input").fill(question)
    # Not before what is attached has arrived.
    page.locator("#chat-submit:enabled").click()
    said.nth(before).wait_for()
    return said.nth(before)


def orders(settings: Settings) -> list[WorkOrder]:
    with open_plant(settings) as plant:
        return list(plant.stores.orders.find("PUMP_01", limit=50))


def _needs_chainlit() -> None:
    if find_spec("chainlit") is None:
        pytest.skip("no Chainlit; install opsmith[chat]")


def test_an_engineer_signs_in_asks_approves_an_order_and_finds_it_all_again(
    chat: Chat, open_page: Callable[..., Page]
) -> None:
    page = open_page(chat)
    said = ask(page, "Trend of temperature of PUMP_01, last 3 hours")
    expect(said.locator(".js-plotly-plot text", has_text="upper limit 85 °C")).to_be_visible()
    step = page.locator("[data-step-type=tool]", has_text="read_series")
    expect(step).to_contain_text(re.compile(r"read_series\(device_id=PUMP_01.*\) · ok"))
    before = orders(chat.settings)
    ask(page, ORDER)
    page.get_by_role("button", name="Confirm").click()
    done = page.locator("[data-step-type=assistant_message]", has_text=re.compile(r"WO-\d{8}-\d+"))
    done.last.wait_for()
    expect(page.get_by_role("button", name="Confirm")).to_have_count(0)
    (made,) = [one for one in orders(chat.settings) if one not in before]
    assert "drive end bearing" in made.description
    assert made.priority == AlertLevel.P2
    expect(done.last).to_contain_text(made.order_no)
    with open_plant(chat.settings) as plant:
        noted = plant.stores.audit.rows(20)
    assert ("create_work_order", NAME, "chat") in {
        (one.action, one.caller, one.via) for one in noted
    }
    page.reload()
    expect(page.locator("[data-step-type=user_message]", has_text=ORDER)).to_be_visible()
    expect(page.locator("[data-step-type=assistant_message]").last).to_contain_text(made.order_no)
    again = page.locator(".js-plotly-plot text", has_text="upper limit 85 °C")
    expect(again).to_have_count(1)
    expect(page.get_by_role("button", name="Confirm")).to_have_count(0)


def test_what_was_said_is_found_from_a_new_conversation(
    chat: Chat, open_page: Callable[..., Page]
) -> None:
    page = open_page(chat)
    ask(page, "How is FAN_07 today?")
    page.goto(chat.url)
    page.locator("#starters button:enabled").first.wait_for()
    page.get_by_text("How is FAN_07 today?").first.click()
    expect(page.locator("[data-step-type=assistant_message]").last).to_contain_text("FAN_07")


def test_a_wrong_password_lets_nobody_in(chat: Chat, browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(chat.url)
        page.locator("input[type=password]").wait_for(timeout=30_000)
        page.locator("input:not([type=password])").first.fill(NAME)
        page.locator("input[type=password]").fill("wrong horse battery")
        page.keyboard.press("Enter")
        expect(page.locator("[role=alert], .alert, .text-destructive").first).to_be_visible()
        expect(page.locator("#chat-input")).to_have_count(0)


def test_on_a_phone_in_chinese_nothing_stands_out_of_the_page(
    chat: Chat, open_page: Callable[..., Page]
) -> None:
    page = open_page(chat, 360, 740)
    said = ask(page, "PUMP_01 最近3小时的温度趋势")
    expect(said).to_contain_text("由规则回答")
    expect(said.locator(".js-plotly-plot text", has_text="上限 85 °C")).to_be_visible()
    ask(page, "当前有哪些报警？")
    before = orders(chat.settings)
    ask(page, "为 PUMP_01 创建 P2 工单：更换轴承")
    page.get_by_role("button", name=re.compile("确认")).click()
    done = page.locator("[data-step-type=assistant_message]", has_text=re.compile(r"WO-\d{8}-\d+"))
    done.last.wait_for()
    assert len(orders(chat.settings)) == len(before) + 1
    wide = page.evaluate("document.scrollingElement.scrollWidth")
    assert wide <= 360
    plot = page.locator(".js-plotly-plot").bounding_box()
    assert plot is not None
    assert plot["x"] >= 0
    assert plot["x"] + plot["width"] <= 360


def test_a_model_leads_and_its_steps_are_shown(
    modelled: Chat, model: LlmServer, open_page: Callable[..., Page]
) -> None:
    model.use(_answers)
    page = open_page(modelled)
    said = ask(page, "How does the temperature of PUMP_01 do?")
    expect(said).to_contain_text("The temperature of PUMP_01 rises")
    expect(said).to_contain_text("scripted")
    expect(page.locator("[data-step-type=tool]", has_text="read_series").first).to_be_visible()
    assert model.errors == []


def test_a_provider_that_goes_down_in_mid_answer_is_told_and_rules_answer(
    modelled: Chat, model: LlmServer, open_page: Callable[..., Page]
) -> None:
    def dies(request: Request) -> Reply:
        return fails(503) if tool_results(request) else _answers(request)

    model.use(dies)
    page = open_page(modelled)
    said = ask(page, "status of PUMP_01")
    expect(said).to_contain_text("rules")
    expect(said).to_contain_text(re.compile("model|LLM"))
    expect(said).to_contain_text("°C")
    expect(page.locator("[data-step-type=tool]", has_text="fetch_telemetry_data")).to_be_visible()
    model.use(_answers)


def test_a_new_alert_is_told_without_asking_once(
    chat: Chat, open_page: Callable[..., Page]
) -> None:
    page = open_page(chat)
    ask(page, "status of FAN_07")
    hot = Deviation(channel="temperature", unit="Cel", value=97.5, limit=85.0, share=1.0)
    raised = AlertChange(
        change="raised",
        alert_type="over_limit",
        alert_level=AlertLevel.P0,
        first_seen=NOW,
        last_seen=NOW,
        onset=ONSET,
        count=3,
        score=2.0,
        deviations=(hot,),
    )
    with open_plant(chat.settings) as plant:
        plant.stores.alerts.apply("FAN_07", raised, {}, None)
    told = page.locator("[data-step-type=assistant_message]", has_text="New alert P0: FAN_07")
    told.wait_for()
    expect(told).to_contain_text("temperature 97.5 °C (limit 85 °C)")
    ask(page, "which alerts stand now?")
    expect(told).to_have_count(1)


def test_readings_are_attached_and_judged(
    chat: Chat, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    file = tmp_path / "shift.csv"
    lines = [
        f"{(NOW + timedelta(seconds=2 * i)):%Y-%m-%dT%H:%M:%SZ},{70 + i % 7 / 10 + (i > 1200) * 18}"
        for i in range(1800)
    ]
    file.write_text("timestamp,temperature\n" + "\n".join(lines))
    page = open_page(chat)
    page.locator("input[type=file]").first.set_input_files(file)
    expect(page.get_by_text("shift.csv").first).to_be_visible()
    said = ask(page, "these are readings of PUMP_01")
    expect(said).to_contain_text("1800 readings of 1 device(s)")
    expect(said).to_contain_text("over-temperature")
    expect(said.locator(".js-plotly-plot text", has_text="upper limit 85 °C")).to_be_visible()


def test_a_manual_waits_for_a_reviewer(
    chat: Chat, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    manual = tmp_path / "manual.pdf"
    manual.write_bytes(pdf([["1 Seal", "Change it every 8000 h."]], title="Feed pump manual"))
    page = open_page(chat)
    page.locator("input[type=file]").first.set_input_files(manual)
    expect(page.get_by_text("manual.pdf").first).to_be_visible()
    said = ask(page, "take this manual")
    expect(said).to_contain_text("Feed pump manual (1 pages, 1 passages) waits for a reviewer")


def _answers(request: Request) -> Reply:
    """A model that looks once and says what it saw."""
    results = tool_results(request)
    if not results:
        given = {"device_id": "PUMP_01", "channel": "temperature"}
        return calls(("read_series", given))
    return says("The temperature of PUMP_01 rises; see the chart (E1).")
