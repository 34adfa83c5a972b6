"""Where the console's assistant comes from, and where its conversation is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastmcp import Client

    from opsmith_agents.assistant import Assistant
    from opsmith_agents.memory import Memory


def by_rules(plant: Client[Any]) -> Assistant:
    """An assistant that answers by rules alone, in a new conversation."""
    # Only here: the console is on the screen before whoever sits there asks anything.
    from opsmith_agents.assistant import Assistant

    return Assistant(plant)


def _keep_nothing(memory: Memory) -> None:
    """What was spoken of is gone when the console is closed."""


@dataclass(frozen=True, slots=True)
class AssistantSource:
    """Makes the assistant when it is first needed."""

    make: Callable[[Client[Any]], Assistant] = by_rules
    """Of an open client of the plant; with what was spoken of before."""
    keep: Callable[[Memory], None] = _keep_nothing
    """Keeps what was spoken of. Raises `Unavailable`."""
    model: str = ""
    """Names of the LLMs; empty: the rules answer alone."""
    zone: tzinfo = UTC
    """Of the times that it shows."""
