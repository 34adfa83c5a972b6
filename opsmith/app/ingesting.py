"""From readings to alerts: the stage that takes them."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta

from opsmith.app.bootstrap import Plant
from opsmith.bus.consume import Stage, Work
from opsmith.domain.events import RAW
from opsmith.metrics import Followed
from opsmith.ports import Bus, Message, Place
from opsmith_ingest.pipeline import Pipeline

BATCH = 10_000
"""Readings at once, at most: what they cost together is then small beside what each costs."""

CAUGHT_UP = 1_000
"""With more messages waiting nobody can say that a device is silent: its readings may be there."""

LISTENING = timedelta(minutes=1)
"""Who has listened for less, after a start or an outage, takes no device for silent: what it sent
meanwhile may still be on its way. It is the shortest silence that is one."""

ORPHANS = timedelta(minutes=1)
"""Between looks for devices that went silent while nobody watched them."""


class Ingest(Work):
    """Readings become alerts.

    Args:
        pipeline: What does it.
        now: The plant's clock, where devices that go quiet are looked for; None: nobody looks.
        keeps: Whether this process is the plant's keeper.
        behind: Messages that wait for any of the workers.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        now: Callable[[], datetime] | None,
        keeps: Callable[[], bool],
        behind: Callable[[], Awaitable[int]],
    ) -> None:
        self.pipeline = pipeline
        self._now = now
        self._keeps = keeps
        self._behind = behind
        self._listens_since: datetime | None = None
        self._looked: datetime | None = None
        self._followed = Followed(pipeline.counts)

    async def do(self, messages: Sequence[Message]) -> None:
        """See `Work`."""
        try:
            await asyncio.to_thread(self.pipeline.process, messages)
        finally:
            self._followed.tell()

    def forget(self) -> None:
        """See `Work`."""
        self._listens_since = None
        self.pipeline.forget()

    async def lose(self, places: Collection[Place] | None) -> None:
        """See `Work`."""
        await asyncio.to_thread(self.pipeline.lose, places)

    async def tick(self, lag: int) -> None:
        """See `Work`."""
        if self._now is None:
            return
        now = self._now()
        if lag > CAUGHT_UP or self._listens_since is None:
            self._listens_since = None if lag > CAUGHT_UP else now
            return
        if now - self._listens_since < LISTENING:
            return
        if self._keeps() and (self._looked is None or now - self._looked >= ORPHANS):
            self._looked = now
            # They are other workers' devices too, which may have much to catch up with.
            if await self._behind() <= CAUGHT_UP:
                await asyncio.to_thread(self.pipeline.find_orphans, now)
        await asyncio.to_thread(self.pipeline.silent, now)

    async def leave(self) -> None:
        """See `Work`."""
        await asyncio.to_thread(self.pipeline.save)


def ingest_stage(
    plant: Plant,
    pipeline: Pipeline,
    bus: Bus,
    *,
    live: bool,
    keeps: Callable[[], bool],
) -> Stage:
    """The stage that takes the readings."""
    watched = live and plant.goes_by_the_wall
    now = plant.stores.clock if watched else None
    work = Ingest(pipeline, now, keeps, lambda: bus.behind("ingest"))
    return Stage("ingest", (RAW,), work, max_records=BATCH)
