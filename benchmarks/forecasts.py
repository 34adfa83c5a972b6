"""Forecasts of a fleet: time and accuracy, opsmith beside what others would run.

    python benchmarks/forecasts.py [--devices 1000] [--peers 20] [--horizon 288] [--days 1]
        [--mcp 20]

Made plants: a level, a daily cycle, wander, noise; some trend, some have gaps. Every 5 minutes,
288 readings a day; what is forecast came after, and is compared: mean absolute error over all
steps, by that of the last value. All run in one process on one core, in turn;
times are of the processor. opsmith forecasts the
whole fleet; the peers, which take one series at a time, the first `--peers` devices, and their
time is told per device. Each peer gets its usual settings, a season where the history has two.

- opsmith, with backtests: methods compete on each device's past; the mixture, its intervals.
- opsmith, backtests cached: the same mixture on the newest readings.
- statsmodels Holt-Winters, statsforecast AutoETS and AutoTheta, prophet: left out where missing.
- with `--mcp`: the first answers of `forecast_channel` and `predict_failure` for one device with 20
  days of minutes, through MCP; wall and processor, 95th percentile.
"""

import argparse
import asyncio
import importlib
import logging
import os
import time
import warnings
from collections.abc import Callable
from typing import Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

import numpy as np  # noqa: E402
import numpy.typing as npt  # noqa: E402

from opsmith_detectors.forecast_compete import backtest, forecast  # noqa: E402

FloatArray = npt.NDArray[np.float64]
DAY = 288
Peer = Callable[[FloatArray, int, int], FloatArray]
"""History (n,) without gaps, steps ahead, season or 0: the forecast."""


def made(devices: int, steps: int) -> FloatArray:
    """Shape (devices, steps), at 5 minutes, without gaps."""
    rng = np.random.default_rng(9)
    at = np.arange(steps, dtype=np.float64)
    level = rng.uniform(1, 100, (devices, 1))
    cycle = np.sin(2 * np.pi * (at / DAY + rng.uniform(0, 1, (devices, 1))))
    wander = np.cumsum(rng.normal(0, 1, (devices, steps)), axis=1) * rng.uniform(
        0, 0.02, (devices, 1)
    )
    trend = at / DAY * rng.choice([0, 0, 0, 0.3], (devices, 1))
    noise = rng.normal(0, 1, (devices, steps)) * rng.uniform(0.05, 0.3, (devices, 1))
    cycles = rng.choice([0, 0.5, 1.5], (devices, 1)) * cycle
    return level + level / 50 * (cycles + wander + trend + noise)


def holt_winters(history: FloatArray, horizon: int, season: int) -> FloatArray:
    """Exponential smoothing with a damped trend."""
    module: Any = importlib.import_module("statsmodels.tsa.holtwinters")
    model = module.ExponentialSmoothing(
        history,
        trend="add",
        damped_trend=True,
        seasonal="add" if season else None,
        seasonal_periods=season or None,
    )
    return np.asarray(model.fit().forecast(horizon))


def statsforecast(name: str) -> Peer:
    """A model of statsforecast by its name."""

    def run(history: FloatArray, horizon: int, season: int) -> FloatArray:
        module: Any = importlib.import_module("statsforecast.models")
        model = getattr(module, name)(season_length=season or 1)
        return np.asarray(model.forecast(y=history, h=horizon)["mean"])

    return run


def prophet(history: FloatArray, horizon: int, season: int) -> FloatArray:
    """Prophet with its defaults."""
    pandas: Any = importlib.import_module("pandas")
    module: Any = importlib.import_module("prophet")
    times = pandas.date_range("2026-01-01", periods=len(history) + horizon, freq="5min")
    model = module.Prophet()
    model.fit(pandas.DataFrame({"ds": times[: len(history)], "y": history}))
    return np.asarray(model.predict(pandas.DataFrame({"ds": times[len(history) :]}))["yhat"])


PEERS: dict[str, Peer] = {
    "statsmodels Holt-Winters": holt_winters,
    "statsforecast AutoETS": statsforecast("AutoETS"),
    "statsforecast AutoTheta": statsforecast("AutoTheta"),
    "prophet": prophet,
}


def ratio(told: FloatArray, came: FloatArray, last: FloatArray) -> float:
    """Error by that of the last value, the mean over the devices of the logarithm undone."""
    error = np.abs(told - came).mean(axis=1)
    naive = np.abs(last[:, None] - came).mean(axis=1)
    return float(np.exp(np.log(error / naive).mean()))


def ours(history: FloatArray, came: FloatArray, horizon: int, season: int, peers: int) -> None:
    """Measure opsmith."""
    gaps = history.copy()
    gaps[::10, 100:110] = np.nan
    backtest(gaps[:2], horizon, season)
    start = time.process_time()
    tested = backtest(gaps, horizon, season)
    told = forecast(gaps, tested)
    both = time.process_time() - start
    start = time.process_time()
    told = forecast(gaps, tested)
    cached = time.process_time() - start
    low, high = told.interval(0.8)
    few = slice(0, peers)
    last = history[:, -1]
    devices = len(history)
    covered = float(((came >= low) & (came <= high)).mean())
    print(f"methods: {', '.join(method.name for method in tested.methods)}")
    print(
        f"{'opsmith, with backtests':28} {1e3 * both / devices:10.3f} ms a device, "
        f"{both:.2f} s in all"
    )
    print(
        f"{'opsmith, backtests cached':28} {1e3 * cached / devices:10.3f} ms a device, "
        f"{cached:.2f} s in all; error by the last value's {ratio(told.median, came, last):.3f} "
        f"(of the peers' devices {ratio(told.median[few], came[few], last[few]):.3f}); "
        f"80 % intervals cover {covered:.3f}"
    )


async def through_mcp(devices: int) -> None:
    """First and second answers of one device after the other, over an in-process client."""
    from datetime import UTC, datetime
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from opsmith.domain.devices import Device
    from opsmith.domain.readings import Frame, ReadingBatch
    from opsmith.storage.database import Database
    from opsmith.storage.series_embedded import EmbeddedSeriesStore
    from opsmith_mcp.client import call_by_name, connect
    from opsmith_mcp.groups import plant_server
    from opsmith_mcp.stores import Stores

    now = datetime(2026, 3, 1, tzinfo=UTC)
    steps = 20 * 1440
    names = ("current", "pressure", "temperature")
    back = np.arange(steps - 1, -1, -1) * np.timedelta64(60, "s")
    times = np.datetime64(now.replace(tzinfo=None), "us") - back
    with TemporaryDirectory() as folder:
        series = EmbeddedSeriesStore(Path(folder) / "series.db")
        database = Database(f"sqlite:///{Path(folder) / 'opsmith.db'}")
        stores = Stores.of(database, series, lambda: now)
        for i in range(devices + 1):
            values = np.repeat(made(3, steps // 5), 5, axis=1).T * (1 + i / 100)
            quality = np.zeros(values.shape, np.uint8)
            batch = ReadingBatch(f"D{i:03}", names, times, values, quality, ("",) * steps)
            series.append([Frame.of(batch)], live=True)
        stores.devices.add(
            [
                Device(device_id=f"D{i:03}", rated_temp_max=1e3, rated_pressure_max=1e3)
                for i in range(devices + 1)
            ],
            now,
        )
        async with connect(plant_server(stores)) as client:
            for turn in ("first", "again"):
                for tool, more in (
                    ("forecast_channel", {"channel": "temperature"}),
                    ("predict_failure", dict[str, str]()),
                ):
                    took: list[tuple[float, float]] = []
                    for i in range(devices + 1):
                        wall, cpu = time.perf_counter(), time.process_time()
                        await call_by_name(client, tool, {"device_id": f"D{i:03}", **more})
                        took.append((time.perf_counter() - wall, time.process_time() - cpu))
                    # The first one of all loads code.
                    p50, p95 = 1e3 * np.percentile(np.array(took[1:]), (50, 95), axis=0)
                    print(
                        f"MCP {tool:18} {turn:6} p50 {p50[0]:6.1f} ms, p95 "
                        f"{p95[0]:6.1f} ms; processor p50 {p50[1]:6.1f} ms, p95 {p95[1]:6.1f} ms"
                    )
        series.close()
        database.close()


def main() -> None:
    """Print a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--peers", type=int, default=20)
    parser.add_argument("--horizon", type=int, default=288)
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--mcp", type=int, default=0, help="devices asked about through MCP")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    steps = asked.days * DAY
    series = made(asked.devices, steps + asked.horizon)
    history, came = series[:, :steps], series[:, steps:]
    season = DAY if asked.days >= 2 else 0
    print(f"{asked.devices} devices, {steps} readings each, {asked.horizon} steps ahead, one core")
    ours(history, came, asked.horizon, DAY, asked.peers)
    if asked.mcp:
        asyncio.run(through_mcp(asked.mcp))
    for name, peer in PEERS.items():
        try:
            peer(history[0], 2, 0)
        except ImportError:
            print(f"{name:28} not installed")
            continue
        start = time.process_time()
        told = np.stack([peer(each, asked.horizon, season) for each in history[: asked.peers]])
        took = time.process_time() - start
        few = slice(0, asked.peers)
        each = 1e3 * took / asked.peers
        found = ratio(told, came[few], history[few, -1])
        print(f"{name:28} {each:10.3f} ms a device; error by the last value's {found:.3f}")


if __name__ == "__main__":
    main()
