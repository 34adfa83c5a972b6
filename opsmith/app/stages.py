"""The stages: what each does with the messages that it is given."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from fastmcp import Client

from opsmith.app.bootstrap import Plant
from opsmith.bus.consume import Stage, Work
from opsmith.domain.events import ALERTS, RAW, REPORTS, AlertEvent, ReportEvent
from opsmith.metrics import Followed
from opsmith.ports import Bus, Message, Place
from opsmith_agents.models import shown_chain
from opsmith_agents.refiner import Refiner
from opsmith_agents.responder import Responder
from opsmith_ingest.pipeline import Pipeline
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server
from opsmith_mcp.server import READER

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


class Respond(Work):
    """Alerts become reports and orders, by rules."""

    def __init__(self, responder: Responder) -> None:
        self.responder = responder

    async def do(self, messages: Sequence[Message]) -> None:
        """See `Work`."""
        for message in messages:
            await self.responder.respond(AlertEvent.model_validate_json(message.value))


class Refine(Work):
    """Reports are thought through by the LLM."""

    def __init__(self, refiner: Refiner) -> None:
        self.refiner = refiner

    async def do(self, messages: Sequence[Message]) -> None:
        """See `Work`."""
        for message in messages:
            await self.refiner.refine(ReportEvent.model_validate_json(message.value))


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


def respond_stage(responder: Responder) -> Stage:
    """The stage that takes the alerts."""
    return Stage("responder", (ALERTS,), Respond(responder), max_records=20)


@contextlib.asynccontextmanager
async def refine_stage(
    plant: Plant, tools: Client[Any]
) -> AsyncGenerator[tuple[Stage, Callable[[], dict[str, Any]]]]:
    """The stage in which the LLM works, in a group of its own: no alert waits for its model.

    Beside it comes what it says of itself. The model sees the plant with reading rights.
    """
    async with connect(plant_server(plant.stores, caller=READER)) as eyes:
        refiner = plant.refiner(tools, eyes)
        names = shown_chain(plant.settings)
        yield (
            Stage("refiner", (REPORTS,), Refine(refiner), max_records=1),
            lambda: {"llm": names, **refiner.facts},
        )
