"""Servers that are killed or paused under running workers, and what the workers say of it."""

import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import confluent_kafka
from faults.plant_on_servers import ServerPlant, Worker, until
from servers import Kafka, Server

from opsmith.domain.events import RAW

How = Literal["killed", "paused"]

NAMED = 25.0
"""Seconds after which the outage of a server has been noticed, on a slow machine too."""
AGAIN = 10.0
"""Seconds after which readings are stored again once the server answers."""


@dataclass
class Outage:
    """One outage of one server, as it went."""

    part: str
    how: How
    seconds: float
    """It was away, from the kill until it answered again."""
    named: float | None = None
    """After so many seconds the first worker told of it; None: nobody did."""
    again: float = 0.0
    """After so many seconds of its return the readings were stored again."""
    waited: int = 0
    """Readings that waited at its end."""

    def __str__(self) -> str:
        named = "not told" if self.named is None else f"told after {self.named:.1f} s"
        return (
            f"{self.part} {self.how} for {self.seconds:.0f} s: {named}, {self.waited} waited, "
            f"working again after {self.again:.1f} s"
        )


def page(worker: Worker, name: str, patience: float = 5.0) -> tuple[int, dict[str, Any]]:
    """What a worker's page says: the status, and its JSON."""
    url = f"http://127.0.0.1:{worker.port}/{name}"
    try:
        with urllib.request.urlopen(url, timeout=patience) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def acknowledged(kafka: Kafka, group: str = "ingest", topic: str = RAW) -> int:
    """Messages that a group has committed, of all partitions."""
    client = confluent_kafka.Consumer(
        {"bootstrap.servers": kafka.url, "group.id": group, "enable.auto.commit": False}
    )
    try:
        numbers = client.list_topics(topic, timeout=10).topics[topic].partitions
        places = [confluent_kafka.TopicPartition(topic, number) for number in numbers]
        return sum(max(0, place.offset) for place in client.committed(places, timeout=10))
    finally:
        client.close()


@dataclass
class Disturber:
    """Takes servers away from a plant and gives them back.

    Args:
        plant: Whose workers run.
        kafka: Its broker.
        workers: Both kinds, ingest first.
        provoke: Called while Redis is away: makes an alert, for nobody else asks for Redis.
    """

    plant: ServerPlant
    kafka: Kafka
    workers: Sequence[Worker]
    provoke: Callable[[], None]
    told: list[Outage] = field(default_factory=list[Outage])

    def kill(self, server: Server, part: str, seconds: float) -> None:
        """Kill it; start it again after that long, or when it was told of if that is later."""
        began, since = time.monotonic(), datetime.now(UTC)
        server.kill()
        if part == "cooldown":
            self.provoke()
        outage = Outage(part, "killed", seconds)
        outage.named = until(
            lambda: self._tells(part), f"somebody tells that {part} is away", NAMED
        )
        first = self._since(part)
        assert all(since <= at <= datetime.now(UTC) for at in first.values())
        self._check(part)
        stood = acknowledged(self.kafka) if part == "series" else 0
        # The same outage is told of all the time, not one after the other.
        until(lambda: time.monotonic() - began >= seconds, "the outage is over", seconds + 1)
        last = self._since(part)
        assert {port: last.get(port) for port in first} == first
        if part == "series":
            assert acknowledged(self.kafka) == stood, "nothing is done that is not durable"
            assert self.plant.behind("ingest") > 0
        before = self._stored()
        server.start()
        if part == "cooldown":
            self.provoke()
        outage.seconds = time.monotonic() - began
        self._recover(outage, before)

    def pause(self, server: Server, part: str, seconds: float) -> None:
        """Let it hang, and go on."""
        began = time.monotonic()
        process = server._process  # pyright: ignore[reportPrivateUsage]  there is no door for it
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
        try:
            while time.monotonic() - began < seconds:
                for worker in self.workers:
                    # Who asks how a worker does is not kept waiting by what it waits for.
                    assert page(worker, "health")[1]["status"] in {"ok", "degraded"}
                    page(worker, "ready")
                time.sleep(0.2)
            before = self._stored()
        finally:
            os.kill(process.pid, signal.SIGCONT)
        self._recover(Outage(part, "paused", seconds), before)

    def _recover(self, outage: Outage, before: int) -> None:
        outage.waited = self.plant.behind("ingest")
        outage.again = until(
            lambda: self._stored() > before and self._is_well(),
            f"readings are stored again after {outage.part} was {outage.how}",
            3 * AGAIN,
        )
        self.told.append(outage)
        for worker in self.workers:
            recovered = page(worker, "health")[1]["recovered"]
            assert (
                outage.named is None
                or outage.part not in recovered
                or (recovered[outage.part]["until"] >= recovered[outage.part]["since"])
            )

    def _stored(self) -> int:
        return int(page(self.workers[0], "health")[1]["readings"])

    def _since(self, part: str) -> dict[int, datetime]:
        """Since when the part is away, as those workers say that miss it; each by its port."""
        said = {worker.port: page(worker, "health")[1]["failing"] for worker in self.workers}
        return {
            port: datetime.fromisoformat(failing[part]["since"])
            for port, failing in said.items()
            if part in failing
        }

    def _tells(self, part: str) -> bool:
        for worker in self.workers:
            assert worker.is_alive, worker.log[-3000:]
        return bool(self._since(part))

    def _check(self, part: str) -> None:
        """Who misses what it needs is not ready; who can do without it is, and says `degraded`."""
        said = [page(worker, "health")[1] for worker in self.workers]
        ready = [page(worker, "ready")[0] for worker in self.workers]
        tells = [part in one["failing"] for one in said]
        assert [one["status"] for one, does in zip(said, tells, strict=True) if does] == (
            ["degraded"] * sum(tells)
        )
        if part == "cooldown":
            assert ready == [200] * len(ready)
        else:
            assert [code for code, does in zip(ready, tells, strict=True) if does] == (
                [503] * sum(tells)
            )

    def _is_well(self) -> bool:
        for worker in self.workers:
            assert worker.is_alive, worker.log[-3000:]
            if page(worker, "ready")[0] != 200 or page(worker, "health")[1]["status"] != "ok":
                return False
        return True
