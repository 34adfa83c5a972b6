"""Every tool, every role, two factories: what is there for whom, made from the list of tools."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastmcp import Client
from http_plant import Device1, Served, add_factory, arguments_for, served_plant, stores_in
from mcp import McpError
from mcp.types import ResourceTemplateReference

from opsmith.access import GIVEN, Caller, Role
from opsmith.errors import OpsmithError
from opsmith_mcp.change_window import Changes
from opsmith_mcp.client import call_by_name, connect
from opsmith_mcp.groups import EVERY, GROUPS, plant_server
from opsmith_mcp.guard import Guard
from opsmith_mcp.marks import Mark, marked_tools
from opsmith_mcp.proposals import Proposals
from opsmith_mcp.stores import Stores

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_plant(tmp_path_factory.mktemp("rights")) as served:
        yield served


def marks_of(stores: Stores, *names: str) -> dict[str, Mark]:
    """Every tool of the groups that a key can have, with its mark."""
    changes = Changes(stores.series)
    groups = [GROUPS[name](stores, changes) for name in names or EVERY]
    if not names:
        groups.append(Proposals(Guard(stores.database), stores.devices))
    return {
        method.__name__: mark
        for group in groups
        for method, mark in marked_tools(group)
        if mark.needs is not Role.SYSTEM
    }


async def answer_of(client: Client[Any], name: str, arguments: dict[str, Any]) -> str:
    """What a caller reads: the answer, or the error."""
    result = await client.call_tool_mcp(name, arguments)
    text = "".join(part.text for part in result.content if part.type == "text")
    return text if result.isError else json.dumps(result.structuredContent, ensure_ascii=False)


def questions_of(tool: Any, *devices: Device1) -> list[dict[str, Any]]:
    """What a tool is asked about devices: with what it needs alone, and with more."""
    found: list[dict[str, Any]] = []
    for about in devices:
        for wide in (False, True):
            arguments = arguments_for(tool, about, wide=wide)
            if arguments not in found:
                found.append(arguments)
    return found


def given_away(answer: str, about: Device1, arguments: dict[str, Any]) -> list[str]:
    """Marks of a device that an answer has and its question had not."""
    asked = json.dumps(arguments, ensure_ascii=False)
    return [mark for mark in about.marks if mark in answer and mark not in asked]


@pytest.mark.parametrize("role", GIVEN, ids=lambda role: role.name.lower())
async def test_each_role_has_the_tools_of_its_mark_and_sees_its_factory_alone(
    role: Role, served: Served
) -> None:
    stores = served.stores
    marks, of_the_whole = marks_of(stores), marks_of(stores, "system")
    key = served.key(f"{role.name} of F001", role, "F001")
    admin = Caller("all", Role.ADMIN)
    async with connect(plant_server(stores, EVERY, admin)) as client:
        every = {tool.name: tool for tool in await client.list_tools()}
    assert marks.keys() | {"get_job"} == every.keys()
    async with served.client(key) as client:
        listed = {tool.name for tool in await client.list_tools()}
        assert listed == {name for name in every if marks.get(name, Mark()).needs <= role}
        for name, tool in every.items():
            mark = marks.get(name, Mark())
            before, questions = _refusals(stores), questions_of(tool, served.there, served.here)
            for arguments in questions:
                answer = await answer_of(client, name, arguments)
                assert not given_away(answer, served.there, arguments), (name, answer)
                # What is opsmith's own is for admins who see the whole plant.
                is_denied = name not in listed or name in of_the_whole
                assert answer.startswith("Denied: ") is is_denied, (name, arguments, answer)
            noted = len(questions) if mark.writes and name not in listed else 0
            assert _refusals(stores) - before == noted, name
    assert stores.audit.broken_at() is None


def _refusals(stores: Stores) -> int:
    return sum(row.outcome == "refused" for row in stores.audit.all())


async def test_documents_of_the_other_factory_are_not_there_and_not_completed(
    served: Served,
) -> None:
    there, here = served.there, served.here
    async with served.client(served.key("reader of F001", Role.VIEWER, "F001")) as client:
        templates = await client.list_resource_templates()
        listed = json.dumps(
            [one.model_dump(mode="json") for one in (*templates, *await client.list_resources())]
        )
        assert not given_away(listed, there, {})
        opened = 0
        for template in templates:
            for about in (there, here):
                known = {
                    "device_id": about.device_id, "trace_id": about.trace_id,
                    "order_no": about.order_no, "entry_id": "bearing_wear",
                }  # fmt: skip
                uri = re.sub(
                    r"\{\??(\w+)\}", lambda m, k=known: k.get(m[1], ""), template.uriTemplate
                )
                try:
                    said = str(await client.read_resource(uri))
                    opened += about is here
                except McpError as error:
                    said = str(error)
                assert not given_away(said, there, {"uri": uri}), (uri, said)
            for name in re.findall(r"\{\??(\w+)\}", template.uriTemplate):
                ref = ResourceTemplateReference(type="ref/resource", uri=template.uriTemplate)
                for begin in ("", "Z", "ZULU", there.trace_id[:14]):
                    found = await client.complete(ref, {"name": name, "value": begin})
                    assert not given_away(json.dumps(found.values), there, {}), (name, begin)
        assert opened or not templates


async def test_the_answers_of_a_whole_plant_would_give_the_other_factory_away(
    served: Served,
) -> None:
    """What the matrix looks for is there to be found."""
    found: set[str] = set()
    async with connect(plant_server(served.stores, EVERY, Caller("all", Role.VIEWER))) as client:
        for tool in await client.list_tools():
            for arguments in questions_of(tool, served.there):
                answer = await answer_of(client, tool.name, arguments)
                if given_away(answer, served.there, arguments):
                    found.add(tool.name)
    assert len(found) >= 8, found


async def test_what_a_caller_reads_is_the_same_whether_the_other_factory_exists_or_not(
    tmp_path: Path,
) -> None:
    async def answers(folder: Path, with_other: bool) -> dict[str, str]:
        folder.mkdir()
        with stores_in(folder) as stores:
            here = add_factory(stores, "F001", "PUMP_01", "Feed pump", "Grease the coupling")
            if with_other:
                add_factory(stores, "F002", "ZULU_77", "Quarry blower", "Swap the gasket")
                add_factory(stores, "F002", "PUMP-01", "Feed pump", "Grease the coupling")
            who = Caller("bob", Role.VIEWER, frozenset({"F001"}))
            found: dict[str, str] = {}
            async with connect(plant_server(stores, EVERY, who)) as client:
                for tool in await client.list_tools():
                    for arguments in questions_of(tool, here):
                        answer = await answer_of(client, tool.name, arguments)
                        found[f"{tool.name} {json.dumps(arguments)}"] = answer
            return found

    alone, beside = (
        await answers(tmp_path / "alone", False),
        await answers(tmp_path / "beside", True),
    )
    assert {name for name in alone if alone[name] != beside[name]} == set()


async def test_a_caller_without_a_key_only_reads_until_a_key_is_made(tmp_path: Path) -> None:
    with served_plant(tmp_path) as served:
        marks = marks_of(served.stores)
        async with served.client() as client:
            names = {tool.name for tool in await client.list_tools()}
            assert names - {"get_job"} == {
                name for name, mark in marks.items() if mark.needs <= Role.VIEWER
            }
            assert not any(mark.writes for name, mark in marks.items() if name in names)
            with pytest.raises(OpsmithError, match="Denied|not enabled"):
                await call_by_name(client, "acknowledge_alert", {"trace_id": served.here.trace_id})
        served.key("bob", Role.VIEWER)
        with pytest.raises(httpx.HTTPStatusError, match="401"):
            async with served.client() as client:
                await call_by_name(client, "list_devices", {})
