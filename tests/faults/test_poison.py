"""Poison among the readings, through Kafka to a worker: each as the rule says, the rest exact.

Short by default; `OPSMITH_TEST_POISON=1000000 pytest -s tests/faults/test_poison.py` for long.
How fast it is: `benchmarks/poison.py`.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import confluent_kafka
import pytest
from faults.plant_on_servers import ServerPlant, plant_on, until
from faults.poison import KINDS, Buried, Mixture, Stored
from faults.sinks import kept, unlike
from servers import Kafka

from opsmith.app.bootstrap import open_plant
from opsmith.domain.events import RAW
from opsmith.domain.readings import Quality
from opsmith.storage.dead_letters import KEPT

MESSAGES = int(os.environ.get("OPSMITH_TEST_POISON", "10000"))
"""One in ten of them is poison."""
SEED = 20261124


@pytest.fixture(params=["embedded", "servers"])
def stores(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Where the tables and the readings are."""
    if request.param == "embedded":
        return {}
    name = f"poison_{uuid4().hex}"
    return {
        "database_url": request.getfixturevalue("mariadb").make(name),
        "influx_url": request.getfixturevalue("influx").url,
        "influx_bucket": name,
    }


def send(kafka: Kafka, messages: Iterator[tuple[bytes | None, bytes | None]]) -> None:
    """Publish them, whatever they are."""
    refused: list[str] = []

    def delivered(error: object, _: object) -> None:
        if error is not None:
            refused.append(str(error))

    producer = confluent_kafka.Producer(
        {"bootstrap.servers": kafka.url, "message.max.bytes": 2_000_000, "linger.ms": 20}
    )
    for key, value in messages:
        while True:
            try:
                producer.produce(RAW, value, key, on_delivery=delivered)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    assert not producer.flush(60)
    assert refused == []


def ingested(plant: ServerPlant, patience: float) -> float:
    """Let a worker do it; the seconds from its first commit to its last."""
    worker = plant.worker("ingest")

    def works() -> bool:
        assert worker.is_alive, worker.log[-3000:]
        return worker.works()

    until(works, "the first commit", patience)
    began = time.monotonic()

    def done() -> bool:
        assert worker.is_alive, worker.log[-3000:]
        return not plant.behind("ingest")

    until(done, "everything is committed", patience)
    took = time.monotonic() - began
    worker.stop()
    # What it could not do it would have tried again and again.
    assert [line for line in worker.log.splitlines() if '"error"' in line[:120]] == []
    return took


def test_poison_is_blanked_marked_or_buried_with_its_reason_and_the_rest_is_exact(
    stores: dict[str, Any], broker: Kafka, modules: Path, tmp_path: Path
) -> None:
    began = time.monotonic()
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=MESSAGES // 20 + 30)
    mixture = Mixture(MESSAGES, start, seed=SEED)
    with plant_on(tmp_path / "plant", broker, modules, [], **stores) as plant:
        send(broker, mixture.messages())
        took = ingested(plant, 120 + MESSAGES / 500)
        sinks = kept(plant.settings)
        buried = {(letter.source, letter.value): letter.reason for letter in _letters(plant)}
        marked = _marked(plant)
    sys.stdout.write(
        f"{MESSAGES} messages, {len(mixture.poison)} poison of {len(KINDS)} kinds: {took:.1f} s "
        f"from the first commit to the last, {time.monotonic() - began:.0f} s in all\n"
    )

    assert len(mixture.poison) >= len(KINDS)
    expected = mixture.expected()
    assert unlike("readings", _flat(sinks.readings), _flat(expected)) == []
    assert (
        unlike("count", sinks.counted, {name: len(rows) for name, rows in expected.items()}) == []
    )
    assert marked == Counter(
        one.comes.device_id
        for one in mixture.poison
        if isinstance(one.comes, Stored) and one.comes.marked
    )
    reasons = {
        (_source(one.key), (one.value or b"")[:KEPT]): one.comes.reason
        for one in mixture.poison
        if isinstance(one.comes, Buried)
    }
    assert (
        unlike("dead letters", {key: True for key in buried}, {key: True for key in reasons}) == []
    )
    wrong = [(key, said, reasons[key]) for key, said in buried.items() if reasons[key] not in said]
    assert wrong == []


def _source(key: bytes | None) -> str:
    try:
        return (key or b"").decode()[:200]
    except UnicodeDecodeError:
        return ""


def _letters(plant: ServerPlant) -> list[Any]:
    with open_plant(plant.settings) as opened:
        return opened.dead_letters.newest(10_000_000)


def _marked(plant: ServerPlant) -> Counter[str]:
    """Readings of each device with a value that is kept and marked."""
    ever = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    with open_plant(plant.settings) as opened:
        series = opened.stores.series
        counts = {
            name: int((series.read(name, *ever).quality == Quality.UNCERTAIN).any(1).sum())
            for name in series.extents()
        }
    return Counter({name: count for name, count in counts.items() if count})


def _flat(readings: Any) -> dict[tuple[str, str], Any]:
    return {(device, at): row for device, rows in readings.items() for at, row in rows.items()}
