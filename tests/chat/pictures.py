"""Makes the pictures of the chat that the README shows: the demonstration plant, a real browser.

PYTHONPATH=tests python tests/chat/pictures.py [--out docs/pictures]
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from chat.running import Chat, serving
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from opsmith.settings import Settings

DESK = {"width": 1280, "height": 860}
PHONE = {"width": 360, "height": 740}


def ask(page: Page, question: str) -> Locator:
    """Ask, and give the last thing that is said when the answer has ended."""
    said = page.locator("[data-step-type=assistant_message]")
    before = said.count()
    page.locator("#chat-input").fill(question)
    page.keyboard.press("Enter")
    said.nth(before).wait_for()
    page.locator("#stop-button").wait_for(state="detached")
    return said.last


def start(page: Page) -> None:
    """What fits the hour."""
    page.locator("#starters button:enabled").first.wait_for()


def answer(page: Page) -> None:
    """An answer with its steps and its chart."""
    said = ask(page, "trend of temperature of PUMP_01, last 3 hours")
    said.locator(".js-plotly-plot .legend, .js-plotly-plot .xtick").first.wait_for()
    said.scroll_into_view_if_needed()


def why(page: Page) -> None:
    """A diagnosis, with what its evidence is."""
    ask(page, "why did PUMP_01 alarm?")
    page.locator("[data-step-type=user_message]").last.scroll_into_view_if_needed()


def card(page: Page) -> None:
    """A change that waits for a person."""
    ask(page, "create a P1 work order for PUMP_01: check the drive end bearing")
    page.get_by_role("button", name=re.compile("Confirm")).wait_for()


def in_chinese(page: Page) -> None:
    """An answer on a phone."""
    said = ask(page, "PUMP_01 最近3小时的温度趋势")
    said.locator(".js-plotly-plot .xtick").first.wait_for()
    said.locator(".js-plotly-plot").first.scroll_into_view_if_needed()


def in_the_dark(page: Page) -> None:
    """The same page in its dark theme."""
    page.evaluate("localStorage.setItem('vite-ui-theme', 'dark')")
    page.reload()
    start(page)
    said = ask(page, "forecast for PUMP_01")
    said.locator(".js-plotly-plot .xtick").first.wait_for()


VIEWS: dict[str, tuple[dict[str, int], Callable[[Page], None]]] = {
    "chat-start": (DESK, start),
    "chat-answer": (DESK, answer),
    "chat-why": (DESK, why),
    "chat-card": (DESK, card),
    "chat-phone-zh": (PHONE, in_chinese),
    "chat-dark": (DESK, in_the_dark),
}


def shoot(browser: Browser, chat: Chat, out: Path) -> None:
    """Take every picture, each in a conversation of its own."""
    for name, (size, view) in VIEWS.items():
        width, height = size["width"], size["height"]
        with browser.new_context(viewport={"width": width, "height": height}) as context:
            context.set_default_timeout(60_000)
            page = context.new_page()
            page.goto(chat.url)
            start(page)
            view(page)
            expect(page.locator("#stop-button")).to_have_count(0)
            # Until nothing moves any more: the fonts are there, the chart is drawn.
            page.wait_for_load_state("networkidle")
            page.screenshot(path=out / f"{name}.png", animations="disabled")
            sys.stdout.write(f"{out / name}.png\n")


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    parser.add_argument("--data", type=Path, help="A plant that is there; default: the demo's.")
    given = parser.parse_args()
    found = shutil.which("chromium")
    if found is None:
        sys.exit("no chromium; install it with: apt-get install chromium fonts-noto-cjk")
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        settings = Settings(data_dir=given.data or Path(made))
        if given.data is None:
            subprocess.run(
                [sys.executable, "-m", "opsmith.app.cli", "demo", "--json"],
                env={"PATH": "/usr/bin:/bin", "OPSMITH_DATA_DIR": made},
                check=True,
                stdout=subprocess.DEVNULL,
            )
        with serving(settings) as chat, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=Path(found), args=["--no-sandbox", "--disable-gpu"]
            )
            shoot(browser, chat, given.out)


if __name__ == "__main__":
    main()
