"""Frames that are none, and clients that leave in the middle: the server goes on, and stays small.

The long form: `OPSMITH_TEST_FRAMES=10000 OPSMITH_TEST_DISCONNECTS=1000 pytest tests/mcp/...`
"""

import gc
import json
import logging
import os
import random
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx
import pytest
from http_plant import BY, Served, served_plant

from opsmith.access import Role
from opsmith_mcp.client import call_by_name

pytestmark = pytest.mark.anyio

FRAMES = int(os.environ.get("OPSMITH_TEST_FRAMES", "1000"))
DISCONNECTS = int(os.environ.get("OPSMITH_TEST_DISCONNECTS", "200"))

HEADERS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
INITIALIZE: dict[str, Any] = {
    "jsonrpc": "2.0", "id": 0, "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}  # fmt: skip
CALL: dict[str, Any] = {
    "jsonrpc": "2.0", "id": 1, "method": "tools/call",
    "params": {"name": "query_device_status", "arguments": {"device_id": "PUMP_01"}},
}  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1.5, 2**63, 10**30, 1e308, "", "x", "\x00", "💧" * 50, [], {}, [[]], [None],
    {"a": {"b": {}}}, "tools/list", "2.0", "a" * 5000, ["x"] * 100, {"": ""}, {"$ref": "#"},
)  # fmt: skip
METHODS = (
    "tools/call", "tools/list", "initialize", "ping", "resources/read", "prompts/get", "x",
    "notifications/initialized", "notifications/cancelled", "logging/setLevel", "", "rpc.discover",
    "resources/subscribe", "completion/complete", "notifications/progress", "roots/list",
)  # fmt: skip


def frames(seed: int, count: int) -> Iterator[bytes]:
    """Bodies that are no calls, or nearly calls; the same for the same seed."""
    rng = random.Random(seed)
    for _ in range(count):
        kind = rng.randrange(8)
        message = json.loads(json.dumps(CALL))
        if kind == 0:
            yield rng.randbytes(rng.randrange(200))
        elif kind == 1:
            whole = json.dumps(message).encode()
            yield whole[: rng.randrange(len(whole))]
        elif kind == 2:
            message[rng.choice([*message, "result", "error"])] = rng.choice(VALUES)
            yield json.dumps(message).encode()
        elif kind == 3:
            message.pop(rng.choice([*message]))
            yield json.dumps(message).encode()
        elif kind == 4:
            message["method"] = rng.choice(METHODS)
            message["params"] = rng.choice(VALUES)
            yield json.dumps(message).encode()
        elif kind == 5:
            message["params"][rng.choice(["name", "arguments", "_meta", "task"])] = rng.choice(
                VALUES
            )
            yield json.dumps(message).encode()
        elif kind == 6:
            whole = bytearray(json.dumps(message).encode())
            for _ in range(rng.randrange(1, 5)):
                whole[rng.randrange(len(whole))] = rng.randrange(256)
            yield bytes(whole)
        else:
            deep = rng.randrange(1, 20_000)
            yield rng.choice(
                (
                    b"[" * deep, b'{"a":' * deep, b"[" + json.dumps(message).encode() + b"]",
                    b'{"jsonrpc":"2.0","id":' + b"9" * deep + b',"method":"ping"}',
                    b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"\\ud800"}}',
                    b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":NaN}}',
                    b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":1e999}}',
                    b"\xef\xbb\xbf" + json.dumps(message).encode(),
                    json.dumps(message).encode("utf-16"), b"", b"null", b'"', b"\x00" * deep,
                )
            )  # fmt: skip


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with served_plant(tmp_path) as served:
        yield served


def asked(key: str, http: httpx.Client) -> dict[str, str]:
    given = {**HEADERS, "authorization": f"Bearer {key}"}
    answer = http.post("/mcp", json=INITIALIZE, headers=given)
    given["mcp-session-id"] = answer.headers["mcp-session-id"]
    http.post("/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"}, headers=given)
    return given


async def works(served: Served, key: str) -> None:
    """Somebody else is answered as ever."""
    async with served.client(key) as client:
        status = await call_by_name(client, "query_device_status", {"device_id": "PUMP_01"})
    assert status["device"]["device_id"] == "PUMP_01"


async def settled(served: Served, tasks: int) -> None:
    """The server has no more to do than before."""
    with anyio.fail_after(30):
        while served.tasks() > tasks or served.servers.turnstile.calls:
            await anyio.sleep(0.02)


def tracebacks(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.exc_info or "Traceback" in record.getMessage()
    ]


async def test_frames_that_are_none_are_answered_and_leave_nothing(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    key = served.key("clumsy", Role.VIEWER)
    await works(served, key)
    tasks, size = served.tasks(), 0
    with httpx.Client(base_url=served.url, timeout=20) as http:
        given = asked(key, http)
        for number, frame in enumerate(frames(4, FRAMES)):
            answer = http.post("/mcp", content=frame, headers=given)
            assert answer.status_code < 500, (frame[:200], answer.text)
            if number == FRAMES // 4:
                size = _resident()
            if answer.status_code == 404:
                given = asked(key, http)
        grown = _resident() - size
        assert http.delete("/mcp", headers=given).status_code == 200
    assert grown < 30e6, f"{grown / 1e6:.0f} MB"
    await works(served, key)
    await settled(served, tasks)
    assert not tracebacks(caplog)
    assert not served.servers.turnstile.sessions


# The SDK leaves the end of a stream to the collector where its reader left before it began.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_clients_that_leave_in_the_middle_leave_nothing(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    key, other = served.key("fickle", Role.VIEWER), served.key("steady", Role.VIEWER)
    await works(served, other)
    tasks, rng = served.tasks(), random.Random(7)
    with httpx.Client(base_url=served.url, timeout=20) as http:
        given = asked(key, http)
        body = json.dumps(CALL).encode()
        for number in range(DISCONNECTS):
            kind = number % 5
            head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
            if kind == 4:
                whole = f"GET /mcp HTTP/1.1\r\nhost: localhost\r\n{head}\r\n".encode()
            else:
                whole = (
                    f"POST /mcp HTTP/1.1\r\nhost: localhost\r\n{head}"
                    f"content-length: {len(body)}\r\n\r\n"
                ).encode() + body
            # A part of it, or all of it and no ear for the answer.
            cut = rng.randrange(1, len(whole)) if kind < 2 else len(whole)
            _send_and_leave(served.url, whole[:cut], reset=number % 2 == 0)
        with anyio.fail_after(30):
            # More connections than are taken on at once: until the lost ones are noticed, 503.
            while (ended := http.delete("/mcp", headers=given)).status_code == 503:
                await anyio.sleep(0.05)
        assert ended.status_code == 200
    await works(served, other)
    await settled(served, tasks)
    assert not tracebacks(caplog)
    assert not served.servers.turnstile.sessions


async def test_revoked_while_a_stream_is_open_it_is_told_nothing_more(served: Served) -> None:
    key = served.key("gone", Role.VIEWER)
    with httpx.Client(base_url=served.url, timeout=20) as http:
        given = asked(key, http)
        served.keys.revoke("gone", by=BY)
        assert http.post("/mcp", json=CALL, headers=given).status_code == 401
        assert http.get("/mcp", headers=given).status_code == 401


def _send_and_leave(url: str, content: bytes, *, reset: bool) -> None:
    address = urlsplit(url)
    with socket.create_connection((address.hostname or "", address.port or 0), 10) as raw:
        if reset:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.sendall(content)


def _resident() -> int:
    """Bytes of memory that this process has."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
