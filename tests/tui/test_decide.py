"""The room of what waits for a person: changes are confirmed or rejected, knowledge reviewed."""

import pytest
from callers import ENGINEER, READER
from driving import console, line_with, press
from sqlalchemy import text
from tui_plant import NOW, Plant, drafted

from opsmith.access import Caller, Role
from opsmith.domain.base import Language
from opsmith.domain.learning import EntryState
from opsmith.domain.proposals import Proposal, ProposalStatus
from opsmith_kb.load import load_entries
from opsmith_mcp.client import call, connect
from opsmith_mcp.work_orders import WorkOrders

pytestmark = pytest.mark.anyio

ANN = Caller("ann", Role.OPERATOR, via="http")


async def proposed(plant: Plant) -> Proposal:
    """An operator's program asks to dispatch the pump's order."""
    (order,) = plant.stores.orders.find()
    async with connect(plant.server(ANN)) as client:
        view = await call(client, WorkOrders.start_work_order, order.order_no)
    assert view.proposal is not None
    return view.proposal


def stands(plant: Plant) -> tuple[str, list[ProposalStatus]]:
    (order,) = plant.stores.orders.find()
    return order.status, [one.status for one in plant.stores.proposals.find(NOW, None)]


@pytest.mark.parametrize(
    ("size", "language", "said"),
    [((80, 24), "en", "Exactly this will happen"), ((120, 40), "zh", "确认后将执行")],
)
async def test_a_change_is_shown_exactly_and_confirmed_once(
    plant: Plant, size: tuple[int, int], language: Language, said: str
) -> None:
    waits = await proposed(plant)
    async with console(plant, language=language, room="decide").run_test(size=size) as pilot:
        screen = await press(pilot)
        assert said in screen and waits.shown.splitlines()[-1] in screen
        assert "PUMP_01" in screen and "ann" in screen
        assert "start_work_order" in await press(pilot, "enter")
        await press(pilot, "escape", "y", "escape")
        assert stands(plant) == ("OPEN", [ProposalStatus.PENDING])
        screen = await press(pilot, "y", "y")
        assert stands(plant) == ("IN_PROGRESS", [ProposalStatus.DONE])
        assert waits.shown.splitlines()[-1] not in screen


async def test_a_rejected_change_is_not_done_and_keeps_the_reason(plant: Plant) -> None:
    waits = await proposed(plant)
    async with console(plant, room="decide").run_test(size=(120, 40)) as pilot:
        await press(pilot, "x", *"late", "escape")
        assert stands(plant) == ("OPEN", [ProposalStatus.PENDING])
        screen = await press(pilot, "x", *"late", "ctrl+s")
        assert stands(plant) == ("OPEN", [ProposalStatus.REJECTED])
        ended = plant.stores.proposals.get(waits.proposal_id, NOW)
        assert "late" in (ended.outcome or "") and "Nothing waits" in screen


async def test_what_lapsed_meanwhile_is_told_and_leaves_the_list(plant: Plant) -> None:
    await proposed(plant)
    async with console(plant, room="decide").run_test(size=(120, 40)) as pilot:
        await press(pilot, "y")
        (order,) = plant.stores.orders.find()
        async with connect(plant.server(ENGINEER)) as client:
            await call(
                client,
                WorkOrders.close_work_order,
                order.order_no,
                "CANCELLED",
                closing_notes="Not needed.",
            )
        screen = await press(pilot, "y", "r")
        (told,) = pilot.app._notifications  # pyright: ignore[reportPrivateUsage]  Textual offers no other view of what was told
        assert "has changed since it was shown" in told.message
        assert "Nothing waits for a decision" in screen
        assert stands(plant) == ("CANCELLED", [ProposalStatus.LAPSED])


@pytest.mark.parametrize(("key", "state"), [("y", EntryState.ACCEPTED), ("x", EntryState.REJECTED)])
async def test_an_entry_that_waits_is_accepted_or_rejected_with_a_reason(
    plant: Plant, key: str, state: EntryState
) -> None:
    entry = load_entries()[0].model_copy(update={"entry_id": "torn_strainer"})
    versions = plant.stores.outcomes.versions
    versions.draft(entry, (), "ann", NOW)
    async with console(plant, room="decide").run_test(size=(120, 40)) as pilot:
        assert "knowledge" in line_with("torn_strainer", await press(pilot))
        await press(pilot, key, *"seen", "escape")
        (waits,) = versions.find("torn_strainer")
        assert waits.state is EntryState.CANDIDATE
        await press(pilot, key, *"seen", "ctrl+s")
        (decided,) = versions.find("torn_strainer")
        assert (decided.state, decided.reason) == (state, "seen")


@pytest.mark.parametrize(
    ("size", "language"), [((80, 24), "en"), ((120, 40), "zh"), ((200, 60), "en")]
)
async def test_an_entry_is_read_whole_with_its_evidence_before_it_is_decided(
    plant: Plant, size: tuple[int, int], language: Language
) -> None:
    prose = drafted(plant).text[language]
    async with console(plant, language=language, room="decide").run_test(size=size) as pilot:
        screens = [await press(pilot, "enter")]
        for _ in range(12):
            screens.append(await press(pilot, "pagedown"))
        read = "".join("".join(screens).replace("│", " ").split())
        for part in (prose.root_cause, prose.prevention, "WO-7", "Strainer torn.", "Changed."):
            assert "".join(part.split())[-12:] in read


async def test_an_entry_is_accepted_with_another_text(plant: Plant) -> None:
    entry, versions = drafted(plant), plant.stores.outcomes.versions
    async with console(plant, room="decide").run_test(size=(120, 40)) as pilot:
        screen = await press(pilot, "e", *"seen", "tab", "ctrl+u", *"Torn strainer")
        assert "Torn strainer" in screen
        await press(pilot, "escape")
        (waits,) = versions.find("torn_strainer")
        assert waits.state is EntryState.CANDIDATE
        await press(pilot, "e", *"seen", "tab", "ctrl+u", *"Torn strainer", "ctrl+s")
    decided = versions.find("torn_strainer")[0]
    assert (decided.state, decided.reason) == (EntryState.ACCEPTED, "seen")
    english = entry.text["en"].model_copy(update={"name": "Torn strainer"})
    assert decided.entry.text == {**entry.text, "en": english}


@pytest.mark.parametrize("key", ["y", "x"])
async def test_what_expires_while_the_form_is_open_is_not_done(plant: Plant, key: str) -> None:
    waits = await proposed(plant)
    async with console(plant, room="decide").run_test(size=(120, 40)) as pilot:
        await press(pilot, key)
        with plant.database.write() as connection:
            connection.execute(text("UPDATE proposal SET expires_at = proposed_at"))
        screen = await press(pilot, *(["y"] if key == "y" else [*"late", "ctrl+s"]))
        (told,) = pilot.app._notifications  # pyright: ignore[reportPrivateUsage]  Textual offers no other view of what was told
        assert "expired" in told.message.casefold()
        assert "Nothing waits for a decision" in screen
    ended = plant.stores.proposals.get(waits.proposal_id, waits.proposed_at)
    assert (stands(plant)[0], ended.status) == ("OPEN", ProposalStatus.EXPIRED)


async def test_who_may_not_see_proposals_is_told_and_an_empty_room_speaks(plant: Plant) -> None:
    async with console(plant, READER, room="decide").run_test(size=(80, 24)) as pilot:
        screen = await press(pilot)
        assert "it needs the role operator" in screen and "Nothing waits" in screen
    async with console(plant, language="zh", room="decide").run_test(size=(80, 24)) as pilot:
        assert "没有待决定的事项" in await press(pilot)
