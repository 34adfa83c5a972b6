"""How much poison among the readings costs: readings per second with one in ten, and without.

    python benchmarks/poison.py [--messages 100000] [--rounds 3] [--batch 10000] [--kafka]

The messages are those of `tests/faults/test_poison.py`: its readings of 20 devices at 1 Hz, and
one in ten of the kinds of `tests/faults/poison.py` in turn. In process: the whole ingest stage
(`Plant.pipeline`) over the embedded stores, batch by batch. With `--kafka`: the same messages from
a broker of its own, through `KafkaBus`, each batch committed. Clean and poisoned take turns; of
each the best round counts, by the time that passed. A goal: at least 0.7 of the clean rate.
"""

import argparse
import asyncio
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults.poison import Mixture
from faults.test_poison import send
from servers import Kafka

from opsmith.app.bootstrap import Plant, open_plant
from opsmith.bus.kafka import KafkaBus
from opsmith.domain.events import RAW
from opsmith.ports import Message
from opsmith.settings import Settings

SHARE = 0.1


def mixture(count: int, share: float) -> Mixture:
    """The readings, with so much poison."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=count // 20 + 30)
    return Mixture(count, start, share=share)


def made(count: int, share: float) -> list[Message]:
    """The messages as a consumer gives them."""
    return [
        Message(RAW, 0, number, (key or b"").decode(errors="ignore"), value or b"")
        for number, (key, value) in enumerate(mixture(count, share).messages())
    ]


def parts(messages: Sequence[Message], batch: int) -> Iterator[Sequence[Message]]:
    """Batches of them."""
    for low in range(0, len(messages), batch):
        yield messages[low : low + batch]


def in_process(messages: Sequence[Message], batch: int) -> float:
    """Seconds that the ingest stage takes for them."""
    with (
        tempfile.TemporaryDirectory() as folder,
        open_plant(Settings(data_dir=Path(folder)), "wall", writer=True) as plant,
    ):
        pipeline = plant.pipeline(live=True)
        began = time.perf_counter()
        for part in parts(messages, batch):
            pipeline.process(part)
        return time.perf_counter() - began


async def _consumed(plant: Plant, server: Kafka, count: int, batch: int) -> float:
    bus = KafkaBus(Settings(kafka_servers=server.url))
    pipeline = plant.pipeline(live=True)
    consumer = await bus.subscribe([RAW], uuid.uuid4().hex)
    began = 0.0
    while count > 0:
        found = await consumer.getmany(batch, 1)
        if found:
            # Joining the group is no work on a message.
            began = began or time.perf_counter()
            await asyncio.to_thread(pipeline.process, found)
            await consumer.commit(found)
            count -= len(found)
    took = time.perf_counter() - began
    await bus.close()
    return took


def by_kafka(share: float, count: int, batch: int, rounds: int) -> float:
    """The same from the first message that a broker gives to the last commit; the best round."""
    best = float("inf")
    with tempfile.TemporaryDirectory() as folder:
        server = Kafka(Path(folder) / "kafka")
        server.start()
        try:
            send(server, mixture(count, share).messages())
            for number in range(rounds):
                settings = Settings(data_dir=Path(folder) / f"data{number}")
                with open_plant(settings, "wall", writer=True) as plant:
                    took = asyncio.run(_consumed(plant, server, count, batch))
                best = min(best, took)
        finally:
            server.stop()
    return best


def main() -> None:
    """Measure both and print their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=10_000)
    parser.add_argument("--kafka", action="store_true", help="Through a broker too.")
    arguments = parser.parse_args()
    count, batch, rounds = arguments.messages, arguments.batch, arguments.rounds
    clean, poisoned = made(count, 0), made(count, SHARE)
    in_process(clean[:batch], batch)
    took = [float("inf")] * 2
    for _ in range(rounds):
        for which, messages in enumerate((clean, poisoned)):
            took[which] = min(took[which], in_process(messages, batch))
    _print("in process", count, took)
    if arguments.kafka:
        took = [by_kafka(share, count, batch, rounds) for share in (0, SHARE)]
        _print("from Kafka", count, took)


def _print(how: str, count: int, took: Sequence[float]) -> None:
    clean, poisoned = took
    print(
        f"{how}: {count / clean:,.0f}/s clean, {count / poisoned:,.0f}/s with "
        f"{SHARE:.0%} poison: {clean / poisoned:.2f} of it"
    )


if __name__ == "__main__":
    main()
