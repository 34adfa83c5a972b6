"""The evidence ledger: every tool result that a diagnosis may rest on, numbered and digested."""

import asyncio
import hashlib
import inspect
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast, get_type_hints

import anyio
from fastmcp import Client
from fastmcp.exceptions import FastMCPError
from mcp import McpError
from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from opsmith.domain.base import State, Window
from opsmith.domain.diagnoses import Coverage, Evidence
from opsmith.domain.events import AlertEvent

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger(__name__)

ALERT = "E0"
"""The id under which the announced alert itself is evidence."""
_LONGEST_LIST = 120
_LONGEST_TEXT = 2000
_SECONDS = 5.0
"""A tool that has not answered by then is unavailable."""


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What a tool answered, and the id under which it can be cited."""

    evidence_id: str
    result: T | None
    """None: the tool could not be asked, or knows no such thing."""


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

    async def call(
        self, tool: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> Found[T]:
        """Call `tool` over MCP, typed by its signature; never raises for a tool that failed.

        A tool that failed is evidence too, with the state `unavailable`; one that knows no such
        thing is `empty`.
        """
        signature, answer = _typed(tool)
        given = signature.bind(None, *args, **kwargs).arguments
        named = {name: value for name, value in list(given.items())[1:]}
        evidence = await self.ask(tool.__name__, to_jsonable_python(named))
        full = self._full.get(evidence.evidence_id)
        found = None if full is None else cast(T, answer.validate_python(full))
        return Found(evidence.evidence_id, found)

    async def ask(self, tool: str, arguments: Mapping[str, Any]) -> Evidence:
        """Call a tool by its name; the same call again is answered from the ledger."""
        key = _canonical([tool, dict(arguments)])
        if (known := self._known.get(key)) is not None:
            return self._evidence[known]
        try:
            async with asyncio.timeout(_SECONDS):
                # Not `call_tool`: that builds a class of the output schema, needed by nobody here.
                answer = await self._plant.call_tool_mcp(tool, dict(arguments))
        except (
            McpError, FastMCPError, RuntimeError, TimeoutError, anyio.ClosedResourceError, OSError
        ) as error:  # fmt: skip
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
def _typed(tool: Callable[..., Any]) -> tuple[inspect.Signature, TypeAdapter[Any]]:
    return inspect.signature(tool), TypeAdapter(get_type_hints(tool)["return"])


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _bounded(value: Any) -> Any:
    """The same, with long lists and texts cut: evidence is stored with each report."""
    if isinstance(value, dict):
        return {name: _bounded(one) for name, one in cast(dict[str, Any], value).items()}
    if isinstance(value, list):
        return [_bounded(one) for one in cast(list[Any], value)[:_LONGEST_LIST]]
    if isinstance(value, str):
        return value[:_LONGEST_TEXT]
    return value
