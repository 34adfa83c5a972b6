"""Completion of what a client's user types: ids that the caller may see, languages."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import anyio.to_thread
from fastmcp import FastMCP
from mcp.types import (
    Completion,
    CompletionArgument,
    CompletionContext,
    PromptReference,
    ResourceTemplateReference,
)

from opsmith.access import Caller, acting_as
from opsmith_mcp.low_level import on_completion
from opsmith_mcp.prompts import ARGUMENTS, LANGUAGES
from opsmith_mcp.resources import Shelf

MOST = 100
"""Values of one answer (MCP 2025-11-25)."""

Reference = PromptReference | ResourceTemplateReference


def add_completion(
    server: FastMCP[Any],
    shelves: Sequence[Shelf],
    prompts: Collection[str],
    who: Callable[[], Caller],
) -> None:
    """Answer for the arguments of the shelves' templates and of the prompts."""
    by_template = {shelf.template: shelf for shelf in shelves}
    by_scheme = {shelf.scheme: shelf for shelf in shelves}

    async def complete(
        ref: Reference, argument: CompletionArgument, context: CompletionContext | None
    ) -> Completion:
        shelf = None
        if isinstance(ref, ResourceTemplateReference):
            one = by_template.get(str(ref.uri))
            if one is None:
                return _none()
            shelf = one if argument.name == one.key else None
        elif ref.name in prompts:
            shelf = _of_prompt(argument.name, by_scheme)
        else:
            return _none()
        if argument.name == "language":
            return _languages(argument.value)
        if shelf is None:
            return _none()
        ids = shelf.ids
        # Completion passes by the middleware that says who calls.
        with acting_as(who()):
            found, total = await anyio.to_thread.run_sync(lambda: ids(argument.value[:200], MOST))
        return Completion(values=list(found), total=total, hasMore=total > len(found))

    on_completion(server, complete)


def _of_prompt(argument: str, by_scheme: Mapping[str, Shelf]) -> Shelf | None:
    scheme = ARGUMENTS.get(argument)
    return None if scheme is None else by_scheme.get(scheme)


def _languages(typed: str) -> Completion:
    found = [one for one in LANGUAGES if one.startswith(typed.strip().lower())]
    return Completion(values=found, total=len(found), hasMore=False)


def _none() -> Completion:
    return Completion(values=[], total=0, hasMore=False)
