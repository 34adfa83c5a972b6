"""MCP over HTTP: who is let in, what is taken on, what is not."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import anyio
import httpx
import pytest
from fastmcp import Client
from fastmcp.client.elicitation import ElicitResult
from http_plant import BY, Served, served_plant

from opsmith.access import Role
from opsmith.clock import wall_clock
from opsmith.domain.proposals import ProposalStatus
from opsmith_mcp.client import call_by_name
from opsmith_mcp.groups import EVERY
from opsmith_mcp.limits import Limits
from opsmith_mcp.origins import Names

pytestmark = pytest.mark.anyio

ACCEPT = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


def headers(key: str = "", session: str = "") -> dict[str, str]:
    found = dict(ACCEPT)
    if key:
        found["authorization"] = f"Bearer {key}"
    if session:
        found["mcp-session-id"] = session
    return found


def opened(http: httpx.Client, key: str, path: str = "/mcp") -> str:
    """The id of a new session."""
    answer = http.post(path, json=INITIALIZE, headers=headers(key))
    assert answer.status_code == 200, answer.text
    return answer.headers["mcp-session-id"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("http")
    with served_plant(folder, paths=("/mcp", "/mcp/telemetry")) as served:
        yield served


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=20) as http:
        yield http


GOOD_HOSTS = (
    "localhost", "localhost:8321", "LocalHost:1", "127.0.0.1", "127.0.0.1:65535", "[::1]:8321",
    "plant.example", "PLANT.EXAMPLE:443", "gate.example:8443",
)  # fmt: skip
BAD_HOSTS = (
    "evil.com", "localhost.evil.com", "evil.localhost", "evil-localhost", "127.0.0.1.nip.io",
    "127.0.0.2", "0.0.0.0", "[::]", "[::2]", "localhost@evil.com", "localhost evil.com",
    "localhost,evil.com", "localhost:80x", "2130706433", "0x7f000001", "0177.0.0.1", "localhost.",
    "[::1", "[::1].evil.com", "plant.example.evil.com", "gate.example", "gate.example:8444",
    "169.254.169.254", "http://localhost", "localhost/", "localhost?x", "*", "plant.example:",
)  # fmt: skip
GOOD_ORIGINS = (None, "http://localhost:6274", "https://127.0.0.1", "http://[::1]:3000",
                "https://desk.example")  # fmt: skip
BAD_ORIGINS = (
    "https://evil.com", "null", "http://localhost.evil.com", "http://desk.example", "file://",
    "https://desk.example:444", "https://desk.example.evil.com", "http://localhost@evil.com",
    "https://evil.com#http://localhost", "chrome-extension://abcdefgh", "javascript:alert(1)",
    "http://127.0.0.1.evil.com", "http://localhost:80,https://evil.com", "localhost", "",
    "https://desk.example/", "http://localhost/x", "*",
)  # fmt: skip


@pytest.mark.parametrize("is_local", [True, False])
def test_only_our_own_names_and_known_pages_are_let_in_on_any_address(
    is_local: bool, tmp_path: Path
) -> None:
    names = Names(("plant.example", "gate.example:8443"), ("https://desk.example",))
    asked = 0
    with (
        served_plant(tmp_path, names=names, is_local=is_local) as served,
        httpx.Client(base_url=served.url) as http,
    ):
        served.key("bob", Role.VIEWER)
        for host in (*GOOD_HOSTS, *BAD_HOSTS):
            for origin in (*GOOD_ORIGINS, *BAD_ORIGINS):
                given = {**ACCEPT, "host": host} | ({} if origin is None else {"origin": origin})
                status = http.post("/mcp", json=PING, headers=given).status_code
                expected = 421 if host in BAD_HOSTS else 403 if origin in BAD_ORIGINS else 401
                # Some hosts are no hosts to the HTTP library either.
                assert status == expected or (status == 400 and host in BAD_HOSTS), (host, origin)
                asked += 1
    assert asked >= 200


def test_a_known_page_may_ask_before_and_read_the_answer(tmp_path: Path) -> None:
    names = Names((), ("https://desk.example",))
    with (
        served_plant(tmp_path, names=names) as served,
        httpx.Client(base_url=served.url) as http,
    ):
        asks = {
            "origin": "https://desk.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization, content-type",
        }
        assert http.options("/mcp", headers=asks).status_code == 200
        served.key("bob", Role.VIEWER)
        said = http.post("/mcp", json=PING, headers={**ACCEPT, "origin": "https://desk.example"})
        assert said.status_code == 401
        assert said.headers["access-control-allow-origin"] == "https://desk.example"
        asks["origin"] = "https://evil.com"
        assert http.options("/mcp", headers=asks).status_code == 403


def wrong_tokens(key: str) -> Iterator[str]:
    """Values of Authorization that are nearly a key."""
    secret = key[14:]
    yield from ("", "Bearer", f"Basic {key}", f"Token {key}", f"Digest {key}", key)
    yield from (f"Bearer{key}", f"Bearer  {key}", f"Bearer\t{key}", f"Bearer: {key}")
    yield from (f"Bearer {key}, Bearer {key}", f"Bearer {key},", f"Bearer {key} {key}")
    yield from (f"Bearer '{key}'", f'Bearer "{key}"', f"Bearer {key};", f"Bearer {key}=")
    yield from (f"Bearer {end}" for end in (key.upper(), key.lower(), key.swapcase()))
    yield from (f"Bearer {key[:length]}" for length in range(1, len(key)))
    for place, sign in enumerate(key):
        yield f"Bearer {key[:place]}{'b' if sign == 'a' else 'a'}{key[place + 1 :]}"
        yield f"Bearer {key[:place]}{key[place + 1 :]}"
        yield f"Bearer {key[:place]}{sign}{key[place:]}"
    yield from (f"Bearer {key[:14]}{secret[::-1]}", f"Bearer {secret}", "Bearer " + "a" * 8000)
    for text in (
        "' OR '1'='1", "%27%20OR%201=1", "opsk_%_%", "null", "undefined", "../../etc", "*",
        "opsk_________" + "_" * 44, '{"role":"admin"}', "eyJhbGciOiJub25lIn0.e30.",
    ):  # fmt: skip
        yield f"Bearer {text}"


def test_whatever_is_not_the_key_itself_opens_nothing(served: Served, http: httpx.Client) -> None:
    key = served.key("who is attacked", Role.ADMIN)
    revoked = served.key("who left", Role.ADMIN)
    served.keys.revoke("who left", by=BY)
    expired = served.key("whose time is over", Role.ADMIN, days=-1)
    attacks: list[Any] = [*wrong_tokens(key), f"Bearer {revoked}", f"Bearer {expired}"]
    # What no string of ours is: bytes of other alphabets.
    attacks += [b"Bearer " + bytes([sign]) + key.encode() for sign in range(0x80, 0x100, 3)]
    attacks += [b"Bearer " + key.translate(_WIDE).encode()]
    attacks = [one for one in dict.fromkeys(attacks) if one != f"Bearer {key}"]
    assert len(attacks) >= 250
    for attack in attacks:
        asked = [(name, value) for name, value in ACCEPT.items()] + [("authorization", attack)]
        answer = http.post("/mcp", json=INITIALIZE, headers=asked)
        assert answer.status_code in (400, 401), (attack, answer.status_code)
        assert key not in answer.text
    for place in (f"/mcp?access_token={key}", f"/mcp?api_key={key}", f"/mcp?authorization={key}"):
        assert http.post(place, json=INITIALIZE, headers=ACCEPT).status_code == 401
    for name in ("x-api-key", "cookie", "proxy-authorization", "x-authorization"):
        asked = [*ACCEPT.items(), (name, f"Bearer {key}")]
        assert http.post("/mcp", json=INITIALIZE, headers=asked).status_code == 401
    twice = [*ACCEPT.items(), ("authorization", f"Bearer {key}"), ("authorization", "Bearer x")]
    assert http.post("/mcp", json=INITIALIZE, headers=twice).status_code == 400
    assert http.post("/mcp", json=INITIALIZE, headers=headers(key)).status_code == 200


_WIDE = {sign: sign + 0xFEE0 for sign in range(0x21, 0x7F)}


def test_a_session_is_its_keys_alone(served: Served, http: httpx.Client) -> None:
    key, thief = served.key("owner", Role.ENGINEER), served.key("thief", Role.ADMIN)
    session = opened(http, key)
    own = opened(http, thief)
    attacks = 0

    def refused(asked: dict[str, str], path: str = "/mcp") -> None:
        nonlocal attacks
        for method in ("POST", "GET", "DELETE"):
            content = json.dumps(PING) if method == "POST" else None
            answer = http.request(method, path, content=content, headers=asked)
            assert answer.status_code in (400, 401, 404), (method, asked, answer.status_code)
            attacks += 1

    refused(headers(thief, session))
    refused(headers("", session))
    refused(headers(key, session), "/mcp/telemetry")
    for guess in (
        session[:-1], session + "0", session.upper(), session.swapcase(), session[::-1], "0",
        "null", "' OR 1=1 --", "*", "../" + session, uuid.uuid4().hex, "a" * 4000,
        session + "," + own,
    ):  # fmt: skip
        if guess != session:
            refused(headers(key, guess))
            refused(headers(thief, guess))
    refused([*headers(key, session).items(), ("mcp-session-id", own)])  # type: ignore[arg-type]
    assert http.post("/mcp", json=PING, headers=headers(key, session)).status_code == 200
    ended = http.delete("/mcp", headers=headers(key, session))
    assert ended.status_code == 200
    refused(headers(key, session))
    served.keys.revoke("thief", by=BY)
    refused(headers(thief, own))
    assert attacks >= 80


def test_a_request_that_is_none_is_told_so(served: Served, http: httpx.Client) -> None:
    key = served.key("clumsy", Role.VIEWER)
    session = opened(http, key)
    asked = headers(key, session)

    def status(content: bytes | str, **other: str) -> int:
        return http.post("/mcp", content=content, headers=asked | other).status_code

    assert status("{") == 400
    assert status("[]") == 400
    assert status(json.dumps(PING), **{"content-type": "text/plain"}) == 415
    assert status(json.dumps(PING), accept="text/html") == 406
    assert status(json.dumps(PING), **{"mcp-protocol-version": "1999-01-01"}) == 400
    assert status("x" * 1_000_001) == 413
    assert http.put("/mcp", headers=asked).status_code == 405
    assert http.get("/mcp", headers=headers(key)).status_code == 400
    assert http.post("/mcp/nothing", json=PING, headers=asked).status_code == 404
    assert http.post("/mcp", json=PING, headers=headers(key)).status_code == 400
    assert status(json.dumps(PING), **{"x-long": "a" * 20_000}) == 431
    assert status(json.dumps(PING)) == 200


async def test_each_group_has_its_path_and_all_have_one(tmp_path: Path) -> None:
    paths = ("/mcp", *(f"/mcp/{name}" for name in EVERY))
    with served_plant(tmp_path, paths=paths) as served:
        key = served.key("admin", Role.ADMIN)
        seen: set[str] = set()
        for path in paths[1:]:
            async with served.client(key, path) as client:
                names = {tool.name for tool in await client.list_tools()}
            assert names
            seen |= names
        async with served.client(key) as client:
            assert {tool.name for tool in await client.list_tools()} == seen


def test_who_asks_too_much_waits_and_the_others_do_not(tmp_path: Path) -> None:
    limits = Limits(per_second=0.001, burst=5)
    with (
        served_plant(tmp_path, limits=limits) as served,
        httpx.Client(base_url=served.url) as http,
    ):
        greedy, other = served.key("greedy", Role.VIEWER), served.key("other", Role.VIEWER)
        session = opened(http, greedy)
        answers = [http.post("/mcp", json=PING, headers=headers(greedy, session)) for _ in range(6)]
        assert [one.status_code for one in answers] == [200] * 4 + [429] * 2
        assert int(answers[-1].headers["retry-after"]) > 0
        opened(http, other)


def test_a_new_session_ends_the_one_that_was_idle_longest(tmp_path: Path) -> None:
    limits = Limits(per_second=1000, burst=1000, sessions=3, sessions_in_all=4)
    with (
        served_plant(tmp_path, limits=limits) as served,
        httpx.Client(base_url=served.url) as http,
    ):
        key, other = served.key("many", Role.VIEWER), served.key("other", Role.VIEWER)
        sessions = [opened(http, key) for _ in range(3)]
        assert http.post("/mcp", json=PING, headers=headers(key, sessions[0])).status_code == 200
        sessions.append(opened(http, key))
        alive = [
            http.post("/mcp", json=PING, headers=headers(key, one)).status_code == 200
            for one in sessions
        ]
        assert alive == [True, False, True, True]
        opened(http, other)
        third = served.key("third", Role.VIEWER)
        full = http.post("/mcp", json=INITIALIZE, headers=headers(third))
        assert full.status_code == 503 and "retry-after" in full.headers
        assert len(served.servers.turnstile.sessions) == 4


async def test_an_idle_session_ends(tmp_path: Path) -> None:
    limits = Limits(per_second=1000, burst=1000, idle_seconds=0.05)
    with served_plant(tmp_path, limits=limits) as served:
        key = served.key("idle", Role.VIEWER)
        with httpx.Client(base_url=served.url) as http:
            session = opened(http, key)
            with anyio.fail_after(20):
                # Each question keeps it alive for as long again.
                while (
                    http.post("/mcp", json=PING, headers=headers(key, session)).status_code == 200
                ):
                    await anyio.sleep(0.2)
            answer = http.post("/mcp", json=PING, headers=headers(key, session))
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("says", "filled", "status"),
    [
        ("accept", {"confirm": True}, "STOPPED"),
        ("accept", {"confirm": False}, "RUNNING"),
        ("accept", {}, "RUNNING"),
        ("decline", None, "RUNNING"),
        ("cancel", None, "RUNNING"),
    ],
)
async def test_a_person_is_asked_over_http_and_what_he_says_holds(
    says: Literal["accept", "decline", "cancel"],
    filled: dict[str, Any] | None,
    status: str,
    tmp_path: Path,
) -> None:
    asked: list[str] = []

    async def person(message: str, *rest: Any) -> Any:
        asked.append(message)
        return ElicitResult(action=says, content=filled)

    with served_plant(tmp_path) as served:
        key = served.key("desk", Role.ENGINEER)
        change = {"device_id": "PUMP_01", "status": "STOPPED"}
        async with Client(f"{served.url}/mcp", auth=key, elicitation_handler=person) as client:
            await call_by_name(client, "update_device_status", change)
        assert served.stores.devices.get("PUMP_01").status == status
        (row,) = (row for row in served.stores.audit.rows() if row.action == "update_device_status")
        assert row.outcome == ("confirmed" if status == "STOPPED" else "declined")
        assert row.caller == "desk" and row.via == "http"
    (message,) = asked
    assert "PUMP_01" in message and "STOPPED" in message


async def test_of_eight_who_confirm_at_once_one_does_it(tmp_path: Path) -> None:
    with served_plant(tmp_path) as served:
        proposer = served.key("agent", Role.OPERATOR)
        confirmers = [served.key(f"desk {n}", Role.ENGINEER) for n in range(2)]
        async with served.client(proposer) as client:
            change = {"device_id": "PUMP_01", "status": "STOPPED"}
            view = await call_by_name(client, "update_device_status", change)
            number = view["proposal"]["proposal_id"]
            denied = await client.call_tool_mcp("confirm_proposal", {"proposal_id": number})
            assert denied.isError
        assert served.stores.devices.get("PUMP_01").status == "RUNNING"
        async with (
            served.client(confirmers[0]) as one,
            served.client(confirmers[1]) as two,
            anyio.create_task_group() as tasks,
        ):
            for client in (one, two) * 4:
                tasks.start_soon(client.call_tool_mcp, "confirm_proposal", {"proposal_id": number})
        assert served.stores.devices.get("PUMP_01").status == "STOPPED"
        done = served.stores.proposals.get(number, wall_clock())
        assert done.status is ProposalStatus.DONE
        audit = served.stores.audit
        outcomes = [r.outcome for r in audit.rows() if r.action == "update_device_status"]
        assert outcomes.count("confirmed") == 1
        assert audit.broken_at() is None


async def test_a_call_that_waits_for_a_person_does_not_keep_his_answer_out(tmp_path: Path) -> None:
    """With one place for calls, the answer comes in beside the call that waits for it."""
    limits = Limits(per_second=1000, burst=1000, calls=1, calls_in_all=1)

    with served_plant(tmp_path, limits=limits) as served:
        key, other = served.key("desk", Role.ENGINEER), served.key("other", Role.VIEWER)
        seen: list[int] = []

        async def asked(message: str, *rest: Any) -> Any:
            async with httpx.AsyncClient(base_url=served.url) as http:
                for one in (key, other):
                    answer = await http.post("/mcp", json=INITIALIZE, headers=headers(one))
                    seen.append(answer.status_code)
            return {"confirm": True}

        async with Client(f"{served.url}/mcp", auth=key, elicitation_handler=asked) as client:
            change = {"device_id": "PUMP_01", "status": "STOPPED"}
            await call_by_name(client, "update_device_status", change)
        assert seen == [429, 503]
        assert served.stores.devices.get("PUMP_01").status == "STOPPED"
        assert served.servers.turnstile.calls == 0
