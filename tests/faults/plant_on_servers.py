"""A plant on real servers whose workers are processes that can be killed, paused and stopped."""

import asyncio
import contextlib
import dataclasses
import functools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any, Literal

import confluent_kafka
import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from faults.dying import COMMITTED, NEVER
from faults.made_stream import Message, Source, Stream
from servers import Kafka, free_port

from opsmith.app.bootstrap import Plant, open_plant
from opsmith.app.chain import running
from opsmith.bus.memory import MemoryBus
from opsmith.clock import wall_clock
from opsmith.domain.devices import Device
from opsmith.domain.events import ALERTS, DEAD, ORDERS, RAW, REPORTS
from opsmith.ports import Bus
from opsmith.settings import Settings

PATIENCE = 90.0
"""Seconds to wait for what has to come."""
POLL = 0.05

TOPICS = (RAW, DEAD, ALERTS, REPORTS, ORDERS)
GROUPS = ("ingest", "responder", "refiner")

Part = Literal["ingest", "respond"]


def until(
    holds: Callable[[], object],
    what: str,
    patience: float = PATIENCE,
    told: Callable[[], object] = lambda: "",
) -> float:
    """Wait until it holds; the seconds that it took.

    Fails after `patience` seconds, with what `told` has to say then.
    """
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began >= patience:
            pytest.fail(f"not within {patience:.0f} s: {what}\n{told()}")
        time.sleep(POLL)
    return time.monotonic() - began


class Worker:
    """One `opsmith worker`, in a process of its own.

    Args:
        part: What it does.
        environment: Its variables, whole.
        log: Where its standard error goes.
        moment: The one at which it dies, of `faults.dying`.
        times: How often that has to come first.
    """

    def __init__(
        self, part: Part, environment: dict[str, str], log: Path, moment: str, times: int
    ) -> None:
        self.part = part
        self.moment = moment
        self._log = log
        self.port = free_port()
        self.born = time.time()
        launcher = Path(__file__).parent / "dying.py"
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, str(launcher), moment, str(times)]
                + ["worker", part, "--port", str(self.port)],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                stdin=subprocess.DEVNULL,
            )

    @property
    def is_alive(self) -> bool:
        """Whether it runs; it may be paused."""
        return self._process.poll() is None

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self._log.read_text(errors="replace")

    @property
    def recovered(self) -> float | None:
        """Seconds from its start to its first commit; None: there was none."""
        for line in self.log.splitlines():
            if line.startswith(COMMITTED):
                return float(line.removeprefix(COMMITTED)) - self.born
        return None

    def told(self, event: str) -> list[dict[str, Any]]:
        """What it logged of one kind of event."""
        found = list[dict[str, Any]]()
        for line in self.log.splitlines():
            with contextlib.suppress(ValueError):
                said = json.loads(line)
                if isinstance(said, dict) and said.get("event") == event:  # pyright: ignore[reportUnknownMemberType]  any JSON
                    found.append(said)  # pyright: ignore[reportUnknownArgumentType]  any JSON
        return found

    def works(self) -> bool:
        """It has committed once; fails where it has ended otherwise than by its moment."""
        assert self.is_alive or self.has_died, self.log
        return self.recovered is not None

    @property
    def has_died(self) -> bool:
        """It was killed, by itself or by us."""
        return self._process.poll() == -signal.SIGKILL

    def died(self) -> bool:
        """The moment came; fails where it has ended otherwise."""
        assert self.is_alive or self.has_died, self.log
        return self.has_died

    def kill(self) -> None:
        """End it without a warning."""
        self._process.kill()
        self._process.wait(30)

    def pause(self) -> None:
        """Let it do nothing more until it is told to go on."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """End the pause."""
        self._process.send_signal(signal.SIGCONT)

    def stop(self, patience: float = 30.0) -> float:
        """End it in order; the seconds that it took."""
        if not self.is_alive:
            return 0.0
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(30)
            raise
        assert self._process.returncode == 0, self.log
        return time.monotonic() - began


class ServerPlant:
    """One plant: its settings, its workers, and whether they are at rest.

    Args:
        folder: Of its own; the data folder is in it, and the workers' logs.
        kafka: Its topics and groups are this plant's alone for as long as it is used.
        machine_code: Folder where Python keeps its compiled modules.
        **chosen: Settings: the other servers, the partitions.
    """

    def __init__(self, folder: Path, kafka: Kafka, machine_code: Path, **chosen: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.workers = list[Worker]()
        self._sources = list[Source]()
        values = {
            "data_dir": folder / "data",
            "kafka_servers": kafka.url,
            "log_level": "INFO",
            "log_format": "json",
            **chosen,
        }
        self.settings = settings_of(**values)
        ours = {name: text for name, text in os.environ.items() if not name.startswith("OPSMITH_")}
        # A start is measured: what it imports has to be compiled already, as where it is installed.
        ours.pop("PYTHONDONTWRITEBYTECODE", None)
        ours["PYTHONPYCACHEPREFIX"] = str(machine_code)
        ours["PYTHONPATH"] = str(Path(__file__).parents[1])
        self._environment = ours | {
            f"OPSMITH_{name.upper()}": str(value) for name, value in values.items()
        }
        self._kafka = kafka

    def open(self, devices: Sequence[Device] = ()) -> None:
        """Make the topics and the tables, and register devices."""
        make_topics(self._kafka, self.settings.kafka_partitions)
        with open_plant(self.settings, "wall") as plant:
            plant.stores.devices.add(devices, wall_clock())

    def worker(self, part: Part, moment: str = NEVER, times: int = 1) -> Worker:
        """Start one more worker."""
        log = self.folder / f"{part}-{len(self.workers):03}.log"
        worker = Worker(part, self._environment, log, moment, times)
        self.workers.append(worker)
        return worker

    def source(self, stream: Stream, gains: float) -> Source:
        """Let readings come; they end with the plant at the latest."""
        source = Source(stream, self._kafka.url, gains)
        source.start()
        self._sources.append(source)
        return source

    def behind(self, group: str) -> int:
        """Messages that the group has not committed."""
        return behind(self._kafka, group, {"ingest": RAW, "responder": ALERTS}[group])

    def is_at_rest(self) -> bool:
        """Every reading is ingested, every alert answered, every announcement published."""
        if self.behind("ingest"):
            return False
        with open_plant(self.settings) as plant:
            if plant.outbox.waiting(1):
                return False
        return not self.behind("responder") and not self.behind("ingest")

    def rest(self, patience: float = PATIENCE) -> float:
        """Wait for that; the seconds that it took."""
        return until(self.is_at_rest, "the plant is at rest", patience, self.left)

    def left(self) -> str:
        """What keeps the plant from rest."""
        with open_plant(self.settings) as plant:
            waiting = plant.outbox.counts()
        living = [worker.part for worker in self.workers if worker.is_alive]
        behind = {group: self.behind(group) for group in ("ingest", "responder")}
        return f"behind: {behind}; outbox: {waiting}; at work: {living}"

    def end(self) -> None:
        """End every source and worker that is left, whatever it does."""
        for source in self._sources:
            source.halt()
        for worker in self.workers:
            if worker.is_alive:
                worker.kill()


@contextlib.contextmanager
def plant_on(
    folder: Path, kafka: Kafka, machine_code: Path, devices: Sequence[Device], **chosen: Any
) -> Generator[ServerPlant]:
    """A plant with empty topics; at the end its workers are ended."""
    wipe(kafka)
    plant = ServerPlant(folder, kafka, machine_code, **chosen)
    try:
        plant.open(devices)
        yield plant
    finally:
        plant.end()


def settings_of(**values: Any) -> Settings:
    """Settings that no environment and no file has a say in."""
    fields = {name: field.get_default(call_default_factory=True) for name, field in _fields()}
    return Settings.model_validate(fields | values)


def _fields() -> list[tuple[str, Any]]:
    return list(Settings.model_fields.items())


def wipe(kafka: Kafka) -> None:
    """Delete every topic and every group."""
    admin: Any = AdminClient({"bootstrap.servers": kafka.url, "log_level": 0})

    def ours() -> list[str]:
        return [name for name in admin.list_topics(timeout=10).topics if not name.startswith("__")]

    def gone(group: str) -> bool:
        # A killed member counts until its session is over.
        with contextlib.suppress(confluent_kafka.KafkaException):
            admin.delete_consumer_groups([group])[group].result(10)
            return True
        return False

    for group in [each.group_id for each in admin.list_consumer_groups().result().valid]:
        until(functools.partial(gone, group), f"the group {group} is deleted")
    for future in admin.delete_topics(ours()).values() if ours() else ():
        future.result(10)
    until(lambda: not ours(), "the topics are deleted")


def make_topics(kafka: Kafka, partitions: int) -> None:
    """Make all topics, empty."""
    admin: Any = AdminClient({"bootstrap.servers": kafka.url, "log_level": 0})
    for future in admin.create_topics([NewTopic(name, partitions) for name in TOPICS]).values():
        future.result(10)
    known = set(TOPICS)
    until(lambda: known <= admin.list_topics(timeout=10).topics.keys(), "the topics are made")


def behind(kafka: Kafka, group: str, topic: str) -> int:
    """Messages of a topic that the group has not committed, as the brokers say."""
    client = confluent_kafka.Consumer(
        {
            "bootstrap.servers": kafka.url,
            "group.id": group,
            "enable.auto.commit": False,
            "log_level": 0,
        }
    )
    try:
        numbers = client.list_topics(topic, timeout=10).topics[topic].partitions
        places = [confluent_kafka.TopicPartition(topic, number) for number in numbers]
        left = 0
        for place in client.committed(places, timeout=10):
            first, end = client.get_watermark_offsets(place, timeout=10)
            left += end - max(place.offset, first)
        return left
    finally:
        client.close()


def published(kafka: Kafka, topic: str) -> list[dict[str, Any]]:
    """Every message of a topic, as JSON."""
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": kafka.url,
            "group.id": "onlooker",
            "enable.auto.commit": False,
            "log_level": 0,
        }
    )
    try:
        partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        left = dict[int, int]()
        places = list[confluent_kafka.TopicPartition]()
        for number in partitions:
            place = confluent_kafka.TopicPartition(topic, number, confluent_kafka.OFFSET_BEGINNING)
            first, end = consumer.get_watermark_offsets(place, timeout=10)
            places.append(place)
            left[number] = end - first
        consumer.assign(places)
        found = list[dict[str, Any]]()
        ends = time.monotonic() + PATIENCE
        while any(count > 0 for count in left.values()):
            assert time.monotonic() < ends, f"{topic} does not end"
            for message in consumer.consume(1000, 0.2):
                assert message.error() is None, message.error()
                found.append(json.loads(message.value() or b""))
                left[message.partition() or 0] -= 1
        return found
    finally:
        consumer.close()


@dataclasses.dataclass(frozen=True)
class _Undisturbed(Plant):
    """A plant on the embedded stores, with a bus that is given."""

    given: Bus | None = None

    def bus(self, kept: Any, *, live: bool) -> Bus:
        """See `Plant.bus`."""
        assert self.given is not None
        return self.given


def undisturbed(folder: Path, sent: Sequence[Message], devices: Sequence[Device]) -> Settings:
    """Give the same messages to one process that nobody disturbs; where it left what came of them.

    Nothing is there in time or late by the wall's clock: no device is silent.
    """
    settings = settings_of(data_dir=folder)
    with open_plant(settings, "wall", writer=True) as plant:
        plant.stores.devices.add(devices, wall_clock())
        at = wall_clock()
        stores = dataclasses.replace(plant.stores, clock=lambda: at)
        fields: dict[str, Any] = {
            field.name: getattr(plant, field.name) for field in dataclasses.fields(plant)
        }
        fields["stores"] = stores
        asyncio.run(_run(_Undisturbed(**fields), sent))
    return settings


async def _run(plant: _Undisturbed, sent: Sequence[Message]) -> None:
    bus = MemoryBus(1)
    plant = dataclasses.replace(plant, given=bus)
    async with running(plant, live=True) as chain:
        for start in range(0, len(sent), 2000):
            await bus.publish(RAW, sent[start : start + 2000])
            await chain.rest()
