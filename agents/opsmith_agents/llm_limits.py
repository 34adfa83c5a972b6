"""How an LLM is asked: on our own clock, and its failures told as one error of ours."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar, cast

import anyio
from fastmcp.exceptions import FastMCPError
from mcp import McpError
from pydantic_ai.exceptions import (
    AgentRunError,
    FallbackExceptionGroup,
    ModelHTTPError,
    ModelTimeoutError,
    UnexpectedModelBehavior,
    UsageLimitExceeded,
)
from pydantic_ai.models import Model

from opsmith.domain.base import Language
from opsmith.errors import LlmUnavailable
from opsmith_agents.llm_steady import Malformed, Resting, chain_of, is_resting

T = TypeVar("T")

LANGUAGES: Mapping[Language, str] = {"en": "English", "zh": "Chinese (中文)"}
"""As an LLM is told which to write."""

_SHARE = 0.6
"""Of the time that is left, for an LLM with others after it."""


class WrongLanguage(UnexpectedModelBehavior):
    """It wrote in another language than asked, and again when it was told."""


@asynccontextmanager
async def answering(model: Model, seconds: float) -> AsyncGenerator[None]:
    """Give an LLM that long, whatever its server does.

    Raises:
        LlmUnavailable: It gave no usable answer; the message says why.
    """
    try:
        with anyio.fail_after(seconds):
            yield
    except TimeoutError as error:
        raise LlmUnavailable(f"{name_of(model)} gave no answer in {seconds:.3g} s") from error
    except (AgentRunError, FallbackExceptionGroup) as error:
        raise LlmUnavailable(f"{name_of(model)}: {reason_of(error)}") from error
    except (McpError, FastMCPError, anyio.ClosedResourceError, OSError) as error:
        what = type(error).__name__
        raise LlmUnavailable(f"The tools that the LLM needs did not answer ({what})") from error


async def in_turn(
    model: Model, seconds: float, ask: Callable[[Model, float], Awaitable[T]]
) -> tuple[T, Sequence[str]]:
    """Ask the LLMs of a chain one after the other, until one gives a usable answer.

    Args:
        model: One LLM or a chain of them.
        seconds: For all of them together.
        ask: Gets an LLM and its seconds.

    Returns:
        The answer, and why each LLM before gave none.

    Raises:
        LlmUnavailable: None of them gave one; the message says why.
    """
    chain, failed = chain_of(model), list[str]()
    async with answering(model, seconds):
        ends = anyio.current_time() + seconds
        for place, one in enumerate(chain, 1):
            left = ends - anyio.current_time()
            # A little less than all, so that the reasons are told and not the end of the time.
            slot = (0.97 if place == len(chain) else _SHARE) * left
            try:
                async with answering(one, slot):
                    if is_resting(one):
                        raise Resting(one.model_name, "It failed too often lately")
                    return await ask(one, slot), failed
            except LlmUnavailable as error:
                failed.append(str(error))
    raise LlmUnavailable("; ".join(failed))


def name_of(model: Model) -> str:
    """What to call an LLM, or a chain of them, in a line for people."""
    return model.model_name.removeprefix("fallback:")


def reason_of(error: Exception) -> str:
    """Why an LLM gave no answer, in a line without what its server said, which may hold secrets."""
    if isinstance(error, ExceptionGroup):
        inner = cast("ExceptionGroup[Exception]", error).exceptions
        return "; ".join(dict.fromkeys(reason_of(one) for one in inner))
    match error:
        case ModelHTTPError():
            return f"HTTP {error.status_code}"
        case Resting():
            return "it failed too often lately and was not asked"
        case ModelTimeoutError():
            return "it gave no answer in time"
        case UsageLimitExceeded():
            return "it came to no end within its limits"
        case WrongLanguage():
            return "it wrote in another language than asked"
        case UnexpectedModelBehavior() | Malformed():
            return "its answer was not of the agreed form"
        case _:
            return f"it could not be reached ({type(error).__name__})"
