"""What came over HTTP, looked at before the protocol's own machinery sees it."""

import json
import re
from typing import Any, cast

import anyio
from pydantic_core import from_json
from starlette.types import Message, Receive

_LONG_NUMBER = re.compile(rb"[0-9]{400}")
ONCE = frozenset(
    {
        b"host", b"origin", b"authorization", b"content-type", b"content-length",
        b"mcp-session-id", b"mcp-protocol-version",
    }
)  # fmt: skip
"""Headers of which a second one would make two readers see two things."""


HEADER_BYTES = 16_384
"""Of all headers of a request."""


class BadFrame(Exception):
    """A request that is none.

    Args:
        status: Of HTTP.
        code: Of JSON-RPC.
        why: In a line.
    """

    def __init__(self, status: int, code: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.code = code


class Gone(Exception):
    """Whoever sent it has left."""


def single_headers(headers: list[tuple[bytes, bytes]]) -> dict[bytes, str]:
    """The headers by name, in lower case.

    Raises:
        BadFrame: One that counts is doubled, or they are too long.
    """
    if sum(len(name) + len(value) for name, value in headers) > HEADER_BYTES:
        raise BadFrame(431, -32600, f"Headers have {HEADER_BYTES} bytes at most")
    found: dict[bytes, str] = {}
    for name, value in headers:
        if name in found and name in ONCE:
            raise BadFrame(400, -32600, f"Two headers {name.decode('latin-1')}")
        found[name] = value.decode("latin-1")
    return found


async def read_body(
    headers: dict[bytes, str], receive: Receive, most: int, seconds: float
) -> bytes:
    """The whole body.

    Args:
        headers: Of the request.
        receive: ASGI's.
        most: Bytes.
        seconds: Within which it has to be there.

    Raises:
        BadFrame: It is too large, or too slow.
        Gone: The sender left in the middle.
    """
    too_large = BadFrame(413, -32600, f"A request has {most} bytes at most")
    length = headers.get(b"content-length", "0")
    if not length.isascii() or not length.isdigit() or int(length[:20]) > most:
        raise too_large
    parts: list[bytes] = []
    left = most
    with anyio.move_on_after(seconds):
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            part: bytes = message.get("body", b"")
            left -= len(part)
            if left < 0:
                raise too_large
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)
    raise BadFrame(408, -32600, f"The request was not there within {seconds:g} s")


def read_message(headers: dict[bytes, str], body: bytes) -> dict[str, Any]:
    """The JSON-RPC message. Raises `BadFrame`."""
    kind = headers.get(b"content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise BadFrame(415, -32600, "Content-Type must be application/json")
    try:
        # It refuses what would break later: lone surrogates, nesting without end, NaN.
        message = from_json(body, allow_inf_nan=False)
        if _LONG_NUMBER.search(body):
            json.loads(body)
    except ValueError as error:
        raise BadFrame(400, -32700, f"No JSON: {str(error)[:200]}") from None
    if not isinstance(message, dict):
        raise BadFrame(400, -32600, "One JSON-RPC object a request")
    return cast(dict[str, Any], message)


def replay(body: bytes, receive: Receive) -> Receive:
    """What gives a body again that was read, and then whether the sender left."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
