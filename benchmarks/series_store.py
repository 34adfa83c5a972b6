"""How fast a series store takes readings in and gives them back.

    python benchmarks/series_store.py [--rows 10000000] [--folder DIR] [--influx URL] [--token T]

Prints: a bulk load of one million readings, streaming of one reading a device at a time, readings
that come again, and, among `--rows` readings, the latency of what screens and tools ask. With
`--influx` the store is a server, in databases of its own, which are left there; else it is
embedded, and bytes a reading are told too.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from opsmith.domain.readings import FloatArray, Frame, ReadingBatch
from opsmith.ports import SeriesStore
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


def load(store: SeriesStore, total: int, decimals: int | None) -> float:
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


def stream(store: SeriesStore, rounds: int) -> float:
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


def again(store: SeriesStore) -> float:
    """Seconds for the first readings of `load` once more, which are late by now."""
    pool = made(np.random.default_rng(1), 4 * BATCH, 3)
    frame = Frame.of(*(batch(device, pool[:BATCH], 0) for device in DEVICES))
    store.append([frame], live=True)
    start = time.perf_counter()
    store.append([frame], live=True)
    return time.perf_counter() - start


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--influx", default="")
    parser.add_argument("--token", default="")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)

        def opened(name: str) -> SeriesStore:
            if not arguments.influx:
                return EmbeddedSeriesStore(folder / f"{name}.db")
            from opsmith.storage.series_influx import InfluxSeriesStore

            return InfluxSeriesStore(
                arguments.influx, arguments.token, bucket=f"{folder.name}-{name}"
            )

        def size(name: str, rows: int) -> str:
            path = folder / f"{name}.db"
            return f"{path.stat().st_size / rows:.1f} bytes a reading" if path.exists() else ""

        for words, decimals in (("three decimals", 3), ("full floats", None)):
            store = opened(f"bulk-{decimals}")
            seconds = load(store, 1_000_000, decimals)
            store.close()
            print(
                f"bulk, {words}: 1,000,000 readings x {len(CHANNELS)} channels in {seconds:.2f} s"
                f" = {1 / seconds:.3f} M/s {size(f'bulk-{decimals}', 1_000_000)}"
            )

        store = opened("stream")
        rounds = 300
        seconds = stream(store, rounds)
        store.close()
        print(
            f"streaming: {rounds} transactions of one reading of {len(DEVICES)} devices:"
            f" {rounds * len(DEVICES) / seconds:,.0f} readings/s,"
            f" {1000 * seconds / rounds:.1f} ms a transaction"
        )

        store = opened("big")
        seconds = load(store, arguments.rows, 3)
        newest = store.newest() or datetime.now(UTC)
        hour, day = newest - timedelta(hours=1), newest - timedelta(days=1)
        print(f"{arguments.rows:,} readings ({seconds:.1f} s to load them):")
        long_ago = datetime(2000, 1, 1, tzinfo=UTC)
        start = time.perf_counter()
        store.expire(long_ago, long_ago)
        print(f"  the first `expire`, that deletes nothing: {time.perf_counter() - start:.1f} s")
        questions: dict[str, tuple[int, Callable[[str], object]]] = {
            "last 60 minutes, readings": (500, lambda device: store.read(device, hour, newest)),
            "last 60 minutes, minutes": (
                500,
                lambda device: store.aggregates(device, hour, newest),
            ),
            "last 24 hours, readings": (50, lambda device: store.read(device, day, newest)),
            "last 24 hours, minutes": (50, lambda device: store.aggregates(device, day, newest)),
            "last 500 readings": (500, lambda device: store.read_last(device, 500, newest)),
            "newest of all": (500, lambda device: store.newest()),
            "extent of one": (50, lambda device: store.extent(device)),
            "extents of all": (50, lambda device: store.extents()),
        }
        for words, (times, ask) in questions.items():
            p50, p99 = latency(ask, times)
            print(f"  {words}: p50 {p50:.2f} ms, p99 {p99:.2f} ms")
        seconds = again(store)
        count = BATCH * len(DEVICES)
        print(f"  {count:,} readings that are there: {count / seconds:,.0f} readings/s")
        store.close()
        print(f"  {size('big', arguments.rows)}")


if __name__ == "__main__":
    main()
