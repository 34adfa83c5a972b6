"""Readings per second, from the bytes of messages: opsmith beside what others would run.

    python benchmarks/ingest_speed.py [--readings 200000] [--rounds 3] [--batch 10000]

Everything runs in one process on one core, in turn, round after round; of each the best round
counts. All get the same messages of 192 bytes with four channels (temperature, vibration,
pressure, current), from 100 and from 10,000 devices, one reading of each device after the other.

What each judges of a reading:

- loop: `orjson.loads`, then mean, variance and z-score, exponentially weighted, of all four
  channels in dicts: the least that anyone would write, without validation.
- river: `orjson.loads`, then river's `EWMean` and `EWVar` of one channel (temperature), and the
  z-score from them, without validation.
- river, 4 channels: the same of all four.
- bytewax: a dataflow of `orjson.loads` and a stateful map by device, with the loop's arithmetic of
  one channel (temperature), without validation.
- opsmith, parsed: validation, plausibility and columns (`FrameParser`) of all four channels.
- opsmith, stored: the same, durably in the embedded store, with the folding of its journal as far
  as it falls due: of 100 devices from some 200,000 readings on, of 10,000 from 1,280,000 on.
- opsmith, light detection: the same as parsed, then `Fleet(light=True).step`: of all four channels
  rated limits, level and variance exponentially weighted, with a limit for the number of channels,
  a grace, a guard and an on-delay, stuck and silent sensors, and the alerts' logic.
- opsmith, full detection: the same as parsed, then `Fleet().step`: the four channels together, with
  operating state, sensor verdicts, loads and drift. Both stored too.

river and bytewax are in the dependency group `bench`; where they are missing, they are left out.
"""

import argparse
import importlib
import importlib.util
import math
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from opsmith.bus.frames import FrameParser
from opsmith.storage.series_embedded import EmbeddedSeriesStore
from opsmith_detectors.fleet import Fleet

CHANNELS = ("temperature", "vibration", "pressure", "current")
LEVELS = (45.0, 0.52, 2.1, 15.8)
NOISE = (0.5, 0.02, 0.02, 0.2)
DECIMALS = (1, 2, 2, 1)
START = datetime(2026, 3, 1, tzinfo=UTC)
SIZE = 192
WEIGHT = 0.05

Run = Callable[[Sequence[bytes]], object]
"""Takes the messages, from nothing known."""


def messages(devices: int, readings: int) -> list[bytes]:
    """One reading a second of each device, in time order."""
    rng = np.random.default_rng(1)
    values = np.array(LEVELS) + rng.normal(size=(readings, len(CHANNELS))) * NOISE
    columns = [values[:, i].round(DECIMALS[i]).tolist() for i in range(len(CHANNELS))]
    made: list[bytes] = []
    for number, row in enumerate(zip(*columns, strict=True)):
        time_ = START + timedelta(seconds=number // devices)
        fields = {
            "device_id": f"PUMP_{number % devices:05d}",
            "timestamp": time_.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            **dict(zip(CHANNELS, row, strict=True)),
            "status": "NORMAL",
            "factory_id": "F001",
            "line_id": "L003",
        }
        made.append(orjson.dumps(fields).ljust(SIZE))
    return made


def loop(batch: Sequence[bytes]) -> float:
    """A dict of dicts."""
    state: dict[str, dict[str, list[float]]] = {}
    highest = 0.0
    for message in batch:
        reading = orjson.loads(message)
        device_id = reading["device_id"]
        device = state.get(device_id)
        if device is None:
            device = state[device_id] = {name: [reading[name], 0.0] for name in CHANNELS}
        for name in CHANNELS:
            value = reading[name]
            seen = device[name]
            away = value - seen[0]
            if seen[1] > 0:
                score = abs(away) / math.sqrt(seen[1])
                if score > highest:
                    highest = score
            seen[0] += WEIGHT * away
            seen[1] = (1 - WEIGHT) * (seen[1] + WEIGHT * away * away)
    return highest


def river(batch: Sequence[bytes]) -> float:
    """One channel with river's statistics."""
    stats = importlib.import_module("river.stats")
    state: dict[str, tuple[Any, Any]] = {}
    highest = 0.0
    for message in batch:
        reading = orjson.loads(message)
        device_id = reading["device_id"]
        found = state.get(device_id)
        if found is None:
            found = state[device_id] = (stats.EWMean(WEIGHT), stats.EWVar(WEIGHT))
        mean, variance = found
        value = reading["temperature"]
        spread = variance.get()
        if spread > 0:
            score = abs(value - mean.get()) / math.sqrt(spread)
            if score > highest:
                highest = score
        mean.update(value)
        variance.update(value)
    return highest


def river_of_all(batch: Sequence[bytes]) -> float:
    """Four channels with river's statistics."""
    stats = importlib.import_module("river.stats")
    state: dict[str, list[tuple[str, Any, Any]]] = {}
    highest = 0.0
    for message in batch:
        reading = orjson.loads(message)
        device_id = reading["device_id"]
        found = state.get(device_id)
        if found is None:
            found = state[device_id] = [
                (name, stats.EWMean(WEIGHT), stats.EWVar(WEIGHT)) for name in CHANNELS
            ]
        for name, mean, variance in found:
            value = reading[name]
            spread = variance.get()
            if spread > 0:
                score = abs(value - mean.get()) / math.sqrt(spread)
                if score > highest:
                    highest = score
            mean.update(value)
            variance.update(value)
    return highest


def bytewax(batch: Sequence[bytes]) -> list[Any]:
    """One channel in a stateful map by device."""
    dataflow: Any = importlib.import_module("bytewax.dataflow")
    operators: Any = importlib.import_module("bytewax.operators")
    testing: Any = importlib.import_module("bytewax.testing")

    def keyed(message: bytes) -> tuple[str, float]:
        reading = orjson.loads(message)
        return reading["device_id"], reading["temperature"]

    def scored(
        state: tuple[float, float] | None, value: float
    ) -> tuple[tuple[float, float], float]:
        if state is None:
            return (value, 0.0), 0.0
        mean, variance = state
        away = value - mean
        score = abs(away) / math.sqrt(variance) if variance > 0 else 0.0
        variance = (1 - WEIGHT) * (variance + WEIGHT * away * away)
        return (mean + WEIGHT * away, variance), score

    flow = dataflow.Dataflow("scores")
    stream = operators.input("messages", flow, testing.TestingSource(batch, batch_size=1000))
    scores = operators.stateful_map("score", operators.map("parse", stream, keyed), scored)

    def is_far(item: tuple[str, float]) -> bool:
        return item[1] > 1e9

    alerts = operators.filter("limit", scores, is_far)
    found: list[Any] = []
    operators.output("alerts", alerts, testing.TestingSink(found))
    testing.run_main(flow)
    return found


def ours(size: int, *, light: bool | None, stored: bool) -> Run:
    """Parse, then store and judge as asked; `light` is None for no detection."""

    def run(batch: Sequence[bytes]) -> None:
        parser = FrameParser()
        fleet = None if light is None else Fleet(light=light)
        with tempfile.TemporaryDirectory() as folder:
            store = EmbeddedSeriesStore(Path(folder) / "series.db") if stored else None
            for first in range(0, len(batch), size):
                frames = parser.parse(batch[first : first + size]).frames
                if store is not None:
                    store.append(frames, live=True)
                if fleet is not None:
                    for frame in frames:
                        fleet.step(frame)
            if store is not None:
                store.close()

    return run


def contenders(size: int) -> dict[str, Run]:
    """Who runs, by name."""
    found: dict[str, Run] = {"loop": loop}
    for name, run in (("river", river), ("river, 4 channels", river_of_all), ("bytewax", bytewax)):
        if importlib.util.find_spec(name.split(",")[0]):
            found[name] = run
    found["opsmith, parsed"] = ours(size, light=None, stored=False)
    found["opsmith, stored"] = ours(size, light=None, stored=True)
    found["opsmith, light detection"] = ours(size, light=True, stored=False)
    found["opsmith, full detection"] = ours(size, light=False, stored=False)
    found["opsmith, light, stored"] = ours(size, light=True, stored=True)
    found["opsmith, full, stored"] = ours(size, light=False, stored=True)
    return found


def main() -> None:
    """Measure all in one run and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, nargs="+", default=[100, 10_000])
    parser.add_argument("--readings", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=10_000, help="messages taken at once")
    parser.add_argument(
        "--cpu", action="store_true", help="count the process's time, where the machine is shared"
    )
    arguments = parser.parse_args()
    clock = time.process_time if arguments.cpu else time.perf_counter
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    runs = contenders(arguments.batch)
    for run in runs.values():
        # Compiled and loaded before the clock runs.
        run(messages(100, 2_000))
    for devices in arguments.devices:
        batch = messages(devices, arguments.readings)
        assert {len(message) for message in batch} == {SIZE}
        took = {name: math.inf for name in runs}
        for _ in range(arguments.rounds):
            for name, run in runs.items():
                began = clock()
                run(batch)
                took[name] = min(took[name], clock() - began)
        print(f"{len(batch):,} readings of {devices:,} devices, {SIZE} bytes each")
        others = [name for name in ("loop", "river", "bytewax") if name in runs]
        heads = "".join(f"{'x ' + name:>11}" for name in others)
        print(f"{'':28}{'readings/s':>12}{'us each':>9}{heads}")
        for name, seconds in took.items():
            ratios = "".join(f"{took[other] / seconds:11.2f}" for other in others)
            each = 1e6 * seconds / len(batch)
            print(f"{name:28}{len(batch) / seconds:12,.0f}{each:9.3f}{ratios}")


if __name__ == "__main__":
    main()
