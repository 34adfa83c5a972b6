"""Who comes in, and how he is answered: the middleware that every server has."""

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import anyio.to_thread
from fastmcp.exceptions import NotFoundError, ToolError
from fastmcp.exceptions import ValidationError as BadArguments
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from mcp.types import TextContent
from pydantic import ValidationError
from pydantic_core import to_json

from opsmith.access import Caller, Role, acting_as
from opsmith.domain.base import State, unzoned
from opsmith.errors import OpsmithError
from opsmith.metrics import count_call
from opsmith_mcp.calling import in_words
from opsmith_mcp.guard import Guard
from opsmith_mcp.jobs import JobBook
from opsmith_mcp.marks import Mark

_UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

_STATES = frozenset(State)
_KINDS = {
    "BadInput": "bad_input",
    "NotFound": "not_found",
    "Conflict": "conflict",
    "Denied": "denied",
    "Unavailable": "unavailable",
}


class Gate(Middleware):
    """Shows each caller the tools that are his, and calls them in his name.

    Args:
        who: Says who calls, within the call.
        marks: The tools that there are.
        guard: Where refused calls that write are noted; None: nowhere.
        jobs: Where calls go on that take too long; None: all are waited for.
        zone: The plant's: of times that name none, and of those that are told; None: UTC.
    """

    def __init__(
        self,
        who: Callable[[], Caller],
        marks: Mapping[str, Mark],
        guard: Guard | None = None,
        jobs: JobBook | None = None,
        zone: ZoneInfo | None = None,
    ) -> None:
        self._who = who
        self._marks = marks
        self._guard = guard
        self._jobs = jobs
        self._zone = None if zone is None or zone.key == "UTC" else zone

    async def on_list_tools(
        self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]
    ) -> Any:
        """Only those that the caller may call."""
        who = self._who()
        return [one for one in await call_next(context) if who.may(self._marks[one.name].needs)]

    async def on_call_tool(
        self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]
    ) -> Any:
        """Call it in the caller's name; say in a line what was wrong."""
        message = context.message
        return await self.through(
            message.name, message.arguments, lambda: call_next(context), _teller(context)
        )

    async def through(
        self,
        name: str,
        arguments: dict[str, Any] | None,
        call: Callable[[], Awaitable[Any]],
        tell: Callable[[float], Awaitable[None]],
    ) -> Any:
        """Make a call in the caller's name, if it is for him.

        Args:
            name: Of the tool.
            arguments: As they came.
            call: Makes it; gives FastMCP's `ToolResult`.
            tell: Told how long it takes, where it takes long.

        Raises:
            ToolError: It failed, or is not for him; in words.
            NotFoundError: There is no such tool.
        """
        began, outcome = time.perf_counter(), "cancelled"
        try:
            result = await self._through(name, arguments, call, tell)
            outcome = _outcome(result.structured_content)
            return result
        except Exception as error:
            outcome = _failure(error)
            raise
        finally:
            # A name that there is not is the caller's own, and would be a series of its own.
            tool = name if name in self._marks else "unknown"
            count_call(tool, outcome, time.perf_counter() - began)

    async def _through(
        self,
        name: str,
        arguments: dict[str, Any] | None,
        call: Callable[[], Awaitable[Any]],
        tell: Callable[[float], Awaitable[None]],
    ) -> Any:
        who = self._who()
        mark = self._marks.get(name)
        if mark is None or not who.may(mark.needs):
            await self._refuse(who, name, mark, arguments)
        assert mark is not None
        token = unzoned.set(self._zone) if self._zone is not None else None
        try:
            with acting_as(who):
                if self._jobs is None or mark.writes or who.role is Role.SYSTEM:
                    result = await call()
                else:
                    result = await self._jobs.watched(name, call, tell)
        except BadArguments as error:
            if not isinstance(error.__cause__, ValidationError):
                raise
            raise ToolError(f"BadInput: {in_words(error.__cause__)}") from error
        finally:
            if token is not None:
                unzoned.reset(token)
        if result.meta is None:
            # A result with `meta` goes out as it is; without, its schema is compiled anew each
            # time to check it again.
            result.meta = {}
        if self._zone is not None and result.structured_content is not None:
            result.structured_content = _zoned(result.structured_content, self._zone)
            text = to_json(result.structured_content).decode()
            result.content = [TextContent(type="text", text=text)]
        return result

    async def on_read_resource(
        self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]
    ) -> Any:
        """Read it in the caller's name."""
        return await self._in_his_name(context, call_next)

    async def on_get_prompt(
        self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]
    ) -> Any:
        """Make it in the caller's name."""
        return await self._in_his_name(context, call_next)

    async def _in_his_name(
        self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]
    ) -> Any:
        with acting_as(self._who()):
            return await call_next(context)

    async def _refuse(self, who: Caller, name: str, mark: Mark | None, arguments: object) -> None:
        if mark is None:
            raise NotFoundError(f"Unknown tool: {name!r}")
        needs, has = mark.needs.name.lower(), who.role.name.lower()
        why = f"{name} needs the role {needs}; {who.name} is {has}"
        if not who.may_write and mark.needs > Role.VIEWER:
            why = f"{name} is not enabled; OPSMITH_ALLOW_WRITES=true enables what writes"
        if self._guard is not None and mark.writes:
            guard = self._guard
            await anyio.to_thread.run_sync(lambda: guard.refused(who, name, arguments, why))
        raise ToolError(f"Denied: {why}")


def told(error: OpsmithError) -> ToolError:
    """An error of ours as a caller reads it."""
    return ToolError(f"{type(error).__name__}: {error}")


def _outcome(content: Mapping[str, Any] | None) -> str:
    """The state of a tool's result: `ok`, `empty`, `stale`, `truncated` or `unavailable`."""
    state = str(content.get("state")) if content is not None else "ok"
    return state if state in _STATES else "ok"


def _failure(error: Exception) -> str:
    """The kind of an error, as `told` says it; `failed` for what is no error of ours."""
    kind, _, _ = str(error).partition(":")
    return _KINDS.get(kind, "failed") if isinstance(error, ToolError) else "failed"


def _teller(context: MiddlewareContext[Any]) -> Callable[[float], Any]:
    async def tell(seconds: float) -> None:
        if context.fastmcp_context is not None:
            await context.fastmcp_context.report_progress(seconds, None, "still at it")

    return tell


def _zoned(value: Any, zone: ZoneInfo) -> Any:
    """The same JSON, its UTC times told with the zone's offset."""
    if isinstance(value, str):
        if _UTC_TIME.fullmatch(value):
            return datetime.fromisoformat(value).astimezone(zone).isoformat()
        return value
    if isinstance(value, dict):
        items = cast(dict[str, Any], value)
        return {key: _zoned(one, zone) for key, one in items.items()}
    if isinstance(value, list):
        return [_zoned(one, zone) for one in cast(list[Any], value)]
    return value
