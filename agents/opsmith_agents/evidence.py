"""The evidence ledger: every tool result that a diagnosis may rest on, numbered and digested."""

import asyncio
import hashlib
import inspect
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast, get_type_hints, overload
from weakref import WeakSet

import anyio
from fastmcp import Client
from fastmcp.exceptions import FastMCPError
from mcp import McpError
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from opsmith.domain.base import State, Window
from opsmith.domain.diagnoses import Coverage, Evidence
from opsmith.domain.events import AlertEvent
from opsmith_mcp.together import Together

P = ParamSpec("P")
T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")

logger = logging.getLogger(__name__)

ALERT = "E0"
"""The id under which the announced alert itself is evidence."""
_LONGEST_LIST = 120
_LONGEST_TEXT = 2000
_SECONDS = 5.0
"""A tool that has not answered by then is unavailable."""
_FAILURES = (
    McpError, FastMCPError, RuntimeError, TimeoutError, anyio.ClosedResourceError, OSError,
)  # fmt: skip
_TOGETHER = Together.read_together.__name__
_ALONE: WeakSet[Client[Any]] = WeakSet()
"""Clients of servers that answer one call at a time."""


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What a tool answered, and the id under which it can be cited."""

    evidence_id: str
    result: T | None
    """None: the tool could not be asked, or knows no such thing."""


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """A tool that is to be called, and its arguments as JSON."""

    tool: Callable[..., T]
    arguments: dict[str, Any]


def asking(tool: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs) -> Asked[T]:
    """A call of `tool`, typed by its signature, for `EvidenceLedger.gather`."""
    given = _signature(tool).bind(None, *args, **kwargs).arguments
    return Asked(tool, to_jsonable_python(dict(list(given.items())[1:])))


def found_of(asked: Asked[T], evidence: Iterable[Evidence]) -> Found[T] | None:
    """What a body of evidence has of that very call; None where it was not made or not answered."""
    for one in evidence:
        if (one.tool, one.arguments) == (asked.tool.__name__, asked.arguments) and one.result:
            try:
                return Found(one.evidence_id, _answer(asked.tool).validate_python(one.result))
            except ValidationError:
                # What is kept with a report is cut where it is long.
                return None
    return None


class EvidenceLedger:
    """Calls the plant's tools for one diagnosis and keeps what they answered.

    Args:
        plant: An open MCP client.
        event: The alert that is diagnosed; it becomes evidence `E0`.
    """

    def __init__(self, plant: Client[Any], event: AlertEvent | None = None) -> None:
        self._plant = plant
        self._evidence: dict[str, Evidence] = {}
        self._full: dict[str, dict[str, Any]] = {}
        self._known: dict[str, str] = {}
        if event is not None:
            self._keep(
                ALERT,
                "alert_event",
                {"trace_id": event.alert.trace_id, "device_id": event.alert.device_id},
                event.model_dump(mode="json", exclude={"alert": {"raw_payload"}}),
            )

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """All of it, in the order of the calls."""
        return tuple(self._evidence.values())

    @overload
    async def gather(self, *asked: *tuple[Asked[A]]) -> tuple[Found[A]]: ...
    @overload
    async def gather(self, *asked: *tuple[Asked[A], Asked[B]]) -> tuple[Found[A], Found[B]]: ...
    @overload
    async def gather(
        self, *asked: *tuple[Asked[A], Asked[B], Asked[C]]
    ) -> tuple[Found[A], Found[B], Found[C]]: ...
    @overload
    async def gather(
        self, *asked: *tuple[Asked[A], Asked[B], Asked[C], Asked[D]]
    ) -> tuple[Found[A], Found[B], Found[C], Found[D]]: ...
    async def gather(self, *asked: Asked[Any]) -> tuple[Found[Any], ...]:
        """Call several reading tools as `call` does, at once where the server lets us."""
        await self._ahead([(one.tool.__name__, one.arguments) for one in asked])
        return tuple([await self._found(one) for one in asked])

    async def call(
        self, tool: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> Found[T]:
        """Call `tool` over MCP, typed by its signature; never raises for a tool that failed.

        A tool that failed is evidence too, with the state `unavailable`; one that knows no such
        thing is `empty`.
        """
        return await self._found(asking(tool, *args, **kwargs))

    async def _found(self, asked: Asked[T]) -> Found[T]:
        evidence = await self.ask(asked.tool.__name__, asked.arguments)
        full = self._full.get(evidence.evidence_id)
        found = None if full is None else cast(T, _answer(asked.tool).validate_python(full))
        return Found(evidence.evidence_id, found)

    async def _ahead(self, calls: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Ask all at once; what does not come so is asked for one by one."""
        new = [one for one in calls if _canonical([one[0], dict(one[1])]) not in self._known]
        if len(new) < 2 or self._plant in _ALONE:
            return
        asked = [{"tool": tool, "arguments": arguments} for tool, arguments in new]
        try:
            async with asyncio.timeout(_SECONDS):
                told = await self._plant.call_tool_mcp(_TOGETHER, {"calls": asked})
        except _FAILURES as error:
            logger.warning("Tools did not answer together: %s", error)
            return
        if told.isError or told.structuredContent is None:
            _ALONE.add(self._plant)
            return
        for (tool, arguments), answer in zip(new, told.structuredContent["answers"], strict=True):
            self.record(tool, arguments, answer["result"], note=answer["error"])

    async def ask(self, tool: str, arguments: Mapping[str, Any]) -> Evidence:
        """Call a tool by its name; the same call again is answered from the ledger."""
        key = _canonical([tool, dict(arguments)])
        if (known := self._known.get(key)) is not None:
            return self._evidence[known]
        try:
            async with asyncio.timeout(_SECONDS):
                # Not `call_tool`: that builds a class of the output schema, needed by nobody here.
                answer = await self._plant.call_tool_mcp(tool, dict(arguments))
        except _FAILURES as error:
            logger.warning("Tool %s did not answer: %s", tool, error)
            return self.record(tool, arguments, None, note=str(error) or type(error).__name__)
        if answer.isError:
            said = " ".join(getattr(block, "text", "") for block in answer.content).strip()
            return self.record(tool, arguments, None, note=said or "The tool failed")
        return self.record(tool, arguments, answer.structuredContent or {})

    def record(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        result: Mapping[str, Any] | None,
        note: str | None = None,
    ) -> Evidence:
        """Keep what a tool answered where another made the call (an LLM's toolset).

        Args:
            tool: Its name.
            arguments: As they were given.
            result: The structured content; None where the tool failed.
            note: Why it failed.
        """
        key = _canonical([tool, dict(arguments)])
        if (known := self._known.get(key)) is not None:
            return self._evidence[known]
        evidence_id = f"E{1 + sum(one != ALERT for one in self._evidence)}"
        self._known[key] = evidence_id
        return self._keep(evidence_id, tool, dict(arguments), result, note)

    def coverage(self) -> Coverage:
        """What was looked at, and what could not be."""
        return coverage_of(self.evidence)

    def _keep(
        self,
        evidence_id: str,
        tool: str,
        arguments: dict[str, Any],
        result: Mapping[str, Any] | None,
        note: str | None = None,
    ) -> Evidence:
        if result is None:
            unknown = note is not None and note.startswith("NotFound:")
            state = State.EMPTY if unknown else State.UNAVAILABLE
        else:
            self._full[evidence_id] = dict(result)
            state = State(result.get("state") or State.OK)
            note = result.get("note")
        window = (result or {}).get("window")
        self._evidence[evidence_id] = evidence = Evidence(
            evidence_id=evidence_id,
            tool=tool,
            arguments=arguments,
            state=state,
            note=note,
            window=Window.model_validate(window) if window else None,
            digest=hashlib.sha256(_canonical(result or {}).encode()).hexdigest(),
            result=_bounded(dict(result or {})),
        )
        return evidence


def coverage_of(evidence: tuple[Evidence, ...]) -> Coverage:
    """What a body of evidence looked at, by the names of the tools, each once a state."""
    by_state: dict[State, dict[str, None]] = {state: {} for state in State}
    for one in evidence:
        if one.evidence_id != ALERT:
            by_state[one.state][one.tool] = None
    return Coverage(
        checked=tuple({**by_state[State.OK], **by_state[State.TRUNCATED]}),
        empty=tuple(by_state[State.EMPTY]),
        stale=tuple(by_state[State.STALE]),
        unavailable=tuple(by_state[State.UNAVAILABLE]),
    )


@cache
def _signature(tool: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(tool)


@cache
def _answer(tool: Callable[..., Any]) -> TypeAdapter[Any]:
    return TypeAdapter(get_type_hints(tool)["return"])


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _bounded(value: Any) -> Any:
    """The same, with long lists and texts cut: evidence is stored with each report."""
    return _cut(value) if _is_long(value) else value


def _is_long(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_is_long, cast(dict[str, Any], value).values()))
    if isinstance(value, list):
        items = cast(list[Any], value)
        return len(items) > _LONGEST_LIST or any(map(_is_long, items))
    return isinstance(value, str) and len(value) > _LONGEST_TEXT


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _cut(one) for name, one in cast(dict[str, Any], value).items()}
    if isinstance(value, list):
        return [_cut(one) for one in cast(list[Any], value)[:_LONGEST_LIST]]
    if isinstance(value, str):
        return value[:_LONGEST_TEXT]
    return value
