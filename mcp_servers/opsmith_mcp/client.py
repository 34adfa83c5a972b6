"""Call a tool over MCP as if it were a method here."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    TypeVar,
    get_type_hints,
    overload,
)

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from opsmith import errors
from opsmith.errors import OpsmithError

if TYPE_CHECKING:
    from fastmcp import Client, FastMCP
    from fastmcp.client.transports import StdioTransport

    from opsmith_mcp.light import LightSession

    Session = Client[Any] | LightSession
    """Who passes a call on: any client, or one for questions alone."""

PATH = "/mcp"
"""Where `opsmith serve` has all its tools."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What a tool answered, as a model and as it came over the wire."""

    tool: str
    arguments: dict[str, Any]
    """As sent: JSON values; those that were left to their defaults are not there."""
    content: dict[str, Any]
    """The structured content, JSON values."""
    value: T


def connect(server: FastMCP[Any] | StdioTransport | str, key: str = "") -> Client[Any]:
    """A client of a server in this process, in one it starts, or at a URL; open it by `async with`.

    Args:
        server: The server, how to start it, or its URL.
        key: Of opsmith, for a URL.
    """
    # Only here: they take longer to load than a console may take to start.
    from fastmcp import FastMCP

    from opsmith_mcp.in_process import InProcess
    from opsmith_mcp.remote import Remote

    return InProcess(server) if isinstance(server, FastMCP) else Remote(server, key)


@overload
async def call(
    client: Session,
    tool: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T: ...
@overload
async def call(
    client: Session, tool: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs
) -> T: ...
async def call(client: Session, tool: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call `tool` over MCP: its signature types the call, its return type the answer.

    Args:
        client: Open; see `connect`.
        tool: The method, such as `Telemetry.fetch_telemetry_data`.
        *args: Its arguments without self.
        **kwargs: The same.

    Raises:
        OpsmithError: The tool failed; `NotFound`, `Conflict`, `BadInput`, `Denied` and
            `Unavailable` come through as such, with their message.
    """
    return (await call_recorded(client, tool, *args, **kwargs)).value


async def call_recorded(
    client: Session, tool: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs
) -> Answer[T]:
    """The same as `call`, with what went over the wire: for evidence."""
    given = _signature(tool).bind(None, *args, **kwargs).arguments
    arguments: dict[str, Any] = to_jsonable_python(dict(list(given.items())[1:]))
    content = await call_by_name(client, tool.__name__, arguments)
    return Answer(tool.__name__, arguments, content, _adapter(tool).validate_python(content))


async def call_by_name(client: Session, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Call a tool by its name, for callers who choose it at run time, such as an LLM.

    Returns:
        The structured content, JSON values.

    Raises:
        OpsmithError: As in `call`.
    """
    answer = await client.call_tool_mcp(tool, arguments)
    if answer.isError:
        raise _ours("".join(part.text for part in answer.content if part.type == "text"))
    assert answer.structuredContent is not None, f"{tool} has no output schema"
    return answer.structuredContent


def _ours(message: str) -> OpsmithError:
    name, _, rest = message.partition(": ")
    kind = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, OpsmithError):
        return kind(rest)
    return OpsmithError(message)


@functools.cache
def _signature(tool: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(tool)


@functools.cache
def _adapter(tool: Callable[..., Any]) -> TypeAdapter[Any]:
    return TypeAdapter(get_type_hints(tool)["return"])
