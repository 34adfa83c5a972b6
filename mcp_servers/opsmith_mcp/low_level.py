"""What FastMCP 3 has no door of its own for, by way of the SDK's server under it."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastmcp import FastMCP
from mcp.types import ServerCapabilities
from pydantic import AnyUrl

Complete = Callable[[Any, Any, Any], Awaitable[Any]]
Subscribe = Callable[[Any, str], Awaitable[None]]


def on_completion(server: FastMCP[Any], complete: Complete) -> None:
    """Let `complete(ref, argument, context)` answer completion/complete."""
    _of(server).completion()(complete)


def on_subscription(server: FastMCP[Any], subscribe: Subscribe, unsubscribe: Subscribe) -> None:
    """Let `subscribe(session, uri)` and `unsubscribe` answer, and say that there is both."""
    below = _of(server)
    told: Callable[..., ServerCapabilities] = below.get_capabilities

    def capabilities(*args: Any, **kwargs: Any) -> ServerCapabilities:
        found = told(*args, **kwargs)
        if found.resources is not None:
            found.resources.subscribe = True
        return found

    async def begin(uri: AnyUrl) -> None:
        await subscribe(below.request_context.session, str(uri))

    async def end(uri: AnyUrl) -> None:
        await unsubscribe(below.request_context.session, str(uri))

    below.get_capabilities = capabilities
    below.subscribe_resource()(begin)
    below.unsubscribe_resource()(end)


def _of(server: FastMCP[Any]) -> Any:
    return server._mcp_server  # pyright: ignore[reportPrivateUsage]  the only door
