"""Answers of a model in a browser, while they still come."""

import threading
from collections.abc import Iterator

import pytest
from chat.busy_plant import busy_plant
from chat.running import Chat, serving
from llm_server import LlmServer, always, fails, says, says_bit_by_bit
from playwright.sync_api import BrowserContext, Locator, Page, expect

from opsmith.settings import Settings

expect.set_options(timeout=30_000)

PATIENCE = 30
FIRST, FALSE, LAST = "The pump runs. ", "Its oil is at 777.7 °C. ", "Nothing else is known."


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return busy_plant(tmp_path_factory.mktemp("plant"))


@pytest.fixture(scope="module")
def model() -> Iterator[LlmServer]:
    with LlmServer(always(says("Ready."))) as server:
        yield server


@pytest.fixture(scope="module")
def chat(settings: Settings, model: LlmServer) -> Iterator[Chat]:
    """The page with a model behind it."""
    with serving(
        settings,
        OPSMITH_LLM_PROVIDER="openai",
        OPSMITH_LLM_MODEL="scripted",
        OPSMITH_LLM_BASE_URL=model.url,
        OPSMITH_LLM_API_KEY="none",
    ) as running:
        yield running


@pytest.fixture
def wire(visitor: BrowserContext, chat: Chat) -> Iterator[tuple[Page, list[str]]]:
    """The page, and all that comes to it through its socket."""
    with visitor.new_page() as page:
        came: list[str] = []
        page.on("websocket", lambda one: one.on("framereceived", lambda p: came.append(str(p))))
        page.goto(chat.url)
        page.locator("#starters button:enabled").first.wait_for()
        yield page, came


class Held:
    """Words of a model that wait after some of them until they are let go on."""

    def __init__(self, before: str, after: str = "", error: Exception | None = None) -> None:
        self.go = threading.Event()
        self._before = before
        self._after = after
        self._error = error

    def words(self) -> Iterator[str]:
        yield from self._before.split("|")
        assert self.go.wait(PATIENCE), "nobody let it go on"
        if self._error is not None:
            raise self._error
        yield self._after


def ask(page: Page, question: str) -> Locator:
    page.locator("#chat-input").fill(question)
    page.locator("#chat-submit").click()
    return page.locator("[data-step-type=assistant_message]").last


def test_a_sentence_is_read_before_the_rest_has_come_and_a_false_number_never_is(
    wire: tuple[Page, list[str]], model: LlmServer
) -> None:
    page, came = wire
    held = Held(f"{FIRST}{FALSE[:14]}|{FALSE[14:]}", LAST)
    model.use(always(says_bit_by_bit(held.words())))
    said = ask(page, "How is the oil of PUMP_01?")
    expect(said).to_contain_text(FIRST.strip())
    expect(page.locator("#stop-button")).to_be_visible()
    expect(said).not_to_contain_text("Answered by")
    # Sent back once, since no tool returned it, the model says the same again.
    model.use(always(says(FIRST + FALSE + LAST)))
    held.go.set()
    expect(said).to_contain_text(LAST)
    expect(said).to_contain_text("Left out, since no tool returned what they state: 1 sentence(s).")
    expect(said).to_contain_text("Answered by scripted.")
    expect(page.locator("[data-step-type=assistant_message]")).to_have_count(1)
    assert any(FIRST.strip() in one for one in came)
    assert not any("777" in one for one in came)


def test_what_was_read_of_an_answer_stays_when_it_is_stopped(
    wire: tuple[Page, list[str]], model: LlmServer
) -> None:
    page, _ = wire
    held = Held(FIRST)
    model.use(always(says_bit_by_bit(held.words())))
    said = ask(page, "How is PUMP_01?")
    expect(said).to_contain_text(FIRST.strip())
    page.locator("#stop-button").click()
    expect(said).to_contain_text("Stopped here; the rest was not answered.")
    expect(page.locator("#stop-button")).to_have_count(0)
    held.go.set()
    expect(page.get_by_text("Task manually stopped")).to_have_count(0)
    page.reload()
    expect(said).to_contain_text(f"{FIRST.strip()}")
    expect(said).to_contain_text("Stopped here; the rest was not answered.")
    model.use(always(says("It runs still.")))
    expect(ask(page, "And now?")).to_contain_text("It runs still.")


def test_where_the_provider_breaks_off_rules_answer_and_say_so(
    wire: tuple[Page, list[str]], model: LlmServer
) -> None:
    """The last one: a model that failed so is left alone for a while."""
    page, _ = wire
    held = Held(FIRST, error=ConnectionError("scripted"))
    model.use(always(says_bit_by_bit(held.words())))
    said = ask(page, "status of PUMP_02")
    expect(said).to_contain_text(FIRST.strip())
    model.use(always(fails(503)))
    held.go.set()
    expect(said).to_contain_text("The LLM did not answer")
    expect(said).to_contain_text("Answered by rules.")
    expect(said).to_contain_text("°C")
    expect(page.get_by_text(FIRST.strip())).to_have_count(0)
