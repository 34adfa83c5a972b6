"""Stages that run: all of the chain in one process, or some of it in one of many."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from opsmith.app.bootstrap import Plant
from opsmith.app.ingesting import ingest_stage
from opsmith.app.keeper import Keeper
from opsmith.app.outcome import MOST, of_record
from opsmith.app.relay import Relay
from opsmith.bus import codec
from opsmith.bus.consume import Stage
from opsmith.clock import wall_clock
from opsmith.domain.events import ALERTS, RAW, REPORTS, AlertEvent
from opsmith.domain.readings import Frame, ReadingBatch
from opsmith.errors import Unavailable
from opsmith.ports import Bus
from opsmith.storage.event_log import KEPT, EventLog
from opsmith.storage.workers import BEAT, WorkerStore
from opsmith_ingest.pipeline import Counts, Pipeline
from opsmith_mcp.forecast_watch import Watch
from opsmith_mcp.stores import sources_of

if TYPE_CHECKING:
    from opsmith_agents.responder import Responder

Part = Literal["ingest", "respond"]
"""What a worker does."""

POLL = 0.01
"""Seconds between looks while waiting for the chain to come to rest."""

RETENTION = 3600.0
"""Seconds between one look for what has grown too old and the next."""


class Chain:
    """What a source and an onlooker need of stages that run."""

    def __init__(
        self,
        plant: Plant,
        bus: Bus,
        pipeline: Pipeline | None,
        responder: "Responder | None",
        stages: Sequence[Stage],
        keeper: Keeper,
    ) -> None:
        self._plant = plant
        self._bus = bus
        self._pipeline = pipeline
        self._responder = responder
        self._stages = stages
        self._keeper = keeper

    @property
    def counts(self) -> Counts:
        """What ingest did so far in this process."""
        return self._pipeline.counts if self._pipeline is not None else Counts()

    @property
    def lag(self) -> dict[str, int]:
        """Messages that each stage of this process has still to work on."""
        return {stage.group: stage.lag for stage in self._stages}

    @property
    def failures(self) -> dict[str, int]:
        """Failures in a row of each stage."""
        return {stage.group: stage.failures for stage in self._stages}

    @property
    def errors(self) -> dict[str, str]:
        """What the stages say that fail."""
        return {stage.group: stage.error for stage in self._stages if stage.failures}

    @property
    def is_ready(self) -> bool:
        """Every stage is a member of its group, and none fails."""
        return all(stage.joined and not stage.failures for stage in self._stages)

    @property
    def keeps(self) -> bool:
        """Whether this process is the plant's keeper."""
        return self._keeper.holds

    async def publish(self, batches: Sequence[ReadingBatch], **extra: str) -> None:
        """Send readings to the topic; waits while the chain is too far behind."""
        items = [item for batch in batches for item in codec.encode(batch, **extra)]
        await self._bus.publish(RAW, items)

    async def rest(self) -> None:
        """Return once every reading is ingested and every alert is answered, by whomever."""
        while True:
            if all(stage.joined for stage in self._stages) and not await self._behind():
                return
            await asyncio.sleep(POLL)

    async def _behind(self) -> bool:
        # The readings first: what they announce is in the outbox before they are done with.
        for stage in self._stages:
            if await self._bus.behind(stage.group):
                return True
        if await asyncio.to_thread(self._plant.outbox.waiting, 1):
            return True
        return any([await self._bus.behind(stage.group) for stage in self._stages])

    def listen(self, listener: Callable[[Sequence[Frame]], None] | None) -> None:
        """Let it have, from now on, the readings that this process stores."""
        if self._pipeline is not None:
            self._pipeline.listen(listener)

    def silent(self) -> None:
        """Look for devices that have gone quiet, in a plant at rest that goes by its readings."""
        if self._pipeline is not None:
            self._pipeline.silent(self._plant.stores.clock())

    async def speak(self, devices: Collection[str], start: datetime, end: datetime) -> None:
        """Report alerts of that time in the plant's language, where they were in another."""
        assert self._responder is not None, "a run that ends has every stage"
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


@contextlib.asynccontextmanager
async def running(
    plant: Plant,
    *,
    live: bool,
    attempts: int | None = None,
    parts: Collection[Part] = ("ingest", "respond"),
) -> AsyncGenerator[Chain]:
    """Run stages until the block ends.

    Args:
        plant: What the stages work on.
        live: Whether the readings are the plant's present, for the retention; recorded ones take
            the bus of this process, never the one that the plant's own readings are on.
        attempts: After how many failures in a row a stage gives up, and the block with it.
        parts: Which stages; a part that needs the others' work gets it by the bus.

    Raises:
        ExceptionGroup: A stage gave up.
        BadInput: A setting cannot be used.
    """
    facts: dict[str, Callable[[], dict[str, Any]]] = {}
    async with contextlib.AsyncExitStack() as stack:
        kept = {ALERTS, REPORTS} if plant.settings.llm_model else {ALERTS}
        bus = plant.bus(kept, live=live)
        stack.push_async_callback(bus.close)
        keeper = Keeper(plant.lease("keeper"), _duties(plant, bus, live=live))
        stages: list[Stage] = []
        pipeline = responder = None
        if "ingest" in parts:
            pipeline = plant.pipeline(live=live)
            stages.append(ingest_stage(plant, pipeline, bus, live=live, keeps=lambda: keeper.holds))
        if "respond" in parts:
            # The agents and the tools' servers take longer to import than all the rest.
            from opsmith.app.answering import answering

            responder, more = await stack.enter_async_context(answering(plant, live=live))
            stages += [stage for stage, _ in more]
            facts = {stage.group: says for stage, says in more}
        group = await stack.enter_async_context(asyncio.TaskGroup())
        tasks = [group.create_task(keeper.run())]
        tasks += [group.create_task(stage.run(bus, attempts)) for stage in stages]
        tasks.append(group.create_task(_beat(plant, stages, facts)))
        try:
            yield Chain(plant, bus, pipeline, responder, stages, keeper)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.to_thread(_gone, plant, stages)


def _duties(plant: Plant, bus: Bus, *, live: bool) -> list[Callable[[], Any]]:
    """What the plant's keeper does."""
    duties: list[Callable[[], Any]] = [Relay(plant.outbox, bus, plant.stores.wake).run]
    if live and plant.goes_by_the_wall:
        duties += [lambda: _foresee(plant), lambda: _expire(plant)]
    return duties


async def _beat(
    plant: Plant,
    stages: Sequence[Stage],
    more: Mapping[str, Callable[[], dict[str, Any]]],
) -> None:
    """Let the admins see that the stages live, and how far behind they are."""
    workers = WorkerStore(plant.stores.database)
    while True:
        for stage in stages:
            facts: dict[str, Any] = {"lag": stage.lag, "failures": stage.failures}
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
        await asyncio.to_thread(watch.step)


async def _expire(plant: Plant) -> None:
    """Drop, every hour, what is older than the settings keep; imported history is spared."""
    settings, series = plant.settings, plant.stores.series
    while True:
        now = plant.stores.clock()
        raw, aggregates = timedelta(days=settings.raw_days), timedelta(days=settings.aggregate_days)
        await asyncio.to_thread(series.expire, now - raw, now - aggregates)
        await asyncio.to_thread(EventLog(plant.stores.database).expire, wall_clock() - KEPT)
        await asyncio.sleep(RETENTION)


def _gone(plant: Plant, stages: Sequence[Stage]) -> None:
    with contextlib.suppress(Unavailable):
        for stage in stages:
            WorkerStore(plant.stores.database).gone(stage.group)
