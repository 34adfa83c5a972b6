"""The chat under /chat of `opsmith serve`, beside the health page and MCP."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from playwright.sync_api import Browser, Request, expect

from opsmith.settings import Settings

expect.set_options(timeout=30_000)


@pytest.fixture
def url(settings: Settings) -> Iterator[str]:
    if find_spec("chainlit") is None:
        pytest.skip("no Chainlit; install opsmith[chat]")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    outside = {key: value for key, value in os.environ.items() if not key.startswith("OPSMITH_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "opsmith.app.cli", "serve", "--source", "none", "--port", str(port)],
        env={**outside, "OPSMITH_DATA_DIR": str(settings.data_dir)},
        cwd=settings.data_dir,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if f"the chat is on http://127.0.0.1:{port}/chat" in line:
                    break
            yield f"http://127.0.0.1:{port}"
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()


def test_the_chat_works_under_a_path_with_sockets_and_history(url: str, browser: Browser) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    with browser.new_context() as context, context.new_page() as page:
        page.set_default_timeout(30_000)
        page.on("request", note)
        sockets: list[str] = []
        page.on("websocket", lambda one: sockets.append(one.url))
        page.goto(f"{url}/chat")
        page.locator("#starters button:enabled").first.wait_for()
        page.locator("#chat-input").fill("status of PUMP_01")
        page.locator("#chat-submit").click()
        shown = page.locator("[data-step-type=assistant_message]", has_text="PUMP_01")
        expect(shown).to_be_visible()
        expect(page).to_have_url(re.compile("/chat/thread/"))
        page.reload()
        expect(shown).to_be_visible()
        page.locator("#new-chat-button").first.click()
        page.locator("#starters button:enabled").first.wait_for()
        page.locator("a[href*='/chat/thread/']").first.click()
        expect(page).to_have_url(re.compile("/chat/thread/"))
        expect(shown).to_be_visible()
        own = [one for one in asked if not one.startswith(("data:", "blob:"))]
        assert [one for one in own if not one.startswith(f"{url}/chat")] == []
        assert any(one.startswith(f"ws{url[4:]}/chat/ws/socket.io") for one in sockets)
        with urllib.request.urlopen(f"{url}/health", timeout=20) as answer:
            assert answer.status == 200
