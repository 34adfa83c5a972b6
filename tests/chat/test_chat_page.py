import http.client
import re

import pytest
from chat.running import Chat, serving
from playwright.sync_api import Browser, Locator, Page, Request, expect

from opsmith.app.chat_page import run_chat
from opsmith.errors import BadInput
from opsmith.settings import Settings

expect.set_options(timeout=20_000)


def ask(page: Page, question: str) -> Locator:
    """Ask, and give the answer when it is there."""
    page.locator("#chat-input").fill(question)
    page.keyboard.press("Enter")
    return answer(page)


def answer(page: Page) -> Locator:
    said = page.locator("[data-step-type=assistant_message]").last
    said.wait_for()
    return said


def test_each_tool_call_is_a_step_and_the_answer_has_its_number(page: Page) -> None:
    said = ask(page, "status of PUMP_01")
    expect(said).to_contain_text("91.3 °C")
    expect(said).to_contain_text("Answered by rules; no language model is configured.")
    step = page.locator("[data-step-type=tool]", has_text="fetch_telemetry_data")
    title = re.compile(r"fetch_telemetry_data\(device_id=PUMP_01.*\) · ok · \d+\.\d\d s")
    expect(step).to_contain_text(title)
    step.get_by_role("button").first.click()
    expect(step.locator("pre").last).to_contain_text('"limit_high": 85.0')


def test_a_trend_is_offered_and_drawn_with_its_limit(page: Page) -> None:
    page.locator("#starters button", has_text="Trend of temperature of PUMP_01").click()
    plot = answer(page).locator(".js-plotly-plot")
    expect(plot.locator("text", has_text="upper limit 85 °C")).to_be_visible()
    # The edge of the normal band, the readings, and the limit as a line of its own.
    expect(plot.locator(".scatterlayer .trace path.js-line")).to_have_count(3)
    expect(plot.locator("text", has_text="temperature, °C")).to_be_visible()


def test_a_question_in_chinese_is_answered_in_chinese(page: Page) -> None:
    said = ask(page, "PUMP_01 最近3小时的温度趋势")
    expect(said).to_contain_text("由规则回答")
    expect(said).to_contain_text("91.3 °C")
    expect(said.locator(".js-plotly-plot text", has_text="上限 85 °C")).to_be_visible()


def test_a_script_in_a_device_name_is_shown_and_not_run(page: Page, script: str) -> None:
    said = ask(page, "status of FAN_07")
    expect(said).to_contain_text(script)
    page.locator("[data-step-type=tool] button").first.click()
    expect(page.locator("[data-step-type=tool] pre").last).to_contain_text("onerror")
    assert page.title() == "opsmith"


def test_the_page_asks_nothing_of_other_sites(page: Page, chat: Chat) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.reload()
    page.locator("#starters button", has_text="Trend of temperature").click()
    answer(page).locator(".js-plotly-plot text").first.wait_for()
    foreign = [url for url in asked if not url.startswith((chat.url, "data:", "blob:"))]
    assert len(asked) > 5
    assert foreign == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://elsewhere.example"},
        {"Origin": "null"},
        {"Host": "elsewhere.example"},
    ],
    ids=str,
)
@pytest.mark.parametrize("upgrade", [False, True], ids=["http", "websocket"])
def test_a_page_of_another_site_gets_nothing(
    chat: Chat, headers: dict[str, str], upgrade: bool
) -> None:
    asked = dict(headers)
    path = "/project/settings"
    if upgrade:
        path = "/ws/socket.io/?EIO=4&transport=websocket"
        asked |= {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }

    def answered(path: str, sent: dict[str, str]) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", chat.port, timeout=20)
        try:
            connection.request("GET", path, headers=sent)
            return connection.getresponse()
        finally:
            connection.close()

    def status(sent: dict[str, str]) -> int:
        return answered(path, sent).status

    given = answered("/", {}).headers.get_all("set-cookie") or []
    assert given, "who is at this machine is known by a cookie"
    asked["Cookie"] = "; ".join(one.partition(";")[0] for one in given)
    own = {key: value for key, value in asked.items() if key not in headers}
    assert status(own | {"Origin": chat.url}) == (101 if upgrade else 200)
    assert status(asked) == 403


def test_a_taken_port_is_told_with_the_way_out(chat: Chat) -> None:
    with pytest.raises(BadInput, match=rf"127\.0\.0\.1:{chat.port}.*--port"):
        run_chat(chat.settings, "127.0.0.1", chat.port)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "plant.example"])
def test_the_chat_is_not_shown_to_other_machines(settings: Settings, host: str) -> None:
    with pytest.raises(BadInput, match="opsmith users add"):
        run_chat(settings, host, 8322)


def test_ctrl_c_ends_it_in_order(settings: Settings) -> None:
    with serving(settings) as running:
        assert running.interrupt() == 0
        assert running.process.stderr is not None
        assert running.process.stderr.read() == ""


def test_on_a_phone_a_reload_goes_on_with_the_conversation(chat: Chat, browser: Browser) -> None:
    with browser.new_context(viewport={"width": 360, "height": 740}) as phone:
        phone.set_default_timeout(20_000)
        page = phone.new_page()
        page.goto(chat.url)
        page.locator("#starters button:enabled").first.wait_for()
        page.locator("#chat-input").fill("status of PUMP_01")
        page.locator("#chat-submit").click()
        expect(page).to_have_url(re.compile("/thread/"))
        page.reload()
        expect(page.locator("[data-step-type=user_message]")).to_have_text("status of PUMP_01")
        said = page.locator("[data-step-type=assistant_message]")
        expect(said).to_contain_text("91.3 °C")
