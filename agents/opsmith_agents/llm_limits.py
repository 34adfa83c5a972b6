"""How an LLM is asked: on our own clock, and its failures told as one error of ours."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import cast

import anyio
from fastmcp.exceptions import FastMCPError
from mcp import McpError
from pydantic_ai.exceptions import (
    AgentRunError,
    FallbackExceptionGroup,
    ModelHTTPError,
    UnexpectedModelBehavior,
    UsageLimitExceeded,
)
from pydantic_ai.models import Model

from opsmith.domain.base import Language
from opsmith.errors import LlmUnavailable

LANGUAGES: Mapping[Language, str] = {"en": "English", "zh": "Chinese (中文)"}
"""As an LLM is told which to write."""


@asynccontextmanager
async def answering(model: Model, seconds: float) -> AsyncGenerator[None]:
    """Give an LLM that long, whatever its server does.

    Raises:
        LlmUnavailable: It gave no usable answer; the message says why.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise LlmUnavailable(f"{model.model_name} gave no answer in {seconds:g} s") from error
    except (AgentRunError, FallbackExceptionGroup) as error:
        raise LlmUnavailable(f"{model.model_name}: {_reason_of(error)}") from error
    except (McpError, FastMCPError, anyio.ClosedResourceError, OSError) as error:
        raise LlmUnavailable("The tools that the LLM needs did not answer") from error


def _reason_of(error: Exception) -> str:
    """Why an LLM gave no answer, in a line without what its server said, which may hold secrets."""
    if isinstance(error, ExceptionGroup):
        inner = cast("ExceptionGroup[Exception]", error).exceptions
        return "; ".join(dict.fromkeys(_reason_of(one) for one in inner))
    match error:
        case ModelHTTPError():
            return f"HTTP {error.status_code}"
        case UsageLimitExceeded():
            return "it came to no end within its limits"
        case UnexpectedModelBehavior():
            return "its answer was not of the agreed form"
        case _:
            return f"it could not be reached ({type(error).__name__})"
