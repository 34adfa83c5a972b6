"""Readings per second: the embedded ingest stage beside a plain dict and orjson loop.

    python benchmarks/embedded_chain.py [--devices 100] [--readings 200]

The loop parses each message with orjson and keeps count, sum, low and high of each device's
channels in dicts: the least that anyone would write. The stage does what a plant gets: validation,
the durable series store with its one-minute aggregates, detection and alerts.
"""

import argparse
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from opsmith.app.bootstrap import open_plant
from opsmith.bus import codec
from opsmith.ports import Message
from opsmith.settings import Settings
from opsmith_ingest.demo_plant import demo_machines
from opsmith_ingest.simulation import simulate

START = datetime(2026, 3, 1, tzinfo=UTC)
BATCH = 2000


def messages(devices: int, readings: int) -> list[Message]:
    """Readings of many devices in plant time, one a second each, as they come from the topic."""
    machines = demo_machines()
    end = START + timedelta(seconds=readings)
    series = [
        [
            value.replace(machine.device.device_id.encode(), f"D{number:05d}".encode(), 1)
            for _, value in codec.encode(
                simulate(machine, START, end, timedelta(seconds=1), seed=number)
            )
        ]
        for number in range(devices)
        for machine in [machines[number % len(machines)]]
    ]
    return [
        Message("raw_sensor_data", 0, row * devices + number, f"D{number:05d}", own[row])
        for row in range(readings)
        for number, own in enumerate(series)
    ]


def loop(batch: list[Message]) -> float:
    """Seconds that the plain loop takes."""
    began = time.perf_counter()
    state: dict[str, dict[str, list[float]]] = {}
    for message in batch:
        reading = orjson.loads(message.value)
        device = state.setdefault(reading["device_id"], {})
        for name, value in reading.items():
            if isinstance(value, float):
                seen = device.get(name)
                if seen is None:
                    device[name] = [1, value, value, value]
                else:
                    seen[0] += 1
                    seen[1] += value
                    seen[2] = min(seen[2], value)
                    seen[3] = max(seen[3], value)
    return time.perf_counter() - began


def stage(batch: list[Message]) -> float:
    """Seconds that the ingest stage takes, stores and all."""
    with (
        tempfile.TemporaryDirectory() as folder,
        open_plant(Settings(data_dir=Path(folder)), "newest", writer=True) as plant,
    ):
        pipeline = plant.pipeline(live=False)
        began = time.perf_counter()
        for start in range(0, len(batch), BATCH):
            pipeline.process(batch[start : start + BATCH])
        took = time.perf_counter() - began
        assert pipeline.counts.stored == len(batch)
        return took


def main() -> None:
    """Measure both in one run and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=100)
    parser.add_argument("--readings", type=int, default=200, help="of each device")
    arguments = parser.parse_args()
    batch = messages(arguments.devices, arguments.readings)
    size = sum(len(message.value) for message in batch) / len(batch)
    print(f"{len(batch)} readings of {arguments.devices} devices, {size:.0f} bytes each")
    reference, ours = loop(batch), stage(batch)
    print(f"dict + orjson loop   {len(batch) / reference:12,.0f} readings/s")
    print(f"embedded ingest      {len(batch) / ours:12,.0f} readings/s")
    print(f"ratio                {reference / ours:12.4f}")


if __name__ == "__main__":
    main()
