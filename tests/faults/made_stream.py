"""A made stream of readings that goes with the wall's clock, and what of it was sent."""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import confluent_kafka
import numpy as np

from opsmith.bus import codec
from opsmith.domain.devices import Device
from opsmith.domain.events import RAW
from opsmith.domain.moments import to_time
from opsmith.domain.readings import ReadingBatch
from opsmith_ingest.demo_plant import demo_machines, seed_of
from opsmith_ingest.simulation import Fault, Growth, Machine, Simulation
from opsmith_ingest.simulation.simulator import time_grid

SECOND = timedelta(seconds=1)

SPELL = 8
"""Seconds for which a device says ANOMALY; every `_SPELLS` seconds, one device after the other."""
_SPELLS = 420

AHEAD = 240.0
"""Seconds that readings get ahead of the wall's clock at most; 300 are tolerated."""
BEHIND = 40.0
"""Seconds that the first ones are behind it: nobody is silent after so few."""

Message = tuple[str, bytes]
Readings = Mapping[str, Mapping[str, Mapping[str, float | None]]]
"""By device and time the values of each channel; None: it was no number."""


@dataclass
class Stream:
    """What devices send, second by second, each on a line of its own: no flood groups them.

    Args:
        count: Of devices.
        learning: Seconds before the start, to learn from.
        lasts: Seconds after it, at most.
        seed: Of the readings.
    """

    count: int
    learning: int = 420
    lasts: int = 900
    seed: int = 1
    start: datetime = field(init=False)
    seconds: list[list[Message]] = field(init=False)
    """What is sent each second."""
    machines: tuple[Machine, ...] = field(init=False)

    def __post_init__(self) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        self.start = now - timedelta(seconds=BEHIND + self.learning)
        self.machines = _machines(self.count)
        grid = time_grid(self.start, self.start + (self.learning + self.lasts) * SECOND, SECOND)
        self.seconds = [list[Message]() for _ in grid]
        first = to_time(self.start)
        for place, machine in enumerate(self.machines):
            simulation = Simulation(machine, self._faults(place), (), seed_of(machine, self.seed))
            batch = self._said(place, simulation.advance(grid))
            at: list[int] = ((batch.times - first) // np.timedelta64(1, "s")).tolist()
            extra = {"factory_id": "F1", "line_id": machine.device.line_id}
            for second, message in zip(at, codec.encode(batch, **extra), strict=True):
                self.seconds[second].append(message)

    @property
    def devices(self) -> tuple[Device, ...]:
        """The nameplates."""
        return tuple(machine.device for machine in self.machines)

    def _faults(self, place: int) -> tuple[Fault, ...]:
        """Every third device fails, and is repaired."""
        if place % 3:
            return ()
        kinds = sorted(self.machines[place].physics.faults)
        onset = self.start + (self.learning + 20 + 7 * place) * SECOND
        return (
            Fault(
                kinds[place // 3 % len(kinds)],
                onset,
                0.85,
                Growth.RAMP,
                timedelta(seconds=30),
                repaired=onset + timedelta(seconds=120),
            ),
        )

    def _said(self, place: int, batch: ReadingBatch) -> ReadingBatch:
        begins = place * _SPELLS // self.count
        statuses = [
            "ANOMALY" if row >= self.learning - 30 and (row - begins) % _SPELLS < SPELL else said
            for row, said in enumerate(batch.statuses)
        ]
        return replace(batch, statuses=tuple(statuses))


def _machines(count: int) -> tuple[Machine, ...]:
    made = list[Machine]()
    for place in range(count):
        model = demo_machines()[place % len(demo_machines())]
        name = f"{model.device.device_id.split('_')[0]}_{place:03}"
        changed = {"device_id": name, "line_id": f"L{place:03}", "factory_id": "F1"}
        made.append(replace(model, device=model.device.model_copy(update=changed)))
    return tuple(made)


class Source:
    """Publishes a stream from a thread, as collectors would, until it is stopped.

    Args:
        stream: What; `sent` says how much of it went out, in order.
        servers: The brokers.
        gains: Seconds by which the readings gain on the wall's clock in each second.
    """

    def __init__(self, stream: Stream, servers: str, gains: float = 1.0) -> None:
        self.sent: list[Message] = []
        self._stream = stream
        self._gains = gains
        self._producer = confluent_kafka.Producer(
            {"bootstrap.servers": servers, "enable.idempotence": True, "log_level": 0}
        )
        self._next = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._refused: list[str] = []

    def start(self) -> None:
        """Send what there is to learn from, and go on in the background."""
        self._send(self._stream.learning)
        self._thread.start()

    def stop(self) -> None:
        """Send no more; all that was sent is on the topic."""
        self.halt()
        assert not self._producer.flush(60)
        assert not self._refused, self._refused[:3]

    def halt(self) -> None:
        """Send no more, whatever became of what was sent."""
        self._stop.set()
        self._thread.join()

    def again(self) -> None:
        """Send everything that was sent once more."""
        for message in self.sent:
            self._put(message)
        assert not self._producer.flush(60)

    def once_more(self, topic: str, events: list[dict[str, Any]]) -> None:
        """Publish alert events that were published before."""
        for event in events:
            key = event["alert"]["device_id"]
            self._producer.produce(topic, json.dumps(event).encode(), key.encode())
        assert not self._producer.flush(60)

    def put(self, messages: list[Message]) -> None:
        """Send these too."""
        for message in messages:
            self._put(message)
        self.sent += messages

    def _run(self) -> None:
        began = time.monotonic()
        while not self._stop.wait(0.05):
            ahead = min(AHEAD, self._gains * (time.monotonic() - began) - BEHIND)
            until = datetime.now(UTC) + ahead * SECOND
            self._send(int((until - self._stream.start) / SECOND))

    def _send(self, until: int) -> None:
        for second in self._stream.seconds[self._next : until]:
            self.put(second)
        self._next = max(self._next, min(until, len(self._stream.seconds)))
        self._producer.poll(0)

    def _put(self, message: Message) -> None:
        key, value = message
        while True:
            try:
                self._producer.produce(RAW, value, key.encode(), on_delivery=self._delivered)
                return
            except BufferError:
                self._producer.poll(0.1)

    def _delivered(self, error: object, _: object) -> None:
        if error is not None:
            self._refused.append(str(error))


def readings_of(messages: list[Message]) -> dict[str, dict[str, dict[str, float | None]]]:
    """What a store has to hold after these, worked out without opsmith."""
    found: dict[str, dict[str, dict[str, float | None]]] = {}
    for _, value in messages:
        fields = json.loads(value)
        device = found.setdefault(fields.pop("device_id"), {})
        at = fields.pop("timestamp").removesuffix("Z")
        for name in ("status", "factory_id", "line_id"):
            fields.pop(name, None)
        device[at] = fields
    return found
