"""A session for questions alone: what it answers, what it says where there is none."""

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import httpx
import pytest
from http_plant import NOW, WIDE, Served, served_plant

from opsmith.access import Role
from opsmith.errors import NotFound, Unavailable
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.client import PATH, call, connect
from opsmith_mcp.light import LightSession

pytestmark = pytest.mark.anyio


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with served_plant(tmp_path, limits=WIDE) as found:
        yield found


@pytest.fixture
async def light(served: Served) -> AsyncGenerator[LightSession]:
    session = LightSession(served.url + PATH, served.key("desk", Role.OPERATOR, "F001"))
    yield session
    await session.close()


async def test_it_answers_as_any_client_does(served: Served, light: LightSession) -> None:
    key = served.key("other", Role.OPERATOR, "F001")
    async with connect(served.url + PATH, key) as client:
        theirs = await call(client, AlertHistory.get_alert, served.here.trace_id)
        names = frozenset(tool.name for tool in await client.list_tools())
    ours = await call(light, AlertHistory.get_alert, served.here.trace_id)
    assert ours == theirs
    assert await light.tools() == names


async def test_a_text_may_hold_signs_that_end_a_line(served: Served, light: LightSession) -> None:
    said = "found\u2028hot\x85and\r\nloud\n\ndata: no"
    served.stores.alerts.comments.add(served.here.trace_id, "Li Wei", said, NOW)
    view = await call(light, AlertHistory.get_alert, served.here.trace_id)
    assert [one.text for one in view.comments] == [said]


async def test_what_a_tool_refuses_is_told_as_such(light: LightSession) -> None:
    with pytest.raises(NotFound, match="AL-20260228-0000000000"):
        await call(light, AlertHistory.get_alert, "AL-20260228-0000000000")


async def test_a_session_that_the_plant_forgot_is_begun_anew(
    served: Served, light: LightSession
) -> None:
    await call(light, AlertHistory.list_alerts)
    await light._http.delete(light._url, headers={"mcp-session-id": str(light._session)})  # pyright: ignore[reportPrivateUsage]  as the plant does with an idle one
    found = await call(light, AlertHistory.list_alerts)
    assert [one.trace_id for one in found.alerts] == [served.here.trace_id]


async def test_its_session_ends_with_it(served: Served) -> None:
    key = served.key("desk", Role.OPERATOR, "F001")
    session = LightSession(served.url + PATH, key)
    await call(session, AlertHistory.list_alerts)
    headers = {
        "authorization": f"Bearer {key}",
        "accept": "application/json, text/event-stream",
        "mcp-session-id": str(session._session),  # pyright: ignore[reportPrivateUsage]
    }
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    async with httpx.AsyncClient(headers=headers) as http:
        assert (await http.post(served.url + PATH, json=ping)).status_code == 200
        await session.close()
        assert (await http.post(served.url + PATH, json=ping)).status_code == 404


async def test_without_a_good_key_it_says_why(served: Served) -> None:
    session = LightSession(served.url + PATH, "opsk_wrong")
    with pytest.raises(Unavailable, match="401 A key is needed"):
        await session.tools()
    await session.close()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/mcp", "http://no.plant.invalid/mcp", "http://"]
)
async def test_where_no_plant_is_nothing_is_answered(url: str) -> None:
    session = LightSession(url)
    with pytest.raises(Unavailable):
        await call(session, AlertHistory.list_alerts)
    await session.close()


async def test_what_is_no_mcp_server_is_told_so(served: Served) -> None:
    session = LightSession(served.url + "/nothing")
    with pytest.raises(Unavailable, match="404"):
        await session.tools()
    await session.close()
