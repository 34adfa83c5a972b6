"""The relay: publishes what stages announced in the outbox, in order, at least once."""

import asyncio

from opsmith.clock import wall_clock
from opsmith.ports import Bus, Wake
from opsmith.storage.outbox import Outbox

POLL = 0.02
"""Seconds between looks where nothing waited."""


class Relay:
    """Moves announcements from the outbox to the bus; one at a time, or their order is lost."""

    def __init__(self, outbox: Outbox, bus: Bus, wake: Wake | None = None) -> None:
        self._outbox = outbox
        self._bus = bus
        self._wake = wake

    async def run(self) -> None:
        """Relay until cancelled. Raises `Unavailable`; what was not published waits."""
        while True:
            if not await self.relay():
                await asyncio.sleep(POLL)

    async def relay(self) -> int:
        """Publish what waits now; how many announcements that was."""
        waiting = await asyncio.to_thread(self._outbox.waiting)
        start = 0
        while start < len(waiting):
            # One publish for each run of the same topic keeps the order and saves calls.
            topic = waiting[start].topic
            stop = start
            while stop < len(waiting) and waiting[stop].topic == topic:
                stop += 1
            await self._bus.publish(topic, [(item.key, item.value) for item in waiting[start:stop]])
            start = stop
        if waiting:
            await asyncio.to_thread(self._outbox.published, waiting, wall_clock())
            # Not before: who is woken reads the tables.
            if self._wake is not None:
                self._wake.ring(*{item.topic for item in waiting})
        return len(waiting)
