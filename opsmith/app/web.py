"""Pages and servers over HTTP in a process of ours: listen, serve, stop in order."""

import contextlib
import ipaddress
import socket
from collections.abc import AsyncGenerator, Generator
from typing import Any

import anyio
import uvicorn
from starlette.types import ASGIApp

from opsmith.errors import BadInput

CONNECTIONS = 512
"""At once; more are told 503."""

HEADER_BYTES = 16_384
"""Of all headers of a request."""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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


class _Web(uvicorn.Server):
    """Leaves signals to those who stop everything in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Take none."""
        yield


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket, **options: Any) -> AsyncGenerator[None]:
    """Serve an ASGI app, without a lifespan, for as long as the block runs."""
    config = uvicorn.Config(
        app,
        log_level="error",
        lifespan="off",
        http="h11",
        ws="none",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        h11_max_incomplete_event_size=HEADER_BYTES,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
        **options,
    )
    server = _Web(config)
    async with anyio.create_task_group() as tasks:

        async def serve() -> None:
            await server.serve(sockets=[listener])

        tasks.start_soon(serve)
        try:
            yield
        finally:
            server.should_exit = True
