"""What every room has in hand: the plant, the language, who sits here, what can be taken back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from opsmith.domain.alerts import AlertLevel
from opsmith_tui.assistant_source import AssistantSource
from opsmith_tui.plant import Plant
from opsmith_tui.wording import Wording


class Change(NamedTuple):
    """A call of a tool that changes the plant, exactly as it will be made."""

    title: str
    """What it does and to whom, in the operator's words."""
    tool: Callable[..., Any]
    arguments: dict[str, Any]
    signed: bool = False
    """The tool takes who did it, as `by`."""


@dataclass
class Pulse:
    """How the plant does, as every room says in its head."""

    as_of: datetime | None = None
    """Plant time of the last answer, in the plant's zone."""
    failed: str | None = None
    """Why the last question had no answer; None: it had one."""
    standing: int = 0
    """Alerts that stand."""
    urgent: dict[AlertLevel, int] = field(default_factory=dict[AlertLevel, int])
    """Of them, how many are P0 and how many P1."""
    waiting: int = 0
    """Changes that wait for a person."""


@dataclass
class Desk:
    """One operator's place.

    Args:
        plant: Where to ask.
        words: The language; shared by all rooms.
        by: Who sits here, for what is signed.
        refresh_seconds: Between one look at the plant and the next.
        source: Where the assistant comes from.
        feed: Whether the live feed is connected; None: there is none.
    """

    plant: Plant
    words: Wording
    by: str
    refresh_seconds: float
    source: AssistantSource = field(default_factory=AssistantSource)
    feed: Callable[[], bool] | None = None
    pulse: Pulse = field(default_factory=Pulse)
    undo: list[Change] = field(default_factory=list[Change])
    """What takes back what was done here, the last last."""
