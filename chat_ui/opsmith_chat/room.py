"""What a chat page is about: whom it asks, and how it shows what it gets."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from fastmcp import Client

from opsmith.domain.base import Language
from opsmith_agents.assistant import Assistant
from opsmith_chat.wording import WORDS, Words


@dataclass(frozen=True, slots=True)
class Room:
    """One page over one plant; every visitor has a conversation of their own."""

    plant: Client[Any]
    """Open, with read rights; only what the page offers to ask is taken from it here."""
    converse: Callable[[], Assistant]
    """Begins a conversation."""
    language: Language
    """Of the page itself; an answer is in the language of its question."""
    zone: tzinfo
    """Of the times in charts."""
    model: str = ""
    """Name of the LLM; empty: rules answer alone."""

    @property
    def words(self) -> Words:
        """The page's own words."""
        return WORDS[self.language]
