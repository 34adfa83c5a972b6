"""The page speaks the language of whoever looks at it, whatever the plant's is."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chat.running import Chat
from playwright.sync_api import Browser, BrowserContext, Page, expect

expect.set_options(timeout=30_000)


@pytest.fixture
def open_page(chat: Chat, browser: Browser) -> Iterator[Callable[[str], Page]]:
    """Opens the page in a browser of that language."""
    contexts: list[BrowserContext] = []

    def opened(locale: str) -> Page:
        context = browser.new_context(locale=locale)
        contexts.append(context)
        page = context.new_page()
        page.goto(chat.url)
        page.locator("#starters button:enabled").first.wait_for(timeout=30_000)
        return page

    yield opened
    for context in contexts:
        context.close()


def attach(page: Page, file: Path) -> None:
    page.locator("input[type=file]").first.set_input_files(file)


def test_a_chinese_browser_gets_a_chinese_page_of_an_english_plant(
    open_page: Callable[[str], Page], tmp_path: Path
) -> None:
    page = open_page("zh-TW")
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    asked = "用中文或英文询问设备、报警或工单"
    expect(page.get_by_placeholder(asked).or_(page.get_by_text(asked)).first).to_be_visible()
    expect(page.locator("#starters")).to_contain_text("你能做什么？")
    program = tmp_path / "tool.exe"
    program.write_bytes(b"MZ")
    attach(page, program)
    expect(page.locator("[data-sonner-toast]")).to_have_text("只能附上读数（.csv）或手册（.pdf）。")


def test_an_english_browser_is_told_in_english_which_files_are_taken(
    open_page: Callable[[str], Page], tmp_path: Path
) -> None:
    page = open_page("en-GB")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#starters")).to_contain_text("What can you do?")
    picture = tmp_path / "pump.png"
    picture.write_bytes(b"\x89PNG")
    attach(page, picture)
    expect(page.locator("[data-sonner-toast]")).to_have_text(
        "Only readings (.csv) and manuals (.pdf) can be attached."
    )


def test_a_browser_of_another_language_gets_the_plants(open_page: Callable[[str], Page]) -> None:
    page = open_page("de-DE")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#starters")).to_contain_text("What can you do?")
