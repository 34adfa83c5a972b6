"""Answers in a browser: charts with the numbers of the tools, evidence, cards that are pressed."""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from chat.busy_plant import NOW, ONSET, busy_plant
from chat.running import Chat, serving
from fastmcp import Client
from llm_server import LlmServer, Reply, Request, always, calls, hangs, says, tool_results
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from opsmith.app.bootstrap import open_plant
from opsmith.settings import Settings
from opsmith_mcp.alert_analytics import AlertAnalytics
from opsmith_mcp.client import call, connect
from opsmith_mcp.forecasting import Forecasting
from opsmith_mcp.groups import plant_server
from opsmith_mcp.server import READER
from opsmith_mcp.telemetry import Telemetry
from opsmith_mcp.work_orders import WorkOrders

expect.set_options(timeout=30_000)
T = TypeVar("T")

SHORT_LIVED = """
from datetime import timedelta
import opsmith_agents.proposed
opsmith_agents.proposed.LIFE = timedelta(seconds=3)
from opsmith.app.cli import main
main()
"""
"""opsmith, whose cards wait for three seconds."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return busy_plant(tmp_path_factory.mktemp("busy"))


def asked(settings: Settings, question: Callable[[Client[Any]], Coroutine[Any, Any, T]]) -> T:
    """What a tool answers, in a thread: the browser's loop runs in this one."""

    async def ask() -> T:
        with open_plant(settings, "newest") as plant:
            async with connect(plant_server(plant.stores, caller=READER)) as client:
                return await question(client)

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, ask()).result(timeout=60)


def ask(page: Page, question: str) -> Locator:
    """Ask, and give the answer when it is whole."""
    answers = page.locator("[data-step-type=assistant_message]")
    before = answers.count()
    page.locator("#chat-input").fill(question)
    page.locator("#chat-submit").click()
    expect(answers).not_to_have_count(before)
    expect(page.locator("#stop-button")).to_have_count(0)
    return answers.last


def come(page: Page, chat: Chat) -> None:
    """Open the page and wait until it can be asked."""
    page.goto(chat.url)
    page.locator("#starters button:enabled").first.wait_for()


def drawn(said: Locator) -> list[dict[str, Any]]:
    """The traces of the chart in an answer, as they are in the browser."""
    plot = said.locator(".js-plotly-plot")
    plot.locator(".main-svg").first.wait_for()
    return plot.evaluate(
        "plot => plot.data.map(one => ({name: one.name, x: Array.from(one.x || []),"
        " y: Array.from(one.y || []), type: one.type}))"
    )


def trace(data: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(one for one in data if one["name"] == name)


def orders(settings: Settings) -> list[Any]:
    return list(asked(settings, lambda c: call(c, WorkOrders.list_work_orders)).orders)


def test_a_trend_has_the_tools_readings_its_normal_band_and_the_onset(
    page: Page, settings: Settings
) -> None:
    said = ask(page, "trend of temperature of PUMP_01, last 3 hours")
    series = asked(
        settings,
        lambda c: call(c, Telemetry.read_series, "PUMP_01", "temperature", window_mins=180),
    )
    before = asked(
        settings,
        lambda c: call(
            c,
            Telemetry.compare_windows,
            "PUMP_01",
            since=ONSET,
            until=NOW,
            against_since=NOW - timedelta(hours=3),
            against_until=ONSET,
        ),
    )
    normal = next(one.against for one in before.channels if one.channel == "temperature")
    assert normal.level is not None
    assert normal.spread is not None
    data = drawn(said)
    assert trace(data, "readings")["y"] == pytest.approx(series.values)
    band = next(one for one in data if one["name"].startswith("normal, "))
    assert max(band["y"]) == pytest.approx(normal.level + 3 * normal.spread)
    assert min(band["y"]) == pytest.approx(normal.level - 3 * normal.spread)
    expect(said.locator("text", has_text="P1 over-temperature 11:00")).to_be_visible()
    expect(said.locator("text", has_text="upper limit 85 °C")).to_be_visible()


def test_a_forecast_has_the_tools_median_and_interval(page: Page, settings: Settings) -> None:
    said = ask(page, "when will PUMP_01 reach its limit?")
    ahead = asked(settings, lambda c: call(c, Forecasting.predict_failure, "PUMP_01"))
    hours = ahead.channels[0].hours
    assert hours is not None
    told = asked(
        settings,
        lambda c: call(
            c,
            Forecasting.forecast_channel,
            "PUMP_01",
            "temperature",
            hours=round(max(3 * hours, 1), 1),
        ),
    )
    data = drawn(said)
    assert trace(data, "forecast")["y"] == pytest.approx(told.median)
    interval = trace(data, "80 % interval")["y"]
    assert interval == pytest.approx([*told.high, *reversed(told.low)])
    expect(said.locator("text", has_text="limit 85 °C")).to_be_visible()


def test_a_comparison_has_the_tools_levels(page: Page, settings: Settings) -> None:
    said = ask(page, "compare the temperature of PUMP_01 with PUMP_02")
    data = drawn(said)
    for place, device in enumerate(("PUMP_01", "PUMP_02")):
        seen = asked(settings, lambda c, d=device: call(c, Telemetry.fetch_telemetry_data, d))
        (hot,) = [one for one in seen.channels if one.channel == "temperature"]
        assert trace(data, "mean")["x"][place] == hot.mean
        assert trace(data, "last")["x"][place] == hot.last
        assert trace(data, "upper limit")["x"][place] == 85.0
        assert trace(data, "lowest to highest")["x"][3 * place : 3 * place + 2] == [
            hot.low,
            hot.high,
        ]


def test_correlations_are_those_of_the_tool(page: Page, settings: Settings) -> None:
    said = ask(page, "correlate the channels of PUMP_01")
    found = asked(
        settings, lambda c: call(c, Telemetry.correlate_channels, "PUMP_01", window_mins=240)
    )
    bars = [r for one in drawn(said) for r in one["x"]]
    assert sorted(bars) == sorted(one.pearson for one in found.pairs if one.pearson is not None)
    assert len(bars) == 3


def test_a_pareto_of_alerts_has_the_tools_counts(page: Page, settings: Settings) -> None:
    said = ask(page, "pareto of alerts by device")
    found = asked(settings, lambda c: call(c, AlertAnalytics.count_alerts, group_by=("device",)))
    bars, line = drawn(said)
    assert dict(zip(bars["x"], bars["y"], strict=True)) == {
        one.key: one.count for one in found.groups
    }
    assert bars["y"][0] == 3
    assert line["y"] == pytest.approx([60.0, 80.0, 100.0])


def test_a_chart_and_its_question_are_in_chinese(page: Page) -> None:
    said = ask(page, "报警帕累托图")
    expect(said).to_contain_text("共发生 5 个报警")
    expect(said.locator("text", has_text="报警（按设备）")).to_be_visible()
    trend = ask(page, "PUMP_01 最近3小时的温度趋势")
    expect(trend.locator("text", has_text="正常范围")).to_be_visible()
    expect(trend.locator("text", has_text="P1 超温 11:00")).to_be_visible()


def test_evidence_is_opened_by_its_id_and_left_again(page: Page) -> None:
    said = ask(page, "trend of temperature of PUMP_01, last 3 hours")
    said.locator("a.element-link", has_text="E5").click()
    opened = page.locator("#element-view")
    expect(opened).to_contain_text("read_series")
    expect(opened).to_contain_text('"channel": "temperature"')
    expect(opened).to_contain_text('"limit_high": 85.0')
    opened.get_by_role("button").first.click()
    expect(page.locator("[data-step-type=assistant_message]").last).to_contain_text("80.16 °C")


def test_a_table_is_a_file_too(page: Page) -> None:
    said = ask(page, "compare the temperature of PUMP_01 with PUMP_02")
    with page.expect_download() as waiting:
        said.locator("a[download]").click()
    rows = waiting.value.path().read_text("utf-8-sig").splitlines()
    assert rows[0].startswith("Device,Channel,Last,")
    assert rows[1].startswith("PUMP_01,temperature,80.16 °C,")
    # A rise begins with a sign that a spreadsheet would take for a formula.
    assert ",'+10.03 °C," in rows[1]


def test_nothing_runs_off_the_edge_of_a_phone(chat: Chat, browser: Browser) -> None:
    with browser.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark") as phone:
        phone.set_default_timeout(30_000)
        page = phone.new_page()
        come(page, chat)
        said = ask(page, "compare the temperature of PUMP_01 with PUMP_02")
        drawn(said)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        right = said.locator(".js-plotly-plot").evaluate("one => one.getBoundingClientRect().right")
        assert right <= 360
        wrapped = said.locator("table").evaluate(
            "one => getComputedStyle(one.parentElement).overflowX"
        )
        assert wrapped == "auto"


def test_a_confirmed_card_makes_the_order_and_its_buttons_go(
    page: Page, settings: Settings
) -> None:
    there = len(orders(settings))
    card = ask(page, "create a P1 order for PUMP_01: replace the seal")
    expect(card).to_contain_text("nothing is done yet")
    expect(card).to_contain_text("Waits for you until")
    assert len(orders(settings)) == there
    ask(page, "yes")
    assert len(orders(settings)) == there
    page.get_by_role("button", name="Confirm").click()
    said = page.locator("[data-step-type=assistant_message]").last
    expect(said).to_contain_text("Done: work order WO-")
    expect(page.get_by_text("✓ Confirmed by")).to_be_visible()
    expect(page.get_by_role("button", name="Confirm")).to_have_count(0)
    expect(page.get_by_role("button", name="Dismiss")).to_have_count(0)
    made = orders(settings)
    assert len(made) == there + 1
    order = max(made, key=lambda one: one.order_no)
    assert order.order_no in said.inner_text()
    assert (order.device_id, order.priority.value) == ("PUMP_01", "P1")
    assert order.description == "replace the seal"


def test_a_card_that_is_pressed_twice_is_done_once(page: Page, settings: Settings) -> None:
    there = len(orders(settings))
    ask(page, "create a P2 order for PUMP_02: grease the bearing")
    button = page.get_by_role("button", name="Confirm")
    expect(button).to_be_enabled()
    button.evaluate("one => { one.click(); one.click(); }")
    expect(page.get_by_text("done or dismissed already")).to_be_visible()
    expect(page.get_by_text("is created.")).to_have_count(1)
    assert len(orders(settings)) == there + 1


def test_a_dismissed_card_does_nothing(page: Page, settings: Settings) -> None:
    there = len(orders(settings))
    ask(page, "给 PUMP_02 新建一个P2工单：更换轴承")
    page.get_by_role("button", name="放弃").click()
    expect(page.get_by_text("已放弃，未执行任何操作")).to_be_visible()
    expect(page.get_by_role("button", name="确认执行")).to_have_count(0)
    assert len(orders(settings)) == there


def test_a_card_that_nobody_pressed_in_time_expires(
    settings: Settings, visitor: BrowserContext
) -> None:
    with serving(settings, program=("-c", SHORT_LIVED)) as running, visitor.new_page() as page:
        there = len(orders(settings))
        come(page, running)
        card = ask(page, "create a P1 order for PUMP_01: replace the coupling")
        expect(card).to_contain_text("✗ Expired at")
        expect(page.get_by_role("button", name="Confirm")).to_have_count(0)
        assert len(orders(settings)) == there


def test_a_model_cites_what_it_looked_at_and_its_tokens_are_told(
    settings: Settings, visitor: BrowserContext
) -> None:
    def script(request: Request) -> Reply:
        if not tool_results(request):
            return calls(("read_series", {"device_id": "PUMP_01", "channel": "temperature"}))
        value = tool_results(request)[-1]["result"]["values"][-1]
        return says(f"It is at {value:.2f} °C (E1).")

    with (
        LlmServer(script) as model,
        modelled(settings, model) as running,
        visitor.new_page() as page,
    ):
        come(page, running)
        said = ask(page, "How warm is PUMP_01?")
        expect(said).to_contain_text("Answered by scripted.")
        # Two requests of 100 tokens in and 10 out each, at 3 and 20 for a million.
        expect(said).to_contain_text("200 tokens in, 20 out, 2 request(s), cost 0.0010")
        expect(said.locator("a.element-link")).to_have_count(1)
        said.locator("a.element-link", has_text="E1").click()
        expect(page.locator("#element-view")).to_contain_text('"channel": "temperature"')


def test_who_stops_an_answer_is_told_so_in_his_language_and_may_ask_again(
    settings: Settings, visitor: BrowserContext
) -> None:
    with (
        LlmServer(always(hangs())) as model,
        modelled(settings, model) as running,
        visitor.new_page() as page,
    ):
        come(page, running)
        page.locator("#chat-input").fill("PUMP_01 怎么样")
        page.locator("#chat-submit").click()
        page.locator("#stop-button").click()
        said = page.locator("[data-step-type=assistant_message]").last
        expect(said).to_contain_text("已停止，未作回答。")
        expect(page.locator("#stop-button")).to_have_count(0)
        model.use(always(says("现在正常。")))
        expect(ask(page, "现在呢")).to_contain_text("现在正常。")


@contextmanager
def modelled(settings: Settings, model: LlmServer) -> Generator[Chat]:
    """The page with a model behind it, that has a price."""
    with serving(
        settings,
        OPSMITH_LLM_PROVIDER="openai",
        OPSMITH_LLM_MODEL="scripted",
        OPSMITH_LLM_BASE_URL=model.url,
        OPSMITH_LLM_API_KEY="none",
        OPSMITH_LLM_PRICE_IN="3",
        OPSMITH_LLM_PRICE_OUT="20",
    ) as running:
        yield running
