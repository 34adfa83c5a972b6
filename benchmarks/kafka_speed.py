"""Readings per second from Kafka until they are stored, judged and committed, beside a plain loop.

    python benchmarks/kafka_speed.py [--readings 200000] [--rounds 3] [--batch 2000 10000]

Starts a broker of its own (tests/servers.py), publishes messages of 192 bytes as
`ingest_speed.py` makes them, from 100 devices into 3 partitions, and measures in turn, round after
round; of each the best round counts. What the process itself took of the processors counts, the
broker's part and what is opened first do not; the time that passed is printed beside it.

- loop: `orjson.loads`, then mean, variance and z-score, exponentially weighted, of four channels
  in dicts, over the same messages in memory: no Kafka, no validation, nothing stored.
- fetched: the messages of a new group, through `KafkaBus`, until the last.
- aiokafka: the same through aiokafka's `getmany` (dependency group `bench`; else left out).
- stored and judged: fetched, then the whole ingest (`Plant.pipeline`): validation, embedded series
  store, full or light detection, tables; committed batch by batch.
"""

import argparse
import asyncio
import importlib.util
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(1, str(Path(__file__).parents[1] / "tests"))

from ingest_speed import loop, messages
from servers import Kafka

from opsmith.app.bootstrap import open_plant
from opsmith.app.working import spare_collector
from opsmith.bus.kafka import KafkaBus
from opsmith.domain.events import RAW
from opsmith.settings import Settings

DEVICES = 100


@dataclass
class Took:
    """Seconds of the best round."""

    processor: float = float("inf")
    passed: float = float("inf")

    def began(self) -> None:
        """The clocks run from here on."""
        self._processor, self._passed = time.process_time(), time.perf_counter()

    def ended(self) -> None:
        """The work is done."""
        self.processor = min(self.processor, time.process_time() - self._processor)
        self.passed = min(self.passed, time.perf_counter() - self._passed)


async def fetched(took: Took, server: Kafka, count: int, batch: int) -> None:
    """Fetch all, as a new group."""
    bus = KafkaBus(Settings(kafka_servers=server.url))
    consumer = await bus.subscribe([RAW], uuid.uuid4().hex)
    took.began()
    while count > 0:
        count -= len(await consumer.getmany(batch, 1))
    took.ended()
    await bus.close()


async def aiokafka(took: Took, server: Kafka, count: int, batch: int) -> None:
    """The same with another driver."""
    driver: Any = importlib.import_module("aiokafka")
    consumer = driver.AIOKafkaConsumer(
        RAW,
        bootstrap_servers=server.url,
        group_id=uuid.uuid4().hex,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    took.began()
    while count > 0:
        found = await consumer.getmany(timeout_ms=1000, max_records=batch)
        count -= sum(len(part) for part in found.values())
    took.ended()
    await consumer.stop()


async def ingested(took: Took, server: Kafka, count: int, batch: int, detection: str) -> None:
    """Everything that the ingest stage does, from the first message to the last commit."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            data_dir=Path(folder),
            kafka_servers=server.url,
            detection=detection,  # type: ignore[arg-type]
        )
        bus = KafkaBus(settings)
        with open_plant(settings) as plant:
            pipeline = plant.pipeline(live=True)
            consumer = await bus.subscribe([RAW], uuid.uuid4().hex)
            took.began()
            while count > 0:
                found = await consumer.getmany(batch, 1)
                if found:
                    await asyncio.to_thread(pipeline.process, found)
                    await consumer.commit(found)
                count -= len(found)
            took.ended()
        await bus.close()


async def published(server: Kafka, made: Sequence[bytes]) -> float:
    """Publish them all; the seconds that passed."""
    bus = KafkaBus(Settings(kafka_servers=server.url))
    items = [(f"PUMP_{number % DEVICES:05d}", value) for number, value in enumerate(made)]
    await bus.publish(RAW, items[:1])
    began = time.perf_counter()
    for first in range(1, len(items), 10_000):
        await bus.publish(RAW, items[first : first + 10_000])
    passed = time.perf_counter() - began
    await bus.close()
    return passed


Run = Callable[[Took], Awaitable[None]]


def contenders(server: Kafka, made: Sequence[bytes], batches: Sequence[int]) -> dict[str, Run]:
    """Who runs, by name."""
    count = len(made)

    async def plain(took: Took) -> None:
        took.began()
        loop(made)
        took.ended()

    found: dict[str, Run] = {"loop": plain}
    for batch in batches:
        found[f"fetched, {batch:,}"] = lambda took, b=batch: fetched(took, server, count, b)
    if importlib.util.find_spec("aiokafka"):
        found[f"aiokafka, {batches[-1]:,}"] = lambda took: aiokafka(
            took, server, count, batches[-1]
        )
    for detection in ("full", "light"):
        for batch in batches:
            found[f"stored, {detection}, {batch:,}"] = lambda took, b=batch, d=detection: ingested(
                took, server, count, b, d
            )
    return found


def main() -> None:
    """Measure all in one run and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, nargs="+", default=[2_000, 10_000])
    arguments = parser.parse_args()
    made = messages(DEVICES, arguments.readings)
    with tempfile.TemporaryDirectory() as folder:
        server = Kafka(Path(folder) / "kafka")
        server.start()
        try:
            passed = asyncio.run(published(server, made))
            rate = len(made) / passed
            print(f"{len(made):,} readings of {DEVICES} devices; {rate:,.0f}/s published")
            runs = contenders(server, made, arguments.batch)
            took = {name: Took() for name in runs}
            # As a worker does once it runs; it spares every contender alike.
            spare_collector()
            for _ in range(arguments.rounds):
                for name, run in runs.items():
                    asyncio.run(run(took[name]))  # type: ignore[arg-type]
        finally:
            server.stop()
    print(f"{'':24}{'readings/s':>12}{'us each':>9}{'x loop':>8}{'passed, us each':>17}")
    for name, best in took.items():
        each = 1e6 * best.processor / len(made)
        print(
            f"{name:24}{1e6 / each:12,.0f}{each:9.2f}{took['loop'].processor / best.processor:8.2f}"
            f"{1e6 * best.passed / len(made):17.2f}"
        )


if __name__ == "__main__":
    main()
