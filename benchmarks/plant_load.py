"""A plant on real servers under load: backlog, overload, and how soon an alert stands.

    python benchmarks/plant_load.py backlog  [--readings 8640000] [--workers 2] [--detection full]
    python benchmarks/plant_load.py overload [--rate 2000] [--seconds 60]
    python benchmarks/plant_load.py latency  [--rates 1000 5000 20000] [--seconds 20]
    python benchmarks/plant_load.py source   [--seconds 20]

Each starts Apache Kafka (and with `--tables mysql` MariaDB, with `--series influx` InfluxDB) on
free ports, `opsmith worker ingest` as processes of their own beside it, and stops what it started.
Readings are those of `ingest_speed.py`: 192 bytes, four channels, 100 devices.

- backlog: the topic is filled first; counted from the start of the last worker's first batch until
  the group has committed everything, and everything is in the store.
- overload: readings come at ten times `--rate` for the seconds, then at `--rate`; the largest
  memory of a worker and the time until nothing waits are told.
- latency: readings come at the rate, stamped with the time at which they are handed to the
  producer; about ten a second say ANOMALY, each of another device that the plant knows already,
  which is an alert by itself. Counted until the alert, which stands in the tables by then, is on
  the topic `alerts`.
- source: `opsmith worker source` alone; from the time in a reading until it came back from the
  broker.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from confluent_kafka import Consumer, Message, Producer, TopicPartition

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from ingest_speed import messages
from servers import Influx, Kafka, Mariadb, free_port

from opsmith.domain.events import ALERTS, RAW

DEVICES = 100
GROUP_OF_INGEST = "ingest"
QUIET = {"temperature": 45.0, "vibration": 0.52, "pressure": 2.1, "current": 15.8}


class Plant:
    """Servers and workers of one run."""

    def __init__(self, folder: Path, arguments: argparse.Namespace) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self.kafka = self._started(Kafka(folder / "kafka"))
        self._environment = {
            **os.environ,
            "OPSMITH_KAFKA_SERVERS": self.kafka.url,
            "OPSMITH_KAFKA_PARTITIONS": str(arguments.partitions),
            "OPSMITH_DATA_DIR": str(folder / "data"),
            "OPSMITH_DETECTION": arguments.detection,
        }
        if arguments.tables == "mysql":
            mariadb = self._started(Mariadb(folder / "mariadb"))
            self._environment["OPSMITH_DATABASE_URL"] = mariadb.make("plant")
        if arguments.series == "influx":
            influx = self._started(Influx(folder / "influx"))
            self._environment["OPSMITH_INFLUX_URL"] = influx.url
        self.workers: list[tuple[subprocess.Popen[bytes], int]] = []

    def _started(self, server: Any) -> Any:
        self._stack.callback(server.stop)
        server.start()
        return server

    def work(self, stage: str, count: int) -> None:
        """Start workers, and return once they are ready."""
        for _ in range(count):
            port = free_port()
            command = [sys.executable, "-m", "opsmith.app.cli", "worker", stage]
            log = self._stack.enter_context((self._folder / f"{stage}-{port}.log").open("wb"))
            worker = subprocess.Popen(
                [*command, "--port", str(port)], env=self._environment, stdout=log, stderr=log
            )
            self.workers.append((worker, port))
        end = time.monotonic() + 180
        for worker, port in self.workers:
            while not self.says(port, "/ready").get("ready"):
                assert worker.poll() is None and time.monotonic() < end, self._folder
                time.sleep(0.1)

    def run(self, *command: str) -> subprocess.Popen[bytes]:
        """Start another worker, which has no page."""
        log = self._stack.enter_context((self._folder / f"{command[0]}.log").open("wb"))
        worker = subprocess.Popen(
            [sys.executable, "-m", "opsmith.app.cli", "worker", *command],
            env=self._environment,
            stdout=log,
            stderr=log,
        )
        self._stack.callback(worker.kill)
        return worker

    def says(self, port: int, path: str) -> dict[str, Any]:
        """What a worker's page says; nothing where it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return {}

    def steps(self) -> str:
        """Mean milliseconds of each step of a batch, and of the stores' operations."""
        found = dict[str, float]()
        for _, port in self.workers:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                for line in answer.read().decode().splitlines():
                    if "_seconds_" in line and line.split("{")[0].endswith(("_sum", "_count")):
                        name, value = line.rsplit(" ", 1)
                        found[name] = found.get(name, 0) + float(value)
        lines = list[str]()
        for name, total in found.items():
            many = found.get(name.replace("_seconds_sum", "_seconds_count"), 0)
            if "_seconds_sum" in name and many:
                lines.append(f"  {name}: {1e3 * total / many:.2f} ms x {many:,.0f}")
        return "\n".join(lines)

    def done(self) -> int:
        """Readings that the workers stored."""
        return sum(self.says(port, "/health").get("readings", 0) for _, port in self.workers)

    def memory(self) -> int:
        """Bytes of the largest worker."""
        sizes = [Path(f"/proc/{worker.pid}/status").read_text() for worker, _ in self.workers]
        lines = [line for text in sizes for line in text.splitlines() if line.startswith("VmRSS")]
        return max(1024 * int(line.split()[1]) for line in lines)

    def behind(self) -> int:
        """Messages of the topic that the workers have not committed."""
        reader = Consumer({"bootstrap.servers": self.kafka.url, "group.id": GROUP_OF_INGEST})
        try:
            places = [
                TopicPartition(RAW, number)
                for number in reader.list_topics(RAW, timeout=10).topics[RAW].partitions
            ]
            total = 0
            for place in reader.committed(places, timeout=10):
                low, high = reader.get_watermark_offsets(place, timeout=10)
                total += high - max(place.offset, low)
            return total
        finally:
            reader.close()

    def close(self) -> None:
        """Stop everything."""
        for worker, _ in self.workers:
            worker.send_signal(signal.SIGTERM)
        for worker, _ in self.workers:
            try:
                worker.wait(30)
            except subprocess.TimeoutExpired:
                worker.kill()
        self._stack.close()


def producer(kafka: Kafka) -> Producer:
    """As a collector would have it."""
    return Producer(
        {
            "bootstrap.servers": kafka.url,
            "linger.ms": 5,
            "acks": "all",
            "compression.type": "lz4",
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": 500_000,
        }
    )


def send(to: Producer, batch: Sequence[bytes], first: int = 0) -> None:
    """Produce messages of `messages`, in turn of each device."""
    for number, message in enumerate(batch, first):
        key = f"PUMP_{number % DEVICES:05d}"
        while True:
            try:
                to.produce(RAW, message, key)
                break
            except BufferError:
                to.poll(0.1)
        if number % 1000 == 0:
            to.poll(0)


def backlog(plant: Plant, arguments: argparse.Namespace) -> None:
    """A day of a plant, all at once."""
    plant.work("ingest", 1)
    first = plant.workers.pop()
    first[0].terminate()
    first[0].wait(60)
    count, to = arguments.readings, producer(plant.kafka)
    part = 200_000
    began = time.monotonic()
    made = messages(DEVICES, part)
    span = timedelta(seconds=part // DEVICES)
    start = datetime.now(UTC) - timedelta(seconds=count // DEVICES + 60)
    origin = datetime.fromisoformat(json.loads(made[0])["timestamp"])
    old = [
        (origin + timedelta(seconds=s)).strftime("%Y-%m-%dT%H:%M:%S").encode()
        for s in range(part // DEVICES)
    ]
    for begin in range(0, count, part):
        new = [
            (start + timedelta(seconds=s)).strftime("%Y-%m-%dT%H:%M:%S").encode()
            for s in range(part // DEVICES)
        ]
        send(
            to,
            [
                m.replace(old[i // DEVICES], new[i // DEVICES])
                for i, m in enumerate(made[: count - begin])
            ],
        )
        start += span
    to.flush()
    print(f"{count:,} readings published in {time.monotonic() - began:.0f} s", flush=True)
    plant.work("ingest", arguments.workers)
    while not plant.done():
        time.sleep(0.01)
    began, at = time.monotonic(), plant.done()
    while plant.behind():
        time.sleep(0.2)
    took = time.monotonic() - began
    stored = plant.done()
    print(
        f"caught up in {took:.1f} s with {arguments.workers} workers: {(stored - at) / took:,.0f} "
        f"readings/s; stored {stored:,} of {count:,}; memory {plant.memory() / 1e6:.0f} MB"
    )


def overload(plant: Plant, arguments: argparse.Namespace) -> None:
    """Ten times what usually comes."""
    plant.work("ingest", arguments.workers)
    to = producer(plant.kafka)
    rest, largest = plant.memory(), 0
    sent = 0
    for rate, seconds in ((arguments.rate, 10), (10 * arguments.rate, arguments.seconds)):
        began = time.monotonic()
        for second in range(seconds):
            sent += live(to, rate, sent)
            largest = max(largest, plant.memory())
            time.sleep(max(0.0, began + second + 1 - time.monotonic()))
    to.flush()
    waiting, began = plant.behind(), time.monotonic()
    while plant.behind():
        largest = max(largest, plant.memory())
        time.sleep(0.2)
    print(
        f"{sent:,} readings, {10 * arguments.rate:,}/s for {arguments.seconds} s: then {waiting:,} "
        f"waited, none {time.monotonic() - began:.1f} s later; stored {plant.done():,}; memory "
        f"{rest / 1e6:.0f} MB before, {largest / 1e6:.0f} MB at most"
    )


def source(plant: Plant, arguments: argparse.Namespace) -> None:
    """From the sensor to the broker and back."""
    plant.work("ingest", 1)
    reader = Consumer(
        {
            "bootstrap.servers": plant.kafka.url,
            "group.id": "source",
            "auto.offset.reset": "latest",
            "fetch.wait.max.ms": 5,
        }
    )
    reader.subscribe([RAW])
    sending = plant.run("source", "--seconds", str(arguments.seconds + 10))
    took: list[float] = []
    end = time.monotonic() + arguments.seconds + 30
    while time.monotonic() < end and (sending.poll() is None or not took):
        message: Message | None = reader.poll(0.1)
        if message is not None and message.error() is None:
            made = datetime.fromisoformat(json.loads(message.value() or b"")["timestamp"])
            took.append(1e3 * (time.time() - made.timestamp()))
    reader.close()
    p50, p99 = np.percentile(took, [50, 99])
    print(f"{len(took):,} readings: p50 {p50:.0f} ms, p99 {p99:.0f} ms, most {max(took):.0f} ms")


def live(to: Producer, count: int, first: int) -> int:
    """Produce readings of this moment."""
    stamp = datetime.now(UTC)
    batch = messages(DEVICES, count)
    origin = datetime.fromisoformat(json.loads(batch[0])["timestamp"])
    # Each device's readings of one call are some microseconds apart.
    for number, message in enumerate(batch):
        moment = stamp + timedelta(microseconds=number // DEVICES)
        old = (origin + timedelta(seconds=number // DEVICES)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        new = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        key = f"PUMP_{number % DEVICES:05d}"
        to.produce(RAW, message.replace(old.encode(), new.encode()), key)
    to.poll(0)
    return count


def latency(plant: Plant, arguments: argparse.Namespace) -> None:
    """From a reading to its alert."""
    plant.work("ingest", arguments.workers)
    to = producer(plant.kafka)
    # The first alert of all makes its topic.
    to.produce(RAW, spoken("FIRST", "ANOMALY"), "FIRST")
    to.flush()
    while ALERTS not in to.list_topics(timeout=10).topics:
        time.sleep(0.1)
    for rate in arguments.rates:
        came: dict[str, float] = {}
        stop, ready = threading.Event(), threading.Event()
        listener = threading.Thread(target=listen, args=(plant.kafka.url, came, ready, stop))
        listener.start()
        assert ready.wait(60), "the listener has no partitions"
        sent: dict[str, float] = {}
        each = 0.02
        turns = round(arguments.seconds / each)
        for turn in range(0, turns, round(0.1 / each)):
            device = f"R{rate}_{turn:05d}"
            to.produce(RAW, spoken(device, "NORMAL"), device)
        began = time.monotonic()
        for turn in range(turns):
            paced(to, round(rate * each))
            # The first seconds are those in which everything is met for the first time.
            if turn % round(0.1 / each) == 0 and turn * each > 3:
                device = f"R{rate}_{turn:05d}"
                sent[device] = time.time()
                to.produce(RAW, spoken(device, "ANOMALY"), device)
            to.poll(0)
            time.sleep(max(0.0, began + (turn + 1) * each - time.monotonic()))
        to.flush()
        end = time.monotonic() + 30
        while len(came.keys() & sent.keys()) < len(sent) and time.monotonic() < end:
            time.sleep(0.1)
        stop.set()
        listener.join()
        took = sorted(1e3 * (came[one] - at) for one, at in sent.items() if one in came)
        p50, p99 = np.percentile(took, [50, 99])
        if arguments.steps:
            print(plant.steps())
        print(
            f"{rate:,} readings/s: {len(took)} of {len(sent)} alerts; p50 {p50:.0f} ms, "
            f"p99 {p99:.0f} ms, most {took[-1]:.0f} ms; {plant.behind():,} readings wait",
            flush=True,
        )


def paced(to: Producer, count: int) -> None:
    """Produce this moment's readings, each device's newer than those before."""
    stamp = datetime.now(UTC)
    for number in range(count):
        device = f"PUMP_{number % DEVICES:05d}"
        fields = {
            "device_id": device,
            "timestamp": (stamp + timedelta(microseconds=number // DEVICES)).isoformat(),
            **QUIET,
        }
        to.produce(RAW, json.dumps(fields).encode().ljust(192), device)


def spoken(device: str, status: str) -> bytes:
    """A reading whose status says how it is; ANOMALY is an alert by itself."""
    fields = {
        "device_id": device,
        "timestamp": datetime.now(UTC).isoformat(),
        "status": status,
        # On a line of its own: many on one line are a flood, which is told once.
        "line_id": device,
        **QUIET,
    }
    return json.dumps(fields).encode()


def listen(
    servers: str, came: dict[str, float], ready: threading.Event, stop: threading.Event
) -> None:
    """Note when each device's alert is on its topic."""
    reader = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": f"latency-{time.time_ns()}",
            "auto.offset.reset": "latest",
            "fetch.wait.max.ms": 5,
        }
    )

    def assigned(reader: Consumer, places: list[TopicPartition]) -> None:
        ready.set()

    reader.subscribe([ALERTS], on_assign=assigned)
    while not stop.is_set():
        message: Message | None = reader.poll(0.1)
        if message is not None and message.error() is None:
            key = message.key()
            came.setdefault(key.decode() if isinstance(key, bytes) else str(key), time.time())
    reader.close()


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["backlog", "overload", "latency", "source"])
    parser.add_argument("--readings", type=int, default=8_640_000)
    parser.add_argument("--rate", type=int, default=2_000, help="usual readings a second")
    parser.add_argument("--rates", type=int, nargs="+", default=[1_000, 5_000, 20_000])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--steps", action="store_true", help="where the time of a batch goes")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--detection", choices=["full", "light"], default="full")
    parser.add_argument("--tables", choices=["sqlite", "mysql"], default="sqlite")
    parser.add_argument("--series", choices=["embedded", "influx"], default="embedded")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        plant = Plant(Path(folder) / "plant", arguments)
        try:
            run = {"backlog": backlog, "overload": overload, "latency": latency, "source": source}
            run[arguments.what](plant, arguments)
        finally:
            plant.close()


if __name__ == "__main__":
    main()
