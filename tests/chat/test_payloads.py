import re
from collections.abc import Iterator, Sequence

import pytest
from chat.busy_plant import NOW, busy_plant
from chat.payloads import payloads, titles
from chat.running import Chat, serving
from llm_server import LlmServer, Script, fails, says
from playwright.sync_api import Browser, BrowserContext, Dialog, FilePayload, Page, expect
from playwright.sync_api import Request as Asked

from opsmith.app.bootstrap import open_plant
from opsmith.domain.devices import Device
from opsmith.settings import Settings

PAYLOADS = payloads(1980)
SAID, ASKED, REMARKED, NAMED, ATTACHED = (1000, 560, 240, 120, 60)
assert len(PAYLOADS) == SAID + ASKED + REMARKED + NAMED + ATTACHED
TITLES = [one for one in titles(80) if len(one) <= 60 and one.isprintable()][:20]
assert len(TITLES) == 20

MARKED = """() => {
  const bad = [];
  for (const one of document.querySelectorAll('[data-step-type] *, #starters *')) {
    const tag = one.tagName.toLowerCase();
    if (['script', 'iframe', 'object', 'embed', 'form', 'base', 'meta', 'link', 'marquee',
         'video', 'audio', 'template', 'math'].includes(tag)) bad.push(tag);
    for (const {name, value} of one.attributes) {
      if (/^on/.test(name)) bad.push(`${tag} ${name}`);
      if (['href', 'src', 'action', 'formaction', 'xlink:href', 'data', 'background'].includes(name)
          && /^[\\s\\x00-\\x1f]*(javascript|vbscript|data:text|feed)/i.test(value))
        bad.push(`${tag} ${name}=${value}`);
      if (['src', 'srcset', 'poster', 'background'].includes(name)
          && value.includes('evil.example'))
        bad.push(`${tag} ${name}=${value}`);
      if (name === 'style' && value.includes('evil.example')) bad.push(`${tag} style`);
    }
  }
  return bad;
}"""
"""What there is in the conversation that a payload meant to be there."""


def parts(start: int, count: int, each: int) -> Iterator[list[str]]:
    """The payloads from `start` on, so many at a time."""
    for first in range(start, start + count, each):
        some = PAYLOADS[first : min(first + each, start + count)]
        # This one leaves a fence open: what came after it would only be code.
        yield sorted(some, key=lambda one: one.startswith("```\n```"))


def joined(some: Sequence[str]) -> str:
    return "\n\n".join(some)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A plant whose devices are called by payloads, and whose alert has them for comments."""
    settings = busy_plant(tmp_path_factory.mktemp("plant"))
    start = SAID + ASKED
    with open_plant(settings) as plant:
        alert = plant.stores.alerts.find("PUMP_01")[0]
        for some in parts(start, REMARKED, 12):
            plant.stores.alerts.comments.add(alert.trace_id, "Li", joined(some)[:1000], NOW)
        plant.stores.devices.add(
            [
                Device(device_id=f"FAN_{number:02}", device_type="fan", device_name=joined(some))
                for number, some in enumerate(parts(start + REMARKED, NAMED, 2), 10)
            ],
            NOW,
        )
    return settings


@pytest.fixture(scope="module")
def model() -> Iterator[LlmServer]:
    with LlmServer(lambda _: fails(503)) as server:
        yield server


@pytest.fixture(scope="module")
def chat(settings: Settings, model: LlmServer) -> Iterator[Chat]:
    pytest.importorskip("chainlit", reason="install opsmith[chat]")
    with serving(
        settings,
        OPSMITH_LLM_PROVIDER="openai",
        OPSMITH_LLM_MODEL="scripted",
        OPSMITH_LLM_BASE_URL=model.url,
        OPSMITH_LLM_API_KEY="none",
    ) as running:
        yield running


@pytest.fixture(scope="module")
def unguarded(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that minds no content security policy: escaping alone must hold."""
    with browser.new_context(bypass_csp=True) as context:
        context.set_default_timeout(60_000)
        yield context


def test_of_two_thousand_payloads_none_is_run(
    chat: Chat, model: LlmServer, unguarded: BrowserContext
) -> None:
    page = unguarded.new_page()
    foreign: list[str] = []
    dialogs: list[str] = []

    def note(asked: Asked) -> None:
        if not asked.url.startswith((chat.url, "data:", "blob:")):
            foreign.append(asked.url)

    def close(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    unguarded.on("request", note)
    page.on("dialog", close)
    page.goto(chat.url)
    page.locator("#starters button:enabled").first.wait_for()

    def nothing_ran(where: str) -> None:
        assert page.evaluate("window.__hit") is None, where
        assert not page.title().startswith("hit"), where
        assert (foreign, dialogs) == ([], []), where
        assert page.evaluate(MARKED) == [], where

    for number, some in enumerate(parts(0, SAID, 100)):
        text = f"The plant is well and these are the words of the manual.\n\n{joined(some)}"
        model.use(_says(text))
        ask_on(page, f"what does page {number} of the manual say about the plant?")
        expect(page.locator("[data-step-type=assistant_message]")).to_have_count(number + 1)
        nothing_ran(f"said by the model, {number}")
    # From here on the rules answer.
    model.use(lambda _: fails(503))
    for number, some in enumerate(parts(SAID, ASKED, 56)):
        ask_on(page, joined(some)[:4000])
        nothing_ran(f"asked, {number}")
    ask_on(page, "which alerts stand now?")
    ask_on(page, "why did PUMP_01 alarm?")
    ask_on(page, "which devices are there?")
    ask_on(page, "status of FAN_10")
    for step in page.locator("[data-step-type=tool] button").all()[-12:]:
        step.click()
    nothing_ran("stored")
    page.reload()
    page.locator("[data-step-type=assistant_message]").last.wait_for()
    nothing_ran("read again")
    page.goto(chat.url)
    page.locator("#starters button:enabled").first.wait_for()
    attach(page)
    nothing_ran("attached")


def ask_on(page: Page, question: str) -> None:
    """Ask, and wait for something new to be said."""
    said = page.locator("[data-step-type=assistant_message]")
    before = said.count()
    page.locator("#chat-input").fill(question)
    # Not before what is attached has arrived.
    page.locator("#chat-submit:enabled").click()
    said.nth(before).wait_for()
    page.locator("#stop-button").wait_for(state="detached")


def attach(page: Page) -> None:
    """Files whose names, devices and channels are payloads, five in a message."""
    names = list(parts(SAID + ASKED + REMARKED + NAMED, ATTACHED, 6))
    for some, marks in zip(names, _by(TITLES, 2), strict=True):
        device, channel = marks
        times = [f"2026-02-28T0{i // 60}:{i % 60:02}:00Z" for i in range(120)]
        rows = "\n".join(f'"{device}",{time},{i % 9}' for i, time in enumerate(times))
        content = f'device_id,timestamp,"{channel}"\n{rows}\n'.encode()
        files: list[FilePayload] = [
            {"name": f"{_flat(a)}{_flat(b)}.csv", "mimeType": "text/csv", "buffer": content}
            for a, b in _by(some, 2)
        ]
        page.locator("input[type=file]").first.set_input_files(files)
        expect(page.locator("#message-composer, form").get_by_text(".csv")).to_have_count(
            len(files)
        )
        ask_on(page, "readings")


def _by(some: Sequence[str], count: int) -> list[Sequence[str]]:
    return [some[first : first + count] for first in range(0, len(some), count)]


def _flat(text: str) -> str:
    """As a file may be called."""
    return re.sub(r"[\x00-\x1f/\\]", "_", text)[:110]


def _says(text: str) -> Script:
    return lambda _: says(text)
