"""One MCP server from objects whose public methods are the tools."""

import functools
import inspect
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, ParamSpec, TypeVar, cast
from zoneinfo import ZoneInfo

from fastmcp import FastMCP
from fastmcp.tools import Tool
from mcp.types import ToolAnnotations
from pydantic import ValidationError

from opsmith.access import Caller, Role
from opsmith.errors import OpsmithError
from opsmith_mcp.door import DOORS, Door
from opsmith_mcp.gate import Gate, told
from opsmith_mcp.guard import Guard
from opsmith_mcp.jobs import JobBook, Jobs
from opsmith_mcp.marks import Mark, marked_tools

_ROWS = 1
"""How deep the objects lie whose fields an output schema tells: the answer's and its rows'."""

P = ParamSpec("P")
T = TypeVar("T")

READER = Caller("reader", Role.VIEWER, may_write=False)
"""Somebody who only looks."""


def serve(
    name: str,
    *groups: object,
    caller: Caller | Callable[[], Caller] = READER,
    guard: Guard | None = None,
    jobs: JobBook | None = None,
    zone: ZoneInfo | None = None,
) -> FastMCP[Any]:
    """Publish the public methods of `groups` as MCP tools of those names.

    Args:
        name: Of the server.
        groups: Whose methods are the tools.
        caller: Who calls; or what says so within a call, where many do. A tool that is not for
            him is neither listed nor called.
        guard: Runs what writes; without one there are no tools that do.
        jobs: Where calls go on that take too long.
        zone: The plant's; None: times are told in UTC.
    """
    fixed = isinstance(caller, Caller)
    who = (lambda: caller) if isinstance(caller, Caller) else caller
    is_system = isinstance(caller, Caller) and caller.role is Role.SYSTEM
    marks: dict[str, Mark] = {}
    gate, tools = Gate(who, marks, guard, jobs, zone), dict[str, Tool]()
    server: FastMCP[Any] = FastMCP(
        name,
        version=version("opsmith"),
        mask_error_details=True,
        middleware=[gate],
        dereference_schemas=False,
    )
    for group in (*groups, *((Jobs(jobs),) if jobs is not None and not is_system else ())):
        for method, mark in marked_tools(group):
            if mark.writes and (guard is None or (mark.needs is Role.SYSTEM and not is_system)):
                continue
            marks[method.__name__] = mark
            if fixed and not who().may(mark.needs):
                continue
            tool = guard.published(method, mark) if guard is not None else method
            words = _told_async(tool) if inspect.iscoroutinefunction(tool) else _told(tool)
            tools[method.__name__] = server.add_tool(_tool(method, words, mark))
    DOORS[server] = Door(gate, tools)
    return server


_LENGTHS = frozenset({"minLength", "maxLength"})
"""Of texts; a model learns of them when it passes one that is too long."""

_TOOLS: dict[Callable[..., Any], Tool] = {}
"""Tools by the function behind the method: their schemas take tens of ms each to make."""


def _tool(method: Callable[..., Any], words: Callable[..., Any], mark: Mark) -> Tool:
    """The tool of a method, which `words` calls."""
    function = getattr(method, "__func__", method)
    known = _TOOLS.get(function)
    if known is not None:
        return known.model_copy(update={"fn": words})
    annotations = ToolAnnotations(
        title=method.__name__.replace("_", " ").capitalize(),
        readOnlyHint=not mark.writes,
        idempotentHint=mark.idempotent,
        destructiveHint=mark.destructive,
        openWorldHint=False,
    )
    tool = Tool.from_function(words, annotations=annotations)
    # Some clients do not follow references, in what they fill in or in what they get.
    gives = tool.output_schema or {}
    flat = {
        "parameters": _asked(_inlined(tool.parameters, tool.parameters.get("$defs", {}))),
        # An empty schema is none: clients take only one of an object.
        "output_schema": _flat(_inlined(gives, gives.get("$defs", {}))) or None,
    }
    _TOOLS[function] = tool.model_copy(update=flat)
    return _TOOLS[function]


def _inlined(node: Any, defs: dict[str, Any]) -> Any:
    """A schema without references; ours have no cycles."""
    if isinstance(node, list):
        return [_inlined(one, defs) for one in cast(list[Any], node)]
    if not isinstance(node, dict):
        return node
    schema = cast(dict[str, Any], node)
    if "$ref" in schema:
        schema = {**defs[schema["$ref"].removeprefix("#/$defs/")], **schema}
    # To leave an argument out is to give none: to say so costs every tool of a model's tokens.
    unsaid = {"$ref", "$defs", *(("default",) if schema.get("default", 0) is None else ())}
    return {key: _inlined(value, defs) for key, value in schema.items() if key not in unsaid}


def _asked(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema of arguments without what a model need not read.

    An argument that may be left out need not be told to take null too, though it does; and that
    others are refused it is told when it tries.
    """

    def lean(argument: dict[str, Any]) -> dict[str, Any]:
        argument = {key: one for key, one in argument.items() if key not in _LENGTHS}
        choices = [one for one in argument.get("anyOf", ()) if one != {"type": "null"}]
        if len(choices) != 1 or len(argument["anyOf"]) == 1:
            return argument
        chosen = {key: one for key, one in choices[0].items() if key not in _LENGTHS}
        return {**chosen, **{key: one for key, one in argument.items() if key != "anyOf"}}

    properties = {name: lean(one) for name, one in schema.get("properties", {}).items()}
    kept = {key: one for key, one in schema.items() if key != "additionalProperties"}
    return {**kept, "properties": properties}


def _flat(node: Any, depth: int = 0) -> Any:
    """A schema of what is told, to the depth of the rows in a list: what lies deeper is `object`.

    Whole, the answers' schemas would be longer than all that a model has to read of the tools.
    """
    if isinstance(node, list):
        return [_flat(one, depth) for one in cast(list[Any], node)]
    if not isinstance(node, dict):
        return node
    schema = cast(dict[str, Any], node)
    if "properties" not in schema:
        return {key: _flat(value, depth) for key, value in schema.items()}
    if depth > _ROWS:
        kept = ("type", "description")
        return {key: schema[key] for key in kept if key in schema}
    named = {name: _flat(one, depth + 1) for name, one in schema["properties"].items()}
    return {**schema, "properties": named}


def _told(method: Callable[P, T]) -> Callable[P, T]:
    """Tell the caller our errors in words; FastMCP hides every other."""

    @functools.wraps(method)
    def tool(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except OpsmithError as error:
            raise told(error) from error
        except ValidationError as error:
            # FastMCP would take it for one of the caller's arguments, and show it.
            raise RuntimeError(f"{method.__name__} made an invalid model") from error

    return tool


def _told_async(method: Callable[P, Any]) -> Callable[P, Any]:
    """The same, for a tool that waits for a person."""

    @functools.wraps(method)
    async def tool(*args: P.args, **kwargs: P.kwargs) -> Any:
        try:
            return await method(*args, **kwargs)
        except OpsmithError as error:
            raise told(error) from error
        except ValidationError as error:
            raise RuntimeError(f"{method.__name__} made an invalid model") from error

    return tool
