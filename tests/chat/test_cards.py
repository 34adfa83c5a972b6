"""Cards in a conversation that goes on: what is open can be pressed, the rest says what became."""

import re
from collections.abc import Sequence

from chat.running import Chat, serving
from playwright.sync_api import BrowserContext, Locator, Page, expect

from opsmith.app.bootstrap import open_plant
from opsmith.domain.work_orders import WorkOrder
from opsmith.settings import Settings

expect.set_options(timeout=30_000)

SHORT_LIVED = """
from datetime import timedelta
import opsmith_agents.proposed
opsmith_agents.proposed.LIFE = timedelta(seconds=2)
from opsmith.app.cli import main
main()
"""
"""opsmith, whose cards wait for two seconds."""


def draft(page: Page, question: str) -> Locator:
    """Ask for something that a card is made of; gives the card."""
    page.locator("#starters button:enabled").first.wait_for()
    page.locator("#chat-input").fill(question)
    page.locator("#chat-submit").click()
    card = page.locator("[data-step-type=assistant_message]", has_text="nothing is done yet")
    card.wait_for()
    expect(page).to_have_url(re.compile("/thread/"))
    return card


def orders(settings: Settings) -> Sequence[WorkOrder]:
    with open_plant(settings) as plant:
        return plant.stores.orders.find("PUMP_01", limit=50)


def test_a_card_that_waits_can_be_confirmed_after_a_reload_once(
    chat: Chat, settings: Settings, visitor: BrowserContext
) -> None:
    with visitor.new_page() as page, visitor.new_page() as other:
        page.goto(chat.url)
        card = draft(page, "create a P2 order for PUMP_01: replace the coupling")
        before = len(orders(settings))
        other.goto(page.url)
        page.reload()
        confirm, dismiss = (
            page.get_by_role("button", name=name) for name in ("Confirm", "Dismiss")
        )
        paint = "one => getComputedStyle(one).backgroundColor"
        expect(confirm).to_be_enabled()
        assert confirm.evaluate(paint) != dismiss.evaluate(paint)
        confirm.click()
        expect(card).to_contain_text("✓ Confirmed by")
        expect(confirm).to_have_count(0)
        other.get_by_role("button", name="Confirm").click()
        expect(other.get_by_text("done or dismissed already")).to_be_visible()
        assert len(orders(settings)) == before + 1
        page.reload()
        expect(card).to_contain_text("✓ Confirmed by")
        expect(confirm).to_have_count(0)


def test_a_card_that_nobody_saw_expire_says_so_in_the_conversation_that_goes_on(
    settings: Settings, visitor: BrowserContext
) -> None:
    with visitor.new_page() as page:
        with serving(settings, program=("-c", SHORT_LIVED)) as short:
            page.goto(short.url)
            card = draft(page, "create a P2 order for PUMP_01: align the shaft")
            place, port = page.url, short.port
            expect(page.get_by_role("button", name="Confirm")).to_be_visible()
            page.wait_for_function("() => !document.querySelector('#stop-button')")
            short.interrupt()
        with serving(settings, port):
            page.goto(place)
            expect(card).to_contain_text(re.compile("✗ (It waited until|Expired at)"))
            expect(page.get_by_role("button", name="Confirm")).to_have_count(0)
