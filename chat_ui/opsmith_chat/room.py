"""What a chat page is about, and what one person has of it: a visit."""

import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from typing import Any

from fastmcp import Client

from opsmith.access import Caller
from opsmith.domain.base import Language
from opsmith.ports import ChatHistory, Wake
from opsmith_agents.assistant import Assistant
from opsmith_agents.memory import Memory
from opsmith_chat.offered import Shelf
from opsmith_chat.sign_in import People
from opsmith_chat.tried import Trier
from opsmith_chat.wording import WORDS, Words

Hands = tuple[Client[Any], Client[Any]]
"""Open clients of one person: the first reads what he may see, the second acts in his name."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One person in one conversation."""

    who: Caller
    eyes: Client[Any]
    """Open; reads, within what he may see."""
    hands: Client[Any]
    """Open; acts in his name, as far as his role goes, and is audited."""
    conversation: Assistant
    at_end: AsyncExitStack = field(default_factory=AsyncExitStack)
    """What ends with the visit may be put here."""


@dataclass(frozen=True, slots=True)
class Room:
    """One page over one plant; every visit has a conversation of its own."""

    plant: Client[Any]
    """Open, with read rights, of nobody; what a person is shown comes from a visit of his."""
    open: Callable[[Caller], AbstractAsyncContextManager[Hands]]
    """Opens the plant for one person."""
    converse: Callable[[Client[Any], Memory | None], Assistant]
    """Begins a conversation, or goes on with one."""
    people: People
    """Who comes in."""
    history: ChatHistory
    """What they said."""
    language: Language
    """Of the page where a browser names none of ours; an answer is in that of its question."""
    zone: tzinfo
    """Of the times in charts."""
    model: str = ""
    """Name of the LLM; empty: rules answer alone."""
    wake: Wake | None = None
    """Rings when something was announced; None: new alerts are looked for by time alone."""
    keep: timedelta = timedelta(days=365)
    """That a conversation is kept after its last message."""
    trier: Trier | None = None
    """Judges readings that are attached; None: nothing can be attached."""
    shelf: Shelf | None = None
    """Takes documents that are attached; None: nobody does."""

    @property
    def words(self) -> Words:
        """The page's own words."""
        return WORDS[self.language]

    @contextlib.asynccontextmanager
    async def visit(self, who: Caller, memory: Memory | None = None) -> AsyncGenerator[Visit]:
        """Let somebody in for as long as the block runs.

        Args:
            who: The person.
            memory: Of the conversation that he goes on with; None: a new one.
        """
        async with self.open(who) as (eyes, hands):
            visit = Visit(who, eyes, hands, self.converse(eyes, memory))
            async with visit.at_end:
                yield visit
