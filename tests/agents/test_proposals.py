"""Changes that are asked for in a conversation: a card first, done once by a person alone."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from callers import ENGINEER
from llm_server import LlmServer, Reply, Request, calls, says, tool_results
from pump_plant import NOW, PumpPlant, pump_plant

from opsmith.access import Caller, Role
from opsmith.clock import wall_clock
from opsmith.domain.alerts import AlertState
from opsmith.domain.devices import DeviceStatus
from opsmith.errors import Conflict, Denied, NotFound
from opsmith_agents.answers import Answer
from opsmith_agents.assistant import Assistant
from opsmith_agents.memory import Memory
from opsmith_agents.models import build_model
from opsmith_agents.proposed import NEEDS, ProposedCall
from opsmith_agents.replies_card import call_text
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.device_registry import DeviceRegistry
from opsmith_mcp.knowledge import Knowledge
from opsmith_mcp.marks import Mark
from opsmith_mcp.work_orders import WorkOrders

pytestmark = pytest.mark.anyio

OPERATOR = Caller("Zhang San", Role.OPERATOR, via="chat", is_person=True)
VIEWER = Caller("guest", Role.VIEWER, via="chat", is_person=True)


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[PumpPlant]:
    with pump_plant(tmp_path) as plant:
        yield plant


async def ask(assistant: Assistant, text: str) -> Answer:
    answer = [one async for one in assistant.ask(text)][-1]
    assert isinstance(answer, Answer)
    return answer


def card_of(answer: Answer) -> ProposedCall:
    assert answer.proposal is not None, answer.text
    return answer.proposal


def orders(plant: PumpPlant) -> list[Any]:
    return list(plant.stores.orders.find(device_id="PUMP_01"))


@pytest.mark.parametrize(
    ("question", "nothing_yet", "done"),
    [
        ("create a P1 order for PUMP_01: replace the seal", "nothing is done yet", "is created"),
        ("给1号泵新建一个P1工单：更换密封", "尚未执行", "新建工单"),
    ],
)
async def test_an_order_is_created_as_shown_when_a_person_confirms_it(
    plant: PumpPlant, question: str, nothing_yet: str, done: str
) -> None:
    async with plant.client() as client, plant.client(OPERATOR) as hands:
        assistant = Assistant(client)
        answer = await ask(assistant, question)
        card = card_of(answer)
        assert nothing_yet in answer.text
        assert call_text(card.tool, card.arguments) in answer.text
        assert orders(plant) == []
        said = await assistant.confirm(card.proposal_id, hands)
        assert done in said.text
        (order,) = orders(plant)
        assert order.description == card.arguments["description"]
        assert (order.priority, order.created_by) == ("P1", "Zhang San")
        assert order.order_no in said.text
        assert order.order_no in (await ask(assistant, f"show {order.order_no}")).text
    (row,) = [one for one in plant.stores.audit.rows() if one.action == "create_work_order"]
    assert (row.caller, row.outcome) == ("Zhang San", "done")


async def test_a_card_is_done_once(plant: PumpPlant) -> None:
    async with plant.client() as client, plant.client(OPERATOR) as hands:
        assistant = Assistant(client)
        card = card_of(await ask(assistant, "create an order for PUMP_01: replace the seal"))
        await assistant.confirm(card.proposal_id, hands)
        with pytest.raises(NotFound, match="done or dismissed already"):
            await assistant.confirm(card.proposal_id, hands)
    assert len(orders(plant)) == 1


@pytest.mark.parametrize("yes", ["yes", "确认", "ok, do it", "go ahead"])
async def test_words_confirm_nothing(plant: PumpPlant, yes: str) -> None:
    async with plant.client() as client:
        assistant = Assistant(client)
        await ask(assistant, "create an order for PUMP_01: replace the seal")
        await ask(assistant, yes)
        assert len(assistant.cards) == 1
    assert orders(plant) == []


async def test_who_may_not_is_refused_and_the_card_waits_for_who_may(plant: PumpPlant) -> None:
    async with (
        plant.client() as client,
        plant.client(VIEWER) as guest,
        plant.client(OPERATOR) as hands,
    ):
        assistant = Assistant(client)
        card = card_of(await ask(assistant, "create an order for PUMP_01: replace the seal"))
        with pytest.raises(Denied):
            await assistant.confirm(card.proposal_id, guest)
        assert orders(plant) == []
        await assistant.confirm(card.proposal_id, hands)
    assert len(orders(plant)) == 1


async def test_an_expired_card_does_nothing_and_says_so(plant: PumpPlant) -> None:
    at = wall_clock()
    now = [at]
    async with plant.client() as client, plant.client(OPERATOR) as hands:
        assistant = Assistant(client, clock=lambda: now[0])
        card = card_of(await ask(assistant, "给1号泵开工单：更换密封"))
        now[0] = at + timedelta(hours=1)
        with pytest.raises(Conflict, match="过期"):
            await assistant.confirm(card.proposal_id, hands)
    assert orders(plant) == []


async def test_a_card_whose_matter_has_changed_does_nothing(plant: PumpPlant) -> None:
    async with plant.client() as client, plant.client(OPERATOR) as hands:
        assistant = Assistant(client)
        card = card_of(await ask(assistant, "create an order for PUMP_01: replace the seal"))
        other = plant.order("replace the seal")
        with pytest.raises(Conflict, match="has changed since"):
            await assistant.confirm(card.proposal_id, hands)
    assert [one.order_no for one in orders(plant)] == [other]


async def test_a_card_falls_with_what_is_forgotten(plant: PumpPlant) -> None:
    async with plant.client() as client, plant.client(OPERATOR) as hands:
        assistant = Assistant(client)
        card = card_of(await ask(assistant, "create an order for PUMP_01: replace the seal"))
        await ask(assistant, "forget that")
        with pytest.raises(NotFound):
            await assistant.confirm(card.proposal_id, hands)


async def test_an_order_without_words_is_drafted_from_the_alert(plant: PumpPlant) -> None:
    async with plant.client() as client, plant.client(ENGINEER) as hands:
        assistant = Assistant(client)
        card = card_of(await ask(assistant, "give pump 1 a work order"))
        assert card.arguments["trace_id"] == plant.trace_id
        assert card.arguments["priority"] == "P1"
        await assistant.confirm(card.proposal_id, hands)
        (order,) = orders(plant)
        assert order.trace_id == plant.trace_id
        again = await ask(assistant, "give pump 1 a work order")
        assert again.proposal is None
        assert f"{order.order_no} answers alert" in again.text


async def test_an_alert_is_acknowledged_and_shelved_by_a_person(plant: PumpPlant) -> None:
    async with plant.client() as client, plant.client(OPERATOR) as hands:
        assistant = Assistant(client)
        card = card_of(await ask(assistant, "ack the alert of pump 1"))
        await assistant.confirm(card.proposal_id, hands)
        alert = plant.stores.alerts.get(plant.trace_id)
        assert (alert.state, alert.acknowledged_by) == (AlertState.ACKNOWLEDGED, "Zhang San")
        assert "acknowledged already" in (await ask(assistant, "acknowledge it")).text
        card = card_of(await ask(assistant, "搁置它30分钟"))
        await assistant.confirm(card.proposal_id, hands)
    alert = plant.stores.alerts.get(plant.trace_id)
    assert alert.shelved_until == NOW + timedelta(minutes=30)


async def test_a_device_is_set_to_maintenance_and_back(plant: PumpPlant) -> None:
    async with plant.client() as client, plant.client(OPERATOR) as hands:
        assistant = Assistant(client)
        card = card_of(await ask(assistant, "把2号泵设为检修状态4小时"))
        await assistant.confirm(card.proposal_id, hands)
        device = plant.stores.devices.get("PUMP_02")
        assert device.status is DeviceStatus.MAINTENANCE
        assert device.maintenance_until == NOW + timedelta(hours=4)
        card = card_of(await ask(assistant, "maintenance of pump 2 is done"))
        await assistant.confirm(card.proposal_id, hands)
    assert plant.stores.devices.get("PUMP_02").status is DeviceStatus.RUNNING


async def test_no_text_breaks_out_of_the_call_that_is_shown(plant: PumpPlant) -> None:
    text = "seal ``` <img src=x> [go](http://evil) \u202e"
    async with plant.client() as client:
        answer = await ask(Assistant(client), f"create an order for PUMP_01: {text}")
    assert answer.text.count("```") == 2
    assert "<img" not in answer.text.replace("\\<img", "")
    assert "\u202e" not in answer.text
    assert "\\[go\\]" in answer.text


def drafts(request: Request) -> Reply:
    """Proposes an order, tries to confirm it, then says so."""
    order = {"device_id": "PUMP_01", "priority": "P1", "description": "Replace the seal"}
    match len(tool_results(request)):
        case 0:
            return calls(("propose_order", order))
        case 1:
            return calls(("confirm", {"proposal_id": "C-1"}), ("confirm_proposal", {"id": "C-1"}))
        case 3:
            return calls(("create_work_order", order))
        case _:
            return says("A card for PUMP_01 waits.")


async def test_a_model_drafts_a_card_and_cannot_press_it(plant: PumpPlant) -> None:
    with LlmServer(drafts) as server:
        model = build_model("scripted", base_url=server.url, provider="openai")
        # Even where the client of the conversation could write.
        async with plant.client(ENGINEER) as client, plant.client(OPERATOR) as hands:
            assistant = Assistant(client, model)
            answer = await ask(assistant, "Please order a new seal for pump 1")
            assert orders(plant) == []
            card = card_of(answer)
            assert (card.drafted_by, card.needs) == ("scripted", "operator")
            assert "Filled in by the model scripted" in answer.text
            offered = {one["function"]["name"] for one in server.requests[0]["tools"]}
            assert "propose_order" in offered
            assert offered.isdisjoint({*NEEDS, "confirm", "confirm_proposal"})
            await assistant.confirm(card.proposal_id, hands)
    (order,) = orders(plant)
    assert (order.description, order.created_by) == ("Replace the seal", "Zhang San")
    assert json.dumps("Replace the seal") in card.shown


@pytest.mark.parametrize(
    ("question", "done"),
    [
        ("assign {number} to Li Wei", "OPEN, P2, assigned to Li Wei"),
        ("set {number} to P0", "OPEN, P0, assigned to -"),
        ("start {number}", "IN_PROGRESS, P2, assigned to -"),
        ("把 {number} 指派给李伟", "待处理，P2，负责人 李伟"),
        ("把 {number} 改为 P1", "待处理，P1，负责人 -"),
    ],
)
async def test_an_order_is_changed_as_shown_when_a_person_confirms_it(
    plant: PumpPlant, question: str, done: str
) -> None:
    number = plant.order("Replace the seal")
    async with plant.client() as client, plant.client(OPERATOR) as hands:
        assistant = Assistant(client)
        card = card_of(await ask(assistant, question.format(number=number)))
        assert "Replace the seal" in card.shown
        assert call_text(card.tool, card.arguments) in card.shown
        before = orders(plant)
        said = await assistant.confirm(card.proposal_id, hands)
        assert done in said.text
        assert orders(plant) != before
        again = await ask(assistant, question.format(number=number))
        assert again.proposal is None


def test_the_roles_on_the_cards_are_those_of_the_tools() -> None:
    for name, role in NEEDS.items():
        groups = (AlertHistory, DeviceRegistry, WorkOrders, Knowledge)
        method = next(getattr(one, name) for one in groups if hasattr(one, name))
        mark: Mark = method.__opsmith_mark__
        assert max(mark.needs, mark.confirms or mark.needs) is role, name


async def test_without_a_model_nothing_of_a_model_is_imported(plant: PumpPlant) -> None:
    import subprocess
    import sys

    code = (
        "import sys, opsmith_agents.assistant, opsmith.app.asking\n"
        "print([one for one in sys.modules if one.split('.')[0] in ('pydantic_ai', 'openai')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ran.stdout.strip() == "[]", ran.stderr


async def test_a_card_waits_in_the_conversation_that_goes_on_until_it_expires(
    plant: PumpPlant,
) -> None:
    async with plant.client() as client, plant.client(OPERATOR) as hands:
        begun = Assistant(client)
        card = card_of(await ask(begun, "create an order for PUMP_01: replace the seal"))
        kept = Memory.model_validate_json(begun.memory.model_dump_json())
        late = Assistant(client, memory=kept, clock=lambda: card.expires_at)
        assert late.cards == ()
        gone_on = Assistant(client, memory=kept)
        assert gone_on.cards == (card,)
        await gone_on.confirm(card.proposal_id, hands)
        assert len(orders(plant)) == 1
        assert gone_on.memory.cards == ()
        # Another page of the same conversation has it still: it is not done twice.
        with pytest.raises(Conflict, match="has changed since"):
            await Assistant(client, memory=kept).confirm(card.proposal_id, hands)
        assert len(orders(plant)) == 1
