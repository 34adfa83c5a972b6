"""The whole chain in one process: bus, ingest, relay and responder."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence

from opsmith.app.bootstrap import Plant
from opsmith.app.relay import Relay
from opsmith.bus import codec
from opsmith.bus.consume import consume
from opsmith.bus.journal import Journal
from opsmith.bus.memory import MemoryBus
from opsmith.domain.events import ALERTS, PARTITIONS, RAW, AlertEvent
from opsmith.domain.readings import ReadingBatch
from opsmith.ports import Message
from opsmith_agents.decision import RuleDecider
from opsmith_agents.responder import Refiner, Responder
from opsmith_agents.rules import RuleDiagnostician
from opsmith_ingest.pipeline import Counts, Pipeline
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server
from opsmith_mcp.server import Rights

POLL = 0.01
"""Seconds between looks while waiting for the chain to come to rest."""


class Chain:
    """What a source and an onlooker need of a running chain."""

    def __init__(self, plant: Plant, bus: MemoryBus, pipeline: Pipeline, groups: Sequence[str]):
        self._plant = plant
        self._bus = bus
        self._pipeline = pipeline
        self._groups = groups

    @property
    def counts(self) -> Counts:
        """What ingest did so far."""
        return self._pipeline.counts

    @property
    def lag(self) -> int:
        """Messages that a stage has still to work on."""
        return sum(self._bus.lag(group) for group in ("ingest", *self._groups))

    async def publish(self, batches: Sequence[ReadingBatch], **extra: str) -> None:
        """Send readings to the topic; waits while the chain is too far behind."""
        for batch in batches:
            await self._bus.publish(RAW, list(codec.encode(batch, **extra)))

    async def publish_raw(self, key: str, message: bytes) -> None:
        """Send one message as it is."""
        await self._bus.publish(RAW, [(key, message)])

    async def rest(self) -> None:
        """Return once every reading is ingested and every alert is answered."""
        await self._bus.drained("ingest")
        while True:
            if not await asyncio.to_thread(self._plant.outbox.waiting, 1) and not self.lag:
                return
            await asyncio.sleep(POLL)

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
    settings = plant.settings
    bus = MemoryBus(PARTITIONS, Journal(settings.journal_path, {ALERTS}))
    pipeline = plant.pipeline(live=live)
    relay = Relay(plant.outbox, bus)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(bus.close)
        tools = plant_server(plant.stores, rights=Rights.SYSTEM)
        client = await stack.enter_async_context(connect(tools))
        responder = Responder(
            client, RuleDiagnostician(client), RuleDecider(client), settings.language
        )
        refiner = await _refiner(plant, stack, client)

        async def ingest(messages: Sequence[Message]) -> None:
            await asyncio.to_thread(pipeline.process, messages)

        async def respond(messages: Sequence[Message]) -> None:
            for message in messages:
                await responder.respond(AlertEvent.model_validate_json(message.value))

        stages = await stack.enter_async_context(asyncio.TaskGroup())
        tasks = [
            stages.create_task(relay.run()),
            stages.create_task(
                consume(bus, [RAW], "ingest", ingest, pipeline.forget, attempts=attempts)
            ),
            stages.create_task(
                consume(bus, [ALERTS], "responder", respond, max_records=20, attempts=attempts)
            ),
        ]
        groups = ["responder"]
        if refiner is not None:

            async def refine(messages: Sequence[Message]) -> None:
                for message in messages:
                    await refiner.refine(AlertEvent.model_validate_json(message.value))

            tasks.append(
                stages.create_task(consume(bus, [ALERTS], "refiner", refine, max_records=1))
            )
            groups.append("refiner")
        try:
            yield Chain(plant, bus, pipeline, groups)
        finally:
            for task in tasks:
                task.cancel()
