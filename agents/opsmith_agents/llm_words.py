"""The words of an LLM as they come, for whoever listens."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from pydantic_ai.messages import (
    ModelMessage,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ToolCallPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.settings import ModelSettings


class Listener(Protocol):
    """Hears what an LLM says while it says it."""

    def begins(self) -> None:
        """It begins an answer; what it said before does not count any more."""
        ...

    def says(self, words: str) -> None:
        """The next of its words."""
        ...

    def calls(self) -> None:
        """It calls a tool: what it said before was no answer."""
        ...


_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def heard_by(listener: Listener | None) -> Generator[None]:
    """Have an LLM that is asked within the block heard."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def listener() -> Listener | None:
    """Who listens here and now; None: the answer may come in one piece."""
    return _LISTENER.get()


async def request_heard(
    model: Model,
    messages: list[ModelMessage],
    settings: ModelSettings | None,
    parameters: ModelRequestParameters,
    heard: Listener,
) -> tuple[ModelResponse, bool]:
    """Ask an LLM, and let its words be heard.

    Returns:
        The response, and whether it came to its end, as far as the server says.
    """
    heard.begins()
    async with model.request_stream(messages, settings, parameters) as stream:
        async for event in stream:
            match event:
                case (
                    PartStartEvent(part=TextPart(content=words))
                    | PartDeltaEvent(delta=TextPartDelta(content_delta=words))
                ):
                    heard.says(words)
                case PartStartEvent(part=ToolCallPart()):
                    heard.calls()
                case _:
                    pass
    response = stream.get()
    return response, bool((response.provider_details or {}).get("finish_reason"))
