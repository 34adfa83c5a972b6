"""How long each reading tool takes over a large plant, with the heaviest arguments it takes.

    python benchmarks/large_plant.py [--readings 10000000] [--orders 10000] [--alerts 50000]

Ten years of alerts and orders and months of readings, in the embedded stores on disk, of devices of
which one has half of all readings. Each tool is called through the in-memory client, once cold and
three times more. Prints, the slowest first, the longest and the median in ms, and the tokens of the
answer; the target is 5 s for the longest.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from opsmith.access import SYSTEM
from opsmith.domain.alerts import Alert, AlertLevel, AlertState, Handling
from opsmith.domain.devices import Device
from opsmith.domain.readings import Frame, ReadingBatch
from opsmith.domain.work_orders import OrderStatus, WorkClass, WorkOrder
from opsmith.storage.database import Database
from opsmith.storage.series_embedded import EmbeddedSeriesStore
from opsmith_kb.load import load_entries
from opsmith_mcp.client import call_by_name, connect
from opsmith_mcp.groups import EVERY, plant_server
from opsmith_mcp.stores import Stores

NOW = datetime(2026, 6, 1, tzinfo=UTC)
YEARS = 10
DEVICES = 60
CHANNELS = ("current", "flow", "pressure", "temperature", "vibration")
CHUNK = 50_000
CODES = tuple(f"C{number:03d}" for number in range(80))
CLASSES: tuple[WorkClass, ...] = ("preventive", "corrective", "condition_based")
WORDS = ("bearing noisy", "seal leaks", "motor hot", "grease", "阀门泄漏", "更换轴承", "校准传感器")


def fill(stores: Stores, readings: int, orders: int, alerts: int) -> None:
    """Make the plant; seeded."""
    rng = np.random.default_rng(1)
    names = [f"PUMP_{number:03d}" for number in range(DEVICES)]
    stores.devices.add(
        [
            Device(
                device_id=name,
                device_type=("pump", "motor", "compressor")[number % 3],
                factory_id=f"F{number % 2}",
                line_id=f"L{number % 6}",
                channels=CHANNELS,
            )
            for number, name in enumerate(names)
        ],
        NOW,
    )
    for place, name in enumerate(names[:6]):
        count = readings // 2 if place == 0 else readings // 10
        _readings(stores, name, count, rng)
    days = rng.uniform(0, 365 * YEARS, alerts)
    stores.alerts.put([_alert(rng, names, number, day) for number, day in enumerate(days)], NOW)
    days = rng.uniform(0, 365 * YEARS, orders)
    stores.orders.put([_order(rng, names, number, day) for number, day in enumerate(days)], NOW)


def _readings(stores: Stores, device_id: str, count: int, rng: np.random.Generator) -> None:
    end = np.datetime64(NOW.replace(tzinfo=None), "us")
    for first in range(0, count, CHUNK):
        rows = np.arange(first, min(first + CHUNK, count))
        times = end - (count - rows) * np.timedelta64(1, "s")
        values = (50 + rng.normal(0, 0.5, (len(rows), len(CHANNELS)))).round(2)
        quality = np.zeros(values.shape, np.uint8)
        batch = ReadingBatch(device_id, CHANNELS, times, values, quality, ("NORMAL",) * len(rows))
        stores.series.append([Frame.of(batch)], live=False)


def _alert(rng: np.random.Generator, names: list[str], number: int, days_ago: float) -> Alert:
    at = NOW - timedelta(days=float(days_ago))
    return Alert(
        trace_id=f"IM-{number:08d}",
        device_id=names[int(rng.integers(DEVICES))],
        alert_level=AlertLevel(f"P{int(rng.integers(4))}"),
        alert_type="imported",
        code=CODES[int(rng.integers(len(CODES)))],
        message=WORDS[int(rng.integers(len(WORDS)))],
        source="DCS",
        status=Handling.IGNORED,
        state=AlertState.NORMAL,
        onset=at,
        first_seen=at,
        last_seen=at + timedelta(minutes=5),
        cleared_at=at + timedelta(minutes=5),
        created_at=at,
    )


def _order(rng: np.random.Generator, names: list[str], number: int, days_ago: float) -> WorkOrder:
    at = NOW - timedelta(days=float(days_ago))
    is_done = days_ago > 20
    return WorkOrder(
        order_no=f"{4_000_000 + number}",
        trace_id=None,
        device_id=names[int(rng.integers(DEVICES))],
        order_type="PLANNED",
        work_class=CLASSES[int(rng.integers(3))],
        priority=AlertLevel(f"P{int(rng.integers(4))}"),
        description=" ".join(WORDS[int(i)] for i in rng.integers(len(WORDS), size=4)),
        status=OrderStatus.COMPLETED if is_done else OrderStatus.OPEN,
        failure_code=CODES[int(rng.integers(len(CODES)))],
        estimated_hours=4.0,
        actual_hours=float(rng.uniform(1, 9)) if is_done else None,
        source="CMMS",
        external_no=f"{4_000_000 + number}",
        failed_at=at,
        restored_at=at + timedelta(hours=6) if is_done else None,
        due_at=at + timedelta(days=10),
        created_at=at,
        completed_at=at + timedelta(days=2) if is_done else None,
    )


def calls() -> dict[str, dict[str, Any]]:
    """Each reading tool with its widest question."""
    big, since = {"device_id": "PUMP_000"}, (NOW - timedelta(days=3650)).isoformat()
    window = big | {"window_mins": 129_600}
    onset = (NOW - timedelta(minutes=30)).isoformat()
    years = {"since": since, "until": NOW.isoformat()}
    return {
        "list_devices": {},
        "show_plant_tree": {},
        "query_device_status": big,
        "fetch_telemetry_data": window,
        "read_series": window | {"channel": "vibration"},
        "latest_values": big,
        "describe_change": big | {"onset": onset},
        "count_readings": window,
        "check_data_quality": window,
        "compare_windows": big | {"window_mins": 41_760},
        "compare_with_peers": window,
        "correlate_channels": window,
        "predict_failure": big,
        "list_alerts": years | {"standing": False, "limit": 100},
        "get_alert_history": big | {"days": 3650},
        "count_alerts": years | {"group_by": ["device", "month"]},
        "assess_alert_system": years,
        "find_coinciding_alerts": years,
        "find_what_followed": years,
        "list_work_orders": {"limit": 100, "text": "seal"},
        "work_order_statistics": {"group_by": ["device", "month"]},
        "work_order_kpis": {"per": "device", "since": since},
        "work_order_calendar": {"days": 62},
        "bundle_work_orders": {},
        "similar_work_orders": {"device_id": "PUMP_000", "text": "motor hot, bearing noisy"},
        "search_maintenance_kb": {"device_type": "*", "keyword": "bearing 轴承"},
        "list_stores": {},
    }


async def measure(stores: Stores) -> list[tuple[float, float, int, str]]:
    """The longest and the median of each, ms, and the answer's tokens."""
    took: list[tuple[float, float, int, str]] = []
    async with connect(plant_server(stores, EVERY, SYSTEM)) as client:
        for name, arguments in calls().items():
            times: list[float] = []
            answer: dict[str, Any] = {}
            for _ in range(4):
                began = time.perf_counter()
                answer = await call_by_name(client, name, arguments)
                times.append(1e3 * (time.perf_counter() - began))
            size = len(json.dumps(answer, ensure_ascii=False)) // 4
            took.append((max(times), statistics.median(times), size, name))
    return sorted(took, reverse=True)


def main() -> None:
    """Make the plant, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=10_000_000)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--alerts", type=int, default=50_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'opsmith.db'}")
        series = EmbeddedSeriesStore(Path(folder) / "series.db")
        stores = Stores.of(database, series, lambda: NOW)
        stores.entries.add(load_entries(), NOW)
        began = time.perf_counter()
        fill(stores, arguments.readings, arguments.orders, arguments.alerts)
        print(f"made in {time.perf_counter() - began:.0f} s")
        for longest, median, tokens, name in asyncio.run(measure(stores)):
            print(f"{longest:9.0f} ms longest {median:9.0f} ms median {tokens:6d} tokens  {name}")
        series.close()
        database.close()


if __name__ == "__main__":
    main()
