"""What writes: shown to a person, done once, written down; whatever the tool."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import anyio
import pytest
from fastmcp import Client, FastMCP
from fastmcp.client.elicitation import ElicitResult
from fastmcp.exceptions import ToolError

from opsmith.access import SYSTEM, Caller, Role, caller
from opsmith.domain.base import Moment, ToolResult
from opsmith.domain.proposals import ChangeResult, ProposalStatus
from opsmith.errors import BadInput, Conflict, Denied, NotFound, OpsmithError
from opsmith.storage.database import Database
from opsmith.storage.devices import DeviceStore
from opsmith.storage.plant import PlantFacts
from opsmith.storage.tables import audit_log
from opsmith_mcp.client import call_by_name, connect
from opsmith_mcp.guard import Guard
from opsmith_mcp.jobs import JobBook
from opsmith_mcp.marks import Shown, changes, reads, writes
from opsmith_mcp.proposals import Proposals
from opsmith_mcp.server import serve

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 2, 28, 12, tzinfo=UTC)
ANN = Caller("ann", Role.OPERATOR)
BOB = Caller("bob", Role.ENGINEER)
EVE = Caller("eve", Role.VIEWER)
ZOE = Caller("zoe", Role.ENGINEER, via="console", is_person=True)


class Sluice(ChangeResult):
    """Where the sluice stands."""

    opening: str


class Told(ToolResult):
    """When something was told."""

    at: Moment


class Weir:
    """A group with a tool of each kind, over a real table."""

    def __init__(self, facts: PlantFacts) -> None:
        self._facts = facts
        self.done = 0
        self.go_on = anyio.Event()

    def look(self) -> Sluice:
        """Say where the sluice stands."""
        return Sluice(opening=self._facts.get("sluice") or "shut")

    @reads(needs=Role.ADMIN)
    def audit(self) -> Sluice:
        """Look at what is not for everyone."""
        return self.look()

    @changes(needs=Role.OPERATOR, confirms=Role.ENGINEER, shows="_show_set_sluice")
    def set_sluice(self, opening: str) -> Sluice:
        """Move the sluice."""
        self.done += 1
        self._facts.set("sluice", opening)
        return self.look()

    def _show_set_sluice(self, opening: str) -> Shown:
        if opening == "inside out":
            raise BadInput("A sluice cannot stand inside out")
        now = self.look()
        if now.opening == opening:
            return Shown(None, now)
        return Shown(f"sluice: {now.opening} -> {opening}", now)

    @writes
    def count_up(self, by: int) -> Sluice:
        """Add to a count; twice is not once."""
        total = int(self._facts.get("count") or 0) + by
        self._facts.set("count", str(total))
        if by < 0:
            raise Conflict("It only goes up")
        return Sluice(opening=str(total))

    def tell(self, at: Moment) -> Told:
        """Give a time back."""
        return Told(at=at)

    async def wait(self) -> Sluice:
        """Take long."""
        await self.go_on.wait()
        return self.look()


class House:
    """The weir with its guard, at a time that is ours."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.now = NOW
        self.guard = Guard(self.database, lambda: self.now)
        self.facts = PlantFacts(self.database)
        self.weir = Weir(self.facts)
        self.guard.know([self.weir])

    def server(self, who: Caller | Callable[[], Caller], **more: Any) -> FastMCP[Any]:
        groups = (self.weir, Proposals(self.guard, DeviceStore(self.database)))
        return serve("weir", *groups, caller=who, guard=self.guard, **more)

    async def call(self, who: Caller, tool: str, **arguments: Any) -> dict[str, Any]:
        async with connect(self.server(who)) as client:
            return await call_by_name(client, tool, arguments)

    def written(self) -> list[tuple[str, str, str]]:
        rows = reversed(self.guard.audit.rows())
        return [(row.caller, row.action, row.outcome) for row in rows]


@pytest.fixture
async def house(tables_url: str) -> AsyncIterator[House]:
    house = House(tables_url)
    yield house
    house.database.close()


async def test_a_change_waits_for_a_person_with_the_role_and_is_then_done_once(
    house: House,
) -> None:
    seen = await house.call(ANN, "set_sluice", opening="open")
    proposal = seen["proposal"]
    assert (seen["opening"], house.weir.done) == ("shut", 0)
    assert (proposal["shown"], proposal["status"]) == ("sluice: shut -> open", "PENDING")
    assert proposal["proposal_id"] in seen["note"]
    with pytest.raises(Denied, match="engineer"):
        await house.call(ANN, "confirm_proposal", proposal_id=proposal["proposal_id"])
    for _ in range(2):
        done = await house.call(BOB, "confirm_proposal", proposal_id=proposal["proposal_id"])
        assert (done["proposal"]["status"], done["proposal"]["decided_by"]) == ("DONE", "bob")
    assert (house.weir.done, house.facts.get("sluice")) == (1, "open")
    assert house.written() == [
        ("ann", "set_sluice", "proposed"),
        ("bob", "set_sluice", "confirmed"),
    ]


async def test_of_many_who_confirm_at_once_one_does_it(house: House) -> None:
    seen = await house.call(ANN, "set_sluice", opening="open")
    number = seen["proposal"]["proposal_id"]

    async def confirm() -> object:
        try:
            return (await house.call(BOB, "confirm_proposal", proposal_id=number))["proposal"]
        except Conflict as error:
            return error

    await asyncio.gather(*(confirm() for _ in range(8)))
    assert house.weir.done == 1
    assert house.guard.proposals.get(number, NOW).status is ProposalStatus.DONE


async def test_nobody_confirms_his_own_proposal_unless_he_is_asked_himself(house: House) -> None:
    number = (await house.call(BOB, "set_sluice", opening="open"))["proposal"]["proposal_id"]
    with pytest.raises(Denied, match="your own"):
        await house.call(BOB, "confirm_proposal", proposal_id=number)
    await house.call(ZOE, "confirm_proposal", proposal_id=number)
    assert house.weir.done == 1


async def test_what_has_changed_since_it_was_shown_is_not_done(house: House) -> None:
    number = (await house.call(ANN, "set_sluice", opening="open"))["proposal"]["proposal_id"]
    house.facts.set("sluice", "half")
    with pytest.raises(Conflict, match="changed since"):
        await house.call(BOB, "confirm_proposal", proposal_id=number)
    assert (house.weir.done, house.facts.get("sluice")) == (0, "half")
    assert house.guard.proposals.get(number, NOW).status is ProposalStatus.LAPSED


async def test_a_proposal_expires_and_a_rejected_one_is_not_done(house: House) -> None:
    late = (await house.call(ANN, "set_sluice", opening="open"))["proposal"]["proposal_id"]
    other = (await house.call(ANN, "set_sluice", opening="half"))["proposal"]["proposal_id"]
    await house.call(BOB, "reject_proposal", proposal_id=other, reason="no water")
    house.now += timedelta(hours=13)
    for number, status in ((late, "EXPIRED"), (other, "REJECTED")):
        seen = await house.call(BOB, "confirm_proposal", proposal_id=number)
        assert seen["proposal"]["status"] == status
    assert house.weir.done == 0
    assert (await house.call(ANN, "list_proposals"))["state"] == "empty"


async def test_the_same_proposal_again_is_the_same_proposal(house: House) -> None:
    first = await house.call(ANN, "set_sluice", opening="open")
    again = await house.call(ANN, "set_sluice", opening="open")
    assert again["proposal"] == first["proposal"]


async def test_a_change_that_changes_nothing_or_cannot_be_is_not_proposed(house: House) -> None:
    seen = await house.call(ANN, "set_sluice", opening="shut")
    assert seen["proposal"] is None
    with pytest.raises(BadInput, match="inside out"):
        await house.call(ANN, "set_sluice", opening="inside out")
    assert house.guard.proposals.find(NOW) == []


@pytest.mark.parametrize(
    ("reply", "opening", "outcome"),
    [
        (ElicitResult(action="accept", content={"confirm": True}), "open", "confirmed"),
        (ElicitResult(action="accept", content={"confirm": False}), "shut", "declined"),
        (ElicitResult(action="decline"), "shut", "declined"),
        (ElicitResult(action="cancel"), "shut", "declined"),
    ],
    ids=["accepts", "leaves the box empty", "declines", "walks away"],
)
async def test_a_person_at_a_client_that_can_ask_is_asked(
    house: House, reply: ElicitResult[Any], opening: str, outcome: str
) -> None:
    asked: list[str] = []

    async def answer(message: str, *_: Any) -> Any:
        asked.append(message)
        return reply

    async with Client(house.server(BOB), elicitation_handler=answer) as client:
        seen = (await client.call_tool("set_sluice", {"opening": "open"})).structured_content
    assert seen is not None
    assert (asked, seen["opening"], seen["proposal"]) == (["sluice: shut -> open"], opening, None)
    assert house.written() == [("bob", "set_sluice", outcome)]


async def test_what_changes_while_a_person_looks_is_not_done(house: House) -> None:
    async def answer(message: str, *_: Any) -> Any:
        house.facts.set("sluice", "half")
        return ElicitResult(action="accept", content={"confirm": True})

    async with Client(house.server(BOB), elicitation_handler=answer) as client:
        with pytest.raises(ToolError, match="changed while you looked"):
            await client.call_tool("set_sluice", {"opening": "open"})
    assert (house.weir.done, house.facts.get("sluice")) == (0, "half")
    assert house.written() == [("bob", "set_sluice", "failed")]


async def test_a_person_at_a_screen_and_our_own_code_are_not_asked_again(house: House) -> None:
    assert (await house.call(ZOE, "set_sluice", opening="half"))["opening"] == "half"
    assert (await house.call(SYSTEM, "set_sluice", opening="open"))["opening"] == "open"
    assert house.written() == [("zoe", "set_sluice", "done"), ("opsmith", "set_sluice", "done")]


async def test_the_same_idempotency_key_changes_nothing_again(house: House) -> None:
    for _ in range(3):
        seen = await house.call(ANN, "count_up", by=2, idempotency_key="k1")
        assert seen["opening"] == "2"
    with pytest.raises(Conflict, match="k1"):
        await house.call(ANN, "count_up", by=3, idempotency_key="k1")
    assert (await house.call(BOB, "count_up", by=1, idempotency_key="k1"))["opening"] == "3"
    assert (await house.call(ANN, "count_up", by=1))["opening"] == "4"


async def test_what_fails_is_undone_as_a_whole_and_written_down(house: House) -> None:
    with pytest.raises(Conflict, match="only goes up"):
        await house.call(ANN, "count_up", by=-1)
    assert house.facts.get("count") is None
    assert house.written() == [("ann", "count_up", "failed")]


async def test_a_tool_is_there_for_those_only_who_may_call_it(house: House) -> None:
    def names(who: Caller) -> Any:
        return house.server(who)

    seen: dict[str, set[str]] = {}
    for who in (EVE, ANN, Caller("root", Role.ADMIN), Caller("ro", Role.ADMIN, may_write=False)):
        async with Client(names(who)) as client:
            seen[who.name] = {tool.name for tool in await client.list_tools()}
    looks = {"look", "tell", "wait"}
    more = {"set_sluice", "count_up", "list_proposals", "confirm_proposal", "reject_proposal"}
    assert seen == {
        "eve": looks, "ann": looks | more, "root": looks | more | {"audit"}, "ro": looks,
    }  # fmt: skip
    with pytest.raises(Denied, match="operator"):
        await house.call(EVE, "count_up", by=1)
    with pytest.raises(OpsmithError, match="Unknown tool"):
        await house.call(EVE, "open_the_gates")
    assert house.written() == [("eve", "count_up", "refused")]


async def test_one_server_shows_each_caller_what_is_his(house: House) -> None:
    current = EVE
    server = house.server(lambda: current)
    async with Client(server) as client:
        few = {tool.name for tool in await client.list_tools()}
        current = ANN
        many = {tool.name for tool in await client.list_tools()}
        await client.call_tool("count_up", {"by": 1})
    assert "count_up" not in few and "count_up" in many
    assert house.written() == [("ann", "count_up", "done")]


async def test_an_altered_a_missing_and_a_reordered_row_of_the_audit_are_seen(
    house: House,
) -> None:
    for by in range(1, 6):
        await house.call(ANN, "count_up", by=by)
    assert house.guard.audit.broken_at() is None
    changed = audit_log.update().where(audit_log.c.seq == 3).values(caller="bob")
    with house.database.write() as connection:
        connection.execute(changed)
    assert house.guard.audit.broken_at() == 3
    with house.database.write() as connection:
        connection.execute(audit_log.delete().where(audit_log.c.seq == 3))
    assert house.guard.audit.broken_at() == 4


async def test_a_call_that_takes_too_long_goes_on_and_is_asked_for_by_its_number(
    house: House,
) -> None:
    server = house.server(EVE, jobs=JobBook(patience=0.05))
    async with connect(server) as client:
        with pytest.raises(OpsmithError, match="JOB-0001"):
            await call_by_name(client, "wait", {})
        waiting = await call_by_name(client, "get_job", {"job_id": "JOB-0001"})
        assert (waiting["done"], waiting["result"]) == (False, None)
        house.weir.go_on.set()
        with anyio.fail_after(5):
            while not (seen := await call_by_name(client, "get_job", {"job_id": "JOB-0001"}))[
                "done"
            ]:
                await asyncio.sleep(0)
    assert seen["result"]["opening"] == "shut"
    async with connect(house.server(ANN, jobs=JobBook())) as client:
        with pytest.raises(NotFound, match="JOB-0001"):
            await call_by_name(client, "get_job", {"job_id": "JOB-0001"})


async def test_times_without_a_zone_are_the_plant_s_and_all_are_told_in_it(house: House) -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    async with Client(house.server(EVE, zone=shanghai)) as client:
        for given in ("2026-06-15T08:00:00", "2026-06-15T00:00:00Z"):
            result = await client.call_tool("tell", {"at": given})
            assert result.structured_content is not None
            assert result.structured_content["at"] == "2026-06-15T08:00:00+08:00"
            assert "2026-06-15T08:00:00+08:00" in str(result.content)
    assert (await house.call(EVE, "tell", at="2026-06-15T08:00:00"))["at"] == "2026-06-15T08:00:00Z"


async def test_outside_a_call_it_is_our_own_code_that_asks() -> None:
    assert caller() == SYSTEM
