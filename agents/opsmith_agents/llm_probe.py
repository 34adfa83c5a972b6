"""What an LLM can do, tried out with one tiny question: call a tool and answer in a form."""

import time
from dataclasses import dataclass
from typing import Literal

import anyio
from pydantic import BaseModel, Field
from pydantic_ai import Agent, PromptedOutput
from pydantic_ai.exceptions import (
    AgentRunError,
    ModelRequestRejectedError,
    UnexpectedModelBehavior,
    UsageLimitExceeded,
)
from pydantic_ai.models import Model
from pydantic_ai.usage import UsageLimits

from opsmith_agents.llm_breaker import Seconds
from opsmith_agents.llm_limits import reason_of
from opsmith_agents.llm_steady import chain_of

__all__ = ["Abilities", "Ability", "Mode", "Wanted", "chain_of", "probe", "told"]

Mode = Literal["tools", "evidence", "none"]
"""It leads with tools; it judges what code gathered; it is of no use."""
Wanted = Literal["auto", "tools", "evidence"]

PROBE_TOOL = "read_test_gauge"
_READING = 41.75
_HOURS = 6.0
_SOON = 0.5
"""Hours after which one that did not answer is tried again."""


class Gauge(BaseModel):
    """What the test gauge shows."""

    reading: float = Field(description="The number on the gauge, exactly.")


@dataclass(frozen=True, slots=True)
class Ability:
    """What one LLM can do."""

    mode: Mode
    seconds: float = 0.0
    """That the trial took."""
    why: str = ""
    """It is of no use, or of little."""


async def probe(model: Model, seconds: float) -> Ability:
    """Try out an LLM; two or three small requests.

    Raises:
        AgentRunError: Its server did not answer as a chat server does.
        TimeoutError: It did not answer in that time.
    """
    began = time.perf_counter()

    def took() -> float:
        return time.perf_counter() - began

    with anyio.fail_after(seconds):
        why = "it called no tool"
        try:
            if await _calls_tools(model):
                return Ability("tools", took())
        except ModelRequestRejectedError:
            why = "its server takes no tools"
        except (UnexpectedModelBehavior, UsageLimitExceeded):
            why = "it called no tool rightly"
        try:
            if await _reads(model):
                return Ability("evidence", took(), why)
        except (UnexpectedModelBehavior, UsageLimitExceeded):
            pass
        return Ability("none", took(), "it does not answer in the form asked for")


async def _calls_tools(model: Model) -> bool:
    called: list[str] = []

    def read_test_gauge() -> dict[str, float]:
        """Read the test gauge."""
        called.append(PROBE_TOOL)
        return {"reading": _READING}

    agent = Agent(
        model, output_type=Gauge, deps_type=type(None), tools=[read_test_gauge], retries=1
    )
    run = await agent.run(
        f"This is a test of the connection. Call {PROBE_TOOL} once and answer with its reading.",
        usage_limits=UsageLimits(request_limit=4),
        infer_name=False,
    )
    return bool(called) and run.output.reading == _READING


async def _reads(model: Model) -> bool:
    agent = Agent(model, output_type=PromptedOutput(Gauge), deps_type=type(None), retries=1)
    run = await agent.run(
        f"This is a test of the connection. The gauge shows {_READING}. Answer with its reading.",
        usage_limits=UsageLimits(request_limit=2),
        infer_name=False,
    )
    return run.output.reading == _READING


class Abilities:
    """What each LLM can do, tried out when it is first asked and kept for some hours.

    Args:
        mode: `auto`: try it out; else all are taken to be able to do that.
        hours: A result is kept.
        clock: Seconds of a clock that only goes forward.
    """

    def __init__(
        self,
        mode: Wanted = "auto",
        hours: float = _HOURS,
        clock: Seconds = time.monotonic,
    ) -> None:
        self._mode = mode
        self._hours = hours
        self._clock = clock
        self._known: dict[int, tuple[Model, Ability, float]] = {}

    async def of(self, model: Model, seconds: float) -> Ability:
        """What an LLM can do.

        Raises:
            AgentRunError: See `probe`.
            TimeoutError: See `probe`.
        """
        if self._mode == "tools" or self._mode == "evidence":
            return Ability(self._mode)
        known = self._known.get(id(model))
        if known is not None and self._clock() < known[2]:
            return known[1]
        ability = await probe(model, seconds)
        self._keep(model, ability)
        return ability

    def demote(self, model: Model) -> None:
        """Remember that an LLM did not call tools rightly after all."""
        if self._mode == "auto":
            self._keep(model, Ability("evidence", why="it called no tool rightly"))

    def _keep(self, model: Model, ability: Ability) -> None:
        hours = min(_SOON, self._hours) if ability.mode == "none" else self._hours
        self._known[id(model)] = (model, ability, self._clock() + 3600 * hours)


async def told(model: Model, seconds: float) -> Ability:
    """The same as `probe`, a server that does not answer told as of no use."""
    try:
        return await probe(model, seconds)
    except TimeoutError:
        return Ability("none", seconds, f"it gave no answer in {seconds:g} s")
    except AgentRunError as error:
        return Ability("none", 0.0, reason_of(error))
