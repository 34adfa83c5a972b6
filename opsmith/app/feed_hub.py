"""What the followers of the live feed are sent, read and written once for all of them."""

import asyncio
import contextlib
import logging
import time
from bisect import bisect_right
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from opsmith.access import Caller
from opsmith.app.bootstrap import Plant
from opsmith.app.feed_board import Board
from opsmith.domain.events import FOLLOWED
from opsmith.domain.readings import Frame
from opsmith.errors import Unavailable
from opsmith.metrics import FOLLOWERS
from opsmith.storage.devices import DeviceStore
from opsmith.storage.event_log import Bounds, EventLog, LoggedEvent

READINGS, HEALTH = "readings", "health"
TOPICS = (READINGS, *FOLLOWED, HEALTH)
"""What can be followed."""

ROUND = 1.0
"""Seconds between two looks at the readings, at the health and, where nothing rings, the events."""

REMEMBERED = 10_000
"""Events in memory; those before are read from the tables."""

AT_ONCE = 500
"""Events of one frame."""

_REGISTRY_AGE = 30.0
"""Seconds for which a device is taken to be of its factory."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """An event as followers get it."""

    number: int
    topic: str
    factory_id: str
    text: str
    """JSON."""


class Factories:
    """Which factory each device is of, as the registry said lately."""

    def __init__(self, devices: DeviceStore) -> None:
        self._devices = devices
        self._known: dict[str, str] = {}
        self._read_at = float("-inf")

    def refresh(self) -> None:
        """Read the registry anew where that was long ago. Raises `Unavailable`."""
        if time.monotonic() - self._read_at > _REGISTRY_AGE:
            self._known = {one.device_id: one.factory_id or "" for one in self._devices.list()}
            self._read_at = time.monotonic()

    def __call__(self, device_id: str) -> str:
        """Empty text where it is of none. Raises `Unavailable` for one that is new."""
        found = self._known.get(device_id)
        if found is None:
            device = self._devices.find(device_id)
            found = self._known[device_id] = (device.factory_id or "") if device else ""
        return found


class Hub:
    """Looks at the plant for as long as anybody follows it.

    Args:
        plant: Which one.
        facts: What this process says of itself.
        listen: Called with what takes the readings that this process stores, or None: nobody.
    """

    def __init__(
        self,
        plant: Plant,
        facts: Callable[[], dict[str, Any]],
        listen: Callable[[Callable[[Sequence[Frame]], None] | None], None],
    ) -> None:
        self._log = EventLog(plant.stores.database)
        self._wake = plant.stores.wake
        self._facts = facts
        self._listen = listen
        self._factory_of = Factories(plant.stores.devices)
        self.board = Board(self._factory_of)
        self._events: list[Told] = []
        self._from = 0
        """All events after this number are in memory."""
        self._upto = 0
        self._health, self._health_number = "", 0
        self._followers = 0
        self._wanted = asyncio.Event()
        self._news = asyncio.Event()

    @property
    def news(self) -> asyncio.Event:
        """Set when there is more than there was when this was asked for."""
        return self._news

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncGenerator[Bounds]:
        """Count as a follower; what the log reaches over when it begins. Raises `Unavailable`."""
        bounds = await asyncio.to_thread(self._log.bounds)
        self._followers += 1
        FOLLOWERS.set(self._followers)
        self._wanted.set()
        try:
            yield bounds
        finally:
            self._followers -= 1
            FOLLOWERS.set(self._followers)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self._wanted.clear()
            if not self._followers:
                await self._wanted.wait()
            try:
                await self._follow()
            except Unavailable as error:
                logger.debug("The feed waits: %s", error)
                await asyncio.sleep(ROUND)
            finally:
                self._listen(None)

    async def _follow(self) -> None:
        """Look while anybody follows."""
        self._events, self._from = [], (await asyncio.to_thread(self._log.bounds)).newest
        self._upto = self._from
        # Who came while nobody looked may have missed what the tables have by now.
        self._ring()
        self._listen(self.board.hear)
        async with contextlib.AsyncExitStack() as stack:
            bell = None
            if self._wake is not None:
                bell = stack.enter_context(self._wake.listen(FOLLOWED))
            due = 0.0
            while self._followers:
                changed = await self._read()
                if time.monotonic() >= due:
                    due = time.monotonic() + ROUND
                    await asyncio.to_thread(self._factory_of.refresh)
                    changed |= await asyncio.to_thread(self.board.turn)
                    changed |= self._look_at_health()
                if changed:
                    self._ring()
                left = max(0.01, due - time.monotonic())
                if bell is None:
                    await asyncio.sleep(min(left, 0.2))
                else:
                    await bell.wait(left)

    def _ring(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _read(self) -> bool:
        """Take what is new in the log; whether anything was."""
        found = await asyncio.to_thread(self._after, self._upto)
        if not found:
            return False
        self._events += found
        self._upto = found[-1].number
        if len(self._events) > REMEMBERED:
            dropped = len(self._events) - REMEMBERED // 2
            self._from = self._events[dropped - 1].number
            del self._events[:dropped]
        return True

    def _look_at_health(self) -> bool:
        facts = {name: fact for name, fact in self._facts().items() if name != "seconds"}
        text = msgspec.json.encode(facts).decode()
        if text == self._health:
            return False
        self._health = text
        self._health_number += 1
        return True

    def health(self, number: int) -> tuple[str, int]:
        """What the process says of itself, where it is not what it was then; and its number."""
        return ("" if number == self._health_number else self._health), self._health_number

    async def events(
        self, after: int, topics: Collection[str], who: Caller
    ) -> tuple[list[Told], int]:
        """Some events that somebody sees, and the number up to which there is nothing else.

        Raises:
            Unavailable: They had to be read, and could not be.
        """
        if after >= self._from:
            place = bisect_right(self._events, after, key=lambda one: one.number)
            found = self._events[place : place + AT_ONCE]
        else:
            found = await asyncio.to_thread(self._after, after)
        if not found:
            return [], after
        seen = [one for one in found if one.topic in topics and who.sees(one.factory_id)]
        return seen, found[-1].number

    def _after(self, number: int) -> list[Told]:
        events = self._log.after(number, AT_ONCE)
        return [told(one, self._factory_of(one.device_id)) for one in events]


def told(event: LoggedEvent, factory_id: str) -> Told:
    """An event as JSON: its number as text, for no client must round it."""
    topic = msgspec.json.encode(event.topic).decode()
    device = msgspec.json.encode(event.device_id).decode()
    inside = event.value.decode()
    text = f'{{"id":"{event.number}","topic":{topic},"device_id":{device},"event":{inside}}}'
    return Told(event.number, event.topic, factory_id, text)
