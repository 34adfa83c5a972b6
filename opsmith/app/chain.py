"""The whole chain in one process: bus, ingest, relay and responder."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from fastmcp import Client

from opsmith.access import SYSTEM
from opsmith.app.bootstrap import Plant
from opsmith.app.outcome import MOST, of_record
from opsmith.app.relay import Relay
from opsmith.bus import codec
from opsmith.bus.consume import Stage
from opsmith.bus.journal import Journal
from opsmith.bus.memory import MemoryBus
from opsmith.clock import wall_clock
from opsmith.domain.events import ALERTS, PARTITIONS, RAW, REPORTS, AlertEvent, ReportEvent
from opsmith.domain.readings import ReadingBatch
from opsmith.errors import Unavailable
from opsmith.ports import Message
from opsmith.storage.workers import BEAT, WorkerStore
from opsmith_agents.models import shown_chain
from opsmith_agents.responder import Responder
from opsmith_ingest.pipeline import Counts, Pipeline
from opsmith_mcp.client import connect
from opsmith_mcp.forecast_watch import Watch
from opsmith_mcp.groups import plant_server, sources_of
from opsmith_mcp.server import READER

POLL = 0.01
"""Seconds between looks while waiting for the chain to come to rest."""


class Chain:
    """What a source and an onlooker need of a running chain."""

    def __init__(
        self,
        plant: Plant,
        bus: MemoryBus,
        pipeline: Pipeline,
        responder: Responder,
        stages: Sequence[Stage],
    ) -> None:
        self._plant = plant
        self._bus = bus
        self._pipeline = pipeline
        self._responder = responder
        self._stages = stages

    @property
    def counts(self) -> Counts:
        """What ingest did so far."""
        return self._pipeline.counts

    @property
    def lag(self) -> int:
        """Messages that a stage has still to work on."""
        return sum(self._bus.lag(stage.group) for stage in self._stages)

    @property
    def failures(self) -> dict[str, int]:
        """Failures in a row of each stage."""
        return {stage.group: stage.failures for stage in self._stages}

    async def publish(self, batches: Sequence[ReadingBatch], **extra: str) -> None:
        """Send readings to the topic; waits while the chain is too far behind."""
        for batch in batches:
            await self._bus.publish(RAW, list(codec.encode(batch, **extra)))

    async def rest(self) -> None:
        """Return once every reading is ingested and every alert is answered."""
        await self._bus.drained("ingest")
        while True:
            if not await asyncio.to_thread(self._plant.outbox.waiting, 1) and not self.lag:
                return
            await asyncio.sleep(POLL)

    async def speak(self, devices: Collection[str], start: datetime, end: datetime) -> None:
        """Report alerts of that time in the plant's language, where they were in another."""
        stores = self._plant.stores
        language = self._plant.settings.language
        for device in sorted(devices):
            for alert in stores.alerts.find(device, start=start, end=end, limit=MOST):
                known = of_record(stores.reports.versions(alert.trace_id), language)
                if known is None or known.diagnosis.language == language or known.as_of is None:
                    continue
                await self._responder.respond(
                    AlertEvent(change="raised", as_of=known.as_of, alert=alert)
                )
        await self.rest()

    def silent(self) -> None:
        """Look for devices that have gone quiet."""
        self._pipeline.silent(self._plant.stores.clock())


@contextlib.asynccontextmanager
async def running(
    plant: Plant, *, live: bool, attempts: int | None = None
) -> AsyncGenerator[Chain]:
    """Run every stage until the block ends.

    Args:
        plant: What the stages work on; nobody else may be writing to it.
        live: Whether the readings are the plant's present, for the retention.
        attempts: After how many failures in a row a stage gives up, and the block with it.

    Raises:
        ExceptionGroup: A stage gave up.
    """
    refines = bool(plant.settings.llm_model)
    kept = {ALERTS, REPORTS} if refines else {ALERTS}
    bus = MemoryBus(PARTITIONS, Journal(plant.settings.journal_path, kept))
    pipeline = plant.pipeline(live=live)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(bus.close)
        client = await stack.enter_async_context(connect(plant_server(plant.stores, caller=SYSTEM)))
        responder = plant.responder(client)

        async def ingest(messages: Sequence[Message]) -> None:
            await asyncio.to_thread(pipeline.process, messages)

        async def respond(messages: Sequence[Message]) -> None:
            for message in messages:
                await responder.respond(AlertEvent.model_validate_json(message.value))

        facts: dict[str, Callable[[], dict[str, Any]]] = {}
        stages = [
            Stage("ingest", (RAW,), ingest, pipeline.forget),
            Stage("responder", (ALERTS,), respond, max_records=20),
        ]
        if refines:
            # In a group of its own, so that no alert waits for another one's model.
            stages.append(await _refiner(plant, client, stack, facts))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        tasks = [group.create_task(Relay(plant.outbox, bus).run())]
        tasks += [group.create_task(stage.run(bus, attempts)) for stage in stages]
        tasks.append(group.create_task(_beat(plant, bus, stages, facts)))
        if live and plant.stores.clock is wall_clock:
            tasks.append(group.create_task(_foresee(plant)))
        try:
            yield Chain(plant, bus, pipeline, responder, stages)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.to_thread(pipeline.save)
            await asyncio.to_thread(_gone, plant, stages)


async def _beat(
    plant: Plant,
    bus: MemoryBus,
    stages: Sequence[Stage],
    more: Mapping[str, Callable[[], dict[str, Any]]],
) -> None:
    """Let the admins see that the stages live, and how far behind they are."""
    workers = WorkerStore(plant.stores.database)
    while True:
        for stage in stages:
            facts: dict[str, Any] = {"lag": bus.lag(stage.group), "failures": stage.failures}
            if stage.group in more:
                facts |= more[stage.group]()
            # A database that does not answer is the stages' to see to.
            with contextlib.suppress(Unavailable):
                await asyncio.to_thread(workers.beat, stage.group, wall_clock(), facts)
        await asyncio.sleep(BEAT.total_seconds())


async def _foresee(plant: Plant) -> None:
    """Hold forecasts against what came, and work out the devices' health, a few at a time."""
    watch = Watch(sources_of(plant.stores))
    while True:
        await asyncio.sleep(BEAT.total_seconds())
        with contextlib.suppress(Unavailable):
            await asyncio.to_thread(watch.step)


def _gone(plant: Plant, stages: Sequence[Stage]) -> None:
    with contextlib.suppress(Unavailable):
        for stage in stages:
            WorkerStore(plant.stores.database).gone(stage.group)


async def _refiner(
    plant: Plant,
    client: Client[Any],
    stack: contextlib.AsyncExitStack,
    facts: dict[str, Callable[[], dict[str, Any]]],
) -> Stage:
    """The stage in which the LLM thinks reports through; it sees the plant with reading rights."""
    eyes = await stack.enter_async_context(connect(plant_server(plant.stores, caller=READER)))
    refiner = plant.refiner(client, eyes)
    names = shown_chain(plant.settings)
    facts["refiner"] = lambda: {"llm": names, **refiner.facts}

    async def refine(messages: Sequence[Message]) -> None:
        for message in messages:
            await refiner.refine(ReportEvent.model_validate_json(message.value))

    return Stage("refiner", (REPORTS,), refine, max_records=1)
