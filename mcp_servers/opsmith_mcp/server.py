"""One MCP server from objects whose public methods are the tools."""

import functools
import inspect
from collections.abc import Callable, Iterator
from enum import Flag
from typing import Any, NamedTuple, ParamSpec, TypeVar, cast, overload

from fastmcp import FastMCP
from fastmcp.exceptions import ToolError
from fastmcp.exceptions import ValidationError as BadArguments
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools import Tool
from mcp.types import ToolAnnotations
from pydantic import ValidationError

from opsmith.errors import OpsmithError

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M", bound=Callable[..., Any])


class Rights(Flag):
    """What a caller may do; each has those before it."""

    READ = 0b001
    WRITE = 0b011
    """Also change the plant's records."""
    SYSTEM = 0b111
    """Also what only opsmith's own code does."""


class _Mark(NamedTuple):
    needs: Rights = Rights.READ
    idempotent: bool = True
    destructive: bool = False


_READS = _Mark()
_ATTRIBUTE = "__opsmith_mark__"


@overload
def writes(method: M, /) -> M: ...
@overload
def writes(*, idempotent: bool = False, destructive: bool = False) -> Callable[[M], M]: ...
def writes(
    method: M | None = None, /, *, idempotent: bool = False, destructive: bool = False
) -> M | Callable[[M], M]:
    """Mark a method as a tool that changes something, for those with `Rights.WRITE`.

    Args:
        method: What is marked, where it is used without brackets.
        idempotent: A second call with the same arguments changes nothing.
        destructive: It takes something away that cannot be brought back.
    """
    return _marking(_Mark(Rights.WRITE, idempotent, destructive), method)


@overload
def system_only(method: M, /) -> M: ...
@overload
def system_only(*, idempotent: bool = False) -> Callable[[M], M]: ...
def system_only(method: M | None = None, /, *, idempotent: bool = False) -> M | Callable[[M], M]:
    """Mark a method as a tool for opsmith's own code alone (`Rights.SYSTEM`)."""
    return _marking(_Mark(Rights.SYSTEM, idempotent), method)


def _marking(mark: _Mark, method: M | None) -> M | Callable[[M], M]:
    def marked(method: M) -> M:
        setattr(method, _ATTRIBUTE, mark)
        return method

    return marked if method is None else marked(method)


def tools_of(group: object, rights: Rights) -> Iterator[Callable[..., Any]]:
    """The methods of a group that a caller with these rights has as tools."""
    for name, method in inspect.getmembers(group, inspect.ismethod):
        if not name.startswith("_") and _mark_of(method).needs in rights:
            yield method


def serve(name: str, *groups: object, rights: Rights = Rights.READ) -> FastMCP[Any]:
    """Publish the public methods of `groups` as MCP tools of those names.

    A tool that the rights do not cover is absent, not merely refused.
    """
    server: FastMCP[Any] = FastMCP(
        name, mask_error_details=True, middleware=[_Answers()], dereference_schemas=False
    )
    for group in groups:
        for method in tools_of(group, rights):
            mark = _mark_of(method)
            annotations = ToolAnnotations(
                readOnlyHint=mark.needs is Rights.READ,
                idempotentHint=mark.idempotent,
                destructiveHint=mark.destructive,
                openWorldHint=False,
            )
            tool = Tool.from_function(_told(method), annotations=annotations)
            # Some clients do not follow references in what they have to fill in.
            inlined = _inlined(tool.parameters, tool.parameters.get("$defs", {}))
            server.add_tool(tool.model_copy(update={"parameters": inlined}))
    return server


def _inlined(node: Any, defs: dict[str, Any]) -> Any:
    """A schema without references; those of our arguments have no cycles."""
    if isinstance(node, list):
        return [_inlined(one, defs) for one in cast(list[Any], node)]
    if not isinstance(node, dict):
        return node
    schema = cast(dict[str, Any], node)
    if "$ref" in schema:
        schema = {**defs[schema["$ref"].removeprefix("#/$defs/")], **schema}
    return {
        key: _inlined(value, defs) for key, value in schema.items() if key not in ("$ref", "$defs")
    }


def _mark_of(method: Callable[..., Any]) -> _Mark:
    mark: _Mark = getattr(method, _ATTRIBUTE, _READS)
    return mark


def _told(method: Callable[P, T]) -> Callable[P, T]:
    """Tell the caller our errors in words; FastMCP hides every other."""

    @functools.wraps(method)
    def tool(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except OpsmithError as error:
            raise ToolError(f"{type(error).__name__}: {error}") from error
        except ValidationError as error:
            # FastMCP would take it for one of the caller's arguments, and show it.
            raise RuntimeError(f"{method.__name__} made an invalid model") from error

    return tool


class _Answers(Middleware):
    """Says in a line which argument was wrong, and spares a second check of what Pydantic made."""

    async def on_call_tool(
        self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]
    ) -> Any:
        try:
            result = await call_next(context)
        except BadArguments as error:
            if not isinstance(error.__cause__, ValidationError):
                raise
            raise ToolError(f"BadInput: {_in_words(error.__cause__)}") from error
        if result.meta is None:
            # A result with `meta` goes out as it is; without, its schema is compiled anew each
            # time to check it again.
            result.meta = {}
        return result


def _in_words(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}"
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    )
