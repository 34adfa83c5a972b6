"""Entries that wait for review: a card each, decided once by a person who may."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pump_plant import NOW, PumpPlant, pump_plant

from opsmith.access import Caller, Role
from opsmith.domain.learning import DraftEvidence, EntryState
from opsmith.errors import Conflict, NotFound
from opsmith_agents.answers import Answer
from opsmith_agents.assistant import Assistant
from opsmith_agents.replies_card import call_text
from opsmith_kb.load import load_entries

pytestmark = pytest.mark.anyio

BOB = Caller("bob", Role.ENGINEER, via="chat", is_person=True)
ANN = Caller("ann", Role.OPERATOR, via="chat", is_person=True)


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[PumpPlant]:
    """Two entries wait; one is drafted from a closed order whose text is hostile."""
    with pump_plant(tmp_path) as plant:
        entry = load_entries()[0]
        evidence = DraftEvidence(
            order_no="WO-20260228-0001",
            device_id="PUMP_01",
            found="Basket torn <script>x</script>",
            done="New basket.",
            by="eve",
            at=NOW,
        )
        for name in ("torn_strainer", "worn_key"):
            draft = entry.model_copy(update={"entry_id": name, "source": "AI_GENERATED"})
            plant.stores.outcomes.versions.draft(draft, [evidence], "opsmith", NOW)
        yield plant


async def ask(assistant: Assistant, text: str) -> Answer:
    answer = [one async for one in assistant.ask(text)][-1]
    assert isinstance(answer, Answer)
    return answer


def states(plant: PumpPlant) -> dict[str, EntryState]:
    versions = plant.stores.outcomes.versions
    return {name: versions.find(name)[0].state for name in ("torn_strainer", "worn_key")}


def audited(plant: PumpPlant) -> list[tuple[str, str]]:
    rows = plant.stores.audit.rows()
    return [(one.caller, one.outcome) for one in rows if one.action == "review_knowledge"]


@pytest.mark.parametrize("question", ["what waits for review?", "有哪些待审核的知识？"])
async def test_each_entry_that_waits_has_a_card_with_its_words_its_evidence_and_both_calls(
    plant: PumpPlant, question: str
) -> None:
    async with plant.client() as client:
        answer = await ask(Assistant(client), question)
    assert answer.proposal is not None
    cards = [answer.proposal, *answer.more]
    assert [one.arguments["entry_id"] for one in cards] == ["torn_strainer", "worn_key"]
    for card in cards:
        assert card.otherwise is not None
        assert call_text("review_knowledge", card.arguments) in card.shown
        assert call_text("review_knowledge", card.otherwise) in card.shown
        assert "WO-20260228-0001" in card.shown
        assert re.search(r"(?<!\\)<", card.shown) is None
    assert set(states(plant).values()) == {EntryState.CANDIDATE}


async def test_a_reviewer_accepts_one_and_rejects_another_each_once(plant: PumpPlant) -> None:
    async with plant.client() as client, plant.client(BOB) as hands:
        assistant = Assistant(client)
        answer = await ask(assistant, "what waits for review?")
        assert answer.proposal is not None
        (other,) = answer.more
        said = await assistant.confirm(answer.proposal.proposal_id, hands)
        assert "`torn_strainer` is accepted" in said.text
        said = await assistant.confirm(other.proposal_id, hands, otherwise=True)
        assert "`worn_key` is rejected" in said.text
        with pytest.raises(NotFound):
            await assistant.confirm(other.proposal_id, hands)
        assert "No entry" in (await ask(assistant, "what waits for review?")).text
    assert list(states(plant).values()) == [EntryState.ACCEPTED, EntryState.REJECTED]
    assert audited(plant) == [("bob", "done"), ("bob", "done")]


async def test_a_card_of_an_entry_that_somebody_else_decided_on_does_nothing(
    plant: PumpPlant,
) -> None:
    async with plant.client() as client, plant.client(BOB) as hands:
        assistant = Assistant(client)
        answer = await ask(assistant, "what waits for review?")
        assert answer.proposal is not None
        plant.stores.outcomes.versions.reject("torn_strainer", "eve", NOW, "A one-off.")
        with pytest.raises((Conflict, NotFound), match="does not wait"):
            await assistant.confirm(answer.proposal.proposal_id, hands)
    assert states(plant)["torn_strainer"] == EntryState.REJECTED
    assert audited(plant) == []


async def test_who_may_not_review_changes_nothing_by_a_card(plant: PumpPlant) -> None:
    async with plant.client() as client, plant.client(ANN) as hands:
        assistant = Assistant(client)
        answer = await ask(assistant, "what waits for review?")
        assert answer.proposal is not None
        assert answer.proposal.needs == "engineer"
        said = await assistant.confirm(answer.proposal.proposal_id, hands)
        assert "Not done yet: it waits as" in said.text
    assert set(states(plant).values()) == {EntryState.CANDIDATE}
