"""How fast the embedded series store takes readings in and gives them back.

    python benchmarks/series_store.py [--rows 10000000] [--folder DIR]

Prints: a bulk load of one million readings, streaming of one reading a device at a time, and, in a
file of `--rows` readings, the latency of "the last 60 minutes of one device" and bytes a reading.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from opsmith.domain.readings import FloatArray, Frame, ReadingBatch
from opsmith.storage.series_embedded import EmbeddedSeriesStore

CHANNELS = ("current", "flow", "pressure", "temperature", "vibration")
START = np.datetime64("2026-01-01T00:00:00", "us")
DEVICES = [f"PUMP-{number:03d}" for number in range(100)]
BATCH = 1000


def made(rng: np.random.Generator, n: int, decimals: int | None) -> FloatArray:
    """Readings around a level, as sensors print them or as floats of full length."""
    values = 50 + np.cumsum(rng.normal(0, 0.05, (n, len(CHANNELS))), axis=0)
    return values if decimals is None else values.round(decimals)


def batch(device_id: str, values: FloatArray, second: int) -> ReadingBatch:
    """Readings at one a second."""
    n = len(values)
    times = START + np.arange(second, second + n) * np.timedelta64(1, "s")
    quality = np.zeros(values.shape, np.uint8)
    return ReadingBatch(device_id, CHANNELS, times, values, quality, ("NORMAL",) * n)


def load(store: EmbeddedSeriesStore, total: int, decimals: int | None) -> float:
    """Seconds that the store took for `total` readings, `BATCH` a device in a transaction."""
    rng = np.random.default_rng(1)
    pool = made(rng, 4 * BATCH, decimals)
    seconds = 0.0
    for second in range(0, total // len(DEVICES), BATCH):
        batches = [
            batch(device, pool[(shift := int(rng.integers(3 * BATCH))) : shift + BATCH], second)
            for device in DEVICES
        ]
        start = time.perf_counter()
        store.append([Frame.of(*batches)], live=True)
        seconds += time.perf_counter() - start
    return seconds


def stream(store: EmbeddedSeriesStore, rounds: int) -> float:
    """Seconds for `rounds` transactions of one reading of every device."""
    pool = made(np.random.default_rng(2), rounds, 3)
    seconds = 0.0
    for second in range(rounds):
        batches = [batch(device, pool[second : second + 1], second) for device in DEVICES]
        start = time.perf_counter()
        store.append([Frame.of(*batches)], live=True)
        seconds += time.perf_counter() - start
    return seconds


def latency(ask: Callable[[str], object], times: int) -> tuple[float, float]:
    """p50 and p99 in ms."""
    rng = np.random.default_rng(3)
    took: list[float] = []
    for _ in range(times):
        device = DEVICES[int(rng.integers(len(DEVICES)))]
        start = time.perf_counter()
        ask(device)
        took.append(1000 * (time.perf_counter() - start))
    return float(np.percentile(took, 50)), float(np.percentile(took, 99))


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, default=None)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for name, decimals in (("three decimals", 3), ("full floats", None)):
            path = Path(folder) / f"bulk-{decimals}.db"
            store = EmbeddedSeriesStore(path)
            seconds = load(store, 1_000_000, decimals)
            store.close()
            size = path.stat().st_size / 1e6
            print(
                f"bulk, {name}: 1,000,000 readings x {len(CHANNELS)} channels in {seconds:.2f} s"
                f" = {1 / seconds:.2f} M/s, {size:.1f} bytes a reading with its minutes"
            )

        store = EmbeddedSeriesStore(Path(folder) / "stream.db")
        rounds = 300
        seconds = stream(store, rounds)
        store.close()
        print(
            f"streaming: {rounds} transactions of one reading of {len(DEVICES)} devices:"
            f" {rounds * len(DEVICES) / seconds:,.0f} readings/s,"
            f" {1000 * seconds / rounds:.1f} ms a transaction"
        )

        path = Path(folder) / "big.db"
        store = EmbeddedSeriesStore(path)
        seconds = load(store, arguments.rows, 3)
        newest = store.newest() or datetime.now(UTC)
        hour = newest - timedelta(minutes=60)
        print(f"{arguments.rows:,} readings in the file ({seconds:.1f} s to load them):")
        questions: dict[str, Callable[[str], object]] = {
            "last 60 minutes, readings": lambda device: store.read(device, hour, newest),
            "last 60 minutes, minutes": lambda device: store.aggregates(device, hour, newest),
            "last 500 readings": lambda device: store.read_last(device, 500, newest),
            "newest of all": lambda device: store.newest(),
        }
        for name, ask in questions.items():
            p50, p99 = latency(ask, 500)
            print(f"  {name}: p50 {p50:.2f} ms, p99 {p99:.2f} ms")
        store.close()
        print(f"  {path.stat().st_size / arguments.rows:.1f} bytes a reading")


if __name__ == "__main__":
    main()
