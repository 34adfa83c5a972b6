"""An engineer decides in the browser on what the knowledge has learned."""

from pathlib import Path

import pytest
from chat.busy_plant import NOW, busy_plant
from playwright.sync_api import Page, expect

from opsmith.app.bootstrap import open_plant
from opsmith.domain.learning import DraftEvidence, EntryState
from opsmith.settings import Settings
from opsmith_kb.load import load_entries

expect.set_options(timeout=30_000)

NAMES = ("torn_strainer", "worn_key")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two entries wait for a reviewer."""
    settings = busy_plant(Path(tmp_path_factory.mktemp("plant")))
    evidence = DraftEvidence(
        order_no="WO-20260228-0001",
        device_id="PUMP_01",
        found="Basket torn <img src=x onerror=\"document.title='hit'\">",
        done="New basket.",
        by="eve",
        at=NOW,
    )
    with open_plant(settings) as plant:
        for name in NAMES:
            entry = load_entries()[0].model_copy(update={"entry_id": name})
            plant.stores.outcomes.versions.draft(entry, [evidence], "opsmith", NOW)
    return settings


def test_one_entry_is_accepted_and_another_rejected_on_their_cards(
    page: Page, settings: Settings
) -> None:
    said = page.locator("[data-step-type=assistant_message]")
    page.locator("#chat-input").fill("what waits for review?")
    page.locator("#chat-submit").click()
    expect(said).to_have_count(3)
    expect(said.nth(1)).to_contain_text("torn_strainer")
    expect(said.nth(1)).to_contain_text("WO-20260228-0001")
    page.get_by_role("button", name="Accept").first.click()
    expect(said.nth(1)).to_contain_text("✓ Confirmed by")
    expect(page.get_by_text("Done: the entry torn_strainer is accepted.")).to_be_visible()
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("Done: the entry worn_key is rejected.")).to_be_visible()
    expect(page.get_by_role("button", name="Accept")).to_have_count(0)
    assert page.title() != "hit"
    with open_plant(settings) as plant:
        states = [plant.stores.outcomes.versions.find(name)[0].state for name in NAMES]
        noted = [
            one.caller for one in plant.stores.audit.rows() if one.action == "review_knowledge"
        ]
    assert states == [EntryState.ACCEPTED, EntryState.REJECTED]
    assert noted == ["local", "local"]
