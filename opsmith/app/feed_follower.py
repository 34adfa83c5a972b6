"""One follower of the live feed: what he asked for, and the frames that he gets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import msgspec

from opsmith.access import Caller
from opsmith.app.feed_hub import HEALTH, READINGS, TOPICS, Hub
from opsmith.errors import BadInput
from opsmith.storage.event_log import Bounds

VERSION = 1
MOST_DEVICES = 1000
_ASKED = ("topics", "cursor", "devices")
_LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a follower asks for in the address."""

    topics: frozenset[str]
    cursor: int | None
    """The last event that he saw; None: he begins now."""
    devices: frozenset[str] | None
    """Of the readings; None: all that he may see."""


def wanted_of(query: bytes) -> Wanted:
    """What the query of the address asks for.

    >>> wanted_of(b"topics=alerts,health&cursor=12").cursor
    12

    Raises:
        BadInput: It asks for what there is not; the text says what there is.
    """
    try:
        fields = parse_qs(query.decode(), keep_blank_values=True, strict_parsing=bool(query))
    except ValueError as error:
        raise BadInput("The query is none; such as ?topics=alerts,readings&cursor=12") from error
    if unknown := [name for name in fields if name not in _ASKED]:
        raise BadInput(f"Nothing is called {unknown[0][:40]!r}; there are {', '.join(_ASKED)}")
    return Wanted(
        _topics(_listed(fields, "topics")),
        _cursor(fields["cursor"][-1]) if fields.get("cursor", [""])[-1] else None,
        _devices(_listed(fields, "devices")) if "devices" in fields else None,
    )


def _listed(fields: Mapping[str, Sequence[str]], name: str) -> frozenset[str]:
    return frozenset(
        part for text in fields.get(name, ()) for one in text.split(",") if (part := one.strip())
    )


def _topics(names: frozenset[str]) -> frozenset[str]:
    if unknown := names - frozenset(TOPICS):
        raise BadInput(f"No topic {min(unknown)[:40]!r}; there are {', '.join(TOPICS)}")
    return names or frozenset(TOPICS)


def _devices(names: frozenset[str]) -> frozenset[str]:
    if len(names) > MOST_DEVICES:
        raise BadInput(f"{len(names)} devices; at most {MOST_DEVICES}, or leave them out for all")
    return names


def _cursor(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:20]) < _LARGEST):
        raise BadInput(f"No cursor: {text[:40]!r}; give one that a frame had, or none")
    return int(text)


class Follower:
    """What one follower has got so far.

    Args:
        hub: What there is.
        who: He.
        wanted: What he asks for.
        bounds: What the event log reached over when he came.
    """

    def __init__(self, hub: Hub, who: Caller, wanted: Wanted, bounds: Bounds) -> None:
        self._hub = hub
        self.who = who
        self._wanted = wanted
        asked = wanted.cursor
        # A cursor of another plant, or of before it was restored, says nothing.
        self.missed = asked is not None and not bounds.forgotten <= asked <= bounds.newest
        self._cursor = bounds.newest if asked is None or self.missed else asked
        self._round = 0
        self._health = 0

    def hello(self, now: datetime) -> str:
        """The first frame: who he is to us, and where he begins."""
        told: dict[str, Any] = {
            "type": "hello",
            "version": VERSION,
            "cursor": str(self._cursor),
            "missed": self.missed,
            "topics": [topic for topic in TOPICS if topic in self._wanted.topics],
            "name": self.who.name,
            "role": self.who.role.name.lower(),
            "now": now,
        }
        return msgspec.json.encode(told).decode()

    async def frame(self) -> str | None:
        """All that is new to him, or None. Raises `Unavailable`; nothing is lost by it."""
        topics, parts = self._wanted.topics, list[str]()
        events, upto = await self._hub.events(self._cursor, topics, self.who)
        if events:
            parts.append(f'"events":[{",".join(one.text for one in events)}]')
        number = self._hub.board.number
        if READINGS in topics:
            told = self._hub.board.since(self._round, self.who.factories, self._wanted.devices)
            if told:
                parts.append(f'"readings":{{{told}}}')
        health, health_number = self._hub.health(self._health)
        if HEALTH in topics and health:
            parts.append(f'"health":{health}')
        self._cursor, self._round, self._health = upto, number, health_number
        if not parts:
            return None
        return f'{{"type":"frame","cursor":"{upto}",{",".join(parts)}}}'

    def pulse(self) -> str:
        """A frame that says that nothing is new."""
        return f'{{"type":"frame","cursor":"{self._cursor}"}}'
