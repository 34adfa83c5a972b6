"""Pages and servers over HTTP in a process of ours: listen, serve, stop in order."""

import contextlib
import ipaddress
import logging
import socket
from collections.abc import AsyncGenerator, Generator
from typing import Any

import anyio
import uvicorn
from starlette.types import ASGIApp

from opsmith.errors import BadInput
from opsmith.settings import Settings
from opsmith_mcp.origins import Names

_UNSPECIFIED = ("0.0.0.0", "::")

CONNECTIONS = 512
"""At once; more are told 503."""

HEADER_BYTES = 16_384
"""Of all headers of a request."""

SOCKET = 1_000_000
"""Bytes of one message of an open page."""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def names_of(settings: Settings, host: str) -> Names:
    """The hosts that pages and servers on that address answer to, and the pages that may call.

    Raises:
        BadInput: A setting names a host or an origin that is none.
    """
    hosts = listed(settings.mcp_hosts)
    if not is_loopback(host) and host not in _UNSPECIFIED:
        hosts = (*hosts, f"[{host}]" if ":" in host else host)
    return Names(hosts, listed(settings.mcp_origins))


def listed(text: str) -> tuple[str, ...]:
    """What a setting lists, separated by commas."""
    return tuple(part for one in text.split(",") if (part := one.strip()))


@contextlib.contextmanager
def listening(host: str, port: int, option: str = "--port") -> Generator[socket.socket]:
    """A socket that listens. Raises `BadInput` where it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named TCP, or asyncio does not turn off Nagle's delay: 40 ms an answer.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen()
        except OSError as error:
            raise BadInput(
                f"Cannot listen on {host}:{port} ({error.strerror}); choose another with {option}"
            ) from error
        yield listener


def address_of(listener: socket.socket) -> str:
    """`host:port`, as a URL has it."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_news(record: logging.LogRecord) -> bool:
    """Not, that a WebSocket was answered with a status: it says so as if that were an error."""
    return "without completing handshake" not in record.getMessage()


class _Web(uvicorn.Server):
    """Leaves signals to those who stop everything in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Take none."""
        yield


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket, **options: Any) -> AsyncGenerator[None]:
    """Serve an ASGI app, without a lifespan, for as long as the block runs."""
    usual: dict[str, Any] = {
        "log_level": "error",
        "lifespan": "off",
        "http": "h11",
        "ws": "none",
        "proxy_headers": False,
        "server_header": False,
        "access_log": False,
        "h11_max_incomplete_event_size": HEADER_BYTES,
        "limit_concurrency": CONNECTIONS,
        "timeout_keep_alive": 30,
        "timeout_graceful_shutdown": 5,
    }
    config = uvicorn.Config(app, **{**usual, **options})
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    server = _Web(config)
    async with anyio.create_task_group() as tasks:

        async def serve() -> None:
            await server.serve(sockets=[listener])

        tasks.start_soon(serve)
        try:
            yield
        finally:
            server.should_exit = True
